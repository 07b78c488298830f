"""One log object to Loki: blocks of its lines in the order of the object, each block delivered before the position behind it is saved."""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Final

from xray_grafana.alb.batches import Lines
from xray_grafana.alb.blocks import Block, blocks
from xray_grafana.alb.checkpoint import Checkpoint, Position
from xray_grafana.alb.counts import Counts
from xray_grafana.alb.inflate import DamageError, inflate
from xray_grafana.alb.keys import LogKey, LogType, Refused, TestFile, classify_key
from xray_grafana.alb.lines import Timestamp, guess_log_type
from xray_grafana.alb.plain import PlainScanner
from xray_grafana.alb.scan import AccessScanner
from xray_grafana.alb.sources import Source
from xray_grafana.alb.streams import Services, Streams
from xray_grafana.errors import SourceError, XRayGrafanaError
from xray_grafana.push.deliver import Deliverer
from xray_grafana.push.refusals import Refusal, excerpt, merged

# Loki's default of max_line_size. What is longer would be refused there, with words that tell less.
LINE_MAX_BYTES: Final = 262_144
# Adds the labels __backfill__ and __backfill_shard__ and lifts the limit on age: grafana/loki PRs 22628, 23248, 23723. Within one value,
# entries may be an hour behind the newest.
_BACKFILL_HEADER: Final = "X-Loki-Backfill-Shard"
_TEST_TEXT: Final = re.compile(rb"Enable (?:AccessLog|ConnectionLog|HealthCheckLog) for ELB")
_NS: Final = 1_000_000_000
_SECONDS_PER_HOUR: Final = 3600
_LINES_TO_GUESS_BY: Final = 20
_REFUSALS_MAX: Final = 1 << 62


@dataclass(slots=True)
class Outcome:
    """What became of an object, or of the part of it that was worked on.

    counts          lines of that part
    read_bytes      uncompressed bytes of that part
    lag_seconds     age of its oldest line when Loki had it; None without a line, and for a backfill
    finished        whether the object is done; else `offset` says where it goes on, in uncompressed bytes
    refusals        why lines were rejected
    damage          what is wrong with the object's data; everything in front of it was shipped
    skipped_because why nothing of it was to be shipped
    """

    name: str
    log_type: str = ""
    load_balancer: str = ""
    counts: Counts = field(default_factory=Counts)
    read_bytes: int = 0
    seconds: float = 0.0
    lag_seconds: float | None = None
    finished: bool = False
    offset: int = 0
    pushes: int = 0
    retries: int = 0
    sent_bytes: int = 0
    refusals: tuple[Refusal, ...] = ()
    damage: str | None = None
    skipped_because: str | None = None

    @property
    def is_refused(self) -> bool:
        """Whether Loki refused lines for what a person can mend, such as their age: for another reason than their length."""
        return any(refusal.reason != "too_long" for refusal in self.refusals)


def never() -> bool:
    """A `stop` that lets an object go to its end."""
    return False


