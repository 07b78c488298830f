"""Insights found: the counts of a group in, its incidents out. An incident is what several services failed at together, and who began it.

Services whose spells overlap and of which one calls the other belong to one incident; its root cause is the one among them that calls none
of the others. To find the same incident however it is asked for, time is cut into blocks of six hours: a block's spells are looked for from
the block before it on, and followed for a day at most.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from sqlite3 import Connection
from typing import Final, NamedTuple

from xray_grafana.sandbox.api.anomaly import Minute, Spell, spells
from xray_grafana.sandbox.facts.facts import Node
from xray_grafana.sandbox.store.rollups import Series, active_series, faults_between

BLOCK_MINUTES: Final = 360
_FOLLOWED_MINUTES: Final = 1440


class Failing(NamedTuple):
    """A service and its spell."""

    node: Node
    spell: Spell


class Incident(NamedTuple):
    """Minutes since 1970; `end` is the one after the last, None while it goes on. The root cause comes first of `services`."""

    id: str
    group: str
    begin: int
    end: int | None
    services: tuple[Failing, ...]


class Requests(NamedTuple):
    """What users, or a service, had of an incident."""

    total: int
    ok: int
    faults: int


def incidents_between(
    connection: Connection, everything: Mapping[int, Series], group: str, first: int, end: int, now: int
) -> list[Incident]:
    """The incidents that began in minutes `first` up to but not with `end`, in order.

    everything  all series by number, as `rollups.series_of` has them
    now         the minute that is not over yet
    """
    first_block, last_block = first // BLOCK_MINUTES, min(end, now) // BLOCK_MINUTES
    oldest = (first_block - 1) * BLOCK_MINUTES
    latest = min(now, (last_block + 1) * BLOCK_MINUTES + _FOLLOWED_MINUTES)
    if oldest >= latest:
        return []
    active = {number: everything[number] for number in active_series(connection, group, oldest, latest)}
    nodes = {number: series.node for number, series in active.items() if series.callee is None}
    minutes: defaultdict[Node, dict[int, Minute]] = defaultdict(dict)
    for each in faults_between(connection, group, oldest, latest, nodes):
        of_node = minutes[nodes[each.series]]
        before = of_node.get(each.minute, Minute(0, 0))
        of_node[each.minute] = Minute(before.requests + each.requests, before.faults + each.faults)
    failing = {node: counts for node, counts in minutes.items() if any(minute.faults for minute in counts.values())}
    calls = {(series.node, series.callee) for series in active.values() if series.callee is not None}
    found = [
        incident
        for block in range(first_block, last_block + 1)
        for incident in _of_block(group, failing, calls, block, now)
        if first <= incident.begin < end
    ]
    return sorted(found, key=lambda incident: (incident.begin, incident.id))


def begin_of(incident_id: str) -> int:
    """The minute in which an incident of that id began: it stands in its first eight digits."""
    return int(incident_id[:8], 16)


def requests_between(connection: Connection, group: str, series: Iterable[int], first: int, end: int) -> Requests:
    """The requests of some series together in minutes `first` up to but not with `end`; what is no fault counts as well served.

    `series` are their numbers.
    """
    rows = faults_between(connection, group, first, end, series)
    total, faults = sum(row.requests for row in rows), sum(row.faults for row in rows)
    return Requests(total, total - faults, faults)


def _of_block(
    group: str, failing: Mapping[Node, Mapping[int, Minute]], calls: set[tuple[Node, Node]], block: int, now: int
) -> Iterator[Incident]:
    begin, end = block * BLOCK_MINUTES, (block + 1) * BLOCK_MINUTES
    known = min(now, end + _FOLLOWED_MINUTES)
    found = [
        Failing(node, spell if spell.end is not None or known == now else spell._replace(end=known))
        for node, counts in failing.items()
        for spell in spells(counts, begin - BLOCK_MINUTES, end, known)
        if spell.begin >= begin
    ]
    for together in _clusters(sorted(found, key=_by_begin), calls):
        names = {each.node for each in together}
        services = sorted(together, key=lambda each: (any((each.node, other) in calls for other in names - {each.node}), _by_begin(each)))
        ends = [each.spell.end for each in together]
        yield Incident(
            _id(group, together[0]),
            group,
            together[0].spell.begin,
            None if None in ends else max(end for end in ends if end is not None),
            tuple(services),
        )


def _clusters(found: list[Failing], calls: set[tuple[Node, Node]]) -> list[list[Failing]]:
    """Those that hang together, each cluster and all of them in order of their beginnings."""
    clusters: list[list[Failing]] = []
    for each in found:
        touched = [cluster for cluster in clusters if any(_hang_together(each, other, calls) for other in cluster)]
        clusters = [cluster for cluster in clusters if cluster not in touched]
        clusters.append(sorted([other for cluster in touched for other in cluster] + [each], key=_by_begin))
    return clusters


def _hang_together(one: Failing, other: Failing, calls: set[tuple[Node, Node]]) -> bool:
    overlap = _before_end(one, other) and _before_end(other, one)
    return overlap and ((one.node, other.node) in calls or (other.node, one.node) in calls)


def _before_end(one: Failing, other: Failing) -> bool:
    return other.spell.end is None or one.spell.begin < other.spell.end


def _by_begin(each: Failing) -> tuple[int, str, str]:
    return each.spell.begin, each.node.name, each.node.type or ""


def _id(group: str, first: Failing) -> str:
    """A UUID's form (of the service model's pattern), the same whenever the incident is found."""
    digest = hashlib.sha256(f"{group}\n{first.node.name}\n{first.node.type}".encode()).hexdigest()
    return f"{first.spell.begin:08x}-{digest[:4]}-5{digest[4:7]}-8{digest[7:10]}-{digest[10:22]}"
