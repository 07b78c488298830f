"""What Loki is told about a line: its time, its level, its trace, or why it cannot be read. One way for each kind of log.

Sources: Elastic Load Balancing user guides, "Access logs", "Connection logs" and "Health check logs" for Application Load Balancers,
"Access logs" for Network and Classic ones. All of them append new fields, so that only the first ones are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from xray_grafana.alb.access import LineError, parse_access, parse_frame
from xray_grafana.alb.fields import decoded, split_fields
from xray_grafana.alb.keys import LogType
from xray_grafana.alb.times import any_time_ns
from xray_grafana.contract import METADATA_LEVEL, METADATA_PARSE_ERROR, METADATA_TRACE_ID, LineTimestamp
from xray_grafana.xray.header import parse_header

Timestamp: TypeAlias = LineTimestamp

# A WebSocket's line is written when it closes and says when it was opened, which can be hours before. Loki refuses entries that are more
# than an hour behind their stream's newest (max_chunk_age / 2), so that the line of so long a request carries its end.
LONG_REQUEST_SECONDS: Final = 600

_NANOS_PER_SECOND: Final = 1_000_000_000
_FAILED: Final = 500
_REFUSED: Final = 400
ERROR: Final = "error"
WARN: Final = "warn"
INFO: Final = "info"


@dataclass(frozen=True, slots=True)
class LineFacts:
    """`timestamp_ns`: nanoseconds since 1970. `metadata`: names and values, those there are, in the order trace_id, level, parse_error."""

    timestamp_ns: int
    metadata: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class LineFormat:
    """A kind of log whose lines are fields alone. `fields`: names in order, the guides' own with their unit; `client` etc. are `ip:port`.

    `time` and `level_from` are names of fields, `level_from` of the one that says whether all went well. A line needs the fields up to
    `last_needed`.
    """

    fields: tuple[str, ...]
    time: str
    level_from: str | None
    last_needed: str


LINE_FORMATS: Final[Mapping[LogType, LineFormat]] = {
    "connection": LineFormat(
        (
            "timestamp",
            "client_ip",
            "client_port",
            "listener_port",
            "tls_protocol",
            "tls_cipher",
            "tls_handshake_seconds",
            "leaf_client_cert_subject",
            "leaf_client_cert_validity",
            "leaf_client_cert_serial_number",
            "tls_verify_status",
            "conn_trace_id",
            "tls_keyexchange",
            "elb",
            "ip_address",
        ),
        "timestamp",
        "tls_verify_status",
        "tls_verify_status",
    ),
    "health_check": LineFormat(
        (
            "type",
            "time",
            "latency_seconds",
            "target_addr",
            "target_group_id",
            "status",
            "status_code",
            "reason_code",
            "elb",
            "ip_address",
        ),
        "time",
        "status",
        "status",
    ),
    "nlb": LineFormat(
        (
            "type",
            "version",
            "time",
            "elb",
            "listener",
            "client",
            "destination",
            "connection_milliseconds",
            "tls_handshake_milliseconds",
            "received_bytes",
            "sent_bytes",
            "incoming_tls_alert",
            "chosen_cert_arn",
            "chosen_cert_serial",
            "tls_cipher",
            "tls_protocol_version",
            "tls_keyexchange",
            "domain_name",
            "alpn_fe_protocol",
            "alpn_be_protocol",
            "alpn_client_preference_list",
            "tls_connection_creation_time",
        ),
        "time",
        None,
        "sent_bytes",
    ),
    "clb": LineFormat(
        (
            "timestamp",
            "elb",
            "client",
            "backend",
            "request_processing_seconds",
            "backend_processing_seconds",
            "response_processing_seconds",
            "elb_status_code",
            "backend_status_code",
            "received_bytes",
            "sent_bytes",
            "request",
            "user_agent",
            "ssl_cipher",
            "ssl_protocol",
        ),
        "timestamp",
        "elb_status_code",
        "request",
    ),
}
_ACCESS_TIME_INDEX: Final = 1
_TRACE_PIECE: Final = 5


def read_line(
    log_type: LogType, line: bytes, *, fallback_ns: int, timestamp: Timestamp = "request_creation_time"
) -> tuple[LineFacts, bool]:
    """The facts of a line without its newline, and whether it could be read.

    One that could not gets its time if it has one, else `fallback_ns`. `timestamp` chooses between the two times of an access log's line.
    """
    try:
        if log_type == "access":
            return _access_facts(line, timestamp), True
        return _other_facts(LINE_FORMATS[log_type], line), True
    except LineError as error:
        return LineFacts(_some_time_ns(log_type, line, fallback_ns), ((METADATA_PARSE_ERROR, f"{error.field}: {error.reason}"),)), False


def named_fields(log_type: LogType, line: bytes) -> dict[str, str]:
    """The fields of a line that is not an access log's, by name; of fields that are not known yet, none. Raises LineError."""
    line_format = LINE_FORMATS[log_type]
    values = split_fields(decoded(line))
    _check(line_format, values)
    return dict(zip(line_format.fields, values, strict=False))


