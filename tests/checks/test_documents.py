from __future__ import annotations

import pytest

from xray_grafana.checks.documents import JsonValue, documents_at, leaves, list_at, number_at, pointer, shown, text_at, value_at

DOCUMENT: dict[str, JsonValue] = {"a": {"b": [{"c": "x"}, 7, None]}, "d": True, "e.f": ""}


def test_reading_what_is_not_there_gives_nothing() -> None:
    assert value_at(DOCUMENT, "a", "b", 9) is None
    assert value_at(DOCUMENT, "d", "b") is None
    assert text_at(DOCUMENT, "a") == ""
    assert list_at(DOCUMENT, "a", "c") == []
    assert number_at(DOCUMENT, "d") is None


def test_reading_what_is_there() -> None:
    assert text_at(DOCUMENT, "a", "b", 0, "c") == "x"
    assert number_at(DOCUMENT, "a", "b", 1) == 7
    assert documents_at(DOCUMENT, "a", "b") == [{"c": "x"}]


def test_leaves_are_texts_and_nulls_with_their_keys() -> None:
    assert leaves(DOCUMENT) == [(("a", "b", 0, "c"), "x"), (("a", "b", 2), None), (("e.f",), "")]
    assert leaves("x", ("k",)) == [(("k",), "x")]
    assert leaves(5) == []


def test_pointer_reads_like_code() -> None:
    assert pointer(("datasources", 0, "jsonData", "a.b")) == "datasources[0].jsonData['a.b']"
    assert pointer(()) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "nothing"), ("a\nb", '"a b"'), (60, "60"), (True, "True"), (["a"], "['a']"), ("x" * 200, f'"{"x" * 78}…')],
)
def test_shown_values_are_short_and_on_one_line(value: JsonValue, text: str) -> None:
    assert shown(value) == text
