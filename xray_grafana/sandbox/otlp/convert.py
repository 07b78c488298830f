"""Spans of OpenTelemetry become X-Ray segment documents: an OTLP request comes in, the texts of documents go out.

The documents are those that the OpenTelemetry collector's awsxray exporter sends, so that what is seen here is what X-Ray would show.
Where it differs, it does so for the sake of the service map: whatever begins in a process is a segment named by the service, whether a
server's span, a consumer's or one whose parent is in another process; a call that nothing in its process surrounds gets such a segment
around it, which the exporter makes for spans of the AWS distribution alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from xray_grafana.sandbox.otlp.aws import (
    AWS_API,
    AWS_NAMES,
    DB_SYSTEM,
    RPC_SYSTEM,
    SQL_NAMES,
    call_of,
    database_of,
    home_of,
    origin_of,
    service_of,
    sql_of,
)
from xray_grafana.sandbox.otlp.cause import cause_of, derived_id, flags_of
from xray_grafana.sandbox.otlp.http import HTTP_NAMES, host_of, http_of
from xray_grafana.sandbox.otlp.values import JSON, PROTOBUF, Kind, OtlpError, OtlpSpan, Value, given, spans_in, text_of

__all__ = ["INDEXED", "JSON", "PROTOBUF", "OtlpError", "documents_of"]

# What becomes an annotation unasked: attributes that the AWS distributions write for Application Signals (CloudWatch agent, its
# translation of the traces section). Others are named by the span itself, in _ASKED.
INDEXED: Final = frozenset(
    {
        "aws.local.environment",
        "aws.local.operation",
        "aws.local.service",
        "aws.remote.environment",
        "aws.remote.operation",
        "aws.remote.resource.identifier",
        "aws.remote.resource.type",
        "aws.remote.service",
    }
)
_ASKED: Final = "aws.xray.annotations"
_METADATA: Final = "aws.xray.metadata."
_RESOURCE: Final = "otel.resource."
_USER: Final = "enduser.id"
_DEFAULT_NAMESPACE: Final = "default"
_LOCAL_SERVICE: Final = "aws.local.service"
_REMOTE_SERVICE: Final = "aws.remote.service"
_AWS_SERVICE: Final = "aws.service"

_CALLS: Final = frozenset({Kind.CLIENT, Kind.PRODUCER})
# X-Ray Developer Guide, "segment documents".
_NAME_MAX: Final = 200
_NOT_IN_NAMES: Final = re.compile(r"[^\w .:/%&#=+\\\-@]")
_NOT_IN_KEYS: Final = re.compile(r"[^A-Za-z0-9_.]")
_NAMELESS: Final = "span"
# A resource is repeated in every segment of a process: a small request could ask for documents without end.
_CHARACTERS_MAX: Final = 64 * 2**20


def documents_of(body: bytes, content_type: str) -> list[str]:
    """The documents of an ExportTraceServiceRequest in PROTOBUF or JSON, which is not compressed any more.

    Raises OtlpError for a body that cannot be read, for spans with malformed ids, and for more than 64 MiB of documents.
    """
    texts: list[str] = []
    size = 0
    for span in spans_in(body, content_type):
        for document in _documents(span):
            text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
            size += len(text)
            if size > _CHARACTERS_MAX:
                raise OtlpError("one request becomes more than 64 MiB of segment documents — expected smaller batches")
            texts.append(text)
    return texts


def _documents(span: OtlpSpan) -> Iterator[dict[str, Any]]:
    if not _begins_in_process(span):
        yield _subsegment(span, span.parent_id)
    elif span.kind in _CALLS:
        around = derived_id(span, "segment")
        yield _segment_around(span, around)
        yield _subsegment(span, around)
    else:
        yield _segment(span)


def _begins_in_process(span: OtlpSpan) -> bool:
    if span.parent_id is None or span.kind is Kind.SERVER:
        return True
    return span.kind is Kind.CONSUMER if span.parent_remote is None else span.parent_remote


def _segment(span: OtlpSpan) -> dict[str, Any]:
    http, sql = http_of(span), sql_of(span)
    return given(
        {
            **_common(span),
            "name": _service_name(span),
            "parent_id": span.parent_id,
            "origin": origin_of(span.resource),
            "service": service_of(span.resource),
            "http": http,
            "aws": {**home_of(span.resource), **call_of(span.attributes)},
            "sql": sql,
            **_attributes(span, _told_elsewhere(http, sql), with_resource=True),
            "links": _links(span),
        }
    )


def _segment_around(span: OtlpSpan, name: str) -> dict[str, Any]:
    """The service's own segment for a call that nothing else of its process surrounds: what is about the call stays with the call."""
    kept = {key for key in INDEXED if not key.startswith("aws.remote.")}
    own = {key: value for key, value in span.attributes.items() if key in kept}
    bare = span._replace(id=name, attributes=own, events=(), links=(), kind=Kind.INTERNAL)
    return {**_segment(bare), **flags_of(span)}


