"""The demo as it runs, on a clock of the test's own."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from tests.push.loki_fake import NO_LIMITS, LokiFake
from xray_grafana.errors import OutputError, UsageError
from xray_grafana.sandbox.demo.driver import Demo, DemoSettings, known_in
from xray_grafana.sandbox.demo.incidents import occurrence_of
from xray_grafana.sandbox.demo.log_lines import LogLine
from xray_grafana.sandbox.demo.opening import opened
from xray_grafana.sandbox.demo.scene import Rate, Scene
from xray_grafana.sandbox.demo.sinks import FolderSink
from xray_grafana.sandbox.demo.traffic import Request, requests_ended_between
from xray_grafana.sandbox.intake.ingest import Ingest
from xray_grafana.sandbox.store.store import Store

# 2026-09-21T14:00:00Z
START = 1_789_999_200
SCENE = Scene(rate=Rate(mean=1.0))
SETTINGS = DemoSettings(seed=1, history_seconds=600, scene=SCENE)
GO = threading.Event()


class Clock:
    """Stands where it is set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Taken:
    """Takes documents and keeps them with the time of their receipt."""

    def __init__(self) -> None:
        self.documents: dict[tuple[str, str], float | None] = {}
        self.puts = 0

    def put(self, texts: Sequence[str], *, received: float | None = None) -> Sequence[object]:
        self.puts += 1
        for text in texts:
            document = json.loads(text)
            key = document["trace_id"], document["id"]
            assert key not in self.documents
            self.documents[key] = received
        return ()

    @property
    def traces(self) -> set[str]:
        return {trace_id for trace_id, _ in self.documents}


class Written:
    """Takes log lines."""

    def __init__(self) -> None:
        self.lines: list[LogLine] = []
        self.dropped = 0
        self.problem: str | None = None

    def offer(self, lines: Iterable[LogLine]) -> None:
        self.lines += lines


def ended(start: float, end: float) -> list[Request]:
    return list(requests_ended_between(1, start, end, SCENE))


def sampled(requests: list[Request]) -> set[str]:
    return {request.trace_id for request in requests if request.sampled}


def lines_in(folder: Path) -> list[bytes]:
    return sorted(line for path in folder.rglob("*.gz") for line in gzip.decompress(path.read_bytes()).splitlines())


def test_the_history_begins_with_a_whole_window_and_is_received_when_its_requests_ended() -> None:
    taken, clock = Taken(), Clock(START + 700.4)
    demo = Demo(SETTINGS, taken, clock=clock)
    demo.back_fill(GO)
    # 700.4 s − 600 s = 100.4 s, in the window that begins at 0 s.
    requests = ended(START, START + 700)
    assert taken.traces == sampled(requests)
    ends = {request.trace_id: request.end for request in requests}
    for (trace_id, _), received in taken.documents.items():
        assert received is not None
        assert ends[trace_id] <= received < ends[trace_id] + 5
    status = demo.status()
    assert (status.until, status.is_live) == (START + 700, True)


def test_then_each_second_is_played_as_it_passes_received_now() -> None:
    taken, clock = Taken(), Clock(START + 600.0)
    demo = Demo(SETTINGS, taken, clock=clock)
    demo.back_fill(GO)
    before = set(taken.documents)
    for tenth in range(0, 300, 7):
        demo.advance(START + 600 + tenth / 10)
    assert taken.traces == sampled(ended(START, START + 629))
    assert {received for key, received in taken.documents.items() if key not in before} == {None}


def test_after_a_suspend_it_goes_on_with_now_and_floods_nothing(tmp_path: Path) -> None:
    taken, clock = Taken(), Clock(START + 600.0)
    demo = Demo(SETTINGS, taken, sink=FolderSink(tmp_path), clock=clock)
    demo.back_fill(GO)
    demo.advance(START + 8000.5)
    assert taken.traces == sampled(ended(START, START + 600))
    for second in range(8001, 8101):
        demo.advance(START + second)
    assert taken.traces == sampled(ended(START, START + 600) + ended(START + 8000, START + 8100))
    # 8040 s is the first whole minute after it, 8100 s the one that is over now.
    assert lines_in(tmp_path) == sorted(request.alb for request in ended(START, START + 600) + ended(START + 8040, START + 8100))


def test_a_clock_that_is_set_back_is_followed() -> None:
    taken, clock = Taken(), Clock(START + 600.0)
    demo = Demo(SETTINGS, taken, clock=clock)
    demo.back_fill(GO)
    demo.advance(START + 590)
    assert demo.status().until == START + 600
    demo.advance(START - 3600)
    demo.advance(START - 3590)
    assert taken.traces == sampled(ended(START, START + 600) + ended(START - 3600, START - 3590))


def test_log_lines_of_every_request_are_handed_on() -> None:
    logs = Written()
    demo = Demo(SETTINGS, Taken(), logs=logs, clock=Clock(START + 600.0))
    demo.back_fill(GO)
    assert sorted(logs.lines) == sorted(line for request in ended(START, START + 600) for line in request.logs)
    logs.problem, logs.dropped = "Loki is not there", 3
    status = demo.status()
    assert (status.dropped, status.problem) == (3, "Loki is not there")


