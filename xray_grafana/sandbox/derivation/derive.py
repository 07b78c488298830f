"""Traces that got new documents are read again: facts, the columns that searches use, groups and rollups, newest traces first."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from xray_grafana.errors import OutputError
from xray_grafana.sandbox.derivation.membership import read_groups
from xray_grafana.sandbox.facts import facts as fact_texts
from xray_grafana.sandbox.facts.facts import TraceFacts
from xray_grafana.sandbox.facts.read import read_trace
from xray_grafana.sandbox.store import rollups
from xray_grafana.sandbox.store.attempts import Attempts
from xray_grafana.sandbox.store.rollups import Counted
from xray_grafana.sandbox.store.segments import documents_of
from xray_grafana.sandbox.store.store import Store

_TRACES: Final = 500  # in a transaction
_DOCUMENTS: Final = 5_000  # no further trace is added to a batch that has so many
_PAUSE_SECONDS: Final = 0.2
# Segments that come in a pause. When there are more, storing them goes first; who reads has them derived all the same.
_FEW: Final = 500

_DIRTY: Final = "SELECT number, id, received, revision, counted, groups, facts FROM traces WHERE dirty = 1 ORDER BY received DESC LIMIT ?"
_UPDATE: Final = """
UPDATE traces SET dirty = (revision != ?), start = ?, finish = ?, root_start = ?, duration = ?, response = ?, status = ?,
    fault = ?, error = ?, throttle = ?, ok = ?, partial = ?, counted = ?, groups = ?, facts = ?
WHERE number = ? AND id = ? AND dirty = 1
"""
# A trace that cannot be read is left as it was until it gets another document.
_GIVE_UP: Final = "UPDATE traces SET dirty = 0 WHERE number = ? AND revision = ?"


class _Trace(NamedTuple):
    number: int
    id: str
    received: float
    revision: int
    counted: float | None
    groups: str | None
    old: str | None
    documents: tuple[str, ...]


class Derivation:
    """Derives by itself while few segments come, and at once for who asks.

    `arrived` says how many segments have come since the start; `note` is told of traces that cannot be read.
    """

    def __init__(self, store: Store, *, arrived: Callable[[], int] = lambda: 0, note: Callable[[str], None] = lambda _: None) -> None:
        self._store = store
        self._arrived = arrived
        self._note = note
        self._turn = threading.Lock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-derive")
        self._thread.start()

    def settle(self, timeout: float) -> bool:
        """Derives until no trace waits for it or `timeout` seconds are over; whether none waits. May take a batch longer."""
        deadline = time.monotonic() + timeout
        while not self._ending.is_set():
            if not self._turn.acquire(timeout=max(0.0, deadline - time.monotonic())):
                return False
            try:
                if not self._batch():
                    return True
            finally:
                self._turn.release()
            if time.monotonic() >= deadline:
                return False
        return False

    def close(self) -> None:
        """Ends the thread after the batch it is at."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        attempts = Attempts(lambda error: self._note(f"traces are not derived: {error}"))
        arrived = 0
        while not self._ending.wait(_PAUSE_SECONDS):
            before, arrived = arrived, self._arrived()
            if arrived - before > _FEW:
                continue
            attempts.make(lambda: self.settle(_PAUSE_SECONDS))

    def _batch(self) -> bool:
        """One batch; whether there was any."""
        traces = self._dirty()
        if traces and not self._attempt(traces):
            for trace in traces:  # one of them is to blame
                self._attempt([trace])
        return bool(traces)

    def _attempt(self, traces: Sequence[_Trace]) -> bool:
        """All of them or none; one that fails alone is given up."""
        try:
            self._apply([(trace, read_trace(trace.id, [json.loads(text) for text in trace.documents])) for trace in traces])
        except OutputError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever it is: one trace must not stop the others
            if len(traces) == 1:
                self._give_up(traces[0], error)
            return False
        return True

    def _dirty(self) -> list[_Trace]:
        traces: list[_Trace] = []
        documents = 0
        with self._store.reading() as connection:
            for row in connection.execute(_DIRTY, (_TRACES,)).fetchall():
                texts = documents_of(connection, row[1])
                traces.append(_Trace._make((*row, texts)))
                documents += len(texts)
                if documents >= _DOCUMENTS:
                    break
        return traces

    def _give_up(self, trace: _Trace, error: Exception) -> None:
        with self._store.writing() as connection:
            connection.execute(_GIVE_UP, (trace.number, trace.revision))
        self._note(f"trace {trace.id} cannot be read: {type(error).__name__}: {error}")

    def _apply(self, read: Iterable[tuple[_Trace, TraceFacts]]) -> None:
        removed: list[Counted] = []
        added: list[Counted] = []
        with self._store.writing() as connection:
            groups = read_groups(connection)
            for trace, facts in read:
                names = groups.of(facts)
                arns = json.dumps([groups.arns[name] for name in names])
                values = (*_columns(facts), trace.received, arns, fact_texts.dump(facts))
                if not connection.execute(_UPDATE, (trace.revision, *values, trace.number, trace.id)).rowcount:
                    continue  # deleted meanwhile
                if trace.counted is not None and trace.old is not None:
                    counted_in = groups.names_of(json.loads(trace.groups or "[]"))
                    removed.append(Counted(fact_texts.load(trace.old), trace.counted, counted_in))
                added.append(Counted(facts, trace.received, names))
            rollups.apply(connection, removed, added)


def _columns(facts: TraceFacts) -> tuple[float | bool | None, ...]:
    """From `start` to `partial`; outcome and status are the root's, and none without a root."""
    finish = None if facts.duration is None else facts.start + facts.duration
    times = (facts.start, finish, facts.root_start, facts.duration, facts.response_seconds)
    if facts.root is None:
        return (*times, None, False, False, False, False, facts.partial)
    root = facts.visits[facts.root]
    return (*times, root.http.status, root.fault, root.error, root.throttle, root.outcome == "ok", facts.partial)
