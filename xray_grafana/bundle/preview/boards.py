"""Dashboards as the preview shows them: segments of a grid, panels with what they ask, and counts of what that costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from xray_grafana.bundle.artifact import Document
from xray_grafana.bundle.preview import looks
from xray_grafana.bundle.preview.fields import integer, object_at, objects, text, texts, value
from xray_grafana.bundle.preview.links import Link, Titles, board_anchor, board_links, panel_anchor, panel_links, safe
from xray_grafana.bundle.preview.queries import Family, Query, compact, read_query, transformation_steps

_GRID_COLUMNS: Final = 24
# Grafana's own size of a panel without one: public/app/core/constants.ts.
_DEFAULT_WIDTH: Final = 12
_DEFAULT_HEIGHT: Final = 8

_VARIABLE_TYPES: Final = {
    "datasource": "data source",
    "custom": "list",
    "query": "query",
    "textbox": "free text",
    "constant": "constant",
    "interval": "interval",
    "adhoc": "filters",
}
_SHOWN_CHOICES: Final = 6
_SPANS: Final = {"s": "second", "m": "minute", "h": "hour", "d": "day", "w": "week"}


@dataclass(frozen=True, slots=True)
class Place:
    """A panel's cell, in grid units; x and y count from the segment's corner."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. `row` is the title of the row that holds it, empty for none."""

    id: int
    anchor: str
    card: str
    title: str
    type: str
    drawing: str
    place: Place
    row: str
    description: str
    repeats: str
    unit: str
    unit_sign: str
    steps: tuple[looks.Step, ...]
    fields: tuple[looks.FieldLook, ...]
    queries: tuple[Query, ...]
    links: tuple[Link, ...]
    transformations: tuple[tuple[str, str], ...]
    written: str

    def count(self, family: Family) -> int:
        """How many of its targets go to a kind of data source."""
        return sum(query.family == family for query in self.queries)

    @property
    def badges(self) -> tuple[tuple[Family, str, int], ...]:
        """Its data sources, each once, with how many targets go there."""
        sources = dict.fromkeys((query.family, query.source) for query in self.queries)
        return tuple((family, name, sum((q.family, q.source) == (family, name) for q in self.queries)) for family, name in sources)


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the grid: the panels before the first row, or a row with its panels."""

    title: str | None
    folded: bool
    repeats: str
    panels: tuple[Panel, ...]

    @property
    def rows(self) -> int:
        """Its height in grid units, at least one."""
        return max((panel.place.y + panel.place.h for panel in self.panels), default=1)

    def count(self, family: Family) -> int:
        """How many targets its panels send to a kind of data source."""
        return sum(panel.count(family) for panel in self.panels)


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a board."""

    name: str
    label: str
    type: str
    default: str
    choices: str
    description: str


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard. `path` is its file in the bundle; `menus` are the tags whose boards its head offers in a drop-down."""

    uid: str
    anchor: str
    path: str
    title: str
    description: str
    time_range: str
    refresh: str
    variables: tuple[Variable, ...]
    segments: tuple[Segment, ...]
    head_links: tuple[Link, ...]
    menus: tuple[str, ...]

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All its panels, those in folded rows too, in the order of the drawing."""
        return tuple(panel for segment in self.segments for panel in segment.panels)

    @property
    def links(self) -> tuple[Link, ...]:
        """All its links: in its head and in its panels."""
        return (*self.head_links, *(link for panel in self.panels for link in panel.links))

    def on_load(self, family: Family) -> int:
        """Targets that run when the board opens."""
        return sum(segment.count(family) for segment in self.segments if not segment.folded)

    def in_rows(self, family: Family) -> int:
        """Targets that wait until a folded row is opened."""
        return sum(segment.count(family) for segment in self.segments if segment.folded)

    def total(self, family: Family) -> int:
        """All targets of a kind of data source."""
        return self.on_load(family) + self.in_rows(family)


def read_board(path: str, document: Document, titles: Titles) -> Board:
    """One dashboard from its JSON. Keys that are absent count as Grafana's own defaults."""
    uid = text(document, "uid", default=path)
    return Board(
        uid=uid,
        anchor=board_anchor(uid),
        path=path,
        title=text(document, "title", default="Untitled board"),
        description=text(document, "description"),
        time_range=_time_range(object_at(document, "time")),
        refresh=text(document, "refresh"),
        variables=tuple(map(_variable, objects(document, "templating", "list"))),
        segments=tuple(_segments(uid, objects(document, "panels"), titles)),
        head_links=board_links(document, titles),
        menus=tuple(tag for link in objects(document, "links") if text(link, "type") == "dashboards" for tag in texts(link, "tags")),
    )


