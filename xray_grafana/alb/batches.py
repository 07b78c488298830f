"""What a block of lines became: batches for Loki, whose entries are encoded already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xray_grafana.push.encode import Batch, encode_body


class LineBatch(Batch, Protocol):
    """A batch of lines of a log."""

    @property
    def unreadable(self) -> int:
        """How many of them `read_line` could not read."""

    @property
    def oldest_ns(self) -> int:
        """The least of their times."""


@dataclass(frozen=True, slots=True)
class Lines:
    """What a block became: its batches, each line in one of them, and how many lines were blank."""

    batches: tuple[LineBatch, ...]
    read: int
    blank: int


@dataclass(frozen=True, slots=True)
class ScannedBatch:
    """A `LineBatch` of encoded entries, in pieces that need not begin or end with an entry. `sizes`: bytes of each, encoded."""

    labels: str
    encoded: Sequence[bytes | memoryview]
    sizes: NDArray[np.int64]
    timestamps: NDArray[np.int64]
    line_sizes: NDArray[np.int64]
    metadata_bytes: int
    unreadable: int

    @property
    def count(self) -> int:
        """How many entries."""
        return len(self.sizes)

    @property
    def size_bytes(self) -> int:
        """Lines and metadata, as Loki's rate limits count them."""
        return int(self.line_sizes.sum()) + self.metadata_bytes

    @property
    def timestamps_ns(self) -> list[int]:
        """Of each entry, in order."""
        timestamps: list[int] = self.timestamps.tolist()
        return timestamps

    @property
    def oldest_ns(self) -> int:
        """The least of its times."""
        return int(self.timestamps.min())

    @property
    def line_bytes(self) -> list[int]:
        """The length of each line, in order."""
        sizes: list[int] = self.line_sizes.tolist()
        return sizes

    def body(self) -> bytes:
        """The push's body."""
        return encode_body(self.labels, self.encoded)

    def halves(self) -> tuple[ScannedBatch, ScannedBatch]:
        """The same entries in two batches, in order."""
        middle = self.count // 2
        encoded = memoryview(b"".join(self.encoded))
        cut = int(self.sizes[:middle].sum())
        return self._part(slice(None, middle), encoded[:cut]), self._part(slice(middle, None), encoded[cut:])

    def _part(self, rows: slice, encoded: memoryview) -> ScannedBatch:
        share = self.metadata_bytes * len(self.sizes[rows]) // self.count
        return ScannedBatch(self.labels, (encoded,), self.sizes[rows], self.timestamps[rows], self.line_sizes[rows], share, 0)
