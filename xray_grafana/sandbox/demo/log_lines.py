"""What the services log of a request: JSON and logfmt, with the trace id in X-Ray's form, in W3C's, or inside a traceparent.

Boards and derived fields have to find every one of them. A request that is not sampled is logged without an id: there is no trace to lead
to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from xray_grafana.alb.logfmt import logfmt
from xray_grafana.sandbox.demo.passages import Passage
from xray_grafana.sandbox.demo.play import Level, Note, Visit


class LogLine(NamedTuple):
    """A line of a service; `time_ns` is nanoseconds since 1970."""

    service: str
    time_ns: int
    text: str
    level: Level


def log_lines_of(passage: Passage) -> tuple[LogLine, ...]:
    """Every line about a request, in order of time."""
    lines = [line for visit in passage.visits for line in _lines(visit, passage.trace_id if passage.sampled else None)]
    return tuple(sorted(lines, key=lambda line: line.time_ns))


def _lines(visit: Visit, trace_id: str | None) -> Iterator[LogLine]:
    for note in visit.notes:
        yield _line(visit, trace_id, note, {})
    milliseconds = round((visit.end - visit.start) * 1000, 1)
    fields = {"status": int(visit.status), "duration_ms": milliseconds}
    yield _line(visit, trace_id, Note(visit.end, _level(visit.status), f"{visit.method} {visit.path}"), fields)


def _line(visit: Visit, trace_id: str | None, note: Note, more: dict[str, Any]) -> LogLine:
    service = visit.service
    micros = round(note.time * 1_000_000)
    stamp = datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{micros % 1_000_000 // 1000:03d}Z"
    fields = {"time": stamp, "level": note.level, "msg": note.message, **more}
    if trace_id is not None:
        fields |= _identity(service.log_form.partition(" ")[2], trace_id, visit.id)
    is_json = service.log_form.startswith("json")
    text = json.dumps(fields, separators=(",", ":")) if is_json else logfmt(fields)
    return LogLine(service.name, micros * 1000, text, note.level)


def _identity(form: str, trace_id: str, segment_id: str) -> dict[str, str]:
    if form == "xray":
        return {"trace_id": trace_id}
    w3c = trace_id[2:].replace("-", "")
    if form == "w3c":
        return {"trace_id": w3c, "span_id": segment_id}
    return {"traceparent": f"00-{w3c}-{segment_id}-01"}


def _level(status: int) -> Level:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "error"
    return "warn" if status >= HTTPStatus.BAD_REQUEST else "info"
