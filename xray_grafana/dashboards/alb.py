"""Access logs: rate, status, latency percentiles, paths, clients, slow requests, each with its trace."""

from __future__ import annotations

from typing import Final

from xray_grafana.dashboards import columns, draw, panels, variables
from xray_grafana.dashboards import transformations as tf
from xray_grafana.dashboards.board import CHECK_LOKI, Board, Kit
from xray_grafana.dashboards.layout import band, section
from xray_grafana.dashboards.panels import override, row
from xray_grafana.dashboards.targets import LokiTarget
from xray_grafana.dashboards.thresholds import plain
from xray_grafana.dashboards.trace import ACCESS_LINE, NUMERIC_FIELDS
from xray_grafana.loki import logql

TITLE = "ALB / Access logs"
ANSWERS = "What do the load balancers see: rate, status, latency, paths, clients, and which requests failed?"

# Named by alert rules.
SERVER_ERRORS_PANEL: Final = 2
P99_PANEL: Final = 3
TRACED_PANEL: Final = 4

_REQUESTS, _RECEIVED = 1, 5
_STATUS, _TIMES, _MAKERS = 10, 11, 12
_LINES, _PATHS, _CLIENTS = 20, 21, 22
_SPLIT_ROW, _WAIT, _REPLY = 30, 31, 32
_RAW_ROW, _RAW = 40, 41

_PATH_ROWS: Final = 20
_SLOW_FACTOR: Final = 0.5


