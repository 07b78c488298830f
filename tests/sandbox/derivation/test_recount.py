"""Whatever came, in whatever order, whatever groups were made meanwhile: counts are those of the traces that are there, each once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.build_trace import START, apart, segment, subsegment
from tests.sandbox.made_facts import context_of
from xray_grafana.sandbox.api import groups
from xray_grafana.sandbox.derivation.derive import Derivation
from xray_grafana.sandbox.derivation.membership import read_groups
from xray_grafana.sandbox.facts.facts import load
from xray_grafana.sandbox.facts.read import read_trace
from xray_grafana.sandbox.intake.ingest import Ingest
from xray_grafana.sandbox.store import rollups
from xray_grafana.sandbox.store.rollups import Counted, Series
from xray_grafana.sandbox.store.store import Store

FILTERS = ("fault", "duration >= 2", 'service("cart")', 'group.name = "slow"')
NAMES = ("slow", "bad")
COUNTS = "group_name, span, slot, key, ok, error, throttle, fault, micros, bins"
Put: TypeAlias = tuple[int, dict[str, Any], int]
Step: TypeAlias = Callable[["Bench"], None]


class Bench:
    """A store with what fills it and derives. The clock goes on a second at each look, so that no two groups are made at once."""

    def __init__(self) -> None:
        self.store = Store.open(None)
        self.ingest = Ingest(self.store)
        self.derivation = Derivation(self.store)
        self._seconds = START

    def close(self) -> None:
        self.derivation.close()
        self.ingest.close()
        self.store.close()

    def group(self, name: str, expression: str | None) -> None:
        """Makes or changes the group; deletes it for None."""
        self._seconds += 1
        context = context_of(self.store, self._seconds)
        with self.store.reading() as connection:
            is_there = name in read_groups(connection).arns
        if expression is None and is_there:
            groups.delete_group(context, {"GroupName": name})
        elif expression is not None:
            handler = groups.update_group if is_there else groups.create_group
            handler(context, {"GroupName": name, "FilterExpression": expression})


def counts(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
    """All but the seconds in which traces began, which taking out does not narrow."""
    query = f"SELECT {COUNTS} FROM rollups JOIN rollup_series ON number = series ORDER BY 1, 2, 3, 4"  # noqa: S608
    calls = "SELECT * FROM operations ORDER BY 1, 2, 3, 4, 5"
    return [*connection.execute(query), *connection.execute(calls)]


def recounted(traces: Sequence[Counted]) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(rollups.ROLLUP_SCHEMA)
        rollups.apply(connection, [], traces)
        return counts(connection)


def document(kind: int, seconds: float | None, status: int, origin: str | None) -> dict[str, Any]:
    """The root of a trace, what it calls as a subsegment sent apart, or the segment that answers the call."""
    if kind == 0:
        inner = [subsegment("db", 5, 0, 1, namespace="remote", sql={}, status=status)]
        return segment("shop", 1, 0, seconds, origin=origin, status=status, subsegments=inner)
    if kind == 1:
        return apart(subsegment("cart.local", 2, 0, seconds, namespace="remote", status=status), parent=1)
    return segment("cart", 3, 0, seconds, parent=2, origin=origin, status=status)


documents = st.builds(
    document,
    st.integers(0, 2),
    st.sampled_from([None, 0.25, 1.0, 3.0]),
    st.sampled_from([200, 404, 429, 500]),
    st.sampled_from([None, "AWS::EC2::Instance"]),
)
puts = st.lists(st.tuples(st.integers(1, 2), documents, st.sampled_from([0, 30, 70, 3700])), min_size=1, max_size=4)


def put(some: list[Put]) -> Step:
    def step(bench: Bench) -> None:
        for number, each, received in some:
            text = json.dumps({**each, "trace_id": f"1-6ab13b80-{number:024x}"})
            assert bench.ingest.put([text], received=START + received) == []

    return step


steps = st.lists(
    st.one_of(
        st.builds(put, puts),
        st.builds(lambda name, text: lambda bench: bench.group(name, text), st.sampled_from(NAMES), st.sampled_from([*FILTERS, None])),
        st.just(lambda bench: bench.derivation.settle(20)),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(steps)
def test_counts_are_those_of_the_traces_that_are_there_and_of_the_groups_that_they_joined(sequence: list[Step]) -> None:
    with closing(Bench()) as bench:
        for step in sequence:
            step(bench)
        assert bench.derivation.settle(20)
        traces = []
        with bench.store.reading() as connection:
            query = "SELECT id, received, counted, groups, facts FROM traces WHERE dirty = 0"
            for trace_id, received, counted, arns, facts in connection.execute(query).fetchall():
                texts = connection.execute("SELECT document FROM segments WHERE trace_id = ?", (trace_id,)).fetchall()
                assert load(facts) == read_trace(trace_id, [json.loads(text) for (text,) in texts])
                assert counted == received
                traces.append(Counted(load(facts), counted, read_groups(connection).names_of(json.loads(arns))))
            assert counts(connection) == recounted(traces)


def total(bench: Bench, group: str) -> int:
    """The requests of the shop that a group has counted."""
    assert bench.derivation.settle(20)
    minute = int(START // 60)
    with bench.store.reading() as connection:
        rows = rollups.rows_between(connection, group, minute, minute + 1)
        tallies = rollups.added_up(rows, rollups.series_of(connection))
    return sum(tally.total for series, tally in tallies.items() if _is_shop(series))


def _is_shop(series: Series) -> bool:
    return series.callee is None and series.node.name == "shop"


def test_a_trace_of_a_deleted_group_takes_nothing_from_a_new_one_of_that_name() -> None:
    shop = segment("shop", 1)
    with closing(Bench()) as bench:
        bench.group("slow", "ok")
        put([(1, shop, 0)])(bench)
        assert total(bench, "slow") == 1
        bench.group("slow", None)
        bench.group("slow", 'service("cart")')
        put([(2, shop, 0), (2, segment("cart", 3, parent=2), 0)])(bench)
        assert total(bench, "slow") == 1
        put([(1, shop, 0)])(bench)  # the new group does not want it
        assert total(bench, "slow") == 1
        put([(1, segment("cart", 3, parent=2), 0)])(bench)  # and now it does
        assert total(bench, "slow") == 2
