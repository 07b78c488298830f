"""Counts made when a trace is derived, so that graphs and statistics of hours never read traces: what traces contribute goes in and out,
the counts of nodes and edges over a range of time come out.

Counted is by group ("Default" has every trace), minute of receipt, and node or edge; and the same again by hour, so that six hours are few
rows. Open requests are not counted. Counts are integers (time in microseconds, its spread in the fixed bins of
`tally.bin_of`), so taking a trace's contribution out leaves exactly what was there before it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from sqlite3 import Connection
from typing import Final, NamedTuple

from xray_grafana.sandbox.facts.facts import Node, Role, TraceFacts
from xray_grafana.sandbox.store import call_rollups
from xray_grafana.sandbox.store.tally import Tally, bin_of
from xray_grafana.xray.outcome import Outcome

MINUTE: Final = 60
HOUR: Final = 3600
_MINUTES: Final = HOUR // MINUTE  # in an hour
DEFAULT_GROUP: Final = "Default"

ROLLUP_SCHEMA: Final = f"""
CREATE TABLE rollup_series (
  number INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE
);
CREATE TABLE rollups (
  group_name TEXT NOT NULL,
  span INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  series INTEGER NOT NULL,
  ok INTEGER NOT NULL,
  error INTEGER NOT NULL,
  throttle INTEGER NOT NULL,
  fault INTEGER NOT NULL,
  micros INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  bins TEXT NOT NULL,
  PRIMARY KEY (group_name, span, slot, series)
) WITHOUT ROWID;
{call_rollups.SCHEMA}"""


class Counted(NamedTuple):
    """A trace as it is counted: when it was received (seconds since 1970) and the groups it belongs to, Default not named."""

    facts: TraceFacts
    received: float
    groups: tuple[str, ...]


class Series(NamedTuple):
    """What is counted: a node (`callee` None), or the calls of a node to another.

    root   requests that entered the system here; of a node only
    alias  the name under which the caller knows the callee; of an edge only
    """

    node: Node
    role: Role
    root: bool
    callee: Node | None
    callee_role: Role | None
    alias: Node | None
    linked: bool


class Contribution(NamedTuple):
    """One request. `outcome` and `seconds` None: it is open."""

    series: Series
    outcome: Outcome | None
    seconds: float | None


class Row(NamedTuple):
    """Counts of one series in one slot, which began at `slot * span` seconds since 1970. `bins` is JSON."""

    slot: int
    series: int
    ok: int
    error: int
    throttle: int
    fault: int
    micros: int
    first: int
    last: int
    bins: str


class Faults(NamedTuple):
    """Of one series in one minute since 1970: all requests that ended, and those of them that failed."""

    minute: int
    series: int
    requests: int
    faults: int


def contributions(facts: TraceFacts) -> Iterator[Contribution]:
    """What a trace adds: a request for each visit but the client's, whose numbers are its edge's, and one for each edge."""
    visits = facts.visits
    for visit in visits:
        if visit.role != "client":
            node = Series._make((visit.node, visit.role, visit.root, None, None, None, False))
            yield Contribution(node, visit.outcome, visit.response_seconds)
    for edge in facts.edges:
        caller, callee = visits[edge.caller], visits[edge.callee]
        call = Series._make((caller.node, caller.role, False, callee.node, callee.role, edge.alias, edge.linked))
        yield Contribution(call, edge.outcome, edge.response_seconds)


def apply(connection: Connection, removed: Iterable[Counted], added: Iterable[Counted]) -> None:
    """Takes the first traces out of the counts and puts the second in. To be called in a write transaction.

    What `forget` or `forget_group` has deleted stays deleted: taking out what is not there changes nothing.
    """
    changes: dict[tuple[int, tuple[str, ...]], dict[Series, Tally]] = {}
    calls: Counter[tuple[int, call_rollups.Call]] = Counter()
    for traces, times in ((removed, -1), (added, 1)):
        for facts, received, groups in traces:
            tallies = changes.setdefault((int(received // MINUTE), groups), {})
            began = int(facts.start)
            for series, outcome, seconds in contributions(facts):
                if outcome is not None and seconds is not None:
                    tally = tallies.get(series)
                    if tally is None:
                        tally = tallies[series] = Tally()
                    tally.count(outcome, seconds, bin_of(seconds), began, times)
            call_rollups.count(calls, facts, received, times)
    _write(connection, changes)
    call_rollups.write(connection, calls)


def series_of(connection: Connection) -> dict[int, Series]:
    """Every series that is or was counted, by its number."""
    return {number: _series(key) for number, key in connection.execute("SELECT number, key FROM rollup_series")}


def rows_between(connection: Connection, group: str, first: int, end: int) -> list[Row]:
    """The counts of minutes `first` (since 1970) up to but not with `end`: by hour where the whole hour is asked for, by minute elsewhere.

    Which is which does not show in a row: they are good for adding up only.
    """
    first_hour, end_hour = -(-first // _MINUTES), end // _MINUTES
    if first_hour >= end_hour:
        return minutes_between(connection, group, first, end)
    return [
        *minutes_between(connection, group, first, first_hour * _MINUTES),
        *_rows(connection, group, HOUR, first_hour, end_hour),
        *minutes_between(connection, group, end_hour * _MINUTES, end),
    ]


def minutes_between(connection: Connection, group: str, first: int, end: int, series: Iterable[int] | None = None) -> list[Row]:
    """The counts of minutes `first` (since 1970) up to but not with `end`, a row for each minute and series, in order of time.

    `series`: these only.
    """
    return _rows(connection, group, MINUTE, first, end, None if series is None else json.dumps(sorted(series)))


def busy_minutes(connection: Connection, group: str, first: int, end: int) -> list[int]:
    """The minutes in which anything was counted, in order."""
    query = "SELECT DISTINCT slot FROM rollups WHERE group_name = ? AND span = ? AND slot >= ? AND slot < ? ORDER BY slot"
    return [slot for (slot,) in connection.execute(query, (group, MINUTE, first, end))]


def faults_between(connection: Connection, group: str, first: int, end: int, series: Iterable[int]) -> list[Faults]:
    """The faults of some series in minutes `first` (since 1970) up to but not with `end`."""
    wanted = json.dumps(sorted(series))
    return list(map(Faults._make, connection.execute(_SELECT_FAULTS, (group, MINUTE, first, end, wanted))))


def active_series(connection: Connection, group: str, first: int, end: int) -> set[int]:
    """The series in which anything was counted in the hours that these minutes are of."""
    query = "SELECT DISTINCT series FROM rollups WHERE group_name = ? AND span = ? AND slot >= ? AND slot <= ?"
    return {series for (series,) in connection.execute(query, (group, HOUR, first // _MINUTES, end // _MINUTES))}


def tally_of(row: Row) -> Tally:
    """A row's counts, to be added to others."""
    bins = {int(place): count for place, count in json.loads(row.bins).items()}
    return Tally(row.ok, row.error, row.throttle, row.fault, row.micros, bins, row.first, row.last)


