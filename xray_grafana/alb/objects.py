"""Objects that events name, through the shipper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xray_grafana.alb.events import ObjectRef
from xray_grafana.alb.message import Part, Ship, Stop
from xray_grafana.alb.sources import S3Source

if TYPE_CHECKING:
    from xray_grafana.alb.ship import Outcome, Shipper


def object_ship(shipper: Shipper, s3: Any) -> Ship:
    """What ships an object of S3 from its offset, raises SourceError and LokiError."""

    def ship(ref: ObjectRef, stop: Stop, on_part: Callable[[Part], None]) -> Part:
        source = S3Source(s3, ref.bucket, ref.key, ref.version_id, ref.etag, ref.size_bytes)

        def part(outcome: Outcome) -> Part:
            etag = _etag_of(source) if outcome.read_bytes and ref.version_id is None else ref.etag
            return Part(outcome, replace(ref, offset=outcome.offset, etag=etag))

        return part(shipper.ship(source, ref.offset, stop, ref.backfill, on_part=lambda outcome: on_part(part(outcome))))

    return ship


def _etag_of(source: S3Source) -> str | None:
    """The ETag of an object that was read, which names it where no version does; a rest without it could be one of other bytes."""
    return (source.identity or "").rpartition("@")[2] or None
