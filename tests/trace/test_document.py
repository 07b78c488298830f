from __future__ import annotations

import json
from typing import Any

import pytest

from tests.alb.lines import Fields
from tests.trace.traces import ID, NS, START, checkout, made, segment, span
from xray_grafana.alb.access import parse_access
from xray_grafana.trace.document import document_of
from xray_grafana.trace.lines import AlbLine, Lines, LogLine


def written(*documents: dict[str, Any], lines: Lines | None = None) -> dict[str, Any]:
    """The object as a program reads it: strict JSON."""
    text = json.dumps(document_of(made(*documents), lines, "https://grafana.example/d/x"), allow_nan=False)
    read: dict[str, Any] = json.loads(text)
    return read


def test_everything_of_the_trace_is_in_the_object() -> None:
    document = written(*checkout())
    spans = document.pop("spans")
    assert document == {
        "id": ID.xray,
        "otel_id": ID.otel,
        "start": "2026-09-20T10:00:00.000000Z",
        "duration_seconds": 1.0,
        "root_id": f"{1:016x}",
        "services": ["storefront", "payments"],
        "partial": False,
        "limit_exceeded": False,
        "unreadable_documents": 0,
        "alb": None,
        "logs": None,
        "logs_cut": None,
        "board_url": "https://grafana.example/d/x",
    }
    assert [(each["id"].lstrip("0"), (each["parent_id"] or "").lstrip("0"), each["kind"]) for each in spans] == [
        ("1", "", "segment"),
        ("2", "1", "subsegment"),
        ("3", "1", "subsegment"),
        ("4", "3", "segment"),
        ("5", "4", "subsegment"),
        ("6", "5", "segment"),
    ]
    assert spans[2] == {
        "id": f"{3:016x}",
        "parent_id": f"{1:016x}",
        "segment_id": f"{1:016x}",
        "kind": "subsegment",
        "name": "payments",
        "service": "storefront",
        "type": None,
        "namespace": "remote",
        "inferred": False,
        "orphan": False,
        "start": "2026-09-20T10:00:00.400000Z",
        "offset_seconds": 0.4,
        "duration_seconds": 0.6,
        "in_progress": False,
        "fault": True,
        "error": False,
        "throttle": False,
        "http": {"method": "POST", "url": "http://payments/pay", "status": 502},
        "call": None,
        "exceptions": [{"name": "PaymentError", "message": "declined by the provider"}],
        "annotations": {},
    }
    assert spans[0]["annotations"] == {"tenant": "blue", "retries": 2, "beta": True}
    assert (spans[4]["call"], spans[5]["inferred"], spans[5]["type"]) == ("PutItem charges", True, "AWS::DynamoDB::Table")


def test_lines_are_those_of_alb_parse_and_log_lines_name_their_span() -> None:
    text = Fields().line()
    log = LogLine(START * NS + 700_000_999, "payments", None, "charging\x1b[2J")
    document = written(*checkout(), lines=Lines((AlbLine(text.decode(), parse_access(text)),), (log,), is_cut=True))
    assert document["alb"][0]["elb_status_code"] == 200
    assert document["alb"][0]["client_ip"] == "203.0.113.9"
    assert document["logs"] == [
        {"time": "2026-09-20T10:00:00.700000Z", "service": "payments", "span_id": f"{4:016x}", "line": "charging\x1b[2J"}
    ]
    assert document["logs_cut"] is True


def test_what_json_or_a_calendar_does_not_have_is_null() -> None:
    open_orphan = segment(1, "shop", -9e10, None, parent_id="f" * 16, annotations={"ratio": float("nan")}, namespace=7)
    document = written(open_orphan, lines=Lines((), ()))
    assert (document["start"], document["duration_seconds"], document["root_id"], document["partial"]) == (
        "1970-01-01T00:00:00.000000Z",
        None,
        None,
        True,
    )
    only = document["spans"][0]
    assert (only["annotations"], only["in_progress"], only["duration_seconds"], only["namespace"]) == ({"ratio": None}, True, None, None)
    assert only["start"] is None
    assert (only["orphan"], only["parent_id"]) == (True, "f" * 16)
    assert (document["alb"], document["logs"]) == ([], [])


@pytest.mark.parametrize("odd", [float("nan"), ["f" * 16], 5])
def test_a_parent_id_that_is_no_text_is_null(odd: Any) -> None:
    assert written(segment(1, "shop", 0, 1, parent_id=odd))["spans"][0]["parent_id"] is None


def test_a_lost_subsegment_has_no_service() -> None:
    lost = span(1, "charge", 0, 1, type="subsegment", parent_id="f" * 16, trace_id=ID.xray)
    only = written(lost)["spans"][0]
    assert (only["service"], only["segment_id"], only["kind"]) == (None, None, "subsegment")