def added_up(rows: Iterable[Row], series: Mapping[int, Series]) -> dict[Series, Tally]:
    """The counts of each series over all rows."""
    tallies: dict[int, Tally] = {}
    for row in rows:
        tally = tallies.get(row.series)
        if tally is None:
            tallies[row.series] = tally_of(row)
        else:
            tally.add(tally_of(row))
    return {series[number]: tally for number, tally in tallies.items()}


def forget(connection: Connection, before: float) -> None:
    """Deletes the counts of minutes and hours that ended before a time, seconds since 1970."""
    for span in (MINUTE, HOUR):
        connection.execute("DELETE FROM rollups WHERE span = ? AND slot < ?", (span, int(before // span)))
    connection.execute("DELETE FROM rollup_series WHERE number NOT IN (SELECT series FROM rollups)")
    call_rollups.forget(connection, before)


def forget_group(connection: Connection, group: str) -> None:
    """Deletes a group's counts, for a group that is deleted."""
    connection.execute("DELETE FROM rollups WHERE group_name = ?", (group,))


_SELECT: Final = """
SELECT slot, series, ok, error, throttle, fault, micros, first, last, bins FROM rollups
WHERE group_name = ? AND span = ? AND slot >= ? AND slot < ? AND (? IS NULL OR series IN (SELECT value FROM json_each(?)))
ORDER BY slot
"""
_SELECT_ONE: Final = """
SELECT slot, series, ok, error, throttle, fault, micros, first, last, bins FROM rollups
WHERE group_name = ? AND span = ? AND slot = ? AND series = ?
"""
_SELECT_FAULTS: Final = """
SELECT slot, series, ok + error + throttle + fault, fault FROM rollups
WHERE group_name = ? AND span = ? AND slot >= ? AND slot < ? AND series IN (SELECT value FROM json_each(?))
"""


def _rows(connection: Connection, group: str, span: int, first: int, end: int, series: str | None = None) -> list[Row]:
    return list(map(Row._make, connection.execute(_SELECT, (group, span, first, end, series, series))))


def _write(connection: Connection, changes: Mapping[tuple[int, tuple[str, ...]], Mapping[Series, Tally]]) -> None:
    numbers = _numbers(connection, {series for tallies in changes.values() for series in tallies})
    slots: dict[tuple[str, int, int, int], Tally] = {}
    for (minute, groups), tallies in changes.items():
        for series, tally in tallies.items():
            for group in (DEFAULT_GROUP, *groups):
                for span in (MINUTE, HOUR):
                    key = (group, span, minute * MINUTE // span, numbers[series])
                    slots.setdefault(key, Tally()).add(tally)
    for key, change in slots.items():
        _change(connection, key, change)


def _change(connection: Connection, key: tuple[str, int, int, int], change: Tally) -> None:
    row = connection.execute(_SELECT_ONE, key).fetchone()
    if row is not None:
        change.add(tally_of(Row._make(row)))
    if change.total > 0 and change.first is not None and change.last is not None:
        bins = json.dumps({place: count for place, count in sorted(change.bins.items()) if count}, separators=(",", ":"))
        counts = (change.ok, change.error, change.throttle, change.fault, change.micros, change.first, change.last, bins)
        connection.execute("INSERT OR REPLACE INTO rollups VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*key, *counts))
    elif row is not None:
        connection.execute("DELETE FROM rollups WHERE group_name = ? AND span = ? AND slot = ? AND series = ?", key)


def _numbers(connection: Connection, wanted: Iterable[Series]) -> dict[Series, int]:
    numbers = {}
    for series in wanted:
        key = json.dumps(series, ensure_ascii=False, separators=(",", ":"))
        connection.execute("INSERT OR IGNORE INTO rollup_series (key) VALUES (?)", (key,))
        numbers[series] = connection.execute("SELECT number FROM rollup_series WHERE key = ?", (key,)).fetchone()[0]
    return numbers


def _series(key: str) -> Series:
    node, role, root, callee, callee_role, alias, linked = json.loads(key)
    return Series(
        Node._make(node),
        role,
        root,
        None if callee is None else Node._make(callee),
        callee_role,
        None if alias is None else Node._make(alias),
        linked,
    )
