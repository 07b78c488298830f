"""Panels that more than one board draws from the same signals and frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from xray_grafana.dashboards import columns, panels
from xray_grafana.dashboards import transformations as tf
from xray_grafana.dashboards.board import Kit
from xray_grafana.dashboards.panels import Override, colour, override, shared
from xray_grafana.dashboards.signals import ALL_COLUMNS, LogSignal, TraceSignal, TraceSignals
from xray_grafana.dashboards.targets import LokiTarget, XRayTarget
from xray_grafana.dashboards.thresholds import BLUE, GREEN, ORANGE, PURPLE, RED, YELLOW

_TIME_SPENT: Final = "Time spent"

# Columns of a node table, in order.
_NODE_FIELDS: Final = ("Name", "Type", "Fault", "Error", "Throttled", "Average response time")
_EDGE_FIELDS: Final = ("sourceName", "targetName", "Response percentage")


def statistics(selector: str = "") -> XRayTarget:
    """All columns of trace statistics in one call; of every edge when no selector is given."""
    return XRayTarget(queryType="getTimeSeriesServiceStatistics", query=selector, columns=ALL_COLUMNS)


def total_stat(id_: int, signal: TraceSignal, advice: str, selector: str = "") -> Any:
    """A count over the whole range; the panel whose answer the other numbers share."""
    return panels.stat(
        id_,
        signal.title,
        f"{signal.meaning} in the range. {advice}",
        [statistics(selector)],
        unit=signal.unit,
        steps=signal.steps,
        calc="sum",
        field=signal.field,
        transformations=[panels.newest_first_to_last()],
    )


def ratio_stat(id_: int, signal: TraceSignal, advice: str, signals: TraceSignals, source: int, links: Sequence[dict[str, Any]] = ()) -> Any:
    """A share over the whole range: sum divided by sum, because a mean of ratios drifts with uneven traffic."""
    return panels.stat(
        id_,
        signal.title,
        f"{signal.meaning}. {advice}",
        shared(source),
        unit=signal.unit,
        steps=signal.steps,
        calc="mean",
        decimals=2,
        transformations=[tf.join_on_time(), tf.total(), tf.divide(signal.field, signals.requests.field, signal.title)],
        links=links,
    )


def latency_stat(id_: int, signals: TraceSignals, advice: str, source: int) -> Any:
    """The mean over all requests: each minute's average weighed by its requests."""
    signal = signals.latency
    return panels.stat(
        id_,
        signal.title,
        f"{signal.meaning}. {advice}",
        shared(source),
        unit=signal.unit,
        steps=signal.steps,
        calc="mean",
        transformations=[
            tf.join_on_time(),
            tf.multiply(signal.field, signals.requests.field, _TIME_SPENT),
            tf.total(),
            tf.divide(_TIME_SPENT, signals.requests.field, signal.title),
        ],
    )


def log_stat(id_: int, signal: LogSignal, query: str, advice: str, decimals: int | None = None) -> Any:
    """One number over the whole range from log lines."""
    return panels.stat(
        id_,
        signal.title,
        f"{signal.meaning}. {advice}",
        [LokiTarget(expr=query, queryType="instant")],
        unit=signal.unit,
        steps=signal.steps,
        calc="lastNotNull",
        decimals=decimals,
    )


def requests_chart(id_: int, title: str, description: str, signals: TraceSignals, selector: str) -> Any:
    """Requests a minute by outcome; the panel whose answer the other charts share."""
    coloured = [
        (signals.requests, BLUE),
        (signals.faults, RED),
        (signals.errors, YELLOW),
        (signals.throttles, PURPLE),
    ]
    overrides = [colour(signal.field, paint, ("displayName", signal.plural)) for signal, paint in coloured]
    hidden = override(signals.latency.field, columns.HIDDEN)
    return panels.time_series(id_, title, description, [statistics(selector)], unit="reqpm", overrides=[*overrides, hidden], fill=20)


def ratios_chart(id_: int, description: str, signals: TraceSignals, source: int) -> Any:
    """Shares of the requests by outcome, minute by minute."""
    drawn = [(signals.faults, RED), (signals.errors, YELLOW), (signals.throttles, PURPLE)]
    divided = [tf.divide(signal.field, signals.requests.field, signal.title, keep=True) for signal, _ in drawn]
    return panels.time_series(
        id_,
        "Fault, error and throttle rate",
        description,
        shared(source),
        unit="percentunit",
        overrides=[colour(signal.title, paint) for signal, paint in drawn],
        transformations=[tf.join_on_time(), *divided, tf.only_fields("Time", *(signal.title for signal, _ in drawn))],
        steps=panels.limit_of(signals.faults.steps),
    )


