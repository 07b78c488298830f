"""Which groups a trace belongs to. It is decided when a trace is read, by the filters of that moment, and not again when they change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from sqlite3 import Connection
from typing import Final, NamedTuple

from xray_grafana.sandbox.facts.facts import TraceFacts
from xray_grafana.sandbox.facts.match import matches
from xray_grafana.sandbox.store.rollups import DEFAULT_GROUP
from xray_grafana.xray.expression import Expression, parse_filter

_MADE: Final = "SELECT name, arn, filter FROM groups WHERE filter IS NOT NULL ORDER BY name"


class Groups(NamedTuple):
    """The groups of one moment.

    arns         by name, in order of names, without Default, which has every trace
    expressions  by name and by ARN; None for Default, which has no filter
    """

    arns: Mapping[str, str]
    expressions: Mapping[str, Expression | None]

    def of(self, facts: TraceFacts) -> tuple[str, ...]:
        """The names of those whose filter finds the trace."""
        return tuple(name for name in self.arns if self._finds(name, facts))

    def names_of(self, arns: Iterable[str]) -> tuple[str, ...]:
        """The names of groups by their ARNs, in order of names, without those that are gone. An ARN is never another group's later."""
        wanted = set(arns)
        return tuple(name for name, arn in self.arns.items() if arn in wanted)

    def _finds(self, name: str, facts: TraceFacts) -> bool:
        expression = self.expressions[name]
        return expression is not None and matches(expression, facts, self.expressions)


def read_groups(connection: Connection) -> Groups:
    """The groups as they stand."""
    arns = {}
    expressions: dict[str, Expression | None] = {DEFAULT_GROUP: None}
    for name, arn, text in connection.execute(_MADE):
        arns[name] = arn
        expressions[name] = expressions[arn] = _parsed(text)
    return Groups(arns, expressions)


@lru_cache(maxsize=128)
def _parsed(text: str) -> Expression:
    return parse_filter(text)
