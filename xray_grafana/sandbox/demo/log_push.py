"""The services' log lines into Loki, beside the demo: what Loki does not take in time is dropped and counted, and the demo goes on."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

from xray_grafana import contract
from xray_grafana.errors import LokiError
from xray_grafana.push.client import PushClient
from xray_grafana.push.deliver import Deliverer
from xray_grafana.push.encode import Entry, EntryBatch, labels_text
from xray_grafana.sandbox.demo.log_lines import LogLine

# Some three hours of an ordinary day.
WAITING_MAX: Final = 120_000
_BATCH_LINES: Final = 2_000
_PATIENCE_SECONDS: Final = 30.0
# How long Loki is left alone after it refused for good or was not there.
_REST_SECONDS: Final = 30.0
_LAST_SECONDS: Final = 5.0
# How long a push that is under way may take to notice the end.
_HALT_SECONDS: Final = 0.5


class LogPush:
    """Takes lines and pushes them from a thread of its own, a stream for each service. A context, whose end waits `last_seconds` for Loki.

    pushed, dropped  how many lines Loki has, and how many it will never get
    problem          what is wrong with Loki; None while it takes lines
    """

    def __init__(self, client: PushClient, *, waiting_max: int = WAITING_MAX, last_seconds: float = _LAST_SECONDS) -> None:
        self.problem: str | None = None
        self.pushed = 0
        self.dropped = 0
        self._waiting_max = waiting_max
        self._last_seconds = last_seconds
        self._waiting: dict[str, deque[LogLine]] = {}
        self._count = 0
        self._changed = threading.Condition()
        self._closing = False
        self._halt = threading.Event()
        self._deliverer = Deliverer(client, patience_seconds=_PATIENCE_SECONDS, stop=self._halt, on_wait=self._note)
        # A Loki that takes a connection and never answers would hold up the end of the program.
        self._thread = threading.Thread(target=self._run, name="demo-logs", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self.problem is None:
            self._thread.join(self._last_seconds)
        self._halt.set()
        self._thread.join(_HALT_SECONDS)

    def offer(self, lines: Iterable[LogLine]) -> None:
        """Hands lines over and returns at once. Where too many wait already, the oldest of the longest queue are dropped."""
        with self._changed:
            for line in sorted(lines, key=lambda line: line.time_ns):
                self._waiting.setdefault(line.service, deque()).append(line)
                self._count += 1
            while self._count > self._waiting_max:
                self._waiting[self._longest()].popleft()
                self._count -= 1
                self.dropped += 1
            self._changed.notify()

    def _run(self) -> None:
        while (batch := self._next()) is not None:
            try:
                delivery = self._deliverer.deliver(batch)
            except LokiError as error:
                self._count_done(pushed=0, dropped=batch.count)
                self._note(error.summary, 0.0)
                self._halt.wait(_REST_SECONDS)
            else:
                self.problem = None
                self._count_done(pushed=batch.count - delivery.rejected, dropped=delivery.rejected)

    def _count_done(self, *, pushed: int, dropped: int) -> None:
        with self._changed:
            self.pushed += pushed
            self.dropped += dropped

    def _next(self) -> EntryBatch | None:
        """Lines of the service that has the most; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing or self._count)
            if not self._count or self._halt.is_set():
                self.dropped += self._count
                return None
            service = self._longest()
            waiting = self._waiting[service]
            lines = [waiting.popleft() for _ in range(min(_BATCH_LINES, len(waiting)))]
            self._count -= len(lines)
        entries = (Entry(line.time_ns, line.text.encode(), ((contract.METADATA_LEVEL, line.level),)) for line in lines)
        return EntryBatch(labels_text({contract.LABEL_SERVICE: service}), tuple(entries))

    def _longest(self) -> str:
        return max(self._waiting, key=lambda service: len(self._waiting[service]))

    def _note(self, why: str, _: float) -> None:
        self.problem = f"Loki takes no log lines: {why}"
