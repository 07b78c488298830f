from __future__ import annotations

import pytest

from xray_grafana.checks.javascript import RegexError, compile_javascript


def test_named_groups_and_back_references_are_read_as_in_a_browser() -> None:
    match = compile_javascript(r"(?<a>[0-9a-f]{2})-(?<b>x)\k<b>").search("id ff-xx")
    assert match is not None
    assert match.groupdict() == {"a": "ff", "b": "x"}


def test_look_behind_is_no_named_group() -> None:
    pattern = compile_javascript("(?<!Self=)(?<=Root=)(1-[0-9]+)")
    found = pattern.search("Self=1-1;Root=1-2")
    assert found is not None
    assert found[1] == "1-2"


@pytest.mark.parametrize("expression", ["(", "[a", "(?P<a>x)", "(?<a>x)(?<a>y)"])
def test_what_a_browser_refuses_is_an_error(expression: str) -> None:
    with pytest.raises(RegexError):
        compile_javascript(expression)
