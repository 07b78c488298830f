"""What is older than the retention is deleted: traces with their segments, and counts. X-Ray keeps traces for 30 days from receipt."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from xray_grafana.errors import XRayGrafanaError
from xray_grafana.sandbox.store import rollups
from xray_grafana.sandbox.store.attempts import Attempts
from xray_grafana.sandbox.store.store import Store

_TRACES: Final = 1_000  # in a transaction: others write in between
_EVERY_SECONDS: Final = 600.0

_OLD: Final = "SELECT number, id FROM traces WHERE received < ? ORDER BY received LIMIT ?"


def expire(store: Store, before: float, is_ending: Callable[[], bool] = lambda: False) -> int:
    """Deletes what was received before a time, seconds since 1970; returns how many traces. A trace is as old as its newest update.

    `is_ending` is asked before every thousand: once it is true, the rest stays for the next time.
    """
    deleted = 0
    while not is_ending():
        count = _expire_some(store, before)
        if not count:
            with store.writing() as connection:
                rollups.forget(connection, before)
            break
        deleted += count
    return deleted


def _expire_some(store: Store, before: float) -> int:
    with store.writing() as connection:
        old = connection.execute(_OLD, (before, _TRACES)).fetchall()
        connection.executemany("DELETE FROM segments WHERE trace_id = ?", ((trace_id,) for _, trace_id in old))
        connection.executemany("DELETE FROM traces WHERE number = ?", ((number,) for number, _ in old))
    return len(old)


class Retention:
    """A thread that deletes at the start and every ten minutes. `now` is seconds since 1970."""

    def __init__(self, store: Store, seconds: float, *, now: Callable[[], float], note: Callable[[str], None]) -> None:
        self._store = store
        self._seconds = seconds
        self._now = now
        self._note = note
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-retention")
        self._thread.start()

    def close(self) -> None:
        """Ends the thread, after the thousand traces it is at."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        attempts = Attempts(lambda error: self._note(_told(error)))
        while not self._ending.is_set():
            attempts.make(lambda: expire(self._store, self._now() - self._seconds, self._ending.is_set))
            self._ending.wait(_EVERY_SECONDS)


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, XRayGrafanaError) else f"what is too old is not deleted: {type(error).__name__}: {error}"
