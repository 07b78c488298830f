"""The text of a filter expression as tokens with their columns, or the error that X-Ray would give for it.

Captured answers of X-Ray name of an unknown word only what its scanner had read when no word could come of it any more:
`madeup` is "Invalid input symbol: 'ma'" (a word begins with `m`, none with `ma`), `response_time` is "'response_'".
The position is where the word begins.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from xray_grafana.xray.expression.tree import Json, JsonList, JsonObject
from xray_grafana.xray.expression.words import ANNOTATION, WORDS

# The API's own limits are not published. These are far above any filter in use and keep a hostile one from costing more than milliseconds.
TEXT_MAX: Final = 16_384
JSON_DEPTH_MAX: Final = 16

_SPACE: Final = re.compile(r"[ \t\r\n]+")
_SYMBOL: Final = re.compile(r"!=|<=|>=|[!=<>(){},:]")
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_ANNOTATION_WORD: Final = re.compile(rf"{ANNOTATION}\.([A-Za-z0-9_]+)", re.IGNORECASE)
_ANNOTATION_KEY: Final = re.compile(rf"{ANNOTATION}\[[ \t]*([^\[\]\"\s\x00-\x1f\x7f]+)[ \t]*\]", re.IGNORECASE)
_STRING: Final = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\.)*')
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_BACKSLASH: Final = re.compile(r"\\.")
_ESCAPE: Final = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_JSON_PART: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_PREFIXES: Final = frozenset(word[:length] for word in WORDS for length in range(1, len(word) + 1))
_SHOWN_MAX: Final = 60
# Whole numbers beyond this could not be given to SQLite, which may narrow the search.
_EXACT_DIGITS: Final = 18


class ExpressionError(Exception):
    """A text that is no expression. `column` counts characters from 1 in its line; str() is X-Ray's own form of it."""

    def __init__(self, message: str, column: int, line: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.column = column
        self.line = line

    def __str__(self) -> str:
        return f"Error Location: line {self.line}, position {self.column} : {self.message}"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text; `start` and `end` are offsets from 0."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Word(Token):
    """A word of the language, in lower case."""

    value: str


@dataclass(frozen=True, slots=True)
class AnnotationKey(Token):
    """An annotation, by its key."""

    value: str


@dataclass(frozen=True, slots=True)
class String(Token):
    """What stands between quotes, without its escapes."""

    value: str


@dataclass(frozen=True, slots=True)
class Number(Token):
    """A number."""

    value: int | float


@dataclass(frozen=True, slots=True)
class JsonArray(Token):
    """The array behind a `#`."""

    value: JsonList


@dataclass(frozen=True, slots=True)
class Symbol(Token):
    """An operator or a bracket."""

    value: str


@dataclass(frozen=True, slots=True)
class End(Token):
    """Where the text is over."""


def scan(text: str) -> list[Token]:
    """All tokens, the last of them the End."""
    if len(text) > TEXT_MAX:
        raise error_at(text, TEXT_MAX, f"an expression has at most {TEXT_MAX} characters, got {len(text)}")
    if half := _SURROGATE.search(text):
        raise invalid(text, half.start(), half.end())
    tokens: list[Token] = []
    offset = 0
    while True:
        if space := _SPACE.match(text, offset):
            offset = space.end()
        if offset == len(text):
            return [*tokens, End(offset, offset)]
        token = _token(text, offset)
        tokens.append(token)
        offset = token.end


def error_at(text: str, offset: int, message: str) -> ExpressionError:
    """The error of an offset from 0, placed in its line."""
    line_start = text.rfind("\n", 0, offset) + 1
    return ExpressionError(message, offset - line_start + 1, text.count("\n", 0, offset) + 1)


def invalid(text: str, start: int, end: int, explanation: str = "") -> ExpressionError:
    """X-Ray's "Invalid input symbol"; what is added to explain it is ours."""
    return error_at(text, start, f"Invalid input symbol: '{printable(text[start : min(end, start + _SHOWN_MAX)])}'{explanation}")


def printable(text: str) -> str:
    """Text that a terminal or a log shows as it is: what cannot be printed as its escape."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode("ascii") for each in text)


def _token(text: str, start: int) -> Token:
    if symbol := _SYMBOL.match(text, start):
        return Symbol(start, symbol.end(), symbol[0])
    if number := _NUMBER.match(text, start):
        return Number(start, number.end(), _number(number[0]))
    if word := _WORD.match(text, start):
        return _annotation(text, start) or _word(text, word)
    if text[start] == '"':
        return _string(text, start)
    if text.startswith("#[", start):
        return _json(text, start)
    raise invalid(text, start, start + 1)


def _number(text: str) -> int | float:
    return int(text) if "." not in text and len(text) <= _EXACT_DIGITS else float(text)


def _annotation(text: str, start: int) -> AnnotationKey | None:
    for pattern in (_ANNOTATION_WORD, _ANNOTATION_KEY):
        if key := pattern.match(text, start):
            if text.startswith(".", key.end()):
                raise invalid(text, key.end(), key.end() + 1, f"; a key with dots stands in brackets: {ANNOTATION}[key.with.dots]")
            return AnnotationKey(start, key.end(), key[1])
    return None


def _word(text: str, found: re.Match[str]) -> Word:
    start, word = found.start(), found[0].lower()
    if word in WORDS:
        return Word(start, found.end(), word)
    known = next(length for length in range(len(word), -1, -1) if not length or word[:length] in _PREFIXES)
    raise invalid(text, start, start + min(known + 1, len(word)))


def _string(text: str, start: int) -> String:
    begun = _STRING.match(text, start)
    end = begun.end() if begun else start
    if text[end:] in {"", "\\"}:
        raise error_at(text, len(text), "missing '\"' at end of expression")
    if text[end] != '"':
        raise invalid(text, end, end + 1)
    for escape in _BACKSLASH.finditer(text, start, end):
        if not _ESCAPE.match(text, escape.start(), end):
            raise invalid(text, escape.start(), escape.end(), "; a backslash itself is written twice")
    value = json.loads(text[start : end + 1])
    if _SURROGATE.search(value):
        raise invalid(text, start, end + 1, "; it holds half of a surrogate pair")
    return String(start, end + 1, value)


def _json(text: str, start: int) -> JsonArray:
    depth = 0
    end = None
    for part in _JSON_PART.finditer(text, start + 1):
        if part[0] in "[{":
            depth += 1
            if depth > JSON_DEPTH_MAX:
                raise error_at(text, part.start(), f"JSON is nested more than {JSON_DEPTH_MAX} levels deep")
        elif part[0] in "]}":
            depth -= 1
            if not depth:
                end = part.end()
                break
    if end is None:
        raise error_at(text, len(text), "missing ']' at end of expression")
    try:
        items = json.loads(text[start + 1 : end], parse_constant=_no_constant, parse_int=_number)
    except json.JSONDecodeError as error:
        offset = min(start + 1 + error.pos, end - 1)
        raise invalid(text, offset, offset + 1, "; not JSON") from None
    return JsonArray(start, end, JsonList(tuple(map(_frozen, items))))


def _no_constant(name: str) -> None:
    raise json.JSONDecodeError(f"{name} is no JSON", name, 0)


def _frozen(value: Any) -> Json:
    if isinstance(value, list):
        return JsonList(tuple(_frozen(each) for each in value))
    if isinstance(value, dict):
        return JsonObject(tuple((key, _frozen(each)) for key, each in value.items()))
    scalar: bool | int | float | str | None = value
    return scalar
