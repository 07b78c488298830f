"""Text in columns of a terminal: how wide it is, cut to fit, and times in a few characters."""

from __future__ import annotations

import time
from typing import Final
from unicodedata import combining, east_asian_width

from xray_grafana.alb.fields import printable

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400
_DAYS_MAX: Final = 99
# Half a tenth of a millisecond, and what rounds to less than ten milliseconds.
_LEAST_SHOWN: Final = 0.00005
_TENTH_SHOWN: Final = 0.00995
# What rounds to a second, and to a minute, is one.
_SECOND_SHOWN: Final = 0.9995
_MINUTE_SHOWN: Final = 59.995
# The year 9999 ends there.
_SECONDS_MAX: Final = 253_402_300_800


def legible(text: str, encoding: str) -> str:
    """The text on one line, with an escape for each character that would steer a terminal or that the encoding does not have."""
    return printable(text).encode(encoding, "backslashreplace").decode(encoding)


def width_of(text: str) -> int:
    """Columns of a printable text."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def cut(text: str, width: int, ellipsis: str) -> str:
    """The beginning of a printable text that fits into that many columns, and the ellipsis for the rest; empty where not even that fits."""
    if width_of(text) <= width:
        return text
    room = width - len(ellipsis)
    if room < 0:
        return ""
    used = end = 0
    while (used := used + _columns(text[end])) <= room:
        end += 1
    return text[:end].rstrip() + ellipsis


def counted(number: int, noun: str) -> str:
    """`1 span`, `2,000 spans`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def one_line(text: str) -> str:
    """The first line that says something, and how many there are after it."""
    first, *others = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    return f"{first} (+{counted(len(others), 'line')})" if others else first


def seconds(value: float) -> str:
    """A length of time in six characters at most: 0ms, 4.5ms, 45ms, 1.23s, 59m59s, 23h59m, 3d04h."""
    if value < 0:
        return f"-{seconds(-value)}"
    if 0 < value < _TENTH_SHOWN:
        return "<0.1ms" if value < _LEAST_SHOWN else f"{value * 1000:.1f}ms"
    if value < _SECOND_SHOWN:
        return f"{value * 1000:.0f}ms"
    if value < _MINUTE_SHOWN:
        return f"{value:.2f}s"
    return _long(round(value))


def _long(whole: int) -> str:
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02}m"
    days = whole // _DAY
    return f"{days}d{whole % _DAY // _HOUR:02}h" if days <= _DAYS_MAX else f">{_DAYS_MAX}d"


def moment(value: float) -> str:
    """A time in UTC to the millisecond; one that no calendar has, as its number of seconds."""
    millis = round(value * 1000)
    if not 0 <= value < _SECONDS_MAX - 1:
        return f"{value:g} s after 1970"
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(millis // 1000))}.{millis % 1000:03} UTC"


def _columns(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
