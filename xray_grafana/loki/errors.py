"""The one error of this package: a piece of LogQL that Loki would refuse, and where in it."""

from __future__ import annotations

from typing import Final

from xray_grafana.errors import XRayGrafanaError

_BEFORE: Final = 20
_AFTER: Final = 30


class LogqlError(XRayGrafanaError):
    """LogQL that does not parse, or parses and means nothing.

    `offset` counts characters from 0; `column` from 1, over the whole text, line breaks included.
    """

    def __init__(self, text: str, offset: int, *, got: str, expected: str) -> None:
        self.offset = offset
        self.column = offset + 1
        self.got = got
        self.expected = expected
        super().__init__(f"LogQL column {self.column}: got {got}, expected {expected}; near {_excerpt(text, offset)}")


def quoted(text: str, limit: int = 40) -> str:
    """The text in single quotes, which LogQL does not use, on one line and cut to `limit` characters."""
    line = "".join(character if character.isprintable() else " " for character in text[: limit + 1])
    return f"'{line}'" if len(text) <= limit else f"'{line[: limit - 1]}…'"


def _excerpt(text: str, offset: int) -> str:
    start = max(0, offset - _BEFORE)
    return quoted(text[start : offset + _AFTER], _BEFORE + _AFTER)
