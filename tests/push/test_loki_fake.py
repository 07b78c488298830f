"""The fake does what Loki 3.7.8 was seen to do, and is strict where Loki is lenient."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import cramjam
import pytest
import urllib3

from tests.push.batches import LABELS, NOW_NS, Clock, batch, batch_of, entry, noise, stored
from tests.push.loki_fake import NO_LIMITS, Limits, LokiFake, Reply, Slow, Stored
from tests.push.proto import PushRequest
from xray_grafana.push.answers import Answer
from xray_grafana.push.client import PushClient
from xray_grafana.push.encode import EntryBatch, encode_body, encode_entry, labels_text, varint
from xray_grafana.push.settings import PushSettings

pytestmark = pytest.mark.enable_socket


def now_ns() -> int:
    return NOW_NS


def push(loki: LokiFake, body: bytes, **headers: str) -> Answer:
    with PushClient(PushSettings(loki.url), timeout_seconds=5) as client:
        return client.post(body, headers)


def raw(loki: LokiFake, method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    with urllib3.PoolManager() as pool:
        response = pool.request(method, loki.url + path, body=batch(1).body(), headers=headers, retries=False)
        return response.status, response.data


def two_streams(first: EntryBatch, second: EntryBatch) -> bytes:
    return bytes(cramjam.snappy.compress_raw(b"".join(bytes(cramjam.snappy.decompress_raw(part.body())) for part in (first, second))))


def stream(name: str, *seconds: float) -> EntryBatch:
    return EntryBatch(labels_text({"service_name": name}), tuple(entry(second) for second in seconds))


def test_of_several_streams_in_a_push_only_the_last_ones_error_is_told_so_that_entries_are_lost_behind_a_204() -> None:
    with LokiFake(now_ns=now_ns) as loki:
        push(loki, stream("a", 0).body())

        assert push(loki, two_streams(stream("a", -3601), stream("b", 0))) == Answer(204)
        assert push(loki, two_streams(stream("b", 1), stream("a", -3601))).status == 400
        assert [len(loki.entries({"service_name": name})) for name in "ab"] == [1, 2]


def test_what_a_distributor_refuses_is_told_whatever_the_other_streams_do() -> None:
    with LokiFake(now_ns=now_ns) as loki:
        answer = push(loki, two_streams(stream("a", -8 * 86400), stream("b", 0)))

    assert answer == Answer(
        400,
        "entry for stream '{service_name=\"a\"}' has timestamp too old: 2026-11-13T17:00:00Z, "
        "oldest acceptable timestamp is: 2026-11-14T17:00:00Z\n",
    )


def test_a_repeated_entry_is_kept_once_while_its_block_is_open_and_twice_after() -> None:
    """A block holds 256 KB; the entry right before is known whatever the block."""
    once = batch_of(entry(0, b"once"))
    with LokiFake(now_ns=now_ns) as loki:
        for body in (once, once, batch_of(entry(1, b"x")), once):
            push(loki, body.body())
        assert (len(loki.entries()), len(loki.taken())) == (2, 3)

        push(loki, batch_of(entry(2, b"y" * 200_000), entry(3, b"z" * 100_000)).body())
        push(loki, once.body())

        assert [entry.line[:4] for entry in loki.entries()] == [b"once", b"x", b"yyyy", b"zzzz", b"once"]


def test_other_metadata_make_another_entry() -> None:
    with LokiFake(now_ns=now_ns) as loki:
        push(loki, batch_of(entry(0, b"x", ("try", "1")), entry(0, b"x", ("try", "2"))).body())

        assert len(loki.entries()) == 2


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ((("k", "v" * 65536),), "has structured metadata too large: '65537' bytes, limit: '65536' bytes"),
        (tuple((f"k{number}", "v") for number in range(129)), "has too many structured metadata labels: '129', limit: '128'"),
    ],
)
def test_metadata_have_limits(metadata: tuple[tuple[str, str], ...], words: str) -> None:
    with LokiFake(now_ns=now_ns) as loki:
        answer = push(loki, batch_of(entry(0, b"x", *metadata), entry(0, b"fine")).body())

        assert words in answer.text
        assert [entry.line for entry in loki.entries()] == [b"fine"]


def test_detected_level_counts_for_no_limit() -> None:
    with LokiFake(now_ns=now_ns) as loki:
        assert push(loki, batch_of(entry(0, b"x", ("detected_level", "v" * 70_000))).body()) == Answer(204)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ('{a="1", a="2"}', "has duplicate label name: 'a'"),
        (labels_text({"a": "x" * 2049}), "has label value too long: 'xxx"),
        (labels_text({"a" * 1025: "x"}), "has label name too long: 'aaa"),
        (labels_text({f"l{number}": "x" for number in range(16)}), "has 16 label names; limit 15"),
        ("{a=}", "couldn't parse labels: "),
        ('a="b"', "couldn't parse labels: "),
    ],
)
def test_labels_have_limits(labels: str, words: str) -> None:
    with LokiFake(now_ns=now_ns) as loki:
        answer = push(loki, EntryBatch(labels, (entry(0),)).body())

    assert answer.status == 400
    assert words in answer.text


def test_a_stream_without_a_service_name_gets_one_and_labels_are_unescaped_when_looked_for() -> None:
    with LokiFake(now_ns=now_ns) as loki:
        push(loki, EntryBatch(labels_text({"a": 'q"\\\n'}), (entry(0),)).body())
        push(loki, EntryBatch("{}", (entry(0),)).body())

        assert loki.streams == ['{a="q\\"\\\\\\n", service_name="unknown_service"}', '{service_name="unknown_service"}']
        assert len(loki.entries({"a": 'q"\\\n'})) == 1
        assert len(loki.entries()) == 2


def test_too_many_streams_are_refused() -> None:
    with LokiFake(Limits(streams=1), now_ns=now_ns) as loki:
        assert push(loki, stream("a", 0).body()).status == 204
        answer = push(loki, stream("b", 0).body())

    assert answer.status == 429
    assert answer.text.startswith('maximum active stream limit exceeded when trying to create stream {service_name="b"}, reduce')


def test_a_rate_is_a_bucket_that_fills_with_time() -> None:
    clock = Clock()
    with LokiFake(Limits(rate_bytes=1000, burst_bytes=1500), now_ns=clock.now_ns) as loki:
        statuses = []
        for seconds in (0, 0, 0.5, 0.1, 100, 0):
            clock.sleep(seconds)
            statuses.append(push(loki, batch(10, size=100).body()).status)

    assert statuses == [204, 429, 204, 429, 204, 429]


def test_a_stream_above_its_rate_is_refused_whole() -> None:
    with LokiFake(Limits(stream_rate_bytes=3 << 20, stream_burst_bytes=1500), now_ns=now_ns) as loki:
        answer = push(loki, batch(2, size=1024).body())

        assert loki.entries() == []
    assert answer.status == 429
    assert answer.text.startswith(
        "entry with timestamp 2026-11-21 17:00:00 +0000 UTC ignored, reason: 'Per stream rate limit exceeded (limit: 3MB/sec) while "
        'attempting to ingest for stream \'{lb="app/shop/50dc6c495c0c9188", service_name="shop"}\' totaling 1KB, consider splitting'
    )
    assert "entry with timestamp 2026-11-21 17:00:00.001 +0000 UTC" in answer.text
    assert answer.text.endswith('total ignored: 2 out of 2 for stream: {lb="app/shop/50dc6c495c0c9188", service_name="shop"}\n')


def test_old_entries_pass_with_the_backfill_header_where_loki_knows_it() -> None:
    old = batch_of(entry(-30 * 86400)).body()
    header = {"X-Loki-Backfill-Shard": "a"}
    with LokiFake(now_ns=now_ns) as loki:
        assert push(loki, old, **header).status == 204
        assert push(loki, old, **{"X-Loki-Backfill-Shard": "a" * 129}).status == 400
        assert loki.entries({"__backfill__": "true", "__backfill_shard__": "a", **LABELS}) != []
    with LokiFake(now_ns=now_ns, knows_backfill=False) as loki:
        assert push(loki, old, **header).status == 400


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"", Answer(400, "snappy: corrupt input\n")),
        (b"\x05abc", Answer(400, "snappy: corrupt input\n")),
        (bytes(cramjam.snappy.compress_raw(b"\xff\xff")), Answer(400, "unexpected EOF\n")),
        (bytes(cramjam.snappy.compress_raw(b"")), Answer(422, "error at least one valid stream is required for ingestion\n")),
        (encode_body("{}", []), Answer(204)),
    ],
)
def test_a_body_that_holds_no_entries_is_answered_as_loki_does(body: bytes, answer: Answer) -> None:
    with LokiFake(now_ns=now_ns) as loki:
        assert push(loki, body) == answer


def test_a_body_may_be_too_large_once_it_is_decompressed() -> None:
    with LokiFake(Limits(decompressed_bytes=100), now_ns=now_ns) as loki:
        answer = push(loki, batch(1, size=200).body())

    assert answer.status == 400
    assert answer.text.startswith("decompressed message size too large than max (2")


def test_numbers_may_be_longer_than_they_need_be() -> None:
    """Five bytes for what fits in less, as a body built without looking at each number has them."""

    def five(number: int) -> bytes:
        return bytes((number >> 7 * place) & 0x7F | 0x80 for place in range(4)) + bytes([number >> 28])

    seconds, nanos = divmod(NOW_NS + 7, 10**9)
    timestamp = b"\x08" + five(seconds) + b"\x10" + five(nanos)
    entry = b"\x12" + varint(2) + b"hi" + b"\x0a" + varint(len(timestamp)) + timestamp
    with LokiFake(now_ns=now_ns) as loki:
        assert push(loki, encode_body("{}", [b"\x12" + five(len(entry)) + entry])) == Answer(204)
        assert loki.entries() == [Stored(NOW_NS + 7, b"hi")]


def test_callers_and_paths_are_checked_as_loki_does() -> None:
    proto = {"Content-Type": "application/x-protobuf"}
    path = "/loki/api/v1/push"
    with LokiFake(now_ns=now_ns, tenants=True) as loki:
        assert raw(loki, "POST", path, proto) == (401, b"no org id\n")
        assert raw(loki, "POST", path, {"X-Scope-OrgID": "a"}) == (400, b"mime: no media type\n")
        assert raw(loki, "POST", "/push", {"X-Scope-OrgID": "a", **proto}) == (404, b"404 page not found\n")
        assert raw(loki, "GET", path, {"X-Scope-OrgID": "a"}) == (405, b"")
        assert raw(loki, "GET", "/loki/api/v1/query", {}) == (401, b"no org id\n")
        assert raw(loki, "POST", path, {"X-Scope-OrgID": "a", **proto}) == (204, b"")
    with LokiFake(now_ns=now_ns, bearer="t") as loki:
        assert raw(loki, "POST", path, proto) == (401, b"unauthorized\n")
        assert raw(loki, "POST", path, {"Authorization": "Bearer t", **proto}) == (204, b"")


def with_hash(name: str) -> bytes:
    request = PushRequest()
    request.streams.add(labels=labels_text({"a": name}))
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString() + b"\x10\x01"))


@pytest.mark.parametrize(
    ("body", "headers", "fault"),
    [
        (with_hash("a"), {}, "a field that a client must not send"),
        (encode_body("{}", [b"\x12\x04\x12\x02hi"]), {}, "an entry without a timestamp"),
        (encode_body("{}", [b"\x12\x08\x0a\x06\x10\x80\x94\xeb\xdc\x03"]), {}, "an entry without a timestamp, or with one that is none"),
        (batch(1).body(), {"Content-Type": "application/json"}, "a push of another form: application/json"),
        (batch(1).body(), {"Content-Encoding": "gzip"}, "a push of another form: application/x-protobuf, gzip"),
    ],
)
def test_what_no_client_of_ours_may_send_fails_the_test(body: bytes, headers: dict[str, str], fault: str) -> None:
    with pytest.raises(AssertionError, match=fault), LokiFake(NO_LIMITS) as loki:
        push(loki, body, **headers)


def test_a_script_that_was_not_used_up_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="not used up"), LokiFake() as loki:
        loki.script([Reply(500)])


def test_what_the_test_itself_raises_is_not_hidden() -> None:
    def fail(loki: LokiFake) -> None:
        loki.script([Reply(500)])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), LokiFake() as loki:
        fail(loki)


def test_a_fault_of_the_fake_fails_the_test() -> None:
    def broken() -> int:
        raise ValueError("no clock")

    with pytest.raises(AssertionError, match="no clock"), LokiFake(now_ns=broken) as loki:
        assert push(loki, batch(1).body()).status is None


def test_the_fake_keeps_no_more_than_it_was_told_to() -> None:
    big = batch_of(entry(0, noise(1000, 1))).body()
    with pytest.raises(AssertionError, match="more than 1500 bytes"), LokiFake(NO_LIMITS, max_bytes=1500) as loki:
        assert [push(loki, big).status for _ in range(3)] == [204, 204, 500]


def test_closing_ends_a_slow_answer_and_an_idle_connection_at_once() -> None:
    began = time.monotonic()
    with LokiFake(NO_LIMITS) as loki:
        loki.script([Slow(60)])
        client = PushClient(PushSettings(loki.url))
        waiting = threading.Thread(target=client.post, args=(batch(1).body(),))
        waiting.start()
        while loki.script_left():
            time.sleep(0.005)
    waiting.join()
    client.close()

    assert time.monotonic() - began < 10


def test_a_request_is_kept_with_what_it_held_and_what_was_answered() -> None:
    with LokiFake(now_ns=now_ns) as loki:
        loki.script([Reply(500, "no")])
        push(loki, batch(2).body())
        push(loki, batch(2).body())
        first, second = loki.requests

    assert (first.status, first.text, second.status) == (500, "no", 204)
    assert first.streams == second.streams == ((labels_text(LABELS), tuple(stored(batch(2)))),)


def test_every_limit_can_be_switched_off() -> None:
    far = [entry(0), entry(-400 * 86400), entry(86400), replace(entry(5), line=b"x" * 8_000_000)]
    with LokiFake(NO_LIMITS, now_ns=now_ns) as loki:
        assert push(loki, encode_body("{}", map(encode_entry, far))).status == 204
        assert len(loki.entries()) == 4
