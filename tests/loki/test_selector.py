from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xray_grafana.errors import XRayGrafanaError
from xray_grafana.loki.errors import LogqlError
from xray_grafana.loki.regex import RegexError
from xray_grafana.loki.selector import OPERATORS, Matcher, Selector, escape_regex, parse_selector, quote
from xray_grafana.loki.syntax import is_metric_query

LABELS = st.from_regex(r"x_[A-Za-z0-9_]{0,8}", fullmatch=True)
VALUES = st.text(st.characters(codec="utf-8"))


def test_selector_is_its_matchers_in_the_order_they_were_written() -> None:
    assert parse_selector('{a="b", c!~"d.+",e=~`f|g` , h!="i"}') == Selector(
        (Matcher("a", "=", "b"), Matcher("c", "!~", "d.+"), Matcher("e", "=~", "f|g"), Matcher("h", "!=", "i"))
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'{a="\"\\"}', '"\\'),
        (r'{a="\a\b\f\n\r\t\v"}', "\a\b\f\n\r\t\v"),
        (r'{a="\x41\101\u00e9\U0001F600"}', "AAé😀"),
        (r'{a="\xc3\xa9"}', "é"),
        (r"{a=`\n\"`}", '\\n\\"'),
        ("{a=`x\ny`}", "x\ny"),
        ('{a="}, b=~"}', "}, b=~"),
        ('{a="# no comment"}', "# no comment"),
        ("{ # comment\n a = `b`\t}", "b"),
    ],
)
def test_value_is_the_text_without_quotes_and_escapes(text: str, value: str) -> None:
    assert parse_selector(text).matchers == (Matcher("a", "=", value),)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("{a=`b`,c!~`d.+`}", '{a="b", c!~"d.+"}'),
        ('{ a = "b" }', '{a="b"}'),
        (r"{a=`say \"x\"`}", r'{a="say \\\"x\\\""}'),
        ('{a="x\\ty"}', '{a="x\\x09y"}'),
        ('{a="caf\\u00e9"}', '{a="café"}'),
    ],
)
def test_canonical_text_has_double_quotes_and_single_blanks(text: str, canonical: str) -> None:
    assert str(parse_selector(text)) == canonical


@pytest.mark.parametrize(
    ("text", "column", "got", "expected"),
    [
        ("", 1, "the end", "a stream selector, which begins with {"),
        ("app", 1, "'app'", "a stream selector, which begins with {"),
        ("{", 2, "the end", "a label name"),
        ("{}", 2, "'}'", "a label name"),
        ("{,}", 2, "','", "a label name"),
        ('{a="b",}', 8, "'}'", "a label name"),
        ('{a="b",,c="d"}', 8, "','", "a label name"),
        ('{a="b" c="d"}', 8, "'c'", ", or }"),
        ('{a="b"', 7, "the end", ", or }"),
        ("{a}", 3, "'}'", "one of = != =~ !~"),
        ('{a=="b"}', 3, "'=='", "one of = != =~ !~"),
        ('{a>"b"}', 3, "'>'", "one of = != =~ !~"),
        ('{a|="b"}', 3, "'|='", "one of = != =~ !~"),
        ("{a=b}", 4, "'b'", "a value in quotes"),
        ("{a=5}", 4, "'5'", "a value in quotes"),
        ("{a=$b}", 4, "'$b'", "a value in quotes"),
        ('{"a"="b"}', 2, "'\"a\"'", "a label name"),
        ('{1a="b"}', 2, "'1a'", "a number, a duration such as 5m or a size such as 10KB"),
        ('{a-b="c"}', 3, "'-'", "one of = != =~ !~"),
        ('{é="b"}', 2, "'é'", "a token of LogQL"),
        ('{by="b"}', 2, "the keyword 'by'", "a label name"),
        ('{JSON="b"}', 2, "the keyword 'JSON'", "a label name"),
        ('{a="b}', 4, 'an opening "', 'a closing " on the same line'),
        ('{a="b\n"}', 4, 'an opening "', 'a closing " on the same line'),
        ("{a=`b}", 4, "an opening `", "a closing `"),
        ("{a='b'}", 4, "a single quote", 'a text in "double quotes" or `backticks`'),
        (r'{a="x\q"}', 6, r"'\q'", r"an escape that Go knows, or \\ for a backslash"),
        (r'{a="\ud800"}', 5, r"'\ud800'", "an escape for a Unicode character"),
        (r'{a="\U00110000"}', 5, r"'\U00110000'", "an escape for a Unicode character"),
        (r'{a="\xff"}', 4, "'\"\\xff\"'", "escapes that make valid UTF-8"),
        ('{a="b"} x', 9, "'x'", "nothing after the selector's }"),
        ('{a="b"}}', 8, "'}'", "nothing after the selector's }"),
        ('{a="b"} |= "c"', 9, "'|='", "nothing after the selector's }"),
        ('{a=~"("}', 6, "'(' in a regular expression", "its closing )"),
        (r'{a=~"\\d("}', 5, "'(' in a regular expression", "its closing )"),
        (r"{a=~`\d(`}", 8, "'(' in a regular expression", "its closing )"),
        ('{b="c", a!~"x(?!y)"}', 14, "'(?!' in a regular expression", "no lookahead: Go has none"),
        ('{a=~""}', 1, "'{a=~\"\"}'", 'a matcher that an absent label does not fulfil, such as app=~".+"'),
        (
            '{a="", b=~".*", c!="d", e!~".+"}',
            1,
            '\'{a="", b=~".*", c!="d", e!~".+"}\'',
            'a matcher that an absent label does not fulfil, such as app=~".+"',
        ),
    ],
)
def test_what_loki_refuses_is_refused_at_its_place(text: str, column: int, got: str, expected: str) -> None:
    with pytest.raises(LogqlError) as caught:
        parse_selector(text)
    assert (caught.value.column, caught.value.got, caught.value.expected) == (column, got, expected)


