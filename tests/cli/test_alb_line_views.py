"""Rows of the table, as wide as a terminal."""

from __future__ import annotations

from unicodedata import east_asian_width

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alb.lines import Fields
from tests.alb.test_lines import CONNECTION
from xray_grafana.alb.records import read_record
from xray_grafana.cli.alb.line_views import TableView


def row(width: int | None, request: str) -> str:
    record, _ = read_record("access", Fields(request=request).line())
    return list(TableView(width).lines("access", record))[1]


def cells(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def test_a_narrow_terminal_has_no_room_for_the_date() -> None:
    assert (
        row(80, "GET http://h:80/orders/12345 HTTP/1.1")
        == "10:00:01.003  200  0.048s 1-68ce7ba1-0123456789abcdef01234567 GET /orders/12345"
    )
    assert (
        row(79, "GET http://h:80/orders/12345 HTTP/1.1")
        == "10:00:01.003  200  0.048s 1-68ce7ba1-0123456789abcdef01234567 GET /orders/12345"
    )
    assert (
        row(76, "GET http://h:80/orders/12345 HTTP/1.1") == "10:00:01.003  200  0.048s 1-68ce7ba1-0123456789abcdef01234567 GET /orders/1…"
    )


def test_wide_characters_count_twice() -> None:
    """The request begins behind 62 columns; `GET /` takes five more."""
    start = "10:00:01.003  200  0.048s 1-68ce7ba1-0123456789abcdef01234567 GET /"

    assert row(len(start) + 4, "GET http://h:80/日本 HTTP/1.1") == f"{start}日本"
    assert row(len(start) + 3, "GET http://h:80/日本 HTTP/1.1") == f"{start}日…"
    assert row(len(start) + 2, "GET http://h:80/日本 HTTP/1.1") == f"{start}…"


def test_without_a_terminal_nothing_is_cut() -> None:
    assert row(None, f"GET http://h:80/{'日' * 500} HTTP/1.1").endswith("日" * 500)


@pytest.mark.parametrize(
    ("request_line", "shown"),
    [
        ("GET https://h:443/ HTTP/1.1", "GET /"),
        ("GET https://h:443/a?b=http://x/y HTTP/1.1", "GET /a?b=http://x/y"),
        ("- http://h:80- -", "- http://h:80-"),
        ("OPTIONS * HTTP/1.1", "OPTIONS *"),
        ("-", "- -"),
    ],
)
def test_a_request_is_its_method_and_path(request_line: str, shown: str) -> None:
    assert row(None, request_line).removeprefix("2026-09-20T10:00:01.003  200  0.048s 1-68ce7ba1-0123456789abcdef01234567 ") == shown


@given(st.integers(1, 200), st.text(st.characters(codec="utf-8", exclude_characters='"\n'), max_size=60))
def test_no_row_is_wider_than_the_terminal(width: int, path: str) -> None:
    shown = row(width, f"GET http://h:80/{path} HTTP/1.1")

    assert cells(shown) <= width
    assert not [character for character in shown if ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0]


def test_a_row_of_another_log_is_cut_as_well() -> None:
    record, _ = read_record("connection", CONNECTION)

    assert list(TableView(30).lines("connection", record)) == ["timestamp=2023-10-04T17:05:15…"]
