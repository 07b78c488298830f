"""The body of an OTLP request becomes spans as plain values; what is malformed becomes an OtlpError. Of X-Ray only trace ids are known."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"

Value: TypeAlias = bool | int | float | str | list["Value"] | dict[str, "Value"] | None
Attributes: TypeAlias = Mapping[str, Value]
_T = TypeVar("_T")

# Bits of Span.flags: opentelemetry-proto, trace.proto, SpanFlags.
_KNOWS_PARENT: Final = 0x100
_PARENT_IS_REMOTE: Final = 0x200
_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8
# Whole, so that the quotient is the nearest number there is.
_NANOSECONDS: Final = 1_000_000_000
# How much of a stranger's text an error repeats.
_SHOWN_MAX: Final = 200
# OTLP writes these as hex in JSON, where protobuf's own mapping reads base64: OTLP specification, "JSON Protobuf Encoding".
_HEX_KEYS: Final = ("traceId", "spanId", "parentSpanId")


class OtlpError(ValueError):
    """The request cannot be read; nothing of it is taken. The text says what was got and what is expected."""


class Kind(IntEnum):
    """Of a span, numbered as in trace.proto."""

    UNSPECIFIED = 0
    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


_KINDS: Final[dict[int, Kind]] = {int(kind): kind for kind in Kind}


class Event(NamedTuple):
    """Something that happened in a span, an exception for one."""

    name: str
    attributes: Attributes


class Link(NamedTuple):
    """Another span that this one has to do with; `trace_id` in X-Ray's form."""

    trace_id: str
    span_id: str
    attributes: Attributes


class OtlpSpan(NamedTuple):
    """One span.

    trace_id       in X-Ray's form, `1-8hex-24hex`
    parent_id      None for the first span of a trace
    parent_remote  whether the parent belongs to another process; None where the sender does not say
    start, end     seconds since 1970; end None for a span that has not ended
    failed         its status is an error; `message` is the status's
    resource       attributes of the process
    """

    trace_id: str
    id: str
    parent_id: str | None
    parent_remote: bool | None
    name: str
    kind: Kind
    start: float
    end: float | None
    attributes: Attributes
    events: tuple[Event, ...]
    links: tuple[Link, ...]
    failed: bool
    message: str
    resource: Attributes


def spans_in(body: bytes, content_type: str) -> Iterator[OtlpSpan]:
    """The spans of an ExportTraceServiceRequest in PROTOBUF or JSON, which is not compressed any more. Raises OtlpError."""
    for of_resource in _request(body, content_type).resource_spans:
        resource = _attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield _span(span, resource)


def text_of(attributes: Attributes, *names: str) -> str | None:
    """The first of the attributes that is a text with something in it."""
    return next((value for name in names if isinstance(value := attributes.get(name), str) and value), None)


def number_of(attributes: Attributes, *names: str) -> int | None:
    """The first of the attributes that is a whole number."""
    for name in names:
        value = attributes.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def given(members: Mapping[str, _T | None]) -> dict[str, _T]:
    """The members that there are."""
    return {key: value for key, value in members.items() if value is not None}


def _request(body: bytes, content_type: str) -> ExportTraceServiceRequest:
    if content_type == JSON:
        return _request_in_json(body)
    try:
        return ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise OtlpError(f"the body is no ExportTraceServiceRequest in protobuf: {error}") from None


def _request_in_json(body: bytes) -> ExportTraceServiceRequest:
    document = _json(body)
    if not isinstance(document, dict):
        raise OtlpError("the body is no JSON object — expected an ExportTraceServiceRequest, which has resourceSpans")
    try:
        return json_format.ParseDict(document, ExportTraceServiceRequest(), ignore_unknown_fields=True)
    # protobuf raises the other two for unpaired surrogates and for infinity where a whole number stands.
    except (json_format.ParseError, SystemError, OverflowError) as error:
        raise OtlpError(f"the body is no ExportTraceServiceRequest in JSON: {str(error)[:_SHOWN_MAX]}") from None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body, object_hook=_with_base64_ids)
    except RecursionError:
        raise OtlpError("the JSON is nested too deeply") from None
    except OtlpError:
        raise
    except ValueError as error:
        raise OtlpError(f"the body is no JSON: {str(error)[:_SHOWN_MAX]}") from None


def _with_base64_ids(members: dict[str, Any]) -> dict[str, Any]:
    for key in _HEX_KEYS:
        text = members.get(key)
        if not isinstance(text, str):
            continue
        try:
            members[key] = base64.b64encode(bytes.fromhex(text)).decode()
        except ValueError:
            raise OtlpError(f"{key} {text[:_SHOWN_MAX]!r} — expected hex digits") from None
    return members


def _span(span: trace_pb2.Span, resource: Attributes) -> OtlpSpan:
    where = f"span {span.name[:_SHOWN_MAX]!r}"
    return OtlpSpan(
        trace_id=_xray_trace_id(_id(span.trace_id, _TRACE_ID_BYTES, f"{where}: trace id")),
        id=_id(span.span_id, _SPAN_ID_BYTES, f"{where}: span id"),
        parent_id=_id(span.parent_span_id, _SPAN_ID_BYTES, f"{where}: parent span id") if any(span.parent_span_id) else None,
        parent_remote=bool(span.flags & _PARENT_IS_REMOTE) if span.flags & _KNOWS_PARENT else None,
        name=span.name,
        kind=_KINDS.get(span.kind, Kind.UNSPECIFIED),
        start=span.start_time_unix_nano / _NANOSECONDS,
        end=span.end_time_unix_nano / _NANOSECONDS if span.end_time_unix_nano else None,
        attributes=_attributes(span.attributes),
        events=tuple(Event(event.name, _attributes(event.attributes)) for event in span.events),
        links=tuple(_links(span.links)),
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        message=span.status.message,
        resource=resource,
    )


def _links(links: Iterable[trace_pb2.Span.Link]) -> Iterator[Link]:
    """Those that lead anywhere: SDKs send links to contexts that never were."""
    for link in links:
        if len(link.trace_id) == _TRACE_ID_BYTES and len(link.span_id) == _SPAN_ID_BYTES and any(link.trace_id) and any(link.span_id):
            yield Link(_xray_trace_id(link.trace_id.hex()), link.span_id.hex(), _attributes(link.attributes))


def _id(raw: bytes, length: int, what: str) -> str:
    if len(raw) != length or not any(raw):
        raise OtlpError(
            f"{what} {raw.hex()[:_SHOWN_MAX]!r} — expected {length} bytes that are not all zero, in JSON as {2 * length} hex digits"
        )
    return raw.hex()


def _xray_trace_id(digits: str) -> str:
    return f"1-{digits[:8]}-{digits[8:]}"


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Value]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Value:
    """Numbers that JSON does not have become their names, bytes base64. The nesting is bounded: protobuf reads at most 100 levels."""
    read = _READERS.get(value.WhichOneof("value") or "")
    return read(value) if read else None


def _number(value: AnyValue) -> Value:
    return value.double_value if math.isfinite(value.double_value) else str(value.double_value)


_READERS: Final[dict[str, Callable[[AnyValue], Value]]] = {
    "string_value": lambda value: value.string_value,
    "bool_value": lambda value: value.bool_value,
    "int_value": lambda value: value.int_value,
    "double_value": _number,
    "bytes_value": lambda value: base64.b64encode(value.bytes_value).decode(),
    "array_value": lambda value: [_value(each) for each in value.array_value.values],
    "kvlist_value": lambda value: _attributes(value.kvlist_value.values),
}
