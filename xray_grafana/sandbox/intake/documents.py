"""The text of one segment document in, what the store needs of it out, or the refusal that X-Ray would answer.

Codes and their order: answers of X-Ray as clients published them (UnprocessedTraceSegments in the logs of daemons and SDKs) and
captured ones. What none of them shows is marked as ours below.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from math import isinf
from typing import Any, Final, Literal, NamedTuple, TypeAlias

# X-Ray Developer Guide, "X-Ray segment documents": up to 64 kB.
MAX_BYTES: Final = 64 * 1024
# Ours: what is deeper would end in an error of Python's JSON module here or later. 250 subsegments within each other.
MAX_DEPTH: Final = 500
# X-Ray Developer Guide, "X-Ray segment documents": names of up to 200 characters. Longer ones are cut.
MAX_NAME: Final = 200

Kind: TypeAlias = Literal["segment", "subsegment", "entity"]


class Document(NamedTuple):
    """A valid document. `text` is what is to be kept: as it came, but for a name that was cut."""

    trace_id: str
    id: str
    in_progress: bool
    text: str


class Rejected(NamedTuple):
    """A refused document. `id` is None where none could be read; `message` is in X-Ray's words."""

    id: str | None
    code: str
    message: str


def check(text: str) -> Document | Rejected:
    """Reads and checks one document, a segment or a subsegment sent apart. A bad subsegment refuses the whole, under its id."""
    try:
        document = _parse(text)
    except (_NotJsonError, ValueError, RecursionError):
        return _rejected(None, "ParseError", "segment")
    if document is None:
        return _rejected(None, "ParseError", "entity")
    own_id = document.get("id")
    shown_id = own_id if type(own_id) is str else None
    if len(text) * 3 > MAX_BYTES and len(text.encode()) > MAX_BYTES:
        return Rejected(shown_id, "InvalidSegment", _TOO_LARGE)
    fault = _fault_of_top(document)
    if fault is None:
        embedded = document.get("subsegments")
        if embedded:
            fault = _fault_below(embedded)
        elif embedded is not None and type(embedded) is not list:
            fault = "ParseError", "segment"
    if fault is not None:
        return _rejected(shown_id, *fault)
    if _has_long_name(document):
        text = _with_names_cut(document)
    return Document(document["trace_id"], document["id"], bool(document.get("in_progress")), text)


class _NotJsonError(Exception):
    """What Python's JSON module takes and JSON does not have."""


_Fault: TypeAlias = tuple[str, Kind]

# X-Ray says this of a trace that is too large ("Trace Size Exceeded."); what it says of a document is not known.
_TOO_LARGE: Final = f"Segment Size Exceeded. Reduce the size of your segment document to {MAX_BYTES} bytes."
_ID: Final = re.compile(r"[0-9a-fA-F]{16}").fullmatch
# The first part is a time in ids of the X-Ray SDKs and any number in those of OpenTelemetry: X-Ray takes both.
_TRACE_ID: Final = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}").fullmatch
# Characters that the X-Ray SDK for Python removes from names; `$`, `?` and parentheses were seen refused with InvalidName (until 2023).
# The Developer Guide allows fewer characters than remain, but nobody has shown that X-Ray refuses those.
_BAD_NAME: Final = re.compile(r"[?;*()!$~^<>]").search
# Only a text with this can hold half of a surrogate pair, which no UTF-8 can.
_HALF_CHARACTER: Final = re.compile(r"\\u[dD][89a-fA-F]").search
_LONGEST_INT: Final = 308  # digits; a float holds all of them


def _refuse_constant(name: str) -> float:
    raise _NotJsonError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise _NotJsonError(digits)
    return number


def _short_int(digits: str) -> int:
    if len(digits) > _LONGEST_INT:
        raise _NotJsonError(digits)
    return int(digits)


_DECODE: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite, parse_int=_short_int).decode


def _parse(text: str) -> dict[str, Any] | None:
    """The object; None for JSON that is none. Raises ValueError, RecursionError or _NotJsonError for what is no JSON."""
    if not text.isascii():
        text.encode()
    document = _DECODE(text)
    if type(document) is not dict:
        return None
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _refuse_depth(document)
    if _HALF_CHARACTER(text):
        json.dumps(document, ensure_ascii=False).encode()
    return document


