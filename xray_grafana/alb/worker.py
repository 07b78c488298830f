"""The worker: takes messages of a queue, ships what they tell of, and ends without losing anything when it is told to.

A message is hidden from others for two minutes and again and again while it is worked on, whatever the queue's own setting: a worker that
is killed is followed by another two minutes later. No more messages are taken than there are threads, so that none waits hidden.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from xray_grafana.alb.handover import reason_of
from xray_grafana.alb.message import Handler, Note, Refusal, Ship
from xray_grafana.alb.sqs import BATCH_MAX, Message, Queue
from xray_grafana.errors import SourceError

if TYPE_CHECKING:
    from xray_grafana.alb.ship import Outcome

CONCURRENCY: Final = 4
# The longest that SQS waits for a message: the fewest requests. To know that there is none any wait will do: then all servers are asked.
_POLL_SECONDS: Final = 20
_DRAIN_POLL_SECONDS: Final = 2
_VISIBILITY_SECONDS: Final = 120
# A slice bounds what a killed worker leaves to be shipped again. By time and not by size, because it is Loki's limits that make an object
# slow; not shorter, because the rest goes to the queue's end, and Loki refuses lines an hour behind the newest of their stream.
_SLICE_SECONDS: Final = 600.0
_RETRY_FIRST_SECONDS: Final = 1.0
_RETRY_MAX_SECONDS: Final = 60.0
# After a fault of the program, which the message may trip again at once.
_FAULT_SECONDS: Final = 60


@dataclass(slots=True)
class _Held:
    """A message in work. The lock keeps the heartbeat from hiding it again after it was given back."""

    message: Message
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_held: bool = True


class Worker:
    """Works on a queue until `stop` is set, or, with `drain`, until the queue gave nothing for one poll.

    `ship` is called by `concurrency` threads at a time. `report` gets what became of each object or slice of one, `failed` is called
    for each that could not be read or delivered, `note` gets lines for people: all of them by any thread.
    """

    def __init__(
        self,
        client: Any,
        queue_url: str,
        ship: Ship,
        *,
        stop: threading.Event,
        report: Callable[[Outcome], None],
        failed: Callable[[], None],
        note: Note,
        concurrency: int = CONCURRENCY,
        drain: bool = False,
        poll_seconds: int | None = None,
        visibility_seconds: int = _VISIBILITY_SECONDS,
        slice_seconds: float = _SLICE_SECONDS,
    ) -> None:
        self._queue = Queue(client, queue_url)
        self._stop = stop
        self._failed = failed
        self._note = note
        self._concurrency = concurrency
        self._drain = drain
        self._poll_seconds = (_DRAIN_POLL_SECONDS if drain else _POLL_SECONDS) if poll_seconds is None else poll_seconds
        self._visibility_seconds = visibility_seconds
        self._handler = Handler(
            self._queue,
            ship,
            told_to_end=self._is_over,
            refused=self._end,
            report=report,
            failed=failed,
            note=note,
            slice_seconds=slice_seconds,
        )
        self._change = threading.Condition()
        self._held: list[_Held] = []
        self._refusal: Refusal | None = None

    def run(self) -> None:
        """Raises SourceError when SQS refuses for good, LokiError when Loki refuses everything, UsageError when a file of the shipper's own
        cannot be used any more; what is in work is handed over.
        """
        with self._heartbeat(), ThreadPoolExecutor(self._concurrency, "message") as pool:
            try:
                while not self._is_over():
                    # What is in work can come back, or leave its rest: a poll that began beside it does not count.
                    was_idle = not self._held
                    messages = self._take()
                    if not messages and self._drain and was_idle:
                        break
                    for message in messages:
                        held = _Held(message)
                        with self._change:
                            self._held.append(held)
                        pool.submit(self._work, held)
            except SourceError:
                self._stop.set()
                raise
        if self._refusal is not None:
            raise self._refusal

    def _end(self, refusal: Refusal) -> None:
        self._refusal = self._refusal or refusal

    def _is_over(self) -> bool:
        return self._stop.is_set() or self._refusal is not None

    def _take(self) -> tuple[Message, ...]:
        """Up to one message for each free thread. Waits for a thread, for messages, and, saying so once, for an SQS that answers."""
        with self._change:
            self._change.wait_for(lambda: len(self._held) < self._concurrency)
            free = self._concurrency - len(self._held)
        pause = 0.0
        while not self._is_over():
            try:
                messages = self._queue.receive(min(free, BATCH_MAX), self._poll_seconds, self._visibility_seconds)
            except SourceError as error:
                if error.permanent:
                    raise
                if not pause:
                    self._note(f"{error}; trying again")
                pause = min(_RETRY_MAX_SECONDS, pause * 2 or _RETRY_FIRST_SECONDS)
                self._stop.wait(pause)
            else:
                if pause:
                    self._note("SQS answers again")
                return messages
        return ()

    def _work(self, held: _Held) -> None:
        """One message in a thread of its own, to its end."""
        try:
            self._let_go(held, self._handler.handle(held.message))
        except Exception as error:  # noqa: BLE001 - nobody asks a thread of the pool what became of it
            self._failed()
            self._note(f"a message: {reason_of(error)}; it comes back in {_FAULT_SECONDS} s")
            self._give_back(held, _FAULT_SECONDS)
        finally:
            with self._change:
                self._held.remove(held)
                self._change.notify_all()

    def _let_go(self, held: _Held, back_seconds: int | None) -> None:
        """Deletes a message or gives it back. If SQS cannot be reached it comes back when its time is over."""
        if back_seconds is not None:
            self._give_back(held, back_seconds)
            return
        with held.lock:
            held.is_held = False
            try:
                self._queue.delete(held.message)
            except SourceError as error:
                self._note(f"{error}; what it told of is shipped, and will be again")

    def _give_back(self, held: _Held, seconds: int) -> None:
        with held.lock:
            held.is_held = False
            try:
                self._queue.hide(held.message, seconds)
            except SourceError as error:
                self._note(str(error))

    @contextmanager
    def _heartbeat(self) -> Iterator[None]:
        """Keeps messages in work hidden, from a thread of its own."""
        over = threading.Event()
        thread = threading.Thread(target=self._beat, args=(over,), name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(self._visibility_seconds / 3):
            with self._change:
                in_work = tuple(self._held)
            for held in in_work:
                with held.lock:
                    if not held.is_held:
                        continue
                    try:
                        self._queue.hide(held.message, self._visibility_seconds)
                    except SourceError as error:
                        self._note(f"{error}; the message may be taken by another worker")
                    except Exception as error:  # noqa: BLE001 - the other messages must stay hidden
                        self._failed()
                        self._note(f"{reason_of(error)}; the message may be taken by another worker")
