"""What Loki does with the streams of a push: checks, limits, duplicates, and its words about each.

Source: grafana/loki 3.7.8, compared with the running program: pkg/distributor/{distributor,validator}.go (entries, labels, tenant's rate),
pkg/ingester/{instance,stream}.go (per stream), pkg/chunkenc/unordered.go (duplicates), pkg/validation/validate.go (texts).
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

NANOS: Final = 1_000_000_000
_HEAD_BLOCK_BYTES: Final = 256 * 1024
_RETURNED_ERRORS: Final = 10
_PAIR: Final = re.compile(r'([A-Za-z_][A-Za-z0-9_]*)="((?:[^"\\]|\\.)*)"')
_BACKFILL_VALUE_MAX: Final = 128
# Timestamp, detected_level and framing of an entry between distributor and ingester, measured: (4449797 - 4250 x 1000) / 4250.
_GRPC_ENTRY_BYTES: Final = 47


@dataclass(frozen=True, slots=True)
class Limits:
    """Loki's defaults. None switches one off."""

    body_bytes: int = 100 << 20
    decompressed_bytes: int = 5000 << 20
    line_bytes: int | None = 256 << 10
    metadata_bytes: int = 64 << 10
    metadata_pairs: int = 128
    label_names: int = 15
    label_name_bytes: int = 1024
    label_value_bytes: int = 2048
    max_age_seconds: float | None = 7 * 86400
    max_ahead_seconds: float | None = 600
    max_behind_seconds: float | None = 3600
    rate_bytes: int | None = 4 << 20
    burst_bytes: int = 6 << 20
    stream_rate_bytes: int | None = 3 << 20
    stream_burst_bytes: int = 15 << 20
    streams: int = 5000
    grpc_message_bytes: int | None = 4 << 20


# For tests of what comes before Loki: lines of any day, in any amount.
NO_LIMITS: Final = Limits(
    line_bytes=None,
    max_age_seconds=None,
    max_ahead_seconds=None,
    max_behind_seconds=None,
    rate_bytes=None,
    stream_rate_bytes=None,
    grpc_message_bytes=None,
)


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as Loki has it."""

    timestamp_ns: int
    line: bytes
    metadata: tuple[tuple[str, str], ...] = ()


# Labels as they were sent, with their entries.
Streams = tuple[tuple[str, tuple[Stored, ...]], ...]


class Refused(Exception):  # noqa: N818 — it is an answer, no error of the fake
    """What Loki says instead of 204."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class _Bucket:
    """Tokens as golang.org/x/time/rate counts them: `limit` a second up to `burst`."""

    def __init__(self, limit: int, burst: int) -> None:
        self._limit = limit
        self._burst = burst
        self._tokens = float(burst)
        self._at: int | None = None

    def allows(self, amount: int, now_ns: int) -> bool:
        if self._at is not None:
            self._tokens = min(self._burst, self._tokens + max(0, now_ns - self._at) / NANOS * self._limit)
        self._at = now_ns
        if amount > self._tokens:
            return False
        self._tokens -= amount
        return True


class _Stream:
    def __init__(self, labels: str, limits: Limits) -> None:
        self.labels = labels
        self.stored: list[Stored] = []
        self.taken: list[Stored] = []
        self.last: Stored | None = None
        self.highest_ns: int | None = None
        self.bucket = _Bucket(limits.stream_rate_bytes, limits.stream_burst_bytes) if limits.stream_rate_bytes else None
        self._head: set[Stored] = set()
        self._head_bytes = 0

    def store(self, entry: Stored) -> None:
        self.taken.append(entry)
        self.last = entry
        self.highest_ns = entry.timestamp_ns if self.highest_ns is None else max(self.highest_ns, entry.timestamp_ns)
        if entry in self._head:
            return
        self.stored.append(entry)
        self._head.add(entry)
        self._head_bytes += len(entry.line)
        if self._head_bytes >= _HEAD_BLOCK_BYTES:
            self._head.clear()
            self._head_bytes = 0


