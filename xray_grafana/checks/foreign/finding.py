"""What a rule over foreign files is, what it finds, and the mend it knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from xray_grafana.checks.foreign.context import ForeignContext
    from xray_grafana.checks.foreign.source import Span
    from xray_grafana.checks.foreign.tree import Node

Severity: TypeAlias = Literal["error", "warning", "note"]


class Fix(NamedTuple):
    """A certain mend: the text of `span` becomes `replacement`; an empty span inserts."""

    span: Span
    replacement: str


class Fault(NamedTuple):
    """A node that breaks a rule. The message names what was got and what was expected; `fixes` mend it when all are made, and `offset` is
    where inside the node it shows, if not at its beginning; `remedy` is what to do where the rule's own is too general.
    """

    node: Node
    message: str
    fixes: tuple[Fix, ...] = ()
    offset: int | None = None
    remedy: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class ForeignFinding:
    """One broken rule at one place, line and column counted from 1. Sorts by file and place. A `note` breaks nothing."""

    path: str
    line: int
    column: int
    rule: str
    severity: Severity
    message: str
    reason: str
    remedy: str
    fixes: tuple[Fix, ...] = ()

    def as_values(self) -> dict[str, str | int | bool]:
        """The finding as plain values, for programs."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "message": self.message,
            "reason": self.reason,
            "remedy": self.remedy,
            "fixable": bool(self.fixes),
        }


@dataclass(frozen=True, slots=True)
class ForeignRule:
    """A rule of the registry. `reason` is why breaking it bites, `remedy` what to write instead; `faults` yields what breaks it."""

    id: str
    title: str
    reason: str
    remedy: str
    severity: Severity
    faults: Callable[[ForeignContext], Iterable[Fault]]

    def check(self, context: ForeignContext) -> Iterator[ForeignFinding]:
        """The findings of this rule, in the order in which it comes upon them."""
        for fault in self.faults(context):
            offset = fault.node.span.start if fault.offset is None else fault.offset
            line, column = fault.node.source.position(offset)
            path, remedy = fault.node.source.name, fault.remedy or self.remedy
            yield ForeignFinding(path, line, column, self.id, self.severity, fault.message, self.reason, remedy, fault.fixes)


def rule(
    rule_id: str, title: str, *, reason: str, remedy: str, severity: Severity = "error"
) -> Callable[[Callable[[ForeignContext], Iterable[Fault]]], ForeignRule]:
    """Make a rule of a function that yields faults."""

    def register(faults: Callable[[ForeignContext], Iterable[Fault]]) -> ForeignRule:
        return ForeignRule(rule_id, title, reason, remedy, severity, faults)

    return register
