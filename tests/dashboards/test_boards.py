"""What the boards ask, show and cost."""

from collections import Counter
from typing import Any

import pytest

from tests.examples import ODD, example, flat_panels, odd, panel_of
from xray_grafana.config import Config
from xray_grafana.dashboards.board import Kit
from xray_grafana.dashboards.registry import BOARDS, boards_of, build_board


def board(suffix: str, config: Config | None = None) -> dict[str, Any]:
    document: dict[str, Any] = build_board(config or example(), suffix).to_json_data()
    return document


def asked(document: dict[str, Any]) -> Counter[str]:
    """X-Ray questions that a load of the board sends, by query type."""
    return Counter(
        target.get("queryType") or target["serviceQueryType"]
        for panel in flat_panels(document, visible=True)
        for target in panel.get("targets", [])
        if target["datasource"]["type"] == "grafana-x-ray-datasource"
    )


EVERYTHING = ("xray.application_signals=true", "cloudwatch.enabled=true", "xray.transaction_search=true")


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [
        ("home", {"getTimeSeriesServiceStatistics": 1, "getServiceMap": 1, "getInsights": 1, "getTraceSummaries": 2}),
        ("map", {"getServiceMap": 1}),
        ("service", {"getTimeSeriesServiceStatistics": 1, "getServiceMap": 1, "getTraceSummaries": 1}),
        ("traces", {"getTraceSummaries": 1}),
        ("trace", {"getTrace": 1}),
        ("causes", {"getServiceMap": 1}),
        ("insights", {"getInsights": 1}),
        ("alb", {}),
        ("slo", {"listServices": 1, "listServiceOperations": 1, "listServiceDependencies": 1, "listServiceLevelObjectives": 1}),
        ("pipeline", {"getTimeSeriesServiceStatistics": 1}),
    ],
)
def test_a_load_asks_x_ray_no_more_than_this(suffix: str, expected: dict[str, int]) -> None:
    assert asked(board(suffix, example(*EVERYTHING))) == expected


def test_every_board_has_its_budget() -> None:
    (mark,) = [mark for mark in test_a_load_asks_x_ray_no_more_than_this.pytestmark if mark.name == "parametrize"]  # type: ignore[attr-defined]
    assert {case[0] for case in mark.args[1]} == {entry.suffix for entry in BOARDS}


@pytest.mark.parametrize(
    ("config", "suffixes"),
    [
        ("minimal", ["home", "map", "service", "traces", "trace", "causes", "insights", "pipeline"]),
        ("everything", ["home", "map", "service", "traces", "trace", "causes", "insights", "alb", "slo", "pipeline"]),
        ("china", ["home", "map", "service", "traces", "trace", "causes", "insights", "alb", "pipeline"]),
    ],
)
def test_boards_come_with_what_they_need(config: str, suffixes: list[str]) -> None:
    assert [entry.suffix for entry in boards_of(odd(config))] == suffixes


@pytest.mark.parametrize("name", ODD)
def test_every_panel_says_what_it_is_and_what_to_do(name: str) -> None:
    config = odd(name)
    for entry in boards_of(config):
        for panel in flat_panels(entry.build(Kit(config)).to_json_data()):
            assert panel["title"], (entry.suffix, panel["id"])
            assert panel["description"].endswith("."), (entry.suffix, panel["title"])


def test_without_loki_nothing_speaks_of_it() -> None:
    config = odd("no-loki")
    for entry in boards_of(config):
        document = entry.build(Kit(config)).to_json_data()
        assert "loki" not in [variable["name"] for variable in document["templating"]["list"]]
        assert not [panel for panel in flat_panels(document) if panel.get("datasource", {}).get("type") == "loki"]


def test_each_group_and_linked_account_gets_a_closed_row_on_the_map() -> None:
    document = board("map", odd("everything"))
    rows = {panel["title"]: panel for panel in document["panels"] if panel["type"] == "row"}
    assert list(rows)[:4] == ["Group checkout, eu-west-1", "Group slow, eu-west-1", "Account 444455556666", "Account 777788889999"]
    assert all(row["collapsed"] for row in rows.values())
    group, account = rows["Group slow, eu-west-1"]["panels"][0], rows["Account 444455556666"]["panels"][0]
    assert group["targets"][0]["group"] == {
        "GroupName": "slow",
        "GroupARN": "arn:aws:xray:eu-west-1:111122223333:group/slow/ABCDEFGI",
        "FilterExpression": "(duration > 5 OR responsetime > 5)",
    }
    assert account["targets"][0]["accountIds"] == ["444455556666"]


def test_red_begins_where_the_alert_begins() -> None:
    stat = panel_of(board("home", example("alerts.fault_ratio=0.2")), 2)
    assert stat["fieldConfig"]["defaults"]["thresholds"]["steps"] == [
        {"color": "green", "value": None},
        {"color": "#EAB839", "value": 0.04},
        {"color": "red", "value": 0.2},
    ]


def test_a_rate_is_a_sum_divided_by_a_sum() -> None:
    """A mean of the minutes' ratios would weigh a minute of one request like a minute of a thousand."""
    steps = panel_of(board("home"), 2)["transformations"]
    assert [step["id"] for step in steps] == ["joinByField", "reduce", "calculateField"]
    binary = steps[2]["options"]["binary"]
    assert binary["left"]["matcher"]["options"] == "Fault Count"
    assert binary["right"]["matcher"]["options"] == "Total Count"


def test_transaction_search_puts_a_banner_on_every_board() -> None:
    config = example(*EVERYTHING)
    for entry in boards_of(config):
        first = entry.build(Kit(config)).to_json_data()["panels"][0]
        assert first["title"] == "Only indexed traces show"
    assert board("home")["panels"][0]["title"] == "Requests"


def test_lists_open_a_trace_with_one_click() -> None:
    """Null takes the plugin's own link off; only then is ours the only one, and no menu opens."""
    overrides = panel_of(board("traces"), 10)["fieldConfig"]["overrides"]
    (of_id,) = [item for item in overrides if item["matcher"]["options"] == "Id"]
    links = [item["value"] for item in of_id["properties"] if item["id"] == "links"]
    assert links[0] is None
    assert [link["title"] for link in links[1]] == ["Open trace"]


def test_services_with_lines_of_their_own_are_found_by_their_own_selector() -> None:
    targets = panel_of(board("service", odd("everything")), 61)["targets"]
    assert [target["expr"] for target in targets] == [
        '{app="${service}"}',
        '{app="checkout", env="prod"} | label_format chosen=`${service}` | chosen=`checkout` | drop chosen',
    ]


def test_calls_are_charted_for_the_edges_of_the_config() -> None:
    document = board("service")
    (edge,) = [variable for variable in document["templating"]["list"] if variable["name"] == "edge"]
    assert [option["value"] for option in edge["options"]] == ['edge("checkout", "payments")']
    assert panel_of(document, 41)["targets"][0]["query"] == "$edge"


def test_a_board_that_the_config_leaves_out_is_unknown() -> None:
    with pytest.raises(KeyError, match="slo"):
        build_board(example(), "slo")
