"""A file that somebody else wrote: its bytes, its text, and places in it as line and column.

A place is an offset into the text, so that a mend can cut exactly there; line and column are counted from it when a person is told.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

MAX_BYTES: Final = 5_000_000

_BYTE_ORDER_MARK: Final = "\ufeff"
# Everything YAML 1.1 does not call printable (c-printable).
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# What only Helm fills in; `{{ $labels }}` and `{{ method }}` also stand in alert texts and Grafana legends, which are no templates of YAML.
_HELM: Final = re.compile(
    r"\{\{-?\s*(?:\(?\s*)?(?:[a-zA-Z]+\s+)*(?:\.(?:Values|Release|Chart|Capabilities|Files)\b|\$\.(?:Values|Release)\b|include\s+\")"
)
# Two \u escapes that stand for one character: right in JSON, refused by YAML parsers.
_SURROGATE_PAIR: Final = re.compile(r"(?<!\\)((?:\\\\)*)\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")


class Span(NamedTuple):
    """From where to where, as offsets into the text of one file."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as it was given: its name, for messages, and its bytes."""

    name: str
    content: bytes


class Refused(Exception):  # noqa: N818 — not an error of the program: it becomes a finding
    """A text that cannot be read; `offset` is where it stops being readable."""

    def __init__(self, message: str, remedy: str, offset: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.offset = offset


@dataclass(frozen=True)
class Text:
    """The text of a file without its byte order mark."""

    name: str
    content: str
    has_mark: bool = False

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", self.content))]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column, counted from 1, in characters."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column, both counted from 1; the end of the text when there is no such line."""
        return self._line_starts[line - 1] + column - 1 if line <= len(self._line_starts) else len(self.content)

    @property
    def is_json(self) -> bool:
        """Whether it begins as JSON begins; it may be YAML all the same."""
        return self.content.lstrip()[:1] in {"{", "["}

    @property
    def parsable(self) -> str:
        """The text in the form that YAML parsers take, each character in its place."""
        return _SURROGATE_PAIR.sub(r"\1\\ufffd\\ufffd", self.content) if self.is_json else self.content

    def with_content(self, content: str) -> bytes:
        """The bytes of the file when its text is `content`."""
        return ((_BYTE_ORDER_MARK if self.has_mark else "") + content).encode()


def text_of(file: SourceFile) -> Text:
    """The text of a file. Raises Refused for what is too large, no UTF-8, binary, or a Helm template."""
    if len(file.content) > MAX_BYTES:
        raise Refused(f"the file has more than {MAX_BYTES:,} bytes, expected fewer", "split it, or name only the files that matter")
    if b"\0" in file.content:
        raise Refused("the file is binary, expected YAML or JSON", "name text files; UTF-16 must be saved as UTF-8 first")
    try:
        content = file.content.decode()
    except UnicodeDecodeError as error:
        offset = len(file.content[: error.start].decode().removeprefix(_BYTE_ORDER_MARK))
        raise Refused(f"byte {error.start} is not UTF-8, expected UTF-8 text", "save the file as UTF-8", offset) from error
    text = Text(file.name, content.removeprefix(_BYTE_ORDER_MARK), content.startswith(_BYTE_ORDER_MARK))
    if bad := _UNPRINTABLE.search(text.content):
        raise Refused(
            f"an unprintable character U+{ord(bad.group()):04X}, expected text", "write it as an escape in double quotes", bad.start()
        )
    if template := _HELM.search(text.content):
        raise template_refused(template.start())
    return text


def template_refused(offset: int) -> Refused:
    """The refusal of a template."""
    return Refused(
        "a Helm template, expected what it renders to", "render it first: helm template RELEASE CHART | xray-grafana check -", offset
    )
