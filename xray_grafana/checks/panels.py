"""XG20x and XG21x: panels that would draw X-Ray's answers wrongly. Facts: seen in Grafana 12.4.0 with plugin 2.17.1."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from xray_grafana import contract
from xray_grafana.bundle.artifact import Document
from xray_grafana.checks.boards import MIXED_UID, Feed, Panel
from xray_grafana.checks.context import Context
from xray_grafana.checks.documents import (
    JsonValue,
    document_at,
    documents_at,
    is_one_of,
    leaves,
    list_at,
    number_at,
    shown,
    text_at,
    value_at,
)
from xray_grafana.checks.rule import Fault, rule
from xray_grafana.checks.xray_targets import ANALYTICS_PREFIX, SERVICE_MAP, STATISTICS, TRACE, TRACE_LIST

ONE_VALUE_PANELS: Final = frozenset({"stat", "gauge", "bargauge"})
# Reducers of Grafana (packages/grafana-data/src/transformations/fieldReducer.ts) whose result changes with the order of the rows.
ORDERED_REDUCERS: Final = frozenset({"last", "lastNotNull", "first", "firstNotNull", "diff", "diffperc", "delta", "step"})

# Names of the wire format that the plugin gives a display name: src/utils/transform.ts.
_WIRE_NAMES: Final = re.compile(r"(?:nodes |edges )?(?:title|subtitle|mainstat|secondarystat|arc__\w+)")
_MAP_MIN_ROWS: Final = 12
_WATERFALL_MIN_ROWS: Final = 16
_XYCHART_FORMAT: Final = (11, 1)
_NO_CAUSE: Final = "-"


@rule(
    "XG201",
    "Statistics are sorted by time before one value is taken",
    reason="X-Ray answers newest first, so the last value is the oldest one: a wrong number on a healthy-looking panel",
    remedy="add the transformation sortBy Time ascending, or reduce by sum, mean, max, min or count",
)
def _unsorted_statistics(context: Context) -> Iterator[Fault]:
    for board, panel in context.panels:
        if panel.type not in ONE_VALUE_PANELS:
            continue
        for feed in board.feeds(panel):
            reducer = _first_ordered_reducer(feed, panel) if feed.target.kind == STATISTICS else None
            if reducer:
                yield Fault(panel.place, f"takes {reducer} of rows that come newest first, expected sortBy Time ascending before it")
                break


def _first_ordered_reducer(feed: Feed, panel: Panel) -> str | None:
    """The first reducer that meets rows in X-Ray's order."""
    for step in feed.transformations:
        if text_at(step, "id") == "sortBy" and _sorts_by_time(step):
            return None
        if text_at(step, "id") == "reduce":
            return _ordered(list_at(step, "options", "reducers"))
    if value_at(panel.content, "options", "reduceOptions", "values") is True:
        return None
    return _ordered(list_at(panel.content, "options", "reduceOptions", "calcs") or ["lastNotNull"])


def _ordered(reducers: Iterable[JsonValue]) -> str | None:
    return next((str(name) for name in reducers if is_one_of(name, ORDERED_REDUCERS)), None)


def _sorts_by_time(step: Document) -> bool:
    first = next(iter(documents_at(step, "options", "sort")), {})
    return text_at(first, "field") == "Time" and value_at(first, "desc") is not True


@rule(
    "XG202",
    "A traces panel owns a getTrace target, and owns it first",
    reason="the panel draws only the first answer, and fed by another panel it loses the log icon of every span",
    remedy="make a getTrace query of the X-Ray data source the panel's first target; let other panels share from it",
)
def _traces_panel_target(context: Context) -> Iterator[Fault]:
    for _, panel in context.panels:
        if panel.type == "traces":
            first = panel.targets[0] if panel.targets else None
            if first is None or first.kind != TRACE:
                got = "no target" if first is None else "another panel's answer" if first.is_shared else shown(first.kind)
                yield Fault(panel.place, f"the first target is {got}, expected {TRACE}")


