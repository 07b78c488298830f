from __future__ import annotations

import pytest

from xray_grafana.config.wording import all_of, nearest, offer, one_of, quoted, shown_key, visible, without_credentials


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("shop", "'shop'"),
        ("Käse 東京", "'Käse 東京'"),
        ("a\n\r\tb", r"'a\n\r\tb'"),
        ("\x00\x1b\x7f\x85", r"'\x00\x1b\x7f\x85'"),
        ("\u200b\u202e\ufeff\ud800", r"'\u200b\u202e\ufeff\ud800'"),
        ("\U000e0041", r"'\U000e0041'"),
        ("x" * 60, f"'{'x' * 60}'"),
        ("x" * 61, f"'{'x' * 60}…' (61 characters)"),
        (f"http://{'u' * 60}:secret@host", "'http://***@host' (79 characters)"),
    ],
)
def test_text_is_shown_on_one_short_line(text: str, shown: str) -> None:
    assert quoted(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://loki:3100/a", "http://loki:3100/a"),
        ("http://[::1]:3100", "http://[::1]:3100"),
        ("me@example.org", "me@example.org"),
        ("http://me:pw@loki", "http://***@loki"),
        ("http://me:p@w@loki", "http://***@loki"),
        ("http://me:p/w@loki/x", "http://***@loki/x"),
        ("http://me:p w\n@loki", "http://***@loki"),
        ("http://me@loki", "http://***@loki"),
        ("me:pw@loki:3100", "***@loki:3100"),
        ("http://me:pw", "http://me:***"),
        ("http://me:pw/x", "http://me:***"),
        ("http://me:٣", "http://me:***"),
    ],
)
def test_a_urls_credentials_are_not_shown(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


def test_a_limit_cuts_the_text() -> None:
    assert visible("abcdef", 3) == "abc…"


def test_a_key_is_shown_as_the_flag_takes_it() -> None:
    assert shown_key(("xray", "sources", 0, "uid")) == "xray.sources.0.uid"
    assert shown_key(("a\nb", "")) == r"a\nb.''"
    assert shown_key(()) == "top level"


def test_names_are_joined_as_in_a_sentence() -> None:
    assert [one_of(["a"]), one_of(["a", "b"]), one_of(["a", "b", "c"])] == ["a", "a or b", "a, b or c"]
    assert [all_of(["a"]), all_of(["a", "b"]), all_of(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_the_nearest_name_is_offered_if_one_is_near() -> None:
    assert nearest("Foldr", ["folder", "refresh"]) == "folder"
    assert nearest("zzz", ["folder"]) is None
    assert nearest("folder" * 20, ["folder" * 19]) is None
    assert offer("foldr", ["folder"]) == "did you mean folder?"
    assert offer("zzz", ["folder"]) is None
