"""What a shipper has done since it started, and the one line that it says about each object."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from xray_grafana import contract
from xray_grafana.alb.counts import Counts
from xray_grafana.alb.logfmt import logfmt
from xray_grafana.alb.ship import Outcome


@dataclass(slots=True)
class Totals:
    """Sums over outcomes; safe to share between threads.

    objects   by what became of them: shipped, continued (a part, the rest follows), damaged, refused (some of their lines), skipped
    lag_seconds  of the last object that had lines
    """

    counts: Counts = field(default_factory=Counts)
    objects: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("shipped", "continued", "damaged", "refused", "skipped"), 0))
    failures: int = 0
    read_bytes: int = 0
    sent_bytes: int = 0
    pushes: int = 0
    retries: int = 0
    lag_seconds: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, outcome: Outcome) -> None:
        """Adds an outcome."""
        with self.lock:
            self.counts.add(outcome.counts)
            self.objects[_kind(outcome)] += 1
            self.read_bytes += outcome.read_bytes
            self.sent_bytes += outcome.sent_bytes
            self.pushes += outcome.pushes
            self.retries += outcome.retries
            if outcome.lag_seconds is not None:
                self.lag_seconds = outcome.lag_seconds

    def add_failure(self) -> None:
        """Counts an object that could not be read or delivered."""
        with self.lock:
            self.failures += 1


def _kind(outcome: Outcome) -> str:
    if outcome.skipped_because is not None:
        return "skipped"
    if outcome.damage is not None:
        return "damaged"
    if not outcome.finished:
        return "continued"
    return "refused" if outcome.is_refused else "shipped"


def object_line(outcome: Outcome) -> str:
    """An outcome in logfmt, as the board Pipeline health reads it: `event=object object=s3://… read=… shipped=… rejected=… …`."""
    counts = outcome.counts
    fields: dict[str, object] = {
        "event": contract.SHIPPER_EVENT_OBJECT,
        "object": outcome.name,
        "result": _kind(outcome),
        contract.LABEL_LOG_TYPE: outcome.log_type,
        contract.LABEL_LOAD_BALANCER: outcome.load_balancer,
        "read": counts.read,
        **{name: getattr(counts, name) for name in contract.SHIPPER_COUNTS},
        "read_bytes": outcome.read_bytes,
        "sent_bytes": outcome.sent_bytes,
        "pushes": outcome.pushes,
        "retries": outcome.retries,
        "seconds": f"{outcome.seconds:.3f}",
        contract.SHIPPER_LAG_FIELD: "" if outcome.lag_seconds is None else f"{outcome.lag_seconds:.0f}",
        "damage": outcome.damage or "",
        "skipped_because": outcome.skipped_because or "",
        "refused": "; ".join(f"{refusal.count} {refusal.reason}: {refusal.example}" for refusal in outcome.refusals),
    }
    return logfmt({name: value for name, value in fields.items() if value != ""})
