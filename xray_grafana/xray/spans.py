"""The documents of one trace put together: segments, their subsegments, and subsegments that were sent apart, as one tree.

In: valid segment documents, in any order. Out: the tops of the tree. Odd values never raise, and the order of the documents never matters.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final

_SUBSEGMENT: Final = "subsegment"
_FAR: Final = 1e15  # seconds: 30 million years
_by_start: Final = attrgetter("start", "id")


@dataclass(slots=True, eq=False)
class Span:
    """A segment or subsegment. `document` is its own JSON, the embedded subsegments still in it.

    parent   the span that `parent_id` names or whose document holds this one; None for a root and for an orphan
    orphan   a parent is named that is not there
    segment  the segment it belongs to: itself for a segment; None for a subsegment that was sent apart and is an orphan
    start, end  seconds since 1970; end None while it is in progress
    """

    id: str
    name: str
    document: Mapping[str, Any]
    start: float
    end: float | None
    is_segment: bool
    parent: Span | None = None
    orphan: bool = False
    segment: Span | None = None
    children: list[Span] = field(default_factory=list)

    def walk(self) -> Iterator[Span]:
        """The span and all below it, each before its children, in order of start."""
        pending = [self]
        while pending:
            span = pending.pop()
            yield span
            pending.extend(reversed(span.children))


def assemble(documents: Iterable[Mapping[str, Any]]) -> tuple[Span, ...]:
    """The tops of a trace in order of start: its root, and orphans. Children are in order of start, then id.

    A subsegment that is embedded and was also sent apart counts once: the one sent apart, unless only the embedded one is complete.
    Of two segments with one id the complete one counts. Other spans that share an id all stay; a `parent_id` then means a segment
    before a subsegment sent apart before an embedded one.
    A ring of parents is cut at its earliest span that names its parent, which counts as an orphan.
    """
    given = list(documents)
    apart, embedded = _collect(given)
    by_id = {span.id: span for span in embedded}
    by_id.update((span.id, span) for span in apart)
    if len(by_id) != len(apart) + len(embedded):
        apart, embedded = _collect(sorted(given, key=_canonical))
        apart, embedded, by_id = _settle_clashes(apart, embedded)
    tops = []
    for span in apart:
        parent_id = span.document.get("parent_id")
        if parent_id and isinstance(parent_id, str):
            span.parent = by_id.get(parent_id)
            span.orphan = span.parent is None
        else:
            span.orphan = not span.is_segment
        if span.parent is None:
            tops.append(span)
        else:
            span.parent.children.append(span)
    for span in embedded:
        if span.parent is not None:
            span.parent.children.append(span)
    if len(apart) + len(embedded) > sum(map(_settle, tops)):
        for top in _cut_rings(apart, embedded):
            _settle(top)
            tops.append(top)
    tops.sort(key=_by_start)
    return tuple(tops)


def _collect(documents: Iterable[Mapping[str, Any]]) -> tuple[list[Span], list[Span]]:
    """A span for each document and each subsegment in it: those that came as documents, and those embedded, which know their parents."""
    apart = []
    embedded = []
    for document in documents:
        top = _span(document, is_segment=document.get("type") != _SUBSEGMENT)
        apart.append(top)
        pending = [top]
        for holder in pending:
            inner = holder.document.get("subsegments")
            if inner and isinstance(inner, list):
                for each in inner:
                    if isinstance(each, dict):
                        span = _span(each, is_segment=False, begun=holder.start)
                        span.parent = holder
                        pending.append(span)
        embedded.extend(pending[1:])
    return apart, embedded


def _span(document: Mapping[str, Any], *, is_segment: bool, begun: float = 0.0) -> Span:
    """`begun`: when it started if it does not say so itself."""
    start = _seconds(document.get("start_time"))
    end = None if document.get("in_progress") else _seconds(document.get("end_time"))
    if start is None:
        start = begun if end is None else end
    return Span(str(document.get("id", "")), str(document.get("name", "")), document, start, end, is_segment)


def _seconds(value: object) -> float | None:
    """None also for numbers with which no time can be reckoned."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and -_FAR < value < _FAR:
        return float(value)
    return None


def _canonical(document: Mapping[str, Any]) -> str:
    """Orders documents whatever order they came in; those too deep to be written come first."""
    try:
        return json.dumps(document, sort_keys=True, default=repr)
    except RecursionError:
        return ""


def _settle_clashes(apart: list[Span], embedded: list[Span]) -> tuple[list[Span], list[Span], dict[str, Span]]:
    """What stays where ids are not unique, and the span that each id means. What stays no longer hangs below what does not."""
    by_id: dict[str, Span] = {}
    for span in sorted(embedded, key=lambda span: (span.end is None, *_by_start(span))):
        by_id.setdefault(span.id, span)
    given_up: set[Span] = set()
    first: dict[str, Span] = {}
    for span in sorted(apart, key=lambda span: (not span.is_segment, span.end is None, *_by_start(span))):
        if first.setdefault(span.id, span) is not span:
            given_up.add(span)
    for span in first.values():
        twin = by_id.get(span.id)
        if twin is None or span.is_segment or span.end is not None or twin.end is None:
            by_id[span.id] = span
        else:
            given_up.add(span)
    for span in embedded:
        chosen = by_id[span.id]
        if chosen is not span and chosen.id in first and chosen is first[chosen.id] and not chosen.is_segment:
            given_up.add(span)
    for span in embedded:
        if span.parent in given_up:
            span.parent = by_id[span.parent.id]
    return [span for span in apart if span not in given_up], [span for span in embedded if span not in given_up], by_id


def _settle(top: Span) -> int:
    """Sorts the children below and gives each its segment. The number of spans there."""
    count = 0
    top.segment = top if top.is_segment else None
    pending = [top]
    while pending:
        span = pending.pop()
        count += 1
        children = span.children
        if children:
            if len(children) > 1:
                children.sort(key=_by_start)
            for child in children:
                child.segment = child if child.is_segment else span.segment
            pending.extend(children)
    return count


def _cut_rings(apart: list[Span], embedded: list[Span]) -> Iterator[Span]:
    """Takes the earliest document of each ring out of its parent's hands.

    A ring of embedded ones alone comes from a document that holds its own id, complete where the document itself is open.
    """
    documents = set(apart)
    for ring in list(_rings((*apart, *embedded))):
        first = min([span for span in ring if span in documents] or ring, key=_by_start)
        if first.parent is not None:
            first.parent.children.remove(first)
        first.parent = None
        first.orphan = True
        yield first


def _rings(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """The spans that are above themselves, ring by ring. Every span is looked at once, however many rings there are."""
    seen: set[Span] = set()
    for span in spans:
        way: dict[Span, None] = {}
        above: Span | None = span
        while above is not None and above not in seen:
            seen.add(above)
            way[above] = None
            above = above.parent
        if above is not None and above in way:
            passed = list(way)
            yield passed[passed.index(above) :]
