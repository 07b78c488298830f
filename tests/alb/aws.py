"""S3 and SQS that behave, on 127.0.0.1: a bucket whose new objects are told to a queue, with a dead-letter queue behind it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

REGION: Final = "eu-west-1"
ACCOUNT: Final = "123456789012"
RECEIVES_MAX: Final = 3
ENVIRON: Final = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}

_NUMBERS = count(1)


@dataclass(frozen=True)
class Aws:
    """One bucket with its queues. `url` is the endpoint for those who are to use it."""

    url: str
    s3: Any
    sqs: Any
    bucket: str
    queue_url: str
    dead_url: str
    queue_name: str
    sent: list[str] = field(default_factory=list)

    def put(self, key: str, body: bytes) -> str:
        """Stores an object, of which the queue is told. Returns its s3:// name."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def store(self, key: str, body: bytes) -> dict[str, Any]:
        """Stores an object without a message. Returns the record that S3 would have told of it."""
        self.s3.put_bucket_notification_configuration(Bucket=self.bucket, NotificationConfiguration={})
        self.put(key, body)
        return {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": self.bucket}, "object": {"key": key}}}

    def send(self, message: object) -> None:
        """Puts a message into the queue; what is no text as JSON."""
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=message if isinstance(message, str) else json.dumps(message))

    def take(self, url: str | None = None) -> list[dict[str, Any]]:
        """Every message that can be taken now; it is hidden from then on."""
        taken: list[dict[str, Any]] = []
        while more := self.sqs.receive_message(
            QueueUrl=url or self.queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        ).get("Messages"):
            taken += more
        return taken

    def waiting(self) -> tuple[int, int, int]:
        """Messages of the queue: to be taken, in work, and delayed."""
        return self._numbers(self.queue_url)

    def dead(self) -> int:
        """Messages of the dead-letter queue."""
        return self._numbers(self.dead_url)[0]

    def _numbers(self, url: str) -> tuple[int, int, int]:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        first, second, third = (int(attributes[name]) for name in names)
        return first, second, third

    def set_redrive(self, policy: dict[str, Any] | None) -> None:
        """Another redrive policy for the queue."""
        text = json.dumps(policy) if policy else ""
        self.sqs.set_queue_attributes(QueueUrl=self.queue_url, Attributes={"RedrivePolicy": text})


def until(condition: Callable[[], Any], what: str, seconds: float = 20.0) -> None:
    """Waits for something that happens elsewhere."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def aws_server() -> Iterator[str]:
    """The address of S3 and SQS."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(aws_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """A new bucket `logs-N` that tells `queue-N` of its objects; after three tries a message goes to `dead-N`."""
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    number = next(_NUMBERS)
    bucket, queue, dead = f"logs-{number}", f"queue-{number}", f"dead-{number}"
    session = boto3.session.Session()
    config = Config(retries={"total_max_attempts": 1})
    s3, sqs = (session.client(service, endpoint_url=aws_server, config=config) for service in ("s3", "sqs"))
    dead_url = sqs.create_queue(QueueName=dead)["QueueUrl"]
    redrive = {"deadLetterTargetArn": arn_of(dead), "maxReceiveCount": RECEIVES_MAX}
    queue_url = sqs.create_queue(QueueName=queue, Attributes={"RedrivePolicy": json.dumps(redrive), "VisibilityTimeout": "1800"})[
        "QueueUrl"
    ]
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    notification = {"QueueConfigurations": [{"QueueArn": arn_of(queue), "Events": ["s3:ObjectCreated:*"]}]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=notification)
    made = Aws(aws_server, s3, sqs, bucket, queue_url, dead_url, queue)
    [test_event] = made.take()
    sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=test_event["ReceiptHandle"])
    assert "s3:TestEvent" in test_event["Body"]
    yield made
    s3.close()
    sqs.close()


def arn_of(queue: str) -> str:
    """The ARN of a queue by its name."""
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"