def test_log_objects_are_those_of_the_history_and_of_every_minute_since(tmp_path: Path) -> None:
    demo = Demo(SETTINGS, Taken(), sink=FolderSink(tmp_path), clock=Clock(START + 700.0))
    demo.back_fill(GO)
    assert lines_in(tmp_path) == sorted(request.alb for request in ended(START, START + 660))
    demo.advance(START + 719.9)
    assert lines_in(tmp_path) == sorted(request.alb for request in ended(START, START + 660))
    demo.advance(START + 720.1)
    assert lines_in(tmp_path) == sorted(request.alb for request in ended(START, START + 720))
    # Two nodes: two windows, and two minutes of the third.
    assert len(list(tmp_path.rglob("*.gz"))) == 2 * 2 + 2 * 2


def test_a_folder_that_cannot_be_written_is_told_and_made_up_for_later(tmp_path: Path) -> None:
    obstacle = tmp_path / "AWSLogs"
    obstacle.write_text("in the way")
    taken, clock = Taken(), Clock(START + 600.0)
    demo = Demo(SETTINGS, taken, sink=FolderSink(tmp_path), clock=clock)
    demo.back_fill(GO)
    problem = demo.status().problem
    assert problem is not None
    assert "cannot write a log object" in problem
    assert taken.traces == sampled(ended(START, START + 600))
    obstacle.unlink()
    clock.now = START + 660.0
    demo.advance(clock.now)
    assert demo.status().problem is None
    assert lines_in(tmp_path) == sorted(request.alb for request in ended(START, START + 660))


def test_a_place_that_is_out_of_reach_is_tried_once_a_minute_and_not_for_every_window() -> None:
    class OutOfReach:
        tries = 0

        def names(self, folder: str) -> set[str]:
            self.tries += 1
            raise OutputError(f"{folder} cannot be listed")

        def put(self, name: str, body: bytes) -> None:
            raise AssertionError(name, body)

    sink, clock = OutOfReach(), Clock(START + 600.0)
    demo = Demo(SETTINGS, Taken(), sink=sink, clock=clock)
    demo.back_fill(GO)
    assert sink.tries == 1
    for second in range(600, 781):
        clock.now = float(START + second)
        demo.advance(clock.now)
    # After 660, 720 and 780 s.
    assert sink.tries == 4


def test_the_incident_of_the_time_is_told() -> None:
    occurrence = occurrence_of(1, START // 1200)
    demo = Demo(SETTINGS, Taken(), clock=Clock(occurrence.start + 10.0))
    demo.back_fill(GO)
    assert demo.status().incident == occurrence
    for second in range(10, 361, 50):
        demo.advance(occurrence.start + second)
    assert demo.status().incident is None


def test_told_to_stop_before_the_history_is_in_it_stops() -> None:
    stop = threading.Event()
    stop.set()
    taken = Taken()
    demo = Demo(SETTINGS, taken, clock=Clock(START + 600.0))
    demo.run(stop)
    assert (taken.puts, demo.status().is_live) == (0, False)


def test_it_runs_until_it_is_told_to_stop() -> None:
    stop = threading.Event()

    class UntilLive(Taken):
        def put(self, texts: Sequence[str], *, received: float | None = None) -> Sequence[object]:
            if received is None:
                stop.set()
            return super().put(texts, received=received)

    taken = UntilLive()
    demo = Demo(DemoSettings(history_seconds=1, scene=Scene(rate=Rate(mean=5.0))), taken)
    demo.run(stop)
    assert demo.status().is_live
    assert taken.traces


def test_begun_again_on_the_same_database_it_puts_only_what_is_missing(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "xr.db")
    ingest = Ingest(store)
    try:
        Demo(SETTINGS, ingest, known=known_in(store), clock=Clock(START + 600.0)).back_fill(GO)
        first = ingest.counts()
        again = Demo(SETTINGS, ingest, known=known_in(store), clock=Clock(START + 660.0))
        again.back_fill(GO)
        second = ingest.counts()
    finally:
        ingest.close()
        store.close()
    # 660 s − 600 s lies in the window that begins at 0 s, so that all of the first run is looked at again.
    new = sampled(ended(START + 600, START + 660))
    assert second.traces - first.traces == len(new)
    documents = sum(len(request.documents) for request in ended(START + 600, START + 660))
    assert second.segments - first.segments == documents
    assert second.rejected == 0


def test_a_sandbox_that_takes_nothing_ends_the_demo() -> None:
    class Full(Taken):
        def put(self, texts: Sequence[str], *, received: float | None = None) -> Sequence[object]:
            raise OutputError(f"no room for {len(texts)} documents of {received}")

    with pytest.raises(OutputError, match="no room"):
        Demo(SETTINGS, Full(), clock=Clock(START + 600.0)).run(threading.Event())


@pytest.mark.enable_socket
def test_it_opens_what_it_is_told_to_write_to(tmp_path: Path) -> None:
    store = Store.open(None)
    ingest = Ingest(store)
    settings = DemoSettings(history_seconds=60, scene=Scene(rate=Rate(mean=0.2)))
    try:
        with LokiFake(NO_LIMITS) as loki:
            with opened(settings, ingest, store, alb=str(tmp_path / "a"), loki=loki.url, environ={"LOKI_URL": "no url"}) as demo:
                demo.back_fill(GO)
            pushed = len(loki.entries())
            assert pushed > 0
            assert lines_in(tmp_path / "a")
            assert ingest.counts().traces > 0
            with opened(settings, ingest, store, alb=None, loki=None, environ={"LOKI_URL": loki.url}) as demo:
                demo.back_fill(GO)
            assert len(loki.entries()) == pushed
        assert list(tmp_path.iterdir()) == [tmp_path / "a"]
        with pytest.raises(UsageError), opened(settings, ingest, store, alb=None, loki="no url", environ={}):
            pass
    finally:
        ingest.close()
        store.close()
