"""A place in the tokens of a query: what the parts of the parser share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from xray_grafana.loki.errors import LogqlError
from xray_grafana.loki.regex import Regex, RegexError, parse_regex
from xray_grafana.loki.tokens import Kind, Token, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Deeper than any query a person reads, and far from Python's recursion limit.
DEPTH_MAX: Final = 50


class Cursor:
    """Reads tokens one by one with one token of lookahead. Every method raises LogqlError for what it does not expect."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokens(text)
        self.peek = next(self._tokens)
        self._depth = 0

    def take(self) -> Token:
        """The next token. The END is never passed: taken again and again it comes back."""
        token = self.peek
        self.peek = next(self._tokens, token)
        return token

    def accept(self, *words: str) -> Token | None:
        """The next token when it is one of these symbols or keywords, else None and nothing is taken."""
        return self.take() if self.peek.word in words else None

    def expect(self, word: str, expected: str) -> Token:
        """The next token, which has to be this symbol or keyword."""
        return self._checked(expected, lambda token: token.word == word)

    def expect_kind(self, kind: Kind, expected: str) -> Token:
        """The next token, which has to be of this kind."""
        return self._checked(expected, lambda token: token.kind is kind)

    def _checked(self, expected: str, fits: Callable[[Token], bool]) -> Token:
        token = self.take()
        if not fits(token):
            raise self.refusal(token, expected)
        return token

    def labels(self) -> None:
        """A parenthesised list of label names, which may be empty."""
        self.expect("(", "( and label names")
        if self.accept(")"):
            return
        self.expect_kind(Kind.NAME, "a label name or )")
        while self.accept(","):
            self.expect_kind(Kind.NAME, "a label name")
        self.expect(")", ", or )")

    def regex(self, value: Token) -> Regex:
        """What the value of a STRING says as a regular expression."""
        try:
            return parse_regex(value.value)
        except RegexError as error:
            got = f"{error.got} in a regular expression"
            raise LogqlError(self.text, value.inside(error.offset), got=got, expected=error.expected) from error

    @contextmanager
    def nested(self, opening: Token) -> Iterator[None]:
        """One level of parentheses; refuses what would exhaust the stack."""
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise LogqlError(self.text, opening.offset, got="one more (", expected=f"at most {DEPTH_MAX} parentheses inside each other")
        yield
        self._depth -= 1

    def refusal(self, token: Token, expected: str) -> LogqlError:
        """The error of a token that does not fit, to be raised."""
        got = f"the keyword {token}" if token.kind is Kind.KEYWORD else str(token)
        return LogqlError(self.text, token.offset, got=got, expected=expected)
