"""A trace as one JSON object for programs. Its form is documented in docs/how-to/read-a-trace.md; members are added, never renamed."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from xray_grafana.alb.records import read_record
from xray_grafana.trace.details import (
    UNNAMED_EXCEPTION,
    annotations_of,
    call_of,
    is_inferred,
    origin_of,
    request_of,
    service_of,
)
from xray_grafana.trace.lines import Lines, LogLine
from xray_grafana.trace.placing import placed
from xray_grafana.trace.trace import Trace
from xray_grafana.xray.outcome import exceptions_of, flags_of, seconds_of
from xray_grafana.xray.spans import Span

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NANOS_PER_MICRO: Final = 1000


def document_of(trace: Trace, lines: Lines | None, board_url: str | None) -> dict[str, Any]:
    """The object. Times are UTC to the microsecond, lengths in seconds; `alb` and `logs` are null when Loki did not answer."""
    logs = None
    if lines is not None:
        owners = {line: span.id for span, own in placed(lines.logs, trace).items() for line in own}
        logs = [_log(line, owners[line]) for line in lines.logs]
    root = trace.root
    return {
        "id": trace.id.xray,
        "otel_id": trace.id.otel,
        "start": _time(trace.start),
        "duration_seconds": _rounded(trace.duration),
        "root_id": None if root is None else root.id,
        "services": list(trace.services),
        "partial": bool(trace.orphans),
        "limit_exceeded": trace.limit_exceeded,
        "unreadable_documents": trace.unreadable,
        "spans": [_span(span, trace.start) for span in trace.spans()],
        "alb": None if lines is None else [read_record("access", line.text.encode(errors="replace"))[0] for line in lines.alb],
        "logs": logs,
        "logs_cut": None if lines is None else lines.is_cut,
        "board_url": board_url,
    }


def _span(span: Span, trace_start: float) -> dict[str, Any]:
    request = request_of(span)
    namespace = span.document.get("namespace")
    return {
        "id": span.id,
        "parent_id": _parent_id(span),
        "segment_id": None if span.segment is None else span.segment.id,
        "kind": "segment" if span.is_segment else "subsegment",
        "name": span.name,
        "service": service_of(span),
        "type": origin_of(span),
        "namespace": namespace if isinstance(namespace, str) else None,
        "inferred": is_inferred(span),
        "orphan": span.orphan,
        "start": _time(span.start),
        "offset_seconds": _rounded(span.start - trace_start),
        "duration_seconds": _rounded(seconds_of(span)),
        "in_progress": span.end is None,
        **flags_of(span.document)._asdict(),
        "http": {"method": request.method, "url": request.url, "status": request.status},
        "call": call_of(span),
        "exceptions": [
            {"name": raised.name or UNNAMED_EXCEPTION, "message": raised.message or ""} for raised in exceptions_of(span.document)
        ],
        "annotations": {key: _finite(value) for key, value in annotations_of(span)},
    }


def _parent_id(span: Span) -> str | None:
    if span.parent is not None:
        return span.parent.id
    named = span.document.get("parent_id")
    return named if isinstance(named, str) else None


def _log(line: LogLine, span_id: str) -> dict[str, Any]:
    return {"time": _time_of_micros(line.time_ns // _NANOS_PER_MICRO), "service": line.service, "span_id": span_id, "line": line.text}


def _time(seconds: float) -> str | None:
    return _time_of_micros(round(seconds * 1_000_000))


def _time_of_micros(micros: int) -> str | None:
    """None for what no calendar has."""
    try:
        return (_EPOCH + timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except OverflowError:
        return None


def _rounded(seconds: float | None) -> float | None:
    """To the microsecond, which is as much as a segment's times can hold."""
    return None if seconds is None else round(seconds, 6)


def _finite(value: str | float) -> str | float | None:
    """JSON has no number that is none."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
