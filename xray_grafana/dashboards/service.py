"""Service: rate, faults, errors, throttles and latency of one service; its slow and failed traces; its causes."""

from __future__ import annotations

from typing import Final

from xray_grafana.config.models import Config
from xray_grafana.dashboards import draw, panels, variables
from xray_grafana.dashboards.board import CHECK_LOKI, CHECK_XRAY, Board, Kit
from xray_grafana.dashboards.layout import Band, Section, band, section
from xray_grafana.dashboards.panels import row, shared
from xray_grafana.dashboards.targets import LokiTarget, XRayTarget
from xray_grafana.dashboards.variables import Variable
from xray_grafana.loki import logql
from xray_grafana.xray import filters

TITLE = "X-Ray / Service"
ANSWERS = "How is this service: its rate, faults, latency, callers, slow and failed traces, and their causes?"

# Named by alert rules.
REQUESTS_PANEL: Final = 1
RATES_PANEL: Final = 2
LATENCY_PANEL: Final = 3

_CALLERS, _CALLED, _FAILED, _SLOW = 10, 11, 20, 21
_CAUSES_ROW, _FAULT_CAUSES, _ERROR_CAUSES, _SLOW_CAUSES = 30, 31, 32, 33
_EDGE_ROW, _EDGE_REQUESTS, _EDGE_RATES, _EDGE_LATENCY = 40, 41, 42, 43
_ALB_ROW, _ALB_TIMES, _ALB_STATUS = 50, 51, 52
_LOGS_ROW, _LOGS = 60, 61

_SELECTOR: Final = filters.service("$service")


def build(kit: Kit) -> Board:
    """Three charts from one answer, callers and called from a second, two trace lists from a third: three AWS calls a load."""
    signals = kit.traces
    percentiles = (
        "X-Ray has no percentiles here; the load-balancer row has."
        if kit.config.logs is not None
        else "X-Ray has no percentiles; see its traces."
    )
    requests = draw.requests_chart(
        REQUESTS_PANEL, "Requests", "Requests a minute by outcome. A fall to zero: the service or its tracing stopped.", signals, _SELECTOR
    )
    rates = draw.ratios_chart(
        RATES_PANEL,
        "Share of this service's requests by outcome; the dashed line is the fault alert's default limit, this service may have its own. "
        "Above it: open a failed trace.",
        signals,
        REQUESTS_PANEL,
    )
    latency = draw.latency_chart(
        LATENCY_PANEL, f"Mean response time; the dashed line is the alert's default limit. {percentiles}", signals, REQUESTS_PANEL
    )
    callers = draw.edges_table(
        kit,
        _CALLERS,
        "Called by",
        "Who calls this service and how most of it ended. Click a name for its board.",
        XRayTarget(queryType="getServiceMap"),
        keep=("targetName", "$service"),
    )
    called = draw.edges_table(
        kit,
        _CALLED,
        "Calls",
        "What this service calls and how most of it ended. Click a name for its board.",
        shared(_CALLERS)[0],
        keep=("sourceName", "$service"),
    )
    failed = draw.trace_table(
        kit,
        _FAILED,
        "Failed or slow traces",
        "Traces in which this service answered 5xx or took longer than Slow is, newest first. Click an id for its waterfall.",
        draw.find_traces(filters.service("$service", f"{filters.FAULT} OR responsetime >= $slow")),
        slowest_first=False,
    )
    slow = draw.trace_table(
        kit,
        _SLOW,
        "Slowest of them",
        "The same traces, longest first. Click an id for its waterfall.",
        shared(_FAILED)[0],
        slowest_first=True,
    )
    layout: list[Band | Section] = [
        band(8, (8, requests), (8, rates), (8, latency)),
        band(6, (12, callers), (12, called)),
        band(9, (12, failed), (12, slow)),
        _causes(),
    ]
    own = [service_variable(kit.config), _slow_variable(kit.config)]
    if edge := _edge_variable(kit.config):
        own.append(edge)
        layout.append(_edges(kit))
    if kit.config.logs is not None:
        layout += [_load_balancer(kit), _logs(kit)]
    return kit.board(
        "service",
        TITLE,
        ANSWERS,
        layout,
        own_variables=own,
        advice=(
            "- **Everything empty**: X-Ray compares names exactly, upper and lower case too. Copy the name from the map; you can type one "
            "that is not in the list.\n"
        )
        + CHECK_XRAY
        + (CHECK_LOKI if kit.config.logs is not None else ""),
    )


