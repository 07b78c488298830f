"""Faults planted in X-Ray and Loki queries."""

from __future__ import annotations

from tests.checks.planting import Planted, correlation, to_logs, variables
from tests.checks.small_bundle import (
    TRACE,
    Documents,
    panel,
    query,
    target,
    variable,
)

LONG_NAME = "n" * 600


def add_lb(documents: Documents, stream: str) -> None:
    """A variable that asks Loki, used in a title."""
    asked = {"type": "query", "name": "lb", "datasource": {"type": "loki", "uid": "${loki}"}, "query": {"label": "lb", "stream": stream}}
    variables(documents).append(asked)
    panel(documents, 24)["title"] = "Target time of $lb"


XRAY_TARGETS = (
    Planted("XG101", 'panel 20 "Map" target A', "has group nothing", lambda d: target(d, 20).pop("group")),
    Planted("XG101", 'panel 23 "Insights" target A', "expected one with a GroupName", lambda d: target(d, 23).update(group={})),
    Planted("XG102", 'panel 20 "Map" target A', 'group "All"', lambda d: target(d, 20)["group"].update(GroupName="All")),
    Planted(
        "XG103",
        'panel 12 "Latency" target A',
        'http.url CONTAINS "x"',
        lambda d: target(d, 12).update(query='service("cart") AND http.url CONTAINS "x" AND service("$service")'),
    ),
    Planted("XG103", 'panel 10 "Requests"', "{ fault = true }", lambda d: target(d, 10).update(query='service("a") { fault = true }')),
    Planted("XG103", 'panel 10 "Requests"', 'which can be "storefront"', lambda d: target(d, 10).update(query="$service")),
    Planted(
        "XG103",
        "rule t-faults",
        'the statistics query is "$edge"',
        lambda d: query(d, "t-faults", "A")["model"].update(query="$edge"),
        ("XG401",),
    ),
    Planted("XG104", 'panel 10 "Requests"', "611 characters", lambda d: target(d, 10).update(query=f'service("{LONG_NAME}")')),
    Planted(
        "XG105", 'panel 12 "Latency"', '"Fault Count" is unknown', lambda d: target(d, 12).update(columns=["TotalCount", "Fault Count"])
    ),
    Planted("XG105", 'panel 12 "Latency"', '"all" is unknown', lambda d: target(d, 12).update(columns=["TotalCount", "all"])),
    Planted("XG105", 'panel 12 "Latency"', "expected a list", lambda d: target(d, 12).update(columns="TotalCount")),
    Planted("XG106", 'panel 10 "Requests"', "on a stat panel", lambda d: target(d, 10).update(columns=[])),
    Planted("XG106", 'panel 10 "Requests"', "['all']", lambda d: target(d, 10).update(columns=["all"])),
    Planted("XG107", 'panel 12 "Latency"', 'resolution is "60"', lambda d: target(d, 12).update(resolution="60")),
    Planted("XG107", 'panel 12 "Latency"', "resolution is 30", lambda d: target(d, 12).update(resolution=30)),
    Planted("XG107", "rule t-faults", "resolution is 3600", lambda d: query(d, "t-faults", "A")["model"].update(resolution=3600)),
    Planted("XG108", 'panel 23 "Insights"', '"getInsight"', lambda d: target(d, 23).update(queryType="getInsight")),
    Planted("XG108", 'panel 23 "Insights"', "queryType is nothing", lambda d: target(d, 23).pop("queryType")),
    Planted("XG108", 'panel 25 "Objectives"', '"SLOs"', lambda d: target(d, 25).update(queryMode="SLOs")),
    Planted("XG108", 'panel 25 "Objectives"', '"listSLOs"', lambda d: target(d, 25).update(serviceQueryType="listSLOs")),
    Planted("XG109", 'panel 20 "Map"', 'region is "us-east-1"', lambda d: target(d, 20).update(region="us-east-1")),
    Planted(
        "XG110",
        'panel 22 "Failed traces"',
        "1-5759e988-bd862e3fe1be46a994272793",
        lambda d: target(d, 22).update(query="1-5759e988-bd862e3fe1be46a994272793"),
    ),
    Planted(
        "XG110",
        'panel 40 "Trace $traceId"',
        "$traceId",
        lambda d: target(d, 40, TRACE).update(queryType="getTraceSummaries"),
        ("XG202",),
    ),
    Planted("XG111", 'panel 20 "Map"', '"all"', lambda d: target(d, 20).update(accountIds=["111122223333", "all"])),
    Planted("XG112", "target A", "query uses $service", lambda d: variable(d, "service").update(multi=True)),
    Planted("XG112", "target A", "query uses $service", lambda d: variable(d, "service").update(includeAll=True)),
    Planted("XG112", "target A", "datasource uses $xray", lambda d: variable(d, "xray").update(multi=True)),
    Planted("XG113", 'panel 20 "Map"', 'group.GroupName is "$service"', lambda d: target(d, 20)["group"].update(GroupName="$service")),
    Planted("XG113", 'panel 23 "Insights"', 'state is "$service"', lambda d: target(d, 23).update(state="$service")),
    Planted("XG114", 'panel 25 "Objectives"', 'operationName is ""', lambda d: target(d, 25).update(operationName="")),
    Planted("XG115", 'panel 25 "Objectives"', 'serviceString is ""', lambda d: target(d, 25).update(serviceString="")),
    Planted("XG115", 'panel 25 "Objectives"', 'serviceString is "cart"', lambda d: target(d, 25).update(serviceString="cart")),
    Planted("XG116", 'panel 23 "Insights"', 'state is "open"', lambda d: target(d, 23).update(state="open")),
    Planted("XG117", 'panel 20 "Map"', "GroupARN nothing", lambda d: target(d, 20).update(group={"GroupName": "checkout"})),
)

