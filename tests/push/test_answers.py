"""Every answer has its action. The texts are those of Loki 3.7.8, of nginx and of Go's own server."""

from __future__ import annotations

import time

import pytest

from xray_grafana.push.answers import RULES, Action, Answer, action_of, is_about_streams, rate_limit_bytes, retry_after_seconds

STREAM_RATE = (
    "entry with timestamp 2026-11-21 17:08:49.159933974 +0000 UTC ignored, reason: 'Per stream rate limit exceeded (limit: 100KB/sec) "
    "while attempting to ingest for stream '{a=\"r\"}' totaling 1000B, consider splitting a stream via additional labels or contact your "
    "Loki administrator to see if the limit can be increased',\nuser 'u', total ignored: 1 out of 1 for stream: {a=\"r\"}\n"
)
RATE = (
    "ingestion rate limit exceeded for user t2 (limit: 4194304 bytes/sec) while attempting to ingest '7000' lines totaling '7000000' "
    "bytes, reduce log volume or contact your Loki administrator to see if the limit can be increased\n"
)
STREAMS = (
    'maximum active stream limit exceeded when trying to create stream {a="2"}, reduce the number of active streams (reduce labels or '
    "reduce label values), or contact your Loki administrator to see if the limit can be increased, user: 'onestream'\n"
)
BLOCKED = "ingestion blocked for user 'blocked' until '2030-01-01T00:00:00Z' with status code '{}'\n"
PAGE = "<html>\r\n<head><title>{0}</title></head>\r\n<body><center><h1>{0}</h1></center></body></html>"
TOO_OLD = "entry for stream '{a=\"3\"}' has timestamp too old: 2026-11-13T17:07:05Z, oldest acceptable timestamp is: 2026-11-14T17:07:05Z\n"
GRPC = "rpc error: code = ResourceExhausted desc = grpc: received message larger than max (4449797 vs. 4194304)\n"

CASES = [
    (204, "", Action.ACCEPTED),
    (200, "ok", Action.ACCEPTED),
    (200, PAGE.format("Sign in"), Action.NOT_LOKI),
    (200, "\n <!DOCTYPE html>", Action.NOT_LOKI),
    (260, BLOCKED.format(260), Action.REFUSED_BY_POLICY),
    (260, "", Action.REFUSED_BY_POLICY),
    (429, BLOCKED.format(429), Action.REFUSED_BY_POLICY),
    (400, TOO_OLD, Action.PARTLY_REFUSED),
    (400, "snappy: corrupt input\n", Action.PARTLY_REFUSED),
    (422, "error at least one valid stream is required for ingestion\n", Action.PARTLY_REFUSED),
    (400, PAGE.format("400 The plain HTTP request was sent to HTTPS port"), Action.NOT_LOKI),
    (400, "Client sent an HTTP request to an HTTPS server.\n", Action.NOT_LOKI),
    (400, "", Action.NOT_LOKI),
    (400, "Bad Request", Action.TRY_AGAIN),
    (400, '{"message": "the quota of this gateway is used up"}', Action.TRY_AGAIN),
    (400, "unexpected EOF\n", Action.TRY_AGAIN),
    (422, "no", Action.TRY_AGAIN),
    (400, STREAM_RATE, Action.SLOW_DOWN),
    (400, "tenant ID 'a b' contains unsupported character ' '\n", Action.UNAUTHORISED),
    (400, "multiple org IDs present\n", Action.UNAUTHORISED),
    (401, "no org id\n", Action.UNAUTHORISED),
    (401, PAGE.format("401 Authorization Required"), Action.UNAUTHORISED),
    (403, "", Action.UNAUTHORISED),
    (413, PAGE.format("413 Request Entity Too Large"), Action.TOO_LARGE),
    (413, "request body too large: message size too large than max (7 vs 5)\n", Action.TOO_LARGE),
    (400, "decompressed message size too large than max (7 vs 5)\n", Action.TOO_LARGE),
    (400, "compressed message size 7 exceeds limit 5\n", Action.TOO_LARGE),
    (500, GRPC, Action.TOO_LARGE),
    (429, RATE, Action.SLOW_DOWN),
    (429, STREAM_RATE, Action.SLOW_DOWN),
    (429, STREAMS, Action.SLOW_DOWN),
    (429, PAGE.format("429 Too Many Requests"), Action.SLOW_DOWN),
    (408, "", Action.TRY_AGAIN),
    (500, "empty ring\n", Action.TRY_AGAIN),
    (502, PAGE.format("502 Bad Gateway"), Action.TRY_AGAIN),
    (503, "", Action.TRY_AGAIN),
    (504, PAGE.format("504 Gateway Time-out"), Action.TRY_AGAIN),
    (599, "", Action.TRY_AGAIN),
    (302, "", Action.NOT_LOKI),
    (404, "404 page not found\n", Action.NOT_LOKI),
    (405, "", Action.NOT_LOKI),
    (418, "short and stout", Action.NOT_LOKI),
]


@pytest.mark.parametrize(("status", "text", "action"), CASES)
def test_each_answer_has_its_action(status: int, text: str, action: Action) -> None:
    assert action_of(Answer(status, text)) is action


STREAM = '{a="1"}'
ADVICE = "Please see `limits_config.x` or contact your Loki administrator to increase it"


