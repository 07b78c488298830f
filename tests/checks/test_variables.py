from __future__ import annotations

import pytest

from xray_grafana.bundle.artifact import Document
from xray_grafana.checks.variables import Variable, lone_reference, names_a_trace_id, references


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("no dollar", ()),
        ('service("$service")', ("service",)),
        ("${a:percentencode} and ${b.text} and $c", ("a", "b", "c")),
        ("$__range ${__data.fields.x} $1 ${1} $ 5$", ()),
        ("$_own", ("_own",)),
    ],
)
def test_references_are_names_of_board_variables(text: str, names: tuple[str, ...]) -> None:
    assert references(text) == names


@pytest.mark.parametrize(
    ("text", "name"),
    [(" $edge ", "edge"), ("${edge:raw}", "edge"), ("$edge x", None), ("$__range", None), ("edge", None), ("", None)],
)
def test_lone_reference_is_the_whole_text(text: str, name: str | None) -> None:
    assert lone_reference(text) == name


@pytest.mark.parametrize(("name", "answer"), [("traceId", True), ("trace_id", True), ("xrayTraceId", True), ("tracer", False)])
def test_trace_id_variables_are_known_by_name(name: str, *, answer: bool) -> None:
    assert names_a_trace_id(name) is answer


@pytest.mark.parametrize(
    ("content", "values"),
    [
        ({"type": "custom", "query": "a, b : c, x\\, y"}, ("a", "c", "x, y")),
        ({"type": "custom", "query": "a", "options": [{"text": "T", "value": "v"}]}, ("v",)),
        ({"type": "custom", "query": 'url : http.url CONTAINS "https://x/y"'}, ('http.url CONTAINS "https://x/y"',)),
        ({"type": "textbox", "query": "default", "current": {"value": "now"}}, ("now",)),
        ({"type": "textbox", "query": "default"}, ("default",)),
        ({"type": "query", "query": {}}, None),
    ],
)
def test_values_of_a_variable_are_what_can_be_chosen(content: Document, values: tuple[str, ...] | None) -> None:
    assert Variable(content).values == values


@pytest.mark.parametrize(
    ("content", "is_list"),
    [({}, False), ({"multi": True}, True), ({"includeAll": True}, True), ({"includeAll": True, "allValue": ".+"}, False)],
)
def test_variable_is_a_list_when_grafana_would_join_values(content: Document, *, is_list: bool) -> None:
    assert Variable(content).is_list is is_list