def _subsegment(span: OtlpSpan, parent_id: str | None) -> dict[str, Any]:
    http, sql = http_of(span), sql_of(span)
    namespace = _namespace(span)
    return given(
        {
            **_common(span),
            "name": _clean(_callee(span) if namespace else span.name),
            "type": "subsegment",
            "parent_id": parent_id,
            "namespace": namespace,
            "http": http,
            "aws": {**call_of(span.attributes), "xray": home_of(span.resource)["xray"]},
            "sql": sql,
            **_attributes(span, _told_elsewhere(http, sql), with_resource=False),
            "links": _links(span),
        }
    )


def _common(span: OtlpSpan) -> dict[str, Any]:
    return {
        "id": span.id,
        "trace_id": span.trace_id,
        "start_time": span.start,
        "end_time": span.end,
        "in_progress": True if span.end is None else None,
        **flags_of(span),
        "cause": cause_of(span),
    }


def _service_name(span: OtlpSpan) -> str:
    return _clean(text_of(span.attributes, _LOCAL_SERVICE) or text_of(span.resource, "service.name") or span.name)


def _namespace(span: OtlpSpan) -> str | None:
    """`aws` for a call to AWS, `remote` for any other call, None for what stays inside."""
    if text_of(span.attributes, *RPC_SYSTEM) == AWS_API or text_of(span.attributes, _AWS_SERVICE):
        return "aws"
    return "remote" if span.kind in _CALLS or (span.kind is Kind.CONSUMER and _REMOTE_SERVICE in span.attributes) else None


def _callee(span: OtlpSpan) -> str:
    """What a call goes to, by the name that tells most."""
    attributes = span.attributes
    remote = text_of(attributes, _REMOTE_SERVICE)
    if remote and text_of(attributes, *RPC_SYSTEM) == AWS_API:
        remote = remote.removeprefix("AWS.SDK.").removeprefix("AWS::")
    return (
        remote
        or text_of(attributes, "peer.service", "service.peer.name", _AWS_SERVICE)
        or database_of(attributes)
        or text_of(attributes, "rpc.service")
        or host_of(attributes)
        or text_of(attributes, *DB_SYSTEM, "messaging.system")
        or span.name
    )


def _clean(name: str) -> str:
    return _NOT_IN_NAMES.sub("", name)[:_NAME_MAX] or _NAMELESS


def _links(span: OtlpSpan) -> list[dict[str, Any]] | None:
    links = [{"trace_id": link.trace_id, "id": link.span_id, "attributes": dict(link.attributes) or None} for link in span.links]
    return [given(link) for link in links] or None


def _attributes(span: OtlpSpan, told: frozenset[str], *, with_resource: bool) -> dict[str, Any]:
    """user, annotations and metadata: everything that no other block has `told`."""
    asked = span.attributes.get(_ASKED)
    wanted = INDEXED.union(each for each in asked if isinstance(each, str)) if isinstance(asked, list) else INDEXED
    attributes: dict[str, Value] = {f"{_RESOURCE}{key}": value for key, value in span.resource.items()} if with_resource else {}
    attributes.update((key, value) for key, value in span.attributes.items() if key not in told or key in wanted)
    annotations: dict[str, Value] = {}
    metadata: dict[str, dict[str, Value]] = {}
    for key, value in attributes.items():
        if key in wanted and isinstance(value, str | bool | int | float):
            annotations[_NOT_IN_KEYS.sub("_", key)] = value
        elif (members := _members(key, value)) is not None:
            metadata.setdefault(key.removeprefix(_METADATA), {}).update(members)
        elif value is not None:
            metadata.setdefault(_DEFAULT_NAMESPACE, {})[key] = value
    return {"user": text_of(span.attributes, _USER), "annotations": annotations or None, "metadata": metadata or None}


def _told_elsewhere(http: object | None, sql: object | None) -> frozenset[str]:
    """The attributes that the blocks hold which the span has."""
    told = AWS_NAMES | {_ASKED, _USER}
    if http is not None:
        told |= HTTP_NAMES
    return told | SQL_NAMES if sql is not None else told


def _members(key: str, value: Value) -> dict[str, Value] | None:
    """What an attribute `aws.xray.metadata.NAMESPACE` holds: a JSON object as text; None where it is none that a document can hold."""
    if not (key.startswith(_METADATA) and isinstance(value, str)):
        return None
    try:
        members = json.loads(value)
        json.dumps(members, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return None
    return members if isinstance(members, dict) else None