def build(kit: Kit) -> Board:
    """Numbers, charts and tables from access-log lines alone: no AWS call."""
    selector = logql.of_load_balancer(kit.loki.alb_selector, "$lb")
    signals = kit.logs
    slow = kit.config.alerts.alb_p99_seconds * _SLOW_FACTOR

    numbers = [
        draw.log_stat(
            _REQUESTS, signals.requests, logql.requests_per_second(selector, logql.WHOLE), "Compare with the same hour yesterday."
        ),
        draw.log_stat(
            SERVER_ERRORS_PANEL,
            signals.server_errors,
            logql.server_error_ratio(selector),
            "Who failed tells whether targets or the load balancer made them.",
            2,
        ),
        draw.log_stat(
            P99_PANEL, signals.p99, logql.processing_time_quantile(selector, 0.99, window=logql.WHOLE), "Paths shows which route is slow."
        ),
        draw.log_stat(
            TRACED_PANEL,
            signals.traced,
            logql.traced_ratio(selector),
            "Below 100 %: clients send headers of their own; such requests have no trace.",
            1,
        ),
        draw.log_stat(
            _RECEIVED, signals.received, logql.received_bytes(selector), "A jump without more requests is an upload, or an attack."
        ),
    ]
    status = panels.time_series(
        _STATUS,
        "Answers by status",
        "Answers a second by status. 5xx rising with the rate is overload; without it, a broken release.",
        [LokiTarget(expr=logql.requests_by_status(selector), legendFormat="{{status}}")],
        unit="reqps",
        stacked=True,
        fill=40,
        overrides=[_paint("/^2/", "green"), _paint("/^3/", "blue"), _paint("/^4/", "#EAB839"), _paint("/^5/", "red")],
    )
    times = draw.quantiles_chart(
        _TIMES,
        "Target time",
        "Percentiles of the time targets took, from every line. p99 far above p90: a few slow routes; see Paths.",
        lambda quantile: logql.processing_time_quantile(selector, quantile),
        signals.p99.steps,
    )
    makers = panels.time_series(
        _MAKERS,
        "Who failed",
        "5xx by who made them. A target status of - means the load balancer answered itself: no healthy target, or a time-out.",
        [LokiTarget(expr=logql.failures_by_maker(selector), legendFormat="ALB {{status}} / target {{tstatus}}")],
        unit="reqps",
    )
    lines = panels.table(
        _LINES,
        "Failed and slow requests",
        f"5xx, or longer than {slow:g} s, newest first. Click a trace id for its waterfall.",
        [LokiTarget(expr=logql.failed_or_slow(selector, slow), maxLines=200)],
        columns=columns.access_lines(kit.links, slow),
        transformations=[
            tf.labels_as_fields(),
            tf.as_numbers(*NUMERIC_FIELDS),
            tf.pick(
                {"trace_id": "Trace"} | {field: ACCESS_LINE[field] for field in ("Time", "request", "status", "tstatus", "tpt", "client")}
            ),
            tf.sort_by("Time", descending=True),
        ],
    )
    paths = panels.table(
        _PATHS,
        "Paths",
        "Busiest paths, ids in them replaced, with their failures and 99th percentile. Sort by Failed to see what broke.",
        [
            LokiTarget(refId="A", expr=logql.busiest_paths(selector, _PATH_ROWS), queryType="instant"),
            LokiTarget(refId="B", expr=logql.failing_paths(selector, 5 * _PATH_ROWS), queryType="instant"),
            LokiTarget(refId="C", expr=logql.slow_paths(selector, 5 * _PATH_ROWS), queryType="instant"),
        ],
        columns=[
            override("path", ("displayName", "Path")),
            override("Value #A", ("displayName", "Requests"), ("unit", "short"), ("custom.width", 100)),
            override("Value #B", ("displayName", "Failed"), ("unit", "short"), ("custom.width", 80)),
            override("Value #C", ("displayName", "p99"), ("unit", "s"), ("decimals", 2), ("custom.width", 80)),
        ],
        transformations=[
            tf.merge_rows(),
            tf.except_empty("Value #A"),
            tf.arrange(("path", "Value #A", "Value #B", "Value #C"), hide=("Time",)),
            tf.sort_by("Value #A", descending=True),
        ],
    )
    clients = panels.table(
        _CLIENTS,
        "Clients",
        "Addresses with most requests. One that stands far above the others is a crawler, a proxy or an attack.",
        [LokiTarget(expr=logql.busiest_clients(selector, _PATH_ROWS), queryType="instant")],
        columns=[
            override("client", ("displayName", "Client")),
            override("Value #A", ("displayName", "Requests"), ("unit", "short"), ("custom.width", 100)),
        ],
        transformations=[tf.arrange(("client", "Value #A"), hide=("Time",)), tf.sort_by("Value #A", descending=True)],
    )
    wait = draw.quantiles_chart(
        _WAIT,
        "Wait before the target",
        "Time until a request was handed to a target. High: connections are slow to open, or all targets are busy.",
        lambda quantile: logql.processing_time_quantile(selector, quantile, "rpt"),
        plain("green"),
    )
    reply = draw.quantiles_chart(
        _REPLY,
        "Reply after the target",
        "Time from the target's headers to the client. High: large answers, or slow clients.",
        lambda quantile: logql.processing_time_quantile(selector, quantile, "resp"),
        plain("green"),
    )
    raw = panels.logs(
        _RAW,
        "Lines",
        "Failed and slow requests as they were written. Open a line for its fields; Trace leads to its waterfall.",
        [LokiTarget(expr=logql.raw_failed_or_slow(selector, slow), maxLines=100)],
    )
    return kit.board(
        "alb",
        TITLE,
        ANSWERS,
        [
            band(4, *zip((5, 5, 5, 5, 4), numbers, strict=True)),
            band(8, (8, status), (8, times), (8, makers)),
            band(10, (24, lines)),
            band(10, (15, paths), (9, clients)),
            section(row(_SPLIT_ROW, "Where the load balancer's own time goes"), band(8, (12, wait), (12, reply))),
            section(row(_RAW_ROW, "The lines as they were written"), band(10, (24, raw))),
        ],
        own_variables=[variables.load_balancer(kit.loki.alb_selector)],
        advice=CHECK_LOKI
        + "- **Paths or Clients show an error about too many series**: choose one load balancer, or a shorter range.\n"
        + "- **Lines but no trace ids**: the shipper writes them as structured metadata `trace_id`; other tools write none.\n",
    )


def _paint(pattern: str, color: str) -> dict[str, object]:
    return {
        "matcher": {"id": "byRegexp", "options": pattern},
        "properties": [{"id": "color", "value": {"mode": "shades", "fixedColor": color}}],
    }
