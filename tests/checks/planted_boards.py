"""Faults planted in panels, boards and their links."""

from __future__ import annotations

from typing import Any

from tests.checks.planting import Planted, derived, variables
from tests.checks.small_bundle import (
    HOME,
    TRACE,
    Documents,
    panel,
    rule,
    target,
)

TIME = "${__url_time_range}"


def move_out(documents: Documents) -> None:
    """Take the root causes out of their row."""
    row = panel(documents, 30)
    documents[HOME]["panels"] += row.pop("panels")
    row["collapsed"] = False


def twice(documents: Documents, number: int, **changes: Any) -> None:
    """A second copy of a panel's first target, or of the target with changes."""
    targets = panel(documents, number)["targets"]
    targets.append(targets[0] | {"refId": "B"} | changes)


def link_url(documents: Documents, url: str) -> None:
    """Another url for the link on the trace id."""
    panel(documents, 22)["fieldConfig"]["overrides"][0]["properties"][2]["value"][0]["url"] = url


def id_links(documents: Documents, *values: Any) -> None:
    """Other `links` properties for the trace id."""
    panel(documents, 22)["fieldConfig"]["overrides"][0]["properties"] = [{"id": "links", "value": value} for value in values]


def reduce_by(documents: Documents, number: int, calc: str, **changes: Any) -> None:
    """Another reducer for a panel, and other changes to it."""
    panel(documents, number)["options"]["reduceOptions"]["calcs"] = [calc]
    panel(documents, number).update(changes)


PANELS = (
    Planted("XG201", 'panel 10 "Requests"', "takes lastNotNull", lambda d: panel(d, 10).pop("transformations")),
    Planted(
        "XG201",
        'panel 10 "Requests"',
        "takes lastNotNull",
        lambda d: panel(d, 10)["transformations"][0]["options"]["sort"][0].update(desc=True),
    ),
    Planted("XG201", 'panel 10 "Requests"', "takes first", lambda d: reduce_by(d, 10, "first", transformations=[])),
    Planted("XG201", 'panel 11 "Faults"', "takes lastNotNull", lambda d: reduce_by(d, 11, "lastNotNull")),
    Planted(
        "XG201",
        'panel 11 "Faults"',
        "takes last ",
        lambda d: panel(d, 11).update(transformations=[{"id": "reduce", "options": {"mode": "reduceFields", "reducers": ["last"]}}]),
    ),
    Planted(
        "XG202",
        'panel 40 "Trace $traceId"',
        '"getTraceSummaries"',
        lambda d: target(d, 40, TRACE).update(queryType="getTraceSummaries", query="fault"),
    ),
    Planted(
        "XG202",
        'panel 13 "Durations"',
        "another panel's answer",
        lambda d: (panel(d, 13).update(type="traces"), panel(d, 13)["gridPos"].update(h=6)),
        ("XG207",),
    ),
    Planted("XG203", 'panel 31 "Causes"', 'the row "-"', lambda d: panel(d, 31)["transformations"].pop(0)),
    Planted("XG204", 'panel 31 "Causes"', "random order", lambda d: panel(d, 31)["transformations"].pop(1)),
    Planted(
        "XG204", 'panel 31 "Causes"', "random order", lambda d: panel(d, 31)["transformations"][1]["options"]["sort"][0].update(desc=False)
    ),
    Planted("XG205", 'panel 13 "Durations"', "pluginVersion is nothing", lambda d: panel(d, 13).pop("pluginVersion")),
    Planted("XG205", 'panel 13 "Durations"', '"11.0.6"', lambda d: panel(d, 13).update(pluginVersion="11.0.6")),
    Planted("XG206", 'panel 20 "Map"', "11 rows high", lambda d: panel(d, 20)["gridPos"].update(h=11), ("XG232",)),
    Planted(
        "XG207",
        'panel 40 "Trace $traceId"',
        "15 rows high",
        lambda d: (panel(d, 40, TRACE)["gridPos"].update(h=15), panel(d, 41, TRACE)["gridPos"].update(y=15)),
    ),
    Planted(
        "XG208",
        'panel 21 "Services"',
        'transformation 1 (sortBy) names "arc__faults"',
        lambda d: panel(d, 21)["transformations"][1]["options"]["sort"][0].update(field="arc__faults"),
    ),
    Planted(
        "XG208",
        'panel 21 "Services"',
        '"title"',
        lambda d: panel(d, 21)["transformations"].append({"id": "organize", "options": {"excludeByName": {"title": True}}}),
    ),
    Planted("XG209", 'panel 22 "Failed traces"', "links to a list,", lambda d: id_links(d, [{"title": "x", "url": f"/d/t-trace?{TIME}"}])),
    Planted(
        "XG209",
        'panel 22 "Failed traces"',
        "a list then null",
        lambda d: id_links(d, [{"title": "x", "url": f"/d/t-trace?{TIME}"}], None),
    ),
    Planted("XG210", 'panel 20 "Map"', "nothing at all", lambda d: panel(d, 20)["fieldConfig"].update(overrides=[])),
    Planted(
        "XG210",
        'panel 20 "Map"',
        "expected null",
        lambda d: panel(d, 20)["fieldConfig"]["overrides"][0]["properties"][0].update(value=[]),
    ),
    Planted(
        "XG211",
        'panel 12 "Latency"',
        "grafana-x-ray-datasource ${xray}, loki ${loki}",
        lambda d: panel(d, 12)["targets"].append(target(d, 24) | {"refId": "B", "expr": 'rate({lb="x"} [5m])'}),
    ),
    Planted("XG212", 'panel 31 "Causes"', "getAnalyticsRootCauseFaultMessage", move_out),
    Planted("XG213", 'panel 20 "Map" target A', '"x-ray"', lambda d: target(d, 20)["datasource"].update(uid="x-ray")),
)

