"""YAML's own syntax errors in words of ours: PyYAML's two parsers differ, and some of their texts repeat a piece of the file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import yaml

from xray_grafana.errors import ConfigProblem

LINE_BREAK: Final = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")

_QUOTE: Final = "put a value in quotes if it holds ': ' or ' #' or begins with one of []{},&*!|>%@`"
_INDENT: Final = "keys of one mapping begin in the same column"


@dataclass(frozen=True, slots=True)
class _Words:
    """What to say when `pattern` is found in the parser's text; `at_start`: the place is where the faulty thing begins."""

    pattern: str
    got: str
    expected: str
    hint: str | None = None
    at_start: bool = False


_WORDS: Final = (
    _Words(r"\btab\b", "a tab", "blanks for indentation"),
    _Words(r"cannot start any token", "a character that begins no value", "a value", _QUOTE),
    _Words(r"mapping values are not allowed", "a second ': ' on the line, or a line indented too far", "one key with one value", _QUOTE),
    _Words(r"sequence entries are not allowed", "'- ' behind a key", "the list on the lines below its key"),
    _Words(r"expected ':'", "a line without ': '", "key: value", at_start=True),
    _Words(r"unexpected (end of stream|document)", "a quote that is never closed", "a closing quote", at_start=True),
    _Words(r"',' or '[\]}]'", "a bracket that is never closed", "a closing bracket", _QUOTE, at_start=True),
    _Words(r"node content", "a bracket or comma where a value belongs", "a value", _QUOTE),
    _Words(r"comment or line break|chomping", "text behind | or >", "the text on the lines below"),
    _Words(r"alphabetic or numeric", "& or * without a name", "a value", _QUOTE),
    _Words(
        r"escape|hexdecimal", "an unknown escape in double quotes", r"an escape such as \n or \\", "single quotes keep a backslash as it is"
    ),
    _Words(
        r"expected key|block (end|mapping|collection)|document start|'-' indicator",
        "a line that does not fit the lines above",
        "key: value",
        _INDENT,
    ),
)
_OTHERWISE: Final = _Words("", "text that is not YAML", "YAML", _QUOTE)


def syntax_problem(error: yaml.MarkedYAMLError, yaml_text: str, source: str) -> ConfigProblem:
    """The problem that a parser's error describes. Nothing of the file's text is in it: that could be a secret."""
    told = error.problem or ""
    if error.problem_mark and _character_at(yaml_text, error.problem_mark) == "\t":
        told = "tab"
    words = next((words for words in _WORDS if re.search(words.pattern, told)), _OTHERWISE)
    mark = (error.context_mark if words.at_start else None) or error.problem_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return ConfigProblem(source, line, column, "syntax", words.got, words.expected, words.hint)


def _character_at(yaml_text: str, mark: yaml.Mark) -> str:
    lines = LINE_BREAK.split(yaml_text)
    return lines[mark.line][mark.column : mark.column + 1] if mark.line < len(lines) else ""
