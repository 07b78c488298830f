"""A filter expression as SQL over the columns of table `traces` that every trace it finds fulfils, so that few others need to be looked at.

More may pass: what SQL cannot say is left to `match`. The columns are those of the root and of the whole trace; a string that an expression
looks for must stand in the text of the facts, as `facts.dump` writes it.
"""

from __future__ import annotations

import json
from typing import Final, NamedTuple

from xray_grafana.xray.expression.tree import (
    And,
    AnnotationTest,
    EdgeSelect,
    Expression,
    FieldTest,
    NodeId,
    Not,
    Or,
    ServiceSelect,
    Value,
)

# SQLite refuses expressions nested a thousand deep, and counts a long AND as nested: with more tests, all is left to `match`.
TESTS_MAX: Final = 100

_FLAGS: Final = {"ok": "ok", "error": "error", "throttle": "throttle", "fault": "fault", "partial": "partial"}
_NUMBERS: Final = {"responsetime": "response", "duration": "duration", "http.status": "status"}


class _Sql(NamedTuple):
    """A condition with its parameters, and how many tests it holds."""

    text: str
    parameters: tuple[object, ...]
    tests: int


_NOTHING: Final = _Sql("0", (), 1)


def narrowing(expression: Expression) -> tuple[str, tuple[object, ...]]:
    """A condition with its parameters; `1` where nothing is known."""
    sql = _over(expression, wanted=True)
    return ("1", ()) if sql is None or sql.tests > TESTS_MAX else (sql.text, sql.parameters)


def _over(expression: Expression, *, wanted: bool) -> _Sql | None:
    """What is true wherever the expression is `wanted`; None where nothing is known."""
    match expression:
        case And(parts):
            return _all(parts, wanted=True) if wanted else _any(parts, wanted=False)
        case Or(parts):
            return _any(parts, wanted=True) if wanted else _all(parts, wanted=False)
        case Not(part):
            return _over(part, wanted=not wanted)
        case FieldTest(field) if field in _FLAGS:
            return _flag(_FLAGS[field], expression, wanted=wanted)
        case FieldTest(field) if field in _NUMBERS:
            return _number(_NUMBERS[field], expression, wanted=wanted)
    return _mention(expression) if wanted else None


def _all(parts: tuple[Expression, ...], *, wanted: bool) -> _Sql | None:
    known = [sql for part in parts if (sql := _over(part, wanted=wanted)) is not None]
    return _joined(" AND ", known) if known else None


def _any(parts: tuple[Expression, ...], *, wanted: bool) -> _Sql | None:
    known = [_over(part, wanted=wanted) for part in parts]
    return _joined(" OR ", [sql for sql in known if sql is not None]) if None not in known else None


def _joined(word: str, conditions: list[_Sql]) -> _Sql:
    return _Sql(
        f"({word.join(each.text for each in conditions)})",
        tuple(parameter for each in conditions for parameter in each.parameters),
        sum(each.tests for each in conditions),
    )


def _flag(column: str, test: FieldTest, *, wanted: bool) -> _Sql | None:
    """A trace without a root has none of the root's flags: neither true nor false."""
    if test.operator is None:
        looked_for = True
    elif isinstance(test.value, bool):
        looked_for = test.value is (test.operator == "=")
    else:
        return _NOTHING if wanted else None
    if looked_for:
        return _Sql(f"{column} = 1" if wanted else f"{column} IS NOT 1", (), 1)
    return _Sql(f"{column} IS NOT 1", (), 1) if wanted else None


def _number(column: str, test: FieldTest, *, wanted: bool) -> _Sql | None:
    if test.operator is None:
        return _Sql(f"{column} IS NOT NULL" if wanted else f"{column} IS NULL", (), 1)
    if isinstance(test.value, bool | str):
        return _NOTHING if wanted else None
    condition = f"{column} {test.operator} ?"
    return _Sql(condition if wanted else f"({condition}) IS NOT 1", (test.value,), 1)


def _mention(expression: Expression) -> _Sql | None:
    """What must stand in the facts' text for it to hold at all."""
    fragments = [fragment for fragment in _fragments(expression) if fragment not in {"", '""'}]
    if not fragments:
        return None
    return _joined(" AND ", [_Sql("instr(facts, ?) > 0", (fragment,), 1) for fragment in fragments])


def _fragments(expression: Expression) -> list[str]:
    match expression:
        case FieldTest(_, sign, str(value)) if sign != "!=":
            return [_text(value) if sign == "=" else _text(value)[1:-1]]
        case AnnotationTest(key, sign, value):
            return [f"[{_text(key)},{_value(value) if sign == '=' else ''}"]
        case ServiceSelect(node, condition):
            return [*_node(node), *(_fragments(condition) if condition is not None else ())]
        case EdgeSelect(caller, callee, condition):
            return [*_node(caller), *_node(callee), *(_fragments(condition) if condition is not None else ())]
        case And(parts):
            return [fragment for part in parts for fragment in _fragments(part)]
    return []


def _node(node: NodeId) -> list[str]:
    return [_text(each) for each in node if each is not None]


def _value(value: Value | None) -> str:
    """How the facts' text has a value, if there is but one way to write it."""
    return _text(value) if isinstance(value, bool | str) else ""


def _text(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)
