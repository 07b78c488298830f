"""The gate itself: it lets a sound board pass and reports every planted fault, for both Grafana lines."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.node_tools import NodeToolError
from tests.typescript.harness import SCHEMAS, Schema, check_dashboards, read_findings
from tests.typescript.sound_board import PANELS, VARIABLES, sound_board

GONE: Final = object()
Path = tuple[str | int, ...]


def _panel(name: str, *path: str | int) -> Path:
    index = list(PANELS).index(name)
    outside = len(PANELS) - 2
    return (("panels", index) if index < outside else ("panels", outside, "panels", index - outside)) + path


def _target(name: str, *path: str | int) -> Path:
    return _panel(name, "targets", 0, *path)


def _variable(name: str, *path: str | int) -> Path:
    return ("templating", "list", list(VARIABLES).index(name), *path)


def _unknown(key: str) -> str:
    return f"""'"{key}"' does not exist in type"""


def _missing(key: str) -> str:
    return f"Property '{key}' is missing"


def _refused(kind: str) -> str:
    return f"Type '{kind}' is not assignable to type"


_OVERRIDES: Final = ("fieldConfig", "overrides", 0, "properties")

# What is changed, to what, and what tsc must say about it.
FAULTS: Final[Mapping[str, tuple[Path, Any, str]]] = {
    "unknown key of the dashboard": (("hideControls",), False, _unknown("hideControls")),
    "unknown key of a panel": (_panel("stat", "decimals"), 2, _unknown("decimals")),
    "unknown key of a panel in a row": (_panel("text", "span"), 4, _unknown("span")),
    "unknown key of options": (_panel("timeseries", "options", "legends"), {}, _unknown("legends")),
    "unknown key of nested options": (_panel("timeseries", "options", "legend", "show"), True, _unknown("show")),
    "unknown option of a traces panel": (_panel("traces", "options", "spanFilter"), {}, _unknown("spanFilter")),
    "unknown key of field defaults": (_panel("timeseries", "fieldConfig", "defaults", "units"), "s", _unknown("units")),
    "unknown custom field option": (_panel("timeseries", "fieldConfig", "defaults", "custom", "lineWidht"), 1, _unknown("lineWidht")),
    "custom option of another panel": (_panel("timeseries", "fieldConfig", "defaults", "custom", "inspect"), True, _unknown("inspect")),
    "unknown property of an override": (_panel("table", *_OVERRIDES, 2, "id"), "custom.widht", _refused('"custom.widht"')),
    "text for a number in an override": (_panel("table", *_OVERRIDES, 2, "value"), "290", _refused("string")),
    "field config without overrides": (_panel("stat", "fieldConfig", "overrides"), GONE, _missing("overrides")),
    "panel without a place": (_panel("stat", "gridPos"), GONE, _missing("gridPos")),
    "text for a number": (_panel("stat", "gridPos", "h"), "8", _refused("string")),
    "null for an object": (_panel("stat", "datasource"), None, _refused("null")),
    "unknown draw style": (_panel("timeseries", "fieldConfig", "defaults", "custom", "drawStyle"), "zzz", _refused('"zzz"')),
    "unknown tooltip mode": (_panel("timeseries", "options", "tooltip", "mode"), "all", _refused('"all"')),
    "unknown legend display mode": (_panel("timeseries", "options", "legend", "displayMode"), "grid", _refused('"grid"')),
    "unknown colour mode": (_panel("table", *_OVERRIDES, 4, "value", "mode"), "limits", _refused('{ mode: "limits"; }')),
    "unknown panel type": (_panel("stat", "type"), "singlestat", _refused('"singlestat"')),
    "graphTooltip out of range": (("graphTooltip",), 7, _refused("7")),
    "unknown variable type": (_variable("service", "type"), "list", _refused('"list"')),
    "data source variable of an unknown plugin": (_variable("xray", "query"), "x-ray", _refused('"x-ray"')),
    "unknown X-Ray variable query": (_variable("app", "query", "queryType"), "service", _refused('"service"')),
    "unknown key of an X-Ray variable query": (_variable("app", "query", "regions"), "default", _unknown("regions")),
    "values of no label": (_variable("lb", "query", "label"), GONE, _missing("label")),
    "X-Ray resolution as text": (_target("timeseries", "resolution"), "60", _refused("string")),
    "X-Ray resolution that the API does not have": (_target("timeseries", "resolution"), 30, _refused("30")),
    "unknown X-Ray statistics column": (_target("timeseries", "columns", 0), "Latency", _refused('"Latency"')),
    "X-Ray service map without group": (_target("map", "group"), GONE, _missing("group")),
    "X-Ray insights without group": (_target("insights", "group"), GONE, _missing("group")),
    "X-Ray group without ARN": (_target("map", "group", "GroupARN"), GONE, _missing("GroupARN")),
    "unknown X-Ray query type": (_target("traces", "queryType"), "getTraces", _refused('"getTraces"')),
    "unknown key of an X-Ray target": (_target("traces", "traceId"), "1-0-0", _unknown("traceId")),
    "X-Ray key of another query type": (_target("traces", "columns"), ["OkCount"], _unknown("columns")),
    "unknown services query type": (_target("services", "serviceQueryType"), "getServices", _refused('"getServices"')),
    "objectives of no operation": (_target("objectives", "operationName"), GONE, _missing("operationName")),
    "unknown key of a Loki target": (_target("logs", "limit"), 100, _unknown("limit")),
    "unknown Loki query type": (_target("logs", "queryType"), "stream", _refused('"stream"')),
    "target without refId": (_target("logs", "refId"), GONE, _missing("refId")),
    "panel id of a shared answer as text": (_target("table", "panelId"), "2", _refused("string")),
    "unknown key of a CloudWatch target": (_target("metrics", "statistics"), ["p99"], _unknown("statistics")),
    "unknown transformation": (_panel("table", "transformations", 0, "id"), "sort", _refused('"sort"')),
    "unknown option of a transformation": (_panel("table", "transformations", 0, "options", "order"), "asc", _unknown("order")),
}


def _with_fault(path: Path, value: Any) -> dict[str, Any]:
    board: dict[str, Any] = json.loads(json.dumps(sound_board()))
    holder: Any = board
    for step in path[:-1]:
        holder = holder[step]
    if value is GONE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return board


@pytest.fixture(scope="module", params=SCHEMAS)
def findings(request: pytest.FixtureRequest) -> dict[str, list[str]]:
    """What one run of the compiler says about the sound board and one board a fault."""
    boards = {"sound": sound_board()} | {name: _with_fault(path, value) for name, (path, value, _) in FAULTS.items()}
    found = check_dashboards(boards, request.param)
    return {name: [finding for finding in found if finding.startswith(f"{name}:")] for name in boards}


def test_a_sound_board_has_no_finding(findings: dict[str, list[str]]) -> None:
    assert findings["sound"] == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_reported_and_named(name: str, findings: dict[str, list[str]]) -> None:
    *_, said = FAULTS[name]
    assert [finding for finding in findings[name] if said in finding], findings[name]


def test_a_finding_shows_the_line_of_the_fault(findings: dict[str, list[str]]) -> None:
    lines = json.dumps(_with_fault(*FAULTS["unknown draw style"][:2]), indent=2).splitlines()
    number = next(number for number, line in enumerate(lines, start=1) if "zzz" in line)
    [finding] = findings["unknown draw style"]
    assert finding.startswith(f'unknown draw style:{number}: "drawStyle": "zzz",: TS2322: ')


@pytest.mark.parametrize(("schema", "said"), [("schema-12", [_unknown("renderMode")]), ("schema-13", [])])
def test_each_line_of_grafana_is_checked_against_its_own_types(schema: Schema, said: list[str]) -> None:
    """`renderMode` of the text panel came with 13."""
    found = check_dashboards({"board": _with_fault(_panel("text", "options", "renderMode"), "once")}, schema)
    assert [text for text, finding in zip(said, found, strict=True) if text not in finding] == []


def test_a_number_that_json_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        check_dashboards({"board": sound_board() | {"version": float("nan")}}, "schema-12")


@pytest.mark.parametrize(
    "output",
    [
        "dashboard.ts(5,1): error TS2307: Cannot find module 'x'.",
        "error TS5023: Unknown compiler option 'strictt'.",
        "panic: out of memory",
    ],
)
def test_what_the_compiler_says_about_anything_but_a_board_is_an_error_not_a_pass(output: str) -> None:
    with pytest.raises(NodeToolError, match=re.escape(output)):
        read_findings(output, {"board0.ts": ("board", ["{}"])})
