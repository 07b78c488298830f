"""A small bundle that breaks no rule, written by hand, and short ways to reach into it.

Two boards, two data sources, two alert rules, one provider file and one text: something to look at for every rule.
"""

from __future__ import annotations

from typing import Any

from xray_grafana.bundle.artifact import Artifact, Bundle, Document, Format
from xray_grafana.checks import Finding, check_bundle
from xray_grafana.config.models import Aws, Config

HOME = "dashboards/home.json"
TRACE = "dashboards/trace.json"
SOURCES = "provisioning/datasources/xray.yaml"
ALERTS = "provisioning/alerting/xray.yaml"
PROVIDERS = "provisioning/dashboards/xray.yaml"
RUNBOOK = "RUNBOOK.md"

CONFIG = Config(aws=Aws(account="111122223333", region="eu-west-1"))

# Documents by path, one text under RUNBOOK.
Documents = dict[str, Any]

XRAY = {"type": "grafana-x-ray-datasource", "uid": "${xray}"}
LOKI = {"type": "loki", "uid": "${loki}"}
DEFAULT_GROUP = {"GroupName": "Default", "GroupARN": "default"}
KEY_ATTRIBUTES = '{"Type":"Service","Name":"cart","Environment":"eks:shop"}'
TRACE_LINK = "/d/t-trace/trace?var-traceId=${__value.raw:percentencode}&var-xray=${xray}&var-loki=${loki}&${__url_time_range}"
TIMES = "| pattern `<_> <_> <_> <_> <_> <rpt> <tpt> <resp> <_>`"


def small_bundle() -> Documents:
    """A fresh copy of the documents."""
    return {
        HOME: _home(),
        TRACE: _trace(),
        SOURCES: _sources(),
        ALERTS: _alerts(),
        PROVIDERS: {
            "apiVersion": 1,
            "providers": [{"name": "x-ray", "folder": "Traces", "type": "file", "options": {"path": "/var/lib/grafana/dashboards"}}],
        },
        RUNBOOK: "# Runbook\nSet XRAY_SECRET in the environment.\n",
    }


def as_bundle(documents: Documents) -> Bundle:
    """The documents as a bundle."""
    formats = {"json": Format.JSON, "yaml": Format.YAML}
    return Bundle.of(Artifact(path, formats.get(path.rpartition(".")[2], Format.TEXT), content) for path, content in documents.items())


def findings_of(documents: Documents) -> tuple[Finding, ...]:
    """What the rules find in the documents."""
    return check_bundle(CONFIG, as_bundle(documents))


def panel(documents: Documents, number: int, path: str = HOME) -> Document:
    """A panel by its id, in a row or not."""
    found: list[Document] = [
        inner for outer in documents[path]["panels"] for inner in (outer, *outer.get("panels", ())) if inner["id"] == number
    ]
    return found[0]


def target(documents: Documents, number: int, path: str = HOME) -> Document:
    """The first target of a panel."""
    first: Document = panel(documents, number, path)["targets"][0]
    return first


def variable(documents: Documents, name: str, path: str = HOME) -> Document:
    """A variable of a board."""
    return _named(documents[path]["templating"]["list"], "name", name)


def source(documents: Documents, uid: str) -> Document:
    """A data source."""
    return _named(documents[SOURCES]["datasources"], "uid", uid)


def rule(documents: Documents, uid: str) -> Document:
    """An alert rule."""
    return _named(documents[ALERTS]["groups"][0]["rules"], "uid", uid)


def query(documents: Documents, uid: str, ref_id: str) -> Document:
    """A query or expression of an alert rule."""
    return _named(rule(documents, uid)["data"], "refId", ref_id)


def _named(items: list[Document], key: str, value: str) -> Document:
    return next(item for item in items if item[key] == value)


def _override(field: str, *properties: tuple[str, Any]) -> Document:
    return {"matcher": {"id": "byName", "options": field}, "properties": [{"id": key, "value": value} for key, value in properties]}


def _panel(number: int, kind: str, title: str, place: tuple[int, int, int, int], *targets: Document, **more: Any) -> Document:
    x, y, w, h = place
    return {
        "id": number,
        "type": kind,
        "title": title,
        "description": f"{title} of the shop. Look at the traces when it is red.",
        "gridPos": {"x": x, "y": y, "w": w, "h": h},
        "datasource": targets[0]["datasource"],
        "targets": list(targets),
        "fieldConfig": {"defaults": {}, "overrides": []},
        "options": {},
        **more,
    }


def _ask(kind: str, query_text: str = "", **more: Any) -> Document:
    return {
        "refId": "A",
        "datasource": dict(XRAY),
        "queryMode": "X-Ray",
        "queryType": kind,
        "region": "default",
        "group": dict(DEFAULT_GROUP),
        "query": query_text,
        **more,
    }


def _statistics(query_text: str, *columns: str) -> Document:
    return _ask("getTimeSeriesServiceStatistics", query_text, columns=list(columns), resolution=60)


