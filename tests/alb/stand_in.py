"""A shipper that reads real objects of S3 and keeps their lines, instead of sending them to Loki."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from xray_grafana.alb.counts import Counts
from xray_grafana.alb.events import ObjectRef
from xray_grafana.alb.message import Part
from xray_grafana.alb.ship import Outcome
from xray_grafana.errors import LokiError, SourceError
from xray_grafana.push.refusals import Refusal

PASSING = {"SlowDown", "InternalError"}


@dataclass
class StandIn:
    """Ships line by line, `seconds_a_line` each.

    `damage` has what is wrong with the end of a key's object, `refusals` what was refused of the lines that were kept, `faults` what to do
    for a key before its object is read, `line_faults` what to do after a line.
    """

    s3: Any
    seconds_a_line: float = 0.0
    damage: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, tuple[Refusal, ...]] = field(default_factory=dict)
    faults: dict[str, Callable[[ObjectRef], None]] = field(default_factory=dict)
    line_faults: dict[bytes, Callable[[], None]] = field(default_factory=dict)
    lines: defaultdict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    begun: Counter[str] = field(default_factory=Counter)
    refs: list[ObjectRef] = field(default_factory=list)
    at_work: int = 0
    at_work_max: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, ref: ObjectRef, stop: Callable[[], bool], on_part: Callable[[Part], None]) -> Part:
        with self.lock:
            self.begun[ref.key] += 1
            self.refs.append(ref)
            self.at_work += 1
            self.at_work_max = max(self.at_work, self.at_work_max)
        try:
            return self._ship(ref, stop, on_part)
        finally:
            with self.lock:
                self.at_work -= 1

    def _ship(self, ref: ObjectRef, stop: Callable[[], bool], on_part: Callable[[Part], None]) -> Part:
        if (fault := self.faults.get(ref.key)) is not None:
            fault(ref)
        body, offset, counts = self._read(ref), ref.offset, Counts()

        def part(damage: str | None = None, *, finished: bool = False) -> Part:
            refusals = self.refusals.get(ref.key, ())
            outcome = Outcome(ref.name, counts=counts, finished=finished, offset=offset, damage=damage, refusals=refusals)
            return Part(outcome, replace(ref, offset=offset))

        while offset < len(body):
            end = body.index(b"\n", offset) + 1
            self.lines[ref.key].append(body[offset : end - 1])
            offset = end
            counts.read += 1
            counts.shipped += 1
            time.sleep(self.seconds_a_line)
            if (line_fault := self.line_faults.get(self.lines[ref.key][-1])) is not None:
                try:
                    line_fault()
                except (SourceError, LokiError):
                    on_part(part())
                    raise
            if offset < len(body) and stop():
                return part()
        return part(self.damage.get(ref.key), finished=True)

    def _read(self, ref: ObjectRef) -> bytes:
        try:
            return bytes(self.s3.get_object(Bucket=ref.bucket, Key=ref.key)["Body"].read())
        except ClientError as error:
            code = error.response["Error"]["Code"]
            raise SourceError(f"S3 answered {code}", where=ref.name, permanent=code not in PASSING) from error
