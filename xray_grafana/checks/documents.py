"""Reading documents whose shape is not certain: a rule looks at what is there and never fails on what is not."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Final, NamedTuple, TypeAlias

from xray_grafana.bundle.artifact import Document

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"
Key: TypeAlias = str | int
Path: TypeAlias = tuple[Key, ...]

_PLAIN_KEY: Final = re.compile(r"\w[\w-]*")
_SHOWN_MAX: Final = 80


class Leaf(NamedTuple):
    """A text or a null of a document, and the keys that lead to it."""

    path: Path
    value: str | None


def value_at(node: JsonValue, *path: Key) -> JsonValue:
    """What stands at the path, or None."""
    for key in path:
        if isinstance(node, dict) and isinstance(key, str):
            node = node.get(key)
        elif isinstance(node, list) and isinstance(key, int) and key < len(node):
            node = node[key]
        else:
            return None
    return node


def text_at(node: JsonValue, *path: Key) -> str:
    """The text at the path; empty when there is none."""
    value = value_at(node, *path)
    return value if isinstance(value, str) else ""


def document_at(node: JsonValue, *path: Key) -> Document:
    """The mapping at the path; empty when there is none."""
    value = value_at(node, *path)
    return value if isinstance(value, dict) else {}


def documents_at(node: JsonValue, *path: Key) -> list[Document]:
    """The mappings in the list at the path, in order; anything else in it is left out."""
    return [item for item in list_at(node, *path) if isinstance(item, dict)]


def list_at(node: JsonValue, *path: Key) -> list[JsonValue]:
    """The list at the path; empty when there is none."""
    value = value_at(node, *path)
    return value if isinstance(value, list) else []


def number_at(node: JsonValue, *path: Key) -> int | float | None:
    """The number at the path; None when there is none. A bool is none."""
    value = value_at(node, *path)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def is_one_of(value: JsonValue, names: Container[str]) -> bool:
    """Whether a value is a text and one of the names. A list or mapping cannot be looked up and is none."""
    return isinstance(value, str) and value in names


def leaves(node: JsonValue, path: Path = ()) -> list[Leaf]:
    """Every text and every null, in the order of the document."""
    found: list[Leaf] = []
    _collect(node, path, found)
    return found


def _collect(node: JsonValue, path: Path, found: list[Leaf]) -> None:
    """Append the leaves of a node. One list and no call for a number: every rule run walks the whole bundle."""
    if node is None or isinstance(node, str):
        found.append(Leaf(path, node))
        return
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        if child is None or isinstance(child, str):
            found.append(Leaf((*path, key), child))
        elif isinstance(child, dict | list):
            _collect(child, (*path, key), found)


def pointer(path: Path) -> str:
    """The keys as a person writes them: `correlations[1].config.field`."""
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _PLAIN_KEY.fullmatch(key):
            text += f".{key}" if text else key
        else:
            text += f"[{key!r}]"
    return text


def shown(value: JsonValue) -> str:
    """A value in a message: short, on one line, a text in quotes and nothing as `nothing`."""
    if value is None:
        return "nothing"
    text = f'"{value}"' if isinstance(value, str) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN_MAX else f"{text[: _SHOWN_MAX - 1]}…"
