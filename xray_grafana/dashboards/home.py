"""Overview: is anything wrong, and where?"""

from __future__ import annotations

from xray_grafana import contract
from xray_grafana.dashboards import draw, panels
from xray_grafana.dashboards.board import CHECK_LOKI, CHECK_XRAY, Board, Kit
from xray_grafana.dashboards.layout import band, columns
from xray_grafana.dashboards.targets import LokiTarget, XRayTarget
from xray_grafana.loki import logql
from xray_grafana.xray import filters

TITLE = "X-Ray / Overview"
ANSWERS = "Is anything wrong, and where?"

_REQUESTS, _FAULTS, _ERRORS, _THROTTLES, _LATENCY, _ALB = 1, 2, 3, 4, 5, 6
_MAP, _SERVICES, _INSIGHTS, _FAILED, _SLOW = 10, 11, 12, 20, 21


def build(kit: Kit) -> Board:
    """Five numbers, the map, what X-Ray flagged, and the traces to open first; eight AWS calls a load and one more for each group."""
    signals, links = kit.traces, kit.links
    slow = f"{kit.slow_seconds:g}"
    has_logs = kit.config.logs is not None
    numbers = [
        draw.total_stat(_REQUESTS, signals.requests, "Sampled traffic only; zero means tracing stopped, see Pipeline health."),
        draw.ratio_stat(
            _FAULTS,
            signals.faults,
            "When it is not green, open the first row of Services.",
            signals,
            _REQUESTS,
            [links.to_traces("Failed traces", filters.any_service(filters.FAULT))],
        ),
        draw.ratio_stat(
            _ERRORS, signals.errors, "A jump after a release points at a client; compare with the release time.", signals, _REQUESTS
        ),
        draw.ratio_stat(
            _THROTTLES, signals.throttles, "Raise the limit of the service that throttles, or slow its caller.", signals, _REQUESTS
        ),
        draw.latency_stat(
            _LATENCY,
            signals,
            "Percentiles are on the ALB board; look there before you judge."
            if has_logs
            else "One slow call can lift it; look at Slowest traces.",
            _REQUESTS,
        ),
    ]
    if kit.config.logs is not None:
        signal = kit.logs.server_errors
        numbers.append(
            panels.stat(
                _ALB,
                f"ALB {signal.title}",
                f"{signal.meaning}, from every access-log line. Above the fault rate: the load balancer itself fails; open its board.",
                [LokiTarget(expr=logql.server_error_ratio(kit.loki.alb_selector), queryType="instant")],
                unit=signal.unit,
                steps=signal.steps,
                calc="lastNotNull",
                decimals=2,
                links=[links.to("ALB board", "alb", {})],
            )
        )
    widths = [4] * 6 if len(numbers) == 6 else [5, 5, 5, 4, 5]  # noqa: PLR2004 - with and without the ALB's number
    service_map = panels.node_graph(
        _MAP,
        "Service map",
        "Who calls whom. Ring: green fine, yellow errors, red faults, purple throttles. Click a node, then Open its board.",
        [XRayTarget(queryType="getServiceMap")],
        links.on_map(),
    )
    services = draw.nodes_table(
        kit, _SERVICES, "Services", "Every node of the map, most faults first. Click a name for its board.", _MAP, with_type=False
    )
    insights = draw.insights_table(
        _INSIGHTS,
        "Insights",
        "Anomalies that X-Ray itself found. Empty is good, or insights are not enabled on any group; the Insights board has the details.",
        XRayTarget(queryType="getInsights", group=dict(contract.ALL_GROUPS), state="All"),
        narrow=True,
        links=[links.to("All insights", "insights", {})],
    )
    failed = draw.trace_table(
        kit,
        _FAILED,
        "Latest faults",
        "The newest traces with a 5xx anywhere in them. Click an id for its waterfall.",
        draw.find_traces(filters.any_service(filters.FAULT)),
        slowest_first=False,
    )
    slowest = draw.trace_table(
        kit,
        _SLOW,
        "Slowest traces",
        f"Traces of {slow} s or more, longest first. Click an id for its waterfall.",
        draw.find_traces(f"duration >= {slow}"),
        slowest_first=True,
    )
    return kit.board(
        "home",
        TITLE,
        ANSWERS,
        [
            band(4, *zip(widths, numbers, strict=True)),
            columns((14, [(service_map, 17)]), (10, [(services, 10), (insights, 7)])),
            band(9, (12, failed), (12, slowest)),
        ],
        advice=CHECK_XRAY + (CHECK_LOKI if kit.config.logs is not None else ""),
    )
