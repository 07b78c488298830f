"""What is watched, said once: name, meaning, unit, query and thresholds of each figure.

A signal is drawn as a single number, a line in a chart or a table column; all take their words, unit and colours here, and the colours
change where the alert rules of the same config fire.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from xray_grafana import contract
from xray_grafana.config.models import Alerts
from xray_grafana.dashboards.thresholds import Steps, improving, plain, worsening

REQUESTS_COLUMN: Final = "TotalCount"
FAULTS_COLUMN: Final = "FaultStatistics.TotalCount"
ERRORS_COLUMN: Final = "ErrorStatistics.TotalCount"
THROTTLES_COLUMN: Final = "ErrorStatistics.ThrottleCount"
AVERAGE_COLUMN: Final = "Computed.AverageResponseTime"

# What one statistics query asks for, so that every chart of a board can share its answer.
ALL_COLUMNS: Final = (REQUESTS_COLUMN, FAULTS_COLUMN, ERRORS_COLUMN, THROTTLES_COLUMN, AVERAGE_COLUMN)


@dataclass(frozen=True, slots=True)
class TraceSignal:
    """A figure from X-Ray's trace statistics: one column, or a column as a share of the requests."""

    title: str
    plural: str
    meaning: str
    column: str
    unit: str
    steps: Steps

    @property
    def field(self) -> str:
        """Name of the field that the column comes back as."""
        return contract.STATISTICS_FIELDS[self.column]


@dataclass(frozen=True, slots=True)
class TraceSignals:
    """The figures of trace statistics, with the thresholds of a config."""

    requests: TraceSignal
    faults: TraceSignal
    errors: TraceSignal
    throttles: TraceSignal
    latency: TraceSignal


def trace_signals(alerts: Alerts) -> TraceSignals:
    """Signals whose red begins where the alert begins, and whose yellow begins at a fifth of it (latency: at half)."""
    return TraceSignals(
        requests=TraceSignal(
            title="Requests",
            plural="All",
            meaning="Requests that X-Ray recorded",
            column=REQUESTS_COLUMN,
            unit="short",
            steps=plain(),
        ),
        faults=TraceSignal(
            title="Fault rate",
            plural="Faults (5xx)",
            meaning="Share of requests that ended in a fault (5xx)",
            column=FAULTS_COLUMN,
            unit="percentunit",
            steps=worsening(alerts.fault_ratio / 5, alerts.fault_ratio),
        ),
        errors=TraceSignal(
            title="Error rate",
            plural="Errors (4xx)",
            meaning="Share of requests that ended in an error (4xx)",
            column=ERRORS_COLUMN,
            unit="percentunit",
            steps=worsening(0.05, 0.15),
        ),
        throttles=TraceSignal(
            title="Throttle rate",
            plural="Throttles (429)",
            meaning="Share of requests that were throttled (429)",
            column=THROTTLES_COLUMN,
            unit="percentunit",
            steps=worsening(alerts.throttle_ratio / 5, alerts.throttle_ratio),
        ),
        latency=TraceSignal(
            title="Average response time",
            plural="Average",
            meaning="Mean response time over all requests",
            column=AVERAGE_COLUMN,
            unit="s",
            steps=worsening(alerts.latency_seconds / 2, alerts.latency_seconds),
        ),
    )


@dataclass(frozen=True, slots=True)
class LogSignal:
    """A figure from access-log lines; its query is a function of `loki.logql`."""

    title: str
    meaning: str
    unit: str
    steps: Steps


@dataclass(frozen=True, slots=True)
class LogSignals:
    """The figures of access-log lines, with the thresholds of a config."""

    requests: LogSignal
    server_errors: LogSignal
    p99: LogSignal
    traced: LogSignal
    received: LogSignal


def log_signals(alerts: Alerts) -> LogSignals:
    """Signals whose red begins where the alert begins."""
    missing = alerts.alb_missing_trace_ratio
    return LogSignals(
        requests=LogSignal("Requests", "Requests a second that load balancers answered; every request, not a sample", "reqps", plain()),
        server_errors=LogSignal(
            "5xx rate",
            "Share of load-balancer answers that were 5xx",
            "percentunit",
            worsening(alerts.alb_5xx_ratio / 5, alerts.alb_5xx_ratio),
        ),
        p99=LogSignal(
            "p99 target time",
            "99th percentile of the time that targets took; every request, not a sample",
            "s",
            worsening(alerts.alb_p99_seconds / 2, alerts.alb_p99_seconds),
        ),
        traced=LogSignal(
            "With a trace id",
            "Share of access-log lines with a usable X-Ray trace id",
            "percentunit",
            improving(1 - missing, 1 - missing / 5),
        ),
        received=LogSignal("Received", "Bytes that clients sent, headers included", "bytes", plain()),
    )
