"""A config as it was written: values that still know their text and their place.

The loader reads YAML into these nodes, lays environment and command line over them, and turns them into plain values for the models.
Python's own YAML values would have lost what the messages need: `012345678901` without quotes is a number by then.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import yaml

Loc: TypeAlias = "tuple[str | int, ...]"
Kind = Literal["text", "a number", "true or false", "a date", "nothing"]


@dataclass(frozen=True, slots=True)
class Unquoted:
    """A scalar that YAML readers disagree about or read as something surprising: an octal or base-60 number, a date, infinity."""

    raw: str


Plain: TypeAlias = "str | int | float | bool | Unquoted | tuple[Plain, ...] | dict[str, Plain] | None"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was written: a file with line and column (from 1), or the name of a variable or flag."""

    source: str
    line: int | None = None
    column: int | None = None

    @property
    def order(self) -> tuple[bool, int, int]:
        """Places of the file first, from top to bottom."""
        return self.line is None, self.line or 0, self.column or 0


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value: `kind` is what YAML reads the text `raw` as."""

    place: Place
    raw: str
    kind: Kind
    value: str | int | float | bool | Unquoted | None
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of a mapping, with the key's own place."""

    place: Place
    node: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping whose keys are texts, each once, in the order written."""

    place: Place
    entries: MappingType[str, Entry]


Node: TypeAlias = "Scalar | Sequence | Mapping"

# YAML 1.2 reads these as numbers, whatever YAML 1.1 says; only plain decimals mean the same to both.
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,14})")
_DECIMAL: Final = re.compile(r"[-+]?([0-9]{1,15}\.[0-9]{0,20}|\.[0-9]{1,20}|[0-9]{1,15}(?=[eE]))([eE][-+]?[0-9]{1,3})?")
_NUMBER_1_2: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_KINDS: Final[dict[str, Kind]] = {
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:bool": "true or false",
    "tag:yaml.org,2002:timestamp": "a date",
    "tag:yaml.org,2002:null": "nothing",
}
_TRUE: Final = frozenset({"yes", "true", "on"})
_RESOLVER: Final[Any] = yaml.resolver.Resolver()


def scalar(raw: str, place: Place) -> Scalar:
    """The value that an unquoted text stands for in YAML 1.1 or, for numbers, in YAML 1.2."""
    kind: Kind = _KINDS.get(_RESOLVER.resolve(yaml.ScalarNode, raw, (True, False)), "text")
    if kind == "text" and _NUMBER_1_2.fullmatch(raw):
        kind = "a number"
    match kind:
        case "text":
            return Scalar(place, raw, kind, raw)
        case "nothing":
            return Scalar(place, raw, kind, None)
        case "true or false":
            return Scalar(place, raw, kind, raw.lower() in _TRUE)
        case "a number":
            return Scalar(place, raw, kind, _number(raw))
        case "a date":
            return Scalar(place, raw, kind, Unquoted(raw))


def text(raw: str, place: Place, *, quoted: bool = False) -> Scalar:
    """A text, whatever it looks like."""
    return Scalar(place, raw, "text", raw, quoted)


def _number(raw: str) -> int | float | Unquoted:
    if _INTEGER.fullmatch(raw):
        return int(raw)
    if _DECIMAL.fullmatch(raw) and math.isfinite(number := float(raw)):
        return number
    return Unquoted(raw)


def node_of(plain: Plain, place: Place) -> Node:
    """A node for a default that nobody wrote: all of it has one place."""
    match plain:
        case dict():
            return Mapping(place, {key: Entry(place, node_of(value, place)) for key, value in plain.items()})
        case tuple():
            return Sequence(place, tuple(node_of(item, place) for item in plain))
        case str():
            return text(plain, place)
        case Unquoted():
            return scalar(plain.raw, place)
        case _:
            return Scalar(place, "null" if plain is None else str(plain).lower(), _kind(plain), plain)


def _kind(plain: float | None) -> Kind:
    if plain is None:
        return "nothing"
    return "true or false" if isinstance(plain, bool) else "a number"


def plain_of(node: Node) -> Plain:
    """The plain value: dict, tuple, text, number, bool, None, or Unquoted."""
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return tuple(plain_of(item) for item in node.items)
        case Mapping():
            return {key: plain_of(entry.node) for key, entry in node.entries.items()}


def find(root: Node, loc: Loc) -> Node | None:
    """The node at a location, None where nothing was written."""
    node: Node | None = root
    for step in loc:
        node = _child(node, step)
    return node


def place_of(root: Node, loc: Loc, *, key: bool = False) -> Place:
    """Where a location was written, or what encloses it; with `key`, the place of its key instead of its value."""
    place = key_place = root.place
    node = root
    for step in loc:
        child = _child(node, step)
        if child is None:
            return place
        key_place = node.entries[step].place if isinstance(node, Mapping) and isinstance(step, str) else child.place
        place, node = child.place, child
    return key_place if key else place


def _child(node: Node | None, step: str | int) -> Node | None:
    if isinstance(node, Mapping) and isinstance(step, str):
        entry = node.entries.get(step)
        return entry.node if entry else None
    if isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None
