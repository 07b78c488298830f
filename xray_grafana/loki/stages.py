"""The stages of a log query, from the first line filter to `unwrap`. Grammar: Loki's pkg/logql/syntax/syntax.y."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from xray_grafana.loki.errors import LogqlError
from xray_grafana.loki.selector import OPERATORS, read_matcher
from xray_grafana.loki.texts import check_address, check_line_pattern, check_pattern, check_template
from xray_grafana.loki.tokens import Kind, Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from xray_grafana.loki.cursor import Cursor

_LINE_FILTERS: Final = ("|=", "!=", "|~", "!~", "|>", "!>")
_COMPARISONS: Final = ("=", "==", "!=", ">", ">=", "<", "<=")
_CONVERSIONS: Final = ("bytes", "duration", "duration_seconds")
_QUANTITIES: Final = frozenset({Kind.NUMBER, Kind.DURATION, Kind.BYTES})


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What a range aggregation asks of its stages: whether there are any, and the word `unwrap` that ends them."""

    is_empty: bool
    unwrap: Token | None


def read_pipeline(cursor: Cursor) -> Pipeline:
    """Read all stages that follow. Raises LogqlError."""
    is_empty = True
    while True:
        if op := cursor.accept(*_LINE_FILTERS):
            _line_filter(cursor, op)
        elif cursor.accept("|"):
            if unwrap := cursor.accept("unwrap"):
                _unwrap(cursor)
                return Pipeline(is_empty=False, unwrap=unwrap)
            _stage(cursor)
        else:
            return Pipeline(is_empty=is_empty, unwrap=None)
        is_empty = False


def _line_filter(cursor: Cursor, op: Token) -> None:
    while True:
        value = cursor.take()
        if value.word == "ip":
            if op.text not in {"|=", "!="}:
                raise cursor.refusal(op, "|= or != before ip(…)")
            _address(cursor)
        elif value.kind is not Kind.STRING:
            raise cursor.refusal(value, "a text in quotes or ip(…)")
        elif op.text in {"|~", "!~"}:
            cursor.regex(value)
        elif op.text in {"|>", "!>"}:
            check_line_pattern(cursor, value)
        if not cursor.accept("or"):
            return


def _address(cursor: Cursor) -> None:
    cursor.expect("(", "ip(…)")
    check_address(cursor, cursor.expect_kind(Kind.STRING, "an address in quotes"))
    cursor.expect(")", ")")


def _unwrap(cursor: Cursor) -> None:
    label = cursor.expect_kind(Kind.NAME, "the label to unwrap")
    if cursor.accept("("):
        if label.word not in _CONVERSIONS:
            raise cursor.refusal(label, "one of bytes(…), duration(…), duration_seconds(…)")
        cursor.expect_kind(Kind.NAME, "the label to unwrap")
        cursor.expect(")", ")")
    while cursor.accept("|"):
        _label_filter(cursor, "a label filter, the only stage after unwrap")


def _stage(cursor: Cursor) -> None:
    stage = _STAGES.get(cursor.peek.word)
    if stage is None:
        _label_filter(cursor, "a stage such as json, logfmt or pattern, or a label filter")
    else:
        cursor.take()
        stage(cursor)


def _nothing(_cursor: Cursor) -> None:
    """A stage of one word."""


def _json(cursor: Cursor) -> None:
    if cursor.peek.kind is Kind.NAME:
        _list(cursor, _extraction)


def _logfmt(cursor: Cursor) -> None:
    while cursor.peek.kind is Kind.FLAG:
        flag = cursor.take()
        if flag.text not in {"--strict", "--keep-empty"}:
            raise cursor.refusal(flag, "--strict or --keep-empty")
    _json(cursor)


def _extraction(cursor: Cursor) -> None:
    cursor.expect_kind(Kind.NAME, "a label name")
    if cursor.accept("="):
        cursor.expect_kind(Kind.STRING, "the field to take, in quotes")


