"""LogQL cut into tokens, each with its place.

Loki's own lexer asks the parser nothing, so one pass suffices: numbers with a unit are one token, and so is a whole `[range]`.
Facts about single tokens are those of Loki's pkg/logql/syntax/lex.go, Go's text/scanner and strconv, and Prometheus' model.ParseDuration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from xray_grafana.loki.errors import LogqlError, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator


class Kind(Enum):
    """What a token is; the value is how a message names it."""

    NAME = "a name"
    KEYWORD = "a keyword"
    STRING = "a text in quotes"
    NUMBER = "a number"
    DURATION = "a duration"
    BYTES = "a size"
    RANGE = "a range"
    FLAG = "a flag"
    VARIABLE = "a Grafana variable"
    SYMBOL = "a symbol"
    END = "the end"


@dataclass(frozen=True, slots=True)
class Token:
    """`text` as it was written, `offset` from 0, and for a STRING its `value` with escapes undone."""

    kind: Kind
    text: str
    offset: int
    value: str = ""

    def __str__(self) -> str:
        return self.kind.value if self.kind is Kind.END else quoted(self.text)

    @property
    def word(self) -> str:
        """The text of a symbol, name or keyword, small letters: Loki minds no letter case. Empty for all else."""
        return self.text.lower() if self.kind in {Kind.SYMBOL, Kind.KEYWORD, Kind.NAME} else ""

    def inside(self, offset: int) -> int:
        """Where in the query a place in the value of a STRING is; its opening quote when escapes make that uncertain."""
        return self.offset if self.text.startswith('"') and "\\" in self.text else self.offset + 1 + offset


# Words that Loki takes as keywords in any letter case, wherever they stand; a label of that name cannot be written.
_KEYWORD: Final = re.compile(
    r"and|bool|by|decolorize|drop|group_left|group_right|ignoring|json|keep|label_format|label_replace|line_format|logfmt"
    r"|of|offset|on|or|pattern|regexp|unless|unpack|unwrap|variants|without",
    re.IGNORECASE,
)

_TOKEN: Final = re.compile(
    r"""
      (?P<BLANK>(?:[\ \t\r\n]|\#[^\n]*+)++)
    | (?P<NAME>[A-Za-z_][A-Za-z0-9_]*+)
    | (?P<STRING>"(?:[^"\\\n]|\\[^\n])*+"|`[^`]*+`)
    | (?P<RANGE>\[[^\]]*+\])
    | (?P<NUMBER>(?:[0-9]++\.?[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+(?P<unit>[0-9A-Za-z_.µ]*+))
    | (?P<VARIABLE>\$(?:[A-Za-z_][A-Za-z0-9_]*+|\{[^{}\s]*+\}))
    | (?P<FLAG>--[a-z]+(?:-[a-z]+)*+)
    | (?P<SYMBOL>\|[=~>]?|![=~>]|=[=~]?|[<>]=?|[(){},+\-*/%^])
    """,
    re.VERBOSE,
)
_UNSENDABLE: Final = re.compile(r"[\x00\ud800-\udfff]")
_ESCAPE: Final = re.compile(
    r"""\\(?:(?P<letter>[abfnrtv\\"])|(?P<octal>[0-3][0-7]{2})|x(?P<hex>[0-9A-Fa-f]{2})|u(?P<rune>[0-9A-Fa-f]{4})|U(?P<long>[0-9A-Fa-f]{8}))"""
)
_LETTERS: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}
_PROMETHEUS_DURATION: Final = re.compile("(?=.)" + "".join(f"(?:[0-9]++{unit})?" for unit in ("y", "w", "d", "h", "m", "s", "ms")))
_GO_DURATION: Final = re.compile(r"(?:(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:ns|us|µs|ms|s|m|h))+")
_BYTES: Final = re.compile(r"(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[kKMGTP](?:iB?|B)?|B)")
_RANGE_VARIABLE: Final = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*|\$\{[A-Za-z_][A-Za-z0-9_.]*(?::[A-Za-z]+)?\}")


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a query, an END last. Raises LogqlError at the first character that begins none."""
    if unsendable := _UNSENDABLE.search(text):
        raise LogqlError(text, unsendable.start(), got=f"U+{ord(unsendable[0]):04X}", expected="text without NUL or half characters")
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            raise _no_token(text, offset)
        if match.lastgroup != "BLANK":
            yield _token(text, match)
        offset = match.end()
    yield Token(Kind.END, "", offset)


def _no_token(text: str, offset: int) -> LogqlError:
    character = text[offset]
    if character == '"':
        return LogqlError(text, offset, got='an opening "', expected='a closing " on the same line')
    if character == "`":
        return LogqlError(text, offset, got="an opening `", expected="a closing `")
    if character == "'":
        return LogqlError(text, offset, got="a single quote", expected='a text in "double quotes" or `backticks`')
    if character == "[":
        return LogqlError(text, offset, got="'['", expected="its closing ]")
    return LogqlError(text, offset, got=quoted(character), expected="a token of LogQL")


def _token(text: str, match: re.Match[str]) -> Token:
    written, offset = match[0], match.start()
    if match["NAME"]:
        return Token(Kind.KEYWORD if _KEYWORD.fullmatch(written) else Kind.NAME, written, offset)
    if match["STRING"]:
        return Token(Kind.STRING, written, offset, _unquote(text, written, offset))
    if match["RANGE"]:
        inner = written[1:-1]
        if not (_PROMETHEUS_DURATION.fullmatch(inner) or _RANGE_VARIABLE.fullmatch(inner)):
            raise LogqlError(text, offset, got=quoted(written), expected="a range such as [5m] or [$__auto]")
        return Token(Kind.RANGE, written, offset)
    if match["NUMBER"]:
        return Token(_number_kind(text, match), written, offset)
    return Token(Kind[match.lastgroup or "SYMBOL"], written, offset)


def _number_kind(text: str, match: re.Match[str]) -> Kind:
    if not match["unit"]:
        return Kind.NUMBER
    if _PROMETHEUS_DURATION.fullmatch(match[0]) or _GO_DURATION.fullmatch(match[0]):
        return Kind.DURATION
    if _BYTES.fullmatch(match[0]):
        return Kind.BYTES
    raise LogqlError(text, match.start(), got=quoted(match[0]), expected="a number, a duration such as 5m or a size such as 10KB")


def _unquote(text: str, written: str, offset: int) -> str:
    if written.startswith("`"):
        return written[1:-1].replace("\r", "")
    if "\\" not in written:
        return written[1:-1]
    parts: list[bytes] = []
    position = 1
    while position < len(written) - 1:
        end = written.find("\\", position)
        end = len(written) - 1 if end < 0 else end
        parts.append(written[position:end].encode())
        position = end
        if position < len(written) - 1:
            escape = _ESCAPE.match(written, position)
            if escape is None:
                got = quoted(written[position : position + 2])
                raise LogqlError(text, offset + position, got=got, expected=r"an escape that Go knows, or \\ for a backslash")
            parts.append(_escaped(text, escape, offset + position))
            position = escape.end()
    try:
        return b"".join(parts).decode()
    except UnicodeDecodeError:
        raise LogqlError(text, offset, got=quoted(written), expected="escapes that make valid UTF-8") from None


def _escaped(text: str, escape: re.Match[str], offset: int) -> bytes:
    if letter := escape["letter"]:
        return _LETTERS[letter].encode()
    if byte := escape["hex"]:
        return bytes((int(byte, 16),))
    if octal := escape["octal"]:
        return bytes((int(octal, 8),))
    try:
        return chr(int(escape["rune"] or escape["long"], 16)).encode()
    except ValueError:
        raise LogqlError(text, offset, got=quoted(escape[0]), expected="an escape for a Unicode character") from None