def _refuse_depth(document: dict[str, Any]) -> None:
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        level = [below for each in level for below in (each.values() if type(each) is dict else each) if type(below) in _CONTAINERS]
        if not level:
            return
    raise RecursionError


_CONTAINERS: Final = (dict, list)
_NUMBERS: Final = (int, float)


def _fault_of_top(document: dict[str, Any]) -> _Fault | None:
    kind = document.get("type")
    is_apart = kind == "subsegment"
    # "segment" is no type that the Developer Guide knows; refusing it would help nobody.
    if kind is not None and not is_apart and kind != "segment":
        return "UnknownType", "segment"
    word: Kind = "subsegment" if is_apart else "segment"
    return (
        _fault_of_identity(document, word)
        or _fault_of_trace_id(document, word)
        or _fault_of_times(document, word)
        or _fault_of_parent(document, word)
    )


def _fault_of_trace_id(document: dict[str, Any], kind: Kind) -> _Fault | None:
    trace_id = document.get("trace_id")
    if trace_id is None:
        return "MissingTraceId", kind
    return None if type(trace_id) is str and _TRACE_ID(trace_id) else ("InvalidTraceId", kind)


def _fault_of_parent(document: dict[str, Any], kind: Kind) -> _Fault | None:
    parent_id = document.get("parent_id")
    if parent_id is None:
        return ("MissingParentId", kind) if kind == "subsegment" else None
    return None if type(parent_id) is str and _ID(parent_id) else ("InvalidParentId", kind)


def _fault_of_identity(document: dict[str, Any], kind: Kind) -> _Fault | None:
    own_id = document.get("id")
    if own_id is None:
        return "MissingId", kind
    if type(own_id) is not str or not _ID(own_id):
        return "InvalidId", kind
    name = document.get("name")
    if name is None or name == "":
        return "MissingName", kind
    return ("InvalidName", kind) if type(name) is not str or _BAD_NAME(name) else None


def _fault_of_times(document: dict[str, Any], kind: Kind) -> _Fault | None:
    start = document.get("start_time")
    if start is None:
        return "MissingStartTime", kind
    end = document.get("end_time")
    in_progress = document.get("in_progress")
    if type(start) not in _NUMBERS or (end is not None and type(end) not in _NUMBERS) or in_progress not in _IN_PROGRESS:
        return "ParseError", kind
    if end is not None:
        if in_progress:
            return "InProgressSubsegmentHasEndTime" if kind == "subsegment" else "InProgressSegmentHasEndTime", kind
        return None
    return None if in_progress else ("MissingEndTime", kind)


_IN_PROGRESS: Final = (None, True, False)


def _fault_below(embedded: Any) -> _Fault | None:
    if type(embedded) is not list:
        return "ParseError", "segment"
    for subsegment in _walk(embedded):
        if type(subsegment) is not dict:
            return "ParseError", "entity"
        kind = subsegment.get("type")
        if kind is not None and kind != "subsegment":
            return "UnknownType", "subsegment"
        fault = _fault_of_identity(subsegment, "subsegment") or _fault_of_times(subsegment, "subsegment")
        if fault is not None:
            return fault
    return None


def _walk(embedded: list[Any]) -> Iterator[Any]:
    """Each before those within it. What stands in the place of a list of subsegments and is none comes as None."""
    pending = embedded[::-1]
    while pending:
        subsegment = pending.pop()
        yield subsegment
        below = subsegment.get("subsegments")
        if below is not None:
            pending.extend(reversed(below) if type(below) is list else (None,))


def _has_long_name(document: dict[str, Any]) -> bool:
    return len(document["name"]) > MAX_NAME or any(len(each["name"]) > MAX_NAME for each in _walk(document.get("subsegments") or []))


def _with_names_cut(document: dict[str, Any]) -> str:
    for each in (document, *_walk(document.get("subsegments") or [])):
        each["name"] = each["name"][:MAX_NAME]
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _rejected(own_id: str | None, code: str, kind: Kind) -> Rejected:
    cause = ", Cause: null" if kind == "subsegment" else ""
    return Rejected(own_id, code, f"Invalid {kind}. ErrorCode: {code}{cause}")