@rule(
    "XG203",
    "Analytics tables drop the row of traces without a cause",
    reason='the row "-" holds about nine traces in ten and hides the causes',
    remedy='add the transformation filterByValue that excludes rows equal to "-"',
)
def _no_cause_row(context: Context) -> Iterator[Fault]:
    for panel, feed in _analytics(context):
        if not any(_drops_no_cause(step) for step in feed.transformations):
            yield Fault(panel.place, 'shows the row "-", expected filterByValue to exclude it')


def _drops_no_cause(step: Document) -> bool:
    wanted = {"exclude": "equal", "include": "notEqual"}.get(text_at(step, "options", "type"))
    return text_at(step, "id") == "filterByValue" and any(
        text_at(item, "config", "id") == wanted and text_at(item, "config", "options", "value") == _NO_CAUSE
        for item in documents_at(step, "options", "filters")
    )


@rule(
    "XG204",
    "Analytics tables are sorted by count",
    reason="the plugin answers in random order, so rows jump at each refresh and the main cause stands anywhere",
    remedy="add the transformation sortBy Count descending",
)
def _unsorted_analytics(context: Context) -> Iterator[Fault]:
    for panel, feed in _analytics(context):
        if not any(_sorts_by_count(step) for step in feed.transformations):
            yield Fault(panel.place, "rows come in random order, expected sortBy Count or Percent descending")


def _sorts_by_count(step: Document) -> bool:
    first = next(iter(documents_at(step, "options", "sort")), {})
    return text_at(step, "id") == "sortBy" and text_at(first, "field") in {"Count", "Percent"} and value_at(first, "desc") is True


def _analytics(context: Context) -> Iterator[tuple[Panel, Feed]]:
    for board, panel in context.panels:
        if panel.type in {"table", "barchart"}:
            yield from ((panel, feed) for feed in board.feeds(panel) if feed.target.kind.startswith(ANALYTICS_PREFIX))


@rule(
    "XG205",
    "An xychart says which format it has",
    reason='without a pluginVersion from 11.1 on, Grafana\'s migration of the old format breaks the options and the panel draws "Err"',
    remedy="set pluginVersion on the panel, for example 12.4.0",
)
def _xychart_format(context: Context) -> Iterator[Fault]:
    for _, panel in context.panels:
        if panel.type == "xychart":
            match = re.match(r"(\d+)\.(\d+)", text_at(panel.content, "pluginVersion"))
            if match is None or (int(match[1]), int(match[2])) < _XYCHART_FORMAT:
                got = shown(value_at(panel.content, "pluginVersion"))
                yield Fault(panel.place, f"pluginVersion is {got}, expected 11.1 or later")


@rule(
    "XG206",
    "A node graph has room for its legend",
    reason="below 12 rows the legend covers nodes, and nothing zooms to fit",
    remedy="give the panel a height of at least 12",
)
def _low_node_graph(context: Context) -> Iterator[Fault]:
    yield from _too_low(context, "nodeGraph", _MAP_MIN_ROWS)


@rule(
    "XG207",
    "A traces panel has room for spans",
    reason="below 16 rows header and minimap leave no room for the waterfall",
    remedy="give the panel a height of at least 16",
    severity="warning",
)
def _low_traces_panel(context: Context) -> Iterator[Fault]:
    yield from _too_low(context, "traces", _WATERFALL_MIN_ROWS)


def _too_low(context: Context, kind: str, rows: int) -> Iterator[Fault]:
    for _, panel in context.panels:
        height = number_at(panel.content, "gridPos", "h")
        if panel.type == kind and height is not None and height < rows:
            yield Fault(panel.place, f"is {height} rows high, expected at least {rows}")


@rule(
    "XG208",
    "Transformations name the map's fields as they are displayed",
    reason="transformations see display names only: sorting or filtering by a wire name does nothing, without a word",
    remedy="use Name, Type, Average response time, Transactions per minute, Success, Fault, Error, Throttled, Response percentage",
)
def _wire_names(context: Context) -> Iterator[Fault]:
    for board, panel in context.panels:
        if panel.type != "nodeGraph" and SERVICE_MAP in board.kinds(panel):
            for index, step in enumerate(panel.transformations):
                for name in sorted({name for name in _names_in(step) if _WIRE_NAMES.fullmatch(name)}):
                    yield Fault(panel.place, f'transformation {index} ({text_at(step, "id")}) names "{name}", expected a display name')


