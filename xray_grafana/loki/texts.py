"""What stands inside the quotes of a stage: `pattern` expressions, Go templates and addresses.

Sources: Loki's pkg/logql/log/pattern and pkg/logql/log/ip.go; Go's text/template. Grafana's variables in them are text.
"""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Final

from xray_grafana.loki.errors import LogqlError, quoted

if TYPE_CHECKING:
    from xray_grafana.loki.cursor import Cursor
    from xray_grafana.loki.tokens import Token

_CAPTURE: Final = re.compile(r"<([A-Za-z_][A-Za-z0-9_]*+)>")
_ACTION: Final = re.compile(
    r"""\{\{(?P<body>(?:"(?:[^"\\\n]|\\.)*+"|`[^`]*+`|'(?:[^'\\\n]|\\.)*+'|\$\{[^{}]*+\}|[^"`'{}])*+)\}\}""",
    re.DOTALL,
)
_COMMENT_START: Final = re.compile(r"\{\{(?:-[ \t\r\n])?/\*")
_COMMENT_END: Final = re.compile(r"\*/(?:[ \t\r\n]-)?\}\}")
_WORD: Final = re.compile(r"-?\s*([a-z]+)\b")
_OPENS: Final = frozenset({"if", "with", "range", "define", "block"})


def check_pattern(cursor: Cursor, value: Token) -> None:
    """Refuse a text that the `pattern` stage does not take: it needs a named capture, each name once, no two captures in a row."""
    names = [name for name in _captures(cursor, value) if name != "_"]
    if not names:
        raise LogqlError(cursor.text, value.offset, got=str(value), expected="a pattern with a named capture such as <status>")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise LogqlError(cursor.text, value.offset, got=f"a second <{name}>", expected="each capture once")
        seen.add(name)


def check_line_pattern(cursor: Cursor, value: Token) -> None:
    """Refuse a text that the line filters |> and !> do not take: captures only as <_>, no two in a row."""
    for name in _captures(cursor, value):
        if name != "_":
            raise LogqlError(cursor.text, value.offset, got=f"<{name}>", expected="only <_> in a line filter")


def _captures(cursor: Cursor, value: Token) -> list[str]:
    names: list[str] = []
    end = -1
    for capture in _CAPTURE.finditer(value.value):
        if capture.start() == end:
            raise LogqlError(cursor.text, value.inside(end), got=quoted(capture[0]), expected="text between two captures")
        names.append(capture[1])
        end = capture.end()
    return names


def check_template(cursor: Cursor, value: Token) -> None:
    """Refuse a Go template whose {{ }} or whose blocks are not closed."""
    template = value.value
    blocks: list[tuple[str, int]] = []
    start = template.find("{{")
    while start >= 0:
        comment = _COMMENT_START.match(template, start)
        action = _COMMENT_END.search(template, comment.end()) if comment else _ACTION.match(template, start)
        if action is None:
            raise LogqlError(cursor.text, value.inside(start), got="'{{'", expected="its closing }}, quotes in between closed")
        if not comment:
            _check_action(cursor, value, action, blocks)
        start = template.find("{{", action.end())
    if blocks:
        word, opened = blocks[-1]
        raise LogqlError(cursor.text, value.inside(opened), got=f"'{{{{ {word}'", expected="its {{ end }}")


def _check_action(cursor: Cursor, value: Token, action: re.Match[str], blocks: list[tuple[str, int]]) -> None:
    """Refuse an empty action, and one that ends or divides a block that was not opened; keep account of open blocks."""
    if not action["body"].strip("- \t\r\n"):
        raise LogqlError(cursor.text, value.inside(action.start()), got=quoted(action[0]), expected="something between {{ and }}")
    found = _WORD.match(action["body"].lstrip())
    word = found[1] if found else ""
    if word in _OPENS:
        blocks.append((word, action.start()))
    elif word in {"else", "end"} and not blocks:
        raise LogqlError(cursor.text, value.inside(action.start()), got=quoted(action[0]), expected="a block such as {{ if … }} before it")
    elif word == "end":
        blocks.pop()


def check_address(cursor: Cursor, value: Token) -> None:
    """Refuse what ip("…") does not take: an address, a range of addresses or a network. Variables are left to Grafana."""
    if "$" in value.value:
        return
    first, dash, last = value.value.partition("-")
    try:
        if dash:
            ip_address(first), ip_address(last)
        else:
            ip_network(first, strict=False)
    except ValueError:
        expected = "an address, a range such as 10.0.0.1-10.0.0.9 or a network such as 10.0.0.0/8"
        raise LogqlError(cursor.text, value.offset, got=str(value), expected=expected) from None
