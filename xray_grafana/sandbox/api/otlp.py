"""OTLP over HTTP: POST /v1/traces with spans, answered as OpenTelemetry's exporters expect it.

Source: OpenTelemetry Protocol Specification, "OTLP/HTTP": the answer has the request's content type; what was refused is counted in
`partial_success`, once for each document.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.intake.documents import Rejected
from xray_grafana.sandbox.intake.ingest import Ingest
from xray_grafana.sandbox.otlp.convert import JSON, PROTOBUF, OtlpError, documents_of

# When unpacked; X-Ray's own endpoint takes as much. Of empty messages, two bytes each, even this is two million objects.
_MAX_BYTES: Final = 5 * 1024 * 1024
_GZIP_OR_ZLIB: Final = 32 + zlib.MAX_WBITS


def answer(ingest: Ingest, headers: Mapping[str, str], body: bytes) -> tuple[str, bytes]:
    """Stores the spans; content type and body of the answer. ApiError for what is no OTLP request."""
    content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in {JSON, PROTOBUF}:
        message = f"OTLP comes as {PROTOBUF} or {JSON}, not as {content_type or 'nothing'}"
        raise ApiError(message, name="UnsupportedMediaType", status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE, framework=True)
    try:
        documents = documents_of(_unpacked(body, headers.get("content-encoding", "")), content_type)
    except OtlpError as error:
        raise ApiError(str(error), name="SerializationException", framework=True) from error
    rejected = ingest.put(documents)
    return content_type, _answer(rejected, content_type)


def _unpacked(body: bytes, encoding: str) -> bytes:
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"}:
        if len(body) > _MAX_BYTES:
            raise OtlpError(f"the body has more than {_MAX_BYTES} bytes — expected smaller batches")
        return body
    if encoding not in {"gzip", "deflate"}:
        raise OtlpError(f"the content encoding {encoding} is not known — expected gzip, deflate or none")
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        unpacked = unpacker.decompress(body, _MAX_BYTES)
    except zlib.error as error:
        raise OtlpError(f"the body is not {encoding}: {error}") from error
    if unpacker.unconsumed_tail:
        raise OtlpError(f"the body has more than {_MAX_BYTES} bytes when unpacked — expected smaller batches")
    if not unpacker.eof:
        raise OtlpError(f"the {encoding} body is cut off")
    return unpacked


def _answer(rejected: list[Rejected], content_type: str) -> bytes:
    answer = ExportTraceServiceResponse()
    if rejected:
        answer.partial_success.rejected_spans = len(rejected)
        answer.partial_success.error_message = rejected[-1].message
    return json_format.MessageToJson(answer, indent=None).encode() if content_type == JSON else answer.SerializeToString()
