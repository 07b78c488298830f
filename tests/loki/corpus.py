"""LogQL as dashboards write it, and as people get it wrong: each mistake with our error, and whether Grafana's grammar sees it."""

from __future__ import annotations

from dataclasses import dataclass

FIELDS = (
    "| pattern `<type> <_> <elb> <client> <target> <rpt> <tpt> <resp> <status> <tstatus> <rx> <tx>"
    ' "<request>" "<ua>" <_> <_> <tg> "<trace>" <_>`'
)
BOTH_FORMS = (
    '| label_format want=`{{ regexReplaceAll "^1-([0-9a-f]{8})-([0-9a-f]{24})$" "${traceId}" "${1}${2}" }}`'
    ' | label_format hit=`{{ if or (contains .want __line__) (contains "${traceId}" __line__) }}y{{ end }}`'
)
PATH = '| label_format path=`{{ regexReplaceAll "^\\\\S+ [a-z]+://[^/]*([^? ]*).*$" .request "${1}" }}`'
ALB = '{log_type="access", lb=~"$lb"}'

LOG_QUERIES = (
    '{service_name="checkout"}',
    '{service_name="$service", log_type!="access"}',
    '( {service_name="checkout"} |= "error" )',
    '{log_type="access"} |= `$traceId` | trace_id=`$traceId`',
    '{log_type="access"} |= `1-5759e988-bd862e3fe1be46a994272793` | trace_id=`1-5759e988-bd862e3fe1be46a994272793` ' + FIELDS,
    f"{ALB} {FIELDS} | status >= 500 or tpt > 1",
    f'{{service_name=~".+", log_type!="access"}} {BOTH_FORMS} | hit=`y` | want!=`` | drop hit, want',
    '{app="a"} |= "x" or "y" != "z" |~ "5\\\\d\\\\d" !~ `GET|POST`',
    '{app="a"} |> "<_> level=error <_>" !> "<_>health<_>"',
    '{app="a"} |= ip("10.0.0.0/8") != ip("10.0.0.1-10.0.0.9")',
    '{app="a"} |= ip("$network") | client = ip("${client}")',
    '{app="a"} | json | line_format "{{.level}} {{.msg | upper}}" | level=~"error|warn"',
    '{app="a"} | json status="response.status", path, first="items[0]" | status != 200',
    '{app="a"} | logfmt --strict --keep-empty | latency > 1.5s and size <= 20MiB, code == 200',
    '{app="a"} | logfmt --strict took="duration", msg | took >= 250ms',
    '{app="a"} | regexp `^(?P<client>\\S+) (?P<status>\\d{3})` | client = ip("10.0.0.0/8") or (status="500" and client!="-")',
    '{app="a"} | unpack | decolorize | keep level, msg="x" | drop __error__, foo=~"b.r"',
    '{app="a"} | json | label_format a=b, c="{{ .d }}-{{ .e }}", f=`{{ if .g }}1{{ else }}0{{ end }}`',
    '{app="a"} # what the pods say\n  |= "error" # only failures\n  | json',
    '{app="a"} | delay > -5m | balance >= -1.5 | level="info"',
    '{app="a", pod=~`web-[0-9a-f]{5,10}`} |~ `(?i)\\bfail(?:ed|ure)\\b`',
    '{sum="a", rate="b"} | count=1 | duration > 1 | ip="::1"',
)

