"""The values of a document, each with its place, and ways to ask for one without minding what stands there instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from xray_grafana.checks.foreign.source import Span, Text

if TYPE_CHECKING:
    from xray_grafana.config.nodes import Kind

_INTEGER_DIGITS: Final = 15


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """One value: `text` as its readers get it, `kind` what YAML takes it for. A tagged one (`!Ref x`) stands for an unknown value."""

    source: Text
    span: Span
    text: str
    kind: Kind
    style: str | None = None
    is_tagged: bool = False
    mendable: bool = True

    @property
    def is_null(self) -> bool:
        """Whether nothing was written, or null."""
        return self.kind == "nothing"


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """A list; `flow` is the form in brackets."""

    source: Text
    span: Span
    items: tuple[Node, ...]
    flow: bool


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One key with its value."""

    key: Scalar
    node: Node


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """A mapping with its merge keys (<<) carried out; `flow` is the form in braces."""

    source: Text
    span: Span
    entries: dict[str, Entry]
    flow: bool


Node: TypeAlias = "Scalar | Sequence | Mapping"


def at(node: Node | None, *steps: str) -> Node | None:
    """The value below a path of keys; None where one is missing or stands for no mapping."""
    for step in steps:
        entry = node.entries.get(step) if isinstance(node, Mapping) else None
        if entry is None:
            return None
        node = entry.node
    return node


def key_at(node: Node | None, *steps: str) -> Scalar | None:
    """The last key of a path, where it stands."""
    parent = at(node, *steps[:-1])
    entry = parent.entries.get(steps[-1]) if isinstance(parent, Mapping) else None
    return entry.key if entry else None


def scalar_at(node: Node | None, *steps: str) -> Scalar | None:
    """The scalar below a path; None for null and for a value that a tag computes."""
    found = at(node, *steps)
    return found if isinstance(found, Scalar) and not found.is_null and not found.is_tagged else None


def text_at(node: Node | None, *steps: str) -> str | None:
    """The text of the scalar below a path."""
    found = scalar_at(node, *steps)
    return found.text if found else None


def number_at(node: Node | None, *steps: str) -> int | None:
    """The whole number below a path, with or without quotes."""
    return whole_number(text_at(node, *steps))


def whole_number(text: str | None) -> int | None:
    """A text of decimal digits as a number."""
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= _INTEGER_DIGITS else None


def is_true(node: Node | None, *steps: str) -> bool:
    """Whether `true` stands below a path."""
    found = at(node, *steps)
    return isinstance(found, Scalar) and found.kind == "true or false" and found.text.lower() in {"true", "yes", "on"}


def is_false(node: Node | None, *steps: str) -> bool:
    """Whether `false` stands below a path."""
    found = at(node, *steps)
    return isinstance(found, Scalar) and found.kind == "true or false" and found.text.lower() in {"false", "no", "off"}


def items_at(node: Node | None, *steps: str) -> tuple[Node, ...]:
    """The items of the list below a path."""
    found = at(node, *steps)
    return found.items if isinstance(found, Sequence) else ()


def mappings_at(node: Node | None, *steps: str) -> tuple[Mapping, ...]:
    """The mappings of the list below a path."""
    return tuple(item for item in items_at(node, *steps) if isinstance(item, Mapping))


def entries_at(node: Node | None, *steps: str) -> dict[str, Entry]:
    """The entries of the mapping below a path."""
    found = at(node, *steps)
    return found.entries if isinstance(found, Mapping) else {}


def scalars_in(node: Node | None) -> tuple[Scalar, ...]:
    """A scalar by itself, or those of a list: policies write one value in either form."""
    nodes = node.items if isinstance(node, Sequence) else (node,)
    return tuple(each for each in nodes if isinstance(each, Scalar) and not each.is_null and not each.is_tagged)


def mappings_in(node: Node | None) -> tuple[Mapping, ...]:
    """A mapping by itself, or those of a list."""
    nodes = node.items if isinstance(node, Sequence) else (node,)
    return tuple(each for each in nodes if isinstance(each, Mapping))


def every_node(root: Node) -> Iterator[Node]:
    """Each node once, however many aliases lead to it, in the order of the file; keys are not among them."""
    seen: set[int] = set()
    left = [root]
    while left:
        node = left.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        if isinstance(node, Sequence):
            left.extend(reversed(node.items))
        elif isinstance(node, Mapping):
            left.extend(entry.node for entry in reversed(node.entries.values()))
