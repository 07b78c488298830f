"""Links of a dashboard as the preview shows them: to a board on the page, to a board that is not there, or to somewhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote

from xray_grafana.bundle.artifact import Document
from xray_grafana.bundle.preview.fields import objects, text

Titles: TypeAlias = Mapping[str, str]
"""Board titles by uid, in the order of the navigation."""

# Grafana's dashboard address: /d/<uid>/<slug>?var-<name>=<value>, at the root or under a sub-path.
_BOARD_PATH: Final = re.compile(r"(?:^|/)d/([^/?#]+)")
_VARIABLE: Final = re.compile(r"[?&]var-([^=&#]+)=")
_MARKDOWN_LINK: Final = re.compile(r"\[([^\]]*)\]\(([^)\s]+)[^)]*\)")
_RANGE: Final = re.compile(r"\$\{__url_time_range\}|[?&]from=")


@dataclass(frozen=True, slots=True)
class Link:
    """One link: `where` it is clicked, the board it names (None for any other address) and what travels along."""

    title: str
    where: str
    url: str
    uid: str | None
    board: str | None
    passes: tuple[str, ...]

    @property
    def kind(self) -> Literal["board", "unknown", "outside"]:
        """`unknown` is a board that this bundle does not hold."""
        if self.uid is None:
            return "outside"
        return "unknown" if self.board is None else "board"

    @property
    def anchor(self) -> str:
        """The element id of the board it leads to."""
        return board_anchor(self.uid or "")


def safe(name: str) -> str:
    """A name as part of an element id: two names never give the same text."""
    return re.sub(r"[^A-Za-z0-9_-]", lambda match: f".{ord(match[0]):x}.", name)


def board_anchor(uid: str) -> str:
    """The element id of a board's section."""
    return f"board-{safe(uid)}"


def panel_anchor(uid: str, panel_id: int) -> str:
    """The element id of a panel's entry."""
    return f"panel-{safe(uid)}-{panel_id}"


def make_link(title: str, where: str, url: str, titles: Titles) -> Link:
    """A link read from its address."""
    found = _BOARD_PATH.search(url.partition("?")[0])
    uid = unquote(found[1]) if found else None
    passes = tuple(dict.fromkeys(unquote(name) for name in _VARIABLE.findall(url)))
    with_range = (*passes, "time range") if _RANGE.search(url) else passes
    return Link(title or "untitled", where, url, uid, titles.get(uid) if uid is not None else None, with_range)


def panel_links(panel: Document, titles: Titles) -> tuple[Link, ...]:
    """Every link of a panel: its own, those of its fields, and those in a text panel's Markdown."""
    found = [make_link(text(link, "title"), "panel menu", text(link, "url"), titles) for link in objects(panel, "links")]
    found += [
        make_link(text(link, "title"), "any value", text(link, "url"), titles)
        for link in objects(panel, "fieldConfig", "defaults", "links")
    ]
    for override in objects(panel, "fieldConfig", "overrides"):
        field = f"field {text(override, 'matcher', 'options', default='by rule')}"
        for prop in objects(override, "properties"):
            if text(prop, "id") == "links":
                found += [make_link(text(link, "title"), field, text(link, "url"), titles) for link in objects(prop, "value")]
    written = _MARKDOWN_LINK.findall(text(panel, "options", "content"))
    return (*found, *(make_link(title, "text", url, titles) for title, url in written))


def board_links(board: Document, titles: Titles) -> tuple[Link, ...]:
    """The links in a board's head that name one address."""
    named = [link for link in objects(board, "links") if text(link, "url")]
    return tuple(make_link(text(link, "title"), "board head", text(link, "url"), titles) for link in named)
