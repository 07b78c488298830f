"""Dashboards as the rules see them: panels in and out of rows, targets with their data source, and where a shared answer comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from xray_grafana import contract
from xray_grafana.bundle.artifact import Document
from xray_grafana.checks.documents import Leaf, document_at, documents_at, leaves, number_at, text_at, value_at
from xray_grafana.checks.rule import Place
from xray_grafana.checks.variables import Variable, references

MIXED_UID: Final = "-- Mixed --"
UID: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{contract.UID_MAX_LENGTH}}}")


@dataclass(frozen=True, eq=False)
class Target:
    """One query of a panel, with the data source it asks: its own, or else the panel's."""

    content: Document
    place: Place
    source_type: str
    source_uid: str

    @cached_property
    def ref_id(self) -> str:
        """The name of the query within its panel."""
        return text_at(self.content, "refId")

    @cached_property
    def is_shared(self) -> bool:
        """Whether it takes another panel's answer."""
        return self.source_uid == contract.DASHBOARD_DATASOURCE_UID

    @cached_property
    def is_xray(self) -> bool:
        """Whether the X-Ray plugin answers it."""
        return self.source_type == contract.XRAY_PLUGIN_ID

    @cached_property
    def kind(self) -> str:
        """The X-Ray query type, whatever the query mode; empty for another data source."""
        if not self.is_xray:
            return ""
        return text_at(self.content, "serviceQueryType" if text_at(self.content, "queryMode") == "Services" else "queryType")


@dataclass(frozen=True, eq=False)
class Panel:
    """A panel or row. `row` is the collapsed row it lies in."""

    content: Document
    place: Place
    targets: tuple[Target, ...]
    row: Panel | None = None

    @cached_property
    def id(self) -> int | None:
        """The number by which links, alert rules and shared answers know it; None when there is none."""
        number = value_at(self.content, "id")
        return number if isinstance(number, int) and not isinstance(number, bool) else None

    @cached_property
    def type(self) -> str:
        """Grafana's word for it: `stat`, `table`, `row`, …"""
        return text_at(self.content, "type")

    @cached_property
    def is_row(self) -> bool:
        """Whether it is a heading."""
        return self.type == "row"

    @property
    def repeated_by(self) -> frozenset[str]:
        """Variables that the panel or its row is drawn once for each value of."""
        rows = (self.row.content,) if self.row else ()
        return frozenset(name for content in (self.content, *rows) if (name := text_at(content, "repeat")))

    @cached_property
    def transformations(self) -> list[Document]:
        """What is done to the answers, in order; what is switched off is left out."""
        return [step for step in documents_at(self.content, "transformations") if value_at(step, "disabled") is not True]

    @cached_property
    def overrides(self) -> list[Document]:
        """Its field overrides, in order."""
        return documents_at(self.content, "fieldConfig", "overrides")

    @cached_property
    def leaves(self) -> list[Leaf]:
        """Every text and null of the panel, without the panels inside a row."""
        return leaves({key: child for key, child in self.content.items() if key != "panels"})

    def properties_of(self, name: str) -> Iterator[Document]:
        """The properties that overrides by name set for a field, in order."""
        for override in self.overrides:
            if text_at(override, "matcher", "id") == "byName" and text_at(override, "matcher", "options") == name:
                yield from documents_at(override, "properties")


class Feed(NamedTuple):
    """A query whose answer a panel draws, and what is done to it before it is drawn."""

    target: Target
    transformations: list[Document]


@dataclass(frozen=True, eq=False)
class Board:
    """One dashboard. `panels` holds every panel and row, nested ones after their row."""

    content: Document
    path: str
    panels: tuple[Panel, ...]
    variables: Mapping[str, Variable]
    by_id: Mapping[int, Panel] = field(default_factory=dict)

    @property
    def uid(self) -> str:
        """What links and alert rules know it by; empty when there is none."""
        return text_at(self.content, "uid")

    @property
    def place(self) -> Place:
        """The board as a whole."""
        return Place(self.path, "")

    @cached_property
    def located_leaves(self) -> tuple[tuple[Place, Panel | None, Leaf], ...]:
        """Every text and null with the place it belongs to: a panel or the board, without its keys."""
        outside = leaves({key: child for key, child in self.content.items() if key != "panels"})
        own = [(self.place, None, leaf) for leaf in outside]
        return (*own, *((panel.place, panel, leaf) for panel in self.panels for leaf in panel.leaves))

    def feeds(self, panel: Panel) -> Iterator[Feed]:
        """The queries that a panel draws: its own, or those of the panel it shares."""
        for target in panel.targets:
            if not target.is_shared:
                yield Feed(target, panel.transformations)
                continue
            source = self.shared_from(target)
            if source is not None:
                before = source.transformations if value_at(target.content, "withTransforms") is True else []
                yield from (Feed(origin, [*before, *panel.transformations]) for origin in source.targets if not origin.is_shared)

    def shared_from(self, target: Target) -> Panel | None:
        """The panel whose answer a shared target takes."""
        number = number_at(target.content, "panelId")
        return self.by_id.get(number) if isinstance(number, int) else None

    def has_panel(self, number: str) -> bool:
        """Whether a text is the id of a panel of the board, and no row's."""
        panel = self.by_id.get(int(number)) if number.isascii() and number.isdigit() else None
        return panel is not None and not panel.is_row

    def kinds(self, panel: Panel) -> frozenset[str]:
        """The X-Ray query types that a panel draws."""
        return frozenset(feed.target.kind for feed in self.feeds(panel) if feed.target.kind)


def read_board(content: Document, path: str, types: Mapping[str, str]) -> Board:
    """Index a dashboard. `types` gives the data-source type of a uid, for a reference that names none."""
    panels = tuple(_panels(content, path, types))
    by_id: dict[int, Panel] = {}
    for panel in panels:
        if panel.id is not None:
            by_id.setdefault(panel.id, panel)
    variables = [Variable(item) for item in documents_at(content, "templating", "list")]
    return Board(content, path, panels, {variable.name: variable for variable in variables}, by_id)


def _panels(content: Document, path: str, types: Mapping[str, str]) -> Iterator[Panel]:
    for outer in documents_at(content, "panels"):
        panel = _panel(outer, path, types, None)
        yield panel
        if panel.is_row:
            yield from (_panel(inner, path, types, panel) for inner in documents_at(outer, "panels"))


def _panel(content: Document, path: str, types: Mapping[str, str], row: Panel | None) -> Panel:
    kind = "row" if text_at(content, "type") == "row" else "panel"
    place = Place(path, f'{kind} {value_at(content, "id")} "{text_at(content, "title")}"')
    targets = []
    for target in documents_at(content, "targets"):
        source = document_at(target, "datasource") or document_at(content, "datasource")
        uid = text_at(source, "uid")
        where = place.within(f"target {text_at(target, 'refId') or '?'}")
        targets.append(Target(target, where, text_at(source, "type") or types.get(uid, ""), uid))
    return Panel(content, place, tuple(targets), row)


def referenced(board: Board) -> frozenset[str]:
    """Every variable name that a board mentions."""
    return frozenset(name for _, _, leaf in board.located_leaves if leaf.value for name in references(leaf.value))