def _pattern(cursor: Cursor) -> None:
    check_pattern(cursor, cursor.expect_kind(Kind.STRING, "a pattern in quotes"))


def _regexp(cursor: Cursor) -> None:
    value = cursor.expect_kind(Kind.STRING, "a regular expression in quotes")
    if not cursor.regex(value).names:
        raise cursor.refusal(value, "a regular expression with a named group such as (?P<status>…)")


def _line_format(cursor: Cursor) -> None:
    check_template(cursor, cursor.expect_kind(Kind.STRING, "a template in quotes"))


def _label_format(cursor: Cursor) -> None:
    seen: set[str] = set()

    def assignment(cursor: Cursor) -> None:
        label = cursor.expect_kind(Kind.NAME, "a label name")
        if label.text in seen:
            raise LogqlError(cursor.text, label.offset, got=f"a second {label}", expected="each label once in a label_format")
        seen.add(label.text)
        cursor.expect("=", "= and a template or a label name")
        value = cursor.take()
        if value.kind is Kind.STRING:
            check_template(cursor, value)
        elif value.kind is not Kind.NAME:
            raise cursor.refusal(value, "a template in quotes or a label name")

    _list(cursor, assignment)


def _labels_or_matchers(cursor: Cursor) -> None:
    def item(cursor: Cursor) -> None:
        label = cursor.expect_kind(Kind.NAME, "a label name")
        if cursor.peek.text in OPERATORS:
            read_matcher(cursor, label)

    _list(cursor, item)


def _list(cursor: Cursor, item: Callable[[Cursor], None]) -> None:
    item(cursor)
    while cursor.accept(","):
        item(cursor)


_STAGES: Final[dict[str, Callable[[Cursor], None]]] = {
    "json": _json,
    "logfmt": _logfmt,
    "pattern": _pattern,
    "regexp": _regexp,
    "unpack": _nothing,
    "decolorize": _nothing,
    "line_format": _line_format,
    "label_format": _label_format,
    "drop": _labels_or_matchers,
    "keep": _labels_or_matchers,
}


def _label_filter(cursor: Cursor, expected: str) -> None:
    """Conditions joined by `and`, `or`, a comma or nothing. How they group does not matter to whether they parse."""
    while True:
        first = cursor.take()
        if first.word == "(":
            with cursor.nested(first):
                _label_filter(cursor, "a label filter")
                cursor.expect(")", ")")
        elif first.kind is Kind.NAME:
            _condition(cursor, first)
        else:
            raise cursor.refusal(first, expected)
        expected = "a label filter"
        if not cursor.accept("and", "or", ",") and cursor.peek.kind is not Kind.NAME and cursor.peek.word != "(":
            return


def _condition(cursor: Cursor, label: Token) -> None:
    op = cursor.peek
    if op.text not in OPERATORS and op.text not in _COMPARISONS:
        raise cursor.refusal(op, f"a comparison of {label} such as = or >=")
    cursor.take()
    value = cursor.take()
    if value.kind is Kind.STRING:
        if op.text not in OPERATORS:
            raise cursor.refusal(op, "one of = != =~ !~ before a text")
        if op.text in {"=~", "!~"}:
            cursor.regex(value)
    elif value.word == "ip":
        if op.text not in {"=", "!="}:
            raise cursor.refusal(op, "= or != before ip(…)")
        _address(cursor)
    else:
        _quantity(cursor, op, value)


def _quantity(cursor: Cursor, op: Token, value: Token) -> None:
    sign = value.word
    if sign in {"+", "-"}:
        value = cursor.take()
    if value.kind not in ({Kind.NUMBER, Kind.DURATION} if sign == "-" else {Kind.NUMBER} if sign == "+" else _QUANTITIES):
        raise cursor.refusal(value, "a text in quotes, a number, a duration, a size or ip(…)")
    if op.text not in _COMPARISONS:
        raise cursor.refusal(op, f"one of {' '.join(_COMPARISONS)} before a number")
