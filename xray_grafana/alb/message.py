"""One message of a queue: its objects through the shipper, and what is to become of the message.

An object that failed never takes the others of its message with it. Where some of several are done and some are not, those that are not go
on as messages of their own, so that nothing is shipped again. The order is always: send first, and delete then.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from xray_grafana.alb.events import BadRecord, EventError, Item, ObjectRef, read_body
from xray_grafana.alb.handover import complaint_of, dead_letter_attributes, item_body, reason_of
from xray_grafana.alb.sqs import DELAY_MAX_SECONDS, Message, Queue
from xray_grafana.errors import LokiError, SourceError, UsageError, XRayGrafanaError

if TYPE_CHECKING:
    from xray_grafana.alb.ship import Outcome

_FIRST_DELAY_SECONDS: Final = 60
_DOUBLINGS_MAX: Final = 4

Stop = Callable[[], bool]
Note = Callable[[str], None]
Refusal = LokiError | UsageError
# Ships an object from its offset until it ends or `stop` says so. Raises SourceError and LokiError, and tells what was shipped until then.
Ship = Callable[[ObjectRef, Stop, Callable[["Part"], None]], "Part"]


@dataclass(frozen=True, slots=True)
class Part:
    """What became of an object, or of the part of it that was worked on; and `rest`, the same object from there on."""

    outcome: Outcome
    rest: ObjectRef


@dataclass(frozen=True, slots=True)
class _Undone:
    """An item that is not done, and why: it failed, for now or for good. Without an error there was no time for it or for its rest.

    `is_shipped`: nothing is left to be done but to tell somebody.
    """

    item: Item
    error: Exception | None = None
    is_permanent: bool = False
    is_shipped: bool = False

    @property
    def name(self) -> str:
        return self.item.name if isinstance(self.item, ObjectRef) else ""


@dataclass(slots=True)
class _Way:
    """How far an object got: what is left of it, which goes on from there whatever happens.

    complaint   what somebody should know of that which is done: the first such thing
    is_refused  whether that can be mended, and the object shipped again from where it was begun
    """

    rest: ObjectRef
    complaint: str | None = None
    is_refused: bool = False


class Handler:
    """Works on messages of one queue, for several threads.

    told_to_end        whether the time is over for good: what is not done by then is handed over
    refused            is called when no object can be shipped: Loki refuses everything, such as for a wrong password, or a file of the
                       shipper's own cannot be used. It is to see to it that `told_to_end` says so. None: it counts as a try
    slice_seconds      how long an object is worked on before its rest is handed over to whoever comes next
    outage_seconds     how long what is handed over has to wait if Loki took nothing as long as the handler was there
    failed             is called for each object that could not be read or delivered, each time
    report             gets what became of each object, or of a part of it
    note               gets, in one line, what a person may want to know
    """

    def __init__(
        self,
        queue: Queue,
        ship: Ship,
        *,
        told_to_end: Stop,
        refused: Callable[[Refusal], None] | None,
        report: Callable[[Outcome], None],
        failed: Callable[[], None],
        note: Note,
        slice_seconds: float = math.inf,
        outage_seconds: int = 0,
    ) -> None:
        self._queue = queue
        self._ship = ship
        self._told_to_end = told_to_end
        self._refused = refused
        self._report = report
        self._failed = failed
        self._note = note
        self._slice_seconds = slice_seconds
        self._outage_seconds = outage_seconds
        self._has_shipped = False
        self._pause_seconds = 0

    def handle(self, message: Message) -> int | None:
        """Ships what a message tells of. It is to come back after so many seconds, or, if None, is done with and to be deleted."""
        try:
            items = read_body(message.body)
        except EventError as error:
            items = (BadRecord(message.body, error),)
        undone: list[_Undone] = []
        for item in items:
            undone += [_Undone(item)] if self._told_to_end() else self._ship_item(item)
        return self._settle(message, items, undone)

    def _ship_item(self, item: Item) -> list[_Undone]:
        """What is left of it to be done."""
        if isinstance(item, BadRecord):
            return [_Undone(item, item.error, is_permanent=True)]
        way = _Way(item)
        undone: list[_Undone] = []
        try:
            if not self._ship_object(way):
                undone.append(_Undone(way.rest))
        except SourceError as error:
            undone.append(_Undone(way.rest, error, is_permanent=error.permanent))
        except (LokiError, UsageError) as error:
            undone.append(_Undone(way.rest, None if self._is_end(error) else error))
        except Exception as error:  # noqa: BLE001 - an object that trips a fault of ours must not take the worker with it
            undone.append(_Undone(way.rest, error))
        if way.complaint is not None:
            complaint = SourceError(way.complaint, where=item.name, permanent=True)
            undone.append(_Undone(item if way.is_refused else way.rest, complaint, is_permanent=True, is_shipped=True))
        return undone

    def _is_end(self, error: Refusal) -> bool:
        """Whether it ends the work and is not the object's."""
        if isinstance(error, LokiError) and error.stopped:
            if not self._has_shipped:
                self._pause_seconds = self._outage_seconds
            return True
        if self._refused is None or not (isinstance(error, UsageError) or error.permanent):
            return False
        self._refused(error)
        return True

    def _ship_object(self, way: _Way) -> bool:
        """Whether nobody has to care for its rest any more."""
        while True:
            part = self._ship(way.rest, self._slice(), partial(self._note_part, way))
            self._note_part(way, part)
            # The rest goes to whoever takes the message. Where that is not allowed, it goes on here as long as there is time.
            if part.outcome.finished or self._sent(item_body(way.rest), 0):
                return True
            if self._told_to_end():
                return False

    def _note_part(self, way: _Way, part: Part) -> None:
        outcome = part.outcome
        way.rest = part.rest
        way.complaint = way.complaint or complaint_of(outcome)
        way.is_refused = way.is_refused or outcome.is_refused
        self._has_shipped = self._has_shipped or outcome.counts.read > 0
        try:
            self._report(outcome)
        except (OSError, XRayGrafanaError) as error:  # such as standard output that nobody reads any more; what is shipped is shipped
            self._note(f"{outcome.name}: worked on, but that could not be reported: {error}")

    def _slice(self) -> Stop:
        end = time.monotonic() + self._slice_seconds
        return lambda: self._told_to_end() or time.monotonic() >= end

    def _settle(self, message: Message, items: Sequence[Item], undone: Sequence[_Undone]) -> int | None:
        """Takes care of what is not done. Returns the seconds after which the message comes back, None if it need not."""
        is_whole = [each.item for each in undone] == list(items) and len(items) == 1
        waits = [self._settle_one(message, each, is_whole=is_whole) for each in undone]
        return max((wait for wait in waits if wait is not None), default=None)

    def _settle_one(self, message: Message, left: _Undone, *, is_whole: bool) -> int | None:
        """Parks an item, sends it on, or says after how many seconds its message is to come back. `is_whole`: it is all of the message."""
        body = message.body if is_whole else item_body(left.item)
        if left.error is None:
            return None if self._sent(body, self._pause_seconds) else self._pause_seconds
        if left.is_shipped:
            if not self._parked(message, left, left.error, item_body(left.item)):
                self._note(f"{left.name}: {reason_of(left.error)}; it could not be parked")
            return None
        self._failed()
        is_last_try = None if left.is_permanent else self._is_last_try(message)
        # An outage of Loki is no fault of the object: with its tries used up it gets new ones.
        is_outage = isinstance(left.error, LokiError) and not left.error.permanent
        if not is_outage and (left.is_permanent or is_last_try) and self._parked(message, left, left.error, body):
            return None
        wait = _wait_seconds(message.receives, left.error)
        self._note(f"{left.name or 'a message'}: {reason_of(left.error)}; try {message.receives} failed, the next is in {wait} s")
        is_anew = not is_whole or (is_outage and is_last_try is not False)
        return None if is_anew and self._sent(body, wait) else wait

    def _is_last_try(self, message: Message) -> bool | None:
        """None if SQS does not tell."""
        try:
            redrive = self._queue.redrive()
        except SourceError as error:
            self._note(str(error))
            return None
        return redrive is not None and message.receives >= redrive.receives_max

    def _parked(self, message: Message, left: _Undone, error: Exception, body: str) -> bool:
        """Puts an item into the dead-letter queue. Without one, or the right to send to it, SQS is left to redrive the message."""
        attributes = dead_letter_attributes(reason_of(error), left.name, message.receives)
        try:
            is_parked = self._queue.park(body, attributes)
        except SourceError as refused:
            self._note(str(refused))
            return False
        if is_parked:
            self._note(f"{left.name or 'a message'}: {reason_of(error)}; parked in the dead-letter queue after try {message.receives}")
        return is_parked

    def _sent(self, body: str, delay_seconds: int) -> bool:
        try:
            self._queue.send(body, delay_seconds=delay_seconds)
        except SourceError as error:
            self._note(str(error))
            return False
        return True


def _wait_seconds(receives: int, error: Exception) -> int:
    """A minute after the first try, twice as long after each, a quarter of an hour at most. Loki was waited for already: the longest."""
    if isinstance(error, LokiError):
        return DELAY_MAX_SECONDS
    return min(DELAY_MAX_SECONDS, _FIRST_DELAY_SECONDS << min(receives - 1, _DOUBLINGS_MAX))
