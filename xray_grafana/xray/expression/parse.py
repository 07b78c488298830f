"""Tokens of a filter expression put together, by recursive descent; what is wrong is an ExpressionError at its column.

    expression = and { "OR" and } ;              and   = unary { [ "AND" ] unary } ;
    unary      = "!" unary | "(" expression ")" | select | cause | group | test ;
    select     = "service" "(" [ id ] ")" [ braces ] | "edge" "(" id "," id ")" [ braces ] ;
    cause      = "rootcause." kind "." element braces | "rootcause.json" ( "=" | "!=" ) "#" json ;
    braces     = "{" expression "}" ;
    id         = string | "id" "(" part ":" string { "," part ":" string } ")" ;
    group      = ( "group.name" | "group.arn" ) ( "=" | "!=" ) string ;
    test       = ( field | annotation ) [ operator ( string | number | "true" | "false" ) ] ;

Words count in any case. OR binds loosest and two conditions side by side are an AND: captured answers of X-Ray.
The type of a value is not held against its field, as X-Ray does not: `duration = "slow"` is an expression that finds nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar

from xray_grafana.xray.expression.tokens import (
    AnnotationKey,
    End,
    ExpressionError,
    JsonArray,
    Number,
    String,
    Symbol,
    Token,
    Word,
    error_at,
    invalid,
    scan,
)
from xray_grafana.xray.expression.tree import (
    And,
    AnnotationTest,
    CausePath,
    CauseSelect,
    EdgeSelect,
    Expression,
    FieldTest,
    InGroup,
    NodeId,
    Not,
    Or,
    Selector,
    ServiceSelect,
    Value,
)
from xray_grafana.xray.expression.words import (
    ANNOTATION_SCOPES,
    EDGE,
    EQUALITY,
    FIELDS,
    GROUP_FIELDS,
    ID_PARTS,
    OPERATORS,
    OPERATORS_OF,
    ROOT_CAUSE,
    ROOT_CAUSE_JSON,
    SERVICE,
    TRACE,
    Kind,
    Scope,
)

# Parentheses, braces and `!` within each other. Every level costs the parser four frames of Python's thousand, and evaluation one.
DEPTH_MAX: Final = 40

_Kind = TypeVar("_Kind", String, JsonArray)


def parse_filter(text: str) -> Expression:
    """The tree of a filter expression. An empty text is an error here; whether no filter is meant is for the caller to say."""
    parser = _Parser(text)
    expression = parser.expression(TRACE)
    parser.finish()
    return expression


def parse_selector(text: str) -> Selector:
    """The tree of an entity selector: one `service(…)` or `edge(…)` and nothing else.

    Source: captured answers of GetTimeSeriesServiceStatistics, which refuse braces, AND, and an `id(…)` alone.
    """
    parser = _Parser(text)
    selector = parser.bare_selector()
    parser.finish()
    return selector


class _Parser:
    """Where in its tokens the parser stands, and how deep."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = scan(text)
        self._at = 0
        self._depth = 0

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def finish(self) -> None:
        """Nothing may be left."""
        if not isinstance(self._next, End):
            raise self._unexpected("")

    def expression(self, scope: Scope) -> Expression:
        """Parts joined by OR."""
        parts = [self._conjunction(scope)]
        while self._take_word("or"):
            parts.append(self._conjunction(scope))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def bare_selector(self) -> Selector:
        """A selector without a condition."""
        token = self._next
        if isinstance(token, Word) and token.value in {SERVICE, EDGE}:
            self._at += 1
            return self._selected(token.value)
        raise self._unexpected("service(…) or edge(…)")

    def _conjunction(self, scope: Scope) -> Expression:
        parts = [self._unary(scope)]
        while self._take_word("and") or not self._ends_conjunction():
            parts.append(self._unary(scope))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _ends_conjunction(self) -> bool:
        return isinstance(self._next, End) or self._is_symbol(")") or self._is_symbol("}") or self._is_word("or")

    def _unary(self, scope: Scope) -> Expression:
        token = self._next
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise error_at(self._text, token.start, f"conditions are nested more than {DEPTH_MAX} levels deep")
        part: Expression
        if self._take_symbol("!"):
            part = Not(self._unary(scope))
        elif self._take_symbol("("):
            part = self.expression(scope)
            self._expect(")")
        else:
            part = self._term(scope)
        self._depth -= 1
        return part

    def _term(self, scope: Scope) -> Expression:
        token = self._next
        if isinstance(token, AnnotationKey):
            self._known_in(scope, ANNOTATION_SCOPES)
            self._at += 1
            return AnnotationTest(token.value, *self._comparison("annotation", None))
        if not isinstance(token, Word):
            raise self._unexpected("a condition")
        word = token.value
        if word in FIELDS:
            self._known_in(scope, FIELDS[word].scopes)
            self._at += 1
            return FieldTest(word, *self._comparison(word, OPERATORS_OF[FIELDS[word].kind]))
        if word in {SERVICE, EDGE, *GROUP_FIELDS} or word.startswith(ROOT_CAUSE):
            self._known_in(scope, _TRACE_ALONE)
            self._at += 1
            return self._complex(word)
        raise self._unexpected("a condition")

    def _complex(self, word: str) -> Expression:
        if word in GROUP_FIELDS:
            negated = self._equality(word)
            return InGroup(self._expect_kind(String, "a string").value, negated)
        if word == ROOT_CAUSE_JSON:
            negated = self._equality(word)
            return CausePath(self._expect_kind(JsonArray, "#[…]").value, negated)
        if word.startswith(ROOT_CAUSE):
            scope = word.removeprefix(ROOT_CAUSE)
            kind, _, element = scope.partition(".")
            self._expect("{")
            return CauseSelect(kind, element, self._braced(scope))
        selector = self._selected(word)
        if not self._take_symbol("{"):
            return selector
        return replace(selector, condition=self._braced(word))

    def _selected(self, word: str) -> Selector:
        self._expect("(")
        if word == SERVICE:
            selector: Selector = ServiceSelect(NodeId() if self._is_symbol(")") else self._node_id())
        else:
            caller = self._node_id()
            self._expect(",")
            selector = EdgeSelect(caller, self._node_id())
        self._expect(")")
        return selector

    def _node_id(self) -> NodeId:
        token = self._next
        if isinstance(token, String):
            self._at += 1
            return NodeId(name=token.value)
        if not self._take_word("id"):
            raise self._unexpected("a name or id(…)")
        self._expect("(")
        parts: dict[str, str] = {}
        while True:
            part = self._next
            if not isinstance(part, Word) or part.value not in ID_PARTS or part.value in parts:
                raise self._unexpected(f"one of {' '.join(each for each in ID_PARTS if each not in parts)}")
            self._at += 1
            self._expect(":")
            parts[part.value] = self._expect_kind(String, "a string").value
            if not self._take_symbol(","):
                break
        self._expect(")")
        return NodeId(*map(parts.get, ID_PARTS))

    def _braced(self, scope: Scope) -> Expression:
        condition = self.expression(scope)
        self._expect("}")
        return condition

    def _comparison(self, field: str, allowed: frozenset[str] | None) -> tuple[str | None, Value | None]:
        """An operator and a value, if there are. `allowed` None: as the value's own kind has it."""
        sign = self._next
        if not isinstance(sign, Word | Symbol) or sign.value not in OPERATORS:
            return None, None
        operator = sign.value
        if allowed is not None and operator not in allowed:
            raise self._wrong_operator(sign, field, allowed)
        self._at += 1
        value = self._value()
        if allowed is None and operator not in (allowed := _operators_for(value)):
            raise self._wrong_operator(sign, f"{field} with {_kind(value)}", allowed)
        return operator, value

    def _value(self) -> Value:
        token = self._next
        if isinstance(token, String | Number):
            self._at += 1
            return token.value
        for word, value in (("true", True), ("false", False)):
            if self._take_word(word):
                return value
        raise self._unexpected("a string in double quotes, a number, true or false")

    def _equality(self, field: str) -> bool:
        """Takes `=` or `!=`; whether it was the latter."""
        sign = self._next
        if isinstance(sign, Symbol) and sign.value in EQUALITY:
            self._at += 1
            return sign.value == "!="
        if isinstance(sign, Word | Symbol) and sign.value in OPERATORS:
            raise self._wrong_operator(sign, field, EQUALITY)
        raise self._unexpected("= or !=")

    def _known_in(self, scope: Scope, scopes: frozenset[Scope]) -> None:
        if scope not in scopes:
            raise invalid(self._text, self._next.start, self._next.end, f"; nothing that {_scope_name(scope)} has")

    def _is_symbol(self, symbol: str) -> bool:
        token = self._next
        return isinstance(token, Symbol) and token.value == symbol

    def _is_word(self, word: str) -> bool:
        token = self._next
        return isinstance(token, Word) and token.value == word

    def _take_symbol(self, symbol: str) -> bool:
        taken = self._is_symbol(symbol)
        self._at += taken
        return taken

    def _take_word(self, word: str) -> bool:
        taken = self._is_word(word)
        self._at += taken
        return taken

    def _expect(self, symbol: str) -> None:
        if not self._take_symbol(symbol):
            raise self._unexpected(f"'{symbol}'")

    def _expect_kind(self, kind: type[_Kind], expected: str) -> _Kind:
        token = self._next
        if not isinstance(token, kind):
            raise self._unexpected(expected)
        self._at += 1
        return token

    def _unexpected(self, expected: str) -> ExpressionError:
        token = self._next
        if isinstance(token, End):
            return error_at(self._text, token.start, f"missing {expected} at end of expression")
        return invalid(self._text, token.start, token.end, f"; expected {expected}" if expected else "")

    def _wrong_operator(self, sign: Token, field: str, allowed: frozenset[str]) -> ExpressionError:
        signs = " ".join(each.upper() for each in _ORDERED if each in allowed)
        return invalid(self._text, sign.start, sign.end, f"; {field} takes {signs}")


_TRACE_ALONE: Final = frozenset({TRACE})
_ORDERED: Final = ("=", "!=", "<", "<=", ">", ">=", "contains", "beginswith", "endswith")


def _kind(value: Value) -> Kind:
    if isinstance(value, bool):
        return "boolean"
    return "string" if isinstance(value, str) else "number"


def _operators_for(value: Value) -> frozenset[str]:
    return OPERATORS_OF[_kind(value)]


def _scope_name(scope: Scope) -> str:
    if scope == TRACE:
        return "a trace"
    if scope in {SERVICE, EDGE}:
        return f"{scope}(…)"
    return f"{ROOT_CAUSE}{scope}"
