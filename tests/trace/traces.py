"""Traces made by hand: documents as BatchGetTraces gives them, times in seconds after START."""

from __future__ import annotations

from typing import Any, Final

from xray_grafana.trace.trace import Trace, trace_of
from xray_grafana.xray.trace_id import TraceId

# 2026-09-20T10:00:00Z: 20 714 days after 1970-01-01 of 86 400 s, and ten hours.
START: Final = 1_789_898_400
NS: Final = 1_000_000_000
ID: Final = TraceId("6aafaea0", "0123456789abcdef01234567")


def span(number: int, name: str, start: float, end: float | None, **members: Any) -> dict[str, Any]:
    """A segment or an embedded subsegment; `end` None: in progress."""
    times = {"end_time": START + end} if end is not None else {"in_progress": True}
    return {"id": f"{number:016x}", "name": name, "start_time": START + start, **times, **members}


def segment(number: int, name: str, start: float, end: float | None, **members: Any) -> dict[str, Any]:
    return span(number, name, start, end, trace_id=ID.xray, **members)


def http(method: str, url: str, status: int | None = None) -> dict[str, Any]:
    return {"request": {"method": method, "url": url}, "response": {} if status is None else {"status": status}}


def made(*documents: dict[str, Any], limit_exceeded: bool = False, unreadable: int = 0) -> Trace:
    trace = trace_of(ID, documents, limit_exceeded=limit_exceeded, unreadable=unreadable)
    assert trace is not None
    return trace


def checkout() -> tuple[dict[str, Any], ...]:
    """A checkout of one second whose payment fails: three segments, one of them made up by X-Ray."""
    raised = {"exceptions": [{"id": "00000000000000e1", "type": "PaymentError", "message": "declined by the provider"}]}
    return (
        segment(
            1,
            "storefront",
            0,
            1,
            origin="AWS::ECS::Container",
            fault=True,
            http=http("POST", "https://shop.example/checkout", 502),
            annotations={"tenant": "blue", "retries": 2, "beta": True},
            subsegments=[
                span(2, "cart", 0.1, 0.3, namespace="remote", http=http("GET", "http://cart:8080/items?full=1", 200)),
                span(3, "payments", 0.4, 1, namespace="remote", fault=True, http=http("POST", "http://payments/pay", 502), cause=raised),
            ],
        ),
        segment(
            4,
            "payments",
            0.5,
            0.9,
            parent_id=f"{3:016x}",
            origin="AWS::ECS::Container",
            fault=True,
            http=http("POST", "http://payments/pay", 502),
            subsegments=[span(5, "DynamoDB", 0.5, 0.52, namespace="aws", aws={"operation": "PutItem", "table_name": "charges"})],
        ),
        segment(6, "charges", 0.5, 0.52, parent_id=f"{5:016x}", origin="AWS::DynamoDB::Table", inferred=True),
    )
