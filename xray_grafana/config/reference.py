"""Every key of the config as a row of text, in the order of the models: what the documentation's reference page is made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from xray_grafana.config.shape import FieldShape, ListShape, MapShape, ScalarShape, SectionShape, Shape, config_shape


@dataclass(frozen=True, slots=True)
class Row:
    """One key such as `xray.sources[].uid`. `default` is `required`, or the value as JSON, which is YAML too."""

    key: str
    type: str
    default: str
    description: str


def reference_rows() -> list[Row]:
    """A row for every key, sections before their keys."""
    return list(_rows(config_shape(), ""))


def _rows(section: SectionShape, prefix: str) -> Iterator[Row]:
    for name, field in section.fields.items():
        key = prefix + name
        yield Row(key, _type(field), _default(field), field.description)
        match field.shape:
            case SectionShape():
                yield from _rows(field.shape, f"{key}.")
            case ListShape(item=SectionShape() as item):
                yield from _rows(item, f"{key}[].")


def _type(field: FieldShape) -> str:
    return _words(field.shape) + (", or null" if field.nullable else "")


def _words(shape: Shape) -> str:
    match shape:
        case ListShape(item=SectionShape()):
            return f"{shape.expected}, each {shape.item.expected}"
        case ListShape():
            return f"{shape.expected}: {shape.item.expected}"
        case MapShape():
            return f"{shape.expected}, each key {shape.key.expected}; each value {shape.item.expected}"
        case ScalarShape() | SectionShape():
            return shape.expected


def _default(field: FieldShape) -> str:
    return "required" if field.required else json.dumps(field.default, ensure_ascii=False)
