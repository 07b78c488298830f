r"""One line of an Application Load Balancer's access log: bytes in, every field with its type and unit out.

This is what "readable" means: whoever reads lines by a quicker way must agree with `parse_access` on every line.

Source: Application Load Balancers user guide, "Access logs", for the fields up to 29 and the rule that new ones are appended, so that
readers stop after the last one they know. Fields 30 (`TID_…`) to 34 arrived between 2024 and 2026; the name of the last is inferred from
the balancer's other logs, which end in the address of its node. Lists of targets are quoted in real lines and bare in the guide's
examples; both are taken. A `"` within a field is written `\x22`, so that a quote always ends its field. Spaces in a URI are not escaped.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from xray_grafana.alb.fields import decoded, printable
from xray_grafana.alb.times import microsecond_time_ns
from xray_grafana.xray.header import TraceHeader, parse_header

_EXCERPT_LENGTH: Final = 80
_NONE: Final = "-"
# Pieces between quotes, up to the closing quote of actions_executed; tokens before the request, with the empty one behind their last space.
_LEAST_PIECES: Final = 13
_TOKENS: Final = 13
_STATUS_LENGTH: Final = 3
_STATUS_CLASSES: Final = ("1", "2", "3", "4", "5")
_BETWEEN: Final = 5  # with the empty ones at both ends
_EXPECTED_TIME: Final = "expected a time like 2026-01-31T23:59:59.123456Z, found something else"
# Fields 24 to 34.
_TAIL: Final = (
    "redirect_url",
    "error_reason",
    "targets",
    "target_status_codes",
    "classification",
    "classification_reason",
    "conn_trace_id",
    "transformed_host",
    "transformed_uri",
    "request_transform_status",
    "alb_node_ip",
)
# Longer ones are no number of this log, and float and int would take them all the same.
_NUMBER_LENGTH_MAX: Final = 18
_UNMEASURED: Final = "-1"
_PORT_MAX: Final = 65_535


class LineError(ValueError):
    """A line that cannot be read. `field`: which part. `reason`: what is wrong, in words of ours alone. `got`: the text there, cut."""

    def __init__(self, field: str, reason: str, got: str) -> None:
        self.field = field
        self.reason = reason
        self.got = printable(got[:_EXCERPT_LENGTH])[:_EXCERPT_LENGTH]
        super().__init__(f"{field}: {reason}, got {self.got!r}")


class AccessLine(NamedTuple):  # a frozen dataclass of so many fields takes a third of the time of reading a line
    r"""One request. `-` is None everywhere, or an empty tuple; texts are as written, with `\x22` and the like (`fields.unescaped`).

    Times of processing are None also where the line says -1: not dispatched, not answered by the target, or a connection that broke.
    `odd` names the fields that hold something of another type; they are None.
    `time_ns` (the answer, or the close of a WebSocket) and `creation_ns` (the arrival of the request) are nanoseconds since 1970.
    """

    type: str
    time: str
    time_ns: int
    elb: str
    client_ip: str | None
    client_port: int | None
    target_ip: str | None
    target_port: int | None
    request_processing_seconds: float | None
    target_processing_seconds: float | None
    response_processing_seconds: float | None
    elb_status_code: int
    target_status_code: int | None
    received_bytes: int | None
    sent_bytes: int | None
    request: str
    method: str | None
    url: str | None
    protocol: str | None
    user_agent: str | None
    ssl_cipher: str | None
    ssl_protocol: str | None
    target_group_arn: str | None
    trace_header: str | None
    trace: TraceHeader
    domain_name: str | None
    chosen_cert_arn: str | None
    matched_rule_priority: int | None
    request_creation_time: str
    creation_ns: int
    actions_executed: tuple[str, ...]
    redirect_url: str | None
    error_reason: str | None
    targets: tuple[str, ...]
    target_status_codes: tuple[str, ...]
    classification: str | None
    classification_reason: str | None
    conn_trace_id: str | None
    transformed_host: str | None
    transformed_uri: str | None
    request_transform_status: str | None
    alb_node_ip: str | None
    odd: tuple[str, ...]


class Frame(NamedTuple):
    """What makes a line readable, and all that shipping it needs.

    tokens      the fields before the request, and an empty one
    pieces      the texts between quotes: the request is the second
    rule        what stands before the time of creation
    """

    tokens: list[str]
    pieces: list[str]
    time_ns: int
    elb_status_code: int
    rule: str
    created: str
    creation_ns: int


def parse_frame(line: bytes) -> Frame:
    """Reads what every line must have. Raises LineError; takes a third of the time of `parse_access`."""
    text = decoded(line)
    pieces = text.split('"')
    if len(pieces) < _LEAST_PIECES:
        raise LineError("quotes", f"expected at least {_LEAST_PIECES - 1} of them, found {len(pieces) - 1}", text)
    tokens = pieces[0].split(" ")
    if len(tokens) != _TOKENS or tokens[-1]:
        raise LineError("fields before the request", f"expected {_TOKENS - 1} with a space after each, found another form", pieces[0])
    time_ns = microsecond_time_ns(tokens[1])
    if time_ns is None:
        raise LineError("time", _EXPECTED_TIME, tokens[1])
    elb_status = tokens[8]
    if not (elb_status[:1] in _STATUS_CLASSES and _is_status(elb_status)):
        raise LineError("elb_status_code", "expected three digits from 100 to 599, found something else", elb_status)
    return Frame(tokens, pieces, time_ns, int(elb_status), *_creation(pieces[10]))


def parse_access(line: bytes) -> AccessLine:
    """Reads a line without its newline. Raises LineError; anything in the fields behind actions_executed is forgiven."""
    tokens, pieces, time_ns, elb_status_code, rule, created, creation_ns = parse_frame(line)
    type_, time, elb, client, target, before_target, in_target, after_target, _, target_status, received, sent, _ = tokens
    odd: list[str] = []
    client_ip, client_port = _address(client, "client_ip", "client_port", odd)
    target_ip, target_port = _address(target, "target_ip", "target_port", odd)
    method, url, protocol = _request(pieces[1], odd)
    cipher, tls, target_group = _between(pieces[4], odd)
    tail = _tail(pieces, odd)
    return AccessLine(
        type_,
        time,
        time_ns,
        elb,
        client_ip,
        client_port,
        target_ip,
        target_port,
        _seconds(before_target, "request_processing_seconds", odd),
        _seconds(in_target, "target_processing_seconds", odd),
        _seconds(after_target, "response_processing_seconds", odd),
        elb_status_code,
        _status(target_status, odd),
        _whole(received, "received_bytes", odd),
        _whole(sent, "sent_bytes", odd),
        pieces[1],
        method,
        url,
        protocol,
        _text(pieces[3]),
        cipher,
        tls,
        target_group,
        _text(pieces[5]),
        parse_header(pieces[5]),
        _text(pieces[7]),
        _text(pieces[9]),
        _priority(rule, odd),
        created,
        creation_ns,
        _list(pieces[11], ","),
        _text(tail[0]),
        _text(tail[1]),
        _list(tail[2], " "),
        _list(tail[3], " "),
        _text(tail[4]),
        _text(tail[5]),
        _text(tail[6]),
        _text(tail[7]),
        _text(tail[8]),
        _text(tail[9]),
        _text(tail[10]),
        tuple(odd),
    )


def _creation(piece: str) -> tuple[str, str, int]:
    """What stands before the time of creation, the time, and the same in nanoseconds; the time is between the last two spaces."""
    before, _, created = piece[:-1].rpartition(" ")
    creation_ns = microsecond_time_ns(created) if piece[-1:] == " " and len(piece) > len(created) + 1 else None
    if creation_ns is None:
        raise LineError("request_creation_time", _EXPECTED_TIME, piece)
    return before, created, creation_ns


def _text(text: str) -> str | None:
    return text if text and text != _NONE else None


def _list(text: str, separator: str) -> tuple[str, ...]:
    if text == _NONE:
        return ()
    return tuple([item for item in text.split(separator) if item])


def _address(text: str, ip_name: str, port_name: str, odd: list[str]) -> tuple[str | None, int | None]:
    """`ip:port`, split at the last colon: an IPv6 address stands there with brackets or without."""
    if text == _NONE:
        return None, None
    ip, _, port = text.rpartition(":")
    if ip[:1] == "[" and ip[-1:] == "]":
        ip = ip[1:-1]
    if not ip:
        odd.append(ip_name)
    number = _natural(port)
    if number is None or number > _PORT_MAX:
        odd.append(port_name)
        return ip or None, None
    return ip or None, number


def _seconds(text: str, name: str, odd: list[str]) -> float | None:
    if text in (_NONE, _UNMEASURED):
        return None
    number = _decimal(text)
    if number is None:
        odd.append(name)
    return number


@lru_cache(maxsize=4096)  # milliseconds repeat
def _decimal(text: str) -> float | None:
    whole, _, fraction = text.partition(".")
    digits = whole + fraction
    return float(text) if whole and digits.isascii() and digits.isdecimal() and len(digits) <= _NUMBER_LENGTH_MAX else None


def _natural(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _NUMBER_LENGTH_MAX else None


def _whole(text: str, name: str, odd: list[str]) -> int | None:
    if text == _NONE:
        return None
    number = _natural(text)
    if number is None:
        odd.append(name)
    return number


def _is_status(text: str) -> bool:
    return len(text) == _STATUS_LENGTH and text.isascii() and text.isdecimal()


def _status(text: str, odd: list[str]) -> int | None:
    if text == _NONE:
        return None
    if _is_status(text):
        return int(text)
    odd.append("target_status_code")
    return None


def _priority(piece: str, odd: list[str]) -> int | None:
    """-1: no rule could be found for the request. 0: the default rule."""
    text = piece.removeprefix(" ")
    if text == _NONE:
        return None
    number = _natural(text.removeprefix("-"))
    if number is None:
        odd.append("matched_rule_priority")
        return None
    return -number if text[0] == "-" else number


def _request(text: str, odd: list[str]) -> tuple[str | None, str | None, str | None]:
    """Method, URL and protocol, split at the first and the last space: a URL may hold spaces, a malformed request has no protocol."""
    method, space, rest = text.partition(" ")
    if not space:
        if text != _NONE:
            odd.append("request")
        return None, None, None
    url, space, protocol = rest.rpartition(" ")
    if not space:
        url, protocol = rest, ""
    return _text(method), _text(url), _text(protocol)


def _between(piece: str, odd: list[str]) -> tuple[str | None, str | None, str | None]:
    """The three fields between the user agent and the trace header."""
    fields = piece.split(" ")
    if len(fields) == _BETWEEN and not fields[0] and not fields[-1]:
        return _text(fields[1]), _text(fields[2]), _text(fields[3])
    odd += ("ssl_cipher", "ssl_protocol", "target_group_arn")
    return None, None, None


def _tail(pieces: list[str], odd: list[str]) -> list[str]:
    """Fields 24 to 34, `-` for each that the line does not have. A last one that was cut off within its quotes is odd."""
    fields: list[str] = []
    for index in range(_LEAST_PIECES - 1, len(pieces)):
        piece = pieces[index]
        if index % 2:
            fields.append(piece)
        elif piece != " ":
            fields += [token for token in piece.split(" ") if token]
        if len(fields) >= len(_TAIL):
            break
    else:
        if len(pieces) % 2 == 0:
            fields.pop()
            odd.append(_TAIL[len(fields)])
    return fields[: len(_TAIL)] + [_NONE] * (len(_TAIL) - len(fields))
