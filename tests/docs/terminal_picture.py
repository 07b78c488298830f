"""A picture of a terminal: text with colours in, SVG out, the same bytes wherever it is made."""

from __future__ import annotations

import re
from html import escape
from unicodedata import category

COLUMN = 8.4
ROW = 18
MARGIN = 16
BACKGROUND, FOREGROUND = "#16181d", "#d7dae0"
COLOURS = {1: "#ffffff", 31: "#ff6b68", 32: "#7ec699", 33: "#e5c07b", 36: "#56c2d6"}
_STYLED = re.compile(r"\x1b\[(\d+)m(.*?)\x1b\[0m|([^\x1b]+)")


def svg_of(text: str, title: str) -> str:
    """Knows the colours that the program uses, and characters of one column."""
    assert not any(category(character) in {"Mn", "Me", "Cf"} for character in text)
    lines = text.rstrip("\n").split("\n")
    columns = max(len(re.sub(r"\x1b\[\d+m", "", line)) for line in lines)
    width, height = round(columns * COLUMN + 2 * MARGIN), len(lines) * ROW + 2 * MARGIN
    drawn = "\n".join(part for number, line in enumerate(lines) for part in _drawn(line, MARGIN + number * ROW + 13))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">\n'
        f"<title>{escape(title)}</title>\n"
        f'<rect width="100%" height="100%" rx="6" fill="{BACKGROUND}"/>\n'
        f'<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="{FOREGROUND}">\n'
        f"{drawn}\n</g>\n</svg>\n"
    )


def _drawn(line: str, y: int) -> list[str]:
    """Each word stands at its column, however wide the reader's font is, and whatever becomes of spaces."""
    parts = []
    column = 0
    for code, styled, plain in _STYLED.findall(line):
        piece = styled or plain
        look = f' fill="{COLOURS[int(code)]}"' if code else ""
        weight = ' font-weight="bold"' if code == "1" else ""
        for word in re.finditer(r"\S+", piece):
            x, length = round(MARGIN + (column + word.start()) * COLUMN, 1), round(len(word[0]) * COLUMN, 1)
            fit = f'textLength="{length}" lengthAdjust="spacingAndGlyphs"'
            parts.append(f'<text x="{x}" y="{y}" {fit}{look}{weight}>{escape(word[0])}</text>')
        column += len(piece)
    return parts
