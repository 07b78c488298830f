from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.made_facts import CART, NOON, SHOP, chain, edge, request, trace, visit
from xray_grafana.sandbox.store import rollups
from xray_grafana.sandbox.store.rollups import Counted, Series
from xray_grafana.sandbox.store.tally import Tally, bin_of, millisecond_of

MINUTE = int(NOON // 60)
SHOP_SERIES = Series(SHOP, "service", root=True, callee=None, callee_role=None, alias=None, linked=False)
CLIENT_EDGE = Series(SHOP._replace(type="client"), "client", root=False, callee=SHOP, callee_role="service", alias=None, linked=False)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:")) as opened:
        opened.executescript(rollups.ROLLUP_SCHEMA)
        yield opened


def _sums(connection: sqlite3.Connection, first: int, end: int, group: str = "Default") -> dict[Series, Tally]:
    return rollups.added_up(rollups.rows_between(connection, group, first, end), rollups.series_of(connection))


def _all(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    tables = ("SELECT * FROM rollups ORDER BY 1, 2, 3, 4", "SELECT * FROM operations ORDER BY 1, 2, 3, 4, 5")
    return [row for query in tables for row in connection.execute(query)]


@pytest.mark.parametrize(
    ("seconds", "place"),
    [
        (0.0, 0),
        (0.0004, 0),
        (0.001, 1),
        (0.0994, 99),
        (0.1, 100),
        (0.102, 100),
        (0.103, 105),
        (0.998, 1000),
        (1.25, 1250),
        (1.02, 1000),
        (9.99, 10000),
        (61.7, 61500),
        (-0.5, 0),
    ],
)
def test_a_time_goes_into_its_bin_of_a_millisecond_or_a_twentieth(seconds: float, place: int) -> None:
    assert bin_of(seconds) == place


@given(st.floats(min_value=0.1, max_value=100_000))
def test_a_bin_is_at_most_two_and_a_half_percent_and_half_a_millisecond_off(seconds: float) -> None:
    assert abs(bin_of(seconds) - seconds * 1000) <= seconds * 1000 * 0.025 + 0.5


def test_of_one_trace_every_millisecond_is_a_bin() -> None:
    assert millisecond_of(1.2344) == 1234


def test_a_request_is_counted_at_its_node_and_at_the_edge_where_it_came_in(connection: sqlite3.Connection) -> None:
    rollups.apply(connection, [], [Counted(request(1.25, "fault"), NOON + 59, ())])
    assert _sums(connection, MINUTE, MINUTE + 1) == {
        SHOP_SERIES: Tally(fault=1, micros=1_250_000, bins={1250: 1}, first=int(NOON), last=int(NOON)),
        CLIENT_EDGE: Tally(fault=1, micros=1_250_000, bins={1250: 1}, first=int(NOON), last=int(NOON)),
    }


def test_counts_add_up_over_minutes_and_the_first_and_last_start_are_kept(connection: sqlite3.Connection) -> None:
    first, second, third = request(1.0, start=1.5), request(0.5, "throttle", start=70), request(0.5, "error", start=130.9)
    traces = [Counted(first, NOON + 2, ()), Counted(second, NOON + 71, ()), Counted(third, NOON + 132, ())]
    rollups.apply(connection, [], traces)
    # 1 s + 0.5 s + 0.5 s
    expected = Tally(1, 1, 1, 0, 2_000_000, {1000: 1, 500: 2}, int(NOON) + 1, int(NOON) + 130)
    assert _sums(connection, MINUTE, MINUTE + 3)[SHOP_SERIES] == expected
    assert _sums(connection, MINUTE, MINUTE + 3)[SHOP_SERIES].total == 3


def test_a_range_of_minutes_leaves_out_its_end_and_what_lies_outside(connection: sqlite3.Connection) -> None:
    rollups.apply(connection, [], [Counted(request(), NOON + at, ()) for at in (-1, 0, 59.9, 60)])
    assert _sums(connection, MINUTE, MINUTE + 1)[SHOP_SERIES].total == 2


@pytest.mark.parametrize(
    ("first", "end", "total"),
    [(-90, 90, 180), (-60, 60, 120), (-59, 61, 120), (0, 60, 60), (1, 59, 58), (-61, 0, 61), (5, 5, 0), (-30, 30, 60), (1, 61, 60)],
)
def test_hours_and_minutes_together_are_exactly_the_minutes_asked_for(
    connection: sqlite3.Connection, first: int, end: int, total: int
) -> None:
    rollups.apply(connection, [], [Counted(request(), NOON + 60 * minute, ()) for minute in range(-100, 100)])
    sums = _sums(connection, MINUTE + first, MINUTE + end)
    assert sum(tally.total for series, tally in sums.items() if series == SHOP_SERIES) == total


def test_three_hours_and_two_minutes_are_read_as_three_rows_and_two_of_each_series(connection: sqlite3.Connection) -> None:
    rollups.apply(connection, [], [Counted(request(), NOON + 60 * minute, ()) for minute in range(-1, 181)])
    assert len(rollups.rows_between(connection, "Default", MINUTE - 1, MINUTE + 181)) == 2 * (3 + 2)


def test_open_requests_are_not_counted(connection: sqlite3.Connection) -> None:
    rollups.apply(connection, [], [Counted(trace([visit(SHOP, None, root=True), visit(CART, 1.0)], [edge(0, 1, None)]), NOON, ())])
    assert [series.node for series in _sums(connection, MINUTE, MINUTE + 1)] == [CART]


def test_a_trace_counts_in_default_and_in_each_of_its_groups(connection: sqlite3.Connection) -> None:
    rollups.apply(connection, [], [Counted(request(), NOON, ("paid", "slow")), Counted(request(), NOON, ("slow",))])
    assert {group: _sums(connection, MINUTE, MINUTE + 1, group)[SHOP_SERIES].total for group in ("Default", "paid", "slow")} == {
        "Default": 2,
        "paid": 1,
        "slow": 2,
    }
    assert _sums(connection, MINUTE, MINUTE + 1, "other") == {}


def test_times_that_cannot_be_true_leave_room_for_others(connection: sqlite3.Connection) -> None:
    """A start in seconds and an end in milliseconds: 1.79e12 s. A request counts as a year, 31,536,000 s, at most."""
    odd = [Counted(request(1.79e12), NOON, ())] * 20
    rollups.apply(connection, [], odd)
    rollups.apply(connection, [], [Counted(request(1.5), NOON, ())])
    assert _sums(connection, MINUTE, MINUTE + 1)[SHOP_SERIES].micros == 20 * 31_536_000_000_000 + 1_500_000
    rollups.apply(connection, odd, [])
    assert _sums(connection, MINUTE, MINUTE + 1)[SHOP_SERIES].micros == 1_500_000


def test_a_trace_that_is_read_again_counts_once(connection: sqlite3.Connection) -> None:
    before = Counted(request(1.0), NOON, ("slow",))
    rollups.apply(connection, [], [before, Counted(request(4.0), NOON, ())])
    rollups.apply(connection, [before], [Counted(request(2.0, "fault"), NOON + 60, ())])
    assert _sums(connection, MINUTE, MINUTE + 1)[SHOP_SERIES].bins == {4000: 1}
    assert _sums(connection, MINUTE + 1, MINUTE + 2)[SHOP_SERIES].bins == {2000: 1}
    # The hour: 4 s and 2 s.
    assert _sums(connection, MINUTE, MINUTE + 60)[SHOP_SERIES].micros == 6_000_000
    assert _sums(connection, MINUTE, MINUTE + 60, "slow") == {}


def test_the_bin_that_a_trace_leaves_goes_with_it(connection: sqlite3.Connection) -> None:
    before = Counted(request(1.0), NOON, ())
    rollups.apply(connection, [], [before, Counted(request(2.0), NOON, ())])
    rollups.apply(connection, [before], [])
    assert rollups.rows_between(connection, "Default", MINUTE, MINUTE + 1)[0].bins == '{"2000":1}'


_TRACES = st.builds(
    lambda seconds, outcome, at, groups: Counted(request(seconds, outcome), NOON + at, groups),
    st.floats(min_value=0, max_value=50),
    st.sampled_from(["ok", "error", "throttle", "fault"]),
    st.floats(min_value=0, max_value=7200),
    st.sampled_from([(), ("slow",), ("paid", "slow")]),
)


@given(st.lists(_TRACES, max_size=8), st.lists(_TRACES, max_size=8))
def test_taking_out_what_was_put_in_leaves_exactly_what_was_there(kept: list[Counted], passing: list[Counted]) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(rollups.ROLLUP_SCHEMA)
        rollups.apply(connection, [], kept)
        before = _all(connection)
        rollups.apply(connection, [], passing)
        rollups.apply(connection, passing, [])
        assert _all(connection) == before


def test_an_edge_keeps_the_name_its_caller_has_for_the_callee(connection: sqlite3.Connection) -> None:
    rollups.apply(connection, [], [Counted(chain(), NOON, ())])
    calls = {series.callee: series.alias for series in rollups.series_of(connection).values() if series.node == SHOP and series.callee}
    assert calls == {CART: CART._replace(type="remote")}


def test_forgotten_minutes_and_hours_are_gone_and_later_ones_stay(connection: sqlite3.Connection) -> None:
    rollups.apply(connection, [], [Counted(request(), NOON + at, ()) for at in (-60, 0, 3600)])
    rollups.forget(connection, NOON + 60)
    assert _sums(connection, MINUTE - 60, MINUTE + 60)[SHOP_SERIES].total == 1  # the hour that is not over as a whole
    assert _sums(connection, MINUTE - 1, MINUTE + 1) == {}
    rollups.forget(connection, NOON + 3660)
    rollups.forget(connection, NOON + 7200)
    assert _all(connection) == []
    assert rollups.series_of(connection) == {}


def test_taking_out_what_was_forgotten_changes_nothing(connection: sqlite3.Connection) -> None:
    old = Counted(request(), NOON, ())
    rollups.apply(connection, [], [old])
    rollups.forget(connection, NOON + 3600)
    rollups.apply(connection, [old], [])
    assert _all(connection) == []


def test_a_deleted_group_has_no_counts_and_the_others_keep_theirs(connection: sqlite3.Connection) -> None:
    rollups.apply(connection, [], [Counted(request(), NOON, ("paid", "slow"))])
    rollups.forget_group(connection, "paid")
    assert _sums(connection, MINUTE, MINUTE + 1, "paid") == {}
    assert _sums(connection, MINUTE, MINUTE + 1, "slow")[SHOP_SERIES].total == 1


def test_busy_minutes_are_those_with_any_request(connection: sqlite3.Connection) -> None:
    rollups.apply(connection, [], [Counted(request(), NOON + at, ()) for at in (0, 30, 180)])
    assert rollups.busy_minutes(connection, "Default", MINUTE - 5, MINUTE + 3) == [MINUTE]
    assert rollups.busy_minutes(connection, "Default", MINUTE, MINUTE + 4) == [MINUTE, MINUTE + 3]
