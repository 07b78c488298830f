from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.loki.corpus import BAD, GOOD, LOG_QUERIES, LOKI_ALONE, METRIC_QUERIES, Refused
from xray_grafana.loki.errors import LogqlError
from xray_grafana.loki.syntax import is_metric_query

PIECES = (
    *'{}()[],|=~!<>+-*/%^"`#$\\. \n',
    *(
        "sum",
        "rate",
        "by",
        "without",
        "on",
        "or",
        "and",
        "unwrap",
        "json",
        "pattern",
        "line_format",
        "topk",
        "offset",
        "vector",
        "ip",
        "a",
        "app",
    ),
    *(
        '{app="a"}',
        "[5m]",
        "[$__auto]",
        "|=",
        "=~",
        '"x"',
        "`<a> <_>`",
        "`{{ .a }}`",
        "5",
        "1.5s",
        "10KB",
        "0.99",
        "$var",
        "é",
        "\x00",
        "\ud800",
    ),
)


@pytest.mark.parametrize("query", GOOD + LOKI_ALONE)
def test_query_of_a_dashboard_is_taken(query: str) -> None:
    is_metric_query(query)


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.query)
def test_mistake_is_refused_at_its_place_with_what_was_got_and_expected(case: Refused) -> None:
    with pytest.raises(LogqlError) as caught:
        is_metric_query(case.query)
    assert (caught.value.column, caught.value.got, caught.value.expected) == (case.column, case.got, case.expected)


def test_error_reads_as_one_line_with_column_and_excerpt() -> None:
    with pytest.raises(LogqlError) as caught:
        is_metric_query('sum(rate({app="a"} |= "x"\n| status >= 500))')
    assert str(caught.value) == ("LogQL column 42: got ')', expected a range such as [5m] or [$__auto]; near ' \"x\" | status >= 500))'")


@pytest.mark.parametrize("query", LOG_QUERIES)
def test_log_query_is_no_metric_query(query: str) -> None:
    assert not is_metric_query(query)


@pytest.mark.parametrize("query", METRIC_QUERIES)
def test_metric_query_is_told_apart(query: str) -> None:
    assert is_metric_query(query)


def test_whether_it_is_a_metric_query_is_not_said_of_a_broken_one() -> None:
    with pytest.raises(LogqlError):
        is_metric_query('rate({app="a"}[5m]')