class LokiStore:
    """Distributor and ingester in one. Not safe between threads: the fake around it holds a lock."""

    def __init__(self, limits: Limits, now_ns: Callable[[], int], blocked_status: int | None) -> None:
        self._limits = limits
        self._now_ns = now_ns
        self._blocked_status = blocked_status
        self._streams: dict[tuple[str, str], _Stream] = {}
        self._buckets: dict[str, _Bucket] = {}

    @property
    def labels(self) -> list[str]:
        return [labels for _, labels in self._streams]

    def stored(self, labels: Mapping[str, str], tenant: str | None) -> list[Stored]:
        return [entry for stream in self._matching(labels, tenant) for entry in stream.stored]

    def taken(self, labels: Mapping[str, str], tenant: str | None) -> list[Stored]:
        return [entry for stream in self._matching(labels, tenant) for entry in stream.taken]

    def _matching(self, labels: Mapping[str, str], tenant: str | None) -> list[_Stream]:
        return [
            stream
            for (of, text), stream in self._streams.items()
            if tenant in {None, of} and labels.items() <= dict(_labels_of(text)).items()
        ]

    def push(self, tenant: str, streams: Streams, backfill: str | None) -> None:
        """What a distributor does: each entry is checked, the good ones go on, the others are told of in groups."""
        if not streams:
            raise Refused(422, "error at least one valid stream is required for ingestion")
        now_ns = self._now_ns()
        errors: list[str] = []
        good: list[tuple[str, list[Stored]]] = []
        is_blocked = False
        for pairs, entries in [(_with_service(labels, backfill), entries) for labels, entries in streams]:
            canonical = _canonical(pairs)
            if not entries:
                continue
            if error := self._label_error(pairs, canonical):
                errors.append(error)
            elif self._blocked_status is not None:
                is_blocked = True
            else:
                faults = [self._entry_error(entry, canonical, now_ns, is_backfill=backfill is not None) for entry in entries]
                errors += filter(None, faults)
                good.append((canonical, [entry for entry, fault in zip(entries, faults, strict=True) if fault is None]))
        good = [(labels, entries) for labels, entries in good if entries]
        if good:
            self._limit_tenant(tenant, good, now_ns)
            self._ingest(tenant, good, now_ns)
        if errors:
            raise Refused(400, _grouped(errors))
        if is_blocked and self._blocked_status is not None:
            until = _rfc3339(now_ns + 3600 * NANOS)
            text = f"ingestion blocked for user '{tenant}' until '{until}' with status code '{self._blocked_status}'"
            raise Refused(self._blocked_status, text)

    def _label_error(self, pairs: list[tuple[str, str]], labels: str) -> str | None:
        limits = self._limits
        counted = sum(name != "service_name" for name, _ in pairs)
        if counted > limits.label_names:
            return f"entry for stream '{labels}' has {counted} label names; limit {limits.label_names}"
        before = ""
        for name, value in pairs:
            if len(name.encode()) > limits.label_name_bytes:
                return f"stream '{labels}' has label name too long: '{name}'"
            if len(value.encode()) > limits.label_value_bytes:
                return f"stream '{labels}' has label value too long: '{value}'"
            if name == before:
                return f"stream '{labels}' has duplicate label name: '{name}'"
            before = name
        return None

    def _entry_error(self, entry: Stored, labels: str, now_ns: int, *, is_backfill: bool) -> str | None:
        limits = self._limits
        if limits.max_age_seconds is not None and not is_backfill:
            oldest_ns = now_ns - round(limits.max_age_seconds * NANOS)
            if entry.timestamp_ns < oldest_ns:
                times = f"{_rfc3339(entry.timestamp_ns)}, oldest acceptable timestamp is: {_rfc3339(oldest_ns)}"
                return f"entry for stream '{labels}' has timestamp too old: {times}"
        if limits.max_ahead_seconds is not None and entry.timestamp_ns > now_ns + round(limits.max_ahead_seconds * NANOS):
            return f"entry for stream '{labels}' has timestamp too new: {_rfc3339(entry.timestamp_ns)}"
        if limits.line_bytes is not None and len(entry.line) > limits.line_bytes:
            length = f"while adding an entry with length '{len(entry.line)}' bytes"
            return f"max entry size '{limits.line_bytes}' bytes exceeded for stream '{labels}' {length}"
        return self._metadata_error(entry, labels)

    def _metadata_error(self, entry: Stored, labels: str) -> str | None:
        limits = self._limits
        size = _metadata_bytes(entry)
        advice = "Please see `limits_config.{}` or contact your Loki administrator to increase it"
        if size > limits.metadata_bytes:
            limit = f"'{size}' bytes, limit: '{limits.metadata_bytes}' bytes"
            return f"stream '{labels}' has structured metadata too large: {limit}. {advice.format('max_structured_metadata_size')}"
        if len(entry.metadata) > limits.metadata_pairs:
            limit = f"'{len(entry.metadata)}', limit: '{limits.metadata_pairs}'"
            setting = advice.format("max_structured_metadata_entries_count")
            return f"stream '{labels}' has too many structured metadata labels: {limit}. {setting}"
        return None

    def _limit_tenant(self, tenant: str, good: list[tuple[str, list[Stored]]], now_ns: int) -> None:
        if self._limits.rate_bytes is None:
            return
        bucket = self._buckets.setdefault(tenant, _Bucket(self._limits.rate_bytes, self._limits.burst_bytes))
        lines = sum(len(entries) for _, entries in good)
        size = sum(map(_size, itertools.chain.from_iterable(entries for _, entries in good)))
        if not bucket.allows(size, now_ns):
            limit = f"ingestion rate limit exceeded for user {tenant} (limit: {self._limits.rate_bytes} bytes/sec)"
            advice = "reduce log volume or contact your Loki administrator to see if the limit can be increased"
            raise Refused(429, f"{limit} while attempting to ingest '{lines}' lines totaling '{size}' bytes, {advice}")

    def _ingest(self, tenant: str, good: list[tuple[str, list[Stored]]], now_ns: int) -> None:
        """What an ingester does with the streams of one push: of their errors only the last stream's is told."""
        largest = self._limits.grpc_message_bytes
        message_bytes = sum(len(labels) + sum(_size(entry) + _GRPC_ENTRY_BYTES for entry in entries) for labels, entries in good)
        if largest is not None and message_bytes > largest:
            text = f"grpc: received message larger than max ({message_bytes} vs. {largest})"
            raise Refused(500, f"rpc error: code = ResourceExhausted desc = {text}")
        last: Refused | None = None
        for labels, entries in good:
            last = self._ingest_stream(tenant, labels, entries, now_ns)
        if last is not None:
            raise last

    def _ingest_stream(self, tenant: str, labels: str, entries: list[Stored], now_ns: int) -> Refused | None:
        stream = self._streams.get((tenant, labels))
        if stream is None:
            if sum(of == tenant for of, _ in self._streams) >= self._limits.streams:
                text = f"maximum active stream limit exceeded when trying to create stream {labels}, reduce the number of active streams"
                advice = "(reduce labels or reduce label values), or contact your Loki administrator to see if the limit can be increased"
                return Refused(429, f"{text} {advice}, user: '{tenant}'")
            stream = self._streams[tenant, labels] = _Stream(labels, self._limits)
        good, errors = self._split(stream, entries)
        status = 400
        if stream.bucket is not None and not stream.bucket.allows(sum(map(_size, good)), now_ns):
            status = 429
            errors = [(entry, _stream_rate_text(self._limits, labels, _size(entry))) for entry in good]
            good = []
        for entry in good:
            stream.store(entry)
        if not errors:
            return None
        shown = "".join(
            f"entry with timestamp {_go_time(entry.timestamp_ns)} ignored, reason: '{reason}',\n"
            for entry, reason in errors[:_RETURNED_ERRORS]
        )
        return Refused(status, f"{shown}user '{tenant}', total ignored: {len(errors)} out of {len(entries)} for stream: {labels}")

    def _split(self, stream: _Stream, entries: list[Stored]) -> tuple[list[Stored], list[tuple[Stored, str]]]:
        """What is to be stored, and what is too far behind, with the reason. What repeats the entry before it is neither."""
        good: list[Stored] = []
        errors: list[tuple[Stored, str]] = []
        last, highest_ns = stream.last, stream.highest_ns
        behind = self._limits.max_behind_seconds
        for entry in entries:
            if entry == last:
                continue
            if behind is not None and highest_ns is not None and entry.timestamp_ns < highest_ns - round(behind * NANOS):
                cutoff = _rfc3339(highest_ns - round(behind * NANOS))
                times = f"{_rfc3339(entry.timestamp_ns)}, oldest acceptable timestamp is: {cutoff}"
                errors.append((entry, f"entry too far behind, entry timestamp is: {times}"))
                continue
            last = entry
            highest_ns = entry.timestamp_ns if highest_ns is None else max(highest_ns, entry.timestamp_ns)
            good.append(entry)
        return good, errors


