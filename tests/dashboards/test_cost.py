"""What a board asks of AWS; the expectations are counted by hand from the boards' own lists of panels."""

from __future__ import annotations

from typing import Any

import pytest

from tests.examples import example
from xray_grafana.dashboards.cost import Cost, load_cost, opened_cost
from xray_grafana.dashboards.registry import BOARDS, build_board

GROUPS = 3
XRAY = {"type": "grafana-x-ray-datasource", "uid": "${xray}"}


def rendered(suffix: str) -> dict[str, Any]:
    document: dict[str, Any] = build_board(example("xray.application_signals=true"), suffix).to_json_data()
    return document


def board_of(*panels: dict[str, Any], variables: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"panels": list(panels), "templating": {"list": list(variables)}}


def asking(query_type: str, **keys: Any) -> dict[str, Any]:
    return {"type": "table", "targets": [{"datasource": XRAY, "queryType": query_type, "query": "", "group": {}, **keys}]}


def counted(cost: Cost) -> dict[str, int]:
    return dict(cost.operations)


@pytest.mark.parametrize(
    ("suffix", "calls_on_load", "traces_on_load", "calls_opened", "traces_opened"),
    [
        # statistics 1, map 1, insights 1 + 3 groups, two lists
        ("home", 8, 2_000, 8, 2_000),
        # the map, and a closed row with the map of the one group in the example
        ("map", 1, 0, 2, 0),
        # statistics, map, one list; closed: three analytics tables of 4 calls, and the statistics of an edge
        ("service", 3, 1_000, 16, 31_000),
        ("traces", 1, 1_000, 1, 1_000),
        ("trace", 2, 1, 2, 1),
        # the map; closed: eleven analytics tables of 4 calls
        ("causes", 1, 0, 45, 110_000),
        ("insights", 4, 0, 4, 0),
        ("alb", 0, 0, 0, 0),
        # two variables and four tables
        ("slo", 6, 0, 6, 0),
        ("pipeline", 1, 0, 1, 0),
    ],
)
def test_boards_cost_what_their_panels_ask(
    suffix: str, calls_on_load: int, traces_on_load: int, calls_opened: int, traces_opened: int
) -> None:
    load, opened = load_cost(rendered(suffix), GROUPS), opened_cost(rendered(suffix), GROUPS)
    assert (load.calls, load.traces) == (calls_on_load, traces_on_load)
    assert (opened.calls, opened.traces) == (calls_opened, traces_opened)


def test_every_board_is_counted() -> None:
    (mark,) = [mark for mark in test_boards_cost_what_their_panels_ask.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert {case[0] for case in mark.args[1]} == {entry.suffix for entry in BOARDS}


def test_calls_are_named_by_their_operation() -> None:
    assert counted(load_cost(rendered("home"), GROUPS)) == {
        "GetTimeSeriesServiceStatistics": 1,
        "GetServiceGraph": 1,
        "GetGroups": 1,
        "GetInsightSummaries": 3,
        "GetTraceSummaries": 2,
    }


def test_an_analytics_table_without_a_filter_asks_for_the_rate_first() -> None:
    bare, filtered = asking("getAnalyticsUrl"), asking("getAnalyticsUrl", query='service("a")')
    assert counted(load_cost(board_of(bare), GROUPS)) == {"GetTimeSeriesServiceStatistics": 1, "GetTraceSummaries": 4}
    assert counted(load_cost(board_of(filtered), GROUPS)) == {"GetTraceSummaries": 4}


def test_insights_of_one_group_are_one_call() -> None:
    one = asking("getInsights", group={"GroupName": "Default", "GroupARN": "default"})
    assert counted(load_cost(board_of(one), GROUPS)) == {"GetInsightSummaries": 1}


def test_a_closed_row_costs_nothing_until_it_is_opened_and_an_open_one_at_once() -> None:
    inside = asking("getServiceMap")
    closed = board_of({"type": "row", "collapsed": True, "panels": [inside]})
    opened = board_of({"type": "row", "collapsed": False, "panels": []}, inside)
    assert (load_cost(closed, GROUPS).calls, opened_cost(closed, GROUPS).calls) == (0, 1)
    assert (load_cost(opened, GROUPS).calls, opened_cost(opened, GROUPS).calls) == (1, 1)


def test_shared_answers_and_other_sources_cost_nothing() -> None:
    shared = {"datasource": {"type": "datasource", "uid": "-- Dashboard --"}, "panelId": 1}
    loki = {"datasource": {"type": "loki", "uid": "${loki}"}, "queryType": "range"}
    lines = {"type": "query", "datasource": {"type": "loki", "uid": "${loki}"}, "query": {"label": "lb"}}
    assert load_cost(board_of({"type": "stat", "targets": [shared, loki]}, variables=(lines,)), GROUPS).calls == 0


def test_an_unknown_query_type_is_not_counted_as_nothing() -> None:
    with pytest.raises(KeyError, match="getWeather"):
        load_cost(board_of(asking("getWeather")), GROUPS)