METRIC_QUERIES = (
    f"sum(rate({ALB}[$__auto]))",
    f"sum by (status) (rate({ALB} {FIELDS} [$__auto]))",
    f"sum by (status, tstatus) (rate({ALB} {FIELDS} | status >= 500 [$__auto]))",
    f"(sum(count_over_time({ALB} {FIELDS} | status >= 500 [$__range])) or vector(0)) / sum(count_over_time({ALB}[$__range]))",
    f'quantile_over_time(0.50, {ALB} {FIELDS} | tpt != "-1" | unwrap tpt [$__auto]) by ()',
    f'quantile_over_time(0.90, {ALB} {FIELDS} | tpt != "-1" | unwrap tpt [$__interval]) by ()',
    f'quantile_over_time(0.99, {ALB} {FIELDS} | tpt != "-1" | unwrap tpt [${{window}}]) by (lb)',
    f"sum(count_over_time({ALB} | trace_id=~`1-.+` [$__range])) / sum(count_over_time({ALB} [$__range]))",
    f"sum(sum_over_time({ALB} {FIELDS} | unwrap rx [$__auto]))",
    f"topk(15, sum by (path) (count_over_time({ALB} {FIELDS} {PATH} [$__range])))",
    'rate({app="a"} |= "x" | json [5m])',
    'rate({app="a"} | unwrap bytes [1m])',
    'rate_counter({app="a"} | logfmt | unwrap total | __error__="" [1h30m])',
    'bytes_rate({app="a"}[1m]) / bytes_over_time({app="a"}[1d])',
    'avg_over_time({app="a"} | json | unwrap duration_seconds(took) | took > 1s and code=200 [$__rate_interval]) by (pod)',
    'max_over_time({app="a"} | json | unwrap bytes(size) [5m]) without (pod, node)',
    'first_over_time({app="a"} | unwrap x [5m]) - last_over_time({app="a"} | unwrap x [5m] offset 1w)',
    'stddev_over_time({app="a"} | unwrap x [5m]) by (a) > stdvar_over_time({app="a"} | unwrap x [5m]) by (a)',
    'min_over_time({app="a"} | unwrap duration(x) [5m] offset -5m)',
    'absent_over_time({app="a"}[10m])',
    'sum(count_over_time({app="a"}[5m])) by (pod) > bool 10',
    'avg without (pod) (rate(({app="a"} |= "x")[5m]))',
    'stddev(rate({app="a"}[5m])) + stdvar(rate({app="a"}[5m])) * count(rate({app="a"}[5m])) % 2 ^ 3',
    'bottomk(3, rate({app="a"}[5m])) by (pod) or sort_desc(sum by (pod) (rate({app="a"}[5m])))',
    'approx_topk(10, sum by (client) (rate({app="a"}[5m])))',
    'max(rate({app="a"}[5m])) unless on (pod) min(rate({app="b"}[5m]))',
    'sum by (a) (rate({app="a"}[5m])) / ignoring (b) group_left (c) sum by (a, b) (rate({app="b"}[5m])) and vector(1)',
    'sum by (a, b) (rate({app="a"}[5m])) == bool on (a) group_right sum by (a) (rate({app="b"}[5m]))',
    'label_replace(rate({app="a"}[5m]), "host", "$1", "instance", "([^:]+):.*")',
    'rate(({app="a"} | json [5m]))',
    'rate((({app="a"} | json)[5m] offset 1h))',
    "-1 + 2.5e-3",
)

GOOD = LOG_QUERIES + METRIC_QUERIES

# What Loki takes by its own grammar and Grafana's editor does not know.
LOKI_ALONE = (
    'SUM(Rate({app="a"}[5m]))',
    '{app="a"} | level="info" code="7"',
)


@dataclass(frozen=True)
class Refused:
    """A query that Loki refuses: our error, and whether Grafana's grammar sees the mistake too (else ours is the stricter)."""

    query: str
    column: int
    got: str
    expected: str
    by_grammar: bool


