"""Where fields end, and how characters that would end them are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xray_grafana.alb.fields import decoded, printable, split_fields, unescaped


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", []),
        ("   ", []),
        ("a b", ["a", "b"]),
        ("  a  b ", ["a", "b"]),
        ('a "b c" d', ["a", "b c", "d"]),
        ('"" "-"', ["", "-"]),
        ('h2 "h2","http/1.1" -', ["h2", '"h2","http/1.1"', "-"]),
        ('a"b c"d e', ['a"b c"d', "e"]),
        ('a "b c', ["a", '"b c']),
        ('"', ['"']),
        ("a\tb\u00a0c d", ["a\tb\u00a0c", "d"]),
    ],
)
def test_a_field_ends_at_a_space_outside_of_quotes(text: str, fields: list[str]) -> None:
    assert split_fields(text) == fields


@given(st.lists(st.text(st.characters(exclude_characters='" '), min_size=1)))
def test_fields_without_quotes_survive_being_joined(fields: list[str]) -> None:
    assert split_fields(" ".join(fields)) == fields


def test_many_quotes_take_no_long_time() -> None:
    assert split_fields('"a" ' * 50_000 + '"' * 50_001) == ["a"] * 50_000 + ['"' * 50_001]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("plain", "plain"),
        (r"a\x22b\x22", 'a"b"'),
        (r"\x5C", "\\"),
        (r"\x5Cx22", r"\x22"),
        (r"\xC3\xA9 \xE6\x97\xA5", "é 日"),
        (r"\xc3", r"\xc3"),
        (r"\xZZ \x2", r"\xZZ \x2"),
        (r"\x1b[31m", "\x1b[31m"),
    ],
)
def test_an_escape_is_the_byte_it_stands_for(written: str, meant: str) -> None:
    assert unescaped(written) == meant


def test_bytes_that_are_no_utf_8_stay_escapes_all_the_way() -> None:
    assert unescaped(decoded(b"\xe9 \xc3\xa9")) == r"\xe9 é"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本", "plain é 日本"),
        ("\x1b[2J\x00\x7f\r\n\t", r"\x1b[2J\x00\x7f\x0d\x0a\x09"),
        ("\x9b31m", r"\x9b31m"),
        ("a\u202eb\u2028", r"a\u202eb\u2028"),
        ("pay\u200bment \ufeffs\xadhop", r"pay\u200bment \ufeffs\xadhop"),
    ],
)
def test_characters_that_steer_a_terminal_are_shown_as_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_nothing_printable_is_a_control_character(text: str) -> None:
    assert not any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in printable(text))
