"""PutTraceSegments and PutTelemetryRecords: what applications and the daemon send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.request import missing, moment, text, texts

# Seen by the OpenTelemetry collector's exporter, which sent more ("Exceeding maximum segment count: 50").
MAX_DOCUMENTS: Final = 50


def put_trace_segments(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Stores documents, and comes back when they can be read. Those refused are listed; ApiError for an empty list and for more than 50."""
    documents = texts(request, "TraceSegmentDocuments")
    if not documents:
        raise ApiError("Segments can not be empty")
    if len(documents) > MAX_DOCUMENTS:
        raise ApiError(f"Exceeding maximum segment count: {MAX_DOCUMENTS}")
    rejected = context.ingest.put(documents)
    return {"UnprocessedTraceSegments": [{"Id": each.id, "ErrorCode": each.code, "Message": each.message} for each in rejected]}


def put_telemetry_records(_context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Takes what the daemon tells of itself, and keeps nothing. X-Ray takes more records than the daemon's own 10; ApiError for none."""
    records = request.get("TelemetryRecords")
    if records is None:
        raise missing("TelemetryRecords")
    if not isinstance(records, list) or not all(isinstance(each, Mapping) for each in records):
        raise ApiError("TelemetryRecords must be a list of records", name="SerializationException", framework=True)
    if not records:
        raise ApiError("Telemetry records can not be empty")
    for name, longest in _TEXTS.items():
        if request.get(name):
            text(request, name, longest=longest)
    for record in records:
        moment(record, "Timestamp")
    return {}


# botocore service model of xray, PutTelemetryRecordsRequest.
_TEXTS: Final = {"EC2InstanceId": 20, "Hostname": 255, "ResourceARN": 500}
