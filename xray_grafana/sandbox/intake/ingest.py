"""Segments on their way into the store: documents from the API and datagrams come in, one thread writes them, many in a transaction."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from typing import Final, NamedTuple

from xray_grafana.alb.fields import printable
from xray_grafana.errors import OutputError
from xray_grafana.sandbox.intake.datagrams import BadDatagramError, documents_of
from xray_grafana.sandbox.intake.documents import Document, Rejected, check
from xray_grafana.sandbox.intake.guard import failure_of, reason_of
from xray_grafana.sandbox.store.store import Store

_BATCH: Final = 5_000  # documents in a transaction: it is short enough for others to write in between
_ROWS: Final = 100  # in a statement
_SHOWN_ID: Final = 40  # characters of an id, which may be any text
# Waiting documents and datagrams. Beyond, the API's callers wait and datagrams are lost, loudly.
_QUEUE_BYTES: Final = 256 * 1024 * 1024
_STOPPING: Final = "the sandbox is stopping"

# What is open is replaced. Of complete ones the first counts, as an emulator has it that replays captured answers of X-Ray.
_SEGMENT: Final = """
INSERT INTO segments (trace_id, id, in_progress, received, document) VALUES {}
ON CONFLICT (trace_id, id) DO UPDATE SET in_progress = excluded.in_progress, received = excluded.received, document = excluded.document
WHERE segments.in_progress
"""
_TRACE: Final = """
INSERT INTO traces (id, received, revision, dirty) VALUES {}
ON CONFLICT (id) DO UPDATE SET received = max(received, excluded.received), revision = revision + 1, dirty = 1
"""
_NEWEST_TRACE: Final = "SELECT coalesce(max(number), 0) FROM traces"


class Counts(NamedTuple):
    """What came since the start. `segments` are stored ones, also those sent again; `traces` are new ones.

    rejected        refused documents; `last_rejected` is the newest one's id, as far as it can be shown, `last_rejection` says why
    datagrams_bad   datagrams that hold no document; `last_bad` says why
    datagrams_lost  good for all we know, but there was no room, or the store could not be written; `last_loss` says why
    """

    segments: int
    traces: int
    rejected: int
    datagrams_bad: int
    datagrams_lost: int
    last_rejected: str | None
    last_rejection: str | None
    last_bad: str | None
    last_loss: str | None


@dataclass(slots=True, eq=False)
class _Work:
    """What one caller brought. Datagrams are read by the writer; a caller of `put` waits for `done`.

    `held` is how many of the datagrams some of the documents are from.
    """

    documents: list[Document]
    datagrams: Sequence[bytes]
    received: float
    size: int
    done: threading.Event
    error: Exception | None = field(default=None)
    held: int = 0


class Ingest:
    """A queue and its writing thread. `now` is seconds since 1970."""

    def __init__(self, store: Store, *, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now
        self._queue: deque[_Work] = deque()
        self._queued_bytes = 0
        self._changed = threading.Condition()
        self._closed = False
        self._counts = Counts(0, 0, 0, 0, 0, None, None, None, None)
        self._thread = threading.Thread(target=self._run, name="sandbox-ingest")
        self._thread.start()

    def put(self, texts: Sequence[str], *, received: float | None = None) -> list[Rejected]:
        """Checks and stores documents, as if they had come at `received`; returns those refused. Comes back when the others are stored.

        Raises OutputError when they cannot be stored.
        """
        documents: list[Document] = []
        rejected: list[Rejected] = []
        for text in texts:
            checked = check(text)
            if isinstance(checked, Document):
                documents.append(checked)
            else:
                rejected.append(checked)
        with self._changed:
            self._count_rejected(rejected)
            if not documents:
                return rejected
            self._changed.wait_for(lambda: self._closed or self._queued_bytes < _QUEUE_BYTES)
            size = sum(len(document.text) for document in documents)
            work = _Work(documents, (), self._now() if received is None else received, size, threading.Event())
            self._append(work)
        work.done.wait()
        if work.error is not None:
            raise _for_caller(work.error) from work.error
        return rejected

    def offer(self, datagrams: Sequence[bytes]) -> None:
        """Takes datagrams without waiting: they are read and stored later, or lost when the queue is full."""
        work = _Work([], datagrams, self._now(), sum(map(len, datagrams)), threading.Event())
        with self._changed:
            if self._closed:
                self._count_lost(len(datagrams), _STOPPING)
            elif self._queued_bytes >= _QUEUE_BYTES:
                self._count_lost(len(datagrams), "they came faster than they could be stored")
            else:
                self._append(work)

    def lose(self, count: int) -> None:
        """Counts datagrams that never came this far."""
        with self._changed:
            self._count_lost(count, "they came faster than they could be taken")

    def counts(self) -> Counts:
        """A snapshot."""
        with self._changed:
            return self._counts

    def close(self) -> None:
        """Stores what was taken and ends the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _append(self, work: _Work) -> None:
        if self._closed:
            raise OutputError(_STOPPING)
        self._queue.append(work)
        self._queued_bytes += work.size
        self._changed.notify_all()

    def _run(self) -> None:
        while batch := self._next_batch():
            for work in batch:
                self._read(work)
            error = failure_of(self._store_batch, batch)
            if error is not None:
                self._fail(batch, error)
            for work in batch:
                work.done.set()

    def _next_batch(self) -> list[_Work]:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._queue)
            batch: list[_Work] = []
            size = 0
            while self._queue and size < _BATCH:
                work = self._queue.popleft()
                self._queued_bytes -= work.size
                size += len(work.documents) + len(work.datagrams)
                batch.append(work)
            self._changed.notify_all()
            return batch

    def _store_batch(self, batch: Iterable[_Work]) -> None:
        segments: list[tuple[str, str, bool, float, str]] = []
        traces: dict[str, float] = {}
        for work in batch:
            received = work.received
            for trace_id, own_id, in_progress, text in work.documents:
                segments.append((trace_id, own_id, in_progress, received, text))
                if traces.get(trace_id, received) <= received:
                    traces[trace_id] = received
        if not segments:
            return
        with self._store.writing() as connection:
            (before,) = connection.execute(_NEWEST_TRACE).fetchone()
            _insert(connection, _SEGMENT, "(?, ?, ?, ?, ?)", segments)
            _insert(connection, _TRACE, "(?, ?, 1, 1)", list(traces.items()))
            (after,) = connection.execute(_NEWEST_TRACE).fetchone()
        with self._changed:
            self._count(segments=len(segments), traces=after - before)

    def _read(self, work: _Work) -> None:
        """Makes documents of datagrams. Whatever one of them ends with, the others are read."""
        for datagram in work.datagrams:
            error = failure_of(self._read_one, work, datagram)
            if error is not None:
                with self._changed:
                    self._count_lost(1, reason_of(error))

    def _read_one(self, work: _Work, datagram: bytes) -> None:
        try:
            checked = [check(text) for text in documents_of(datagram)]
        except BadDatagramError as error:
            with self._changed:
                self._count(datagrams_bad=1)
                self._counts = self._counts._replace(last_bad=str(error))
            return
        documents = [each for each in checked if isinstance(each, Document)]
        rejected = [each for each in checked if isinstance(each, Rejected)]
        if rejected:
            with self._changed:
                self._count_rejected(rejected)
        if documents:
            work.documents += documents
            work.held += 1

    def _fail(self, batch: Iterable[_Work], error: Exception) -> None:
        """Nothing of it is stored. What was bad or rejected is counted already."""
        lost = 0
        for work in batch:
            work.error = error
            lost += work.held
        if lost:
            with self._changed:
                self._count_lost(lost, reason_of(error))

    def _count_rejected(self, rejected: Sequence[Rejected]) -> None:
        if rejected:
            last = rejected[-1]
            self._count(rejected=len(rejected))
            shown = "a document without id" if not last.id else printable(last.id[:_SHOWN_ID])
            self._counts = self._counts._replace(last_rejected=shown, last_rejection=last.message)

    def _count_lost(self, count: int, why: str) -> None:
        self._count(datagrams_lost=count)
        self._counts = self._counts._replace(last_loss=why)

    def _count(self, *, segments: int = 0, traces: int = 0, rejected: int = 0, datagrams_bad: int = 0, datagrams_lost: int = 0) -> None:
        counts = self._counts
        self._counts = counts._replace(
            segments=counts.segments + segments,
            traces=counts.traces + traces,
            rejected=counts.rejected + rejected,
            datagrams_bad=counts.datagrams_bad + datagrams_bad,
            datagrams_lost=counts.datagrams_lost + datagrams_lost,
        )


def _for_caller(error: Exception) -> OutputError:
    """An error of the caller's own: several may wait for one batch, and each that raises an error writes to its traceback."""
    if isinstance(error, OutputError):
        return OutputError(error.summary, where=error.where, hint=error.hint)
    return OutputError(reason_of(error))


def _insert(connection: sqlite3.Connection, statement: str, row: str, rows: Sequence[Sequence[object]]) -> None:
    """Many rows in a statement: between statements Python hands its lock to other threads, and gets it back late when those compute."""
    for first in range(0, len(rows), _ROWS):
        some = rows[first : first + _ROWS]
        connection.execute(_of_rows(statement, row, len(some)), list(chain.from_iterable(some)))


@cache
def _of_rows(statement: str, row: str, count: int) -> str:
    return statement.format(", ".join([row] * count))
