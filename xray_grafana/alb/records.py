r"""One line as named values, for programs and people that read logs without Loki: a line in, values as JSON knows them out.

Texts are as the client sent them, `\x22` and the like undone; what is `-` or not measured is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from xray_grafana.alb.access import AccessLine, parse_access
from xray_grafana.alb.fields import unescaped
from xray_grafana.alb.keys import LogType
from xray_grafana.alb.lines import LINE_FORMATS, named_fields
from xray_grafana.xray.trace_id import TraceId

Value: TypeAlias = str | int | float | bool | list[str] | None
Record: TypeAlias = dict[str, Value]

_TRACE_FIELDS: Final = ("trace_id", "otel_trace_id", "self_id", "parent_id", "sampled")
# What other fields say as well.
_LEFT_OUT: Final = ("time_ns", "creation_ns", "trace")
_WHOLE_ENDS: Final = ("_bytes", "_port", "_code")
_DECIMAL_ENDS: Final = ("_seconds", "_milliseconds")


def field_names(log_type: LogType) -> tuple[str, ...]:
    """The names that records of a kind of log have, all of them and always in this order."""
    if log_type != "access":
        return LINE_FORMATS[log_type].fields
    return (*(name for name in AccessLine._fields if name not in _LEFT_OUT), *_TRACE_FIELDS)


def read_record(log_type: LogType, line: bytes) -> tuple[Record, tuple[TraceId, ...]]:
    """A line's values, and the trace ids it is found by: the trace and the balancer's hop in it. Raises LineError."""
    if log_type == "access":
        access = parse_access(line)
        trace = access.trace
        return _access_record(access), tuple(trace_id for trace_id in (trace.root, trace.self_id) if trace_id)
    return _other_record(LINE_FORMATS[log_type].fields, named_fields(log_type, line)), ()


def _access_record(access: AccessLine) -> Record:
    record = {name: _shown(value) for name, value in access._asdict().items() if name not in _LEFT_OUT}
    trace = access.trace
    trace_id, otel_trace_id = (None, None) if trace.root is None else (trace.root.xray, trace.root.otel)
    self_id = None if trace.self_id is None else trace.self_id.xray
    return record | dict(zip(_TRACE_FIELDS, (trace_id, otel_trace_id, self_id, trace.parent, trace.sampled), strict=True))


def _shown(value: str | float | tuple[str, ...] | None) -> Value:
    if isinstance(value, str):
        return unescaped(value)
    if isinstance(value, tuple):
        return [unescaped(item) for item in value]
    return value


def _other_record(names: tuple[str, ...], fields: Mapping[str, str]) -> Record:
    return {name: _typed(name, fields.get(name, "-")) for name in names}


def _typed(name: str, text: str) -> Value:
    """A number where the field is one, -1 for no measurement; a text that is no number stays a text."""
    if text in ("-", ""):
        return None
    if text.isascii() and text.replace(".", "", 1).isdecimal():
        if name.endswith(_WHOLE_ENDS) and text.isdecimal():
            return int(text)
        if name.endswith(_DECIMAL_ENDS):
            return float(text)
    return None if text == "-1" and name.endswith(_DECIMAL_ENDS) else unescaped(text)
