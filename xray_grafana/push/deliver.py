"""A batch into Loki, until it is stored or refused for good. Batches in, counts out; waits in between, and nothing is lost in silence."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from xray_grafana.errors import LokiError
from xray_grafana.push.answers import Action, Answer, action_of, is_about_streams, rate_limit_bytes
from xray_grafana.push.client import PushClient, loki_error, words_of
from xray_grafana.push.encode import Batch
from xray_grafana.push.refusals import Refusal, merged, refusal_of_all, refusals_of

FIRST_WAIT_SECONDS: Final = 0.5
LONGEST_WAIT_SECONDS: Final = 30.0
# So often a push is sent again under a rate limit before it is taken to be above the burst, which Loki does not tell.
_LIMITED_TRIES: Final = 5
# What ends the work: it is the same for every push. A tenant that is blocked will not be for ever, but for longer than anybody waits.
_FOR_GOOD: Final = frozenset({Action.UNAUTHORISED, Action.NOT_LOKI, Action.REFUSED_BY_POLICY})
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a batch: every entry is stored, except the rejected ones, which the refusals explain.

    pushes      requests that were sent, those sent again included
    retries     requests that repeated the same bytes
    sent_bytes  bodies as they went out, compressed, all requests together
    """

    rejected: int
    refusals: tuple[Refusal, ...]
    pushes: int
    retries: int
    sent_bytes: int


@dataclass(slots=True)
class _Tally:
    deadline: float
    refusals: list[Refusal] = field(default_factory=list)
    pushes: int = 0
    retries: int = 0
    sent_bytes: int = 0


class Deliverer:
    """Delivers batches; safe to share between threads.

    patience_seconds  how long Loki may take nothing before a batch is given up
    stop              set from elsewhere, it ends a wait at once, and no other batch is begun: LokiError with `stopped`
    on_wait           told before each wait: why, and for how many seconds
    clock, sleep      seconds that only go forward, and how to let them pass; `jitter` picks a wait between two
    """

    def __init__(
        self,
        client: PushClient,
        *,
        patience_seconds: float = 600.0,
        stop: threading.Event | None = None,
        on_wait: Callable[[str, float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._client = client
        self._patience_seconds = patience_seconds
        self._stop = stop or threading.Event()
        self._on_wait = on_wait
        self._clock = clock
        self._sleep = sleep or self._stop.wait
        self._jitter = jitter

    def deliver(self, batch: Batch, headers: Mapping[str, str] = _NOTHING) -> Delivery:
        """Delivers a batch of at least one entry, in one push or, where that is too much for Loki, in several, in order.

        Raises LokiError when Loki refuses everything for good or stays unreachable, and when it is told to stop: at once when that was
        before, else at the next wait. Part of the batch may be stored then; sending all of it again is right.
        """
        if self._stop.is_set():
            raise LokiError("stopped before the push", where=self._client.settings.url, stopped=True)
        tally = _Tally(self._clock() + self._patience_seconds)
        parts = [batch]
        while parts:
            part = parts.pop()
            action, answer = self._settle(part, headers, tally)
            match action:
                case Action.PARTLY_REFUSED:
                    tally.refusals += refusals_of(answer.text, part)
                case Action.TOO_LARGE if part.count > 1:
                    parts += reversed(part.halves())
                    continue
                case Action.TOO_LARGE:
                    tally.refusals.append(refusal_of_all("too_long", part, answer.text))
            tally.deadline = self._clock() + self._patience_seconds
        refusals = merged(tally.refusals, batch.count)
        return Delivery(sum(refusal.count for refusal in refusals), refusals, tally.pushes, tally.retries, tally.sent_bytes)

    def _settle(self, part: Batch, headers: Mapping[str, str], tally: _Tally) -> tuple[Action, Answer]:
        """Pushes the same bytes until the answer says more than `later`. A push above the limit that was named counts as too large."""
        body = part.body()
        tries = limited = 0
        while True:
            answer = self._client.post(body, headers)
            tries += 1
            tally.pushes += 1
            tally.retries += tries > 1
            tally.sent_bytes += len(body)
            action = action_of(answer)
            if action in _FOR_GOOD or answer.fault is not None:
                raise loki_error(answer, self._client.settings)
            if action is Action.SLOW_DOWN:
                limited += 1
                if _is_above_burst(answer, part, limited):
                    return Action.TOO_LARGE, answer
            elif action is not Action.TRY_AGAIN:
                return action, answer
            self._wait(answer, tries, tally)

    def _wait(self, answer: Answer, tries: int, tally: _Tally) -> None:
        left = tally.deadline - self._clock()
        if left <= 0:
            after = f"gave up after {self._patience_seconds:g} s, {tries} tries at the last push: "
            raise loki_error(answer, self._client.settings, after=after)
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** min(tries - 1, 10))
        seconds = min(left, max(self._jitter(0.0, longest), answer.retry_after_seconds or 0.0))
        if self._on_wait is not None:
            self._on_wait(words_of(answer), seconds)
        if not self._stop.is_set():
            self._sleep(seconds)
        if self._stop.is_set():
            raise LokiError("stopped while waiting for Loki", where=self._client.settings.url, stopped=True)


def _is_above_burst(answer: Answer, part: Batch, limited: int) -> bool:
    """Whether no waiting will let the push through. Halves of it may pass."""
    if is_about_streams(answer.text):
        return False
    limit_bytes = rate_limit_bytes(answer.text)
    is_above = limit_bytes is not None and part.size_bytes > limit_bytes
    if part.count > 1:
        return is_above or limited >= _LIMITED_TRIES
    return is_above and limited >= _LIMITED_TRIES
