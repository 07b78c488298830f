"""A trace as a value: its spans, and what can be said of the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from xray_grafana.trace.details import is_inferred
from xray_grafana.xray.spans import Span, assemble
from xray_grafana.xray.trace_id import TraceId

# Lines are stamped outside of spans, and clocks differ: that far around a trace the boards and Loki are asked.
MARGIN_SECONDS: Final = 300


@dataclass(frozen=True)
class Trace:
    """`tops`: roots and orphans in order of start, at least one. What takes a walk over all spans is found once.

    limit_exceeded  X-Ray left segments out
    unreadable      documents that are none
    """

    id: TraceId
    tops: tuple[Span, ...]
    limit_exceeded: bool = False
    unreadable: int = 0

    def spans(self) -> Iterator[Span]:
        """Every span, each before its children, the trees of roots first."""
        for top in (*self.roots, *self.orphans):
            yield from top.walk()

    @property
    def root(self) -> Span | None:
        """Where the request came in; None when that segment is not there."""
        return self.roots[0] if self.roots else None

    @property
    def roots(self) -> tuple[Span, ...]:
        """Spans without a parent: one, unless somebody used an id twice."""
        return tuple(top for top in self.tops if not top.orphan)

    @property
    def orphans(self) -> tuple[Span, ...]:
        """Spans whose parent is not there."""
        return tuple(top for top in self.tops if top.orphan)

    @cached_property
    def start(self) -> float:
        """When the first span began, in seconds since 1970. A span without a time counts only where none has one."""
        return min((span.start for span in self.spans() if span.start > 0), default=0.0)

    @cached_property
    def last(self) -> float:
        """The last moment that anything is known of, in seconds since 1970."""
        return max(span.start if span.end is None else max(span.start, span.end) for span in self.spans())

    @property
    def duration(self) -> float | None:
        """From the first start to the last end, in seconds; None while something runs."""
        return None if self.open_spans else self.last - self.start

    @cached_property
    def open_spans(self) -> int:
        """How many spans are in progress."""
        return sum(span.end is None for span in self.spans())

    @cached_property
    def segments(self) -> tuple[Span, ...]:
        """The segments that services sent."""
        return tuple(span for span in self.spans() if span.is_segment and not is_inferred(span))

    @cached_property
    def services(self) -> tuple[str, ...]:
        """Names of the services that sent them, each once."""
        return tuple(dict.fromkeys(span.name for span in self.segments))


def trace_of(
    trace_id: TraceId, documents: Sequence[Mapping[str, Any]], *, limit_exceeded: bool = False, unreadable: int = 0
) -> Trace | None:
    """The trace of some segment documents; None when there are none."""
    tops = assemble(documents)
    return Trace(trace_id, tops, limit_exceeded, unreadable) if tops else None