def service_variable(config: Config) -> Variable:
    """The services of the config; any other name may be typed."""
    description = "Name of the service on the X-Ray map; type any other"
    if not config.services:
        return variables.text_box("service", "Service", "Name of the service on the X-Ray map")
    return variables.choice(
        "service", "Service", description, [(service.name, service.name) for service in config.services], free_text=True
    )


def _slow_variable(config: Config) -> Variable:
    """Limits for the list of slow traces: usual ones and those of the config, the default of the alerts chosen at first."""
    own = {service.slow_seconds for service in config.services if service.slow_seconds is not None}
    default = config.alerts.latency_seconds
    limits = sorted({0.1, 0.5, 1.0, 3.0, default, *own})
    description = "From which response time on a request counts as slow"
    return variables.choice(
        "slow", "Slow is", description, [_seconds(limit) for limit in limits], free_text=True, chosen=limits.index(default)
    )


def _seconds(seconds: float) -> tuple[str, str]:
    shown = f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1000:g} ms"
    return shown, f"{seconds:g}"


def _edge_variable(config: Config) -> Variable | None:
    calls = [(f"{service.name} → {called}", filters.edge(service.name, called)) for service in config.services for called in service.edges]
    if not calls:
        return None
    return variables.choice("edge", "Call", "One call from service to service, charted in the row Calls", calls, free_text=False)


def _causes() -> Section:
    def cause(id_: int, title: str, description: str, query_type: str) -> object:
        return draw.cause_table(id_, title, description, query_type, _SELECTOR)

    return section(
        row(_CAUSES_ROW, "Root causes (opening this row scans up to 10,000 traces a panel; billed by the trace)"),
        band(
            9,
            (
                8,
                cause(
                    _FAULT_CAUSES,
                    "Fault message",
                    "Exception that ended requests with 5xx. The Root causes board goes deeper.",
                    "getAnalyticsRootCauseFaultMessage",
                ),
            ),
            (
                8,
                cause(
                    _ERROR_CAUSES,
                    "Error message",
                    "Exception that ended requests with 4xx. The Root causes board goes deeper.",
                    "getAnalyticsRootCauseErrorMessage",
                ),
            ),
            (
                8,
                cause(
                    _SLOW_CAUSES,
                    "Where the time went",
                    "The service that took most of the response time. An error sign here: some segment has no origin, see the runbook.",
                    "getAnalyticsRootCauseResponseTimeService",
                ),
            ),
        ),
    )


def _edges(kit: Kit) -> Section:
    signals = kit.traces
    requests = draw.requests_chart(
        _EDGE_REQUESTS,
        "Calls: $edge",
        "Calls a minute on this edge, as the caller saw them. Compare with the called service's own board.",
        signals,
        "$edge",
    )
    rates = draw.ratios_chart(
        _EDGE_RATES, "Share of these calls by outcome. Bad here and fine on the called board: the way between.", signals, _EDGE_REQUESTS
    )
    latency = draw.latency_chart(
        _EDGE_LATENCY,
        "Mean time of these calls, as the caller saw them. Longer than on the called board: the way between.",
        signals,
        _EDGE_REQUESTS,
    )
    return section(row(_EDGE_ROW, "Calls from service to service"), band(8, (8, requests), (8, rates), (8, latency)))


def _load_balancer(kit: Kit) -> Section:
    selector = logql.of_service(kit.loki.alb_selector, "$service")
    signal = kit.logs.p99
    times = draw.quantiles_chart(
        _ALB_TIMES,
        "Target time at the load balancer",
        "How long this service took, from every access-log line. Empty: no load balancer, or its lines have another service_name.",
        lambda quantile: logql.processing_time_quantile(selector, quantile),
        signal.steps,
    )
    status = panels.time_series(
        _ALB_STATUS,
        "Answers at the load balancer",
        "Answers a second by status, from every access-log line. 5xx here but no faults above: requests that never reached the service.",
        [LokiTarget(expr=logql.requests_by_status(selector), legendFormat="{{status}}")],
        unit="reqps",
        stacked=True,
    )
    return section(row(_ALB_ROW, "At the load balancer"), band(8, (12, times), (12, status)))


def _logs(kit: Kit) -> Section:
    targets = [LokiTarget(refId="A", expr=kit.loki.application_selector, maxLines=200)]
    special = [service for service in kit.config.services if service.log_selector is not None]
    targets += [
        LokiTarget(refId=f"B{index}", expr=logql.lines_when(service.log_selector or "", "${service}", service.name), maxLines=200)
        for index, service in enumerate(special)
    ]
    lines = panels.logs(_LOGS, "Application log", "Lines of this service, newest first. Open a line: a trace id in it is a link.", targets)
    return section(row(_LOGS_ROW, "Logs", collapsed=False), band(10, (24, lines)))
