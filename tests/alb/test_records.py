"""Lines as named values."""

from __future__ import annotations

import json

import pytest

from tests.alb.lines import Fields, access_lines
from tests.alb.test_lines import CLB, CONNECTION, HEALTH_CHECK, NLB
from xray_grafana.alb.access import LineError
from xray_grafana.alb.keys import LogType
from xray_grafana.alb.records import field_names, read_record
from xray_grafana.xray.trace_id import TraceId

ROOT = TraceId("68ce7ba1", "0123456789abcdef01234567")
SELF = TraceId("68ce7ba2", "aaaaaaaaaaaaaaaaaaaaaaaa")


def test_a_plain_access_line_is_values_with_units_in_their_names() -> None:
    record, ids = read_record("access", Fields().line())

    assert ids == (ROOT,)
    assert record == {
        "type": "https",
        "time": "2026-09-20T10:00:01.052000Z",
        "elb": "app/shop-front/50dc6c495c0c9188",
        "client_ip": "203.0.113.9",
        "client_port": 46532,
        "target_ip": "10.0.3.21",
        "target_port": 8080,
        "request_processing_seconds": 0.001,
        "target_processing_seconds": 0.048,
        "response_processing_seconds": 0.0,
        "elb_status_code": 200,
        "target_status_code": 200,
        "received_bytes": 312,
        "sent_bytes": 5120,
        "request": "GET https://shop.example.com:443/cart HTTP/2.0",
        "method": "GET",
        "url": "https://shop.example.com:443/cart",
        "protocol": "HTTP/2.0",
        "user_agent": "curl/8.7.1",
        "ssl_cipher": "ECDHE-RSA-AES128-GCM-SHA256",
        "ssl_protocol": "TLSv1.2",
        "target_group_arn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/storefront/73e2d6bc24d8a067",
        "trace_header": "Root=1-68ce7ba1-0123456789abcdef01234567",
        "domain_name": "shop.example.com",
        "chosen_cert_arn": "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
        "matched_rule_priority": 1,
        "request_creation_time": "2026-09-20T10:00:01.003000Z",
        "actions_executed": ["forward"],
        "redirect_url": None,
        "error_reason": None,
        "targets": ["10.0.3.21:8080"],
        "target_status_codes": ["200"],
        "classification": None,
        "classification_reason": None,
        "conn_trace_id": "TID_0f8bd1ee92a4d94f9dc5cf5c8b2f8e57",
        "transformed_host": None,
        "transformed_uri": None,
        "request_transform_status": None,
        "alb_node_ip": "10.0.3.7",
        "odd": [],
        "trace_id": "1-68ce7ba1-0123456789abcdef01234567",
        "otel_trace_id": "68ce7ba10123456789abcdef01234567",
        "self_id": None,
        "parent_id": None,
        "sampled": None,
    }


def test_a_whole_header_gives_all_its_ids() -> None:
    record, ids = read_record("access", Fields(trace=f"Self={SELF.xray};Root={ROOT.xray};Parent=618f0c8aa046eb8a;Sampled=0").line())

    assert ids == (ROOT, SELF)
    assert (record["trace_id"], record["self_id"], record["parent_id"], record["sampled"]) == (
        ROOT.xray,
        SELF.xray,
        "618f0c8aa046eb8a",
        False,
    )


def test_a_line_without_a_header_is_found_by_no_id() -> None:
    record, ids = read_record("access", Fields(trace="-").line())

    assert (ids, record["trace_id"], record["otel_trace_id"], record["trace_header"]) == ((), None, None, None)


def test_texts_are_as_the_client_sent_them() -> None:
    record, _ = read_record("access", Fields(user_agent=r"a\x22b\x5C\xC3\xA9", actions_executed=r"a\x22,b").line())

    assert (record["user_agent"], record["actions_executed"]) == ('a"b\\é', ['a"', "b"])


@pytest.mark.parametrize(
    ("log_type", "line", "expected"),
    [
        ("connection", CONNECTION, {"client_port": 36280, "listener_port": 443, "tls_handshake_seconds": 4.036, "tls_keyexchange": None}),
        ("connection", CONNECTION.replace(b" 4.036 ", b" - "), {"tls_handshake_seconds": None}),
        ("health_check", HEALTH_CHECK, {"latency_seconds": 0.019584011, "status_code": 200, "reason_code": None, "status": "PASS"}),
        ("health_check", HEALTH_CHECK.replace(b"200 -", b"200 TargetError"), {"reason_code": "TargetError"}),
        ("nlb", NLB, {"connection_milliseconds": 5.0, "received_bytes": 98, "version": "2.0", "client": "72.21.218.154:51341"}),
        ("clb", CLB, {"backend_processing_seconds": 0.001048, "elb_status_code": 200, "user_agent": "curl/7.38.0", "ssl_cipher": None}),
        ("clb", CLB.replace(b"0.000073", b"-1"), {"request_processing_seconds": None}),
        ("clb", CLB.replace(b"0.000073", b"0.1.2"), {"request_processing_seconds": "0.1.2"}),
        ("clb", CLB.replace(b" 29 ", b" 2.9 "), {"sent_bytes": "2.9"}),
    ],
)
def test_other_logs_have_numbers_where_they_are_some(log_type: LogType, line: bytes, expected: dict[str, object]) -> None:
    record, ids = read_record(log_type, line)

    assert ids == ()
    assert {name: record[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("log_type", "line"),
    [("access", Fields().line()), ("connection", CONNECTION), ("health_check", HEALTH_CHECK), ("nlb", NLB), ("clb", CLB)],
)
def test_all_records_of_a_kind_have_the_same_names(log_type: LogType, line: bytes) -> None:
    assert tuple(read_record(log_type, line)[0]) == field_names(log_type)


def test_every_record_is_json() -> None:
    for line in access_lines(200, odd_share=1):
        record, _ = read_record("access", line)
        assert json.loads(json.dumps(record)) == record


def test_a_line_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(LineError):
        read_record("access", b"x")
