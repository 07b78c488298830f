"""Every line of an object arrives, whatever the object is like and whatever Loki does."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.alb.lines import KEY, Fields, access_lines
from tests.alb.s3_fake import BUCKET, Break, Refuse, S3Fake
from tests.alb.shipping import END_NS, LABELS, MadeUp, Shop, expected, one_stream_each, packed, stop_after, text_of
from tests.alb.test_lines import CLB, CONNECTION, HEALTH_CHECK, NLB
from tests.push.batches import Clock
from tests.push.loki_fake import NO_LIMITS, Behave, Drop, Limits, LokiFake, Reply, Request, ResetInAnswer, ResetInRequest
from xray_grafana.alb.checkpoint import FileCheckpoint, Position
from xray_grafana.alb.counts import Counts
from xray_grafana.alb.inflate import CHUNK_BYTES
from xray_grafana.alb.keys import LogType
from xray_grafana.alb.ship import LINE_MAX_BYTES
from xray_grafana.alb.sources import FileSource, S3Source
from xray_grafana.errors import LokiError, SourceError

pytestmark = pytest.mark.enable_socket

ROOT = Path(__file__).parents[2]
LINES = list(access_lines(12_000, seed=21))
FEW = LINES[:40]
RATE = "ingestion rate limit exceeded for user fake (limit: 4194304 bytes/sec) while attempting to ingest '1' lines totaling '1' bytes"


@pytest.fixture
def loki() -> Iterator[LokiFake]:
    with LokiFake(NO_LIMITS) as loki:
        yield loki
        assert one_stream_each(loki)


@pytest.fixture
def shop(loki: LokiFake) -> Shop:
    return Shop(loki)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "shipped.db"


class Busy(LokiFake):
    """A Loki whose clock moves when somebody waits."""

    def __init__(self, limits: Limits) -> None:
        self.clock = Clock()
        super().__init__(limits, now_ns=self.clock.now_ns)


# What arrives


def test_every_line_of_an_object_arrives_in_order_with_labels_time_and_metadata(shop: Shop) -> None:
    outcome = shop.ship(MadeUp(packed(LINES)))

    [stream] = shop.loki.streams
    assert stream == (
        '{aws_account="123456789012", aws_region="eu-west-1", lb="app/shop-front/50dc6c495c0c9188", log_type="access", '
        'service_name="shop-front"}'
    )
    assert shop.loki.taken(LABELS) == expected(LINES)
    assert outcome.counts == Counts(read=12_000, shipped=12_000)
    assert (outcome.name, outcome.log_type, outcome.load_balancer) == (f"s3://bucket/{KEY}", "access", LABELS["lb"])
    assert (outcome.finished, outcome.damage, outcome.skipped_because, outcome.refusals) == (True, None, None, ())
    assert outcome.read_bytes == outcome.offset == len(text_of(LINES))
    assert outcome.sent_bytes == sum(len(request.body) for request in shop.loki.requests)
    assert (outcome.pushes, outcome.retries) == (len(shop.loki.requests), 0)
    assert outcome.pushes > 2


def test_an_object_that_is_not_compressed_arrives_too(shop: Shop) -> None:
    outcome = shop.ship(MadeUp(text_of(LINES)[:-1]))

    assert shop.loki.taken(LABELS) == expected(LINES)
    assert outcome.counts == Counts(read=12_000, shipped=12_000)


def test_the_age_of_the_oldest_line_is_told(shop: Shop) -> None:
    """The first answer left at 10:00:00 and something; all the requests came in the seconds before their answers."""
    oldest_ns = min(stored.timestamp_ns for stored in expected(FEW))

    outcome = shop.ship(MadeUp(packed(FEW)), clock=lambda: oldest_ns / 1e9 + 422.5)

    assert outcome.lag_seconds == pytest.approx(422.5, abs=0.001)


def test_a_line_of_the_future_has_no_age(shop: Shop) -> None:
    assert shop.ship(MadeUp(packed(FEW)), clock=lambda: 0.0).lag_seconds == 0.0


@pytest.mark.parametrize(
    "data", [b"", gzip.compress(b"", mtime=0), b"\n\n\n", gzip.compress(b"\n", mtime=0)], ids=["empty", "empty gzip", "blank", "blank gzip"]
)
def test_an_object_without_lines_is_done_without_a_push(shop: Shop, data: bytes) -> None:
    """Loki answers an empty push with an error."""
    outcome = shop.ship(MadeUp(data))

    assert (outcome.finished, outcome.lag_seconds, shop.loki.requests) == (True, None, [])
    assert outcome.counts.read == outcome.counts.skipped


def test_blank_lines_are_counted_and_not_sent(shop: Shop) -> None:
    outcome = shop.ship(MadeUp(b"\n" + FEW[0] + b"\n\n\n" + FEW[1] + b"\n\n"))

    assert outcome.counts == Counts(read=6, shipped=2, skipped=4)
    assert shop.loki.taken() == expected(FEW[:2])


def test_a_line_that_cannot_be_read_arrives_as_it_is_with_the_reason(shop: Shop) -> None:
    lines = [FEW[0], b"no line of a load balancer", FEW[1][:100], FEW[2]]

    outcome = shop.ship(MadeUp(packed(lines)))

    assert outcome.counts == Counts(read=4, shipped=2, unreadable=2)
    assert shop.loki.taken(LABELS) == expected(lines)
    assert [dict(stored.metadata).get("parse_error") for stored in shop.loki.taken()[1:3]] == [
        "quotes: expected at least 12 of them, found 0",
        "quotes: expected at least 12 of them, found 0",
    ]
    assert shop.loki.taken()[1].timestamp_ns == END_NS


def test_odd_bytes_cost_no_line(shop: Shop) -> None:
    lines = [FEW[0], b"nul \0 and \xff\xfe", "日本語 é".encode(), FEW[1] + b"\r", FEW[2]]
    written = [FEW[0], rb"nul" + b" \0 and " + rb"\xff\xfe", "日本語 é".encode(), FEW[1] + b"\r", FEW[2]]

    outcome = shop.ship(MadeUp(packed(lines)))

    assert outcome.counts == Counts(read=5, shipped=3, unreadable=2)
    assert shop.loki.taken() == expected(written)


def test_the_answers_time_can_be_the_entries(shop: Shop) -> None:
    shop.ship(MadeUp(packed([Fields().line()])), timestamp="time")

    # 10:00:01.052 is the time of the answer.
    assert shop.loki.taken()[0].timestamp_ns == END_NS - 299_000_000_000 + 52_000_000


def test_a_file_of_any_name_has_the_labels_of_its_lines(shop: Shop, tmp_path: Path) -> None:
    other = [Fields(elb="app/api/0123456789abcdef", sent_bytes=str(number)).line() for number in range(3)]
    file = tmp_path / "whatever.txt"
    file.write_bytes(text_of([*FEW, *other, b"unreadable"]))

    outcome = shop.ship(FileSource(file))

    assert outcome.counts == Counts(read=44, shipped=43, unreadable=1)
    assert len(shop.loki.taken({"lb": "app/api/0123456789abcdef", "service_name": "api", "aws_account": "123456789012"})) == 3
    assert [stored.timestamp_ns for stored in shop.loki.taken() if stored.line == b"unreadable"] == [file.stat().st_mtime_ns]


def test_lines_go_to_the_streams_of_their_target_groups_each_in_order(shop: Shop) -> None:
    services = {"targetgroup/checkout": "checkout", "app/shop-front": "storefront"}

    outcome = shop.ship(MadeUp(packed(LINES)), services=services)

    assert outcome.counts == Counts(read=12_000, shipped=12_000)
    of_checkout = [line for line in LINES if b":targetgroup/checkout/" in line]
    assert [stored.line for stored in shop.loki.taken({"service_name": "checkout"})] == of_checkout
    assert [stored.line for stored in shop.loki.taken({"service_name": "storefront"})] == [
        line for line in LINES if b":targetgroup/checkout/" not in line
    ]


@pytest.mark.parametrize(
    ("name", "log_type", "line", "balancer"),
    [
        (
            "conn_log_123456789012_elasticloadbalancing_us-east-2_app.my-lb.1234567890abcdef_20220215T2340Z_172.160.1.192_20sg8hgm.log.gz",
            "connection",
            CONNECTION,
            "app/my-lb/1234567890abcdef",
        ),
        (
            "health_check_log_123456789012_elasticloadbalancing_us-east-2_app.my-lb.1234567890abcdef_20220215T2340Z_172.160.1.192_2.log.gz",
            "health_check",
            HEALTH_CHECK,
            "app/my-lb/1234567890abcdef",
        ),
        (
            "123456789012_elasticloadbalancing_us-east-2_net.my-lb.1234567890abcdef_20200501T0000Z_20sg8hgm.log.gz",
            "nlb",
            NLB,
            "net/my-lb/1234567890abcdef",
        ),
        ("123456789012_elasticloadbalancing_us-east-2_my-lb_20140215T2340Z_172.160.1.192_20sg8hgm.log", "clb", CLB, "my-lb"),
    ],
)
def test_the_other_logs_of_load_balancers_arrive_too(shop: Shop, name: str, log_type: LogType, line: bytes, balancer: str) -> None:
    lines = [line, b"unreadable", line + b" and what comes new"]

    outcome = shop.ship(MadeUp(text_of([b"", *lines]), key_name=name))

    assert outcome.counts == Counts(read=4, shipped=2, unreadable=1, skipped=1)
    assert (outcome.log_type, outcome.load_balancer) == (log_type, balancer)
    found = shop.loki.taken({"log_type": log_type, "lb": balancer, "service_name": "my-lb", "aws_region": "us-east-2"})
    assert found == expected(lines, log_type, found[1].timestamp_ns)


@pytest.mark.parametrize(("log_type", "line"), [("connection", CONNECTION), ("health_check", HEALTH_CHECK), ("nlb", NLB), ("clb", CLB)])
def test_a_file_of_any_name_is_known_by_its_first_line(shop: Shop, log_type: LogType, line: bytes) -> None:
    outcome = shop.ship(MadeUp(text_of([line, line]), key_name="whatever"))

    assert (outcome.log_type, outcome.counts) == (log_type, Counts(read=2, shipped=2))
    assert len(shop.loki.taken({"log_type": log_type})) == 1  # the second repeats the first


# What is no log


@pytest.mark.parametrize(
    ("key_name", "data"),
    [
        ("AWSLogs/123456789012/ELBAccessLogTestFile", b"anything"),
        ("copy.txt", b"Enable AccessLog for ELB: app/x/y at 2026-09-20T10:00:00Z"),
    ],
)
def test_a_test_file_is_skipped(shop: Shop, key_name: str, data: bytes) -> None:
    outcome = shop.ship(MadeUp(data, key_name=key_name))

    assert (outcome.finished, outcome.skipped_because, outcome.counts) == (True, "a test file of the load balancer", Counts())
    assert shop.loki.requests == []


@pytest.mark.parametrize(
    ("key_name", "data", "reason"),
    [
        (KEY, gzip.compress(b'{"type": "https"}\n'), "JSON lines, as CloudWatch's log delivery writes them"),
        ("whatever", b'{"type": "https"}\n', "JSON lines, as CloudWatch's log delivery writes them"),
        ("AWSLogs/123456789012/ALB_ACCESS_LOGS/x.json.gz", b"", "it was delivered through CloudWatch Logs"),
        ("logs/x.parquet", b"PAR1", "it is JSON, Parquet or W3C by its name"),
        ("logs/", b"", "it is no log but what another program keeps beside logs"),
        (
            "123456789012_elasticloadbalancing_us-east-2_gwy.my-lb.1234567890abcdef_20220215T2340Z_20sg8hgm.log.gz",
            b"",
            "it is of a Gateway Load Balancer",
        ),
        ("whatever", b"dear diary\n", "neither its name nor its first lines are those of a load balancer's log"),
        ("whatever", b"\0" * 3 * CHUNK_BYTES, "neither its name nor its first lines are those of a load balancer's log"),
    ],
)
def test_what_is_no_log_is_refused_by_name_and_for_good(shop: Shop, file: Path, key_name: str, data: bytes, reason: str) -> None:
    source = MadeUp(data, key_name=key_name)
    with FileCheckpoint(file, "loki") as checkpoint:
        with pytest.raises(SourceError) as caught:
            shop.ship(source, checkpoint)
        assert checkpoint.position("made up") == Position()

    assert caught.value.permanent
    assert caught.value.where == source.name
    assert caught.value.summary.startswith(reason)
    assert (shop.loki.requests, shop.parts) == ([], [])


# What Loki refuses


def test_lines_that_are_too_old_are_counted_with_an_example_and_the_others_are_stored() -> None:
    """Of Loki's seven days the last lines lie within, the first do not."""
    lines = [
        *(
            Fields(time=f"2026-09-1{day}T10:00:01.052000Z", request_creation_time=f"2026-09-1{day}T10:00:01.003000Z").line()
            for day in "123"
        ),
        *FEW,
    ]
    limits = Limits(max_behind_seconds=None)
    with LokiFake(limits, now_ns=lambda: END_NS) as loki:
        outcome = Shop(loki).ship(MadeUp(packed(lines)))
        assert outcome.counts == Counts(read=43, shipped=40, rejected=3)
        assert loki.taken(LABELS) == expected(FEW)
    [refusal] = outcome.refusals
    assert (refusal.reason, refusal.count) == ("too_old", 3)
    assert "has timestamp too old: 2026-09-11T10:00:01Z" in refusal.example