BAD = (
    Refused("", 1, "the end", "a selector {…}, a function of LogQL, a number or (", by_grammar=True),
    Refused('{app="a"', 9, "the end", ", or }", by_grammar=True),
    Refused("{app=a}", 6, "'a'", "a value in quotes", by_grammar=True),
    Refused('{app="a}', 6, 'an opening "', 'a closing " on the same line', by_grammar=True),
    Refused('{app="a"} |= `x', 14, "an opening `", "a closing `", by_grammar=True),
    Refused("{app=\"a\"} |= 'x'", 14, "a single quote", 'a text in "double quotes" or `backticks`', by_grammar=True),
    Refused("{}", 2, "'}'", "a label name", by_grammar=True),
    Refused('{app="a",, b="c"}', 10, "','", "a label name", by_grammar=True),
    Refused('{app>"a"}', 5, "'>'", "one of = != =~ !~", by_grammar=True),
    Refused('{app="a"} |', 12, "the end", "a stage such as json, logfmt or pattern, or a label filter", by_grammar=True),
    Refused('{app="a"} | jsn', 16, "the end", "a comparison of 'jsn' such as = or >=", by_grammar=True),
    Refused('{app="a"} | json | status >== 5', 29, "'='", "a text in quotes, a number, a duration, a size or ip(…)", by_grammar=True),
    Refused('{app="a"} |= error', 14, "'error'", "a text in quotes or ip(…)", by_grammar=True),
    Refused('{app="a"} foo', 11, "'foo'", "a stage or the end of the query", by_grammar=True),
    Refused('rate({app="a"})', 15, "')'", "a range such as [5m] or [$__auto]", by_grammar=True),
    Refused('rate({app="a"}[5m]', 19, "the end", ")", by_grammar=True),
    Refused('rate({app="a"}[5m', 15, "'['", "its closing ]", by_grammar=True),
    Refused('rate({app="a"}[5x])', 15, "'[5x]'", "a range such as [5m] or [$__auto]", by_grammar=True),
    Refused('rate({app="a"}[])', 15, "'[]'", "a range such as [5m] or [$__auto]", by_grammar=True),
    Refused('rates({app="a"}[5m])', 1, "'rates'", "a selector {…}, a function of LogQL, a number or (", by_grammar=True),
    Refused('sum(rate({app="a"}[5m])', 24, "the end", ") or an operator", by_grammar=True),
    Refused('sum by status (rate({app="a"}[5m]))', 8, "'status'", "( and label names", by_grammar=True),
    Refused('sum(rate({app="a"}[5m])) /', 27, "the end", "a selector {…}, a function of LogQL, a number or (", by_grammar=True),
    Refused('sum_over_time({app="a"} | unwrap [5m])', 34, "'[5m]'", "the label to unwrap", by_grammar=True),
    Refused(
        'sum_over_time({app="a"} | unwrap seconds(x) [5m])',
        34,
        "'seconds'",
        "one of bytes(…), duration(…), duration_seconds(…)",
        by_grammar=True,
    ),
    Refused('sum({app="a"}[5m])', 14, "'[5m]'", "no range outside of a range aggregation such as rate(…)", by_grammar=True),
    Refused('{app="a"}[5m]', 10, "'[5m]'", "no range outside of a range aggregation such as rate(…)", by_grammar=True),
    Refused('sum({app="a"})', 5, "a log query", "series, such as rate(…)", by_grammar=True),
    Refused('{app="a"} | logfmt --lenient', 20, "'--lenient'", "--strict or --keep-empty", by_grammar=True),
    Refused('{app="a"} | line_format .msg', 25, "'.'", "a token of LogQL", by_grammar=True),
    Refused('{app=~".*"}', 1, "'{app=~\".*\"}'", 'a matcher that an absent label does not fulfil, such as app=~".+"', by_grammar=False),
    Refused('{app=""}', 1, "'{app=\"\"}'", 'a matcher that an absent label does not fulfil, such as app=~".+"', by_grammar=False),
    Refused('{app!="a"}', 1, "'{app!=\"a\"}'", 'a matcher that an absent label does not fulfil, such as app=~".+"', by_grammar=False),
    Refused('{app=~"web-(a"}', 12, "'(' in a regular expression", "its closing )", by_grammar=False),
    Refused("{app=~`web(?!-test)`}", 11, "'(?!' in a regular expression", "no lookahead: Go has none", by_grammar=False),
    Refused('{app="a"} |~ `(a)\\1`', 18, "'\\1' in a regular expression", "no backreference: Go has none", by_grammar=False),
    Refused('{app="a"} | json | x=~"*"', 24, "'*' in a regular expression", "something to repeat before it", by_grammar=False),
    Refused('{app="a"} |= "\\d"', 15, "'\\d'", "an escape that Go knows, or \\\\ for a backslash", by_grammar=False),
    Refused(
        '{app="a"} |= ip("10.0.0")',
        17,
        "'\"10.0.0\"'",
        "an address, a range such as 10.0.0.1-10.0.0.9 or a network such as 10.0.0.0/8",
        by_grammar=False,
    ),
    Refused('{app="a"} |~ ip("10.0.0.1")', 11, "'|~'", "|= or != before ip(…)", by_grammar=False),
    Refused(
        '{app="a"} | pattern "no capture"', 21, "'\"no capture\"'", "a pattern with a named capture such as <status>", by_grammar=False
    ),
    Refused('{app="a"} | pattern `<_> <_>`', 21, "'`<_> <_>`'", "a pattern with a named capture such as <status>", by_grammar=False),
    Refused('{app="a"} | pattern `<a><b>`', 25, "'<b>'", "text between two captures", by_grammar=False),
    Refused('{app="a"} | pattern `<a> <a>`', 21, "a second <a>", "each capture once", by_grammar=False),
    Refused('{app="a"} |> "<status> <_>"', 14, "<status>", "only <_> in a line filter", by_grammar=False),
    Refused(
        '{app="a"} | regexp `(\\d+)`', 20, "'`(\\d+)`'", "a regular expression with a named group such as (?P<status>…)", by_grammar=False
    ),
    Refused('{app="a"} | line_format "{{.msg"', 26, "'{{'", "its closing }}, quotes in between closed", by_grammar=False),
    Refused('{app="a"} | label_format a=`{{ if .b }}c`', 29, "'{{ if'", "its {{ end }}", by_grammar=False),
    Refused('{app="a"} | label_format a=`{{ .b }}`, a=c', 40, "a second 'a'", "each label once in a label_format", by_grammar=False),
    Refused('{app="a"} | status > "500"', 20, "'>'", "one of = != =~ !~ before a text", by_grammar=True),
    Refused('{app="a"} | size > 10QB', 20, "'10QB'", "a number, a duration such as 5m or a size such as 10KB", by_grammar=True),
    Refused(
        '{app="a"} | unwrap x',
        13,
        "the keyword 'unwrap'",
        "no unwrap outside of a range aggregation such as sum_over_time(…)",
        by_grammar=True,
    ),
    Refused(
        'count_over_time({app="a"}[5m]) by (pod)',
        32,
        "the keyword 'by'",
        "no grouping of 'count_over_time': write sum by (…) (count_over_time(…))",
        by_grammar=False,
    ),
    Refused('rate({app="a"}[5m]) by (pod)', 21, "the keyword 'by'", "no grouping of 'rate': write sum by (…) (rate(…))", by_grammar=False),
    Refused('avg_over_time({app="a"}[5m])', 1, "'avg_over_time' without unwrap", "| unwrap LABEL before its range", by_grammar=False),
    Refused(
        'count_over_time({app="a"} | unwrap x [5m])',
        29,
        "the keyword 'unwrap'",
        "no unwrap inside 'count_over_time', which counts lines",
        by_grammar=False,
    ),
    Refused('quantile_over_time({app="a"} | unwrap x [5m])', 20, "'{'", "a quantile such as 0.99", by_grammar=False),
    Refused('rate(0.5, {app="a"}[5m])', 6, "'0.5'", "no parameter of 'rate'", by_grammar=False),
    Refused('topk(rate({app="a"}[5m]))', 6, "'rate'", "how many series 'topk' keeps: a whole number above 0", by_grammar=False),
    Refused('topk(0, rate({app="a"}[5m]))', 6, "'0'", "how many series 'topk' keeps: a whole number above 0", by_grammar=False),
    Refused('sort by (pod) (rate({app="a"}[5m]))', 6, "the keyword 'by'", "no grouping of 'sort'", by_grammar=False),
    Refused('{app="a"} + 1', 11, "'+'", "no operator after a log query: it has no number", by_grammar=False),
    Refused('1 + {app="a"}', 5, "a log query", "a number or series after '+'", by_grammar=False),
    Refused('sum(rate({app="a"}[5m])) or 0', 26, "a plain number beside 'or'", "series on both sides, such as vector(0)", by_grammar=False),
    Refused('rate({on="a"}[5m])', 7, "the keyword 'on'", "a label name", by_grammar=True),
    Refused(
        'label_replace(rate({app="a"}[5m]), "a", "$1", "b", "(")', 53, "'(' in a regular expression", "its closing )", by_grammar=False
    ),
    Refused('rate({app="a"}[5m] offset 5)', 27, "'5'", "a duration such as 5m", by_grammar=True),
    Refused('topk($n, rate({app="a"}[5m]))', 6, "'$n'", "how many series 'topk' keeps: a whole number above 0", by_grammar=True),
)
