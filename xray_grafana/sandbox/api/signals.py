"""The lists of Application Signals, derived from the same traces: services, their operations and what they depend on.

An operation has references to the metrics that CloudWatch would keep of it (LATENCY, FAULT, ERROR); there are no metrics here to follow
them to. Objectives are not derived: that list is empty. Source: botocore service model of application-signals; names and keys after the
CloudWatch User Guide, "Metrics collected by Application Signals".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.paging import sized_page
from xray_grafana.sandbox.api.request import text, time_range, unreadable, whole
from xray_grafana.sandbox.facts.facts import Node
from xray_grafana.sandbox.store.call_rollups import Call, calls_between

NAMESPACE: Final = "ApplicationSignals"
METRICS: Final = ("Latency", "Fault", "Error")
_MOST: Final = 100
_MOST_OBJECTIVES: Final = 50
_MOST_KEYS: Final = 4
# What the agents write before a service's environment, by the origin of its segments.
_PLATFORMS: Final = (
    ("AWS::EKS::", "eks"),
    ("AWS::ECS::", "ecs"),
    ("AWS::EC2::", "ec2"),
    ("AWS::Lambda", "lambda"),
    ("AWS::ElasticBeanstalk::", "elastic-beanstalk"),
)


def list_services(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """ListServices."""
    window = time_range(request, None)
    with context.store.reading() as connection:
        calls = calls_between(connection, window.start, window.end)
    if request.get("AwsAccountId") not in {None, context.account}:
        calls = set()
    services = sorted({_service_keys(call.service) for call in calls})
    summaries = [{"KeyAttributes": dict(keys), "AttributeMaps": [], "MetricReferences": []} for keys in services]
    return {"StartTime": window.start, "EndTime": window.end, **_paged(request, "ServiceSummaries", summaries)}


def list_service_operations(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """ListServiceOperations, of the service that `KeyAttributes` names."""
    window = time_range(request, None)
    keys = _asked_for(request)
    with context.store.reading() as connection:
        calls = calls_between(connection, window.start, window.end)
    offered = sorted({(_service_keys(call.service), call.operation) for call in calls if _is_meant(call, keys)})
    operations = [
        {"Name": name, "MetricReferences": _references(context, {**_dimensions(dict(service)), "Operation": name})}
        for service, name in offered
    ]
    return {"StartTime": window.start, "EndTime": window.end, **_paged(request, "ServiceOperations", operations)}


def list_service_dependencies(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """ListServiceDependencies, of the service that `KeyAttributes` names."""
    window = time_range(request, None)
    keys = _asked_for(request)
    with context.store.reading() as connection:
        calls = calls_between(connection, window.start, window.end)
    made = sorted(
        {
            (
                _service_keys(call.service),
                call.operation,
                _dependency_keys(call.dependency, inferred=call.inferred),
                call.dependency_operation,
            )
            for call in calls
            if call.dependency is not None and _is_meant(call, keys)
        }
    )
    dependencies = [_dependency(context, *each) for each in made]
    return {"StartTime": window.start, "EndTime": window.end, **_paged(request, "ServiceDependencies", dependencies)}


def list_service_level_objectives(_: Context, request: dict[str, Any]) -> dict[str, Any]:
    """ListServiceLevelObjectives: none. An empty OperationName is refused, as the service model has it."""
    text(request, "OperationName")
    whole(request, "MaxResults", least=1, most=_MOST_OBJECTIVES)
    return {"SloSummaries": [], "NextToken": None}


_Keys = tuple[tuple[str, str], ...]


def _asked_for(request: Mapping[str, Any]) -> dict[str, str]:
    keys = request.get("KeyAttributes")
    if not isinstance(keys, dict):
        raise unreadable("KeyAttributes")
    if not 1 <= len(keys) <= _MOST_KEYS or not {"Type", "Name", "Environment"} <= set(keys):
        shown = json.dumps(keys, ensure_ascii=False)
        raise ApiError(f"KeyAttributes needs Type, Name and Environment, got {shown}", name="ValidationException", framework=True)
    return {str(name): str(value) for name, value in keys.items()}


def _is_meant(call: Call, keys: Mapping[str, str]) -> bool:
    own = dict(_service_keys(call.service))
    return all(own[name] == keys[name] for name in own)


def _service_keys(service: Node) -> _Keys:
    origin = service.type or ""
    platform = next((platform for prefix, platform in _PLATFORMS if origin.startswith(prefix)), "generic")
    return ("Type", "Service"), ("Name", service.name), ("Environment", f"{platform}:default")


def _dependency_keys(dependency: Node, *, inferred: bool) -> _Keys:
    """A service that sent segments is a Service; of what was inferred, a resource of AWS has its type, an AWS service its name."""
    kind = dependency.type or ""
    if not inferred:
        return _service_keys(dependency)
    if kind == f"AWS::{dependency.name}":
        return ("Type", "AWS::Service"), ("Name", kind)
    if kind.startswith("AWS::"):
        return ("Type", "AWS::Resource"), ("ResourceType", kind), ("Identifier", dependency.name)
    return ("Type", "RemoteService"), ("Name", dependency.name)


def _dependency(context: Context, service: _Keys, operation: str, dependency: _Keys, remote: str) -> dict[str, Any]:
    keys = dict(dependency)
    name = keys.get("Name", keys.get("Identifier", ""))
    dimensions = {**_dimensions(dict(service)), "Operation": operation, "RemoteService": name, "RemoteOperation": remote}
    return {
        "OperationName": operation,
        "DependencyKeyAttributes": keys,
        "DependencyOperationName": remote,
        "MetricReferences": _references(context, dimensions),
    }


def _dimensions(service: Mapping[str, str]) -> dict[str, str]:
    return {"Environment": service["Environment"], "Service": service["Name"]}


def _references(context: Context, dimensions: Mapping[str, str]) -> list[dict[str, Any]]:
    listed = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return [
        {
            "Namespace": NAMESPACE,
            "MetricType": metric.upper(),
            "Dimensions": listed,
            "MetricName": metric,
            "AccountId": context.account,
        }
        for metric in METRICS
    ]


def _paged(request: Mapping[str, Any], member: str, everything: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    asked = sized_page(request, _MOST)
    return {member: asked.of(everything), "NextToken": asked.token(everything)}
