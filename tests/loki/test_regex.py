"""Expectations are those of RE2 itself, https://github.com/google/re2/wiki/Syntax, and of Go where it takes less (`\\C`)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xray_grafana.loki.regex import RegexError, parse_regex

PIECES = (
    *"ab.^$|()[]{}*+?-\\,:é",
    *(
        "(?:",
        "(?i)",
        "(?P<n>",
        "(?<m>",
        "(?=",
        "{2}",
        "{3,1}",
        "[^",
        "[:alpha:]",
        "\\d",
        "\\b",
        "\\pL",
        "\\p{Greek}",
        "\\Q",
        "\\E",
        "\\x41",
        "\\1",
    ),
)


@pytest.mark.parametrize(
    ("pattern", "empty"),
    [
        ("", True),
        ("a", False),
        ("a*", True),
        ("a+", False),
        ("a?", True),
        ("a{0,3}", True),
        ("a{2,}", False),
        ("(?:a*){2}", True),
        ("(a|)", True),
        ("a||b", True),
        ("ab*", False),
        ("^$", True),
        ("\\A\\z", True),
        ("\\b", False),
        ("\\B", True),
        ("$lb", False),
        ("${lb:regex}", False),
        ("{,2}", False),
        ("\\Q\\E", True),
        ("\\Qa+b\\E*", False),
        ("\\Qa", False),
        ("(?i)", True),
        ("a*(?i)*", True),
        ("(?)", True),
    ],
)
def test_says_whether_it_matches_the_empty_text_as_a_whole(pattern: str, empty: bool) -> None:  # noqa: FBT001 - the expectation
    assert parse_regex(pattern).matches_empty is empty


@pytest.mark.parametrize(
    "pattern",
    [
        "[]a]",
        "[^]a]",
        "[a-]",
        "[-a]",
        "[a\\-z]",
        "[\\d-z]",
        "[[:^alpha:]_]",
        "[[:x]",
        "[\\x{41}-\\x5A]",
        "[\\101-\\132]",
        "[\\t-\\r]",
        "[\\pL\\p{^Lu}\\PN]",
        '\\.\\_\\/\\-\\"',
        "\\x41\\x{1F600}\\012\\12\\0",
        "(?i-s:a)(?sU)b",
        "a*?b+?c??d{1,2}?",
        "a{1000}",
        "a{02}",
        "a{,5}",
        "}",
        "é",
    ],
)
def test_takes_what_go_takes(pattern: str) -> None:
    parse_regex(pattern)


def test_names_its_groups_in_order() -> None:
    assert parse_regex(r"(?P<client>\S+) (x) (?<status>\d{3})(?:y)").names == ("client", "status")


@pytest.mark.parametrize(
    ("pattern", "offset", "got", "expected"),
    [
        ("a(b", 1, "'('", "its closing )"),
        ("a)b", 1, "')'", "a ( before it, or \\)"),
        ("x[a", 1, "'['", "its closing ]"),
        ("[]", 0, "'['", "its closing ]"),
        ("*a", 0, "'*'", "something to repeat before it"),
        ("(+)", 1, "'+'", "something to repeat before it"),
        ("a|{2}", 2, "'{2}'", "something to repeat before it"),
        ("a**", 2, "'*'", "one repetition, not two in a row"),
        ("a++", 2, "'+'", "one repetition, not two in a row"),
        ("a{2}{3}", 4, "'{3}'", "one repetition, not two in a row"),
        ("a{3,1}", 1, "'{3,1}'", "counts that rise and are at most 1000"),
        ("a{1001}", 1, "'{1001}'", "counts that rise and are at most 1000"),
        ("a{1,1001}", 1, "'{1,1001}'", "counts that rise and are at most 1000"),
        ("x(?=a)", 1, "'(?='", "no lookahead: Go has none"),
        ("(?!a)", 0, "'(?!'", "no lookahead: Go has none"),
        ("(?<=a)", 0, "'(?<='", "no lookbehind: Go has none"),
        ("(?<!a)", 0, "'(?<!'", "no lookbehind: Go has none"),
        ("(?P<a>x)(?P=a)", 8, "'(?P='", "no backreference: Go has none"),
        ("(?>a)", 0, "'(?>'", "no atomic group: Go has none"),
        ("(a)\\1", 3, "'\\1'", "no backreference: Go has none"),
        ("(?x)a", 0, "'(?x)'", "a group such as (…), (?:…), (?P<name>…) or (?i)"),
        ("(?P<a-b>x)", 0, "'(?P<'", "a group such as (…), (?:…), (?P<name>…) or (?i)"),
        ("(?P<a>x)(?<a>y)", 8, "a second group named a", "each name once"),
        ("\\q", 0, "'\\q'", "an escape that Go knows, or \\\\ for a backslash"),
        ("a\\", 1, "'\\'", "an escape that Go knows, or \\\\ for a backslash"),
        ("\\Z", 0, "'\\Z'", "an escape that Go knows, or \\\\ for a backslash"),
        ("\\C", 0, "'\\C'", "an escape that Go knows, or \\\\ for a backslash"),
        ("\\x{110000}", 0, "'\\x'", "an escape that Go knows, or \\\\ for a backslash"),
        ("[\\b]", 1, "'\\b'", "an escape that Go knows, or \\\\ for a backslash"),
        ("[a-\\d]", 3, "'\\d'", "an escape that Go knows, or \\\\ for a backslash"),
        ("[z-a]", 1, "'z-a'", "a range that rises"),
        ("[\\n-\\t]", 1, "'\\n-\\t'", "a range that rises"),
        ("[[:letter:]]", 1, "'[:letter:]'", "a class such as [:alpha:] or [:digit:]"),
        ("(" * 1001, 1000, "1001 open groups", "at most 1000"),
    ],
)
def test_refuses_what_go_refuses_with_the_place(pattern: str, offset: int, got: str, expected: str) -> None:
    with pytest.raises(RegexError) as caught:
        parse_regex(pattern)
    assert (caught.value.offset, caught.value.got, caught.value.expected) == (offset, got, expected)


@settings(deadline=None)
@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_arbitrary_text_is_taken_or_refused_and_nothing_else(pattern: str) -> None:
    try:
        parse_regex(pattern)
    except RegexError as error:
        assert 0 <= error.offset < len(pattern)  # noqa: PT017 - most texts are taken
