"""Entries as the body of a push: protobuf by hand, in Snappy's block form.

Source: grafana/loki pkg/push/push.proto, `PushRequest`. One push holds one stream: Loki's ingester keeps only the last stream's error
(pkg/ingester/instance.go, Push), so that a push of several can lose lines behind a 204. Loki itself cuts a stream of more than 1.5 MB/s
into shards (limits_config.shard_streams) and keeps only the last shard's error: what is far apart in time does not belong into one push.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol, Self

import cramjam

# Tag bytes: field number and wire type. Strings and messages have wire type 2, numbers 0.
_STREAM: Final = b"\x0a"
_STREAM_LABELS: Final = b"\x0a"
_STREAM_ENTRY: Final = b"\x12"
_ENTRY_TIMESTAMP: Final = b"\x0a"
_ENTRY_LINE: Final = b"\x12"
_ENTRY_METADATA: Final = b"\x1a"
_PAIR_NAME: Final = b"\x0a"
_PAIR_VALUE: Final = b"\x12"
_SECONDS: Final = b"\x08"
_NANOS: Final = b"\x10"
# The bit of a byte that says that the number goes on.
_MORE: Final = 0x80
_NANOS_PER_SECOND: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a stream: nanoseconds since 1970, the line without its newline in UTF-8, names and values of its structured metadata."""

    timestamp_ns: int
    line: bytes
    metadata: tuple[tuple[str, str], ...] = ()


class Batch(Protocol):
    """Entries of one stream that go in one push. Every call gives the same bytes: Loki forgets a repeated entry only if it is identical."""

    @property
    def labels(self) -> str:
        """The stream, as `labels_text` writes it."""

    @property
    def count(self) -> int:
        """How many entries."""

    @property
    def size_bytes(self) -> int:
        """Lines and metadata, as Loki's rate limits count them."""

    @property
    def timestamps_ns(self) -> Sequence[int]:
        """Of each entry, in order."""

    @property
    def line_bytes(self) -> Sequence[int]:
        """The length of each line, in order."""

    def body(self) -> bytes:
        """The push's body."""

    def halves(self) -> tuple[Batch, Batch]:
        """The same entries in two batches, in order. Only for more than one entry."""


@dataclass(frozen=True, slots=True)
class EntryBatch:
    """A batch from entries."""

    labels: str
    entries: tuple[Entry, ...]

    @property
    def count(self) -> int:
        """How many entries."""
        return len(self.entries)

    @property
    def size_bytes(self) -> int:
        """Lines and metadata, as Loki's rate limits count them."""
        return sum(len(entry.line) + sum(len(name) + len(value) for name, value in entry.metadata) for entry in self.entries)

    @property
    def timestamps_ns(self) -> Sequence[int]:
        """Of each entry, in order."""
        return [entry.timestamp_ns for entry in self.entries]

    @property
    def line_bytes(self) -> Sequence[int]:
        """The length of each line, in order."""
        return [len(entry.line) for entry in self.entries]

    def body(self) -> bytes:
        """The push's body."""
        return encode_body(self.labels, map(encode_entry, self.entries))

    def halves(self) -> tuple[Self, Self]:
        """The same entries in two batches, in order."""
        middle = len(self.entries) // 2
        cls = type(self)
        return cls(self.labels, self.entries[:middle]), cls(self.labels, self.entries[middle:])


def labels_text(labels: Mapping[str, str]) -> str:
    """Labels as Loki's push API takes them: `{lb="app/shop/50dc6c495c0c9188", log_type="access"}`, in the order of their names."""
    pairs = (f'{name}="{_escaped(value)}"' for name, value in sorted(labels.items()))
    return f"{{{', '.join(pairs)}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def encode_entry(entry: Entry) -> bytes:
    """One entry with its tag and length, as it stands in a stream."""
    seconds, nanos = divmod(entry.timestamp_ns, _NANOS_PER_SECOND)
    parts = [_ENTRY_TIMESTAMP, _sized(_SECONDS + varint(seconds) + _NANOS + varint(nanos))]
    parts += [_encode_pair(name, value) for name, value in entry.metadata]
    parts += [_ENTRY_LINE, _sized(entry.line)]
    return _STREAM_ENTRY + _sized(b"".join(parts))


@lru_cache(maxsize=256)  # levels repeat
def _encode_pair(name: str, value: str) -> bytes:
    return _ENTRY_METADATA + _sized(_PAIR_NAME + _sized(name.encode()) + _PAIR_VALUE + _sized(value.encode()))


def encode_body(labels: str, entries: Iterable[bytes | memoryview]) -> bytes:
    """A push with one stream; `entries` are encoded, whole or in pieces."""
    pieces = list(entries)
    head = _STREAM_LABELS + _sized(labels.encode())
    size = len(head) + sum(map(len, pieces))
    return bytes(cramjam.snappy.compress_raw(b"".join((_STREAM, varint(size), head, *pieces))))


@lru_cache(maxsize=4096)  # lengths and seconds repeat
def varint(number: int) -> bytes:
    """A number that is not negative, in protobuf's form: seven bits a byte, the low ones first."""
    encoded = bytearray()
    while number >= _MORE:
        encoded.append(number % _MORE | _MORE)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _sized(content: bytes) -> bytes:
    return varint(len(content)) + content
