"""Times of log lines: text in, nanoseconds since 1970 out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

# The one form of access logs, `2018-07-02T22:23:00.186641Z`: length, and where its fraction begins.
_LENGTH: Final = 27
_FRACTION: Final = 19
_ANY_FORM: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{0,9}))?Z?")
_SECOND_FORM: Final = re.compile("20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}")
_NANOS_PER_SECOND: Final = 1_000_000_000
_NANOS_PER_MICRO: Final = 1_000


def microsecond_time_ns(text: str) -> int | None:
    """Reads `YYYY-MM-DDTHH:MM:SS.ffffffZ` of the years 2000 to 2099; None for every other form and for days and times that do not exist."""
    if len(text) != _LENGTH or text[_FRACTION] != "." or text[-1] != "Z":
        return None
    micros = text[_FRACTION + 1 : -1]
    if not (micros.isascii() and micros.isdecimal()):
        return None
    seconds = _seconds(text[:_FRACTION])
    return None if seconds is None else seconds * _NANOS_PER_SECOND + int(micros) * _NANOS_PER_MICRO


def any_time_ns(text: str) -> int | None:
    """The same with no to nine digits of a fraction, with or without Z: some logs leave it out and mean UTC all the same."""
    found = _ANY_FORM.fullmatch(text)
    if found is None:
        return None
    seconds = _seconds(found[1])
    return None if seconds is None else seconds * _NANOS_PER_SECOND + int((found[2] or "").ljust(9, "0"))


@lru_cache(maxsize=4096)  # the lines of an object share their seconds
def _seconds(text: str) -> int | None:
    """Seconds since 1970 of `YYYY-MM-DDTHH:MM:SS` in UTC."""
    if _SECOND_FORM.fullmatch(text) is None:
        return None
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
