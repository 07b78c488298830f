"""Trace: one trace as waterfall and graph, its load-balancer line, its log lines."""

from __future__ import annotations

from typing import Final

from xray_grafana.dashboards import columns, panels, variables
from xray_grafana.dashboards import transformations as tf
from xray_grafana.dashboards.board import CHECK_LOKI, CHECK_XRAY, Board, Kit
from xray_grafana.dashboards.layout import Layout, band, section
from xray_grafana.dashboards.panels import row, shared
from xray_grafana.dashboards.targets import LokiTarget, XRayTarget
from xray_grafana.loki import logql

TITLE = "X-Ray / Trace"
ANSWERS = "What happened in this one request?"

_WATERFALL, _ALB, _GRAPH, _LOGS, _RAW_ROW, _RAW = 1, 2, 3, 4, 10, 11
_ID: Final = "${traceId}"

# Fields of a parsed access-log line and the columns they become.
ACCESS_LINE: Final = {
    "Time": "Time",
    "request": "Request",
    "status": "ALB",
    "tstatus": "Target",
    "rpt": "Wait",
    "tpt": "Took",
    "resp": "Reply",
    "client": "Client",
    "target": "Sent to",
    "lb": "Load balancer",
}
# Labels are text; the target's status stays so, because `-` means something there.
NUMERIC_FIELDS: Final = ("status", "rpt", "tpt", "resp")


def build(kit: Kit) -> Board:
    """The trace by its id, whatever the time range; two AWS calls. Log lines are looked for in the range."""
    waterfall = panels.traces(
        _WATERFALL,
        "Trace ${traceId}",
        "The waterfall. "
        + (
            "The log icon of a span opens the lines of its trace, five minutes around it."
            if kit.config.logs is not None
            else "Open the deepest red span first."
        ),
        XRayTarget(queryType="getTrace", query=_ID),
    )
    graph = panels.node_graph(
        _GRAPH,
        "Services in this trace",
        "The same trace as a graph; a red ring failed. Click a node for its board.",
        shared(_WATERFALL),
        kit.links.on_map(),
    )
    layout: Layout = [band(panels.WATERFALL_HEIGHT, (24, waterfall)), band(panels.MAP_MIN_HEIGHT, (24, graph))]
    if kit.config.logs is not None:
        layout = _with_logs(kit, waterfall, graph)
    return kit.board(
        "trace",
        TITLE,
        ANSWERS,
        layout,
        own_variables=[variables.text_box("traceId", "Trace id", "1-8hex-24hex as X-Ray writes it, or 32 hex as OpenTelemetry does")],
        refreshes=False,
        advice=(
            "- **No data found in response**: paste an id above, without blanks and in lower case. X-Ray forgets traces after 30 days and "
            "never had those that were not sampled; with Transaction Search it has only the indexed ones.\n"
            "- **The id came from an access-log line**: the load balancer gives every request an id, but only sampled requests become "
            "traces, and OpenTelemetry services begin a trace of their own when the header holds nothing but a Root.\n"
            "- **No log lines although the trace is there, or a time-out**: set the time range to some minutes around the trace's "
            "start. Both forms of the id are looked for in every line of the range.\n"
        )
        + CHECK_XRAY
        + (CHECK_LOKI if kit.config.logs is not None else ""),
    )


def _with_logs(kit: Kit, waterfall: object, graph: object) -> Layout:
    access = kit.loki.alb_selector
    line = panels.table(
        _ALB,
        "Load balancer",
        "The access-log line that carried this id. None: the request did not enter by a logged ALB, or it is on its way (2 to 10 minutes).",
        [LokiTarget(expr=logql.parsed_access_lines_of_trace(access, _ID), maxLines=20)],
        columns=columns.access_lines(None, kit.slow_seconds),
        transformations=[tf.labels_as_fields(), tf.as_numbers(*NUMERIC_FIELDS), tf.pick(ACCESS_LINE)],
    )
    application = logql.lines_of_trace(logql.of_any_service(kit.loki.application_selector), _ID)
    lines = panels.logs(
        _LOGS,
        "Application log",
        "Every line of any service that carries this id, in the X-Ray or the W3C form, in order. Open a line for its fields.",
        [LokiTarget(expr=application, maxLines=500)],
        oldest_first=True,
    )
    raw = panels.logs(
        _RAW,
        "Access-log line",
        "The line as the load balancer wrote it. Open it for its fields and links.",
        [LokiTarget(expr=logql.access_lines_of_trace(access, _ID), maxLines=20)],
        oldest_first=True,
    )
    return [
        band(panels.WATERFALL_HEIGHT, (24, waterfall)),
        band(5, (24, line)),
        band(panels.MAP_MIN_HEIGHT + 2, (10, graph), (14, lines)),
        section(row(_RAW_ROW, "The access-log line as it was written"), band(6, (24, raw))),
    ]
