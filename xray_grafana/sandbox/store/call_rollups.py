"""Which operations services offer and which of others they call, counted by hour of receipt: what Application Signals lists."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from sqlite3 import Connection
from typing import Final, NamedTuple

from xray_grafana.sandbox.facts.facts import Node, TraceFacts

HOUR: Final = 3600
# The names CloudWatch's agents give where a request tells none.
NO_OPERATION: Final = "InternalOperation"
NO_REMOTE_OPERATION: Final = "UnknownRemoteOperation"

SCHEMA: Final = """
CREATE TABLE operations (
  hour INTEGER NOT NULL,
  service TEXT NOT NULL,
  operation TEXT NOT NULL,
  dependency TEXT NOT NULL,
  dependency_operation TEXT NOT NULL,
  seen INTEGER NOT NULL,
  PRIMARY KEY (hour, service, operation, dependency, dependency_operation)
) WITHOUT ROWID;
"""


class Call(NamedTuple):
    """A service's operation and, unless None, what it calls and the operation there. `inferred`: no segment of the callee came."""

    service: Node
    operation: str
    dependency: Node | None
    inferred: bool
    dependency_operation: str


def calls(facts: TraceFacts) -> Iterator[Call]:
    """The operations a trace went through, and the calls between them."""
    for visit in facts.visits:
        if visit.role == "service":
            yield Call(visit.node, short(visit.operation, NO_OPERATION), None, inferred=False, dependency_operation="")
    for edge in facts.edges:
        caller, callee = facts.visits[edge.caller], facts.visits[edge.callee]
        if caller.role == "service":
            remote = short(callee.operation, NO_REMOTE_OPERATION)
            inferred = callee.role == "inferred"
            yield Call(caller.node, short(caller.operation, NO_OPERATION), callee.node, inferred, remote)


@lru_cache(maxsize=4096)
def short(operation: str | None, absent: str) -> str:
    """`GET /orders/17` as `GET /orders`: Application Signals keeps the first part of a path, so that operations stay few."""
    method, space, path = (operation or "").partition(" ")
    if not method:
        return absent
    if not space or not path.startswith("/"):
        return f"{method}{space}{path}"[:_LONGEST]
    return f"{method} /{path[1:].partition('/')[0].partition('?')[0]}"[:_LONGEST]


def count(into: Counter[tuple[int, Call]], facts: TraceFacts, received: float, times: int) -> None:
    """Adds a trace's calls, or takes them away when `times` is -1, to those of the hour in which it was received."""
    hour = int(received // HOUR)
    for call in calls(facts):
        into[hour, call] += times


def write(connection: Connection, changes: Mapping[tuple[int, Call], int]) -> None:
    """Brings counted calls into the table. To be called in a write transaction."""
    for (hour, call), change in changes.items():
        _change(connection, (hour, *_columns(call)), change)


def calls_between(connection: Connection, start: float, end: float) -> set[Call]:
    """Every different call of the hours that a span of time touches, seconds since 1970."""
    query = "SELECT DISTINCT service, operation, dependency, dependency_operation FROM operations WHERE hour >= ? AND hour <= ?"
    return {_call(*row) for row in connection.execute(query, (int(start // HOUR), int(end // HOUR)))}


def forget(connection: Connection, before: float) -> None:
    """Deletes what was counted in hours that ended before a time, seconds since 1970."""
    connection.execute("DELETE FROM operations WHERE hour < ?", (int(before // HOUR),))


# botocore service model of application-signals, OperationName.
_LONGEST: Final = 255

_SELECT_ONE: Final = """
SELECT seen FROM operations WHERE hour = ? AND service = ? AND operation = ? AND dependency = ? AND dependency_operation = ?
"""
_DELETE_ONE: Final = """
DELETE FROM operations WHERE hour = ? AND service = ? AND operation = ? AND dependency = ? AND dependency_operation = ?
"""


def _change(connection: Connection, key: tuple[int | str, ...], change: int) -> None:
    row = connection.execute(_SELECT_ONE, key).fetchone()
    seen = change + (row[0] if row else 0)
    if seen > 0:
        connection.execute("INSERT OR REPLACE INTO operations VALUES (?, ?, ?, ?, ?, ?)", (*key, seen))
    elif row:
        connection.execute(_DELETE_ONE, key)


def _columns(call: Call) -> tuple[str, str, str, str]:
    dependency = "" if call.dependency is None else json.dumps((call.dependency, call.inferred), ensure_ascii=False)
    return json.dumps(call.service, ensure_ascii=False), call.operation, dependency, call.dependency_operation


def _call(service: str, operation: str, dependency: str, dependency_operation: str) -> Call:
    node, inferred = json.loads(dependency) if dependency else (None, False)
    return Call(Node._make(json.loads(service)), operation, node and Node._make(node), inferred, dependency_operation)