def test_old_lines_are_taken_with_the_backfill_header_of_the_hour() -> None:
    with LokiFake(now_ns=lambda: END_NS + 60 * 86_400 * 10**9) as loki:
        shop = Shop(loki)
        assert shop.ship(MadeUp(packed(FEW))).counts == Counts(read=40, rejected=40)

        outcome = shop.ship(MadeUp(packed(FEW)), backfill=True)

        assert (outcome.counts, outcome.lag_seconds) == (Counts(read=40, shipped=40), None)
        assert loki.taken({**LABELS, "__backfill__": "true", "__backfill_shard__": "2026-09-20T10"}) == expected(FEW)
        assert [request.headers.get("X-Loki-Backfill-Shard") for request in loki.requests] == [None, "2026-09-20T10"]


@pytest.mark.parametrize(
    ("end", "hour"), [("1000", "2026-09-20T09"), ("1005", "2026-09-20T10"), ("1100", "2026-09-20T10"), ("0000", "2026-09-19T23")]
)
def test_an_object_that_ends_with_the_hour_belongs_to_it(shop: Shop, end: str, hour: str) -> None:
    shop.ship(MadeUp(packed(FEW), key_name=KEY.replace("T1005Z", f"T{end}Z")), backfill=True)

    assert [request.headers["X-Loki-Backfill-Shard"] for request in shop.loki.requests] == [hour]


