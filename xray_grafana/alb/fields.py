"""Lines as fields: where one ends, and what is written in place of characters that would end it."""

from __future__ import annotations

import re
from typing import Final

# A field ends at a space that is not within quotes. Without the closing quote it reaches to the end of the line.
_FIELD: Final = re.compile(r'(?:[^ "]++|"[^"]*+(?:"|$))++')
# Application Load Balancers write `"` as \x22 and the backslash itself as \x5C, so that a quote always closes its field.
_ESCAPES: Final = re.compile(r"(?:\\x[0-9A-Fa-f]{2})+")
# C0, DEL, C1, what nobody sees, what breaks a line or turns its direction: nothing of it may reach a terminal from somebody else's request.
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


def decoded(line: bytes) -> str:
    r"""A line's text; bytes that are no UTF-8 become `\xNN`, which no quote and no space is in."""
    return line.decode("utf-8", errors="backslashreplace")


def split_fields(text: str) -> list[str]:
    """The fields of a line, without the quotes around them. Spaces in a row count as one."""
    return [_unquoted(field) for field in _FIELD.findall(text)]


def unescaped(text: str) -> str:
    r"""A field as the client sent it: every `\xNN` is the byte it stands for; bytes that are no UTF-8 stay as they are written."""
    return _ESCAPES.sub(_bytes_of, text) if "\\x" in text else text


def printable(text: str) -> str:
    r"""The text with a `\xNN` or `\uNNNN` for each character that would steer a terminal instead of being seen."""
    return text if text.isascii() and text.isprintable() else _UNPRINTABLE.sub(_escape_of, text)


def printable_lines(text: str) -> str:
    """As `printable`, but the text's own line breaks stay."""
    return "\n".join(map(printable, text.split("\n")))


def _unquoted(field: str) -> str:
    inner = field[1:-1]
    return inner if len(field) > 1 and field[0] == field[-1] == '"' and '"' not in inner else field


def _bytes_of(found: re.Match[str]) -> str:
    return bytes.fromhex(found[0].replace("\\x", "")).decode("utf-8", errors="backslashreplace")


def _escape_of(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"  # noqa: PLR2004 — one byte
