"""A batch is stored whole or refused by count, whatever Loki does in between. Loki is a fake on a real socket, time a clock of ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from tests.push.batches import LABELS, NOW_NS, Clock, batch, batch_of, entry, noise, stored
from tests.push.certificates import Authority
from tests.push.loki_fake import Drop, Limits, LokiFake, Reply, ResetInAnswer, ResetInRequest, Slow, Stored
from xray_grafana.errors import LokiError
from xray_grafana.push.client import PushClient
from xray_grafana.push.deliver import Deliverer, Delivery
from xray_grafana.push.encode import EntryBatch, labels_text
from xray_grafana.push.settings import PushSettings, settings_from

pytestmark = pytest.mark.enable_socket

Make = Callable[..., LokiFake]
RATE_TEXT = (
    "ingestion rate limit exceeded for user x (limit: 100 bytes/sec) while attempting to ingest '1' lines totaling '1' bytes, reduce"
)
STREAMS_TEXT = "maximum active stream limit exceeded when trying to create stream {}, reduce the number of active streams"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def loki(clock: Clock) -> Iterator[LokiFake]:
    with LokiFake(now_ns=clock.now_ns) as loki:
        yield loki


def longest(_: float, seconds: float) -> float:
    return seconds


def deliverer(loki: LokiFake, clock: Clock, *, patience_seconds: float = 600.0, timeout_seconds: float = 5.0) -> Deliverer:
    client = PushClient(settings_from(loki.url, {}), timeout_seconds=timeout_seconds)
    return Deliverer(client, patience_seconds=patience_seconds, clock=clock, sleep=clock.sleep, jitter=longest)


def test_a_batch_goes_in_one_push(loki: LokiFake, clock: Clock) -> None:
    entries = batch_of(entry(0, b"GET /", ("trace_id", "1-67e1-2"), ("level", "info")), entry(1, b"GET /two"), entry(1, b"GET /two"))

    delivery = deliverer(loki, clock).deliver(entries)

    assert delivery == Delivery(rejected=0, refusals=(), pushes=1, retries=0, sent_bytes=len(entries.body()))
    assert loki.entries(LABELS) == stored(entries)[:2]
    assert clock.waits == []


def test_headers_go_with_every_push(loki: LokiFake, clock: Clock) -> None:
    loki.script([Reply(503)])

    deliverer(loki, clock).deliver(batch_of(entry(-30 * 86400)), {"X-Loki-Backfill-Shard": "2026-10"})

    assert [request.headers["X-Loki-Backfill-Shard"] for request in loki.requests] == ["2026-10"] * 2
    assert [stream.count("__backfill") for stream in loki.streams] == [2]


def test_what_came_to_nothing_is_sent_again_in_the_same_bytes_until_it_is_stored(loki: LokiFake, clock: Clock) -> None:
    loki.script(
        [Reply(500, "empty ring"), Drop(), ResetInRequest(), ResetInAnswer(), Reply(429, "later"), Slow(30), Reply(502), Reply(408)]
    )
    entries = batch(20)

    delivery = deliverer(loki, clock, timeout_seconds=0.3).deliver(entries)

    assert delivery == Delivery(rejected=0, refusals=(), pushes=9, retries=8, sent_bytes=9 * len(entries.body()))
    assert {request.body for request in loki.requests if request.body} == {entries.body()}
    assert loki.entries() == stored(entries)


def test_waits_double_up_to_half_a_minute(loki: LokiFake, clock: Clock) -> None:
    loki.script([Reply(503)] * 9)

    deliverer(loki, clock).deliver(batch(1))

    assert clock.waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_wait_is_picked_between_nothing_and_the_longest(loki: LokiFake, clock: Clock) -> None:
    asked: list[tuple[float, float]] = []

    def pick(low: float, high: float) -> float:
        asked.append((low, high))
        return high / 4

    loki.script([Reply(503)] * 2)
    with PushClient(settings_from(loki.url, {})) as client:
        Deliverer(client, clock=clock, sleep=clock.sleep, jitter=pick).deliver(batch(1))

    assert asked == [(0.0, 0.5), (0.0, 1.0)]
    assert clock.waits == [0.125, 0.25]


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_is_obeyed_and_never_cuts_a_longer_wait(loki: LokiFake, clock: Clock, status: int) -> None:
    loki.script([Reply(status, "", {"Retry-After": seconds}) for seconds in ("45", "0", "1")])

    deliverer(loki, clock).deliver(batch(1))

    assert clock.waits == [45, 1, 2]


def test_retry_after_as_a_date_is_obeyed(loki: LokiFake, clock: Clock) -> None:
    loki.script([Reply(429, "", {"Retry-After": formatdate(time.time() + 100, usegmt=True)})])

    deliverer(loki, clock).deliver(batch(1))

    assert 90 < clock.waits[0] <= 100


def test_a_wait_ends_with_the_patience(loki: LokiFake, clock: Clock) -> None:
    loki.script([Reply(429, RATE_TEXT, {"Retry-After": "3600"})] * 2)

    with pytest.raises(LokiError) as caught:
        deliverer(loki, clock, patience_seconds=50).deliver(batch(1))

    assert clock.waits == [50]
    assert not caught.value.stopped
    assert str(caught.value) == (
        f"{loki.url}: gave up after 50 s, 2 tries at the last push: 429 {RATE_TEXT}\n"
        "  hint: raise ingestion_rate_mb, per_stream_rate_limit or max_global_streams_per_user in Loki's limits_config, "
        "or ship less at once"
    )


def test_a_loki_that_is_not_there_ends_the_patience(clock: Clock) -> None:
    with LokiFake() as gone:
        url = gone.url
    with PushClient(PushSettings(url)) as client, pytest.raises(LokiError) as caught:
        Deliverer(client, patience_seconds=10, clock=clock, sleep=clock.sleep, jitter=longest).deliver(batch(1))

    assert clock.waits == [0.5, 1, 2, 4, 2.5]
    assert str(caught.value) == (
        f"{url}: gave up after 10 s, 6 tries at the last push: Connection refused\n"
        "  hint: check LOKI_URL or --loki, and whether Loki is running"
    )


def test_patience_starts_anew_when_something_was_taken(loki: LokiFake, clock: Clock) -> None:
    """Two halves, each after 40 s of a patience of 50."""
    loki.script([Reply(413), Reply(429, "", {"Retry-After": "40"}), Reply(204), Reply(429, "", {"Retry-After": "40"})])

    delivery = deliverer(loki, clock, patience_seconds=50).deliver(batch(2))

    assert clock.waits == [40, 40]
    assert (delivery.pushes, delivery.retries) == (5, 2)


def test_refused_entries_are_counted_with_their_reasons_and_never_sent_again(loki: LokiFake, clock: Clock) -> None:
    week = 7 * 86400
    good = [entry(-week + 1), entry(0), entry(599)]
    old = [entry(-week - 1), entry(-week - 1.25), entry(-week - 0.001)]
    new = [entry(601)]
    long = [entry(0, b"x" * 262145)]

    delivery = deliverer(loki, clock).deliver(batch_of(*sorted(good + old + new + long, key=lambda entry: entry.timestamp_ns)))

    assert {refusal.reason: refusal.count for refusal in delivery.refusals} == {"too_old": 3, "too_new": 1, "too_long": 1}
    assert (delivery.rejected, delivery.pushes) == (5, 1)
    assert delivery.refusals[0].example.endswith("oldest acceptable timestamp is: 2026-11-14T17:00:00Z")
    assert [entry.timestamp_ns for entry in loki.entries()] == [entry.timestamp_ns for entry in good]


def test_entries_too_far_behind_their_stream_are_counted_beyond_the_ten_that_are_named(loki: LokiFake, clock: Clock) -> None:
    delivering = deliverer(loki, clock)
    delivering.deliver(batch_of(entry(0)))

    delivery = delivering.deliver(batch_of(*(entry(-3606 + number / 2) for number in range(15)), entry(-3599, b"x" * 262145)))

    assert {refusal.reason: refusal.count for refusal in delivery.refusals} == {"too_far_behind": 12, "other": 1}
    assert len(loki.entries()) == 1 + 3


def test_a_bad_label_costs_the_whole_push(loki: LokiFake, clock: Clock) -> None:
    labels = labels_text({f"label{number}": "x" for number in range(16)})

    delivery = deliverer(loki, clock).deliver(EntryBatch(labels, batch(7).entries))

    assert [(refusal.reason, refusal.count) for refusal in delivery.refusals] == [("labels", 7)]


@pytest.mark.parametrize("status", [260, 429])
def test_a_tenant_that_is_blocked_ends_it_and_no_entry_counts_as_rejected(clock: Clock, status: int) -> None:
    with LokiFake(blocked_status=status, now_ns=clock.now_ns) as loki, pytest.raises(LokiError) as caught:
        deliverer(loki, clock).deliver(batch(3))

    assert str(caught.value) == (
        f"{loki.url}: Loki has blocked this tenant: "
        f"{status} ingestion blocked for user 'fake' until '2026-11-21T18:00:00Z' with status code '{status}'\n"
        "  hint: block_ingestion_until in Loki's limits_config says until when; nothing was stored, so ship it again after that"
    )
    assert caught.value.permanent
    assert (len(loki.requests), clock.waits) == (1, [])


def test_a_400_in_words_that_are_not_lokis_is_sent_again_in_the_same_bytes(loki: LokiFake, clock: Clock) -> None:
    loki.script([Reply(400, "the gateway had a bad day"), Reply(422, "and another")])
    entries = batch(3)

    assert deliverer(loki, clock).deliver(entries).rejected == 0
    assert {request.body for request in loki.requests} == {entries.body()}
    assert loki.entries() == stored(entries)


def test_a_400_in_words_that_are_not_lokis_ends_with_the_patience(loki: LokiFake, clock: Clock) -> None:
    loki.script([Reply(400, "the gateway had a bad day")] * 6)

    with pytest.raises(LokiError, match="gave up after 10 s, 6 tries at the last push: 400 the gateway had a bad day") as caught:
        deliverer(loki, clock, patience_seconds=10).deliver(batch(3))

    assert not caught.value.permanent


def test_a_body_too_large_is_halved_until_it_passes_and_stays_in_order(clock: Clock) -> None:
    entries = batch_of(*(entry(number, noise(1000, number)) for number in range(10)))
    with LokiFake(Limits(body_bytes=3300), now_ns=clock.now_ns) as loki:
        delivery = deliverer(loki, clock).deliver(entries)

        assert loki.entries() == stored(entries)
        # 10 and 5 entries are too many; 2 and 3 pass.
        assert loki.statuses == [413, 413, 204, 204, 413, 204, 204]
    assert (delivery.rejected, delivery.retries, clock.waits) == (0, 0, [])


def test_one_entry_too_large_by_itself_is_refused_and_the_others_are_stored(clock: Clock) -> None:
    sizes = (100, 5000, 100)
    entries = batch_of(*(entry(number, noise(size, number)) for number, size in enumerate(sizes)))
    with LokiFake(Limits(body_bytes=3000), now_ns=clock.now_ns) as loki:
        delivery = deliverer(loki, clock).deliver(entries)

        assert [len(entry.line) for entry in loki.entries()] == [100, 100]
    assert [(refusal.reason, refusal.count) for refusal in delivery.refusals] == [("too_long", 1)]
    assert delivery.refusals[0].example.startswith("request body too large: message size too large than max (5")


def test_a_500_for_the_size_of_a_message_inside_loki_is_halved_and_not_repeated(clock: Clock) -> None:
    with LokiFake(Limits(rate_bytes=None), now_ns=clock.now_ns) as loki:
        delivery = deliverer(loki, clock).deliver(batch_of(*(entry(number, bytes([number]) * 250_000) for number in range(20))))

        assert loki.statuses == [500, 204, 204]
    assert (delivery.rejected, delivery.retries, clock.waits) == (0, 0, [])


def test_a_push_above_the_rate_that_a_429_names_is_halved_at_once(clock: Clock) -> None:
    with LokiFake(Limits(rate_bytes=1000, burst_bytes=1500), now_ns=clock.now_ns) as loki:
        delivery = deliverer(loki, clock).deliver(batch(20, size=100))

        assert loki.entries() == stored(batch(20, size=100))
        # 2000 bytes never pass. 1000 do, then there are 500 left, and 1000 again half a second later.
        assert loki.statuses == [429, 204, 429, 204]
    assert clock.waits == [0.5]
    assert (delivery.rejected, delivery.retries) == (0, 1)


def test_a_push_below_the_rate_waits_until_it_passes(clock: Clock) -> None:
    with LokiFake(Limits(rate_bytes=1000, burst_bytes=1000), now_ns=clock.now_ns) as loki:
        delivering = deliverer(loki, clock)
        delivering.deliver(batch(10, size=100))
        delivering.deliver(batch(10, size=100))

        assert loki.statuses == [204, 429, 429, 204]
    assert clock.waits == [0.5, 1]


def test_a_push_above_a_burst_that_nobody_names_is_halved_after_five_tries(clock: Clock) -> None:
    with LokiFake(Limits(rate_bytes=1000, burst_bytes=500), now_ns=clock.now_ns) as loki:
        delivery = deliverer(loki, clock).deliver(batch(10, size=100))

        assert loki.statuses == [429] * 5 + [204, 429, 204]
        assert loki.entries() == stored(batch(10, size=100))
    assert delivery.rejected == 0


def test_a_push_above_the_rate_of_one_stream_is_halved_too(clock: Clock) -> None:
    with LokiFake(Limits(stream_rate_bytes=1024, stream_burst_bytes=1500), now_ns=clock.now_ns) as loki:
        deliverer(loki, clock).deliver(batch(20, size=100))

        assert loki.statuses == [429, 204, 429, 204]
        assert loki.entries() == stored(batch(20, size=100))


def test_one_entry_above_the_rate_passes_once_the_burst_has_room(clock: Clock) -> None:
    with LokiFake(Limits(rate_bytes=100, burst_bytes=1000), now_ns=clock.now_ns) as loki:
        delivering = deliverer(loki, clock)
        delivering.deliver(batch(1, size=900))
        delivery = delivering.deliver(batch_of(entry(1, b"x" * 300)))

        # 100 bytes are left; 300 are there after two seconds, and waits are 0.5, 1 and 2.
        assert loki.statuses == [204, 429, 429, 429, 204]
    assert delivery.rejected == 0


def test_one_entry_that_no_wait_lets_through_is_refused_after_five_tries(clock: Clock) -> None:
    with LokiFake(Limits(rate_bytes=100, burst_bytes=100), now_ns=clock.now_ns) as loki:
        delivery = deliverer(loki, clock).deliver(batch_of(entry(0, b"x" * 300), entry(1, b"fine")))

        assert loki.statuses == [429] * 6 + [204]
        assert loki.entries() == [Stored(NOW_NS + 10**9, b"fine")]
    assert [(refusal.reason, refusal.count) for refusal in delivery.refusals] == [("too_long", 1)]


def test_too_many_streams_are_waited_for_and_the_push_stays_whole(loki: LokiFake, clock: Clock) -> None:
    loki.script([Reply(429, STREAMS_TEXT)] * 8)
    entries = batch(10)

    delivery = deliverer(loki, clock).deliver(entries)

    assert (delivery.pushes, delivery.rejected) == (9, 0)
    assert {request.body for request in loki.requests} == {entries.body()}


def test_a_400_that_is_a_rate_limit_in_disguise_is_sent_again(loki: LokiFake, clock: Clock) -> None:
    reason = "Per stream rate limit exceeded (limit: 100KB/sec) while attempting to ingest for stream '{}' totaling 9B, consider"
    loki.script([Reply(400, f"entry … ignored, reason: '{reason}',\nuser 'u', total ignored: 2 out of 3 for stream: {{}}\n")])

    assert deliverer(loki, clock).deliver(batch(3)).rejected == 0
    assert loki.entries() == stored(batch(3))


def test_the_halves_of_a_batch_are_added_up(loki: LokiFake, clock: Clock) -> None:
    loki.script([Reply(413)])

    delivery = deliverer(loki, clock).deliver(batch_of(entry(-8 * 86400), entry(0), entry(1), entry(-9 * 86400), entry(9999)))

    assert [(refusal.reason, refusal.count) for refusal in delivery.refusals] == [("too_old", 2), ("too_new", 1)]
    assert (delivery.rejected, delivery.pushes) == (3, 3)
    assert delivery.refusals[0].example.endswith("too old: 2026-11-13T17:00:00Z, oldest acceptable timestamp is: 2026-11-14T17:00:00Z")


@pytest.mark.parametrize(
    ("reply", "said", "hint"),
    [
        (Reply(401, "unauthorized\n"), "401 unauthorized", "set LOKI_USER and LOKI_PASSWORD, or LOKI_BEARER_TOKEN"),
        (Reply(401, "no org id\n"), "401 no org id", "set LOKI_TENANT to a tenant of this Loki"),
        (Reply(403, "forbidden"), "403 forbidden", "set LOKI_USER"),
        (Reply(404, "404 page not found\n"), "404 page not found", "check LOKI_URL"),
        (Reply(405), "405", "check LOKI_URL"),
        (Reply(302, "", {"Location": "https://sso/login"}), "302 sends us on to https://sso/login", "check LOKI_URL"),
        (Reply(200, "<html>Sign in</html>"), "200 <html>Sign in</html>", "check LOKI_URL"),
        (
            Reply(400, "Client sent an HTTP request to an HTTPS server.\n"),
            "400 Client sent an HTTP request to an HTTPS server.",
            "check LOKI_URL",
        ),
    ],
)
def test_what_no_repeating_will_mend_ends_at_once_with_a_hint(loki: LokiFake, clock: Clock, reply: Reply, said: str, hint: str) -> None:
    loki.script([reply])

    with pytest.raises(LokiError) as caught:
        deliverer(loki, clock).deliver(batch(3))

    assert str(caught.value).startswith(f"{loki.url}: Loki refused: {said}\n  hint: {hint}")
    assert (clock.waits, caught.value.stopped) == ([], False)


def test_a_certificate_that_is_not_trusted_ends_at_once(tmp_path: Path, clock: Clock) -> None:
    with (
        LokiFake(tls=Authority(tmp_path).server_context()) as loki,
        pytest.raises(LokiError, match="the certificate is not trusted") as caught,
    ):
        deliverer(loki, clock).deliver(batch(1))

    assert caught.value.hint == "set LOKI_CA_FILE to the certificate of the authority that signed Loki's"
    assert clock.waits == []


def test_each_wait_is_announced_with_its_reason(loki: LokiFake, clock: Clock) -> None:
    loki.script([Reply(503, "too many unhealthy instances in the ring\n"), Drop(), Reply(500)])
    told: list[tuple[str, float]] = []
    with PushClient(settings_from(loki.url, {})) as client:
        waiting = Deliverer(client, clock=clock, sleep=clock.sleep, jitter=longest, on_wait=lambda *wait: told.append(wait))
        waiting.deliver(batch(1))

    assert told == [
        ("503 too many unhealthy instances in the ring", 0.5),
        ("the connection broke: Remote end closed connection without response", 1.0),
        ("500", 2.0),
    ]


def test_told_to_stop_a_wait_ends_early(loki: LokiFake) -> None:
    """An hour of waiting lies ahead, and nobody plays with the clock."""
    loki.script([Reply(503, "", {"Retry-After": "3600"})])
    stop = threading.Event()
    timer = threading.Timer(0.05, stop.set)
    with PushClient(settings_from(loki.url, {})) as client, pytest.raises(LokiError, match="stopped while waiting") as caught:
        Deliverer(client, patience_seconds=7200, stop=stop, on_wait=lambda *_: timer.start()).deliver(batch(1))
    timer.join()

    assert caught.value.stopped


def test_told_to_stop_before_it_began_a_batch_is_not_begun(loki: LokiFake, clock: Clock) -> None:
    stop = threading.Event()
    stop.set()
    with PushClient(settings_from(loki.url, {})) as client, pytest.raises(LokiError, match="stopped before the push") as caught:
        Deliverer(client, stop=stop, clock=clock, sleep=clock.sleep).deliver(batch(1))

    assert (caught.value.stopped, caught.value.permanent) == (True, False)
    assert (loki.requests, clock.waits) == ([], [])


def test_told_to_stop_during_a_push_the_wait_after_it_is_left_out(loki: LokiFake, clock: Clock) -> None:
    loki.script([Reply(503)])
    stop = threading.Event()
    with PushClient(settings_from(loki.url, {})) as client, pytest.raises(LokiError, match="stopped while waiting") as caught:
        Deliverer(client, stop=stop, clock=clock, sleep=clock.sleep, on_wait=lambda *_: stop.set()).deliver(batch(1))

    assert caught.value.stopped
    assert (len(loki.requests), clock.waits) == (1, [])


def test_an_address_that_can_be_none_is_not_waited_for(clock: Clock) -> None:
    with PushClient(PushSettings("http://lo..ki")) as client, pytest.raises(LokiError, match="there can be no such address") as caught:
        Deliverer(client, clock=clock, sleep=clock.sleep).deliver(batch(1))

    assert (caught.value.permanent, caught.value.hint) == (True, "check LOKI_URL or --loki")
    assert clock.waits == []


def test_without_a_clock_of_ours_waits_are_real_and_random(loki: LokiFake) -> None:
    loki.script([Reply(503)])
    waits: list[float] = []
    with PushClient(settings_from(loki.url, {})) as client:
        began = time.monotonic()
        Deliverer(client, on_wait=lambda _, seconds: waits.append(seconds)).deliver(batch(1))

    assert 0 <= waits[0] <= 0.5
    assert time.monotonic() - began >= waits[0] * 0.9


def test_many_threads_deliver_their_streams_at_once(clock: Clock) -> None:
    def run(delivering: Deliverer, number: int) -> None:
        for round_ in range(10):
            lines = (entry(round_ + step / 100, b"%d %d %d" % (number, round_, step)) for step in range(10))
            deliveries.append(delivering.deliver(EntryBatch(labels_text({"service_name": f"s{number}"}), tuple(lines))))

    deliveries: list[Delivery] = []
    with LokiFake(now_ns=clock.now_ns) as loki:
        loki.script([Reply(500), Drop(), Reply(429, "later"), ResetInRequest()] * 4)  # a push that one thread has limited five times is cut
        delivering = deliverer(loki, clock)
        threads = [threading.Thread(target=run, args=(delivering, number)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        for number in range(8):
            lines = [entry.line for entry in loki.entries({"service_name": f"s{number}"})]
            assert lines == [b"%d %d %d" % (number, round_, step) for round_ in range(10) for step in range(10)]
    assert sum(delivery.retries for delivery in deliveries) == 16