def test_a_file_of_any_name_is_filled_back_by_the_hours_of_its_lines(shop: Shop) -> None:
    early, late = (
        Fields(time=f"2026-09-20T{hour}:00:01.052000Z", request_creation_time=f"2026-09-20T{hour}:00:01.003000Z").line() + b"\n"
        for hour in ("08", "11")
    )
    filling = early * (CHUNK_BYTES // len(early))  # so that the next line ends in the next chunk

    shop.ship(MadeUp(gzip.compress(filling + late), key_name="whatever"), backfill=True)

    assert [request.headers["X-Loki-Backfill-Shard"] for request in shop.loki.requests] == ["2026-09-20T08", "2026-09-20T11"]


def test_lines_over_the_limit_are_counted_with_their_beginning_and_never_sent(shop: Shop) -> None:
    long = b"https 2026-09-20 " + b"x" * LINE_MAX_BYTES
    endless = b"y" * 3 * CHUNK_BYTES

    outcome = shop.ship(MadeUp(packed([FEW[0], long, FEW[1], endless, FEW[2]])))

    assert outcome.counts == Counts(read=5, shipped=3, rejected=2)
    assert [stored.line for stored in shop.loki.taken()] == FEW[:3]
    [refusal] = outcome.refusals
    assert (refusal.reason, refusal.count) == ("too_long", 2)
    assert refusal.example.startswith("longer than 262,144 bytes: https 2026-09-20 xxx")
    assert outcome.finished


def test_a_line_of_just_the_limit_arrives(shop: Shop) -> None:
    line = Fields(user_agent="u" * (LINE_MAX_BYTES - len(Fields(user_agent="").line()))).line()
    assert len(line) == LINE_MAX_BYTES

    assert shop.ship(MadeUp(packed([line]))).counts == Counts(read=1, shipped=1)
    assert shop.loki.taken() == expected([line])


def test_unreadable_lines_that_are_refused_are_refused(shop: Shop) -> None:
    shop.loki.script([Reply(400, "error parsing labels {")])

    outcome = shop.ship(MadeUp(packed([b"unreadable", FEW[0], b"unreadable"])))

    assert outcome.counts == Counts(read=3, rejected=3)


def test_a_tenant_that_is_blocked_ends_it_and_the_object_can_be_shipped_later(shop: Shop, file: Path) -> None:
    with FileCheckpoint(file, "loki") as checkpoint:
        with LokiFake(NO_LIMITS, blocked_status=260) as blocked, pytest.raises(LokiError, match="260 ingestion blocked for user"):
            Shop(blocked).ship(MadeUp(packed(FEW)), checkpoint)

        assert checkpoint.position("made up") == Position()
        assert shop.ship(MadeUp(packed(FEW)), checkpoint).counts == Counts(read=40, shipped=40)


# What Loki does


def test_a_loki_that_is_busy_for_a_minute_costs_a_minute(shop: Shop) -> None:
    shop.loki.script([Reply(429, RATE, {"Retry-After": "12"})] * 4)

    outcome = shop.ship(MadeUp(packed(FEW)))

    assert outcome.counts == Counts(read=40, shipped=40)
    assert shop.loki.taken() == expected(FEW)
    assert (outcome.pushes, outcome.retries) == (5, 4)
    assert [seconds for _, seconds in shop.waits] == [12.0] * 4
    assert shop.waits[0][0].startswith("429 ingestion rate limit exceeded")


def test_a_push_above_the_burst_is_split_and_stays_in_order() -> None:
    limits = Limits(max_age_seconds=None, max_ahead_seconds=None, rate_bytes=200_000, burst_bytes=300_000, stream_rate_bytes=None)
    with Busy(limits) as loki:
        shop = Shop(loki, loki.clock)
        outcome = shop.ship(MadeUp(packed(LINES[:4000])))
        assert one_stream_each(loki)
        assert loki.taken(LABELS) == expected(LINES[:4000])
    assert outcome.counts == Counts(read=4000, shipped=4000)
    assert shop.waits


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_on_the_way_every_line_is_there_and_what_is_there_twice_is_identical(shop: Shop, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    troubles = (Reply(500, "ring"), Reply(503), Reply(502), Drop(), ResetInRequest(), ResetInAnswer(), Reply(429, RATE), Behave(), Behave())
    with shop.shipper() as shipper:
        shop.loki.script(chance.choice(troubles) for _ in range(12))
        outcome = shipper.ship(MadeUp(packed(LINES)))
        while shop.loki.next_step() != Behave():
            pass

    assert outcome.counts == Counts(read=12_000, shipped=12_000)
    assert outcome.retries == outcome.pushes - len({request.body for request in shop.loki.requests if request.body})
    assert set(shop.loki.taken()) == set(expected(LINES))


def test_a_loki_that_refuses_everything_ends_it_and_what_it_had_is_remembered(shop: Shop, file: Path) -> None:
    shop.loki.script([Behave(), Reply(401, "unauthorized")])
    with FileCheckpoint(file, "loki") as checkpoint:
        with pytest.raises(LokiError, match="Loki refused: 401 unauthorized"):
            shop.ship(MadeUp(packed(LINES)), checkpoint)
        position = checkpoint.position("made up")
        [part] = shop.parts
        assert (part.finished, part.offset, part.read_bytes) == (False, position.offset, position.offset)
        assert part.counts == Counts(read=len(shop.loki.taken()), shipped=len(shop.loki.taken()))

        rest = shop.ship(MadeUp(packed(LINES)), checkpoint)

    assert rest.counts.read == 12_000 - part.counts.read
    assert shop.loki.taken() == expected(LINES)


def test_a_loki_that_stays_away_ends_it_when_patience_does(shop: Shop, file: Path) -> None:
    shop.loki.script([Reply(503, "starting")] * 6)
    with FileCheckpoint(file, "loki") as checkpoint:
        with pytest.raises(LokiError, match="gave up after 10 s, 6 tries at the last push: 503 starting"):
            shop.ship(MadeUp(packed(FEW)), checkpoint, patience_seconds=10.0)

        assert checkpoint.position("made up") == Position()
        assert shop.parts == []
        assert shop.ship(MadeUp(packed(FEW)), checkpoint).counts == Counts(read=40, shipped=40)


# What becomes of an object in several runs


def test_the_same_object_again_is_skipped(shop: Shop, file: Path) -> None:
    source = MadeUp(packed(FEW))
    with FileCheckpoint(file, "loki") as checkpoint:
        shop.ship(source, checkpoint)
        again = shop.ship(source, checkpoint)

    assert (again.finished, again.skipped_because, again.counts) == (True, "shipped before", Counts())
    assert (len(shop.loki.requests), source.opened) == (1, 1)


def test_an_object_that_loki_refused_lines_of_begins_anew_the_next_time(shop: Shop, file: Path) -> None:
    """Somebody has raised Loki's limits by then. What is only too long stays so."""
    shop.loki.script([Reply(400, "error parsing labels {")])
    with FileCheckpoint(file, "loki") as checkpoint:
        refused = shop.ship(MadeUp(packed(FEW)), checkpoint)
        again = shop.ship(MadeUp(packed(FEW)), checkpoint)
        too_long = MadeUp(packed([FEW[0], b"x" * 2 * LINE_MAX_BYTES]), identity="too long")

        assert refused.counts == Counts(read=40, rejected=40)
        assert again.counts == Counts(read=40, shipped=40)
        assert shop.ship(too_long, checkpoint).counts == Counts(read=2, shipped=1, rejected=1)
        assert shop.ship(too_long, checkpoint).skipped_because == "shipped before"


def test_two_threads_with_the_same_object_ship_it_once(shop: Shop, file: Path) -> None:
    """As when a queue delivers a message twice."""
    with FileCheckpoint(file, "loki") as checkpoint, shop.shipper(checkpoint) as shipper, ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(shipper.ship, [MadeUp(packed(LINES)) for _ in range(4)]))

    assert sorted(outcome.skipped_because or "" for outcome in outcomes) == ["", "shipped before", "shipped before", "shipped before"]
    assert shop.loki.taken() == expected(LINES)


def test_two_threads_with_objects_that_nothing_tells_apart_ship_both(shop: Shop) -> None:
    with shop.shipper() as shipper, ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(shipper.ship, [MadeUp(packed(FEW), identity=None) for _ in range(2)]))

    assert [outcome.counts.shipped for outcome in outcomes] == [40, 40]


