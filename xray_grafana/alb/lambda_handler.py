"""The Lambda function's entry: what `xray_grafana.alb.function` makes of the environment at the first event, kept with the container.

Importing this module takes no settings and next to no time.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from xray_grafana.alb.function import Context, Function

# Lambda ends a container without a word: what stands here is never closed.
_CONTAINER: Final = ExitStack()


@cache
def _function() -> Function:
    from xray_grafana.alb.function import function_from  # noqa: PLC0415 - all that is heavy, and not before an event is there

    return _CONTAINER.enter_context(function_from(os.environ))


def handler(event: object, context: Context) -> dict[str, Any] | None:
    """What Lambda calls. Raises UsageError when the settings are wrong, SourceError when the caller is to try again."""
    return _function()(event, context)
