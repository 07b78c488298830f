"""What keeps a thread going whatever one piece of its work ends with."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from xray_grafana.errors import XRayGrafanaError

_P = ParamSpec("_P")


def failure_of(action: Callable[_P, object], *arguments: _P.args, **named: _P.kwargs) -> Exception | None:
    """Does it; what it raised, or None."""
    try:
        action(*arguments, **named)
    except Exception as error:  # noqa: BLE001  # whoever waits for it is told; nobody else may be stopped by it
        return error
    return None


def reason_of(error: Exception) -> str:
    """Why, in one line."""
    if not isinstance(error, XRayGrafanaError):
        return f"a fault of the sandbox: {type(error).__name__}: {error}"
    place = f"{error.where}: " if error.where else ""
    hint = f" ({error.hint})" if error.hint else ""
    return f"{place}{error.summary}{hint}"
