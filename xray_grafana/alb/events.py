"""Events and messages to the objects they tell of: JSON in, references to objects out.

Sources of the forms: "Event message structure", "EventBridge event message structure" and "Invoking an AWS Lambda function from Amazon S3
Batch Operations" (Amazon S3), "Amazon SNS message and JSON formats". S3 and Batch Operations URL-encode keys, EventBridge does not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_plus

from xray_grafana.alb.fields import printable
from xray_grafana.errors import SourceError

# What a record of ours has beside what S3 writes: where to go on in an object, and that it is old.
OWN_FIELD: Final = "xrayGrafana"

_CREATED: Final = ("ObjectCreated:", "s3:ObjectCreated:")
_UNDERSTOOD: Final = 'an S3 notification, an EventBridge event "Object Created", or one of them in an SQS message or an SNS notification'
_KEYS_SHOWN: Final = 6
# What a checkpoint can keep, and more than an object can be long.
_OFFSET_MAX: Final = 2**63 - 1


class EventError(SourceError):
    """An event or one of its records that names no object. It will not be understood the next time either."""

    def __init__(self, summary: str, *, hint: str | None = None) -> None:
        super().__init__(summary, hint=hint, permanent=True)


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """An object to ship. `offset`: where to go on, in bytes after decompression. `backfill`: it is old, and Loki takes it as such."""

    bucket: str
    key: str
    version_id: str | None = None
    etag: str | None = None
    size_bytes: int | None = None
    offset: int = 0
    backfill: bool = False

    @property
    def name(self) -> str:
        """`s3://bucket/key`, for people."""
        return printable(f"s3://{self.bucket}/{self.key}")


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that names no object, as it came, and why. The records beside it are none the worse."""

    record: object
    error: EventError


Item = ObjectRef | BadRecord


def read_body(body: str) -> tuple[Item, ...]:
    """What an SQS message or an SNS notification tells of. Raises EventError when it is none of the forms."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise EventError(f"the message is not JSON; understood is {_UNDERSTOOD}") from error
    return read_event(event)


def read_event(event: object) -> tuple[Item, ...]:
    """What an event tells of, in its order; nothing for S3's test event and for objects that were not created.

    Raises EventError when it is none of the forms.
    """
    match event:
        case {"Records": list(records)}:
            return tuple(item for record in records for item in _read_record(record))
        case {"Event": "s3:TestEvent"}:
            return ()
        case {"Type": "Notification", "Message": str(message)}:
            return read_body(message)
        case {"Type": "SubscriptionConfirmation" | "UnsubscribeConfirmation" as kind}:
            raise EventError(f"a {kind} of SNS tells of no object", hint="confirm the subscription with `aws sns confirm-subscription`")
        case {"source": "aws.s3", "detail-type": str(kind), "detail": detail}:
            return (_of_event_bridge(detail),) if kind == "Object Created" else ()
    raise EventError(f"got {_described(event)}; understood is {_UNDERSTOOD}")


def read_task(task: Any) -> ObjectRef:
    """The object of one task of S3 Batch Operations, schema 1.0 or 2.0. It is there to be shipped again: old. Raises EventError."""
    match task:
        case {"s3BucketArn": str(arn), "s3Key": key}:
            bucket: object = arn.rpartition(":")[2]
        case {"s3Bucket": bucket, "s3Key": key}:
            pass
        case _:
            raise EventError(f"got {_described(task)}; understood is a task with s3Key and s3BucketArn or s3Bucket")
    return ObjectRef(_text("bucket", bucket), _decoded(key), _optional(task.get("s3VersionId")), backfill=True)


def _read_record(record: Any) -> tuple[Item, ...]:
    try:
        match record:
            case {"s3": detail, "eventName": str(name)}:
                return (_of_notification(detail, record.get(OWN_FIELD)),) if name.startswith(_CREATED) else ()
            case {"eventSource": "aws:sqs", "body": str(body)}:
                return read_body(body)
            case {"EventSource": "aws:sns", "Sns": {"Message": str(message)}}:
                return read_body(message)
    except EventError as error:
        return (BadRecord(record, error),)
    return (BadRecord(record, EventError(f"got a record that is {_described(record)}; understood is {_UNDERSTOOD}")),)


def _of_notification(detail: object, own: object) -> ObjectRef:
    match detail:
        case {"bucket": {"name": bucket}, "object": {"key": key, **more}}:
            offset, backfill = _own(own)
            return _reference(bucket, _decoded(key), more.get("versionId"), more, offset=offset, backfill=backfill)
    raise EventError(f'got a record whose "s3" is {_described(detail)}; expected bucket.name and object.key')


def _of_event_bridge(detail: object) -> ObjectRef:
    match detail:
        case {"bucket": {"name": bucket}, "object": {"key": key, **more}}:
            return _reference(bucket, _text("key", key), more.get("version-id"), more)
    raise EventError(f'got an event whose "detail" is {_described(detail)}; expected bucket.name and object.key')


def _reference(
    bucket: object, key: str, version_id: object, more: Mapping[Any, Any], *, offset: int = 0, backfill: bool = False
) -> ObjectRef:
    """S3 writes eTag, EventBridge etag. What is of another type than documented is left out: none of it is needed."""
    return ObjectRef(
        _text("bucket", bucket),
        key,
        _optional(version_id),
        _optional(more.get("eTag", more.get("etag"))),
        _whole_number(more.get("size")),
        offset,
        backfill,
    )


def _own(own: object) -> tuple[int, bool]:
    """Offset and backfill of a record; a wrong offset would ship lines twice or leave some out."""
    match own:
        case None:
            return 0, False
        case {"offset": offset, "backfill": bool(backfill)} if (start := _whole_number(offset)) is not None and start <= _OFFSET_MAX:
            return start, backfill
    raise EventError(f'got {OWN_FIELD} {json.dumps(own)[:80]}; expected {{"offset": bytes below 2**63, "backfill": true or false}}')


def _decoded(key: object) -> str:
    try:
        return _text("key", unquote_plus(_text("key", key), errors="strict"))
    except UnicodeDecodeError as error:
        raise EventError("got a key that is no UTF-8 after URL decoding; S3 encodes keys in UTF-8") from error


def _text(what: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise EventError(f"got a {what} that is {_described(value)}; expected a text")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise EventError(f"got a {what} with half a character (a lone surrogate); S3 knows no such names") from error
    return value


def _optional(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _whole_number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _described(value: object) -> str:
    """What kind of JSON it is, without its content."""
    if isinstance(value, dict):
        names = ", ".join(printable(str(name)[:40]) for name in list(value)[:_KEYS_SHOWN])
        return f"a JSON object with {names}{', …' if len(value) > _KEYS_SHOWN else ''}" if names else "an empty JSON object"
    if isinstance(value, str):
        return "a JSON text" if value else "an empty text"
    return "a JSON list" if isinstance(value, list) else f"the JSON value {json.dumps(value)[:40]}"
