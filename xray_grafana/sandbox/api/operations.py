"""Every operation of X-Ray's API, and those of Application Signals that the Grafana plugin calls: how it is reached, who answers, how much
of it is there. The transport asks here what a request is for; docs/sandbox.md shows the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, NamedTuple

from xray_grafana.sandbox.api import graph, groups, insights, put, signals, statistics, summaries, tags, traces
from xray_grafana.sandbox.api import sampling as sampling_calls
from xray_grafana.sandbox.api.context import Handler
from xray_grafana.sandbox.api.errors import ApiError

COVERED: Final = "covered"
NOT_COVERED: Final = "not"


class Operation(NamedTuple):
    """`coverage` is "covered", "partly: what is missing" or "not"; what is not covered has no handler."""

    name: str
    method: str
    path: str
    handler: Handler | None
    coverage: str


def _xray(name: str, path: str, handler: Handler | None, coverage: str = COVERED) -> Operation:
    return Operation(name, "POST", path, handler, coverage)


# Names, methods and paths: botocore service models xray and application-signals.
XRAY_OPERATIONS: Final = (
    _xray("BatchGetTraces", "/Traces", traces.batch_get_traces),
    _xray("CancelTraceRetrieval", "/CancelTraceRetrieval", None, NOT_COVERED),
    _xray("CreateGroup", "/CreateGroup", groups.create_group),
    _xray("CreateSamplingRule", "/CreateSamplingRule", sampling_calls.create_sampling_rule),
    _xray("DeleteGroup", "/DeleteGroup", groups.delete_group),
    _xray("DeleteResourcePolicy", "/DeleteResourcePolicy", None, NOT_COVERED),
    _xray("DeleteSamplingRule", "/DeleteSamplingRule", sampling_calls.delete_sampling_rule),
    _xray("GetEncryptionConfig", "/EncryptionConfig", None, NOT_COVERED),
    _xray("GetGroup", "/GetGroup", groups.get_group),
    _xray("GetGroups", "/Groups", groups.get_groups),
    _xray("GetIndexingRules", "/GetIndexingRules", None, NOT_COVERED),
    _xray("GetInsight", "/Insight", insights.get_insight, "partly: found by a plain rule of fault shares, not by X-Ray's model"),
    _xray("GetInsightEvents", "/InsightEvents", insights.get_insight_events, "partly: when a service began to fail, and the end"),
    _xray(
        "GetInsightImpactGraph", "/InsightImpactGraph", insights.get_insight_impact_graph, "partly: the failing services and their callers"
    ),
    _xray(
        "GetInsightSummaries",
        "/InsightSummaries",
        insights.get_insight_summaries,
        "partly: found by a plain rule of fault shares, not by X-Ray's model",
    ),
    _xray("GetRetrievedTracesGraph", "/GetRetrievedTracesGraph", None, NOT_COVERED),
    _xray("GetSamplingRules", "/GetSamplingRules", sampling_calls.get_sampling_rules),
    _xray(
        "GetSamplingStatisticSummaries",
        "/SamplingStatisticSummaries",
        sampling_calls.get_sampling_statistic_summaries,
    ),
    _xray("GetSamplingTargets", "/SamplingTargets", sampling_calls.get_sampling_targets),
    _xray("GetServiceGraph", "/ServiceGraph", graph.get_service_graph, "partly: a window counts whole minutes, a histogram is within 2.5%"),
    _xray(
        "GetTimeSeriesServiceStatistics",
        "/TimeSeriesServiceStatistics",
        statistics.get_time_series_service_statistics,
        "partly: no forecasts, as X-Ray has none without insights",
    ),
    _xray("GetTraceGraph", "/TraceGraph", graph.get_trace_graph),
    _xray("GetTraceSegmentDestination", "/GetTraceSegmentDestination", None, NOT_COVERED),
    _xray("GetTraceSummaries", "/TraceSummaries", summaries.get_trace_summaries),
    _xray("ListResourcePolicies", "/ListResourcePolicies", None, NOT_COVERED),
    _xray("ListRetrievedTraces", "/ListRetrievedTraces", None, NOT_COVERED),
    _xray("ListTagsForResource", "/ListTagsForResource", tags.list_tags_for_resource),
    _xray("PutEncryptionConfig", "/PutEncryptionConfig", None, NOT_COVERED),
    _xray("PutResourcePolicy", "/PutResourcePolicy", None, NOT_COVERED),
    _xray("PutTelemetryRecords", "/TelemetryRecords", put.put_telemetry_records, "partly: records are accepted and not kept"),
    _xray("PutTraceSegments", "/TraceSegments", put.put_trace_segments),
    _xray("StartTraceRetrieval", "/StartTraceRetrieval", None, NOT_COVERED),
    _xray("TagResource", "/TagResource", tags.tag_resource),
    _xray("UntagResource", "/UntagResource", tags.untag_resource),
    _xray("UpdateGroup", "/UpdateGroup", groups.update_group),
    _xray("UpdateIndexingRule", "/UpdateIndexingRule", None, NOT_COVERED),
    _xray("UpdateSamplingRule", "/UpdateSamplingRule", sampling_calls.update_sampling_rule),
    _xray("UpdateTraceSegmentDestination", "/UpdateTraceSegmentDestination", None, NOT_COVERED),
)
SIGNALS_OPERATIONS: Final = (
    Operation("ListServices", "GET", "/services", signals.list_services, "partly: one account, no attribute maps or service groups"),
    Operation(
        "ListServiceOperations", "POST", "/service-operations", signals.list_service_operations, "partly: the metrics named are not kept"
    ),
    Operation(
        "ListServiceDependencies",
        "POST",
        "/service-dependencies",
        signals.list_service_dependencies,
        "partly: the metrics named are not kept",
    ),
    Operation("ListServiceLevelObjectives", "POST", "/slos", signals.list_service_level_objectives, "partly: there are none"),
)
OPERATIONS: Final = XRAY_OPERATIONS + SIGNALS_OPERATIONS

_BY_REQUEST: Final[Mapping[tuple[str, str], Operation]] = MappingProxyType({(each.method, each.path): each for each in OPERATIONS})


def find(method: str, path: str) -> Operation | None:
    """The operation of a request line; None when there is none."""
    return _BY_REQUEST.get((method, path))


def not_covered(operation: Operation) -> ApiError:
    """What an operation without a handler answers."""
    names = ", ".join(each.name for each in OPERATIONS if each.handler is not None)
    return ApiError(f"{operation.name} is not covered by this sandbox. It covers: {names}", name="UnknownOperationException")


def no_such_path(method: str, path: str) -> ApiError:
    """What a request answers that is for no operation. X-Ray itself says it with status 200; 404 is seen sooner."""
    paths = ", ".join(f"{each.method} {each.path}" for each in OPERATIONS if each.handler is not None)
    return ApiError(
        f"No operation has the path {method} {path}. Paths are: {paths}", name="UnknownOperationException", status=HTTPStatus.NOT_FOUND
    )
