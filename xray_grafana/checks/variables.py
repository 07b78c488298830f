"""Board variables: what a text refers to, and which values a variable can take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from xray_grafana.bundle.artifact import Document
from xray_grafana.checks.documents import documents_at, list_at, text_at, value_at

# Grafana public/app/features/variables/utils.ts, variableRegex, without the [[old]] form, which LogQL and regular expressions use too.
# A capture group ($1, ${1}) and Grafana's own names (__range) are not variables of a board.
_REFERENCE: Final = re.compile(r"\$(?:(?!__)([A-Za-z_]\w*)|\{(?!__)([A-Za-z_]\w*)(?:[.:][^}]*)?\})")
_TRACE_ID: Final = re.compile(r"x?(?:ray)?_?trace_?id", re.IGNORECASE)
_LONE: Final = re.compile(r"\s*\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::[^}]*)?\})\s*")
# Grafana packages/grafana-data and scenes, CustomVariable: options split at commas that no backslash escapes, text from value at " : ".
_OPTION: Final = re.compile(r"(?:\\,|[^,])+")
_TEXT_AND_VALUE: Final = re.compile(r"\s*.+\s:\s(.+)")


def references(text: str) -> tuple[str, ...]:
    """Names of the board variables in a text, in order."""
    if "$" not in text:
        return ()
    return tuple(bare or braced for bare, braced in _REFERENCE.findall(text))


def lone_reference(text: str) -> str | None:
    """The variable that a text consists of, if it is nothing else."""
    match = _LONE.fullmatch(text)
    if match is None:
        return None
    name: str = match[1] or match[2]
    return None if name.startswith("__") else name


def names_a_trace_id(name: str) -> bool:
    """Whether a variable holds a trace id, by its name."""
    return _TRACE_ID.fullmatch(name) is not None


@dataclass(frozen=True)
class Variable:
    """A template variable of a board."""

    content: Document

    @property
    def name(self) -> str:
        """What `$name` refers to."""
        return text_at(self.content, "name")

    @property
    def type(self) -> str:
        """Grafana's word for it: `custom`, `query`, `textbox`, `datasource`, …"""
        return text_at(self.content, "type")

    @property
    def is_list(self) -> bool:
        """Whether it can stand for several values, which Grafana then writes as `{a,b}`."""
        if value_at(self.content, "multi") is True:
            return True
        return value_at(self.content, "includeAll") is True and not text_at(self.content, "allValue")

    @cached_property
    def values(self) -> tuple[str, ...] | None:
        """The values it offers; None when only a data source can tell."""
        if self.type == "textbox":
            return (text_at(self.content, "current", "value") or text_at(self.content, "query"),)
        if self.type not in {"custom", "constant"}:
            return None
        if list_at(self.content, "options"):
            return tuple(text_at(option, "value") for option in documents_at(self.content, "options"))
        options = (option.replace("\\,", ",") for option in _OPTION.findall(text_at(self.content, "query")))
        return tuple((match[1] if (match := _TEXT_AND_VALUE.fullmatch(option)) else option).strip() for option in options)
