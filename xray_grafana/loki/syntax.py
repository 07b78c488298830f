"""Whether Loki would take a query, decided without Loki: syntax, and those mistakes that only show when it runs.

All of LogQL that dashboards and alert rules use, by recursive descent; `variants` is left out, being experimental. Grafana's
variables count as durations in ranges and offsets, and are text inside quotes. Whether a label or a template function exists is
unknown here.
Grammar: Loki's pkg/logql/syntax/syntax.y; rules beyond it: ast.go beside it.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Final

from xray_grafana.loki.cursor import Cursor
from xray_grafana.loki.errors import LogqlError
from xray_grafana.loki.selector import read_selector
from xray_grafana.loki.stages import Pipeline, read_pipeline
from xray_grafana.loki.tokens import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from xray_grafana.loki.tokens import Token


class _Result(Enum):
    LINES = auto()
    SCALAR = auto()
    SERIES = auto()


# How tightly an operator binds. `^` binds to the right, which changes a value but not whether the text parses.
_BINDING: Final = {
    "or": 0,
    **dict.fromkeys(("and", "unless"), 1),
    **dict.fromkeys(("==", "!=", ">", ">=", "<", "<="), 2),
    **dict.fromkeys(("+", "-"), 3),
    **dict.fromkeys(("*", "/", "%"), 4),
    "^": 5,
}
_SET_OPERATORS: Final = frozenset({"or", "and", "unless"})

_OF_LINES: Final = frozenset({"count_over_time", "bytes_rate", "bytes_over_time"})
_OF_BOTH: Final = frozenset({"rate", "absent_over_time"})
_OF_VALUES_WITHOUT_GROUPING: Final = frozenset({"rate_counter", "sum_over_time"})
_OF_VALUES_WITH_GROUPING: Final = frozenset(
    {f"{name}_over_time" for name in ("avg", "max", "min", "first", "last", "stddev", "stdvar", "quantile")}
)
_RANGE_AGGREGATIONS: Final = _OF_LINES | _OF_BOTH | _OF_VALUES_WITHOUT_GROUPING | _OF_VALUES_WITH_GROUPING

_WITH_COUNT: Final = frozenset({"topk", "bottomk", "approx_topk"})
_WITHOUT_GROUPING: Final = frozenset({"sort", "sort_desc", "approx_topk"})
_AGGREGATIONS: Final = _WITH_COUNT | _WITHOUT_GROUPING | {"sum", "avg", "min", "max", "count", "stddev", "stdvar"}
_WHOLE_ABOVE_ZERO: Final = re.compile(r"0*[1-9][0-9]*")


def is_metric_query(text: str) -> bool:
    """Whether a query answers with numbers rather than log lines. Raises LogqlError."""
    return _query(text) is not _Result.LINES


def _query(text: str) -> _Result:
    cursor = Cursor(text)
    result = _expression(cursor)
    if cursor.peek.kind is not Kind.END:
        raise cursor.refusal(
            cursor.peek, "the end of the query or an operator" if result is not _Result.LINES else "a stage or the end of the query"
        )
    return result


def _expression(cursor: Cursor, least: int = 0) -> _Result:
    left = _operand(cursor)
    while (binding := _BINDING.get(cursor.peek.word, -1)) >= least:
        op = cursor.take()
        if left is _Result.LINES:
            raise cursor.refusal(op, "no operator after a log query: it has no number")
        _matching(cursor)
        start = cursor.peek
        right = _expression(cursor, binding + 1)
        if right is _Result.LINES:
            raise LogqlError(cursor.text, start.offset, got="a log query", expected=f"a number or series after {op}")
        if op.word in _SET_OPERATORS and _Result.SCALAR in {left, right}:
            raise LogqlError(cursor.text, op.offset, got=f"a plain number beside {op}", expected="series on both sides, such as vector(0)")
        left = _Result.SERIES if _Result.SERIES in {left, right} else _Result.SCALAR
    return left


def _matching(cursor: Cursor) -> None:
    cursor.accept("bool")
    if cursor.accept("on", "ignoring"):
        cursor.labels()
        if cursor.accept("group_left", "group_right") and cursor.peek.word == "(":
            cursor.labels()


def _operand(cursor: Cursor) -> _Result:
    if cursor.peek.word == "{":
        return _lines(cursor)
    first = cursor.take()
    if first.word == "(":
        return _parenthesised(cursor, first)
    if first.kind is Kind.NUMBER:
        return _Result.SCALAR
    if first.word in {"+", "-"}:
        cursor.expect_kind(Kind.NUMBER, f"a number after {first}")
        return _Result.SCALAR
    if call := _call(first):
        call(cursor, first)
        return _Result.SERIES
    raise cursor.refusal(first, "a selector {…}, a function of LogQL, a number or (")


def _lines(cursor: Cursor) -> _Result:
    read_selector(cursor)
    pipeline = read_pipeline(cursor)
    if pipeline.unwrap:
        raise cursor.refusal(pipeline.unwrap, "no unwrap outside of a range aggregation such as sum_over_time(…)")
    if cursor.peek.kind is Kind.RANGE:
        raise cursor.refusal(cursor.peek, "no range outside of a range aggregation such as rate(…)")
    return _Result.LINES


def _parenthesised(cursor: Cursor, opening: Token) -> _Result:
    with cursor.nested(opening):
        result = _expression(cursor)
        cursor.expect(")", ") or an operator")
    return result


def _call(name: Token) -> Callable[[Cursor, Token], None] | None:
    if name.word in _RANGE_AGGREGATIONS:
        return _range_aggregation
    if name.word in _AGGREGATIONS:
        return _aggregation
    return {"label_replace": _label_replace, "vector": _vector}.get(name.word)


def _range_aggregation(cursor: Cursor, name: Token) -> None:
    opening = cursor.expect("(", f"( after {name}")
    if name.word == "quantile_over_time":
        cursor.expect_kind(Kind.NUMBER, "a quantile such as 0.99")
        cursor.expect(",", ", and what to aggregate")
    elif cursor.peek.kind is Kind.NUMBER:
        raise cursor.refusal(cursor.peek, f"no parameter of {name}")
    with cursor.nested(opening):
        unwrap = _log_range(cursor)
    cursor.expect(")", ")")
    if unwrap is None and name.word not in _OF_LINES | _OF_BOTH:
        raise LogqlError(cursor.text, name.offset, got=f"{name} without unwrap", expected="| unwrap LABEL before its range")
    if unwrap is not None and name.word in _OF_LINES:
        raise cursor.refusal(unwrap, f"no unwrap inside {name}, which counts lines")
    if (grouping := _grouping(cursor)) and name.word not in _OF_VALUES_WITH_GROUPING:
        raise cursor.refusal(grouping, f"no grouping of {name}: write sum by (…) ({name.text}(…))")


def _log_range(cursor: Cursor) -> Token | None:
    """Read `{…} stages [5m] offset 1h`, in parentheses or not; return its `unwrap`."""
    opening = cursor.accept("(")
    if opening is None:
        read_selector(cursor)
        return _range(cursor, read_pipeline(cursor), stages_may_follow=True)
    with cursor.nested(opening):
        if cursor.peek.word == "{":
            read_selector(cursor)
            pipeline = read_pipeline(cursor)
            if cursor.accept(")"):
                return _range(cursor, pipeline, stages_may_follow=False)
            unwrap = _range(cursor, pipeline, stages_may_follow=True)
        else:
            unwrap = _log_range(cursor)
        cursor.expect(")", ")")
    return unwrap


def _range(cursor: Cursor, pipeline: Pipeline, *, stages_may_follow: bool) -> Token | None:
    cursor.expect_kind(Kind.RANGE, "a range such as [5m] or [$__auto]")
    if cursor.accept("offset"):
        cursor.accept("-")
        if cursor.peek.kind not in {Kind.DURATION, Kind.VARIABLE}:
            raise cursor.refusal(cursor.peek, "a duration such as 5m")
        cursor.take()
    if stages_may_follow and pipeline.is_empty:
        pipeline = read_pipeline(cursor)
    return pipeline.unwrap


def _aggregation(cursor: Cursor, name: Token) -> None:
    grouping = _grouping(cursor)
    opening = cursor.expect("(", f"( after {name}")
    if name.word in _WITH_COUNT:
        count = cursor.take()
        if count.kind is not Kind.NUMBER or not _WHOLE_ABOVE_ZERO.fullmatch(count.text):
            raise cursor.refusal(count, f"how many series {name} keeps: a whole number above 0")
        cursor.expect(",", ", and what to aggregate")
    with cursor.nested(opening):
        _series(cursor)
    cursor.expect(")", ") or an operator")
    grouping = grouping or _grouping(cursor)
    if grouping and name.word in _WITHOUT_GROUPING:
        raise cursor.refusal(grouping, f"no grouping of {name}")


def _series(cursor: Cursor) -> None:
    start = cursor.peek
    if _expression(cursor) is _Result.LINES:
        raise LogqlError(cursor.text, start.offset, got="a log query", expected="series, such as rate(…)")


def _grouping(cursor: Cursor) -> Token | None:
    if word := cursor.accept("by", "without"):
        cursor.labels()
    return word


def _label_replace(cursor: Cursor, name: Token) -> None:
    opening = cursor.expect("(", f"( after {name}")
    with cursor.nested(opening):
        _series(cursor)
    for argument in ("the new label", "its value", "the label to read"):
        cursor.expect(",", f", and {argument}")
        cursor.expect_kind(Kind.STRING, f"{argument}, in quotes")
    cursor.expect(",", ", and a regular expression")
    cursor.regex(cursor.expect_kind(Kind.STRING, "a regular expression in quotes"))
    cursor.expect(")", ")")


def _vector(cursor: Cursor, name: Token) -> None:
    cursor.expect("(", f"( after {name}")
    cursor.expect_kind(Kind.NUMBER, "a number")
    cursor.expect(")", ")")