@pytest.mark.parametrize("text", ['{a=~".+"}', '{a!=""}', '{a!~".*"}', '{a=~"b|c"}', '{a=~"$a"}', '{a="", b="c"}'])
def test_one_matcher_that_an_absent_label_does_not_fulfil_suffices(text: str) -> None:
    assert str(parse_selector(text)) == text


def test_error_is_one_for_the_reader_with_what_where_and_excerpt() -> None:
    with pytest.raises(XRayGrafanaError) as caught:
        parse_selector('{service_name="checkout", log_type=access}')
    assert str(caught.value) == "LogQL column 36: got 'access', expected a value in quotes; near 'checkout\", log_type=access}'"


def test_long_values_are_cut_in_errors() -> None:
    with pytest.raises(LogqlError) as caught:
        parse_selector('{a!="' + "x" * 500 + '"}')
    assert len(str(caught.value)) < 250


PATTERN = '{service_name="${service}", pod=~"${service}-.+", zone!~"not-${service}", log_type!="access"}'


def test_placeholder_is_filled_as_text_and_escaped_where_it_lands_in_a_regex() -> None:
    filled = parse_selector(PATTERN).filled("${service}", 'a.b+"c"\\')
    assert filled.matchers == (
        Matcher("service_name", "=", 'a.b+"c"\\'),
        Matcher("pod", "=~", r'a\.b\+"c"\\-.+'),
        Matcher("zone", "!~", r'not-a\.b\+"c"\\'),
        Matcher("log_type", "!=", "access"),
    )
    assert str(filled) == (r'{service_name="a.b+\"c\"\\", pod=~"a\\.b\\+\"c\"\\\\-.+", zone!~"not-a\\.b\\+\"c\"\\\\", log_type!="access"}')


def test_widened_selector_takes_any_value_where_the_placeholder_stood() -> None:
    assert str(parse_selector(PATTERN).widened("${service}")) == '{service_name=~".+", pod=~".+", zone=~".+", log_type!="access"}'


def test_selector_without_the_placeholder_stays_as_it_is() -> None:
    selector = parse_selector('{app="a"}')
    assert selector.filled("${service}", "x") == selector
    assert selector.widened("${service}") == selector


@settings(deadline=None)
@given(st.lists(st.builds(Matcher, LABELS, st.sampled_from(OPERATORS), VALUES.map(escape_regex)), max_size=5))
def test_canonical_text_reads_back_as_the_same_selector(matchers: list[Matcher]) -> None:
    selector = Selector((*matchers, Matcher("app", "=~", ".+")))
    assert parse_selector(str(selector)) == selector


@settings(deadline=None)
@given(VALUES)
def test_quoted_text_is_one_line_and_reads_back(value: str) -> None:
    text = quote(value)
    assert "\n" not in text
    assert parse_selector(f'{{a={text}, b="c"}}').matchers[0].value == value


@settings(deadline=None)
@given(st.text(min_size=1))
def test_escaped_text_matches_itself_and_nothing_else(text: str) -> None:
    assert re.fullmatch(escape_regex(text), text)
    assert not re.fullmatch(escape_regex(text), text + "x")
    assert not re.fullmatch(escape_regex(text), "")


@settings(deadline=None)
@given(VALUES)
def test_filled_selector_is_always_logql(service: str) -> None:
    is_metric_query(str(parse_selector('{app=~".+", a="${x}", b=~"p-${x}", c!~"${x}"}').filled("${x}", service)))


@settings(deadline=None)
@given(st.text() | st.text('{}ab=!~"`\\,.* ()[?'))
def test_arbitrary_text_is_a_selector_or_refused_and_nothing_else(text: str) -> None:
    try:
        selector = parse_selector(text)
    except LogqlError:
        return
    assert parse_selector(str(selector)) == selector


def test_matcher_with_a_broken_expression_says_so_when_asked() -> None:
    with pytest.raises(RegexError):
        assert Matcher("a", "=~", "(").matches_empty
