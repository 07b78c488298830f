"""How many requests have a trace in X-Ray, and why the others have none: samples in, a row for each load balancer out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from xray_grafana import contract
from xray_grafana.alb.logfmt import logfmt
from xray_grafana.alb.samples import Sample
from xray_grafana.alb.traces import Known

_NANOS_PER_SECOND: Final = 1_000_000_000
# X-Ray keeps traces for 30 days: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html
KEPT_SECONDS: Final = 30 * 86_400
# Until a trace can be asked for its segments must have come, and load balancers write lines of requests that are not over elsewhere.
YOUNG_SECONDS: Final = 300


class Reason(Enum):
    """Why an id is not in X-Ray: name in JSON, words for people. The first that fits is given."""

    TOO_OLD = ("too_old", "older than 30 days, which is as long as X-Ray keeps traces")
    TOO_YOUNG = ("too_young", "younger than 5 minutes: its segments may still be on their way")
    NOT_SAMPLED = ("not_sampled", "not sampled by the caller: its header says Sampled=0")
    LOAD_BALANCER = ("load_balancer", "answered by the load balancer itself: no service was reached")
    NO_SEGMENT = (
        "no_segment",
        "no segment: not sampled, or the service starts an id of its own (OpenTelemetry propagators drop a Root-only header)",
    )

    def __init__(self, key: str, words: str) -> None:
        self.key = key
        self.words = words


@dataclass(frozen=True, slots=True)
class Row:
    """What became of the ids of one load balancer. `checked` are those that X-Ray answered for; `unprocessed` those it left undone."""

    load_balancer: str
    checked: int
    found: int
    missing: Mapping[Reason, int]
    unprocessed: int

    @property
    def share(self) -> float | None:
        """Found of checked, 0 to 1; None when none was checked."""
        return self.found / self.checked if self.checked else None


def rows_of(samples: Iterable[Sample], known: Known, now_ns: int) -> list[Row]:
    """A row for each load balancer, by name."""
    by_balancer: dict[str, list[Sample]] = {}
    for sample in samples:
        by_balancer.setdefault(sample.load_balancer, []).append(sample)
    return [_row(name, by_balancer[name], known, now_ns) for name in sorted(by_balancer)]


def total_of(rows: Iterable[Row]) -> Row:
    """All load balancers together."""
    listed = list(rows)
    missing = {reason: sum(row.missing.get(reason, 0) for row in listed) for reason in Reason}
    return Row(
        "all",
        sum(row.checked for row in listed),
        sum(row.found for row in listed),
        {reason: count for reason, count in missing.items() if count},
        sum(row.unprocessed for row in listed),
    )


def _row(load_balancer: str, samples: list[Sample], known: Known, now_ns: int) -> Row:
    missing: dict[Reason, int] = {}
    found = unprocessed = 0
    for sample in samples:
        trace_id = sample.trace_id.xray
        if trace_id in known.found:
            found += 1
        elif trace_id in known.unprocessed:
            unprocessed += 1
        else:
            reason = _reason(sample, now_ns)
            missing[reason] = missing.get(reason, 0) + 1
    ordered = {reason: missing[reason] for reason in Reason if reason in missing}
    return Row(load_balancer, found + sum(missing.values()), found, ordered, unprocessed)


def _reason(sample: Sample, now_ns: int) -> Reason:
    """The id's own time counts too: a caller may send one from last year."""
    age_seconds = (now_ns - sample.time_ns) / _NANOS_PER_SECOND
    id_age_seconds = now_ns / _NANOS_PER_SECOND - sample.trace_id.epoch_seconds
    if max(age_seconds, id_age_seconds) > KEPT_SECONDS:
        return Reason.TOO_OLD
    if age_seconds < YOUNG_SECONDS:
        return Reason.TOO_YOUNG
    if sample.sampled is False:
        return Reason.NOT_SAMPLED
    return Reason.NO_SEGMENT if sample.reached_service else Reason.LOAD_BALANCER


def logfmt_of(row: Row) -> str:
    """The line that the pipeline board reads: contract.SHIPPER_EVENT_REPORT."""
    fields = {
        "event": contract.SHIPPER_EVENT_REPORT,
        contract.LABEL_LOAD_BALANCER: row.load_balancer,
        contract.SHIPPER_REPORT_CHECKED: row.checked,
        contract.SHIPPER_REPORT_FOUND: row.found,
        **{reason.key: row.missing.get(reason, 0) for reason in Reason},
        "unprocessed": row.unprocessed,
    }
    return logfmt(fields)