def _logql(expr: str) -> Document:
    return {"refId": "A", "datasource": dict(LOKI), "expr": expr, "queryType": "range", "editorMode": "code"}


def _share(number: int) -> Document:
    return {
        "refId": "A",
        "datasource": {"type": "datasource", "uid": "-- Dashboard --"},
        "panelId": number,
        "withTransforms": False,
    }


def _fields(unit: str, *overrides: Document, **defaults: Any) -> Document:
    thresholds = {"mode": "absolute", "steps": [{"color": "green", "value": None}, {"color": "red", "value": 5}]}
    return {"defaults": {"unit": unit, "thresholds": thresholds, **defaults}, "overrides": list(overrides)}


def _sort(field: str, *, desc: bool) -> Document:
    return {"id": "sortBy", "options": {"sort": [{"field": field, "desc": desc}]}}


def _reduced(calc: str) -> Document:
    return {"reduceOptions": {"calcs": [calc], "fields": "", "values": False}}


def _home() -> Document:
    link = {"title": "Open trace", "url": TRACE_LINK}
    top = [
        _panel(
            10,
            "stat",
            "Requests",
            (0, 0, 12, 4),
            _statistics('service("$service")', "TotalCount", "FaultStatistics.TotalCount"),
            fieldConfig=_fields("short"),
            options=_reduced("lastNotNull"),
            transformations=[_sort("Time", desc=False)],
        ),
        _panel(11, "gauge", "Faults", (12, 0, 12, 4), _share(10), fieldConfig=_fields("short"), options=_reduced("sum")),
        _panel(
            12,
            "timeseries",
            "Latency",
            (0, 4, 12, 6),
            _statistics('edge("$service", "cart")', "Computed.AverageResponseTime"),
            fieldConfig={"defaults": {}, "overrides": [_override("Average Response Time", ("unit", "s"))]},
        ),
        _panel(13, "xychart", "Durations", (12, 4, 12, 6), _share(22), fieldConfig=_fields("s"), pluginVersion="12.4.0"),
        _panel(
            20,
            "nodeGraph",
            "Map",
            (0, 10, 24, 12),
            _ask("getServiceMap"),
            fieldConfig={"defaults": {}, "overrides": [_override("id", ("links", None))]},
        ),
        _panel(
            21,
            "table",
            "Services",
            (0, 22, 12, 6),
            _share(20),
            fieldConfig={"defaults": {}, "overrides": [_override("Type", ("custom.width", 120))]},
            transformations=[
                {"id": "filterFieldsByName", "options": {"include": {"names": ["Name", "Type", "Fault"]}}},
                _sort("Fault", desc=True),
            ],
        ),
        _panel(
            22,
            "table",
            "Failed traces",
            (12, 22, 12, 6),
            _ask("getTraceSummaries", 'service("$service") { fault = true }'),
            fieldConfig={"defaults": {}, "overrides": [_override("Id", ("custom.width", 290), ("links", None), ("links", [link]))]},
        ),
        _panel(23, "table", "Insights", (0, 28, 12, 6), _ask("getInsights", state="Active", group={"GroupName": "All", "GroupARN": "All"})),
        _panel(
            24,
            "timeseries",
            "Target time",
            (12, 28, 12, 6),
            _logql(f'quantile_over_time(0.99, {{log_type="access"}} {TIMES} | tpt >= 0 | unwrap tpt [$__auto]) by ()'),
            fieldConfig=_fields("s"),
        ),
        _panel(
            25,
            "table",
            "Objectives",
            (0, 34, 24, 6),
            {
                "refId": "A",
                "datasource": dict(XRAY),
                "queryMode": "Services",
                "serviceQueryType": "listServiceLevelObjectives",
                "region": "default",
                "accountId": "",
                "serviceName": "cart",
                "serviceString": KEY_ATTRIBUTES,
                "operationName": "GET /cart",
            },
        ),
    ]
    causes = _panel(
        31,
        "table",
        "Causes",
        (0, 41, 24, 8),
        _ask("getAnalyticsRootCauseFaultMessage", 'service("$service")'),
        transformations=[
            {
                "id": "filterByValue",
                "options": {
                    "type": "exclude",
                    "match": "any",
                    "filters": [
                        {"fieldName": "Fault Root Cause Message", "config": {"id": "equal", "options": {"value": "-"}}},
                    ],
                },
            },
            _sort("Count", desc=True),
        ],
    )
    row = {
        "id": 30,
        "type": "row",
        "title": "Root causes",
        "collapsed": True,
        "gridPos": {"x": 0, "y": 40, "w": 24, "h": 1},
        "panels": [causes],
    }
    services = {
        "type": "custom",
        "name": "service",
        "query": "storefront, cart",
        "multi": False,
        "includeAll": False,
        "options": [{"text": "storefront", "value": "storefront"}, {"text": "cart", "value": "cart"}],
        "current": {"text": "storefront", "value": "storefront"},
    }
    return _board("t-home", "Traces / Home", [*top, row], services)


