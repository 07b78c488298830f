"""The facts of a trace as a member of GetTraceSummaries' answer: every member is there, with null for what is not known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from xray_grafana.sandbox.facts.facts import AnnotationValue, Cause, CauseService, Node, TraceFacts


def summary_of(facts: TraceFacts) -> dict[str, Any]:
    """A `TraceSummary`. Times are seconds since 1970, durations seconds. Source of the form: captured answers of X-Ray.

    `Type` and exception names inside root causes are "" where X-Ray sends null: the Grafana plugin reads them unasked and panics on null.
    """
    root = None if facts.root is None else facts.visits[facts.root]
    http = None if root is None else root.http
    return {
        "Id": facts.id,
        "StartTime": facts.start,
        "Duration": facts.duration,
        "ResponseTime": facts.response_seconds,
        "HasFault": root is not None and root.fault,
        "HasError": root is not None and root.error,
        "HasThrottle": root is not None and root.throttle,
        "IsPartial": facts.partial,
        "Http": {
            "HttpURL": None if http is None else http.url,
            "HttpStatus": None if http is None else http.status,
            "HttpMethod": None if http is None else http.method,
            "UserAgent": None if http is None else http.user_agent,
            "ClientIp": None if http is None else http.client_ip,
        },
        "Annotations": _annotations(facts),
        "Users": [{"UserName": name, "ServiceIds": None} for name in dict.fromkeys(user.name for user in facts.users)],
        "ServiceIds": [service_id(node) for node in dict.fromkeys(visit.node for visit in facts.visits)],
        "ResourceARNs": [{"ARN": arn} for arn in facts.resource_arns],
        "InstanceIds": [{"Id": instance_id} for instance_id in facts.instance_ids],
        "AvailabilityZones": [{"Name": zone} for zone in facts.zones],
        "EntryPoint": None if root is None else service_id(root.node),
        "FaultRootCauses": _failures(facts.fault_causes),
        "ErrorRootCauses": _failures(facts.error_causes),
        "ResponseTimeRootCauses": _delays(facts.response_time_causes),
        "Revision": None,
        "MatchedEventTime": None,
        "MatchedService": None,
        "MatchedEdge": None,
    }


def service_id(node: Node) -> dict[str, Any]:
    """A `ServiceId`."""
    return {"Name": node.name, "Names": [node.name], "AccountId": node.account, "Type": node.type}


def _annotations(facts: TraceFacts) -> dict[str, list[dict[str, Any]]]:
    """Each value of a key once; `true` and 1 are two values."""
    found: dict[str, list[dict[str, Any]]] = {}
    for key, kind, value in dict.fromkeys((each.key, _kind(each.value), each.value) for each in facts.annotations):
        member = {"NumberValue": None, "BooleanValue": None, "StringValue": None, kind: value}
        found.setdefault(key, []).append({"AnnotationValue": member, "ServiceIds": None})
    return found


def _kind(value: AnnotationValue) -> str:
    if isinstance(value, bool):
        return "BooleanValue"
    return "StringValue" if isinstance(value, str) else "NumberValue"


def _failures(causes: Iterable[Cause]) -> list[dict[str, Any]]:
    return [
        {
            "Services": [
                {
                    **_cause_service(service),
                    "EntityPath": [
                        {
                            "Name": entity.name,
                            "Exceptions": [{"Name": each.name, "Message": each.message} for each in entity.exceptions],
                            "Remote": entity.remote,
                        }
                        for entity in service.entities
                    ],
                }
                for service in cause.services
            ],
            "ClientImpacting": cause.client_impacting,
        }
        for cause in causes
    ]


def _delays(causes: Iterable[Cause]) -> list[dict[str, Any]]:
    return [
        {
            "Services": [
                {
                    **_cause_service(service),
                    "EntityPath": [
                        {"Name": entity.name, "Coverage": entity.coverage, "Remote": entity.remote} for entity in service.entities
                    ],
                }
                for service in cause.services
            ],
            "ClientImpacting": cause.client_impacting,
        }
        for cause in causes
    ]


def _cause_service(service: CauseService) -> dict[str, Any]:
    return {
        "Name": service.name,
        "Names": [service.name],
        "Type": service.type,
        "AccountId": service.account,
        "Inferred": service.inferred,
    }
