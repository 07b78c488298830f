"""Application Signals: services, operations, dependencies, SLOs."""

from __future__ import annotations

from typing import Final

from xray_grafana.config.models import cloudwatch_uid
from xray_grafana.dashboards import panels, variables
from xray_grafana.dashboards import transformations as tf
from xray_grafana.dashboards.board import CHECK_XRAY, Board, Kit
from xray_grafana.dashboards.columns import HIDDEN
from xray_grafana.dashboards.layout import Band, Layout, band
from xray_grafana.dashboards.panels import colour, override
from xray_grafana.dashboards.targets import CloudWatchTarget, ServicesTarget
from xray_grafana.dashboards.thresholds import GREEN, ORANGE, RED, YELLOW, worsening

TITLE = "Application Signals"
ANSWERS = "Which services, operations, dependencies and objectives does Application Signals know?"

_SERVICES, _OPERATIONS, _DEPENDENCIES, _OBJECTIVES = 1, 2, 3, 4
_LATENCY, _FAULTS = 10, 11

_SERVICE: Final = "$appservice"
_METRICS: Final = '{ApplicationSignals,Environment,Operation,Service} Service="${appservice:text}" Operation="$operation"'


def build(kit: Kit) -> Board:
    """Four tables and two variables, each one AWS call; with CloudWatch two charts more."""
    services = panels.table(
        _SERVICES,
        "Services",
        "Every service that reported in the range. Click a name to see its operations.",
        [ServicesTarget(serviceQueryType="listServices")],
        columns=[
            override(
                "Name",
                ("links", [kit.links.to("Show this service", "slo", {"appservice": "${__data.fields.KeyAttributes:percentencode}"})]),
            ),
            override("Environment", ("custom.width", 200)),
            override("PlatformType", ("displayName", "Platform"), ("custom.width", 120)),
            override("Namespace", ("custom.width", 130)),
            override("Workload", ("custom.width", 150)),
            override("Telemetry.Source", ("displayName", "Found by"), ("custom.width", 130)),
            override("KeyAttributes", HIDDEN),
        ],
        transformations=[
            tf.only_fields("Name", "Environment", "PlatformType", "Namespace", "Workload", "Telemetry.Source", "KeyAttributes"),
            tf.arrange(("Name", "Environment", "PlatformType", "Namespace", "Workload", "Telemetry.Source", "KeyAttributes")),
        ],
    )
    operations = panels.table(
        _OPERATIONS,
        "Operations",
        "Operations of the chosen service and the metrics each has. Choose one above for its objectives.",
        [ServicesTarget(serviceQueryType="listServiceOperations", service=_SERVICE)],
        columns=[
            override("MetricName", ("displayName", "Metric"), ("custom.width", 90)),
            override("MetricType", ("displayName", "Kind"), ("custom.width", 90)),
        ],
        transformations=[tf.only_fields("Name", "MetricName", "MetricType")],
    )
    dependencies = panels.table(
        _DEPENDENCIES,
        "Dependencies",
        "What the chosen service calls, by its own operation. A dependency you did not expect is worth a look.",
        [ServicesTarget(serviceQueryType="listServiceDependencies", service=_SERVICE)],
        columns=[
            override("OperationName", ("displayName", "Operation"), ("custom.width", 150)),
            override("DependencyKeyAttributes", ("displayName", "Dependency")),
            override("DependencyOperationName", ("displayName", "Its operation"), ("custom.width", 120)),
            override("MetricName", ("displayName", "Metric"), ("custom.width", 80)),
        ],
        transformations=[tf.only_fields("OperationName", "DependencyKeyAttributes", "DependencyOperationName", "MetricName")],
    )
    objectives = panels.table(
        _OBJECTIVES,
        "Objectives",
        "Objectives of the chosen operation. Their attainment is not in this API; open the SLO in the AWS console for it.",
        [ServicesTarget(serviceQueryType="listServiceLevelObjectives", service=_SERVICE, operation="$operation")],
        columns=[
            override("CreatedTime", ("displayName", "Created"), ("custom.width", 180)),
            override("OperationName", ("displayName", "Operation"), ("custom.width", 260)),
        ],
        transformations=[tf.only_fields("Name", "OperationName", "CreatedTime")],
    )
    own = [variables.services_query("appservice", "Service"), variables.operations_query("operation", "Operation", _SERVICE)]
    layout: Layout = [band(8, (24, services)), band(9, (12, operations), (12, dependencies)), band(6, (24, objectives))]
    if kit.config.cloudwatch.enabled:
        first = kit.config.xray.sources[0]
        own.insert(0, variables.cloudwatch(f"{first.name} CloudWatch", cloudwatch_uid(first)))
        layout = [layout[0], _metrics(), *layout[1:]]
    return kit.board(
        "slo",
        TITLE,
        ANSWERS,
        layout,
        own_variables=own,
        advice="- **No services**: Application Signals is off in this region, or nothing sends to it; X-Ray traces alone are not enough.\n"
        + CHECK_XRAY,
    )


def _metrics() -> Band:
    def search(metric: str, statistic: str) -> str:
        return f"SEARCH('{_METRICS} MetricName=\"{metric}\"', '{statistic}', 60)"

    latency = panels.time_series(
        _LATENCY,
        "Latency of the operation",
        "Percentiles of the chosen operation, from the CloudWatch source chosen above; it must be that of the X-Ray source. "
        "p99 far above p50: look for slow traces.",
        [CloudWatchTarget(refId=name.upper(), expression=search("Latency", name), label=name) for name in ("p50", "p90", "p99")],
        unit="ms",
        overrides=[colour("p50", GREEN), colour("p90", YELLOW), colour("p99", ORANGE)],
    )
    faults = panels.time_series(
        _FAULTS,
        "Faults and errors of the operation",
        "Share of the chosen operation's requests that failed, from the CloudWatch source chosen above. Rising: open the service's board.",
        [
            CloudWatchTarget(refId="FAULT", expression=search("Fault", "Average"), label="Faults (5xx)"),
            CloudWatchTarget(refId="ERROR", expression=search("Error", "Average"), label="Errors (4xx)"),
        ],
        unit="percentunit",
        steps=worsening(0.01, 0.05),
        overrides=[colour("Faults (5xx)", RED), colour("Errors (4xx)", YELLOW)],
    )
    return band(8, (12, latency), (12, faults))
