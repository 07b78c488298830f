"""How things are drawn: styled pieces of text, and the characters that lines are made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Final, Literal, NamedTuple, TypeAlias

from xray_grafana.trace.text import cut, legible, width_of
from xray_grafana.xray.outcome import Flags

Tone = Literal["plain", "strong", "ok", "fault", "error", "throttle", "note"]


class Piece(NamedTuple):
    """Text in one tone. A tone never says what the text does not."""

    text: str
    tone: Tone = "plain"


Line: TypeAlias = tuple[Piece, ...]


class Glyphs(NamedTuple):
    """Each as wide as its ASCII twin is long."""

    branch: str
    last: str
    guide: str
    bar: str
    running: str
    ellipsis: str
    arrow: str
    dot: str


_BOXES: Final = Glyphs("├ ", "└ ", "│ ", "█", "▒", "…", "→", " · ")
_ASCII: Final = Glyphs("|-", "`-", "| ", "#", "=", "...", "->", " - ")


@dataclass(frozen=True, slots=True)
class Look:
    """`width`: columns of the terminal. `encoding`: that of the stream, which decides what lines are drawn with."""

    width: int
    encoding: str = "utf-8"

    @property
    def glyphs(self) -> Glyphs:
        """Box drawing where the encoding has it, else ASCII."""
        try:
            "".join(_BOXES).encode(self.encoding)
        except UnicodeEncodeError:
            return _ASCII
        return _BOXES

    def legible(self, text: str) -> str:
        """Somebody else's text, safe to print."""
        return legible(text, self.encoding)

    def cut(self, text: str, width: int | None = None) -> str:
        """Printable text, cut to that many columns or to the terminal's."""
        return cut(text, self.width if width is None else width, self.glyphs.ellipsis)

    def fitted(self, pieces: Iterable[Piece]) -> Line:
        """Printable pieces, the last of them cut where the line would be too long."""
        room = self.width
        line = []
        for piece in pieces:
            text = self.cut(piece.text, room)
            room -= width_of(text)
            line.append(Piece(text, piece.tone))
            if text != piece.text:
                break
        return tuple(line)

    def wrapped(self, text: str, tone: Tone) -> list[Line]:
        """Words of ours, on as many lines as they need."""
        return [(Piece(line, tone),) for line in wrap(text, self.width)]

    def joined(self, pieces: Sequence[Piece]) -> list[Line]:
        """Printable pieces with dots between them, on as many lines as they need."""
        lines: list[list[Piece]] = []
        used = 0
        for piece in pieces:
            width = width_of(piece.text)
            if lines and used + len(self.glyphs.dot) + width <= self.width:
                lines[-1] += [Piece(self.glyphs.dot), piece]
                used += len(self.glyphs.dot) + width
            else:
                lines.append([piece])
                used = width
        return [self.fitted(line) for line in lines]


def tone_of(flags: Flags) -> Tone:
    """The tone of what has these flags, the worst of them."""
    if flags.fault:
        return "fault"
    if flags.throttle:
        return "throttle"
    return "error" if flags.error else "plain"
