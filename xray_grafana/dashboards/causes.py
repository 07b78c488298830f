"""Root causes: why slow, why failed?"""

from __future__ import annotations

from typing import Final

from xray_grafana.dashboards import columns, draw, panels
from xray_grafana.dashboards import transformations as tf
from xray_grafana.dashboards.board import CHECK_XRAY, Board, Kit
from xray_grafana.dashboards.layout import Band, band, section
from xray_grafana.dashboards.links import CELL
from xray_grafana.dashboards.panels import override, row, text
from xray_grafana.dashboards.targets import XRayTarget
from xray_grafana.dashboards.traces import service_filter
from xray_grafana.xray import filters

TITLE = "X-Ray / Root causes"
ANSWERS = "Why were requests slow, why did they fail, for whom and where?"

_PICK, _HOW = 1, 2
_COST: Final = "opening this row scans up to 10,000 traces a panel; billed by the trace"

# (row id, heading, ((query type, title, description), …)); messages first: the service and path tables fail on segments without an origin.
_ROWS: Final = (
    (
        10,
        "Why requests failed (5xx)",
        (
            ("getAnalyticsRootCauseFaultMessage", "Fault message", "Exception that ended requests with 5xx. Search your code for it."),
            ("getAnalyticsRootCauseFaultService", "Where faults began", "Service in which the 5xx started. Open its board."),
            ("getAnalyticsRootCauseFaultPath", "Path to the fault", "Calls that led to the 5xx. The last one is where to look."),
        ),
    ),
    (
        20,
        "Why requests were refused (4xx)",
        (
            (
                "getAnalyticsRootCauseErrorMessage",
                "Error message",
                "Exception that ended requests with 4xx. Look whether one client makes them.",
            ),
            ("getAnalyticsRootCauseErrorService", "Where errors began", "Service in which the 4xx started. Open its board."),
            ("getAnalyticsRootCauseErrorPath", "Path to the error", "Calls that led to the 4xx. The last one is where to look."),
        ),
    ),
    (
        30,
        "Why requests were slow",
        (
            (
                "getAnalyticsRootCauseResponseTimeService",
                "Where the time went",
                "Service that took most of the response time. Open its board.",
            ),
            (
                "getAnalyticsRootCauseResponseTimePath",
                "Slow path",
                "Calls that took most of the response time. The last one is where to look.",
            ),
        ),
    ),
    (
        40,
        "Who and what",
        (
            ("getAnalyticsUser", "Users", "Users in the traces, where segments carry one. One user with most of the faults is a lead."),
            ("getAnalyticsUrl", "URLs", "Request URLs. One URL with most of the faults is a lead."),
            ("getAnalyticsStatusCode", "Status codes", "Status of the root request. One status with most of the traces is a lead."),
        ),
    ),
)


def build(kit: Kit) -> Board:
    """A table to pick a service from (one AWS call) and four closed rows; each of their panels costs four calls or more when opened."""
    pick = panels.table(
        _PICK,
        "Pick a service",
        "Every service on the map, most faults first. Click a name to ask for the causes in its traces.",
        [XRayTarget(queryType="getServiceMap")],
        columns=[
            *(column for column in columns.service_nodes(kit.links, kit.traces) if column["matcher"]["options"] != "Name"),
            override(
                "Name",
                ("displayName", "Service"),
                ("links", [kit.links.to("Causes in its traces", "causes", {"svc": filters.service(CELL)})]),
            ),
        ],
        transformations=[
            tf.only_fields("Name", "Type", "Fault", "Error", "Throttled", "Average response time"),
            tf.except_where("Type", "client"),
            tf.arrange(("Name", "Type", "Fault", "Error", "Throttled", "Average response time")),
            tf.sort_by("Fault", descending=True),
        ],
    )
    how = text(
        _HOW,
        "How to use this board",
        "Read once; then open the row whose question you have.",
        "X-Ray finds causes by reading traces, up to 10,000 for each table, so nothing is asked until you open a row.\n\n"
        "1. Set the time range to the incident.\n"
        '2. Pick a service, or leave *Any service*. You may type a filter expression, such as `http.url CONTAINS "/cart"`.\n'
        "3. Open the row with your question. Counts are estimates from the sample; *Of all traces* includes those without a cause.\n\n"
        + _origin_note(kit),
    )
    rows = [section(row(id_, f"{heading} ({_COST})"), _tables(id_, tables)) for id_, heading, tables in _ROWS]
    return kit.board(
        "causes",
        TITLE,
        ANSWERS,
        [band(9, (14, pick), (10, how)), *rows],
        own_variables=[service_filter(kit.config)],
        refreshes=False,
        advice="- **Empty tables**: there was no failed or slow request in the range, or no exception was recorded with it.\n" + CHECK_XRAY,
    )


def _origin_note(kit: Kit) -> str:
    """Which tables fail: the plugin stops at a segment without `origin`, and the collector sends none for segments of the X-Ray SDKs."""
    kubernetes = kit.config.kubernetes
    if kubernetes is not None and kubernetes.agent.kind == "adot":
        return (
            "This bundle's agent is the OpenTelemetry collector: segments of X-Ray SDKs pass it without their `origin`, and then the "
            "*Where …* and *Path* tables show an error sign. Use the message tables, or instrument with OpenTelemetry, whose spans keep it."
        )
    return "An error sign on a *Where …* or *Path* table alone: some segment was sent without `origin`. The message tables still work."


def _tables(row_id: int, tables: tuple[tuple[str, str, str], ...]) -> Band:
    width = 24 // len(tables)
    return band(
        10,
        *(
            (width, draw.cause_table(row_id + index, title, description, query_type, "$svc"))
            for index, (query_type, title, description) in enumerate(tables, start=1)
        ),
    )
