from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from xray_grafana.sandbox.store.attempts import Attempts
from xray_grafana.sandbox.store.retention import Retention, expire
from xray_grafana.sandbox.store.store import Store

TRACE = "INSERT INTO traces (id, received, revision, dirty) VALUES (?, 0, 1, 0)"


@pytest.fixture
def store() -> Iterator[Store]:
    with closing(Store.open(None)) as opened:
        with opened.writing() as connection:
            connection.executemany(TRACE, ((str(number),) for number in range(2_500)))
        yield opened


def left(store: Store) -> int:
    with store.reading() as connection:
        (count,) = connection.execute("SELECT count(*) FROM traces").fetchone()
    return int(count)


def test_who_ends_waits_for_a_thousand_traces_at_most(store: Store) -> None:
    assert expire(store, 1.0, iter([False, True]).__next__) == 1_000
    assert left(store) == 1_500
    assert expire(store, 1.0) == 1_500
    assert left(store) == 0


def test_whatever_goes_wrong_is_told_in_words(store: Store) -> None:
    with store.writing() as connection:
        connection.execute("DROP TABLE segments")
    told = threading.Event()
    notes: list[str] = []

    def note(line: str) -> None:
        notes.append(line)
        told.set()

    with closing(Retention(store, 60, now=lambda: 100.0, note=note)):
        assert told.wait(20)
    assert notes == ["what is too old is not deleted: OperationalError: no such table: segments"]
    assert left(store) == 2_500


def test_an_error_that_lasts_is_told_once_and_again_after_it_was_gone() -> None:
    told: list[str] = []
    attempts = Attempts(lambda error: told.append(str(error)))
    outcomes: Iterator[Any] = iter([OSError("full"), OSError("full"), None, OSError("full"), ValueError("odd")])

    def work() -> None:
        outcome = next(outcomes)
        if outcome is not None:
            raise outcome

    for _ in range(5):
        attempts.make(work)
    assert told == ["full", "full", "odd"]
