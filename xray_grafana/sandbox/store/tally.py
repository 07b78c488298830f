"""Counts of one node or edge: how its requests ended, the time they took, and how it is spread. Integers, so that they cancel exactly."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from xray_grafana.xray.outcome import Outcome

_EXACT_BELOW: Final = 100
# A request that claims to have taken longer is counted as a year: some that confuse seconds with milliseconds would be more than SQLite's
# 64 bits hold, and no trace of their hour could be counted any more.
_LONGEST_SECONDS: Final = 365 * 86_400.0


@dataclass(slots=True)
class Tally:
    """Requests by how they ended, each counted once; open ones are in none.

    micros  the time of all together in microseconds, each counted as a year at most
    bins    milliseconds → requests; `bin_of` and `millisecond_of` make the keys
    first, last  the earliest and the latest second, since 1970, in which a counted trace began; None before the first. Subtracting does not
                 narrow them: only the traces themselves could say by how much
    """

    ok: int = 0
    error: int = 0
    throttle: int = 0
    fault: int = 0
    micros: int = 0
    bins: dict[int, int] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None

    @property
    def total(self) -> int:
        """All that ended."""
        return self.ok + self.error + self.throttle + self.fault

    def count(self, outcome: Outcome, seconds: float, place: int, began: int | None, times: int = 1) -> None:
        """Adds one request that took so long, into the bin at `place` milliseconds; -1 times takes it away.

        `began` is the second in which its trace began.
        """
        if outcome == "ok":
            self.ok += times
        elif outcome == "fault":
            self.fault += times
        elif outcome == "error":
            self.error += times
        else:
            self.throttle += times
        self.micros += times * round(min(seconds, _LONGEST_SECONDS) * 1_000_000)
        self.bins[place] = self.bins.get(place, 0) + times
        if times > 0 and began is not None:
            if self.first is None or began < self.first:
                self.first = began
            if self.last is None or began > self.last:
                self.last = began

    def add(self, other: Tally) -> None:
        """Adds all that another has counted."""
        self.ok += other.ok
        self.error += other.error
        self.throttle += other.throttle
        self.fault += other.fault
        self.micros += other.micros
        bins = self.bins
        for place, count in other.bins.items():
            bins[place] = bins.get(place, 0) + count
        if other.first is not None and (self.first is None or other.first < self.first):
            self.first = other.first
        if other.last is not None and (self.last is None or other.last > self.last):
            self.last = other.last


def millisecond_of(seconds: float) -> int:
    """The bin of a time at X-Ray's own precision, a millisecond; for the few requests of one trace."""
    return max(round(seconds * 1000), 0)


def bin_of(seconds: float) -> int:
    """The bin of a time where many are counted, as whole milliseconds: every one below 100 ms, from there on steps of a twentieth of the
    power of ten (100, 105, 110 … 995, 1000, 1050 …), so that a value is at most 2.5 % off and a decade has 180 bins.

    The bins are fixed, so that a request can be taken out of the one it was put into.
    """
    place = millisecond_of(seconds)
    if place < _EXACT_BELOW:
        return place
    step = 5
    while place >= 200 * step:
        step *= 10
    return (place + step // 2) // step * step
