"""What Loki is told about lines of each kind of log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alb.lines import ODD_LINES, Fields, OddLine
from xray_grafana.alb.access import LineError
from xray_grafana.alb.keys import LogType
from xray_grafana.alb.lines import LINE_FORMATS, LineFacts, guess_log_type, named_fields, read_line

NS = 1_000_000_000
# 2026-09-20T10:00:00Z in seconds since 1970.
TEN = 1_789_898_400
FALLBACK = 17

CONNECTION = (
    b"2023-10-04T17:05:15.514108Z 203.0.113.1 36280 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 4.036 "
    b'"CN=amazondomains.com,O=endEntity,L=Seattle,ST=Washington,C=US" NotBefore=2023-09-21T22:43:21Z;NotAfter=2026-06-17T22:43:21Z '
    b"FEF257372D5C14D4 Success TID_3180a73013c8ca4bac2f731159d4b0fe"
)
# 19 634 days of 86 400 s, 17:05:15.
CONNECTION_NS = 1_696_439_115_514_108_000
HEALTH_CHECK = b"http 2025-10-31T12:44:59.875678Z 0.019584011 172.31.20.97:80 HCLogsTestIPs PASS 200 -"
# 20 392 days, 12:44:59.
HEALTH_CHECK_NS = 1_761_914_699_875_678_000
NLB = (
    b"tls 2.0 2018-12-20T02:59:40 net/my-network-loadbalancer/c6e77e28c25b2234 g3d4b5e8bb8464cd 72.21.218.154:51341 172.100.100.185:443 "
    b"5 2 98 246 - arn:aws:acm:us-east-2:671290407336:certificate/2a108f19-aded-46b0-8493-c63eb1ef4a99 - ECDHE-RSA-AES128-SHA tlsv12 - "
    b'my-network-loadbalancer-c6e77e28c25b2234.elb.us-east-2.amazonaws.com h2 h2 "h2","http/1.1" 2018-12-20T02:59:30'
)
NLB_NS = 1_545_274_780 * NS
CLB = (
    b"2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "
    b'"GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -'
)
# 16 568 days, 23:39:43.
CLB_NS = 1_431_560_383_945_958_000


def facts(log_type: LogType, line: bytes) -> LineFacts:
    found, is_readable = read_line(log_type, line, fallback_ns=FALLBACK)
    assert is_readable
    return found


def unreadable(log_type: LogType, line: bytes) -> LineFacts:
    found, is_readable = read_line(log_type, line, fallback_ns=FALLBACK)
    assert not is_readable
    return found


@pytest.mark.parametrize("odd", ODD_LINES, ids=lambda odd: odd.name)
def test_odd_access_lines_have_the_facts_found_by_hand(odd: OddLine) -> None:
    trace = () if odd.root is None else (("trace_id", odd.root),)

    assert facts("access", odd.line) == LineFacts(odd.timestamp_ns, (*trace, ("level", odd.level)))


def test_an_access_lines_time_is_when_the_request_arrived() -> None:
    line = Fields().line()

    assert facts("access", line).timestamp_ns == TEN * NS + 1_003_000_000
    assert read_line("access", line, fallback_ns=FALLBACK, timestamp="time")[0].timestamp_ns == TEN * NS + 1_052_000_000


@pytest.mark.parametrize(
    ("end", "seconds"),
    [("10:10:00.000000", 0), ("10:10:00.000001", 600.000001), ("12:00:00.000000", 7200), ("09:00:00.000000", 0)],
)
def test_a_request_of_more_than_ten_minutes_has_the_time_of_its_end(end: str, seconds: float) -> None:
    """One that ended before it began, by a clock that was set, has its own."""
    line = Fields(request_creation_time="2026-09-20T10:00:00.000000Z", time=f"2026-09-20T{end}Z").line()

    assert facts("access", line).timestamp_ns == TEN * NS + round(seconds * 1_000_000) * 1_000


@pytest.mark.parametrize(
    ("status", "level"),
    [("101", "info"), ("399", "info"), ("400", "warn"), ("460", "warn"), ("499", "warn"), ("500", "error"), ("599", "error")],
)
def test_the_level_comes_from_the_balancers_status(status: str, level: str) -> None:
    assert dict(facts("access", Fields(elb_status_code=status).line()).metadata)["level"] == level


def test_a_self_alone_is_no_trace() -> None:
    assert facts("access", Fields(trace="Self=1-68ce7ba1-0123456789abcdef01234567").line()).metadata == (("level", "info"),)


@pytest.mark.parametrize(
    ("line", "timestamp_ns", "reason"),
    [
        (b"", FALLBACK, "quotes: expected at least 12 of them, found 0"),
        (b"\x00" * 100, FALLBACK, "quotes: expected at least 12 of them, found 0"),
        (b"https 2026-09-20T10:00:00.000000Z app/x", TEN * NS, "quotes: expected at least 12 of them, found 0"),
        (b"https 2026-09-20T10:00:00Z", TEN * NS, "quotes: expected at least 12 of them, found 0"),
        (
            Fields(elb_status_code="<secret>").line(),
            TEN * NS + 1_052_000_000,
            "elb_status_code: expected three digits from 100 to 599, found something else",
        ),
        (Fields(time="<secret>").line(), FALLBACK, "time: expected a time like 2026-01-31T23:59:59.123456Z, found something else"),
        (
            Fields(request_creation_time="<secret>").line(),
            TEN * NS + 1_052_000_000,
            "request_creation_time: expected a time like 2026-01-31T23:59:59.123456Z, found something else",
        ),
    ],
)
def test_a_line_that_cannot_be_read_has_a_reason_without_its_text_and_a_time_if_there_is_one(
    line: bytes, timestamp_ns: int, reason: str
) -> None:
    assert unreadable("access", line) == LineFacts(timestamp_ns, (("parse_error", reason),))


@pytest.mark.parametrize(
    ("log_type", "line", "timestamp_ns", "level"),
    [
        ("connection", CONNECTION, CONNECTION_NS, "info"),
        ("connection", CONNECTION.replace(b"Success", b"Failed:ClientCertUntrusted"), CONNECTION_NS, "warn"),
        ("connection", CONNECTION.replace(b"Success", b"-"), CONNECTION_NS, "info"),
        ("connection", CONNECTION + b" X25519 app/my-lb/50dc6c495c0c9188 10.0.3.7 - new", CONNECTION_NS, "info"),
        ("connection", CONNECTION.replace(b"CN=amazondomains.com,", b"CN=Failed: a b c d e f g h,"), CONNECTION_NS, "info"),
        ("health_check", HEALTH_CHECK, HEALTH_CHECK_NS, "info"),
        ("health_check", HEALTH_CHECK.replace(b"PASS 200 -", b"FAIL 502 TargetError"), HEALTH_CHECK_NS, "warn"),
        ("nlb", NLB, NLB_NS, "info"),
        ("clb", CLB, CLB_NS, "info"),
        ("clb", CLB.replace(b" 200 200 ", b" 503 0 "), CLB_NS, "error"),
        ("clb", CLB.replace(b" 200 200 ", b" 404 404 "), CLB_NS, "warn"),
        ("clb", CLB.replace(b" 200 200 ", b" - - "), CLB_NS, "info"),
    ],
)
def test_other_logs_have_a_time_and_a_level(log_type: LogType, line: bytes, timestamp_ns: int, level: str) -> None:
    assert facts(log_type, line) == LineFacts(timestamp_ns, (("level", level),))


@pytest.mark.parametrize(
    ("log_type", "line", "timestamp_ns", "reason"),
    [
        ("connection", b"", FALLBACK, "fields: expected at least 11, found 0"),
        ("connection", CONNECTION[:60], CONNECTION_NS, "fields: expected at least 11, found 6"),
        ("connection", b"x" + CONNECTION, FALLBACK, "timestamp: expected a time like 2026-01-31T23:59:59.123456Z, found something else"),
        ("health_check", HEALTH_CHECK[:40], HEALTH_CHECK_NS, "fields: expected at least 6, found 3"),
        ("nlb", NLB[:40], NLB_NS, "fields: expected at least 11, found 4"),
        ("clb", CLB[:40], CLB_NS, "fields: expected at least 12, found 2"),
    ],
)
def test_other_lines_that_cannot_be_read_have_a_reason_too(log_type: LogType, line: bytes, timestamp_ns: int, reason: str) -> None:
    assert unreadable(log_type, line) == LineFacts(timestamp_ns, (("parse_error", reason),))


def test_fields_of_other_logs_have_names() -> None:
    nlb = named_fields("nlb", NLB)

    assert nlb["destination"] == "172.100.100.185:443"
    assert nlb["alpn_client_preference_list"] == '"h2","http/1.1"'
    assert nlb["tls_connection_creation_time"] == "2018-12-20T02:59:30"
    assert (
        named_fields("connection", CONNECTION)["leaf_client_cert_subject"]
        == "CN=amazondomains.com,O=endEntity,L=Seattle,ST=Washington,C=US"
    )
    assert list(named_fields("connection", CONNECTION))[-1] == "conn_trace_id"
    assert named_fields("health_check", HEALTH_CHECK + b" app/x/1 10.0.0.1 - 7")["ip_address"] == "10.0.0.1"
    assert named_fields("clb", CLB)["request"] == "GET http://www.example.com:80/ HTTP/1.1"


def test_fields_of_a_line_that_cannot_be_read_are_an_error() -> None:
    with pytest.raises(LineError):
        named_fields("clb", b"x")


@pytest.mark.parametrize("log_type", LINE_FORMATS)
def test_formats_name_their_own_fields_once(log_type: LogType) -> None:
    line_format = LINE_FORMATS[log_type]

    assert len(set(line_format.fields)) == len(line_format.fields)
    assert {line_format.time, line_format.last_needed, line_format.level_from or line_format.time} <= set(line_format.fields)


@pytest.mark.parametrize(
    ("line", "log_type"),
    [
        (Fields().line(29), "access"),
        (ODD_LINES[2].line, "access"),
        (CONNECTION, "connection"),
        (HEALTH_CHECK, "health_check"),
        (NLB, "nlb"),
        (CLB, "clb"),
        (b"", None),
        (b"Enable AccessLog for ELB: app/x/y at 2026-09-20T10:00:00Z", None),
        (b'{"type": "https"}', None),
    ],
)
def test_a_line_alone_tells_its_kind(line: bytes, log_type: LogType | None) -> None:
    assert guess_log_type(line) == log_type


@given(st.sampled_from(["access", "connection", "health_check", "nlb", "clb"]), st.binary())
def test_every_line_gets_a_time_and_a_level_or_a_reason(log_type: LogType, line: bytes) -> None:
    found, is_readable = read_line(log_type, line, fallback_ns=FALLBACK)

    assert [name for name, _ in found.metadata if name != "trace_id"] == (["level"] if is_readable else ["parse_error"])
    guess_log_type(line)