def _trace() -> Document:
    panels = [
        _panel(40, "traces", "Trace $traceId", (0, 0, 24, 16), _ask("getTrace", "$traceId")),
        _panel(
            41,
            "logs",
            "Log lines",
            (0, 16, 24, 8),
            _logql('{service_name=~".+"} |= `$traceId` | label_format wanted=`$traceId` | wanted!=`` | drop wanted'),
        ),
    ]
    trace_id = {"type": "textbox", "name": "traceId", "query": "", "current": {"text": "", "value": ""}}
    return _board("t-trace", "Traces / Trace", panels, trace_id)


def _board(uid: str, title: str, panels: list[Document], *variables: Document) -> Document:
    return {
        "uid": uid,
        "title": title,
        "schemaVersion": 42,
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "1m",
        "links": [{"type": "dashboards", "title": "Traces", "tags": ["traces"], "keepTime": True, "includeVars": False}],
        "templating": {"list": [_data_source("xray", XRAY["type"]), _data_source("loki", LOKI["type"]), *variables]},
        "panels": panels,
    }


def _data_source(name: str, plugin_id: str) -> Document:
    return {"type": "datasource", "name": name, "query": plugin_id, "multi": False, "includeAll": False}


def _sources() -> Document:
    xray = {
        "name": "X-Ray",
        "uid": "xray",
        "type": "grafana-x-ray-datasource",
        "jsonData": {
            "authType": "keys",
            "defaultRegion": "eu-west-1",
            "tracesToLogsV2": {
                "datasourceUid": "loki",
                "customQuery": True,
                "query": '{service_name="$${__span.tags.name}"} |= `$${__trace.traceId}`',
            },
        },
        "secureJsonData": {"accessKey": "$__env{XRAY_ACCESS}", "secretKey": "$__file{/run/secrets/xray}"},
        "correlations": [
            {
                "targetUID": "loki",
                "label": "Load balancer line",
                "description": "The access-log line of this trace",
                "config": {
                    "field": "Id",
                    "target": {"expr": '{log_type="access"} |= `$${id}`'},
                    "transformations": [{"type": "regex", "field": "Id", "expression": "(?<id>1-[0-9a-f]{8}-[0-9a-f]{24})"}],
                },
            }
        ],
    }
    board = "/d/t-trace/trace?var-traceId=$${__value.raw}&$${__url_time_range}"
    loki = {
        "name": "Loki",
        "uid": "loki",
        "type": "loki",
        "url": "http://loki:3100",
        "isDefault": True,
        "jsonData": {
            "derivedFields": [
                {"name": "Trace", "matcherType": "label", "matcherRegex": "^trace_id$$", "url": board},
                {
                    "name": "Trace in the line",
                    "matcherType": "regex",
                    "matcherRegex": "(?<!Self=)(1-[0-9a-f]{8}-[0-9a-f]{24})",
                    "url": "$${__value.raw}",
                    "datasourceUid": "xray",
                },
            ]
        },
    }
    return {"apiVersion": 1, "datasources": [xray, loki]}


def _alerts() -> Document:
    faults = _ask("getTimeSeriesServiceStatistics", 'service("checkout")', columns=["FaultStatistics.TotalCount"], resolution=60)
    del faults["datasource"]
    slow = f'quantile_over_time(0.99, {{log_type="access"}} {TIMES} | tpt >= 0 | unwrap tpt [15m]) by ()'
    rules = [
        _rule("t-faults", "Faults of checkout", "10", _query("A", "xray", faults)),
        _rule("t-slow", "Slow answers", "24", _query("A", "loki", {"refId": "A", "expr": slow, "queryType": "instant"})),
    ]
    group = {"orgId": 1, "name": "traces", "folder": "Traces alerts", "interval": "5m", "rules": rules}
    return {"apiVersion": 1, "groups": [group], "deleteRules": [{"orgId": 1, "uid": "t-gone"}]}


def _rule(uid: str, title: str, panel_id: str, asked: Document) -> Document:
    return {
        "uid": uid,
        "title": title,
        "condition": "C",
        "for": "5m",
        "noDataState": "OK",
        "execErrState": "OK",
        "labels": {"severity": "warning"},
        "annotations": {
            "summary": "{{ $values.B }} in 15 minutes",
            "description": "Look at the traces.",
            "runbook_url": "https://wiki.example.com/runbook",
            "__dashboardUid__": "t-home",
            "__panelId__": panel_id,
        },
        "data": [
            asked,
            _expression("B", {"type": "reduce", "reducer": "sum", "expression": "A"}),
            _expression("C", {"type": "math", "expression": "$B > 5"}),
        ],
    }


def _query(ref_id: str, uid: str, model: Document) -> Document:
    return {"refId": ref_id, "datasourceUid": uid, "relativeTimeRange": {"from": 900, "to": 0}, "model": model}


def _expression(ref_id: str, model: Document) -> Document:
    return {"refId": ref_id, "datasourceUid": "__expr__", "model": {"refId": ref_id, **model}}
