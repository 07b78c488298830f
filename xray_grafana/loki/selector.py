"""LogQL stream selectors as values: `{service_name="checkout", log_type!="access"}`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, get_args

from xray_grafana.loki.cursor import Cursor
from xray_grafana.loki.errors import LogqlError, quoted
from xray_grafana.loki.regex import parse_regex
from xray_grafana.loki.tokens import Kind

if TYPE_CHECKING:
    from xray_grafana.loki.tokens import Token

Operator = Literal["=", "!=", "=~", "!~"]
OPERATORS: Final[tuple[Operator, ...]] = get_args(Operator)

_REGEX_SPECIAL: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
_TO_ESCAPE: Final = re.compile(r'["\\\x00-\x1f\x7f]')


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label. `value` is the text itself, without quotes and escapes."""

    label: str
    op: Operator
    value: str

    @property
    def is_regex(self) -> bool:
        """Whether the value is a regular expression, matched against the whole label."""
        return self.op in {"=~", "!~"}

    @property
    def matches_empty(self) -> bool:
        """Whether a stream without the label fulfils it. Raises RegexError for an expression that Go refuses."""
        empty = parse_regex(self.value).matches_empty if self.is_regex else not self.value
        return empty if self.op in {"=", "=~"} else not empty

    def __str__(self) -> str:
        return f"{self.label}{self.op}{quote(self.value)}"


@dataclass(frozen=True, slots=True)
class Selector:
    """Conditions that a stream fulfils together, in the order they were written. `str()` gives the canonical text."""

    matchers: tuple[Matcher, ...]

    def __str__(self) -> str:
        return f"{{{', '.join(map(str, self.matchers))}}}"

    def filled(self, placeholder: str, text: str) -> Selector:
        """The same selector with the placeholder replaced by a text that is to be met literally: escaped where it lands in a regex."""
        return Selector(
            tuple(
                replace(matcher, value=matcher.value.replace(placeholder, escape_regex(text) if matcher.is_regex else text))
                for matcher in self.matchers
            )
        )

    def widened(self, placeholder: str) -> Selector:
        """The same selector for everything the placeholder can stand for: a matcher that holds it takes any value but none."""
        return Selector(tuple(Matcher(matcher.label, "=~", ".+") if placeholder in matcher.value else matcher for matcher in self.matchers))


def quote(value: str) -> str:
    """The text as a LogQL string in double quotes."""
    return '"' + _TO_ESCAPE.sub(lambda match: "\\" + match[0] if match[0] in '"\\' else f"\\x{ord(match[0]):02x}", value) + '"'


def escape_regex(text: str) -> str:
    """A regular expression (RE2) that matches this text and nothing else."""
    return _REGEX_SPECIAL.sub(r"\\\g<0>", text)


def parse_selector(text: str) -> Selector:
    """Read a stream selector that stands alone. Raises LogqlError for anything that Loki would not take as one."""
    cursor = Cursor(text)
    selector = read_selector(cursor)
    if cursor.peek.kind is not Kind.END:
        raise cursor.refusal(cursor.peek, "nothing after the selector's }")
    return selector


def read_selector(cursor: Cursor) -> Selector:
    """Read a selector from its { to its }. Raises LogqlError."""
    opening = cursor.expect("{", "a stream selector, which begins with {")
    matchers = [read_matcher(cursor, cursor.take())]
    while cursor.accept(","):
        matchers.append(read_matcher(cursor, cursor.take()))
    closing = cursor.expect("}", ", or }")
    if all(matcher.matches_empty for matcher in matchers):
        got = quoted(cursor.text[opening.offset : closing.offset + 1])
        expected = 'a matcher that an absent label does not fulfil, such as app=~".+"'
        raise LogqlError(cursor.text, opening.offset, got=got, expected=expected)
    return Selector(tuple(matchers))


def read_matcher(cursor: Cursor, label: Token) -> Matcher:
    """Read what follows the label of `label op "value"`. Raises LogqlError."""
    if label.kind is not Kind.NAME:
        raise cursor.refusal(label, "a label name")
    op = cursor.take()
    if op.text not in OPERATORS:
        raise cursor.refusal(op, "one of = != =~ !~")
    value = cursor.take()
    if value.kind is not Kind.STRING:
        raise cursor.refusal(value, "a value in quotes")
    matcher = Matcher(label.text, op.text, value.value)
    if matcher.is_regex:
        cursor.regex(value)
    return matcher