def test_another_version_of_an_object_is_another_object(shop: Shop, file: Path) -> None:
    with FileCheckpoint(file, "loki") as checkpoint:
        shop.ship(MadeUp(packed(FEW[:20]), identity="version 1"), checkpoint)
        assert shop.ship(MadeUp(packed(FEW[20:]), identity="version 2"), checkpoint).counts.shipped == 20


def test_without_a_checkpoint_it_is_shipped_again_in_the_same_bytes(shop: Shop) -> None:
    shop.ship(MadeUp(packed(FEW)))
    shop.ship(MadeUp(packed(FEW)))

    assert shop.loki.entries() == expected(FEW)
    assert shop.loki.requests[0].body == shop.loki.requests[1].body


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_an_object_that_was_stopped_goes_on_exactly_where_it_was(shop: Shop, blocks: int) -> None:
    source = MadeUp(packed(LINES))
    with shop.shipper() as shipper:
        first = shipper.ship(source, stop=stop_after(blocks))
        assert (first.finished, first.counts.is_balanced) == (False, True)
        assert first.read_bytes == first.offset
        assert text_of(LINES)[: first.offset].endswith(b"\n")

        rest = shipper.ship(source, start=first.offset)

    assert (rest.finished, rest.offset) == (True, len(text_of(LINES)))
    assert first.read_bytes + rest.read_bytes == len(text_of(LINES))
    assert first.counts.read + rest.counts.read == 12_000
    assert shop.loki.taken() == expected(LINES)


