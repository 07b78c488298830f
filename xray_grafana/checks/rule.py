"""What a rule is and what it finds.

A rule is a function over the whole context that yields a fault for each place that breaks it. The decorator gives it its id, its reason
(what happens to whoever loads the bundle, as it was measured) and its remedy, and turns faults into findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from xray_grafana.checks.context import Context

Severity: TypeAlias = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands: the path of its artifact, and a pointer inside it that a person can follow."""

    path: str
    pointer: str

    def within(self, more: str) -> Place:
        """A place inside this one."""
        return Place(self.path, f"{self.pointer} {more}" if self.pointer else more)


class Fault(NamedTuple):
    """A place that breaks a rule; the message names what was got and what was expected."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One broken rule at one place. Sorts by rule, then by artifact and place."""

    rule: str
    severity: Severity
    path: str
    place: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the registry. `reason` is what a bundle that breaks it does; `check` yields its findings."""

    id: str
    title: str
    reason: str
    check: Callable[[Context], Iterable[Finding]]


def rule(
    rule_id: str, title: str, *, reason: str, remedy: str, severity: Severity = "error"
) -> Callable[[Callable[[Context], Iterable[Fault]]], Rule]:
    """Make a rule of a function that yields faults."""

    def register(faults: Callable[[Context], Iterable[Fault]]) -> Rule:
        def check(context: Context) -> Iterator[Finding]:
            for fault in faults(context):
                yield Finding(rule_id, severity, fault.place.path, fault.place.pointer, fault.message, remedy)

        return Rule(rule_id, title, reason, check)

    return register