@pytest.mark.parametrize(
    ("query", "column", "expected"),
    [
        ('{app="a"} | json | 5 > status', 20, "a stage such as json, logfmt or pattern, or a label filter"),
        ('{app="a"} | json a="b" c="d"', 24, "a stage or the end of the query"),
        ('{app="a"} | json a=b', 20, "the field to take, in quotes"),
        ('{app="a"} | drop "x"', 18, "a label name"),
        ('{app="a"} | keep a=b', 20, "a value in quotes"),
        ('{app="a"} | label_format a="x",', 32, "a label name"),
        ('{app="a"} | label_format a "x"', 28, "= and a template or a label name"),
        ('{app="a"} | label_format a=5', 28, "a template in quotes or a label name"),
        ('{app="a"} | (a=1 or b=2', 24, ")"),
        ('{app="a"} | a=1 or', 19, "a label filter"),
        ('{app="a"} | a=~5', 14, "one of = == != > >= < <= before a number"),
        ('{app="a"} | a>ip("::1")', 14, "= or != before ip(…)"),
        ('{app="a"} | a=-10KB', 16, "a text in quotes, a number, a duration, a size or ip(…)"),
        ('{app="a"} | a=+5m', 16, "a text in quotes, a number, a duration, a size or ip(…)"),
        ('{app="a"} |= ip "::1"', 17, "ip(…)"),
        ('{app="a"} |= ip(1)', 17, "an address in quotes"),
        ('{app="a"} |= "x" or', 20, "a text in quotes or ip(…)"),
        ('{app="a"} |> "<_><_>"', 18, "text between two captures"),
        ('{app="a"} | line_format "{{}}"', 26, "something between {{ and }}"),
        ('{app="a"} | line_format "x {{ end }}"', 28, "a block such as {{ if … }} before it"),
        ('{app="a"} | line_format "{{ else }}"', 26, "a block such as {{ if … }} before it"),
        ('{app="a"} | line_format "{{/* note }}"', 26, "its closing }}, quotes in between closed"),
        ('{app="a"} | line_format "\\t{{"', 25, "its closing }}, quotes in between closed"),
        ('avg_over_time({app="a"} | unwrap x |= "y" [5m])', 36, "a range such as [5m] or [$__auto]"),
        ('avg_over_time({app="a"} | unwrap x | json [5m])', 38, "a label filter, the only stage after unwrap"),
        ('rate({app="a"}[5m] offset)', 26, "a duration such as 5m"),
        ('rate({app="a"}[ 5m ])', 15, "a range such as [5m] or [$__auto]"),
        ('rate({app="a"}[5m:1m])', 15, "a range such as [5m] or [$__auto]"),
        ('rate(rate({app="a"}[5m]))', 6, "a stream selector, which begins with {"),
        ('rate by (a) ({app="a"}[5m])', 6, "( after 'rate'"),
        ('rate((({app="a"}))[5m])', 18, "a range such as [5m] or [$__auto]"),
        ('rate_counter({app="a"}[5m])', 1, "| unwrap LABEL before its range"),
        ('sum_over_time({app="a"} | unwrap x [5m]) by (a)', 42, "no grouping of 'sum_over_time': write sum by (…) (sum_over_time(…))"),
        ('quantile_over_time(0.9 {app="a"} | unwrap x [5m])', 24, ", and what to aggregate"),
        ('sum by (a) (rate({app="a"}[5m])) by (a)', 34, "the end of the query or an operator"),
        ('sum by (a,) (rate({app="a"}[5m]))', 11, "a label name"),
        ('sum by (a b) (rate({app="a"}[5m]))', 11, ", or )"),
        ('topk(2.5, rate({app="a"}[5m]))', 6, "how many series 'topk' keeps: a whole number above 0"),
        ('topk(2 rate({app="a"}[5m]))', 8, ", and what to aggregate"),
        ('sum(3, rate({app="a"}[5m]))', 6, ") or an operator"),
        ('approx_topk(2, rate({app="a"}[5m])) by (a)', 37, "no grouping of 'approx_topk'"),
        ("vector(-1)", 8, "a number"),
        ('label_replace({app="a"}, "a", "b", "c", "d")', 15, "series, such as rate(…)"),
        ('label_replace(rate({app="a"}[5m]), a)', 36, "the new label, in quotes"),
        ('label_replace(rate({app="a"}[5m]), "a", "b", "c")', 49, ", and a regular expression"),
        ("1 + group_left 2", 5, "a selector {…}, a function of LogQL, a number or ("),
        ("-(1)", 2, "a number after '-'"),
        ("1.2.3", 1, "a number, a duration such as 5m or a size such as 10KB"),
        ('{app="a"} & 1', 11, "a token of LogQL"),
        ('{app="a\x00"}', 8, "text without NUL or half characters"),
        ('{app="\ud800"}', 7, "text without NUL or half characters"),
    ],
)
def test_each_part_of_the_grammar_says_what_it_needs(query: str, column: int, expected: str) -> None:
    with pytest.raises(LogqlError) as caught:
        is_metric_query(query)
    assert (caught.value.column, caught.value.expected) == (column, expected)


@pytest.mark.parametrize(
    "template",
    [
        '{{ .a }}}} {"b": 1}',
        "{{- .a -}}",
        "{{/* it's a note */}}x",
        "{{- /* a note */ -}}",
        "{{ $x := `}}` }}",
        "{{ '}' }}",
        "{{ div ${__range_s} 2 }}",
        "{{ range $i, $e := .a }}{{ with $e }}{{ . }}{{ else }}-{{ end }}{{ end }}",
    ],
)
def test_template_that_go_takes_is_taken(template: str) -> None:
    quoted = '"' + template.replace("\\", "\\\\").replace('"', '\\"') + '"'
    is_metric_query(f'{{app="a"}} | line_format {quoted}')


