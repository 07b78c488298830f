"""One SQS queue and its dead-letter queue: messages out, messages in, errors of SQS as errors of ours."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from xray_grafana.alb.aws_errors import AWS_ERRORS, source_error
from xray_grafana.alb.handover import queue_url_beside
from xray_grafana.errors import UsageError

# SQS's limits: SendMessageBatch and ReceiveMessage take ten messages, a delay is a quarter of an hour at most.
BATCH_MAX: Final = 10
DELAY_MAX_SECONDS: Final = 900
# In a queue's URL: account and name.
_PATH_PARTS: Final = 2
_HINT: Final = "see that the URL is the queue's, and that the credentials may do this"


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was taken. `receives`: how often, this time included."""

    id: str
    receipt: str
    body: str
    receives: int


@dataclass(frozen=True, slots=True)
class Redrive:
    """Where SQS puts a message that was taken `receives_max` times and is still there."""

    dead_letter_url: str
    receives_max: int


class Queue:
    """A queue by its URL. Every method raises SourceError, permanent when waiting will not help. For several threads."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url
        self._lock = threading.Lock()
        self._redrive: tuple[Redrive | None] | None = None

    def receive(self, count: int, wait_seconds: int, visibility_seconds: int) -> tuple[Message, ...]:
        """Up to `count` messages, none if there were none for `wait_seconds`. Nobody else gets them for `visibility_seconds`."""
        with self._calling("take messages from"):
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(count, BATCH_MAX),
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=visibility_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        return tuple(
            Message(each["MessageId"], each["ReceiptHandle"], each["Body"], int(each["Attributes"]["ApproximateReceiveCount"]))
            for each in answer.get("Messages", ())
        )

    def delete(self, message: Message) -> None:
        """Ends a message."""
        with self._calling("delete a message of"):
            self._client.delete_message(QueueUrl=self._url, ReceiptHandle=message.receipt)

    def hide(self, message: Message, seconds: int) -> None:
        """Has a message come back after `seconds` from now; 0 gives it back at once."""
        with self._calling("change the visibility of a message of"):
            self._client.change_message_visibility(QueueUrl=self._url, ReceiptHandle=message.receipt, VisibilityTimeout=seconds)

    def send(self, body: str, *, delay_seconds: int = 0) -> None:
        """Puts a message into the queue, to be taken after `delay_seconds`."""
        with self._calling("send to"):
            self._client.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=min(delay_seconds, DELAY_MAX_SECONDS))

    def send_all(self, bodies: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """Puts up to ten messages into the queue. Returns those that SQS refused, each with the reason."""
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        with self._calling("send to"):
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        return tuple((bodies[int(each["Id"])], f"{each['Code']}: {each.get('Message', '')}") for each in answer.get("Failed", ()))

    def park(self, body: str, attributes: dict[str, Any]) -> bool:
        """Puts a message into the dead-letter queue. Returns whether there is one."""
        redrive = self.redrive()
        if redrive is None:
            return False
        with self._calling("send to the dead-letter queue of"):
            self._client.send_message(QueueUrl=redrive.dead_letter_url, MessageBody=body, MessageAttributes=attributes)
        return True

    def redrive(self) -> Redrive | None:
        """The queue's redrive policy; asked for once."""
        with self._lock:
            if self._redrive is None:
                self._redrive = (self._ask_redrive(),)
            return self._redrive[0]

    def _ask_redrive(self) -> Redrive | None:
        with self._calling("read the redrive policy of"):
            answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=["RedrivePolicy"])
        text = answer.get("Attributes", {}).get("RedrivePolicy")
        if not text:
            return None
        policy = json.loads(text)
        return Redrive(queue_url_beside(self._url, policy["deadLetterTargetArn"]), int(policy["maxReceiveCount"]))

    @contextmanager
    def _calling(self, action: str) -> Iterator[None]:
        try:
            yield
        except AWS_ERRORS as error:
            raise source_error(error, f"{action} the queue", self._url, _HINT) from error


def checked_queue_url(url: str) -> str:
    """The URL of a queue as given. Raises UsageError when it cannot be one."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc or len(parts.path.strip("/").split("/")) != _PATH_PARTS:
        raise UsageError(
            f"--queue: got {url!r}, expected the URL of an SQS queue",
            hint="such as https://sqs.eu-west-1.amazonaws.com/111122223333/alb-logs; `aws sqs get-queue-url --queue-name NAME` prints it",
        )
    return url


def region_of_queue(url: str) -> str | None:
    """The region in a queue's URL, `https://sqs.REGION.amazonaws.com/…`; None for another form, such as an endpoint of a VPC."""
    service, _, rest = (urlsplit(url).hostname or "").partition(".")
    region, _, domain = rest.partition(".")
    return region if service == "sqs" and domain.startswith("amazonaws.") else None
