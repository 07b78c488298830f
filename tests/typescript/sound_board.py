"""One small dashboard with every kind of panel, target and variable that this project writes, as Grafana wants it."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

XRAY = {"type": "grafana-x-ray-datasource", "uid": "${xray}"}
LOKI = {"type": "loki", "uid": "${loki}"}
CLOUDWATCH = {"type": "cloudwatch", "uid": "${cloudwatch}"}
GROUP = {"GroupName": "Default", "GroupARN": "default"}
LEGEND = {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}
TOOLTIP = {"mode": "multi", "sort": "desc"}


def xray(query_type: str, **keys: Any) -> Json:
    base = {
        "refId": "A",
        "datasource": XRAY,
        "queryMode": "X-Ray",
        "queryType": query_type,
        "query": "",
        "region": "default",
        "group": GROUP,
    }
    return base | keys


def services(query_type: str, **keys: Any) -> Json:
    return {"refId": "A", "datasource": XRAY, "queryMode": "Services", "serviceQueryType": query_type, "region": "default"} | keys


def loki(**keys: Any) -> Json:
    return {"refId": "A", "datasource": LOKI, "queryType": "range", "expr": '{a="b"}', "editorMode": "code"} | keys


def panel(kind: str, options: Json, *targets: Json, custom: Json | None = None, **keys: Any) -> Json:
    """A panel without its id and place; `sound_board` numbers and stacks them."""
    defaults = {
        "unit": "s",
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": [{"color": "green", "value": None}, {"color": "red", "value": 1}]},
    }
    if custom is not None:
        defaults["custom"] = custom
    return {
        "type": kind,
        "title": kind,
        "description": "What it answers.",
        "options": options,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "targets": list(targets),
    } | keys


LINK = {"title": "Open trace", "url": "/d/trace?var-id=${__value.raw:percentencode}", "targetBlank": False}
COLUMNS = [
    {
        "matcher": {"id": "byName", "options": "Id"},
        "properties": [
            {"id": "links", "value": None},
            {"id": "links", "value": [LINK]},
            {"id": "custom.width", "value": 290},
            {"id": "custom.cellOptions", "value": {"type": "color-text"}},
            {"id": "color", "value": {"mode": "thresholds"}},
            {"id": "mappings", "value": [{"type": "regex", "options": {"pattern": "/^AWS::(.+)$/", "result": {"index": 0, "text": "$1"}}}]},
        ],
    }
]

PANELS: dict[str, Json] = {
    "timeseries": panel(
        "timeseries",
        {"legend": LEGEND, "tooltip": TOOLTIP},
        xray("getTimeSeriesServiceStatistics", query='service("a")', columns=["FaultStatistics.TotalCount"], resolution=60),
        custom={"drawStyle": "line", "lineWidth": 1, "fillOpacity": 10, "showPoints": "auto", "stacking": {"mode": "none", "group": "A"}},
        interval="1m",
    ),
    "map": panel(
        "nodeGraph",
        {"zoomMode": "cooperative", "layoutAlgorithm": "layered", "nodes": {}, "edges": {}},
        xray("getServiceMap", accountIds=["111122223333"]),
    ),
    "stat": panel(
        "stat",
        {"reduceOptions": {"values": False, "calcs": ["sum"], "fields": ""}, "colorMode": "value", "graphMode": "none", "textMode": "auto"},
        loki(queryType="instant", legendFormat="{{lb}}"),
    ),
    "table": panel(
        "table",
        {"showHeader": True, "cellHeight": "sm", "sortBy": [{"displayName": "Count", "desc": True}]},
        {"refId": "A", "datasource": {"type": "datasource", "uid": "-- Dashboard --"}, "panelId": 2, "withTransforms": False},
        custom={"align": "auto", "inspect": False, "wrapText": True, "cellOptions": {"type": "auto"}},
        transformations=[{"id": "sortBy", "options": {"fields": {}, "sort": [{"field": "Time", "desc": False}]}}],
    )
    | {"fieldConfig": {"defaults": {}, "overrides": COLUMNS}},
    "logs": panel("logs", {"showTime": True, "sortOrder": "Descending", "dedupStrategy": "none"}, loki(maxLines=100, direction="backward")),
    "traces": panel(
        "traces", {"spanFilters": {"adhocFilters": [{"key": "a", "operator": "=", "value": "b"}]}}, xray("getTrace", query="$id")
    ),
    "insights": panel("table", {}, xray("getInsights", state="All")),
    "causes": panel("barchart", {"legend": LEGEND, "tooltip": TOOLTIP}, xray("getAnalyticsRootCauseFaultService")),
    "objectives": panel("bargauge", {}, services("listServiceLevelObjectives", serviceString="$service", operationName="$operation")),
    "operations": panel("piechart", {}, services("listServiceOperations", serviceName="$service", serviceString="$service")),
    "services": panel(
        "histogram", {"legend": LEGEND, "tooltip": TOOLTIP}, services("listServices", accountId="", includeLinkedAccounts=False)
    ),
    "metrics": panel(
        "xychart",
        {"mapping": "manual", "series": [{"x": {"matcher": {"id": "byName", "options": "a"}}}], "legend": LEGEND, "tooltip": TOOLTIP},
        {
            "refId": "A",
            "datasource": CLOUDWATCH,
            "queryMode": "Metrics",
            "id": "",
            "namespace": "ApplicationSignals",
            "metricName": "Latency",
            "statistic": "p99",
            "region": "default",
            "dimensions": {"Service": "a"},
            "period": "60",
        },
        custom={"show": "points", "pointSize": {"fixed": 6}},
    ),
    "text": panel("text", {"mode": "markdown", "content": "words"}),
}

VARIABLES: dict[str, Json] = {
    "xray": {"type": "datasource", "query": "grafana-x-ray-datasource", "refresh": 1, "regex": "", "options": [], "hide": 0},
    "service": {
        "type": "custom",
        "query": "a, b",
        "allowCustomValue": True,
        "current": {"text": "a", "value": "a", "selected": True},
        "options": [{"text": "a", "value": "a", "selected": True}],
    },
    "id": {"type": "textbox", "query": ""},
    "margin": {"type": "constant", "query": "5m"},
    "app": {"type": "query", "datasource": XRAY, "query": {"queryType": "services", "region": "default"}, "definition": "", "current": {}},
    "lb": {
        "type": "query",
        "datasource": LOKI,
        "query": {"refId": "v", "type": 1, "label": "lb", "stream": '{a="b"}'},
        "refresh": 2,
        "sort": 1,
    },
}


def sound_board() -> Json:
    """The board: the panels of PANELS from top to bottom, the last two in a collapsed row."""
    placed = [
        keys | {"id": number, "gridPos": {"h": 8, "w": 24, "x": 0, "y": 8 * number}} for number, keys in enumerate(PANELS.values(), start=1)
    ]
    row = {
        "type": "row",
        "id": 90,
        "title": "More",
        "collapsed": True,
        "gridPos": {"h": 1, "w": 24, "x": 0, "y": 200},
        "panels": placed[-2:],
    }
    return {
        "uid": "sound",
        "title": "Sound",
        "description": "A board without a fault.",
        "tags": ["xray"],
        "schemaVersion": 42,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": "now-1h", "to": "now"},
        "timepicker": {"refresh_intervals": ["1m"]},
        "refresh": "1m",
        "links": [],
        "annotations": {"list": []},
        "templating": {"list": [{"name": name, "label": name} | keys for name, keys in VARIABLES.items()]},
        "panels": [*placed[:-2], row],
    }
