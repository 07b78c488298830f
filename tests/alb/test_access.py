"""One line of an access log, field by field."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alb.lines import FIELD_COUNTS, ODD_LINES, Fields, OddLine, access_lines, mutated
from xray_grafana.alb.access import AccessLine, LineError, parse_access
from xray_grafana.xray.trace_id import TraceId

# 2026-09-20T10:00:00Z in seconds since 1970.
TEN = 1_789_898_400


def failed(line: bytes) -> LineError:
    with pytest.raises(LineError) as caught:
        parse_access(line)
    return caught.value


@pytest.mark.parametrize("odd", ODD_LINES, ids=lambda odd: odd.name)
def test_odd_lines_mean_what_they_mean_by_hand(odd: OddLine) -> None:
    access = parse_access(odd.line)

    assert {name: getattr(access, name) for name in odd.expected} == odd.expected
    assert (access.trace.root.xray if access.trace.root else None) == odd.root


def test_every_field_of_a_plain_line_has_its_type_and_unit() -> None:
    assert parse_access(Fields().line()) == AccessLine(
        type="https",
        time="2026-09-20T10:00:01.052000Z",
        time_ns=TEN * 1_000_000_000 + 1_052_000_000,
        elb="app/shop-front/50dc6c495c0c9188",
        client_ip="203.0.113.9",
        client_port=46532,
        target_ip="10.0.3.21",
        target_port=8080,
        request_processing_seconds=0.001,
        target_processing_seconds=0.048,
        response_processing_seconds=0.0,
        elb_status_code=200,
        target_status_code=200,
        received_bytes=312,
        sent_bytes=5120,
        request="GET https://shop.example.com:443/cart HTTP/2.0",
        method="GET",
        url="https://shop.example.com:443/cart",
        protocol="HTTP/2.0",
        user_agent="curl/8.7.1",
        ssl_cipher="ECDHE-RSA-AES128-GCM-SHA256",
        ssl_protocol="TLSv1.2",
        target_group_arn="arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/storefront/73e2d6bc24d8a067",
        trace_header="Root=1-68ce7ba1-0123456789abcdef01234567",
        trace=parse_access(Fields().line()).trace,
        domain_name="shop.example.com",
        chosen_cert_arn="arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012",
        matched_rule_priority=1,
        request_creation_time="2026-09-20T10:00:01.003000Z",
        creation_ns=TEN * 1_000_000_000 + 1_003_000_000,
        actions_executed=("forward",),
        redirect_url=None,
        error_reason=None,
        targets=("10.0.3.21:8080",),
        target_status_codes=("200",),
        classification=None,
        classification_reason=None,
        conn_trace_id="TID_0f8bd1ee92a4d94f9dc5cf5c8b2f8e57",
        transformed_host=None,
        transformed_uri=None,
        request_transform_status=None,
        alb_node_ip="10.0.3.7",
        odd=(),
    )
    assert parse_access(Fields().line()).trace.root == TraceId("68ce7ba1", "0123456789abcdef01234567")


@pytest.mark.parametrize("count", FIELD_COUNTS)
def test_fields_that_a_line_does_not_have_yet_are_none(count: int) -> None:
    access = parse_access(Fields(transformed_host="h", transformed_uri="u", request_transform_status="s").line(count))

    late = (access.conn_trace_id, access.transformed_host, access.transformed_uri, access.request_transform_status, access.alb_node_ip)
    assert late == ("TID_0f8bd1ee92a4d94f9dc5cf5c8b2f8e57", "h", "u", "s", "10.0.3.7")[: count - 29] + (None,) * (34 - count)
    assert access.classification_reason is None
    assert access.odd == ()


@pytest.mark.parametrize("tail", [b"", b" ", b" -", b' "-"', b" - - -", b' "" ""', b' "unclosed', b' "a" b "c"d'])
def test_no_tail_behind_the_last_known_field_matters(tail: bytes) -> None:
    plain = Fields().line()

    assert parse_access(plain + tail) == parse_access(plain)


@pytest.mark.parametrize("tail", [b" -", b" ", b"  -  "])
def test_a_lone_dash_of_a_field_to_come_is_nothing(tail: bytes) -> None:
    assert parse_access(Fields().line(29) + tail) == parse_access(Fields().line(29))


def test_a_line_may_end_with_the_actions() -> None:
    line = Fields().line(29)
    line = line[: line.index(b'"forward"') + len(b'"forward"')]

    access = parse_access(line)

    assert (access.actions_executed, access.redirect_url, access.targets, access.odd) == (("forward",), None, (), ())


def test_a_last_field_that_was_cut_within_its_quotes_is_odd_and_none() -> None:
    line = Fields(error_reason="AuthInvalidIdToken").line(29)

    access = parse_access(line[: line.index(b"IdToken")])

    assert (access.error_reason, access.odd) == (None, ("error_reason",))


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"client": "203.0.113.9:65536"}, "client_port", None),
        ({"client": "203.0.113.9:"}, "client_port", None),
        ({"client": ":80"}, "client_ip", None),
        ({"target": "10.0.0.1:-1"}, "target_port", None),
        ({"request_processing_time": "5."}, None, 5.0),
        ({"request_processing_time": ".5"}, "request_processing_seconds", None),
        ({"request_processing_time": "inf"}, "request_processing_seconds", None),
        ({"request_processing_time": "1_0"}, "request_processing_seconds", None),
        ({"request_processing_time": "9" * 400}, "request_processing_seconds", None),
        ({"request_processing_time": "-2"}, "request_processing_seconds", None),
        ({"request_processing_time": "-"}, None, None),
        ({"target_status_code": "20"}, "target_status_code", None),
        ({"target_status_code": "٢٠٠"}, "target_status_code", None),
        ({"sent_bytes": "9" * 5000}, "sent_bytes", None),
        ({"sent_bytes": "0x10"}, "sent_bytes", None),
        ({"sent_bytes": "-"}, None, None),
        ({"matched_rule_priority": "1.5"}, "matched_rule_priority", None),
        ({"matched_rule_priority": "1 2"}, "matched_rule_priority", None),
        ({"ssl_cipher": "a b"}, "ssl_cipher", None),
    ],
)
def test_what_has_not_the_type_of_its_field_is_none_and_named(changes: dict[str, Any], field: str | None, value: object) -> None:
    access = parse_access(Fields(**changes).line())

    assert (field in access.odd) if field else access.odd == ()
    shown = field or {"request_processing_time": "request_processing_seconds"}.get(next(iter(changes)), next(iter(changes)))
    assert getattr(access, shown) == value


@pytest.mark.parametrize(
    ("request_line", "expected"),
    [
        ("GET http://h:80/ HTTP/1.1", ("GET", "http://h:80/", "HTTP/1.1")),
        ("GET http://h:80/a b  c HTTP/1.1", ("GET", "http://h:80/a b  c", "HTTP/1.1")),
        ("- http://h:80- -", (None, "http://h:80-", None)),
        ("- http://h:80-/ ", (None, "http://h:80-/", None)),
        ("GET http://h:80/", ("GET", "http://h:80/", None)),
        ("-", (None, None, None)),
        (" ", (None, None, None)),
    ],
)
def test_a_request_is_split_at_its_first_and_last_space(request_line: str, expected: tuple[str | None, ...]) -> None:
    access = parse_access(Fields(request=request_line).line())

    assert (access.method, access.url, access.protocol) == expected
    assert (access.request, access.odd) == (request_line, ())


def test_actions_are_a_list() -> None:
    assert parse_access(Fields(actions_executed="waf,authenticate,redirect").line()).actions_executed == ("waf", "authenticate", "redirect")


def test_bytes_that_are_no_utf_8_are_written_as_escapes() -> None:
    line = Fields(user_agent="é").line().replace("é".encode(), b"\xe9\x00\xc3\xa9")

    assert parse_access(line).user_agent == "\\xe9\x00é"


def test_what_stands_between_quotes_may_be_anything() -> None:
    """The gaps in front of the user agent, the domain and the certificate are not looked at."""
    line = Fields().line().replace(b'" "curl', b'"x y"curl').replace(b'" "shop', b'""shop').replace(b'" "arn:aws:acm', b'" ? "arn:aws:acm')

    assert parse_access(line) == parse_access(Fields().line())


@pytest.mark.parametrize(
    ("line", "field", "reason"),
    [
        (b"", "quotes", "expected at least 12 of them, found 0"),
        (b"Enable AccessLog for ELB: app/x/y at 2026-09-20T10:00:00Z", "quotes", "expected at least 12 of them, found 0"),
        (Fields().line()[:300], "quotes", "expected at least 12 of them, found 4"),
        (b"x " + Fields().line(), "fields before the request", "expected 12 with a space after each, found another form"),
        (Fields().line().replace(b" 5120 ", b" "), "fields before the request", "expected 12 with a space after each, found another form"),
        (
            Fields().line().replace(b' "GET', b'"GET'),
            "fields before the request",
            "expected 12 with a space after each, found another form",
        ),
    ],
)
def test_a_line_of_another_form_is_refused_with_its_part(line: bytes, field: str, reason: str) -> None:
    error = failed(line)

    assert (error.field, error.reason) == (field, reason)


BAD_TIMES = [
    "2026-09-20T10:00:01.052Z",
    "2026-09-20T10:00:01.052000",
    "2026-09-20t10:00:01.052000Z",
    "2026-09-20T10:00:01,052000Z",
    "2026-09-20T10:00:01.05200zZ",
    "2026-02-29T10:00:01.052000Z",
    "2026-13-01T10:00:01.052000Z",
    "2026-09-20T24:00:01.052000Z",
    "2026-09-20T10:00:60.052000Z",
    "1999-12-31T23:59:59.999999Z",
    "2100-01-01T00:00:00.000000Z",
    "٢026-09-20T10:00:01.05200Z",
    "2026-09-20T10:00:01.05200٢Z",
    "2026-W38-7T10:00:01.052000Z",
    "-",
    "",
]


@pytest.mark.parametrize("time", BAD_TIMES)
def test_both_times_have_one_form_and_exist(time: str) -> None:
    assert failed(Fields(time=time).line()).field == "time"
    assert failed(Fields(request_creation_time=time).line()).field == "request_creation_time"


@pytest.mark.parametrize(
    ("time", "seconds"), [("2000-01-01T00:00:00.000000Z", 946_684_800), ("2028-02-29T00:00:00.000000Z", 1_835_395_200)]
)
def test_times_are_nanoseconds_of_utc(time: str, seconds: int) -> None:
    assert parse_access(Fields(time=time).line()).time_ns == seconds * 1_000_000_000


@pytest.mark.parametrize("status", ["-", "20", "2000", "600", "099", "20x", "٢٠٠", ""])
def test_a_status_is_three_digits_from_100_to_599(status: str) -> None:
    assert failed(Fields(elb_status_code=status).line()).field == "elb_status_code"


def test_the_creation_time_stands_right_before_the_actions() -> None:
    good = Fields().line()

    assert failed(good.replace(b'Z "forward', b'Z  "forward')).field == "request_creation_time"
    assert failed(good.replace(b'Z "forward', b'Z"forward')).field == "request_creation_time"
    assert failed(good.replace(b' 1 2026-09-20T10:00:01.003000Z "', b'2026-09-20T10:00:01.003000Z "')).field == "request_creation_time"


def test_without_a_rule_the_creation_time_is_still_read() -> None:
    access = parse_access(Fields().line().replace(b'" 1 2026', b'" 2026'))

    assert (access.matched_rule_priority, access.creation_ns) == (None, TEN * 1_000_000_000 + 1_003_000_000)
    assert access.odd == ("matched_rule_priority",)


def test_an_error_shows_at_most_eighty_characters_and_none_that_steers_a_terminal() -> None:
    error = failed(b"\x1b[31m\x9b" + b"\xc2\x9b" + b"x" * 500)

    assert len(error.got) == 80
    assert error.got.startswith(r"\x1b[31m\x9b\x9bxxx")
    assert "\x1b" not in str(error)


@pytest.mark.parametrize("seed", range(5))
def test_every_generated_line_can_be_read_and_nothing_in_it_is_odd(seed: int) -> None:
    for line in access_lines(300, seed=seed, field_counts=FIELD_COUNTS, odd_share=0.5):
        assert parse_access(line).odd == ()


def test_the_same_seed_makes_the_same_lines() -> None:
    assert list(access_lines(50, seed=4)) == list(access_lines(50, seed=4))
    assert list(access_lines(50, seed=4)) != list(access_lines(50, seed=5))


@given(st.binary())
def test_no_bytes_raise_anything_but_a_line_error(line: bytes) -> None:
    with pytest.raises(LineError):
        parse_access(line)


@given(st.randoms(use_true_random=False), st.sampled_from(ODD_LINES))
def test_no_accident_raises_anything_but_a_line_error(chance: random.Random, odd: OddLine) -> None:
    line = odd.line
    for _ in range(chance.randrange(1, 4)):
        line = mutated(line, chance) or b" "
    try:
        access = parse_access(line)
    except LineError:
        return
    assert access.elb_status_code in range(100, 600)
    assert access.time_ns > 946_684_799_000_000_000
