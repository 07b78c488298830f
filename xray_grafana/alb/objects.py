"""Objects that events name, through the shipper."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xray_grafana.alb.events import ObjectRef
from xray_grafana.alb.sources import S3Source

if TYPE_CHECKING:
    from xray_grafana.alb.message import Ship, Stop
    from xray_grafana.alb.ship import Outcome, Shipper


def object_ship(shipper: Shipper, s3: Any) -> Ship:
    """What ships an object of S3 from its offset, raises SourceError and LokiError."""

    def ship(ref: ObjectRef, stop: Stop, on_part: Callable[[Outcome], None]) -> Outcome:
        source = S3Source(s3, ref.bucket, ref.key, ref.version_id, ref.etag, ref.size_bytes)
        return shipper.ship(source, ref.offset, stop, ref.backfill, on_part=on_part)

    return ship