def latency_chart(id_: int, description: str, signals: TraceSignals, source: int) -> Any:
    """Average response time, minute by minute."""
    field = signals.latency.field
    return panels.time_series(
        id_,
        signals.latency.title,
        description,
        shared(source),
        unit="s",
        overrides=[colour(field, ORANGE, ("displayName", signals.latency.plural))],
        transformations=[tf.join_on_time(), tf.only_fields("Time", field)],
        steps=panels.limit_of(signals.latency.steps),
    )


def nodes_table(kit: Kit, id_: int, title: str, description: str, source: int, *, with_type: bool, extra: Sequence[Override] = ()) -> Any:
    """The nodes of a map that another panel asked for, worst first, without the clients that X-Ray adds."""
    shown = [field for field in _NODE_FIELDS if with_type or field != "Type"]
    return panels.table(
        id_,
        title,
        description,
        shared(source),
        columns=[*columns.service_nodes(kit.links, kit.traces), *extra],
        transformations=[
            tf.only_fields(*_NODE_FIELDS),
            tf.except_where("Type", "client"),
            tf.arrange(shown, hide=[] if with_type else ["Type"]),
            tf.sort_by("Fault", descending=True),
        ],
    )


def edges_table(kit: Kit, id_: int, title: str, description: str, target: Any, *, keep: tuple[str, str] | None = None) -> Any:
    """The edges of a map; with `keep` only those whose first field equals a value, and that field is not shown."""
    narrowed = [tf.only_where(*keep), tf.arrange((), hide=[keep[0]])] if keep else []
    return panels.table(
        id_,
        title,
        description,
        [target],
        columns=columns.map_edges(kit.links),
        transformations=[tf.only_fields(*_EDGE_FIELDS), *narrowed],
    )


def find_traces(query: str) -> XRayTarget:
    """Traces that match a filter expression; at most some 1,000."""
    return XRayTarget(queryType="getTraceSummaries", query=query)


def trace_table(
    kit: Kit, id_: int, title: str, description: str, target: Any, *, slowest_first: bool, wide: bool = False, rows: int = 50
) -> Any:
    """A trace list; a click on an id opens its board. `rows` cuts it, 0 shows all."""
    hidden = () if wide else ("Client IP", "Annotations")
    field, shown = ("Response Time", "Duration") if slowest_first else ("Start Time", "Start Time")
    return panels.table(
        id_,
        title,
        description,
        [target],
        columns=columns.trace_list(kit.links, kit.slow_seconds, wide=wide),
        transformations=[
            tf.sort_by(field, descending=True),
            *([tf.first_rows(rows)] if rows else []),
            tf.arrange(("Id", "Start Time", "Method", "Response", "Response Time", "URL"), hide=hidden),
        ],
        sorted_by=shown,
    )


def cause_table(id_: int, title: str, description: str, query_type: Any, query: str) -> Any:
    """One of X-Ray's analytics tables, the most frequent first, without the row `-` of traces that have no cause."""
    return panels.table(
        id_,
        title,
        description,
        [XRayTarget(queryType=query_type, query=query)],
        columns=columns.causes(),
        transformations=[
            tf.rename_all_but(("Count", "Percent"), "Cause"),
            tf.except_where("Cause", "-"),
            tf.sort_by("Count", descending=True),
        ],
    )


def insights_table(
    id_: int,
    title: str,
    description: str,
    target: Any,
    *,
    narrow: bool,
    state: str = "",
    links: Sequence[dict[str, Any]] = (),
) -> Any:
    """What X-Ray itself found, newest first."""
    full = ("Start time", "State", "Duration", "Categories", "Root cause service", "Anomalous services", "Group", "Description")
    short = ("Start time", "State", "Duration", "Root cause service")
    shown = short if narrow else full
    hidden = ["InsightId", *(field for field in full if field not in shown)]
    return panels.table(
        id_,
        title,
        description,
        [target],
        columns=columns.insights(narrow=narrow),
        transformations=[
            tf.as_numbers("Duration"),
            *([tf.only_where("State", state)] if state else []),
            tf.sort_by("Start time", descending=True),
            tf.arrange(shown, hide=hidden),
        ],
        wrap=True,
        links=links,
    )


def quantiles_chart(id_: int, title: str, description: str, query: Any, steps: Any) -> Any:
    """Three quantiles of one time; `query` gives the LogQL of a quantile."""
    drawn = [("p50", 0.5, GREEN), ("p90", 0.9, YELLOW), ("p99", 0.99, ORANGE)]
    targets = [LokiTarget(refId=name.upper(), expr=query(quantile), legendFormat=name) for name, quantile, _ in drawn]
    return panels.time_series(
        id_,
        title,
        description,
        targets,
        unit="s",
        overrides=[colour(name, paint) for name, _, paint in drawn],
        steps=panels.limit_of(steps),
    )
