"""Events of S3, SQS, SNS, EventBridge and S3 Batch Operations in, what each caller understands out.

Responses: "Handling errors for an SQS event source in Lambda" (batchItemFailures), "Invoking an AWS Lambda function from Amazon S3 Batch
Operations".
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any, Final, Protocol

from xray_grafana.alb.assemble import assembled
from xray_grafana.alb.clients import s3_client, sqs_client
from xray_grafana.alb.events import BadRecord, ObjectRef, read_event, read_task
from xray_grafana.alb.fields import printable_lines
from xray_grafana.alb.handover import complaint_of, printable, queue_url_beside, reason_of
from xray_grafana.alb.message import Handler, Note, Part, Ship
from xray_grafana.alb.objects import object_ship
from xray_grafana.alb.ship import Outcome
from xray_grafana.alb.sqs import Message, Queue
from xray_grafana.errors import SourceError

# What it takes to end what is under way, hand over the rest and answer: a push is given up after 30 s, a read of S3 after 10 s. Of a
# function with little time a third.
_RESERVE_SECONDS: Final = 45.0
_RESERVE_SHARE: Final = 1 / 3
# The queue would call the function again at once, for as long as Loki is away.
_OUTAGE_SECONDS: Final = 300
# S3 Batch Operations' limit on resultString.
_RESULT_MAX: Final = 1024
_EXAMPLES: Final = 3


class Context(Protocol):
    """What is needed of Lambda's context object."""

    def get_remaining_time_in_millis(self) -> int:
        """Until Lambda ends the invocation."""


class Function:
    """The function in one container. `sqs` makes the client of SQS when it is needed; `stop` is set when an invocation's time is over."""

    def __init__(
        self,
        ship: Ship,
        sqs: Callable[[], Any],
        *,
        stop: threading.Event,
        report: Callable[[Outcome], None],
        failed: Callable[[], None],
        note: Note,
    ) -> None:
        self._ship = ship
        self._sqs = sqs
        self._stop = stop
        self._report = report
        self._failed = failed
        self._note = note
        self._queues: dict[str, Queue] = {}

    def __call__(self, event: object, context: Context) -> dict[str, Any] | None:
        """One invocation. Raises when the caller is to try again, after everything that could be shipped was."""
        with self._limited(context.get_remaining_time_in_millis() / 1000):
            match event:
                case {"Records": [{"eventSource": "aws:sqs", "eventSourceARN": arn}, *_] as records}:
                    queue = self._queue_of(arn)
                    handler = self._handler(queue)
                    failed = [record["messageId"] for record in records if not self._is_message_done(queue, handler, record)]
                    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
                case {"invocationSchemaVersion": version, "invocationId": invocation_id, "tasks": list(tasks)}:
                    return {
                        "invocationSchemaVersion": version,
                        "treatMissingKeysAs": "PermanentFailure",
                        "invocationId": invocation_id,
                        "results": [self._task_result(task) for task in tasks],
                    }
            self._ship_all(event)
            return None

    @contextmanager
    def _limited(self, remaining_seconds: float) -> Iterator[None]:
        """Sets `stop` shortly before the time is over."""
        self._stop.clear()
        reserve = min(_RESERVE_SECONDS, remaining_seconds * _RESERVE_SHARE)
        timer = threading.Timer(remaining_seconds - reserve, self._stop.set)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _is_message_done(self, queue: Queue, handler: Handler, record: Mapping[str, Any]) -> bool:
        receives = int(record["attributes"]["ApproximateReceiveCount"])
        message = Message(record["messageId"], record["receiptHandle"], record["body"], receives)
        back_seconds = handler.handle(message)
        if back_seconds is None:
            # Lambda does it too, but only when the function has answered for all messages: one that is killed would ship them again.
            with suppress(SourceError):
                queue.delete(message)
            return True
        try:
            queue.hide(message, back_seconds)
        except SourceError as error:
            self._note(str(error))
        return False

    def _queue_of(self, arn: str) -> Queue:
        if arn not in self._queues:
            client = self._sqs()
            self._queues[arn] = Queue(client, queue_url_beside(client.meta.endpoint_url, arn))
        return self._queues[arn]

    def _handler(self, queue: Queue) -> Handler:
        """For one invocation."""
        return Handler(
            queue,
            self._ship,
            told_to_end=self._stop.is_set,
            # Sending messages anew while Loki refuses everything would make Lambda take them again at once, for ever.
            refused=None,
            report=self._report,
            failed=self._failed,
            note=self._note,
            outage_seconds=_OUTAGE_SECONDS,
        )

    def _task_result(self, task: Mapping[str, Any]) -> dict[str, str]:
        try:
            ref = read_task(task)
            outcome = self._ship_one(ref)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other tasks are to have their turn
            code = "PermanentFailure" if isinstance(error, SourceError) and error.permanent else "TemporaryFailure"
            text = reason_of(error)
        else:
            complaint = complaint_of(outcome)
            code = "Succeeded" if complaint is None else "PermanentFailure"
            text = complaint or outcome.skipped_because or f"{outcome.counts.shipped} lines shipped"
        return {"taskId": str(task.get("taskId")), "resultCode": code, "resultString": printable(text)[:_RESULT_MAX]}

    def _ship_all(self, event: object) -> None:
        """For callers that only know success and failure."""
        items = read_event(event)
        failures = [failure for item in items if (failure := self._failure_of(item)) is not None]
        if failures:
            shown = "; ".join(failures[:_EXAMPLES])
            more = f" and {len(failures) - _EXAMPLES} more" if len(failures) > _EXAMPLES else ""
            raise SourceError(f"{len(failures)} of {len(items)} objects not shipped: {shown}{more}")

    def _failure_of(self, item: ObjectRef | BadRecord) -> str | None:
        if isinstance(item, BadRecord):
            return reason_of(item.error)
        try:
            self._ship_one(item)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other objects are to have their turn
            return f"{item.name}: {reason_of(error)}"
        return None

    def _ship_one(self, ref: ObjectRef) -> Outcome:
        """An object without a queue to hand its rest to. Raises SourceError when the time did not suffice.

        What no further try can mend is told and counted, and is no error.
        """
        if self._stop.is_set():
            raise SourceError("no time was left for it", where=ref.name)
        outcome = self._ship(ref, self._stop.is_set, self._report_part).outcome
        self._report(outcome)
        if not outcome.finished:
            raise SourceError(f"the time ended at byte {outcome.offset} of it", where=ref.name, hint="let a queue feed the function")
        if (complaint := complaint_of(outcome)) is not None:
            self._failed()
            self._note(f"{ref.name}: {printable(complaint)}; it is not tried again, which would not help")
        return outcome

    def _report_part(self, part: Part) -> None:
        self._report(part.outcome)


@contextmanager
def function_from(environ: Mapping[str, str]) -> Iterator[Function]:
    """The function by the environment's settings, as long as the context lasts. Raises UsageError for wrong ones."""
    stop = threading.Event()
    with assembled(None, None, environ, stop=stop, on_wait=_say_wait, say=_say, note=_say) as assembly:
        ship = object_ship(assembly.shipper, s3_client())
        failed = assembly.reporter.totals.add_failure
        yield Function(ship, cache(sqs_client), stop=stop, report=assembly.reporter, failed=failed, note=_say)


def _say(text: str) -> None:
    """A line of the function's log."""
    sys.stdout.write(f"{printable_lines(text)}\n")
    sys.stdout.flush()


def _say_wait(reason: str, seconds: float) -> None:
    _say(f"waiting {seconds:.1f} s for Loki: {reason}")
