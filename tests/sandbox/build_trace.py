"""Segment documents for tests, written as short as they are thought: times in seconds after `START`, ids as small numbers.

    segment("shop", 1, 0, 4, subsegments=[subsegment("cart", 2, 0.5, 3.5, namespace="remote", status=503)])
    segment("cart", 3, 1, 3, parent=2, origin="AWS::EC2::Instance")

Halves, quarters and eighths of seconds are exact in binary, so sums can be compared with ==.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

Document: TypeAlias = dict[str, Any]

START: Final = 1_790_000_000.0
TRACE_ID: Final = "1-6ab13b80-000000000000000000000001"


def span_id(number: int) -> str:
    """`0000000000000001` for 1."""
    return f"{number:016x}"


def segment(
    name: str,
    number: int,
    start: float = 0.0,
    end: float | None = 1.0,
    *,
    parent: int | None = None,
    origin: str | None = None,
    status: Any = None,
    subsegments: Sequence[Document] = (),
    **members: Any,
) -> Document:
    """A segment. `end` None leaves it open; `parent` is the caller's subsegment; what else it holds is given by name."""
    document = {"trace_id": TRACE_ID, **_timed(name, number, start, end)}
    if parent is not None:
        document["parent_id"] = span_id(parent)
    if origin is not None:
        document["origin"] = origin
    return _filled(document, status, subsegments, members)


def subsegment(
    name: str,
    number: int,
    start: float = 0.0,
    end: float | None = 1.0,
    *,
    namespace: str | None = None,
    status: Any = None,
    subsegments: Sequence[Document] = (),
    **members: Any,
) -> Document:
    """A subsegment as it stands inside a segment. Without a namespace it is the service's own work."""
    document = _timed(name, number, start, end)
    if namespace is not None:
        document["namespace"] = namespace
    return _filled(document, status, subsegments, members)


def apart(document: Document, *, parent: int) -> Document:
    """The subsegment as a document of its own, below the span `parent`."""
    return {**document, "type": "subsegment", "trace_id": TRACE_ID, "parent_id": span_id(parent)}


def request(method: str = "GET", url: str = "https://shop.example/cart", status: Any = 200, **more: Any) -> Document:
    """The `http` member of a segment that answered a request; `more` are further members of the request."""
    return {"request": {"method": method, "url": url, **more}, "response": {"status": status}}


def exceptions(*messages: str, kind: str = "TimeoutError", first_id: int = 0xE0) -> Document:
    """A `cause` with one exception for each message. Their ids count up from `first_id`."""
    return {
        "working_directory": "/app",
        "exceptions": [{"id": span_id(first_id + at), "type": kind, "message": each} for at, each in enumerate(messages)],
    }


def _timed(name: str, number: int, start: float, end: float | None) -> Document:
    document: Document = {"name": name, "id": span_id(number), "start_time": START + start}
    if end is None:
        document["in_progress"] = True
    else:
        document["end_time"] = START + end
    return document


def _filled(document: Document, status: Any, subsegments: Sequence[Document], members: Document) -> Document:
    if status is not None:
        document["http"] = {"response": {"status": status}}
    if subsegments:
        document["subsegments"] = list(subsegments)
    return {**document, **members}