def _names_in(step: Document) -> Iterator[str]:
    """Texts and keys in a transformation's options: some list fields, others have them as keys."""
    options = document_at(step, "options")
    for key in ("excludeByName", "includeByName", "indexByName", "renameByName"):
        yield from document_at(options, key)
    yield from (leaf.value for leaf in leaves({key: value for key, value in options.items() if key != "renameByName"}) if leaf.value)


@rule(
    "XG209",
    "A trace list's id is one click away from its board",
    reason="the plugin adds its own link: without links null first the click opens a menu of two, and null last takes both away",
    remedy="in the override of Id set links to null, then links to the list",
)
def _trace_id_links(context: Context) -> Iterator[Fault]:
    for board, panel in context.panels:
        if TRACE_LIST not in board.kinds(panel):
            continue
        links = [
            "null" if value_at(item, "value") is None else "a list" for item in panel.properties_of("Id") if text_at(item, "id") == "links"
        ]
        if links and links != ["null", "a list"]:
            yield Fault(panel.place, f"the overrides of Id set links to {' then '.join(links)}, expected null then a list")


@rule(
    "XG210",
    "A service map drops the plugin's own menu",
    reason="fourteen links to Explore stand beside the board links of every node and edge, under a misleading heading",
    remedy="add an override by name for field id with the property links null",
)
def _map_menu(context: Context) -> Iterator[Fault]:
    for board, panel in context.panels:
        if panel.type == "nodeGraph" and SERVICE_MAP in board.kinds(panel):
            links = [value_at(item, "value") for item in panel.properties_of("id") if text_at(item, "id") == "links"]
            if links != [None]:
                yield Fault(panel.place, f"the overrides of id set links to {shown(links) if links else 'nothing at all'}, expected null")


@rule(
    "XG211",
    "A panel with X-Ray queries asks X-Ray only",
    reason="Grafana takes a panel's log links and first answer from one data source, so the others lose theirs",
    remedy="split the panel, one data source each",
)
def _mixed_sources(context: Context) -> Iterator[Fault]:
    for _, panel in context.panels:
        if any(target.is_xray for target in panel.targets):
            sources = sorted({f"{target.source_type} {target.source_uid}".strip() for target in panel.targets})
            if len(sources) > 1 or text_at(panel.content, "datasource", "uid") == MIXED_UID:
                yield Fault(panel.place, f"asks {', '.join(sources)} as one panel, expected X-Ray alone")


@rule(
    "XG212",
    "Root causes wait in a collapsed row",
    reason="each such panel scans up to 10 000 traces at every refresh and X-Ray bills each scanned trace",
    remedy="move the panel into a collapsed row, which asks nothing until it is opened",
)
def _costly_panel(context: Context) -> Iterator[Fault]:
    for _, panel in context.panels:
        in_collapsed_row = panel.row is not None and value_at(panel.row.content, "collapsed") is True
        kind = next((target.kind for target in panel.targets if target.kind.startswith(ANALYTICS_PREFIX)), None)
        if kind and not in_collapsed_row:
            yield Fault(panel.place, f"asks {kind} as soon as the board opens, expected a collapsed row around it")


@rule(
    "XG213",
    "A target's data source is in the bundle",
    reason="the panel says that the data source was not found",
    remedy="use the board's data-source variable, or a uid of provisioning/datasources",
)
def _unknown_source(context: Context) -> Iterator[Fault]:
    special = {contract.DASHBOARD_DATASOURCE_UID, contract.EXPRESSION_DATASOURCE_UID, MIXED_UID, "-- Grafana --", "grafana"}
    for _, _, target in context.targets:
        uid = target.source_uid
        if uid not in special and uid not in context.datasource_types and not uid.startswith("$"):
            known = ", ".join(sorted(context.datasource_types)) or "none"
            yield Fault(target.place, f"the data source is {shown(uid)}, expected a variable or one of {known}")


RULES: Final = (
    _unsorted_statistics,
    _traces_panel_target,
    _no_cause_row,
    _unsorted_analytics,
    _xychart_format,
    _low_node_graph,
    _low_traces_panel,
    _wire_names,
    _trace_id_links,
    _map_menu,
    _mixed_sources,
    _costly_panel,
    _unknown_source,
)
