"""What tests of shipping share: objects that are made up, a shipper whose waits take no time, and what Loki must have afterwards."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from tests.alb.lines import KEY
from tests.push.batches import Clock
from tests.push.loki_fake import LokiFake, Stored
from xray_grafana.alb.checkpoint import Checkpoint, NoCheckpoint
from xray_grafana.alb.keys import LogType
from xray_grafana.alb.lines import read_line
from xray_grafana.alb.ship import Outcome, Shipper
from xray_grafana.alb.streams import Services
from xray_grafana.push.client import PushClient
from xray_grafana.push.deliver import Deliverer
from xray_grafana.push.settings import settings_from

LABELS: Final = {
    "aws_account": "123456789012",
    "aws_region": "eu-west-1",
    "lb": "app/shop-front/50dc6c495c0c9188",
    "log_type": "access",
    "service_name": "shop-front",
}
# 2026-09-20T10:05:00Z, the end of the five minutes that KEY names.
END_NS: Final = 1_789_898_700_000_000_000
MODIFIED_NS: Final = END_NS + 90_000_000_000


@dataclass
class MadeUp:
    """An object that a test made up."""

    data: bytes
    key_name: str = KEY
    identity: str | None = "made up"
    modified_ns: int = MODIFIED_NS
    opened: int = 0

    @property
    def name(self) -> str:
        return f"s3://bucket/{self.key_name}"

    @property
    def size_bytes(self) -> int | None:
        return len(self.data)

    def open(self) -> BinaryIO:
        self.opened += 1
        return io.BytesIO(self.data)


@dataclass
class Shop:
    """A Loki and what ships to it. `waits`: why and how long it waited."""

    loki: LokiFake
    clock: Clock = field(default_factory=Clock)
    waits: list[tuple[str, float]] = field(default_factory=list)
    parts: list[Outcome] = field(default_factory=list)

    @contextmanager
    def shipper(self, checkpoint: Checkpoint | None = None, services: dict[str, str] | None = None, **options: Any) -> Iterator[Shipper]:
        patience = options.pop("patience_seconds", 600.0)
        with PushClient(settings_from(self.loki.url, {}), timeout_seconds=5.0) as client:
            deliverer = Deliverer(
                client,
                patience_seconds=patience,
                on_wait=lambda reason, seconds: self.waits.append((reason, seconds)),
                clock=self.clock,
                sleep=self.clock.sleep,
                jitter=lambda _, longest: longest,
            )
            yield Shipper(deliverer, checkpoint or NoCheckpoint(), Services(services or {}), **options)

    def ship(self, source: Any, checkpoint: Checkpoint | None = None, *, backfill: bool = False, **options: Any) -> Outcome:
        """Ships an object whole; every line must have one outcome."""
        with self.shipper(checkpoint, **options) as shipper:
            outcome = shipper.ship(source, backfill=backfill, on_part=self.parts.append)
        assert outcome.counts.is_balanced, outcome.counts
        return outcome


def one_stream_each(loki: LokiFake) -> bool:
    """Whether every push had one stream, so that no error can hide behind a 204."""
    return all(len(request.streams) == 1 for request in loki.requests if request.body)


def text_of(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def packed(lines: Iterable[bytes]) -> bytes:
    return gzip.compress(text_of(lines), 1)


def expected(lines: Iterable[bytes], log_type: LogType = "access", fallback_ns: int = END_NS) -> list[Stored]:
    """What Loki has of the lines, by the plain reader."""
    facts = [(line, read_line(log_type, line, fallback_ns=fallback_ns)[0]) for line in lines]
    return [Stored(each.timestamp_ns, line, each.metadata) for line, each in facts]


def stop_after(blocks: int) -> Callable[[], bool]:
    """Tells to stop after so many blocks."""
    left = [blocks]

    def stop() -> bool:
        left[0] -= 1
        return left[0] <= 0

    return stop
