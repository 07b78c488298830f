"""Typed reads from a JSON document whose keys may be absent: the preview draws what is there and never fails on what is not."""

from __future__ import annotations

from xray_grafana.bundle.artifact import Document, JsonValue


def value(document: Document, *path: str) -> JsonValue:
    """What stands under nested keys; None when any of them is absent."""
    found: JsonValue = document
    for key in path:
        if not isinstance(found, dict):
            return None
        found = found.get(key)
    return found


def text(document: Document, *path: str, default: str = "") -> str:
    """The text under nested keys, or `default` when nothing or something else stands there."""
    found = value(document, *path)
    return found if isinstance(found, str) else default


def integer(document: Document, *path: str, default: int) -> int:
    """The whole number under nested keys, or `default`."""
    found = value(document, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else default


def object_at(document: Document, *path: str) -> Document:
    """The object under nested keys, or an empty one."""
    found = value(document, *path)
    return found if isinstance(found, dict) else {}


def objects(document: Document, *path: str) -> tuple[Document, ...]:
    """The objects of the list under nested keys; empty when there is no list."""
    found = value(document, *path)
    return tuple(item for item in found if isinstance(item, dict)) if isinstance(found, list) else ()


def texts(document: Document, *path: str) -> tuple[str, ...]:
    """The texts of the list under nested keys; a single text counts as a list of one."""
    found = value(document, *path)
    if isinstance(found, str):
        return (found,)
    return tuple(item for item in found if isinstance(item, str)) if isinstance(found, list) else ()
