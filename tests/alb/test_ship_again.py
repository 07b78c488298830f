"""Objects that are told of more than once: after Loki refused them, and at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.alb.lines import access_lines
from tests.alb.shipping import END_NS, LABELS, MadeUp, Shop, expected, packed
from tests.push.loki_fake import NO_LIMITS, LokiFake, Slow
from xray_grafana.alb.checkpoint import FileCheckpoint
from xray_grafana.alb.counts import Counts

pytestmark = pytest.mark.enable_socket

FEW = list(access_lines(40, seed=22))


@pytest.fixture
def checkpoint(tmp_path: Path) -> Iterator[FileCheckpoint]:
    with FileCheckpoint(tmp_path / "shipped.db", "loki") as checkpoint:
        yield checkpoint


def test_what_loki_refused_for_its_age_can_be_shipped_when_loki_takes_it(checkpoint: FileCheckpoint) -> None:
    source = MadeUp(packed(FEW))
    with LokiFake(now_ns=lambda: END_NS + 60 * 86_400 * 10**9) as loki:
        shop = Shop(loki)
        refused = shop.ship(source, checkpoint)
        again = shop.ship(source, checkpoint, backfill=True)
        third = shop.ship(source, checkpoint)

    assert (refused.finished, refused.is_refused, refused.counts) == (True, True, Counts(read=40, rejected=40))
    assert (again.is_refused, again.counts) == (False, Counts(read=40, shipped=40))
    assert third.skipped_because == "shipped before"


def test_an_object_whose_only_fault_is_a_long_line_is_done(checkpoint: FileCheckpoint) -> None:
    source = MadeUp(packed([*FEW, b"x" * 300_000]))
    with LokiFake(NO_LIMITS) as loki:
        shop = Shop(loki)
        first = shop.ship(source, checkpoint)
        assert (first.is_refused, first.counts) == (False, Counts(read=41, shipped=40, rejected=1))
        assert shop.ship(source, checkpoint).skipped_because == "shipped before"


def test_an_object_that_two_threads_are_told_of_is_shipped_once(checkpoint: FileCheckpoint) -> None:
    source = MadeUp(packed(FEW))
    with LokiFake(NO_LIMITS) as loki:
        loki.script([Slow(0.3)])
        with Shop(loki).shipper(checkpoint) as shipper, ThreadPoolExecutor(2) as pool:
            together = threading.Barrier(2)

            def ship(_: int) -> Counts:
                together.wait()
                return shipper.ship(source).counts

            outcomes = list(pool.map(ship, range(2)))
        assert sorted(counts.shipped for counts in outcomes) == [0, 40]
        assert loki.taken(LABELS) == expected(FEW)


def test_two_objects_are_shipped_at_the_same_time(checkpoint: FileCheckpoint) -> None:
    """One waits for the other's push, which would never end if they were kept apart."""
    with LokiFake(NO_LIMITS) as loki, Shop(loki).shipper(checkpoint) as shipper, ThreadPoolExecutor(2) as pool:
        together = threading.Barrier(2, timeout=10)

        def meet(_: int) -> None:
            together.wait()

        def ship(name: str) -> Counts:
            return shipper.ship(MadeUp(packed(FEW), identity=name), on_lines=meet).counts

        assert [counts.shipped for counts in pool.map(ship, ("one", "two"))] == [40, 40]