def test_an_object_that_was_stopped_is_taken_up_from_the_checkpoint(shop: Shop, file: Path) -> None:
    source = MadeUp(packed(LINES))
    with FileCheckpoint(file, "loki") as checkpoint, shop.shipper(checkpoint) as shipper:
        for _ in range(100):
            if shipper.ship(source, stop=stop_after(1)).finished:
                break

    assert shop.loki.taken() == expected(LINES)
    assert len(shop.loki.requests) > 3


def test_the_farther_of_start_and_checkpoint_counts(shop: Shop, file: Path) -> None:
    text = text_of(FEW)
    starts = [len(text_of(FEW[:count])) for count in (10, 30)]
    with FileCheckpoint(file, "loki") as checkpoint:
        checkpoint.save("made up", Position(starts[0]))
        with shop.shipper(checkpoint) as shipper:
            assert shipper.ship(MadeUp(text), start=starts[1]).counts.read == 10
        checkpoint.save("other", Position(starts[1]))
        with shop.shipper(checkpoint) as shipper:
            assert shipper.ship(MadeUp(text, identity="other"), start=starts[0]).counts.read == 10


def test_what_was_shipped_is_told_while_it_is(shop: Shop) -> None:
    told: list[int] = []
    with shop.shipper() as shipper:
        shipper.ship(MadeUp(packed(LINES)), on_lines=told.append)

    assert len(told) > 2
    assert sum(told) == 12_000


