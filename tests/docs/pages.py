"""The Markdown of the project as the tests read it: pages, fenced blocks with the comment before them, links, anchors."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
PAGES = (*DOCS, ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md")

_FENCED = re.compile(
    r"(?:^[ ]*<!-- (?P<comment>[^\n]*?) -->\n)?^(?P<indent>[ ]*)```(?P<language>\w*)\n(?P<body>.*?)^[ ]*```$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_CODE_SPAN = re.compile(r"`[^`\n]+`")


@dataclass(frozen=True)
class Block:
    """A fenced block. `comment` is the HTML comment on the line before it, empty without one."""

    page: Path
    line: int
    language: str
    comment: str
    body: str

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"


def blocks_of(page: Path, text: str, language: str) -> list[Block]:
    """The fenced blocks of one language, without the indentation they have as part of a list."""
    return [
        Block(page, text.count("\n", 0, match.start("language")) + 1, language, match["comment"] or "", textwrap.dedent(match["body"]))
        for match in _FENCED.finditer(text)
        if match["language"] == language
    ]


def all_blocks(language: str) -> list[Block]:
    """The fenced blocks of one language on all pages of the documentation."""
    return [block for page in DOCS for block in blocks_of(page, page.read_text(encoding="utf-8"), language)]


def without_blocks(text: str, language: str | None = None) -> str:
    """A page without its fenced blocks, or without those of one language."""
    return _FENCED.sub(lambda match: match[0] if language not in {None, match["language"]} else "", text)


def links_of(text: str) -> list[str]:
    """Targets of links and pictures, those in code left out."""
    return _LINK.findall(_CODE_SPAN.sub("", without_blocks(text)))


def anchors_of(text: str) -> set[str]:
    """Anchors of the headings as GitHub makes them: lower case, blanks as dashes, other signs gone, -1 behind the second of a name."""
    seen: Counter[str] = Counter()
    anchors = set()
    for heading in _HEADING.findall(without_blocks(text)):
        slug = re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
        anchors.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return anchors
