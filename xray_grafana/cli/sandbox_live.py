"""What is seen of a running sandbox: on a terminal one line that is redrawn, and everywhere each reason why segments are rejected.

Counts come in once a second, text for standard error goes out.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple, TextIO

from xray_grafana.cli.output import counted, noted, shown

_COLUMNS: Final = 80  # of a terminal that does not say it
_QUIET_SECONDS: Final = 30.0
# So many notes in so many seconds; what is more, such as a full disk's at every datagram, is counted.
_NOTES: Final = 10
_NOTES_SECONDS: Final = 10.0


class Status(NamedTuple):
    """What there is to tell; all are counted from the start.

    refusals   what was refused of each kind, such as `rejected segment`: how many, and the newest one's reason
    demo       what the demo is at, such as an incident
    problem    why log objects or log lines of the demo do not get to where they should
    """

    segments: int
    traces: int
    refusals: Mapping[str, Refusals]
    demo: str | None
    problem: str | None


class Refusals(NamedTuple):
    """How many, and of the newest one what it was (empty where nothing tells) and why."""

    number: int = 0
    what: str = ""
    why: str = ""


def status_line(status: Status, segments_per_second: float, columns: int) -> str:
    """The line, in as many words as there is room for."""
    segments = _counted(status.segments, "segment")
    traces = _counted(status.traces, "trace")
    rate = f"{segments_per_second:,.1f} segments/s"
    some = {kind: refusals for kind, refusals in status.refusals.items() if refusals.number}
    few = [_counted(refusals.number, kind) for kind, refusals in some.items()]
    many = [f"{_counted(refusals.number, kind)}: {refusals.why}" for kind, refusals in some.items()]
    demo = [status.demo] if status.demo else []
    ways = ([segments, traces, rate, *demo, *many], [segments, traces, rate, *demo, *few], [segments, traces, *demo, *few])
    texts = [", ".join(way) for way in (*ways, [segments, *few], few or [segments])]
    return next((text for text in texts if len(text) < columns), texts[-1][: max(0, columns - 1)])


class Live:
    """Standard error while the sandbox runs. For any thread."""

    def __init__(self, stream: TextIO | None, note: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        is_terminal = stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
        self._terminal = stream if is_terminal else None
        self._note = note
        self._clock = clock
        self._seen: dict[str, int] = {}
        self._quiet_until: dict[str, float] = {}
        self._notes_since = clock() - _NOTES_SECONDS
        self._notes = 0
        self._lock = threading.Lock()
        self._segments = 0
        self._at = clock()

    def note(self, text: str) -> None:
        """A line that stays, unless very many come."""
        with self._lock:
            self._tell_left_out(self._clock())
            self._notes += 1
            if self._notes <= _NOTES:
                self._write(lambda _: "")
                self._note(text)

    def show(self, status: Status) -> None:
        """Tells what is new."""
        with self._lock:
            now = self._clock()
            self._tell_left_out(now)
            self._tell_refusals(status.refusals, now)
            if status.problem is not None and self._is_news(status.problem, now):
                self._note(f"{noted('demo:', 'yellow')} {status.problem}")
            passed = now - self._at
            rate = (status.segments - self._segments) / passed if passed > 0 else 0.0
            self._segments, self._at = status.segments, now
            self._write(lambda columns: status_line(status, rate, columns))

    def clear(self) -> None:
        """Takes the line away."""
        with self._lock:
            self._write(lambda _: "")

    def _tell_left_out(self, now: float) -> None:
        """Begins to count anew when it is time."""
        if now - self._notes_since < _NOTES_SECONDS:
            return
        left_out = self._notes - _NOTES
        self._notes_since, self._notes = now, 0
        if left_out > 0:
            self._write(lambda _: "")
            self._note(noted(f"{_counted(left_out, 'more note')} left out", "yellow"))

    def _tell_refusals(self, refusals: Mapping[str, Refusals], now: float) -> None:
        """Each reason at once, and then again no sooner than half a minute later, with all that came meanwhile."""
        for kind, (number, what, why) in refusals.items():
            more = number - self._seen.get(kind, 0)
            if more and self._is_news(why, now):
                self._seen[kind] = number
                subject = f"the last, {what}" if more > 1 and what else what
                self._note(": ".join(part for part in (noted(_counted(more, kind), "yellow"), subject, why) if part))

    def _is_news(self, text: str, now: float) -> bool:
        """Whether it was not told lately; the line is then out of the way of the note that follows."""
        if now < self._quiet_until.get(text, now):
            return False
        self._quiet_until = {each: until for each, until in self._quiet_until.items() if now < until}
        self._quiet_until[text] = now + _QUIET_SECONDS
        self._write(lambda _: "")
        return True

    def _write(self, text: Callable[[int], str]) -> None:
        if self._terminal is not None:
            with suppress(OSError):  # it may be gone
                columns = os.get_terminal_size(self._terminal.fileno()).columns or _COLUMNS
                self._terminal.write(f"\r\x1b[K{shown(text(columns))}")
                self._terminal.flush()


def _counted(number: int, noun: str) -> str:
    return counted(number, noun) if number == 1 else f"{number:,} {noun}s"