@pytest.mark.parametrize(
    "duration", ["5m", "1h30m", "1y2w3d4h5m6s7ms", "90s", "$__auto", "$__interval", "$__rate_interval", "${x}", "${x:raw}"]
)
def test_range_is_a_prometheus_duration_or_a_variable(duration: str) -> None:
    is_metric_query(f'rate({{app="a"}}[{duration}])')


@pytest.mark.parametrize(
    "quantity", ["1", "1.5", ".5", "1e3", "1.5s", "1h15m30.918s", "250µs", "1d", "2w", "10B", "5k", "1.5KB", "20MiB", "3GB"]
)
def test_label_filter_compares_with_numbers_durations_and_sizes(quantity: str) -> None:
    is_metric_query(f'{{app="a"}} | x >= {quantity}')


@settings(deadline=None)
@given(st.text())
def test_arbitrary_text_is_taken_or_refused_and_nothing_else(text: str) -> None:
    _check(text)


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_pieces_of_logql_in_any_order_are_taken_or_refused_and_nothing_else(text: str) -> None:
    _check(text)


@settings(deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_query_that_was_cut_and_mended_is_taken_or_refused_and_nothing_else(query: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(query)))
    end = data.draw(st.integers(start, len(query)))
    _check(query[:start] + data.draw(st.sampled_from(("", *PIECES))) + query[end:])


def _check(text: str) -> None:
    refusal = _refusal(text)
    if refusal is not None:
        assert 1 <= refusal.column <= len(text) + 1
        assert "\n" not in str(refusal)


def _refusal(text: str) -> LogqlError | None:
    try:
        is_metric_query(text)
    except LogqlError as error:
        return error
    return None


@pytest.mark.parametrize(
    "query",
    [
        "(" * 10_000 + "1" + ")" * 10_000,
        "sum(" * 10_000 + "1" + ")" * 10_000,
        "rate(" + "(" * 10_000 + '{app="a"}[5m]' + ")" * 10_001,
        '{app="a"} | ' + "(" * 10_000 + "b=1" + ")" * 10_000,
        '{app=~"' + "(" * 10_000 + "a" + ")" * 10_000 + '"}',
    ],
    ids=["parentheses", "aggregations", "ranges", "label filters", "regular expression"],
)
def test_deep_nesting_is_refused_without_exhausting_the_stack(query: str) -> None:
    with pytest.raises(LogqlError, match="at most"):
        is_metric_query(query)


def test_as_many_parentheses_as_a_person_reads_are_taken() -> None:
    is_metric_query("(" * 50 + "1" + ")" * 50)
    with pytest.raises(LogqlError, match="LogQL column 51: got one more"):
        is_metric_query("(" * 51 + "1" + ")" * 51)


@pytest.mark.parametrize(
    ("head", "repeated", "tail"),
    [
        ('{app="a"} ', '|= "x" ', ""),
        ('{app="a"} | a=1', " or b=2", ""),
        ("1", "+1", ""),
        ('{app=~"', "x+|", '"}'),
        ('{app=~"', "[[:", '"}'),
        ('{app="', "\\\\", '"}'),
        ('{app="a"} | line_format `', "{{/*}}", "`"),
        ('{app="a"} | line_format `', "{{ .a }}", "`"),
        ('{app="a"} | pattern `<a>', "<", "`"),
        ("", "1", "x"),
        ("", "#\n", "1"),
        ("", '"', ""),
    ],
)
def test_time_grows_with_the_length_of_the_query_and_no_faster(head: str, repeated: str, tail: str) -> None:
    """100 KB take less than 30 times what 10 KB take; a square would take 100 times."""
    short, long = (_seconds(head + repeated * (size // len(repeated)) + tail) for size in (10_000, 100_000))
    assert long < 30 * max(short, 0.002)


def _seconds(query: str) -> float:
    """Seconds of processor time, the least of three: what the machine does besides only ever adds."""
    return min(_timed(query) for _ in range(3))


def _timed(query: str) -> float:
    start = time.process_time()
    _check(query)
    return time.process_time() - start
