"""Which entries of a push Loki refused, from its own words: text and batch in, counts with an example each out.

A 400 means that the entries it names are lost and that the others are stored. Two parts of Loki write it, each in its own form:

distributor  each refused entry has a message; equal ones are grouped and none is left out: `a`, or `3 errors like: a; 1 errors like: b`
             (pkg/distributor/{distributor,validator}.go, pkg/util/errors.go GroupedErrors, texts in pkg/validation/validate.go)
ingester     the first ten entries, then `user 'u', total ignored: 12 out of 90 for stream: {…}`
             (pkg/ingester/stream.go, errorForFailedEntries); it hides what the distributor refused of the same push

All of Loki 3.7.8.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from xray_grafana.push.encode import Batch

Reason = Literal["too_old", "too_new", "too_long", "too_far_behind", "labels", "other"]

EXAMPLE_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """Entries refused for one reason, and what Loki said about one of them, in at most 200 printable characters."""

    reason: Reason
    count: int
    example: str


_GROUPS: Final = re.compile(r"(?:^|; )([0-9]+) errors like: ")
# Messages about one entry. The first that is found decides.
_ENTRY_MESSAGES: Final[tuple[tuple[str, Reason], ...]] = (
    ("has timestamp too old: ", "too_old"),
    ("has timestamp too new: ", "too_new"),
    ("ax entry size '", "too_long"),  # `max`, and `Max` in older Lokis
    ("has structured metadata too large: ", "other"),
    ("has too many structured metadata labels: ", "other"),
    ("includes structured metadata, but this feature is disallowed", "other"),
)
# Messages about the stream, that is about all entries of the push.
_STREAM_MESSAGES: Final = (
    "label names; limit ",
    "has label name too long: ",
    "has label value too long: ",
    "has duplicate label name: ",
    "error parsing labels ",
    "couldn't parse labels: ",
    "error at least one label pair is required",
    "missing required labels ",
)
# Messages about the push as a whole: labels in the parser's own words, a body that cannot be read; and the beginning of an ingester's
# message whose end, with the total, was cut off.
_PUSH_MESSAGES: Final = (
    r"\d{1,9}:\d{1,9}: parse error: ",
    r"labels size \d{1,9} MiB exceeds limit of ",
    r"error at least one valid stream is required",
    r"(?:snappy|s2): (?:corrupt|unsupported|decoded block)",
    r"proto: (?:\w{1,40}: )?(?:wrong|illegal|wiretype|negative length|integer overflow)",
    r"timestamp: .{0,80}(?:0001-01-01|10000-01-01|nanos not in range)",
    r"mime: ",
    r"Content-Encoding \S{1,80} not supported",
    r"entry with timestamp .{0,80} ignored, reason: '",
)
_IGNORED: Final = re.compile(r"total ignored: ([0-9]+) out of ([0-9]+) for stream: (.*)", re.DOTALL)
# Whether a 400 or 422 is Loki's own and names what it refuses.
REFUSED: Final = re.compile(
    "|".join(
        [
            _GROUPS.pattern,
            r"total ignored: [0-9]+ out of [0-9]+ for stream: ",
            *(re.escape(words) for words, _ in _ENTRY_MESSAGES),
            *map(re.escape, _STREAM_MESSAGES),
            *_PUSH_MESSAGES,
        ]
    )
)
_BEHIND: Final = re.compile(r"entry too far behind, entry timestamp is: \S+, oldest acceptable timestamp is: ([^\s']+)")
_SHARDS: Final = ("__stream_shard__=", "__time_shard__=")
_NANOS_PER_SECOND: Final = 1_000_000_000
# More digits than this are no count of anything; Python refuses to read thousands of them.
_DIGITS_MAX: Final = 18


def refusals_of(text: str, batch: Batch) -> tuple[Refusal, ...]:
    """What a 400 or 422 says about the batch, one refusal a reason, never more entries than there are. Unknown words speak of them all."""
    text = text.strip()
    if match := _IGNORED.search(text):
        found = _ignored_by_ingester(text, batch, _count(match[1]), _count(match[2]), is_sharded=any(name in match[3] for name in _SHARDS))
    else:
        found = _ignored_by_distributor(text, batch)
    return merged(found, batch.count)


def merged(refusals: Iterable[Refusal], most: int) -> tuple[Refusal, ...]:
    """One refusal a reason, with the first example, `most` entries together at most."""
    by_reason: dict[Reason, Refusal] = {}
    for refusal in refusals:
        count = min(refusal.count, most)
        most -= count
        if known := by_reason.get(refusal.reason):
            by_reason[refusal.reason] = Refusal(refusal.reason, known.count + count, known.example)
        elif count:
            by_reason[refusal.reason] = Refusal(refusal.reason, count, refusal.example)
    return tuple(by_reason.values())


def refusal_of_all(reason: Reason, batch: Batch, text: str) -> Refusal:
    """Every entry of the batch."""
    return Refusal(reason, batch.count, excerpt(text))


def excerpt(text: str) -> str:
    """What somebody else said, fit for a message of ours: one line of at most 200 characters, what cannot be printed escaped."""
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text.strip()[: EXAMPLE_LENGTH + 1]
    )
    return shown if len(shown) <= EXAMPLE_LENGTH else f"{shown[: EXAMPLE_LENGTH - 1]}…"


def _ignored_by_distributor(text: str, batch: Batch) -> Iterator[Refusal]:
    if not _GROUPS.match(text):
        yield _refusal(text, 1, batch)
        return
    _, *pieces = _GROUPS.split(text)
    for count, message in zip(pieces[::2], pieces[1::2], strict=True):
        yield _refusal(message, _count(count), batch)


def _refusal(message: str, count: int, batch: Batch) -> Refusal:
    for words, reason in _ENTRY_MESSAGES:
        if words in message:
            return Refusal(reason, count, excerpt(message))
    is_about_labels = any(words in message for words in _STREAM_MESSAGES)
    return refusal_of_all("labels" if is_about_labels else "other", batch, message)


def _count(digits: str) -> int:
    return int(digits) if len(digits) <= _DIGITS_MAX else sys.maxsize


def _ignored_by_ingester(text: str, batch: Batch, ignored: int, seen: int, *, is_sharded: bool) -> Iterator[Refusal]:
    reason: Reason = "too_far_behind" if "entry too far behind" in text or "entry out of order" in text else "other"
    if is_sharded:
        # Loki cut the push into streams of its own and tells of one only: the batch's times say more than its count.
        yield Refusal(reason, max(ignored, _too_far_behind(text, batch)), excerpt(text))
        return
    yield Refusal(reason, ignored, excerpt(text))
    if (hidden := batch.count - seen) > 0:
        yield Refusal("other", hidden, "refused before the others; Loki does not say why, since entries too far behind came with them")


def _too_far_behind(text: str, batch: Batch) -> int:
    """How many entries lie before the oldest time that Loki takes, as far as it names one. It names whole seconds, cut off."""
    cutoffs = [_nanoseconds(match[1]) for match in _BEHIND.finditer(text)]
    return sum(timestamp_ns < max(cutoffs) for timestamp_ns in batch.timestamps_ns) if cutoffs else 0


def _nanoseconds(time: str) -> int:
    try:
        return int(datetime.fromisoformat(time).timestamp()) * _NANOS_PER_SECOND
    except (ValueError, OverflowError):  # the second for times that have no zone and lie before all others
        return 0