def _with_service(text: str, backfill: str | None) -> list[tuple[str, str]]:
    pairs = _labels_of(text)
    if backfill is not None:
        if not 0 < len(backfill) <= _BACKFILL_VALUE_MAX:
            raise Refused(400, "invalid backfill shard")
        pairs += [("__backfill__", "true"), ("__backfill_shard__", backfill)]
    if not any(name == "service_name" for name, _ in pairs):
        pairs.append(("service_name", "unknown_service"))
    return sorted(pairs)


def _labels_of(text: str) -> list[tuple[str, str]]:
    inside = text[1:-1]
    if text[:1] != "{" or text[-1:] != "}" or re.sub(r"\s*,\s*", "", _PAIR.sub("", inside)).strip():
        raise Refused(400, f"couldn't parse labels: 1:2: parse error: unexpected {text[:20]!r} in label set")
    return [(match[1], re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), match[2])) for match in _PAIR.finditer(inside)]


def _canonical(pairs: list[tuple[str, str]]) -> str:
    quoted = ((name, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")) for name, value in pairs)
    return "{" + ", ".join(f'{name}="{value}"' for name, value in quoted) + "}"


def _metadata_bytes(entry: Stored) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in entry.metadata if name != "detected_level")


def _size(entry: Stored) -> int:
    return len(entry.line) + _metadata_bytes(entry)


def _grouped(errors: list[str]) -> str:
    if len(errors) == 1:
        return errors[0]
    return "; ".join(f"{count} errors like: {error}" for error, count in Counter(errors).items())


def _stream_rate_text(limits: Limits, labels: str, size: int) -> str:
    limit = f"Per stream rate limit exceeded (limit: {_data_size(limits.stream_rate_bytes or 0)}/sec)"
    advice = "consider splitting a stream via additional labels or contact your Loki administrator to see if the limit can be increased"
    return f"{limit} while attempting to ingest for stream '{labels}' totaling {_data_size(size)}, {advice}"


def _data_size(size: int) -> str:
    """The largest unit that leaves a whole number: c2h5oh/datasize, ByteSize.String."""
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"


def _rfc3339(timestamp_ns: int) -> str:
    return f"{datetime.fromtimestamp(timestamp_ns // NANOS, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _go_time(timestamp_ns: int) -> str:
    """Go's `Time.String()`: the fraction without its trailing zeros."""
    fraction = f".{timestamp_ns % NANOS:09d}".rstrip("0").rstrip(".")
    return f"{datetime.fromtimestamp(timestamp_ns // NANOS, UTC):%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"
