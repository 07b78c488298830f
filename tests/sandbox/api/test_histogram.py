from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from xray_grafana.sandbox.api.histogram import MOST_ENTRIES, entries


def test_a_few_times_are_entries_of_their_own_in_seconds_shortest_first() -> None:
    assert entries({1250: 1, 2500: 3, 40: 2}) == [
        {"Value": 0.04, "Count": 2},
        {"Value": 1.25, "Count": 1},
        {"Value": 2.5, "Count": 3},
    ]


def test_nothing_counted_is_an_empty_list() -> None:
    assert entries({}) == []
    assert entries({100: 0}) == []


def test_of_many_times_the_ends_stay_single_and_the_middle_is_put_together() -> None:
    shown = entries({10 * number: 1 for number in range(1, 1025)})
    assert len(shown) <= MOST_ENTRIES
    assert shown[0] == {"Value": 0.01, "Count": 1}
    assert shown[-1] == {"Value": 10.24, "Count": 1}
    assert max(entry["Count"] for entry in shown[20:-20]) > 10


def test_a_time_that_many_requests_took_keeps_its_count() -> None:
    shown = entries({11: 96, 23: 32, **{40 * number: 1 for number in range(1, 129)}})
    assert {"Value": 0.011, "Count": 96} in shown
    assert {"Value": 0.023, "Count": 32} in shown


@given(st.dictionaries(st.integers(0, 100_000), st.integers(1, 1000), min_size=1, max_size=400))
def test_counts_add_up_to_the_same_and_values_rise(bins: dict[int, int]) -> None:
    shown = entries(bins)
    assert sum(entry["Count"] for entry in shown) == sum(bins.values())
    values = [entry["Value"] for entry in shown]
    assert values == sorted(set(values))
    assert len(shown) <= MOST_ENTRIES
    seconds = sum(entry["Value"] * entry["Count"] for entry in shown)
    assert abs(seconds - sum(place * count for place, count in bins.items()) / 1000) <= 0.0005 * sum(bins.values()) + 1e-6
