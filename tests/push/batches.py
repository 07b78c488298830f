"""Batches for tests, and a clock that moves only when it is told to."""

from __future__ import annotations

import random

from tests.push.loki_store import NANOS, Stored
from xray_grafana.push.encode import Entry, EntryBatch, labels_text

# 2026-11-21T17:00:00Z
NOW_NS = 1_795_280_400 * NANOS
LABELS = {"service_name": "shop", "lb": "app/shop/50dc6c495c0c9188"}


def entry(seconds: float = 0.0, line: bytes = b"GET / 200", *metadata: tuple[str, str]) -> Entry:
    """An entry so many seconds after NOW."""
    return Entry(NOW_NS + round(seconds * NANOS), line, metadata)


def batch_of(*entries: Entry) -> EntryBatch:
    return EntryBatch(labels_text(LABELS), entries)


def batch(count: int, size: int = 10) -> EntryBatch:
    """Entries a millisecond apart, each line different and of this many bytes."""
    return batch_of(*(entry(number / 1000, b"%0*d" % (size, number)) for number in range(count)))


def stored(of: EntryBatch) -> list[Stored]:
    """What Loki has when it has taken the batch."""
    return [Stored(entry.timestamp_ns, entry.line, entry.metadata) for entry in of.entries]


def noise(size: int, seed: int) -> bytes:
    """Bytes that Snappy cannot make smaller, the same for the same seed."""
    return random.Random(seed).randbytes(size)  # noqa: S311 — no secret


class Clock:
    """Seconds that pass when somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds

    def now_ns(self) -> int:
        """The time for Loki."""
        return NOW_NS + round(self.seconds * NANOS)