def _time_range(time: Document) -> str:
    start, end = text(time, "from"), text(time, "to")
    if end == "now" and start.startswith("now-") and start[4:-1].isdigit() and start[-1] in _SPANS:
        count, span = start[4:-1], _SPANS[start[-1]]
        return f"last {span}" if count == "1" else f"last {count} {span}s"
    return f"{start} to {end}" if start and end else "Grafana's default range"


def _variable(variable: Document) -> Variable:
    name = text(variable, "name", default="?")
    kind = text(variable, "type")
    current = ", ".join(texts(variable, "current", "text")) or ", ".join(texts(variable, "current", "value"))
    default = current or ("empty" if kind == "textbox" else "the first one found")
    return Variable(
        name=name,
        label=text(variable, "label") or name,
        type=_VARIABLE_TYPES.get(kind, kind),
        default=default,
        choices=_choices(variable, kind),
        description=text(variable, "description"),
    )


def _choices(variable: Document, kind: str) -> str:
    if kind == "custom":
        names = [text(option, "text") for option in objects(variable, "options")] or text(variable, "query").split(",")
        shown = ", ".join(name.strip() for name in names[:_SHOWN_CHOICES])
        return shown if len(names) <= _SHOWN_CHOICES else f"{shown} and {len(names) - _SHOWN_CHOICES} more"
    if kind == "textbox":
        return ""
    asked = value(variable, "query")
    return compact(asked) if asked else ""


def _segments(uid: str, panels: Iterable[Document], titles: Titles) -> Iterator[Segment]:
    """Rows split the grid. A folded row holds its panels; an open one is followed by them."""
    ordered = sorted(panels, key=lambda panel: (integer(panel, "gridPos", "y", default=0), integer(panel, "gridPos", "x", default=0)))
    everything = [inner for panel in ordered for inner in (panel, *objects(panel, "panels"))]
    names = {integer(panel, "id", default=0): _title(panel) for panel in everything if text(panel, "type") != "row"}
    row: Document | None = None
    held: list[Document] = []
    for panel in ordered:
        if text(panel, "type") != "row":
            held.append(panel)
            continue
        if row is not None or held:
            yield _segment(uid, row, held, names, titles)
        row, held = panel, list(objects(panel, "panels"))
    if row is not None or held:
        yield _segment(uid, row, held, names, titles)


def _title(panel: Document) -> str:
    return text(panel, "title") or "Untitled panel"


def _segment(uid: str, row: Document | None, held: list[Document], names: Mapping[int, str], titles: Titles) -> Segment:
    title = None if row is None else text(row, "title") or "Untitled row"
    top = min((integer(panel, "gridPos", "y", default=0) for panel in held), default=0)
    read = [_panel(uid, panel, title or "", top, names, titles) for panel in held]
    return Segment(
        title=title,
        folded=row is not None and value(row, "collapsed") is True,
        repeats="" if row is None else text(row, "repeat"),
        panels=tuple(sorted(read, key=lambda panel: (panel.place.y, panel.place.x))),
    )


def _place(panel: Document, top: int) -> Place:
    width = max(1, min(integer(panel, "gridPos", "w", default=_DEFAULT_WIDTH), _GRID_COLUMNS))
    left = max(0, min(integer(panel, "gridPos", "x", default=0), _GRID_COLUMNS - width))
    return Place(
        left, integer(panel, "gridPos", "y", default=0) - top, width, max(1, integer(panel, "gridPos", "h", default=_DEFAULT_HEIGHT))
    )


def _panel(uid: str, panel: Document, row: str, top: int, names: Mapping[int, str], titles: Titles) -> Panel:
    panel_id = integer(panel, "id", default=0)
    kind = text(panel, "type", default="unknown type")
    defaults = object_at(panel, "fieldConfig", "defaults")
    unit = text(defaults, "unit")
    return Panel(
        id=panel_id,
        anchor=panel_anchor(uid, panel_id),
        card=f"card-{safe(uid)}-{panel_id}",
        title=_title(panel),
        type=looks.type_name(kind),
        drawing=looks.drawing_of(kind),
        place=_place(panel, top),
        row=row,
        description=text(panel, "description"),
        repeats=text(panel, "repeat"),
        unit=looks.unit_name(unit),
        unit_sign=looks.unit_sign(unit),
        steps=looks.threshold_steps(object_at(defaults, "thresholds"), unit),
        fields=looks.field_looks(panel),
        queries=tuple(read_query(target, panel, uid, names) for target in objects(panel, "targets")),
        links=panel_links(panel, titles),
        transformations=transformation_steps(panel),
        written=text(panel, "options", "content"),
    )
