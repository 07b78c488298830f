"""Service graphs: counts of nodes and edges in, X-Ray's `Services` out, for a window of time (GetServiceGraph) or a trace (GetTraceGraph).

A window picks requests by their time of receipt. Counts are kept by whole minutes, so a window takes every minute that it touches: up to a
minute more than was asked for at each end, and never less. Sources: captured answers of X-Ray; X-Ray API reference, Service and Edge.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.group_choice import chosen_group
from xray_grafana.sandbox.api.histogram import entries
from xray_grafana.sandbox.api.request import TimeRange, refuse_token, texts, time_range
from xray_grafana.sandbox.facts.facts import Node, Role, TraceFacts
from xray_grafana.sandbox.facts.read import read_trace
from xray_grafana.sandbox.store import rollups
from xray_grafana.sandbox.store.rollups import Series
from xray_grafana.sandbox.store.segments import documents_of, is_trace_id
from xray_grafana.sandbox.store.tally import Tally, millisecond_of


def get_service_graph(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """GetServiceGraph."""
    refuse_token(request)
    window = time_range(request)
    with context.store.reading() as connection:
        group = chosen_group(context, connection, request)
        rows = rollups.rows_between(connection, group.name, *minutes_touched(window))
        series = rollups.series_of(connection)
    return {
        "StartTime": window.start,
        "EndTime": window.end,
        "Services": services(rollups.added_up(rows, series)),
        "ContainsOldGroupVersions": group.changed_after(window.start),
        "NextToken": None,
    }


def get_trace_graph(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """GetTraceGraph, for one id."""
    ids = texts(request, "TraceIds")
    refuse_token(request)
    if not ids:
        raise ApiError("Zero trace ids provided")
    if len(ids) > 1:
        raise ApiError("Currently only one trace Id is supported")
    trace_id = ids[0]
    if not is_trace_id(trace_id):
        raise ApiError("Invalid traceId. ErrorCode: InvalidId")
    with context.store.reading() as connection:
        documents = documents_of(connection, trace_id)
    if not documents:
        raise ApiError("Trace id not found")
    facts = read_trace(trace_id, [json.loads(text) for text in documents])
    # What a service graph has empty, a trace graph has as null (captured answers of X-Ray).
    found = [{**each, "HostedIn": None, "KeyAttributes": None} for each in services(tallies_of(facts))]
    return {"Services": found, "NextToken": None}


def minutes_touched(window: TimeRange) -> tuple[int, int]:
    """The minutes of a window, since 1970: the first, and the one after the last."""
    return int(window.start // rollups.MINUTE), int(-(-window.end // rollups.MINUTE))


def tallies_of(facts: TraceFacts) -> dict[Series, Tally]:
    """One trace's own counts, to the millisecond. What is open is there without counts, so that its node is drawn."""
    tallies: dict[Series, Tally] = {}
    for series, outcome, seconds in rollups.contributions(facts):
        tally = tallies.setdefault(series, Tally())
        if outcome is not None and seconds is not None:
            # The nodes of a trace graph carry no times: no `began`.
            tally.count(outcome, seconds, millisecond_of(seconds), None)
    return tallies


def services(tallies: Mapping[Series, Tally]) -> list[dict[str, Any]]:
    """Nodes sorted by name, a client right after the service it calls, numbered in that order; edges refer to the numbers.

    A client has no numbers of its own, only those of its edge; it is left out where it would have no edge.
    """
    nodes: dict[_Key, _Vertex] = {}
    for series, tally in tallies.items():
        vertex = nodes.setdefault(_Key(series.node, series.role == "client"), _Vertex())
        vertex.roles.add(series.role)
        if series.callee is None:
            vertex.root |= series.root
            vertex.tally.add(tally)
        else:
            callee = _Key(series.callee, client=False)
            nodes.setdefault(callee, _Vertex()).roles.add(series.callee_role or "service")
            call = vertex.calls.setdefault((callee, series.linked), _Calls())
            call.tally.add(tally)
            if series.alias is not None:
                call.aliases.add(series.alias)
    ordered = sorted(nodes, key=lambda key: _place(key, nodes[key]))
    numbers = {key: number for number, key in enumerate(ordered)}
    return [_service(key, nodes[key], numbers) for key in ordered]


def statistics(tally: Tally) -> dict[str, Any]:
    """A SummaryStatistics member. A throttled request is an error of its own kind (captured answers of X-Ray)."""
    return {
        "OkCount": tally.ok,
        "ErrorStatistics": {"ThrottleCount": tally.throttle, "OtherCount": tally.error, "TotalCount": tally.throttle + tally.error},
        "FaultStatistics": {"OtherCount": tally.fault, "TotalCount": tally.fault},
        "TotalCount": tally.total,
        "TotalResponseTime": tally.micros / 1_000_000,
    }


class _Key(NamedTuple):
    node: Node
    client: bool


@dataclass(slots=True)
class _Calls:
    tally: Tally = field(default_factory=Tally)
    aliases: set[Node] = field(default_factory=set)


@dataclass(slots=True)
class _Vertex:
    roles: set[Role] = field(default_factory=set)
    root: bool = False
    tally: Tally = field(default_factory=Tally)
    calls: dict[tuple[_Key, bool], _Calls] = field(default_factory=dict)


def _place(key: _Key, vertex: _Vertex) -> tuple[str, int, str, str]:
    rank = 1 if key.client else 0 if vertex.root else 2
    return key.node.name, rank, key.node.type or "", key.node.account or ""


def _service(key: _Key, vertex: _Vertex, numbers: Mapping[_Key, int]) -> dict[str, Any]:
    node = key.node
    calls = sorted(vertex.calls.items(), key=lambda item: (numbers[item[0][0]], item[0][1]))
    spread = [] if key.client else entries(vertex.tally.bins)
    tallies = [vertex.tally, *(each.tally for each in vertex.calls.values())]
    return {
        "ReferenceId": numbers[key],
        "Name": node.name,
        "Names": [node.name],
        "Root": True if vertex.root else None,
        "AccountId": node.account,
        "Type": node.type,
        "State": "active" if "service" in vertex.roles else "unknown",
        **_times(tallies),
        "Edges": [_edge(numbers[callee], made, linked=linked) for (callee, linked), made in calls],
        "SummaryStatistics": None if key.client else statistics(vertex.tally),
        "DurationHistogram": None if key.client else spread,
        "ResponseTimeHistogram": spread,
        "HostedIn": {},
        "KeyAttributes": {},
        "Region": None,
    }


def _edge(number: int, made: _Calls, *, linked: bool) -> dict[str, Any]:
    return {
        "ReferenceId": number,
        **_times([made.tally]),
        "SummaryStatistics": statistics(made.tally),
        "ResponseTimeHistogram": entries(made.tally.bins),
        "Aliases": [_alias(each) for each in sorted(made.aliases, key=lambda node: (node.name, node.type or ""))],
        "EdgeType": "link" if linked else None,
        "ReceivedEventAgeHistogram": [],
    }


def _alias(node: Node) -> dict[str, Any]:
    return {"Name": node.name, "Names": [node.name], "Type": node.type}


def _times(tallies: Iterable[Tally]) -> dict[str, int | None]:
    """From the second in which the first of the traces began to the end of the last's: the Grafana plugin divides by the difference."""
    known = [(each.first, each.last + 1) for each in tallies if each.first is not None and each.last is not None]
    return {"StartTime": min((first for first, _ in known), default=None), "EndTime": max((end for _, end in known), default=None)}
