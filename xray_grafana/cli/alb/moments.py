"""Moments as options take them: `now`, `6h` (ago), a day or a time in ISO 8601; UTC unless they say otherwise."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from xray_grafana.errors import UsageError

_AGO: Final = re.compile(r"([1-9][0-9]{0,4})([smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment_of(option: str, text: str, now: datetime) -> datetime:
    """The moment, with a time zone. Raises UsageError, which names the option."""
    if text == "now":
        return now
    if (ago := _AGO.fullmatch(text)) is not None:
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        hint = "write 2026-11-21T09:30:00Z, 2026-11-21 (its beginning), 6h (ago) or now"
        raise UsageError(f"{option}: {text!r} is no time", hint=hint) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
