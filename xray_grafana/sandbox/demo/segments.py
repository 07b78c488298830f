"""A request's visits as X-Ray segment documents, each as the SDK of its service sends it.

Source: X-Ray Developer Guide, "X-Ray segment documents"; what the AWS SDKs and OpenTelemetry's awsxray exporter write into `aws`. The
exporter sends every subsegment as a document of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any, Final

from xray_grafana.sandbox.demo.passages import Passage
from xray_grafana.sandbox.demo.play import Step, Trouble, Visit
from xray_grafana.sandbox.demo.scene import DOMAIN, STOREFRONT, Scene, Service

Document = dict[str, Any]

_CLUSTER: Final = "shop"
_PODS: Final = ("x2x4z", "k8w7q", "m5n9c")
_RULE: Final = "Default"


def documents_of(passage: Passage, scene: Scene) -> tuple[Document, ...]:
    """Every document of a request's trace, segments in order of start; none for a request that is not sampled."""
    if not passage.sampled:
        return ()
    return tuple(document for visit in passage.visits if visit is not passage.lost for document in _documents(visit, passage, scene))


def _documents(visit: Visit, passage: Passage, scene: Scene) -> Iterator[Document]:
    segment = _segment(visit, passage, scene)
    steps = [_subsegment(step) for step in visit.steps]
    if visit.service.by_opentelemetry:
        yield segment
        for step in steps:
            yield {"type": "subsegment", "trace_id": passage.trace_id, "parent_id": visit.id} | step
    else:
        yield segment | ({"subsegments": steps} if steps else {})


def _segment(visit: Visit, passage: Passage, scene: Scene) -> Document:
    segment: Document = {
        "id": visit.id,
        "name": visit.service.name,
        "trace_id": passage.trace_id,
        "start_time": round(visit.start, 6),
        "end_time": round(visit.end, 6),
        "origin": visit.service.origin,
        "http": {
            "request": _request(visit, passage),
            "response": {"status": int(visit.status), "content_length": 200 + int(visit.id[:3], 16)},
        },
        "service": {"version": visit.version},
        "aws": _platform(visit, scene),
        "annotations": {"tenant": passage.customer.tenant, "version": visit.version} | visit.annotations,
    }
    if visit.parent is not None:
        segment["parent_id"] = visit.parent
    else:
        segment["user"] = passage.customer.name
    if visit.notes:
        segment["metadata"] = {"log": {"lines": [f"{note.level} {note.message}" for note in visit.notes]}}
    return segment | _flags(visit.status) | _cause(visit.trouble, visit.service)


def _request(visit: Visit, passage: Passage) -> Document:
    if visit.service is STOREFRONT:
        return {
            "method": visit.method,
            "url": f"https://{DOMAIN}{visit.path}",
            "user_agent": passage.customer.user_agent,
            "client_ip": passage.customer.address,
            "x_forwarded_for": True,
        }
    return {"method": visit.method, "url": f"http://{visit.service.host}{visit.path}", "client_ip": "10.0.3.21"}


def _platform(visit: Visit, scene: Scene) -> Document:
    """Where the service runs and what traces it. A pod is chosen by the segment's id, as a Service does it by chance."""
    service = visit.service
    number = int(visit.id[0], 16) % len(_PODS)
    pod = f"{service.name}-7d4b9c6f5-{_PODS[number]}"
    zone = f"{scene.region}{'abc'[number]}"
    xray: Document = {"sdk": service.sdk, "sdk_version": service.sdk_version}
    if not service.by_opentelemetry:
        xray["sampling_rule_name"] = _RULE
    platform: Document = {
        "xray": xray,
        "ec2": {"availability_zone": zone, "instance_id": f"i-0a1b2c3d4e5f6070{number}"},
    }
    if service.origin == "AWS::EKS::Container":
        platform["eks"] = {"cluster_name": _CLUSTER, "pod": pod}
    else:
        platform["ecs"] = {"container": pod}
    return platform


def _subsegment(step: Step) -> Document:
    subsegment: Document = {
        "id": step.id,
        "name": step.name,
        "start_time": round(step.start, 6),
        "end_time": round(step.end, 6),
        "namespace": step.namespace,
    }
    subsegment |= step.details
    if step.namespace == "aws" and step.trouble is not None:
        flags: Document = {"error": True, "throttle": True}
    else:
        flags = _flags(step.status)
    return subsegment | flags | _cause(step.trouble, None)


def _flags(status: int | None) -> Document:
    """As the SDKs set them from an answer's status."""
    if status is None or status < HTTPStatus.BAD_REQUEST:
        return {}
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return {"fault": True}
    return {"error": True, "throttle": True} if status == HTTPStatus.TOO_MANY_REQUESTS else {"error": True}


def _cause(trouble: Trouble | None, service: Service | None) -> Document:
    if trouble is None:
        return {}
    exception: Document = {"id": trouble.id, "type": trouble.type, "message": trouble.message}
    if trouble.remote:
        exception["remote"] = True
    if service is not None:
        exception["stack"] = [{"path": f"{service.name}/routes", "line": 120 + len(trouble.type), "label": "handle"}]
    return {"cause": {"working_directory": "/app", "exceptions": [exception]}}
