"""When a service fails more than it used to: its requests and faults by minute in, the spells in which it failed out.

The rule, which is ours (X-Ray's model is not published). A minute is anomalous when it has at least 3 requests and its share of faults is
at least twice the baseline and at least 5 points above it. The baseline is the share of faults over the last 60 minutes that had as many
requests and belong to no spell; the first 5 of them are taken as usual whatever they hold. A spell begins with the first of 3 anomalous
minutes with no ordinary one between them, and it ends with the last anomalous one once 5 minutes have passed without another. Minutes with
fewer requests say nothing either way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

LEAST_REQUESTS: Final = 3
POINTS_ABOVE: Final = 0.05
TIMES_ABOVE: Final = 2
BASELINE_MINUTES: Final = 60
LEARNT_MINUTES: Final = 5
MINUTES_TO_BEGIN: Final = 3
MINUTES_TO_END: Final = 5


class Minute(NamedTuple):
    """One minute of one service."""

    requests: int
    faults: int


class Spell(NamedTuple):
    """Minutes since 1970: the first, the one in which it was noticed, the one after the last (None: it goes on). `baseline` is a share."""

    begin: int
    noticed: int
    end: int | None
    baseline: float


def spells(minutes: Mapping[int, Minute], first: int, begun_by: int, end: int) -> Iterator[Spell]:
    """The spells that begin in minutes `first` up to but not with `begun_by`, in order; nothing is known of `end` and what follows."""
    calm = _Calm()
    hits: list[int] = []
    baseline = 0.0
    telling = sorted(number for number, minute in minutes.items() if first <= number < end and minute.requests >= LEAST_REQUESTS)
    for number in telling:
        if hits and number - hits[-1] > MINUTES_TO_END:
            if len(hits) >= MINUTES_TO_BEGIN:
                yield Spell(hits[0], hits[MINUTES_TO_BEGIN - 1], hits[-1] + 1, baseline)
            hits = []
        if not hits and number >= begun_by:
            return
        if calm.is_exceeded_by(minutes[number]):
            if not hits:
                baseline = calm.share
            hits.append(number)
        else:
            if len(hits) < MINUTES_TO_BEGIN:
                calm.add(*(minutes[hit] for hit in hits))
                hits = []
            calm.add(minutes[number])
    if len(hits) >= MINUTES_TO_BEGIN:
        is_over = end - hits[-1] > MINUTES_TO_END
        yield Spell(hits[0], hits[MINUTES_TO_BEGIN - 1], hits[-1] + 1 if is_over else None, baseline)


class _Calm:
    """The last minutes that belong to no spell."""

    def __init__(self) -> None:
        self._minutes: deque[Minute] = deque(maxlen=BASELINE_MINUTES)
        self._requests = 0
        self._faults = 0

    @property
    def share(self) -> float:
        """Their share of faults."""
        return self._faults / self._requests if self._requests else 0.0

    def add(self, *minutes: Minute) -> None:
        """Takes more in, and as many of sixty out, oldest first."""
        for minute in minutes:
            if len(self._minutes) == BASELINE_MINUTES:
                self._requests -= self._minutes[0].requests
                self._faults -= self._minutes[0].faults
            self._minutes.append(minute)
            self._requests += minute.requests
            self._faults += minute.faults

    def is_exceeded_by(self, minute: Minute) -> bool:
        """Whether a minute is anomalous against them."""
        share = minute.faults / minute.requests
        return len(self._minutes) >= LEARNT_MINUTES and share >= max(self.share * TIMES_ABOVE, self.share + POINTS_ABOVE)