class Shipper:
    """Ships objects, several threads at a time. A stream has one push at a time, so that its entries keep their order.

    `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        deliverer: Deliverer,
        checkpoint: Checkpoint,
        services: Services,
        timestamp: Timestamp = "request_creation_time",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._deliverer = deliverer
        self._checkpoint = checkpoint
        self._services = services
        self._timestamp: Timestamp = timestamp
        self._clock = clock
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._in_work: set[str] = set()
        self._change = threading.Condition()

    def ship(
        self,
        source: Source,
        start: int = 0,
        stop: Callable[[], bool] = never,
        backfill: bool = False,  # noqa: FBT001, FBT002 - the last of a row of positions
        on_lines: Callable[[int], None] | None = None,
        on_part: Callable[[Outcome], None] | None = None,
    ) -> Outcome:
        """Ships an object from `start`, or from the checkpoint if that is farther, until its end or, between two blocks, until `stop`.

        `on_lines` is told how many lines each block had that Loki now has. Raises SourceError for an object that is none or cannot be
        read, LokiError as the deliverer does; what was shipped until then is remembered, and `on_part` is told of it.
        """
        began = time.monotonic()
        outcome = Outcome(source.name)
        what = classify_key(source.key_name)
        if isinstance(what, TestFile):
            outcome.finished, outcome.skipped_because = True, "a test file of the load balancer"
        elif isinstance(what, Refused):
            raise SourceError(f"it {what.reason}", where=source.name, permanent=True)
        else:
            try:
                with self._alone(source.identity):
                    self._ship_rest(source, what, outcome, start, stop, on_lines, backfill=backfill)
            except XRayGrafanaError as error:
                error.where = error.where or source.name
                if outcome.read_bytes and on_part is not None:
                    outcome.seconds = time.monotonic() - began
                    on_part(outcome)
                raise
        outcome.seconds = time.monotonic() - began
        return outcome

    @contextmanager
    def _alone(self, identity: str | None) -> Iterator[None]:
        """Has two threads that were told of the same object ship it one after the other, so that the second finds it shipped."""
        if identity is None:
            yield
            return
        with self._change:
            self._change.wait_for(lambda: identity not in self._in_work)
            self._in_work.add(identity)
        try:
            yield
        finally:
            with self._change:
                self._in_work.remove(identity)
                self._change.notify_all()

    def _ship_rest(
        self,
        source: Source,
        key: LogKey | None,
        outcome: Outcome,
        start: int,
        stop: Callable[[], bool],
        on_lines: Callable[[int], None] | None,
        *,
        backfill: bool,
    ) -> None:
        """Ships what the checkpoint does not know as shipped. An object that Loki refused lines of begins anew the next time."""
        position = self._checkpoint.position(source.identity)
        outcome.offset = max(start, position.offset)
        if position.finished:
            outcome.finished, outcome.skipped_because = True, "shipped before"
            return
        self._ship(source, key, outcome, stop, on_lines, backfill=backfill)
        if outcome.finished and outcome.is_refused:
            self._checkpoint.forget(source.identity)
        elif outcome.finished:
            self._checkpoint.save(source.identity, Position(outcome.offset, finished=True))

    def _ship(
        self,
        source: Source,
        key: LogKey | None,
        outcome: Outcome,
        stop: Callable[[], bool],
        on_lines: Callable[[int], None] | None,
        *,
        backfill: bool,
    ) -> None:
        with closing(inflate(source.open)) as chunks:
            try:
                log_type, first = _log_type(chunks, key, source.name)
                if log_type is None:
                    outcome.finished, outcome.skipped_because = True, "a test file of the load balancer"
                    return
                scanner = self._scanner(log_type, key, source)
                outcome.log_type, outcome.load_balancer = log_type, (key.load_balancer if key else None) or ""
                for block in blocks(chain(first, chunks), outcome.offset, LINE_MAX_BYTES):
                    lines = scanner.scan(block.text)
                    self._ship_block(block, lines, key, outcome, backfill=backfill)
                    self._checkpoint.save(source.identity, Position(block.end))
                    if on_lines is not None:
                        on_lines(lines.read)
                    if stop():
                        return
            except DamageError as error:
                outcome.damage = error.summary
        outcome.finished = True

    def _scanner(self, log_type: LogType, key: LogKey | None, source: Source) -> AccessScanner | PlainScanner:
        end_time = key.end_time if key else None
        fallback_ns = source.modified_ns if end_time is None else int(end_time.timestamp()) * _NS
        streams = Streams(self._services, log_type, key)
        if log_type == "access":
            return AccessScanner(streams, fallback_ns, self._timestamp)
        return PlainScanner(streams, fallback_ns, log_type)

    def _ship_block(self, block: Block, lines: Lines, key: LogKey | None, outcome: Outcome, *, backfill: bool) -> None:
        counts = Counts(read=lines.read + len(block.too_long), rejected=len(block.too_long), skipped=lines.blank)
        refusals = [
            Refusal("too_long", 1, f"longer than {LINE_MAX_BYTES:,} bytes: {excerpt(head.decode(errors='replace'))}")
            for head in block.too_long
        ]
        for batch in lines.batches:
            oldest_ns = batch.oldest_ns
            with self._turns[batch.labels]:
                delivery = self._deliverer.deliver(batch, _headers(key, oldest_ns) if backfill else {})
            unreadable = min(batch.unreadable, batch.count - delivery.rejected)
            counts.add(
                Counts(rejected=delivery.rejected, unreadable=unreadable, shipped=batch.count - delivery.rejected - unreadable),
            )
            refusals += delivery.refusals
            outcome.pushes += delivery.pushes
            outcome.retries += delivery.retries
            outcome.sent_bytes += delivery.sent_bytes
            if not backfill:
                outcome.lag_seconds = max(outcome.lag_seconds or 0.0, self._clock() - oldest_ns / _NS)
        outcome.counts.add(counts)
        outcome.read_bytes += block.end - outcome.offset
        outcome.offset = block.end
        outcome.refusals = merged([*outcome.refusals, *refusals], _REFUSALS_MAX)


def _headers(key: LogKey | None, oldest_ns: int) -> Mapping[str, str]:
    """A backfill shard for each hour of the object's time; the same for the same object."""
    end_time = key.end_time if key else None
    seconds = oldest_ns // _NS if end_time is None else int(end_time.timestamp()) - 1
    hour = datetime.fromtimestamp(seconds - seconds % _SECONDS_PER_HOUR, UTC)
    return {_BACKFILL_HEADER: hour.strftime("%Y-%m-%dT%H")}


def _log_type(chunks: Iterator[bytes], key: LogKey | None, name: str) -> tuple[LogType | None, list[bytes]]:
    """The kind of log by its name or else by its first lines, and the chunks that had to be read to tell; no kind for a test file."""
    first: list[bytes] = []
    for chunk in chunks:
        first.append(chunk)
        if b"\n" in chunk or sum(map(len, first)) > LINE_MAX_BYTES:
            break
    head = b"".join(first)
    if head.startswith(b"{"):
        reason = "JSON lines, as CloudWatch's log delivery writes them; ship the load balancer's own logs (access_logs.s3.enabled)"
        raise SourceError(reason, where=name, permanent=True)
    if _TEST_TEXT.match(head):
        return None, first
    if key is not None:
        return key.log_type, first
    guesses = map(guess_log_type, head.split(b"\n", _LINES_TO_GUESS_BY)[:_LINES_TO_GUESS_BY])
    found = next((guess for guess in guesses if guess is not None), None)
    if found is None and head:
        hint = "name it as S3 does, or look at its lines: xray-grafana alb parse FILE"
        raise SourceError("neither its name nor its first lines are those of a load balancer's log", where=name, hint=hint, permanent=True)
    return found or "access", first
