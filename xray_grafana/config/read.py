"""YAML text to nodes, and what YAML would let pass in silence as problems: a key that stands twice, a merge key, a key that is no text.

Works on parser events with a stack of its own: PyYAML's compose recurses, and in its C form a deeply nested file ends the process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final, cast

import yaml

from xray_grafana.config.nodes import Entry, Loc, Mapping, Node, Place, Scalar, Sequence, scalar, text
from xray_grafana.config.syntax import LINE_BREAK, syntax_problem
from xray_grafana.config.wording import shown_key, shown_value, visible
from xray_grafana.errors import ConfigError, ConfigProblem

MAX_DEPTH: Final = 20
MAX_VALUES: Final = 100_000

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What YAML 1.1 calls printable (c-printable); the parsers name the first character outside it less well.
_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Only PyYAML's own parser lets such an escape through, and pydantic gives up on a mapping that has it in a key.
_UNPAIRED: Final = re.compile("[\ud800-\udfff]")


def read_yaml(yaml_text: str, source: str, *, loader: Any = _LOADER) -> tuple[Mapping, tuple[ConfigProblem, ...]]:
    """The one mapping of a YAML text, with the problems that leave the rest readable.

    Raises ConfigError for what stops the reading: broken syntax, an empty file, a second document, tags, nesting without end.
    """
    reader = _Reader(source)
    if bad := _UNPRINTABLE.search(yaml_text):
        lines = LINE_BREAK.split(yaml_text[: bad.start()])
        place = Place(source, len(lines), len(lines[-1]) + 1)
        raise reader.stop(place, f"the character {visible(bad.group())}", "printable text", "write it as an escape in double quotes")
    try:
        for event in yaml.parse(yaml_text, Loader=loader):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        raise ConfigError((*reader.problems, syntax_problem(error, yaml_text, source))) from error
    return reader.top_mapping(), tuple(reader.problems)


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not come yet."""

    place: Place
    anchor: str | None
    is_mapping: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: Node | None = None

    @property
    def step(self) -> str | int:
        """Where in it the reader stands."""
        if not self.is_mapping:
            return len(self.items)
        return self.key.raw if isinstance(self.key, Scalar) else "?"


class _Reader:
    def __init__(self, source: str) -> None:
        self.problems: list[ConfigProblem] = []
        self._source = source
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._root: Node | None = None
        self._values = 0

    def take(self, event: yaml.Event) -> None:
        """One event of the parser."""
        match event:
            case yaml.DocumentStartEvent() if self._root is not None:
                raise self.stop(self._place(event), "a second document", "one document", "remove the line '---' and what follows it")
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.ScalarEvent():
                self._refuse_tag(event)
                place = self._place(event)
                if _UNPAIRED.search(event.value):
                    raise self.stop(place, "half of a surrogate pair", "whole characters")
                plain = bool(event.implicit[0])
                self._complete(scalar(event.value, place) if plain else text(event.value, place, quoted=True), event.anchor)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._refuse_tag(event)
                if len(self._stack) == MAX_DEPTH:
                    raise self._too_deep(self._place(event))
                self._stack.append(_Open(self._place(event), event.anchor, isinstance(event, yaml.MappingStartEvent)))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                closed = self._stack.pop()
                node = Mapping(closed.place, closed.entries) if closed.is_mapping else Sequence(closed.place, tuple(closed.items))
                self._complete(node, closed.anchor)

    def top_mapping(self) -> Mapping:
        """The whole document. Raises ConfigError when it is empty or no mapping."""
        start = Place(self._source, 1, 1)
        match self._root:
            case None:
                raise self.stop(start, "an empty file", "a mapping with aws", "xray-grafana init writes an example")
            case Mapping():
                return self._root
            case Sequence():
                got = "a list"
            case Scalar(kind="nothing"):
                got = "nothing"
            case Scalar():
                got = "a single value"
        raise self.stop(self._root.place, got, "a mapping with aws", "xray-grafana init writes an example")

    def stop(self, place: Place, got: str, expected: str, hint: str | None = None) -> ConfigError:
        """The error that ends the reading, after the problems found so far."""
        self._report(place, self._loc(), got, expected, hint)
        return ConfigError(tuple(self.problems))

    def _complete(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = node
        self._values += 1
        if self._values > MAX_VALUES:
            raise self.stop(node.place, f"more than {MAX_VALUES} values", "a config of fewer", "are aliases (*) repeating each other?")
        if not self._stack:
            self._root = node
            return
        parent = self._stack[-1]
        if not parent.is_mapping:
            parent.items.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            self._enter(parent, parent.key, node)
            parent.key = None

    def _enter(self, parent: _Open, key: Node, value: Node) -> None:
        loc = self._loc()
        if not isinstance(key, Scalar):
            kind = "a mapping" if isinstance(key, Mapping) else "a list"
            self._report(key.place, loc[:-1], f"{kind} as a key", "a name as the key", None)
        elif key.raw == "<<" and not key.quoted:
            self._report(key.place, loc, "a merge key", "the keys themselves", "write out the keys that << would bring in")
        elif key.kind != "text":
            self._report(key.place, loc[:-1], f"the key {shown_value(key)}", "a name as the key", f"YAML reads it as {key.kind}")
        elif first := parent.entries.get(key.raw):
            self._report(key.place, loc, "the key a second time", "each key once", f"the first is on line {first.place.line}")
        else:
            parent.entries[key.raw] = Entry(key.place, value)

    def _alias(self, event: yaml.AliasEvent) -> None:
        place = self._place(event)
        if any(closed.anchor == event.anchor for closed in self._stack):
            raise self.stop(place, "an alias (*) inside its own anchor (&)", "a value that ends", None)
        node = self._anchors.get(event.anchor or "")
        if node is None:
            raise self.stop(place, "an alias (*) without its anchor (&)", "a value", "put text that begins with * in quotes")
        values, depth = _extent(node, MAX_VALUES)
        if depth + len(self._stack) > MAX_DEPTH:
            raise self._too_deep(place)
        self._values += values - 1
        self._complete(node, None)

    def _refuse_tag(self, event: yaml.ScalarEvent | yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        if event.tag is not None:
            raise self.stop(self._place(event), "a tag (!)", "a value without a tag", "put text that begins with ! in quotes")

    def _too_deep(self, place: Place) -> ConfigError:
        return self.stop(place, f"more than {MAX_DEPTH} levels of nesting", "a config of fewer levels", None)

    def _loc(self) -> Loc:
        return tuple(level.step for level in self._stack if not level.is_mapping or level.key is not None)

    def _place(self, event: yaml.Event) -> Place:
        mark = cast("yaml.Mark", event.start_mark)
        return Place(self._source, mark.line + 1, mark.column + 1)

    def _report(self, place: Place, loc: Loc, got: str, expected: str, hint: str | None) -> None:
        self.problems.append(ConfigProblem(place.source, place.line, place.column, shown_key(loc), got, expected, hint))


def _extent(node: Node, limit: int) -> tuple[int, int]:
    """How many values a node holds and how many levels of lists and mappings, counted no further than `limit`."""
    values, depth, level = 0, 0, [node]
    while level and values <= limit:
        values += len(level)
        containers = [node for node in level if not isinstance(node, Scalar)]
        depth += bool(containers)
        level = [
            child
            for container in containers
            for child in (container.items if isinstance(container, Sequence) else (entry.node for entry in container.entries.values()))
        ]
    return values, depth