@pytest.mark.parametrize(
    "text",
    [
        f"entry for stream '{STREAM}' has timestamp too old: 2026-11-13T17:07:05Z, oldest acceptable timestamp is: 2026-11-14T17:07:05Z",
        f"entry for stream '{STREAM}' has timestamp too new: 2026-11-21T18:07:05Z",
        f"max entry size '262144' bytes exceeded for stream '{STREAM}' while adding an entry with length '262145' bytes",
        f"Max entry size '262144' bytes exceeded for stream '{STREAM}' while adding an entry with length '262145' bytes",
        f"stream '{STREAM}' includes structured metadata, but this feature is disallowed. {ADVICE}",
        f"stream '{STREAM}' has structured metadata too large: '70001' bytes, limit: '65536' bytes. {ADVICE}",
        f"stream '{STREAM}' has too many structured metadata labels: '129', limit: '128'. {ADVICE}",
        f"entry for stream '{STREAM}' has 16 label names; limit 15",
        f"stream '{STREAM}' has label name too long: 'a'",
        f"stream '{STREAM}' has label value too long: '1'",
        f"stream '{STREAM}' has duplicate label name: 'a'",
        "error at least one label pair is required per stream",
        "error parsing labels '{' with error: 1:2: parse error: unexpected end of input inside braces",
        "couldn't parse labels: 1:2: parse error: unexpected end of input inside braces",
        "couldn't parse labels: labels size 12 MiB exceeds limit of 10",
        "1:2: parse error: unexpected end of input inside braces",
        "labels size 12 MiB exceeds limit of 10",
        f"missing required labels 'team' for user 'u' for stream '{STREAM}' (policy: '')",
        "2 errors like: what no Loki says yet; 1 errors like: nor this",
        f"entry with timestamp T ignored, reason: 'entry out of order',\nuser 'u', total ignored: 1 out of 2 for stream: {STREAM}",
        "entry with timestamp 2026-11-21 16:05:25.9 +0000 UTC ignored, reason: 'entry too far behind, and so on for 4 MiB",
        "error at least one valid stream is required for ingestion",
        "snappy: corrupt input",
        "snappy: decoded block is too large",
        "snappy: unsupported input",
        "s2: corrupt input",
        "proto: wrong wireType = 0 for field Labels",
        "proto: illegal wireType 7",
        "proto: PushRequest: illegal tag 0 (wire type 0)",
        "proto: StreamAdapter: wiretype end group for non-group",
        "proto: negative length found during unmarshaling",
        "proto: integer overflow",
        "timestamp: &Timestamp{Seconds: -62135596801,Nanos: 0,} before 0001-01-01",
        "timestamp: &Timestamp{Seconds: 0,Nanos: -1,}: nanos not in range [0, 1e9)",
        "mime: no media type",
        "mime: expected slash in first token",
        'Content-Encoding "br" not supported',
    ],
)
def test_whatever_loki_refuses_for_good_is_known_as_its_own_words(text: str) -> None:
    assert action_of(Answer(400, f"{text}\n")) is Action.PARTLY_REFUSED


@pytest.mark.parametrize(
    "text", ["9", "9:", "timestamp: ", "total ignored: 9", "; 9", "proto: ", "Content-Encoding ", "entry with timestamp "]
)
def test_a_long_answer_of_anything_is_looked_through_in_no_time(text: str) -> None:
    began = time.process_time()
    action_of(Answer(400, text * ((4 << 20) // len(text))))

    assert time.process_time() - began < 5


def test_no_answer_at_all_is_tried_again() -> None:
    assert action_of(Answer(None, error="Connection refused")) is Action.TRY_AGAIN


def test_every_row_of_the_table_decides_some_answer_and_says_why() -> None:
    deciding = set()
    for status, text, _ in CASES:
        fits = (rule.why for rule in RULES if status in rule.statuses and (rule.pattern is None or rule.pattern.search(text)))
        deciding.add(next(fits))

    assert deciding == {rule.why for rule in RULES}
    assert all(rule.why for rule in RULES)


@pytest.mark.parametrize(
    ("text", "limit_bytes"),
    [
        (RATE, 4_194_304),
        (STREAM_RATE, 102_400),
        ("(limit: 3MB/sec)", None),
        (f"(limit: {'9' * 5000} bytes/sec)", None),
        (f"Per stream rate limit exceeded (limit: {'9' * 5000}MB/sec)", None),
        (STREAMS, None),
        ("Too Many Requests", None),
        ("", None),
    ],
)
def test_a_refusal_for_the_rate_names_its_limit(text: str, limit_bytes: int | None) -> None:
    assert rate_limit_bytes(text) == limit_bytes


def test_too_many_streams_are_told_from_too_many_bytes() -> None:
    assert is_about_streams(STREAMS)
    assert not is_about_streams(RATE)
    assert not is_about_streams(STREAM_RATE)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("120", 120.0),
        (" 1.5 ", 1.5),
        ("Thu, 01 Jan 1970 00:02:10 GMT", 30.0),
        ("Thursday, 01-Jan-70 00:02:10 GMT", 30.0),
        ("Thu Jan  1 00:02:10 1970", 30.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("-5", None),
        ("inf", None),
        ("1e9", None),
        ("soon", None),
        ("Thu, 99 Jan 1970 00:02:10 GMT", None),
        ("9" * 400, None),
        ("9" * 5000, None),
        ("Thu, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        (f"Thu, 01 Jan {'9' * 5000} 00:00:00 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 +99999999999999999999", None),
        ("Thu, 01 Jan 1970 00:00:00 +2359", 0.0),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, now=100.0) == seconds
