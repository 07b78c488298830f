"""What is to blame: the spans of one trace in, paths to failures and to slowness out, as X-Ray's root causes show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, Literal

from xray_grafana.sandbox.facts.facts import Cause, CauseEntity, CauseException, CauseService, Node
from xray_grafana.xray.calls import is_call
from xray_grafana.xray.members import storable
from xray_grafana.xray.outcome import Flags, exceptions_of, seconds_of
from xray_grafana.xray.spans import Span

_HALF: Final = 0.5


def failure_causes(
    kind: Literal["fault", "error"], failed: Mapping[Span, Flags], nodes: Mapping[Span, Node], root: Span | None
) -> tuple[Cause, ...]:
    """One path for each failure that no failed span above accounts for: from a segment to an exception or to a failed inferred node.

    failed  the spans with a flag, each before its children
    nodes   of segments, and of calls whose callee is inferred
    A throttled span is an error here. A flag alone gives no cause. Sources: captured answers of X-Ray; for which of several paths is taken,
    an emulator that replays them (docs/reference/sandbox-rules.md).
    """
    chosen = [span for span, flags in failed.items() if (flags.fault if kind == "fault" else flags.error or flags.throttle)]
    return tuple(_Failures(chosen, nodes).causes(root)) if chosen else ()


def response_time_causes(root: Span | None, nodes: Mapping[Span, Node]) -> tuple[Cause, ...]:
    """The path from the root along each longest child that took more than half of the root's time, and not more than all of it.

    None if the root is open, took no time, or has no such child. Source: captured answers of X-Ray for 3 s of 4 s, which is listed, and
    1 s, which is not; the rest follows an emulator that replays them (docs/reference/sandbox-rules.md).
    """
    total = seconds_of(root) if root is not None else None
    if root is None or not total:
        return ()
    path = [root]
    while True:
        slow = [(took, child) for child in path[-1].children if (took := seconds_of(child)) is not None and _HALF < took / total <= 1]
        if not slow:
            break
        path.append(max(slow, key=lambda each: each[0])[1])
    services = _services(path, nodes, total)
    return (Cause(services, client_impacting=True),) if len(path) > 1 and services else ()


class _Failures:
    """The failed spans of one kind, and where the path below each leads."""

    def __init__(self, failed: Sequence[Span], nodes: Mapping[Span, Node]) -> None:
        self._failed = failed
        self._nodes = nodes
        self._referred = _references(failed)
        self._below: dict[Span, tuple[Span, ...]] = {}  # the next steps; nothing where the path ends
        members = set(failed)
        for span in reversed(failed):
            steps = self._steps(span, members)
            if steps is not None:
                self._below[span] = steps

    def causes(self, root: Span | None) -> Iterator[Cause]:
        """The causes in order of their starts. `claimed` grows to hold every span that one of them accounts for."""
        claimed: set[Span] = set()
        for span in self._failed:
            inferred = self._is_inferred(span)
            parent = span.parent
            is_claimed = span in claimed or (parent in claimed and not (inferred and self._leads_elsewhere(parent, span)))
            if inferred and not is_claimed:
                yield Cause((_receiver(span, self._nodes[span], None, _exceptions(span)),), client_impacting=False)
            if is_claimed or span.is_segment:
                claimed.add(span)
                claimed.update(self._referred.get(span, ()))
            if span.is_segment and not is_claimed and span in self._below:
                yield Cause(_services(self._path(span), self._nodes, None), client_impacting=span is root)

    def _is_inferred(self, span: Span) -> bool:
        return span in self._nodes and not span.is_segment

    def _leads_elsewhere(self, parent: Span, span: Span) -> bool:
        """The parent's own cause is an exception of another branch: that one does not account for this failure."""
        referred = self._referred.get(parent)
        return referred is not None and span not in referred

    def _steps(self, span: Span, members: set[Span]) -> tuple[Span, ...] | None:
        """What the path takes after this span; None where it leads to no cause. A failed inferred node goes before an own exception."""
        if self._is_inferred(span):
            return ()
        referred = self._referred.get(span)
        if referred is not None:
            return referred
        leading = [child for child in span.children if child in members and child in self._below]
        for child in leading:
            if self._is_inferred(child):
                return (child,)
        if leading:
            return (leading[0],)
        return () if _exceptions(span) else None

    def _path(self, start: Span) -> list[Span]:
        path = [start]
        while steps := self._below.get(path[-1], ()):
            path.extend(steps)
        return path


def _exceptions(span: Span) -> tuple[CauseException, ...]:
    """The exceptions that the span itself raised."""
    return tuple(CauseException(raised.name or "", raised.message) for raised in exceptions_of(span.document))


def _references(failed: Sequence[Span]) -> dict[Span, tuple[Span, ...]]:
    """For a span whose `cause` is the id of an exception further down: the spans from there to its owner (X-Ray Developer Guide)."""
    named = {span: cause for span in failed if isinstance(cause := span.document.get("cause"), str)}
    if not named:
        return {}
    owners: dict[str, Span] = {}
    for span in failed:
        for raised in exceptions_of(span.document):
            owners.setdefault(raised.id or "", span)
    found = {}
    for span, cause in named.items():
        steps = []
        above = owners.get(cause)
        while above is not None and above is not span:
            steps.append(above)
            above = above.parent
        if above is span and steps:
            found[span] = tuple(reversed(steps))
    return found


def _services(path: Sequence[Span], nodes: Mapping[Span, Node], total: float | None) -> tuple[CauseService, ...]:
    """The path service by service; behind a call that nobody answered stands the inferred node."""
    services = []
    for segment, spans in groupby(path, key=_owner):
        entities = tuple(CauseEntity(storable(each.name), _exceptions(each), _coverage(each, total), is_call(each)) for each in spans)
        node = nodes[segment]
        services.append(CauseService(node.name, node.type or "", node.account, inferred=False, entities=entities))
    last = path[-1]
    if not last.is_segment and last in nodes:
        services.append(_receiver(last, nodes[last], total))
    return tuple(services)


def _owner(span: Span) -> Span:
    return span.segment or span


def _receiver(call: Span, node: Node, total: float | None, exceptions: tuple[CauseException, ...] = ()) -> CauseService:
    """The inferred node behind a call. The call's exceptions are the caller's; they are the node's where the caller is not on the path."""
    entity = CauseEntity(storable(call.name), exceptions, _coverage(call, total), remote=False)
    return CauseService(node.name, node.type or "", node.account, inferred=True, entities=(entity,))


def _coverage(span: Span, total: float | None) -> float | None:
    took = seconds_of(span)
    return None if total is None or took is None else took / total
