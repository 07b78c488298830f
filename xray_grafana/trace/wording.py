"""What a log line says, first: a line in; its level, its message and then the rest out, so that a narrow terminal shows what was said."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable
from typing import Any, Final

from xray_grafana.trace.text import one_line

_MESSAGES: Final = ("msg", "message")
_LEVELS: Final = ("level", "severity")
_PAIR: Final = re.compile(r'([^\s="]++)=("(?:[^"\\]|\\.)*+"|[^\s"]*+)')
_LOGFMT: Final = re.compile(rf"{_PAIR.pattern}(?:\s+{_PAIR.pattern})*+", re.DOTALL)


def worded(line: str) -> str:
    """A line that is a JSON object, or name=value throughout, and that has a message begins with it; any other stays as it is.

    Of more than one line the first that says something is shown.
    """
    text = line.strip()
    if text.startswith("{"):
        return _worded_json(text) or one_line(line)
    if _LOGFMT.fullmatch(text):
        return _worded_logfmt(text) or one_line(line)
    return one_line(line)


def _worded_json(text: str) -> str | None:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        return None
    texts = {name: value for name, value in members.items() if isinstance(value, str) and value.strip()}
    message, level = _first(_MESSAGES, texts), _first(_LEVELS, texts)
    if message is None:
        return None
    rest: dict[str, Any] = {name: value for name, value in members.items() if name not in {message, level}}
    shown = json.dumps(rest, ensure_ascii=False, separators=(",", ":")) if rest else ""
    return _joined((texts[level] if level else "", texts[message], shown))


def _worded_logfmt(text: str) -> str | None:
    pairs = list(_PAIR.finditer(text))
    firsts = {pair[1]: pair for pair in reversed(pairs)}
    texts = {name: value for name in (*_MESSAGES, *_LEVELS) if name in firsts and (value := _unquoted(firsts[name][2])).strip()}
    message, level = _first(_MESSAGES, texts), _first(_LEVELS, texts)
    if message is None:
        return None
    rest = (pair[0] for pair in pairs if pair is not firsts[message] and not (level and pair is firsts[level]))
    return _joined((texts[level] if level else "", texts[message], " ".join(rest)))


def _first(names: Iterable[str], there: Container[str]) -> str | None:
    return next((name for name in names if name in there), None)


def _joined(parts: Iterable[str]) -> str:
    return " ".join(one_line(part) for part in parts if part)


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value[1:-1]
