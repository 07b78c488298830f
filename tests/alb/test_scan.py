"""The quick reader says of every line what `read_line` says."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Literal

import cramjam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.alb.lines import KEY, ODD_LINES, access_lines, mutated
from tests.push.proto import PushRequest
from xray_grafana.alb.batches import Lines, ScannedBatch
from xray_grafana.alb.keys import LogKey, classify_key
from xray_grafana.alb.lines import read_line
from xray_grafana.alb.scan import AccessScanner
from xray_grafana.alb.streams import Services, Streams
from xray_grafana.push.encode import Batch

FALLBACK_NS = 1_789_000_000_123_456_789
USUAL = (
    b"https 2026-09-20T10:00:01.052000Z app/shop-front/50dc6c495c0c9188 203.0.113.9:46532 10.0.3.21:8080 0.001 0.048 0.000 200 200 34 366 "
    b'"GET https://shop.example.com:443/cart HTTP/2.0" "curl/8.7.1" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 '
    b"arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/storefront/73e2d6bc24d8a067 "
    b'"Root=1-68ce7c11-0123456789abcdef01234567" "shop.example.com" "session-reused" 1 2026-09-20T10:00:01.003000Z "forward" "-" "-" '
    b'"10.0.3.21:8080" "200" "-" "-" TID_0123456789abcdef0123456789abcdef'
)
# 2026-09-20T10:00:01.003 in seconds since 1970, by `date -u -d 2026-09-20T10:00:01 +%s`.
USUAL_NS = 1_789_898_401_003_000_000
SHOP_FRONT = (
    '{aws_account="123456789012", aws_region="eu-west-1", lb="app/shop-front/50dc6c495c0c9188", log_type="access", '
    'service_name="shop-front"}'
)

Stored = tuple[str, int, bytes, tuple[tuple[str, str], ...]]


def log_key() -> LogKey:
    key = classify_key(KEY)
    assert isinstance(key, LogKey)
    return key


def block(lines: Iterable[bytes]) -> bytearray:
    return bytearray(b"".join(b"\n" + line for line in lines))


def scanned(
    lines: Iterable[bytes],
    *,
    services: Services | None = None,
    key: LogKey | None = None,
    timestamp: Literal["request_creation_time", "time"] = "request_creation_time",
) -> Lines:
    return AccessScanner(Streams(services or Services(), "access", key), FALLBACK_NS, timestamp).scan(block(lines))


def decoded(body: bytes) -> list[Stored]:
    push = PushRequest.FromString(bytes(cramjam.snappy.decompress_raw(body)))
    return [
        (
            stream.labels,
            entry.timestamp.seconds * 1_000_000_000 + entry.timestamp.nanos,
            entry.line,
            tuple((pair.name, pair.value) for pair in entry.structuredMetadata),
        )
        for stream in push.streams
        for entry in stream.entries
    ]


def entries(batches: Iterable[Batch]) -> list[Stored]:
    return [entry for batch in batches for entry in decoded(batch.body())]


def plainly(lines: Iterable[bytes], timestamp: Literal["request_creation_time", "time"] = "request_creation_time") -> list[Stored]:
    """What the plain reader says of the lines that are not blank."""
    labels = Streams(Services(), "access", log_key()).labels()
    read = [(line, read_line("access", line, fallback_ns=FALLBACK_NS, timestamp=timestamp)[0]) for line in lines if line]
    return [(labels, facts.timestamp_ns, line, facts.metadata) for line, facts in read]


def test_a_usual_line_arrives_whole_with_time_id_and_level() -> None:
    assert entries(scanned([USUAL], key=log_key()).batches) == [
        (
            SHOP_FRONT,
            USUAL_NS,
            USUAL,
            (("trace_id", "1-68ce7c11-0123456789abcdef01234567"), ("level", "info")),
        )
    ]


@pytest.mark.parametrize(("status", "level"), [(b"101", "info"), (b"304", "info"), (b"404", "warn"), (b"500", "error"), (b"599", "error")])
def test_the_level_follows_from_the_load_balancers_status(status: bytes, level: str) -> None:
    line = USUAL.replace(b" 200 200 34 ", b" " + status + b" - 34 ")

    [(_, _, stored, metadata)] = entries(scanned([line], key=log_key()).batches)

    assert (stored, metadata[1]) == (line, ("level", level))


def test_the_request_of_a_header_with_self_is_known_by_its_root() -> None:
    line = USUAL.replace(b'"Root=', b'"Self=1-68ce7c11-ffffffffffffffffffffffff;Root=')

    assert entries(scanned([line], key=log_key()).batches)[0][3][0] == ("trace_id", "1-68ce7c11-0123456789abcdef01234567")


def test_the_answers_time_can_be_chosen() -> None:
    assert entries(scanned([USUAL], key=log_key(), timestamp="time").batches)[0][1] == USUAL_NS + 49_000_000


def test_every_odd_line_of_the_catalogue_is_read_as_plainly() -> None:
    lines = [odd.line for odd in ODD_LINES]

    assert entries(scanned(lines, key=log_key()).batches) == plainly(lines)


@pytest.mark.parametrize("timestamp", ["request_creation_time", "time"])
def test_many_real_looking_lines_are_read_as_plainly(timestamp: Literal["request_creation_time", "time"]) -> None:
    lines = list(access_lines(6000, seed=11))

    assert entries(scanned(lines, key=log_key(), timestamp=timestamp).batches) == plainly(lines, timestamp)


def test_nearly_all_lines_take_the_quick_way() -> None:
    """Else the bench measures something that users do not get. Entries that were encoded alone are bytes of their own."""
    [batch] = scanned(access_lines(4000, seed=3), key=log_key()).batches
    assert isinstance(batch, ScannedBatch)

    assert sum(isinstance(piece, bytes) for piece in batch.encoded) < 4000 * 0.04


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.integers(0, 2**32), st.lists(st.booleans(), min_size=1, max_size=30))
def test_mutated_lines_are_read_as_plainly(seed: int, spoil: list[bool]) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    lines = [
        mutated(line, chance) if is_spoilt else line for line, is_spoilt in zip(access_lines(len(spoil), seed=seed), spoil, strict=True)
    ]
    lines = [line.replace(b"\n", b" ").decode(errors="backslashreplace").encode() for line in lines]

    result = scanned(lines, key=log_key())

    assert sorted(entries(result.batches)) == sorted(plainly(lines))
    assert result.read == len(lines)
    assert result.blank == lines.count(b"")


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(USUAL)), st.integers(0, 3), st.binary(max_size=4).filter(lambda text: b"\n" not in text and text.isascii()))
def test_a_usual_line_spoilt_at_one_place_is_read_as_plainly(place: int, removed: int, inserted: bytes) -> None:
    line = USUAL[:place] + inserted + USUAL[place + removed :]
    lines = [USUAL, line, USUAL]

    assert entries(scanned(lines, key=log_key()).batches) == plainly(lines)


@pytest.mark.parametrize("place", range(len(USUAL)))
def test_each_byte_of_a_usual_line_can_be_another(place: int) -> None:
    lines = [USUAL[:place] + bytes([other]) + USUAL[place + 1 :] for other in b' "-;0159:=TZaf/\x00\x7f']

    assert entries(scanned(lines, key=log_key()).batches) == plainly(lines)


@pytest.mark.parametrize("line", [b"", b" ", b'"', b'"' * 12, b'" ' * 40, b"x", b" " * 200, b"https " + b'"' * 30])
def test_lines_of_almost_nothing_are_read_as_plainly(line: bytes) -> None:
    lines = [line, USUAL, line]

    assert sorted(entries(scanned(lines, key=log_key()).batches)) == sorted(plainly(lines))
    assert sorted(entries(scanned([line], key=log_key()).batches)) == sorted(plainly([line]))


def test_unreadable_lines_are_counted_and_kept() -> None:
    result = scanned([USUAL, b"not a line of a load balancer", USUAL], key=log_key())

    assert [(batch.count, batch.unreadable) for batch in result.batches] == [(3, 1)]
    assert entries(result.batches)[1][1:] == (
        FALLBACK_NS,
        b"not a line of a load balancer",
        (("parse_error", "quotes: expected at least 12 of them, found 0"),),
    )


def test_blank_lines_are_no_entries() -> None:
    result = scanned([b"", USUAL, b"", b""], key=log_key())

    assert (result.read, result.blank, [batch.count for batch in result.batches]) == (4, 3, [1])


def test_a_block_of_blank_lines_has_no_batch() -> None:
    assert scanned([b"", b""], key=log_key()) == Lines((), 2, 2)


def test_lines_of_several_target_groups_go_to_the_streams_of_their_services() -> None:
    services = Services({"targetgroup/checkout": "checkout", "app/shop-front": "storefront"})
    lines = list(access_lines(3000, seed=5))

    result = scanned(lines, key=log_key(), services=services)

    stored = entries(result.batches)
    assert len(stored) == 3000
    by_service = {labels.partition('service_name="')[2].strip('"}') for labels, *_ in stored}
    assert by_service == {"checkout", "storefront"}
    for labels, _, line, _ in stored:
        assert ('service_name="checkout"' in labels) == (b":targetgroup/checkout/" in line)
    assert [line for _, _, line, _ in stored if b":targetgroup/checkout/" in line] == [
        line for line in lines if b":targetgroup/checkout/" in line
    ]


def test_a_file_of_any_name_gets_its_labels_from_its_lines() -> None:
    other = USUAL.replace(b"app/shop-front/50dc6c495c0c9188", b"app/api/0123456789abcdef").replace(
        b":123456789012:targetgroup", b":999988887777:targetgroup"
    )

    labels = [labels for labels, *_ in entries(scanned([USUAL, other, USUAL]).batches)]

    assert sorted(labels) == [
        SHOP_FRONT,
        SHOP_FRONT,
        '{aws_account="999988887777", aws_region="eu-west-1", lb="app/api/0123456789abcdef", log_type="access", service_name="api"}',
    ]


def test_a_load_balancer_whose_name_begins_like_another_is_another() -> None:
    longer = USUAL.replace(b"50dc6c495c0c9188", b"50dc6c495c0c91889")

    assert [batch.count for batch in scanned([USUAL, longer]).batches] == [1, 1]


@pytest.mark.parametrize("long", [b"app/" + b"x" * 300 + b"/y", b"app/" + b"x" * 5000 + b"/y"])
def test_a_name_longer_than_what_is_left_of_the_block_is_another(long: bytes) -> None:
    longer = USUAL.replace(b"app/shop-front/50dc6c495c0c9188", long)

    assert [batch.count for batch in scanned([longer, USUAL]).batches] == [1, 1]
    assert sum(batch.count for batch in scanned([longer, USUAL, b"short"]).batches) == 3


def test_a_target_group_longer_than_what_is_in_front_of_it_is_another() -> None:
    longer = USUAL.replace(b"targetgroup/storefront/", b"targetgroup/" + b"y" * 3000 + b"/")

    batches = scanned([USUAL, longer, USUAL], key=log_key(), services=Services({"targetgroup/storefront": "storefront"})).batches

    assert [batch.count for batch in batches] == [2, 1]


def test_a_batch_in_halves_holds_the_same_entries_in_order() -> None:
    lines = [*access_lines(301, seed=9), b"unreadable", USUAL.replace(b'"Root=1-68ce7c11-0123456789abcdef01234567"', b'"-"')]
    [batch] = scanned(lines, key=log_key()).batches

    first, second = batch.halves()

    assert (first.count, second.count) == (151, 152)
    assert entries([first, second]) == entries([batch])
    assert [*first.timestamps_ns, *second.timestamps_ns] == list(batch.timestamps_ns)
    assert [*first.line_bytes, *second.line_bytes] == [len(line) for line in lines]
    assert entries([*first.halves(), *second.halves()]) == entries([batch])


def test_a_batch_knows_its_size_as_loki_counts_it() -> None:
    [batch] = scanned([USUAL, USUAL.replace(b" 200 200 ", b" 502 - ")], key=log_key()).batches

    metadata = len("trace_id") + len("1-68ce7c11-0123456789abcdef01234567") + len("level")
    assert batch.size_bytes == 2 * len(USUAL) - 2 + 2 * metadata + len("info") + len("error")


def test_a_body_is_the_same_each_time() -> None:
    [batch] = scanned(access_lines(50, seed=1), key=log_key()).batches

    assert batch.body() == batch.body()


def test_hours_of_many_days_in_one_block_are_read_as_plainly() -> None:
    lines = [
        USUAL.replace(b"2026-09-20T10:00", f"20{year}-{month:02}-{day:02}T{hour:02}:59".encode())
        for year, month, day, hour in [(26, 1, 1, 0), (26, 2, 29, 0), (28, 2, 29, 23), (26, 13, 1, 1), (26, 12, 31, 23), (26, 6, 15, 24)]
        for _ in range(3)
    ] + [USUAL.replace(b"2026-09-20", f"2026-08-{day:02}".encode()) for day in range(1, 31)]

    assert entries(scanned(lines, key=log_key()).batches) == plainly(lines)
