"""Alert rules as the page words them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bundle.preview.documents import home
from xray_grafana.bundle.preview.alerts import AlertRow, read_alerts
from xray_grafana.bundle.preview.boards import read_board

Json = dict[str, Any]
LASTING: Json = {"for": "10m", "noDataState": "OK", "execErrState": "KeepLast"}


def expression(ref: str, kind: str, **model: Any) -> Json:
    return {"refId": ref, "datasourceUid": "__expr__", "model": {"type": kind, **model}}


def statistics(ref: str, column: str, start: int = 900, end: int = 0) -> Json:
    return {"refId": ref, "datasourceUid": "xray", "relativeTimeRange": {"from": start, "to": end}, "model": {"columns": [column]}}


def limit(of: str, kind: str, *params: float) -> Json:
    return expression("T", "threshold", expression=of, conditions=[{"evaluator": {"type": kind, "params": list(params)}}])


def rule(title: str = "Faults", data: list[Json] | None = None, **more: Any) -> Json:
    return {"title": title, "condition": "T", "data": data or [], **more}


def rows(*rules: Json, interval: str = "5m") -> tuple[AlertRow, ...]:
    boards = [read_board("home.json", home(), {"t-home": "Overview"})]
    return read_alerts({"groups": [{"interval": interval, "rules": list(rules)}]}, boards)


def condition(*data: Json) -> str:
    (row,) = rows(rule(data=list(data)))
    return row.condition


def test_a_ratio_reads_as_the_formula_over_its_queries() -> None:
    words = condition(
        statistics("F", "FaultStatistics.TotalCount"),
        statistics("N", "TotalCount"),
        expression("C", "reduce", reducer="sum", expression="F"),
        expression("D", "reduce", reducer="sum", expression="N"),
        expression("Q", "math", expression="$C / $D"),
        expression("R", "math", expression="${Q} * ($D >= 20)"),
        limit("R", "gt", 0.05),
    )
    assert words == "(sum(Fault Count) / sum(Total Count)) * (sum(Total Count) >= 20) above 0.05"


@pytest.mark.parametrize(
    ("start", "end", "window"), [(900, 0, "15m"), (21600, 900, "6h to 15m ago"), (86400, 0, "1d"), (45, 0, "45s"), (0, 0, "0s")]
)
def test_the_time_that_all_queries_look_at_is_told_once(start: int, end: int, window: str) -> None:
    (row,) = rows(rule(data=[statistics("N", "TotalCount", start, end), limit("N", "lt", 1)]))
    assert (row.condition, row.window) == ("Total Count below 1", f"over {window}")


def test_queries_that_look_at_different_times_each_say_theirs() -> None:
    data = [statistics("A", "TotalCount", 900), statistics("B", "TotalCount", 21600, 900), expression("R", "math", expression="$A / $B")]
    (row,) = rows(rule(data=[*data, limit("R", "lt", 0.1)]))
    assert (row.condition, row.window) == ("Total Count[15m] / Total Count[6h to 15m ago] below 0.1", "")


@pytest.mark.parametrize(
    ("kind", "params", "words"),
    [
        ("gt", [2.0], "above 2"),
        ("lt", [0.5], "below 0.5"),
        ("within_range", [1, 3], "between 1 and 3"),
        ("outside_range", [1, 3], "outside 1 to 3"),
        ("outside_range", [1], '{"type": "outside_range", "params": [1]}'),
        ("sometimes", [1], '{"type": "sometimes", "params": [1]}'),
    ],
)
def test_limits_read_as_words(kind: str, params: list[float], words: str) -> None:
    log = {"refId": "L", "datasourceUid": "loki", "relativeTimeRange": {"from": 600, "to": 0}, "model": {"expr": "sum(x)"}}
    assert condition(log, limit("L", kind, *params)) == f"log query L {words}"


def test_other_expressions_are_named_by_kind() -> None:
    assert condition(expression("T", "classic_conditions")) == "classic_conditions of T"


def test_a_chain_that_refers_to_itself_ends() -> None:
    assert condition(expression("T", "math", expression="$T + 1")).endswith("+ 1")


def test_a_rule_without_a_condition_says_so() -> None:
    (row,) = rows({"title": "Empty"})
    assert row.condition == "no condition"


def test_rules_alike_share_a_row_and_long_lists_are_cut() -> None:
    (row,) = rows(*(rule(f"Faults of s{number}") for number in range(15)))
    assert (len(row.titles), row.titles[0], row.more, row.count) == (12, "Faults of s0", 3, 15)


def test_rules_that_differ_stand_apart_in_their_order() -> None:
    found = rows(rule("A", labels={"severity": "critical"}), rule("B"), rule("C", labels={"severity": "critical"}))
    assert [(row.titles, row.severity) for row in found] == [(("A", "C"), "critical"), (("B",), "none")]


def test_duration_interval_and_states_are_told() -> None:
    (slow, at_once) = rows(rule(**LASTING), rule("Now"))
    assert (slow.holds, slow.without_data) == ("for 10m, asked every 5m", "no data: OK, error: KeepLast")
    assert (at_once.holds, at_once.without_data) == ("at once, asked every 5m", "no data: NoData, error: Error")
    assert rows(rule(), interval="")[0].holds == "at once"


@pytest.mark.parametrize(
    "reference", [{"annotations": {"__dashboardUid__": "t-home", "__panelId__": "2"}}, {"dashboardUid": "t-home", "panelId": 2}]
)
def test_a_rule_links_to_its_panel(reference: Json) -> None:
    (row,) = rows(rule(**reference))
    assert row.panel is not None
    assert (row.panel.words, row.panel.anchor) == ("Overview › Count of faults", "panel-t-home-2")


@pytest.mark.parametrize("panel_id", ["77", "two"])
def test_a_panel_that_is_not_there_is_told(panel_id: str) -> None:
    (row,) = rows(rule(annotations={"__dashboardUid__": "t-home", "__panelId__": panel_id}))
    assert row.panel is not None
    assert (row.panel.words, row.panel.anchor) == (f"panel {panel_id} of t-home is not in this bundle", None)


def test_a_rule_may_name_no_panel() -> None:
    assert rows(rule())[0].panel is None