DASHBOARDS = (
    Planted("XG220", 'panel 20 "Insights"', 'the id of panel 20 "Map"', lambda d: panel(d, 23).update(id=20)),
    Planted("XG220", 'panel None "Insights"', "has id nothing", lambda d: panel(d, 23).pop("id")),
    Planted("XG221", 'panel 12 "Latency"', '2 targets with refId "A"', lambda d: twice(d, 12, refId="A", query="")),
    Planted("XG221", 'panel 12 "Latency"', 'refId ""', lambda d: target(d, 12).pop("refId")),
    Planted("XG222", "", 'uid "t-home" is that of dashboards/home.json', lambda d: d[TRACE].update(uid="t-home"), ("XG250",)),
    Planted("XG222", "", 'title "Traces / Home"', lambda d: d[TRACE].update(title="Traces / Home")),
    Planted("XG223", "", "uid is nothing", lambda d: d[TRACE].pop("uid"), ("XG250",)),
    Planted("XG223", "", "expected 1 to 40 letters", lambda d: d[HOME].update(uid="t" * 41), ("XG410",)),
    Planted("XG223", "", '"t home"', lambda d: d[HOME].update(uid="t home"), ("XG410",)),
    Planted("XG224", 'panel 12 ""', "title is nothing", lambda d: panel(d, 12).pop("title")),
    Planted("XG224", 'row 30 " "', 'title is " "', lambda d: panel(d, 30).update(title=" ")),
    Planted("XG225", 'panel 12 "Latency"', "has no description", lambda d: panel(d, 12).pop("description")),
    Planted("XG225", 'panel 31 "Causes"', 'ends in "Why it failed"', lambda d: panel(d, 31).update(description="Why it failed")),
    Planted("XG226", 'panel 12 "Latency"', "without unit", lambda d: panel(d, 12)["fieldConfig"].update(overrides=[])),
    Planted(
        "XG227",
        'panel 11 "Faults"',
        "a gauge panel without thresholds",
        lambda d: panel(d, 11)["fieldConfig"]["defaults"].pop("thresholds"),
    ),
    Planted(
        "XG230",
        'panel 23 "Insights"',
        "x + w ≤ 24",
        lambda d: (panel(d, 23)["gridPos"].update(w=25), panel(d, 24)["gridPos"].update(y=28)),
        ("XG232",),
    ),
    Planted("XG230", 'panel 23 "Insights"', "gridPos is nothing", lambda d: panel(d, 23).pop("gridPos"), ("XG232",)),
    Planted("XG231", 'panel 24 "Target time"', 'lies over panel 23 "Insights"', lambda d: panel(d, 23)["gridPos"].update(w=13)),
    Planted("XG232", "rows 28 to 33", 'columns 10–11 are empty beside panel 23 "Insights"', lambda d: panel(d, 23)["gridPos"].update(w=10)),
    Planted("XG232", "rows 40 to 41", "columns 0–23 are empty", lambda d: panel(d, 30)["gridPos"].update(y=42)),
    Planted("XG232", "rows 41 to 48", "columns 20–23", lambda d: panel(d, 31)["gridPos"].update(w=20)),
    Planted(
        "XG233",
        'panel 21 "Services"',
        "need 609 pixels, expected at most 608 (12 of 24",
        lambda d: panel(d, 21)["fieldConfig"]["overrides"][0]["properties"][0].update(value=609),
    ),
    Planted("XG240", 'panel 12 "Latency" target B', "the same as panel 12", lambda d: twice(d, 12)),
    Planted(
        "XG240",
        'panel 21 "Services" target A',
        'the same as panel 20 "Map" target A',
        lambda d: panel(d, 21).update(targets=[dict(target(d, 20))]),
    ),
    Planted("XG241", 'panel 21 "Services"', "shares panel 99", lambda d: target(d, 21).update(panelId=99)),
    Planted("XG241", 'panel 21 "Services"', "no query of its own", lambda d: target(d, 21).update(panelId=11)),
    Planted("XG241", 'panel 21 "Services"', 'lies in row 30 "Root causes"', lambda d: target(d, 21).update(panelId=31), ("XG203", "XG204")),
    Planted("XG242", "", '"now-12h" to "now"', lambda d: d[HOME]["time"].update({"from": "now-12h"})),
    Planted("XG242", "", '"now/d"', lambda d: d[HOME]["time"].update({"from": "now/d"})),
    Planted("XG242", 'panel 12 "Latency"', "timeFrom is 24h", lambda d: panel(d, 12).update(timeFrom="24h")),
    Planted("XG243", "", 'refresh is "5s"', lambda d: d[HOME].update(refresh="5s")),
    Planted("XG244", "", "schemaVersion is 39", lambda d: d[HOME].update(schemaVersion=39)),
    Planted("XG245", 'panel 12 "Latency"', "options.legend is null", lambda d: panel(d, 12)["options"].update(legend=None)),
    Planted(
        "XG245",
        'panel 10 "Requests"',
        "steps[1].value is null",
        lambda d: panel(d, 10)["fieldConfig"]["defaults"]["thresholds"]["steps"][1].update(value=None),
    ),
    Planted(
        "XG245",
        'panel 12 "Latency"',
        "properties[0].value is null",
        lambda d: panel(d, 12)["fieldConfig"]["overrides"].append(
            {"matcher": {"id": "byName", "options": "Time"}, "properties": [{"id": "unit", "value": None}]}
        ),
    ),
    Planted("XG246", 'panel 12 "Latency"', "targets[0].query mentions $svc", lambda d: target(d, 12).update(query='service("$svc")')),
    Planted("XG246", 'panel 12 "Latency"', "mentions $edge", lambda d: target(d, 12).update(query="$edge")),
    Planted("XG246", 'panel 20 "Map of', "title mentions $region", lambda d: panel(d, 20).update(title="Map of ${region:text}")),
    Planted(
        "XG247",
        "variable unused",
        "nothing mentions $unused",
        lambda d: variables(d).append({"type": "custom", "name": "unused", "query": "a"}),
    ),
)

