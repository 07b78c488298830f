"""Every operation of X-Ray's API, and those of Application Signals that the Grafana plugin calls: how it is reached, who answers, how much
of it is there. The transport asks here what a request is for; docs/sandbox.md shows the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from xray_grafana.sandbox.api import graph, groups, insights, put, signals, statistics, summaries, tags, traces
from xray_grafana.sandbox.api import sampling as sampling_calls
from xray_grafana.sandbox.api.context import Handler
from xray_grafana.sandbox.api.errors import ApiError


class Operation(NamedTuple):
    """What is not covered has no handler.

    missing  what is not covered of an operation that is
    settles  it waits until what was put before can be read: all but those that have nothing to do with it. The calls that manage groups
             wait, as a trace belongs to the groups that there were when it came
    """

    name: str
    method: str
    path: str
    handler: Handler | None
    missing: str | None = None
    settles: bool = True

    @property
    def coverage(self) -> Literal["covered", "partly", "not"]:
        """How much of it there is."""
        if self.handler is None:
            return "not"
        return "covered" if self.missing is None else "partly"


def _xray(name: str, path: str, handler: Handler | None, missing: str | None = None, *, settles: bool = True) -> Operation:
    return Operation(name, "POST", path, handler, missing, settles)


# Names, methods and paths: botocore service models xray and application-signals.
XRAY_OPERATIONS: Final = (
    _xray("BatchGetTraces", "/Traces", traces.batch_get_traces),
    _xray("CancelTraceRetrieval", "/CancelTraceRetrieval", None),
    _xray("CreateGroup", "/CreateGroup", groups.create_group),
    _xray("CreateSamplingRule", "/CreateSamplingRule", sampling_calls.create_sampling_rule, settles=False),
    _xray("DeleteGroup", "/DeleteGroup", groups.delete_group),
    _xray("DeleteResourcePolicy", "/DeleteResourcePolicy", None),
    _xray("DeleteSamplingRule", "/DeleteSamplingRule", sampling_calls.delete_sampling_rule, settles=False),
    _xray("GetEncryptionConfig", "/EncryptionConfig", None),
    _xray("GetGroup", "/GetGroup", groups.get_group),
    _xray("GetGroups", "/Groups", groups.get_groups),
    _xray("GetIndexingRules", "/GetIndexingRules", None),
    _xray("GetInsight", "/Insight", insights.get_insight, "found by a plain rule of fault shares, not by X-Ray's model"),
    _xray("GetInsightEvents", "/InsightEvents", insights.get_insight_events, "when a service began to fail, and the end"),
    _xray("GetInsightImpactGraph", "/InsightImpactGraph", insights.get_insight_impact_graph, "the failing services and their callers"),
    _xray(
        "GetInsightSummaries",
        "/InsightSummaries",
        insights.get_insight_summaries,
        "found by a plain rule of fault shares, not by X-Ray's model",
    ),
    _xray("GetRetrievedTracesGraph", "/GetRetrievedTracesGraph", None),
    _xray("GetSamplingRules", "/GetSamplingRules", sampling_calls.get_sampling_rules, settles=False),
    _xray(
        "GetSamplingStatisticSummaries",
        "/SamplingStatisticSummaries",
        sampling_calls.get_sampling_statistic_summaries,
        settles=False,
    ),
    _xray("GetSamplingTargets", "/SamplingTargets", sampling_calls.get_sampling_targets, settles=False),
    _xray("GetServiceGraph", "/ServiceGraph", graph.get_service_graph, "a window counts whole minutes, a histogram is within 2.5%"),
    _xray(
        "GetTimeSeriesServiceStatistics",
        "/TimeSeriesServiceStatistics",
        statistics.get_time_series_service_statistics,
        "no forecasts, as X-Ray has none without insights",
    ),
    _xray("GetTraceGraph", "/TraceGraph", graph.get_trace_graph),
    _xray("GetTraceSegmentDestination", "/GetTraceSegmentDestination", None),
    _xray("GetTraceSummaries", "/TraceSummaries", summaries.get_trace_summaries),
    _xray("ListResourcePolicies", "/ListResourcePolicies", None),
    _xray("ListRetrievedTraces", "/ListRetrievedTraces", None),
    _xray("ListTagsForResource", "/ListTagsForResource", tags.list_tags_for_resource),
    _xray("PutEncryptionConfig", "/PutEncryptionConfig", None),
    _xray("PutResourcePolicy", "/PutResourcePolicy", None),
    _xray("PutTelemetryRecords", "/TelemetryRecords", put.put_telemetry_records, "records are accepted and not kept", settles=False),
    _xray("PutTraceSegments", "/TraceSegments", put.put_trace_segments, settles=False),
    _xray("StartTraceRetrieval", "/StartTraceRetrieval", None),
    _xray("TagResource", "/TagResource", tags.tag_resource, settles=False),
    _xray("UntagResource", "/UntagResource", tags.untag_resource, settles=False),
    _xray("UpdateGroup", "/UpdateGroup", groups.update_group),
    _xray("UpdateIndexingRule", "/UpdateIndexingRule", None),
    _xray("UpdateSamplingRule", "/UpdateSamplingRule", sampling_calls.update_sampling_rule, settles=False),
    _xray("UpdateTraceSegmentDestination", "/UpdateTraceSegmentDestination", None),
)
SIGNALS_OPERATIONS: Final = (
    Operation("ListServices", "GET", "/services", signals.list_services, "one account, no attribute maps or service groups"),
    Operation("ListServiceOperations", "POST", "/service-operations", signals.list_service_operations, "the metrics named are not kept"),
    Operation(
        "ListServiceDependencies",
        "POST",
        "/service-dependencies",
        signals.list_service_dependencies,
        "the metrics named are not kept",
    ),
    Operation("ListServiceLevelObjectives", "POST", "/slos", signals.list_service_level_objectives, "there are none"),
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
