"""The demo as it runs: the last hour first, then each second as it passes; segments into the sandbox, log objects and lines where wanted.

What it makes follows from seed and time, so that beginning again makes the same: traces that are there are not put again, and objects that
are there are not written again.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, NamedTuple, Protocol, TypeAlias

from xray_grafana.errors import XRayGrafanaError
from xray_grafana.sandbox.demo.alb_objects import LogObjects, window_of
from xray_grafana.sandbox.demo.incidents import Occurrence, active_at
from xray_grafana.sandbox.demo.log_lines import LogLine
from xray_grafana.sandbox.demo.scene import Scene
from xray_grafana.sandbox.demo.sinks import Sink
from xray_grafana.sandbox.demo.traffic import Request, requests_ended_between
from xray_grafana.sandbox.store.store import Store

# The history goes in by slices, each received when its last request ended: X-Ray's statistics follow the time of receipt.
SLICE_SECONDS: Final = 5
# A longer pause was a suspended machine or a clock that was set: what was missed is left out.
PAUSE_SECONDS: Final = 60
_MINUTE_SECONDS: Final = 60
# How long log objects are left alone after one could not be written: a place that is out of reach costs many seconds each time.
_REST_SECONDS: Final = 50
_KNOWN: Final = "SELECT id FROM traces WHERE id IN (SELECT value FROM json_each(?))"


class DemoSettings(NamedTuple):
    """What is played. `history_seconds` is how far back it begins, to the five minutes before that."""

    seed: int = 1
    history_seconds: int = 3600
    scene: Scene = Scene()


class Takes(Protocol):
    """Where segments go, such as an Ingest."""

    def put(self, texts: Sequence[str], *, received: float | None = None) -> Sequence[object]:
        """Stores documents and returns those refused. Raises XRayGrafanaError."""


class Logs(Protocol):
    """Where log lines go, such as a LogPush."""

    dropped: int
    problem: str | None

    def offer(self, lines: Iterable[LogLine]) -> None:
        """Takes lines and returns at once."""


# Which of some trace ids are there already.
Known: TypeAlias = Callable[[Sequence[str]], Collection[str]]


class Status(NamedTuple):
    """What the live line is made from.

    until      the time up to which there is traffic, seconds since 1970
    is_live    the history is in
    incident   what goes wrong just now
    dropped    log lines that Loki will never get
    problem    why log objects or log lines do not get to where they should
    """

    until: float
    is_live: bool
    incident: Occurrence | None
    dropped: int
    problem: str | None


class Demo:
    """One run of the demo, in one thread; `status` is for any.

    known    tells which traces an earlier run has put
    sink     takes the load balancer's log objects
    logs     takes the services' log lines
    clock    seconds since 1970
    """

    def __init__(
        self,
        settings: DemoSettings,
        ingest: Takes,
        *,
        known: Known | None = None,
        sink: Sink | None = None,
        logs: Logs | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._ingest = ingest
        self._known = known
        self._logs = logs
        self._clock = clock
        self._until = window_of(clock() - settings.history_seconds)
        self._objects = None if sink is None else LogObjects(settings.seed, settings.scene, sink, self._until)
        self._write_again = 0.0
        self._is_live = False
        self._problem: str | None = None

    def run(self, stop: threading.Event) -> None:
        """Plays until told to stop. Raises XRayGrafanaError when the sandbox cannot take segments."""
        self.back_fill(stop)
        while not stop.wait(1 - self._clock() % 1):
            self.advance(self._clock())

    def status(self) -> Status:
        """A snapshot."""
        dropped, problem = (0, None) if self._logs is None else (self._logs.dropped, self._logs.problem)
        return Status(self._until, self._is_live, active_at(self._settings.seed, self._until), dropped, self._problem or problem)

    def back_fill(self, stop: threading.Event) -> None:
        """Plays what has passed, as if it had been received then, until it has caught up with the clock."""
        while not stop.is_set():
            end = min(self._until + SLICE_SECONDS, int(self._clock()))
            if end <= self._until:
                break
            requests = self._play(end)
            fresh = self._fresh(requests)
            if fresh:
                self._put(fresh, max(request.end for request in fresh))
            self._until = end
            if window_of(end) == end:
                self._write_objects()
        self._write_objects()
        self._is_live = not stop.is_set()

    def advance(self, now: float) -> None:
        """Plays what has passed since the last time, up to a whole second."""
        end = int(now)
        if abs(end - self._until) > PAUSE_SECONDS:
            self._until = end
            if self._objects is not None:
                self._objects.skip_to(end)
        if end <= self._until:
            return
        self._put(self._play(end), None)
        is_new_minute = end // _MINUTE_SECONDS > self._until // _MINUTE_SECONDS
        self._until = end
        if is_new_minute:
            self._write_objects()

    def _play(self, end: int) -> list[Request]:
        return list(requests_ended_between(self._settings.seed, self._until, end, self._settings.scene))

    def _fresh(self, requests: list[Request]) -> list[Request]:
        if self._known is None or not requests:
            return requests
        sampled = [request.trace_id for request in requests if request.sampled]
        known = self._known(sampled)
        if sampled and len(known) == len(sampled):  # all of the slice was played, also what left no trace
            return []
        return [request for request in requests if request.trace_id not in known]

    def _put(self, requests: list[Request], received: float | None) -> None:
        texts = [json.dumps(document, separators=(",", ":")) for request in requests for document in request.documents]
        if texts:
            self._ingest.put(texts, received=received)
        if self._logs is not None:
            self._logs.offer(line for request in requests for line in request.logs)

    def _write_objects(self) -> None:
        """What cannot be written now is written when it can be: it follows from the time."""
        now = self._clock()
        if self._objects is None or now < self._write_again:
            return
        try:
            self._objects.write_due(self._until)
        except XRayGrafanaError as error:
            self._write_again = now + _REST_SECONDS
            self._problem = str(error)
        else:
            self._problem = None


def known_in(store: Store) -> Known:
    """Asks a sandbox's database."""

    def known(trace_ids: Sequence[str]) -> set[str]:
        with store.reading() as connection:
            found = connection.execute(_KNOWN, (json.dumps(trace_ids),)).fetchall()
        return {trace_id for (trace_id,) in found}

    return known
