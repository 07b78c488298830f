"""The lines of a trace in Loki: selectors and a trace in, load-balancer lines and log lines out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from xray_grafana import contract
from xray_grafana.alb.access import AccessLine, LineError, parse_access
from xray_grafana.config.models import Logs
from xray_grafana.loki import logql
from xray_grafana.trace.entries import Entry, Loki, Window, query
from xray_grafana.trace.lines import LINES_MAX, NANOS_PER_SECOND, AlbLine, Lines, LogLine
from xray_grafana.trace.trace import MARGIN_SECONDS, Trace
from xray_grafana.xray.trace_id import TraceId

ALB_LINES_MAX: Final = 20
# Loki and Go count nanoseconds in 63 bits.
_SECONDS_MAX: Final = (2**63 - 1) // NANOS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Selectors:
    """Which streams hold load-balancer lines and which all lines of a trace, and which forms of the id the latter may hold.

    The defaults are those of the config.
    """

    alb: str = Logs.model_fields["alb_selector"].default
    trace: str = Logs.model_fields["trace_selector"].default
    forms: tuple[str, ...] = Logs.model_fields["id_forms"].default


def lines_of(loki: Loki, selectors: Selectors, trace: Trace) -> Lines:
    """Asks three times: for lines of load balancers, for lines that hold the id, and for lines that have it as metadata.

    Raises LokiError.
    """
    window = window_of(trace)
    alb = query(loki, logql.exact_access_line(selectors.alb, trace.id.xray), window, ALB_LINES_MAX)
    ids = "|".join(_ids(trace.id, selectors.forms))
    held = query(loki, logql.lines_matching(selectors.trace, ids), window, LINES_MAX)
    marked = query(loki, f"{selectors.trace} | {contract.METADATA_TRACE_ID}=~`{ids}`", window, LINES_MAX)
    found = {(entry.time_ns, entry.line, entry.labels.get(contract.LABEL_SERVICE)): entry for entry in (*held, *marked)}
    lines = sorted((entry for entry in found.values() if not _is_access(entry)), key=lambda entry: entry.time_ns)
    is_cut = LINES_MAX in {len(held), len(marked)} or len(lines) > LINES_MAX
    return Lines(tuple(_alb_lines(alb, trace.id)), tuple(map(_log_line, lines[:LINES_MAX])), is_cut)


def window_of(trace: Trace) -> Window:
    """The trace's time with a margin on both sides."""
    return Window(_nanoseconds(trace.start - MARGIN_SECONDS), _nanoseconds(trace.last + MARGIN_SECONDS))


def _ids(trace_id: TraceId, forms: tuple[str, ...]) -> list[str]:
    return [text for form, text in (("xray", trace_id.xray), ("w3c", trace_id.otel)) if form in forms]


def _nanoseconds(seconds: float) -> int:
    return int(max(0.0, min(seconds, _SECONDS_MAX)) * NANOS_PER_SECOND)


def _alb_lines(entries: list[Entry], trace_id: TraceId) -> list[AlbLine]:
    """By the arrival of their requests; one that cannot be read, or is of another trace after all, is left out."""
    found: dict[str, AlbLine] = {}
    for entry in entries:
        access = _access(entry)
        if access is not None and access.trace.root == trace_id:
            found.setdefault(entry.line, AlbLine(entry.line, access))
    return sorted(found.values(), key=lambda line: line.access.creation_ns)


def _is_access(entry: Entry) -> bool:
    return entry.labels.get(contract.LABEL_LOG_TYPE) == contract.LOG_TYPE_ACCESS or _access(entry) is not None


def _access(entry: Entry) -> AccessLine | None:
    try:
        return parse_access(entry.line.encode(errors="replace"))
    except LineError:
        return None


def _log_line(entry: Entry) -> LogLine:
    return LogLine(entry.time_ns, entry.labels.get(contract.LABEL_SERVICE), entry.labels.get("span_id"), entry.line)
