from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.build_trace import START, TRACE_ID, apart, segment, subsegment
from xray_grafana.sandbox.derivation.derive import Derivation
from xray_grafana.sandbox.facts.facts import load
from xray_grafana.sandbox.intake.ingest import Ingest
from xray_grafana.sandbox.store import rollups
from xray_grafana.sandbox.store.store import Store

NOW = START + 600
COLUMNS = "dirty, start, finish, root_start, duration, response, status, fault, error, throttle, ok, partial, counted, groups"
GROUP = "INSERT INTO groups (name, arn, filter, insights, notifications, changed) VALUES (?, ?, ?, 0, 0, 0)"


class Bench:
    """A store, what fills it, and what derives."""

    def __init__(self, path: Path | None) -> None:
        self.notes: list[str] = []
        self.store = Store.open(path)
        self.ingest = Ingest(self.store, now=lambda: NOW)
        self.derivation = Derivation(self.store, note=self.notes.append)

    def close(self) -> None:
        self.derivation.close()
        self.ingest.close()
        self.store.close()

    def put(self, *documents: dict[str, Any], received: float = NOW) -> None:
        assert self.ingest.put([json.dumps(document) for document in documents], received=received) == []

    def rows(self, columns: str = COLUMNS) -> list[tuple[Any, ...]]:
        assert self.derivation.settle(20)
        with self.store.reading() as connection:
            return connection.execute(f"SELECT {columns} FROM traces ORDER BY number").fetchall()  # noqa: S608

    def counted(self, group: str = rollups.DEFAULT_GROUP) -> dict[str, int]:
        """Requests of services by name, over the hour around NOW."""
        assert self.derivation.settle(20)
        minute = int(NOW // 60)
        with self.store.reading() as connection:
            rows = rollups.rows_between(connection, group, minute - 60, minute + 61)
            tallies = rollups.added_up(rows, rollups.series_of(connection))
        nodes = {series.node.name: tally for series, tally in tallies.items() if series.callee is None and series.role == "service"}
        return {name: tally.ok + tally.error + tally.throttle + tally.fault for name, tally in nodes.items()}


@pytest.fixture(params=["memory", "file"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with closing(Bench(tmp_path / "x.db" if request.param == "file" else None)) as made:
        yield made


def in_trace(number: int, document: dict[str, Any]) -> dict[str, Any]:
    return {**document, "trace_id": f"1-6ab13b80-{number:024x}"}


def test_a_trace_is_derived_into_the_columns_of_its_root(bench: Bench) -> None:
    bench.put(segment("shop", 1, 0.5, 2.5, status=503))
    #       dirty start        finish       root_start   duration response status fault error throttle ok partial counted groups
    assert bench.rows() == [(0, START + 0.5, START + 2.5, START + 0.5, 2.0, 2.0, 503, 1, 0, 0, 0, 0, NOW, "[]")]
    ((facts,),) = bench.rows("facts")
    assert load(facts).id == TRACE_ID


def test_a_good_root_is_ok(bench: Bench) -> None:
    bench.put(segment("shop", 1, status=200))
    assert bench.rows("status, fault, error, throttle, ok") == [(200, 0, 0, 0, 1)]


def test_an_open_trace_has_no_end(bench: Bench) -> None:
    bench.put(segment("shop", 1, end=None))
    assert bench.rows("start, finish, duration, response, ok, partial") == [(START, None, None, None, 0, 0)]


def test_a_trace_without_its_root_is_partial(bench: Bench) -> None:
    bench.put(apart(subsegment("cart", 2), parent=1))
    assert bench.rows("root_start, response, status, fault, ok, partial") == [(None, None, None, 0, 0, 1)]


def test_a_later_document_has_the_trace_derived_again_and_counted_once(bench: Bench) -> None:
    bench.put(segment("shop", 1, 0, 4, subsegments=[subsegment("cart", 2, namespace="remote")]))
    assert bench.counted() == {"shop": 1}
    bench.put(segment("cart", 3, 1, 2, parent=2), received=NOW + 120)
    assert bench.counted() == {"shop": 1, "cart": 1}
    assert bench.rows("counted, revision") == [(NOW + 120, 2)]


def test_a_background_thread_derives_unasked(bench: Bench) -> None:
    bench.put(segment("shop", 1))
    dirty = threading.Event()
    for _ in range(400):
        with bench.store.reading() as connection:
            if connection.execute("SELECT dirty FROM traces").fetchall() == [(0,)]:
                return
        dirty.wait(0.05)
    pytest.fail("not derived in 20 s")


def test_the_background_leaves_its_time_to_storing_while_many_segments_come() -> None:
    """As many as 501 in each look at the count; 1,000 traces stay, until someone asks."""
    looked = threading.Semaphore(0)
    arrived = iter(range(0, 10**9, 501))

    def count() -> int:
        looked.release()
        return next(arrived)

    store = Store.open(None)
    ingest = Ingest(store)
    derivation = Derivation(store, arrived=count)
    looked.acquire()  # the first look sees 0 more
    ingest.put([json.dumps(segment("shop", 1))])
    for _ in range(3):
        looked.acquire()
    with store.reading() as connection:
        assert connection.execute("SELECT dirty FROM traces").fetchall() == [(1,)]
    assert derivation.settle(20)
    derivation.close()
    ingest.close()
    store.close()


def test_more_traces_than_a_batch_takes_are_all_derived(bench: Bench) -> None:
    bench.put(*(in_trace(number, segment("shop", 1)) for number in range(1_201)))
    assert bench.counted() == {"shop": 1_201}


def test_a_trace_of_many_documents_is_derived(bench: Bench) -> None:
    bench.put(*(segment("shop", number) for number in range(1, 5_002)), in_trace(2, segment("cart", 1)))
    assert bench.counted() == {"shop": 5_001, "cart": 1}


def test_the_newest_trace_is_derived_first(bench: Bench) -> None:
    """In no time there is one batch of at most 500: the newest ones."""
    bench.derivation.close()
    derivation = Derivation(bench.store, arrived=iter(range(0, 10**9, 10_000)).__next__)
    for number in range(3):
        documents = [in_trace(1_000 * number + each, segment("shop", 1)) for each in range(400)]
        bench.put(*documents, received=NOW + number)
    assert not derivation.settle(0)
    with bench.store.reading() as connection:
        left = connection.execute("SELECT received, count(*) FROM traces WHERE dirty = 1 GROUP BY received").fetchall()
    assert left == [(NOW, 400), (NOW + 1, 300)]
    derivation.close()
    bench.derivation = Derivation(bench.store)


def test_a_trace_that_cannot_be_read_stops_no_other_and_is_told_once(bench: Bench) -> None:
    bench.derivation.close()
    bench.put(*(in_trace(number, segment("shop", 1)) for number in range(5)))
    with bench.store.writing() as connection:
        connection.execute("UPDATE segments SET document = '{', in_progress = 1 WHERE trace_id LIKE '%2'")
    bench.derivation = Derivation(bench.store, note=bench.notes.append)
    assert bench.counted() == {"shop": 4}
    assert bench.rows("dirty, start") == [(0, START), (0, START), (0, None), (0, START), (0, START)]
    (note,) = bench.notes
    assert note.startswith(f"trace 1-6ab13b80-{2:024x} cannot be read: JSONDecodeError")
    bench.put(in_trace(2, segment("shop", 1)))
    assert bench.counted() == {"shop": 5}


def test_what_is_wrong_with_the_counts_is_told_and_leaves_the_trace(bench: Bench) -> None:
    with bench.store.writing() as connection:
        connection.execute("DROP TABLE rollups")
    bench.put(segment("shop", 1))
    assert bench.rows("dirty, facts") == [(0, None)]
    assert "no such table: rollups" in bench.notes[0]


def test_a_trace_belongs_to_the_groups_that_find_it_when_it_is_derived(bench: Bench) -> None:
    with bench.store.writing() as connection:
        connection.execute(GROUP, ("slow", "a", "duration >= 2"))
        connection.execute(GROUP, ("all", "b", "duration >= 0"))
    bench.put(segment("shop", 1, 0, 1), in_trace(2, segment("shop", 1, 0, 3)))
    assert bench.rows("groups") == [('["b"]',), ('["b", "a"]',)]
    assert (bench.counted("slow"), bench.counted("all")) == ({"shop": 1}, {"shop": 2})
    with bench.store.writing() as connection:
        connection.execute("UPDATE groups SET filter = 'fault'")
    bench.put(in_trace(2, segment("shop", 1, 0, 3)))
    assert bench.rows("groups") == [('["b"]',), ("[]",)]
    assert (bench.counted("slow"), bench.counted("all")) == ({}, {"shop": 1})


def test_settling_gives_up_in_time_when_another_is_at_it(bench: Bench) -> None:
    """The background is kept at a trace that cannot be read until it has told of it."""
    bench.derivation.close()
    bench.put(segment("shop", 1))
    with bench.store.writing() as connection:
        connection.execute("UPDATE segments SET document = '{'")
    is_at_it, go_on = threading.Event(), threading.Event()

    def note(_: str) -> None:
        is_at_it.set()
        assert go_on.wait(20)

    bench.derivation = Derivation(bench.store, note=note)
    assert is_at_it.wait(20)
    assert not bench.derivation.settle(0.01)
    go_on.set()
    assert bench.derivation.settle(20)


def test_after_the_end_nothing_settles(bench: Bench) -> None:
    bench.derivation.close()
    assert not bench.derivation.settle(1)


def test_a_store_that_fails_is_told_once_and_tried_again(tmp_path: Path) -> None:
    told = threading.Event()
    notes: list[str] = []

    def note(line: str) -> None:
        notes.append(line)
        told.set()

    with closing(Store.open(tmp_path / "x.db")) as store:
        with closing(Ingest(store)) as ingest:
            ingest.put([json.dumps(segment("shop", number, user="x" * 2_000)) for number in range(1, 200)])
        with store.writing() as connection:
            connection.execute("PRAGMA max_page_count = 1")
        with closing(Derivation(store, note=note)) as derivation:
            assert told.wait(20)
            threading.Event().wait(0.5)  # it tries again meanwhile
            with store.writing() as connection:
                connection.execute("PRAGMA max_page_count = 100000")
            assert derivation.settle(20)
    assert len(notes) == 1
    assert notes[0].startswith("traces are not derived: ")
    assert "the disk is full" in notes[0]