def guess_log_type(line: bytes) -> LogType | None:
    """Which kind of log a line is of, for logs whose name says nothing. None: of none that is known."""
    fields = split_fields(decoded(line))
    if fields[:1] == ["tls"] and any_time_ns("".join(fields[2:3])) is not None:
        return "nlb"
    if fields[5:6] in (["PASS"], ["FAIL"]):
        return "health_check"
    if any_time_ns("".join(fields[:1])) is not None:
        return "connection" if "".join(fields[2:3]).isdecimal() else "clb"
    try:
        parse_access(line)
    except LineError:
        return None
    return "access"


def status_level(status: int) -> str:
    """The level of a response: 5xx is an error, 4xx a warning."""
    if status >= _FAILED:
        return ERROR
    return WARN if status >= _REFUSED else INFO


def _access_facts(line: bytes, timestamp: Timestamp) -> LineFacts:
    frame = parse_frame(line)
    is_long = frame.time_ns - frame.creation_ns > LONG_REQUEST_SECONDS * _NANOS_PER_SECOND
    timestamp_ns = frame.time_ns if is_long or timestamp == "time" else frame.creation_ns
    level = (METADATA_LEVEL, status_level(frame.elb_status_code))
    root = parse_header(frame.pieces[_TRACE_PIECE]).root
    return LineFacts(timestamp_ns, (level,) if root is None else ((METADATA_TRACE_ID, root.xray), level))


def _other_facts(line_format: LineFormat, line: bytes) -> LineFacts:
    values = split_fields(decoded(line))
    timestamp_ns = _check(line_format, values)
    verdict = "" if line_format.level_from is None else values[line_format.fields.index(line_format.level_from)]
    return LineFacts(timestamp_ns, ((METADATA_LEVEL, _level(verdict)),))


def _check(line_format: LineFormat, values: Sequence[str]) -> int:
    """The line's time. Raises LineError when it has none, or too few fields."""
    needed = line_format.fields.index(line_format.last_needed) + 1
    if len(values) < needed:
        raise LineError("fields", f"expected at least {needed}, found {len(values)}", " ".join(values))
    time = values[line_format.fields.index(line_format.time)]
    timestamp_ns = any_time_ns(time)
    if timestamp_ns is None:
        raise LineError(line_format.time, "expected a time like 2026-01-31T23:59:59.123456Z, found something else", time)
    return timestamp_ns


def _level(verdict: str) -> str:
    """From a status code, `Failed:…` of a connection or `FAIL` of a health check. A TCP listener of a Classic Load Balancer has `-`."""
    if verdict.isascii() and verdict.isdecimal():
        return status_level(int(verdict[:4]))
    return WARN if verdict == "FAIL" or verdict.startswith("Failed") else INFO


def _some_time_ns(log_type: LogType, line: bytes, fallback_ns: int) -> int:
    """The time of a line that could not be read, looked for where such a line has it."""
    index = _ACCESS_TIME_INDEX if log_type == "access" else LINE_FORMATS[log_type].fields.index(LINE_FORMATS[log_type].time)
    tokens = decoded(line).split(" ", index + 1)
    found = any_time_ns(tokens[index]) if len(tokens) > index else None
    return fallback_ns if found is None else found