# Objects that are broken


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_an_object_that_is_cut_off_gives_its_whole_lines_and_is_done(shop: Shop, file: Path, share: float) -> None:
    data = packed(LINES)
    source = MadeUp(data[: int(len(data) * share)])
    with FileCheckpoint(file, "loki") as checkpoint:
        outcome = shop.ship(source, checkpoint)
        again = shop.ship(source, checkpoint)

    count = outcome.counts.read
    assert 0 < count < 12_000
    assert outcome.counts == Counts(read=count, shipped=count)
    assert shop.loki.taken() == expected(LINES[:count])
    assert (outcome.finished, outcome.damage) == (True, "its gzip data is damaged: it ends in the middle")
    assert again.skipped_because == "shipped before"


def test_an_object_damaged_before_its_first_line_is_done_without_a_line(shop: Shop) -> None:
    outcome = shop.ship(MadeUp(packed(FEW)[:30]))

    assert (outcome.finished, outcome.counts, outcome.damage) == (True, Counts(), "its gzip data is damaged: it ends in the middle")


def test_the_lines_near_damage_go_in_few_pushes(shop: Shop) -> None:
    """They are decoded one byte at a time."""
    data = bytearray(packed(LINES))
    data[-5] ^= 0xFF

    outcome = shop.ship(MadeUp(bytes(data)))

    assert outcome.damage == "its gzip data is damaged: Incorrect checksum found"
    assert shop.loki.taken() == expected(LINES)
    assert outcome.pushes < 10