LINKS = (
    Planted("XG250", 'panel 22 "Failed traces"', 'board "x-trace"', lambda d: link_url(d, f"/d/x-trace/trace?{TIME}")),
    Planted(
        "XG250",
        'panel 12 "Latency" description',
        'board "gone"',
        lambda d: panel(d, 12).update(description="See [the other](/d/gone/other)."),
    ),
    Planted("XG250", "derivedFields[0]", 'board "gone"', lambda d: derived(d, 0).update(url="/d/gone?$${__url_time_range}")),
    Planted("XG250", "rule t-slow", 'board "gone"', lambda d: rule(d, "t-slow")["annotations"].update(runbook_url="/d/gone/runbook")),
    Planted("XG251", 'panel 22 "Failed traces"', "passes var-id to t-trace", lambda d: link_url(d, f"/d/t-trace/trace?var-id=1&{TIME}")),
    Planted(
        "XG251", 'panel 22 "Failed traces"', "passes var-service", lambda d: link_url(d, f"/d/t-trace/trace?${{service:queryparam}}&{TIME}")
    ),
    Planted("XG252", 'panel 22 "Failed traces"', 'panel "99" of t-trace', lambda d: link_url(d, f"/d/t-trace?viewPanel=99&{TIME}")),
    Planted("XG252", 'panel 22 "Failed traces"', 'panel "30" of t-home', lambda d: link_url(d, f"/d/t-home?viewPanel=panel-30&{TIME}")),
    Planted("XG253", 'panel 22 "Failed traces"', "has no time range", lambda d: link_url(d, "/d/t-trace/trace?var-traceId=1")),
    Planted("XG253", "links[0]", "keepTime is False", lambda d: d[HOME]["links"][0].update(keepTime=False)),
)
