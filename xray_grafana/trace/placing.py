"""Under which span a log line belongs: by the span id it carries, else by its service and its time, else beneath the root."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from xray_grafana.trace.details import is_inferred, service_of
from xray_grafana.trace.lines import NANOS_PER_SECOND, LogLine
from xray_grafana.trace.trace import Trace
from xray_grafana.xray.spans import Span


def placed(lines: Sequence[LogLine], trace: Trace) -> Mapping[Span, tuple[LogLine, ...]]:
    """The lines of each span that has some, in their order.

    Of a service's spans, its calls included, the shortest that runs at the line's time takes it; when none does, the one that is nearest
    in time. A service that has no span has its lines beneath the root, or beneath the first span where there is no root.
    """
    by_id: dict[str, Span] = {}
    by_service: dict[str, list[Span]] = defaultdict(list)
    for span in trace.spans():
        by_id.setdefault(span.id, span)
        service = service_of(span)
        if service is not None and not is_inferred(span):
            by_service[service.lower()].append(span)
    found: dict[Span, list[LogLine]] = defaultdict(list)
    for line in lines:
        candidates = by_service.get((line.service or "").lower())
        nearest = _nearest(candidates, line.time_ns / NANOS_PER_SECOND) if candidates else trace.root or trace.tops[0]
        found[by_id.get(line.span_id or "", nearest)].append(line)
    return {span: tuple(own) for span, own in found.items()}


def _nearest(spans: Sequence[Span], moment: float) -> Span:
    def distance(span: Span) -> tuple[float, float]:
        end = float("inf") if span.end is None else span.end
        return max(span.start - moment, moment - end, 0.0), end - span.start

    return min(spans, key=distance)
