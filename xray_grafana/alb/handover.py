"""Messages that the shipper itself writes: the rest of an object, one record of several, and why an object was parked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus, urlsplit, urlunsplit

from xray_grafana.alb.events import OWN_FIELD, BadRecord, Item, ObjectRef
from xray_grafana.errors import XRayGrafanaError

if TYPE_CHECKING:
    from xray_grafana.alb.ship import Outcome

_REASON_MAX: Final = 256
# S3's limit on keys, in bytes, and a bucket's name before it.
_NAME_MAX: Final = 1024 + 80


def item_body(item: Item) -> str:
    """The body of a message that tells of this item alone."""
    return json.dumps({"Records": [item.record]}) if isinstance(item, BadRecord) else object_body(item)


def object_body(ref: ObjectRef) -> str:
    """An S3 notification for an object, with where to go on and whether it is old."""
    described = {"key": quote_plus(ref.key, safe="/"), "size": ref.size_bytes, "eTag": ref.etag, "versionId": ref.version_id}
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": ref.bucket}, "object": {name: value for name, value in described.items() if value is not None}},
        OWN_FIELD: {"offset": ref.offset, "backfill": ref.backfill},
    }
    return json.dumps({"Records": [record]})


def reason_of(error: Exception) -> str:
    """An error in one line, without the hint."""
    if isinstance(error, XRayGrafanaError):
        return printable(error.summary)
    return printable(f"a fault of the program: {type(error).__name__}: {error}")


def complaint_of(outcome: Outcome) -> str | None:
    """What somebody should know of an object that was shipped all the same: damage, and lines that Loki refused for what can be mended."""
    complaints = []
    if outcome.damage is not None:
        complaints.append(f"{outcome.damage}; the lines in front of that are shipped")
    if outcome.is_refused:
        refusals = [refusal for refusal in outcome.refusals if refusal.reason != "too_long"]
        most = max(refusals, key=lambda refusal: refusal.count)
        count = sum(refusal.count for refusal in refusals)
        complaints.append(f"{count} of {outcome.counts.read} lines were refused by Loki: {most.reason}: {most.example}")
    return "; ".join(complaints) or None


def dead_letter_attributes(reason: str, name: str, attempts: int) -> dict[str, Any]:
    """Message attributes of a parked message: why, which object, and how often it was tried."""
    texts = {"reason": printable(reason)[:_REASON_MAX], "object": printable(name)[:_NAME_MAX]}
    return {
        **{key: {"DataType": "String", "StringValue": value} for key, value in texts.items() if value},
        "attempts": {"DataType": "Number", "StringValue": str(attempts)},
    }


def printable(text: str) -> str:
    """The text in one line, what cannot be printed as an escape: SQS refuses most control characters."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def queue_url_beside(url: str, arn: str) -> str:
    """The URL of the queue with this ARN, seen from another queue, or an endpoint, of the same service.

    A dead-letter queue has the region and account of its queue, so that no call and no permission is needed to find it.
    """
    *_, account, name = arn.split(":")
    return urlunsplit(urlsplit(url)._replace(path=f"/{account}/{name}"))