def test_an_object_whose_connection_breaks_for_good_is_an_error_and_goes_on_later(shop: Shop, file: Path) -> None:
    data = text_of(LINES)
    with S3Fake(data) as s3, FileCheckpoint(file, "loki") as checkpoint:
        s3.script([Break(len(data) * 3 // 4, resets=False), Refuse(503, "SlowDown")])
        with pytest.raises(SourceError) as caught:
            shop.ship(S3Source(s3.client, BUCKET, KEY, etag=s3.etag), checkpoint)
        assert (caught.value.permanent, caught.value.where) == (False, f"s3://bucket/{KEY}")
        [part] = shop.parts
        assert part.counts.read > 0

        rest = shop.ship(S3Source(s3.client, BUCKET, KEY, etag=s3.etag), checkpoint)

    assert part.counts.read + rest.counts.read == 12_000
    assert shop.loki.taken() == expected(LINES)


def test_a_disk_that_fails_is_an_error_with_the_objects_name(shop: Shop) -> None:
    with pytest.raises(SourceError) as caught:
        shop.ship(FileSource(Path("/proc/self/mem")))

    assert str(caught.value) == "/proc/self/mem: cannot be read: Input/output error"


# Several at once


class Watched(LokiFake):
    """A Loki that takes its time and counts how many pushes it has at once: of each stream, and of all."""

    def __init__(self) -> None:
        super().__init__(NO_LIMITS)
        self.at_work: Counter[str] = Counter()
        self.most: defaultdict[str, int] = defaultdict(int)
        self._guard = threading.Lock()

    def push(self, path: str, headers: Message, body: bytes, reply: Reply | None) -> Request:
        [(labels, _)] = self._decoded(body)
        with self._guard:
            self.at_work[labels] += 1
            self.most[labels] = max(self.most[labels], self.at_work[labels])
            self.most["all"] = max(self.most["all"], self.at_work.total())
        time.sleep(0.02)
        try:
            return super().push(path, headers, body, reply)
        finally:
            with self._guard:
                self.at_work[labels] -= 1


def test_of_several_objects_at_once_each_stream_has_one_push_at_a_time_and_keeps_its_order() -> None:
    sources = []
    for balancer in ("app.shop-front.50dc6c495c0c9188", "app.api.0123456789abcdef"):
        for number in range(4):
            lines = LINES[number * 3000 : number * 3000 + 3000]
            key_name = KEY.replace("app.shop-front.50dc6c495c0c9188", balancer)
            sources.append((MadeUp(packed(lines), key_name=key_name, identity=None), lines))
    with Watched() as loki, Shop(loki).shipper() as shipper, ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda pair: shipper.ship(pair[0]), sources))
        assert one_stream_each(loki)
        for balancer in ("app/shop-front/50dc6c495c0c9188", "app/api/0123456789abcdef"):
            taken = loki.taken({"lb": balancer})
            assert len(taken) == 12_000
            of_object = {stored: place for place, stored in enumerate(expected(LINES))}
            places = [of_object[stored] for stored in taken]
            for begin in range(0, 12_000, 3000):
                assert [place for place in places if begin <= place < begin + 3000] == list(range(begin, begin + 3000))

    assert all(outcome.counts == Counts(read=3000, shipped=3000) for outcome in outcomes)
    assert sorted(loki.most.values()) == [1, 1, 2]


# Large objects


class _Sink(BaseHTTPRequestHandler):
    """Takes every push and keeps nothing."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    pushes = 0

    def do_POST(self) -> None:
        left = int(self.headers["Content-Length"])
        while left > 0:
            left -= len(self.rfile.read(min(left, 1 << 16)))
        type(self).pushes += 1
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the base class's name
        """Says nothing."""


_CHILD = """
import gzip, io, sys
from tests.alb.lines import access_lines
from tests.alb.memory_peak import peak_kib
from tests.alb.shipping import MadeUp
from xray_grafana.alb.checkpoint import NoCheckpoint
from xray_grafana.alb.memory import keep_memory
from xray_grafana.alb.ship import Shipper
from xray_grafana.alb.streams import Services
from xray_grafana.push.client import PushClient
from xray_grafana.push.deliver import Deliverer
from xray_grafana.push.settings import settings_from

TEXT = b"".join(line + b"\\n" for line in access_lines(4000, seed=2))
MEMBER, TIMES = gzip.compress(TEXT, 1), 130

class Endless(io.RawIOBase):
    def __init__(self):
        self.left, self.member = TIMES, b""
    def readable(self):
        return True
    def readinto(self, buffer):
        if not self.member and self.left:
            self.left, self.member = self.left - 1, MEMBER
        count = min(len(buffer), len(self.member))
        buffer[:count], self.member = self.member[:count], self.member[count:]
        return count

class Large(MadeUp):
    def open(self):
        return io.BufferedReader(Endless(), 1 << 20)

keep_memory()
with PushClient(settings_from(sys.argv[1], {})) as client:
    outcome = Shipper(Deliverer(client), NoCheckpoint(), Services()).ship(Large(b""))
assert outcome.counts.is_balanced and outcome.counts.shipped == 4000 * TIMES, outcome
print(outcome.read_bytes, peak_kib())
"""


def test_a_large_object_needs_no_more_memory_than_a_small_one() -> None:
    """Some 300 MB made while they are read; the 120 MB are Python, numpy and the test's own lines too."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Sink)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        done = subprocess.run([sys.executable, "-c", _CHILD, url], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert done.returncode == 0, done.stderr
    read_bytes, peak_kib = map(int, done.stdout.split())

    assert read_bytes > 280_000_000
    assert peak_kib < 120 * 1024