LOGQL = (
    Planted("XG501", 'panel 24 "Target time" target A', "LogQL column", lambda d: target(d, 24).update(expr='rate({log_type="access"})')),
    Planted("XG501", "rule t-slow", "LogQL column", lambda d: query(d, "t-slow", "A")["model"].update(expr="{")),
    Planted(
        "XG501",
        "datasources[0].correlations[0]",
        "LogQL column",
        lambda d: correlation(d)["config"]["target"].update(expr='{log_type="access" |= `$${id}`'),
    ),
    Planted("XG501", "jsonData.tracesToLogsV2", "LogQL column", lambda d: to_logs(d).update(query="{} |= `$${__trace.traceId}`")),
    Planted("XG501", "variable lb", "LogQL column", lambda d: add_lb(d, "{log_type=access}")),
    Planted("XG502", 'panel 24 "Target time"', "asks for log lines", lambda d: target(d, 24).update(expr='{log_type="access"}')),
    Planted("XG502", "rule t-slow", "asks for log lines", lambda d: query(d, "t-slow", "A")["model"].update(expr='{log_type="access"}')),
    Planted(
        "XG502", 'panel 41 "Log lines"', "asks for values", lambda d: target(d, 41, TRACE).update(expr='rate({log_type="access"} [5m])')
    ),
    Planted("XG503", 'panel 41 "Log lines"', "$traceId even when", lambda d: target(d, 41, TRACE).update(expr='{a="b"} |= `$traceId`')),
    Planted(
        "XG503",
        'panel 41 "Log lines"',
        "$traceId even when",
        lambda d: target(d, 41, TRACE).update(expr='{a="b"} |~ "$traceId" | trace_id=`$traceId` | trace=~`1-.+`'),
    ),
    Planted(
        "XG503",
        'panel 41 "Log lines"',
        "$traceId even when",
        lambda d: target(d, 41, TRACE).update(expr='{a="b"} | label_format t=`$traceId` | t=~`(`'),
        ("XG501",),
    ),
    Planted(
        "XG504",
        'panel 24 "Target time"',
        "unwraps tpt",
        lambda d: target(d, 24).update(expr='avg_over_time({log_type="access"} | pattern `<_> <tpt> <_>` | unwrap tpt [5m])'),
    ),
    Planted(
        "XG504",
        'panel 24 "Target time"',
        "unwraps resp",
        lambda d: target(d, 24).update(
            expr='sum_over_time({a="b"} | json | tpt >= 0 | unwrap tpt [5m]) + sum_over_time({a="b"} | json | unwrap resp [5m])'
        ),
    ),
)
