"""Markdown that the generated parts are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

# Emphasis, cells and escapes; an underscore inside a word is none of them.
_SIGNS: Final = re.compile(r"[\\|*]|(?<!\w)_|_(?!\w)")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def cell(text: str) -> str:
    """Text for a table cell: on one line, with nothing outside of code that Markdown or HTML would take for its own."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(
        part.replace("|", "\\|") if number % 2 else _SIGNS.sub(r"\\\g<0>", part).replace("<", "&lt;") for number, part in enumerate(parts)
    )


def code(text: str) -> str:
    """Text as code in a table cell; between doubled backticks if it holds one."""
    line = " ".join(text.split()).replace("|", "\\|")
    return f"`` {line} ``" if "`" in line else f"`{line}`"


def number(count: int) -> str:
    """A count with commas."""
    return f"{count:,}"
