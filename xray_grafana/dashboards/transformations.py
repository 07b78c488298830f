"""Grafana's panel transformations as functions that return their JSON.

Field names are DISPLAY names ("Name", "Fault"), never wire names ("title", "arc__faults"): Grafana matches the former and ignores
the latter without a word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Transformation: TypeAlias = dict[str, Any]


def sort_by(field: str, *, descending: bool = False) -> Transformation:
    """Rows in the order of a field."""
    return {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": field, "desc": descending}]}}


def join_on_time() -> Transformation:
    """Several series side by side, one row a time stamp."""
    return {"id": "joinByField", "options": {"byField": "Time", "mode": "outer"}}


def total() -> Transformation:
    """Each field reduced to its sum; one row."""
    return {"id": "reduce", "options": {"mode": "reduceFields", "reducers": ["sum"], "includeTimeField": False}}


def divide(left: str, right: str, alias: str, *, keep: bool = False) -> Transformation:
    """A field that is the quotient of two; alone, or beside the others."""
    return _binary(left, "/", right, alias, keep=keep)


def multiply(left: str, right: str, alias: str) -> Transformation:
    """A field that is the product of two, beside the others."""
    return _binary(left, "*", right, alias, keep=True)


def _binary(left: str, operator: str, right: str, alias: str, *, keep: bool) -> Transformation:
    return {
        "id": "calculateField",
        "options": {
            "mode": "binary",
            "alias": alias,
            "replaceFields": not keep,
            "binary": {"left": _field(left), "operator": operator, "right": _field(right)},
        },
    }


def _field(name: str) -> dict[str, Any]:
    return {"matcher": {"id": "byName", "options": name}}


def only_fields(*names: str) -> Transformation:
    """Only these fields; a frame that has none of them disappears."""
    return {"id": "filterFieldsByName", "options": {"include": {"names": list(names)}}}


def only_where(field: str, value: str) -> Transformation:
    """Only rows in which a field equals a value; the value may be a board variable."""
    return _where("include", field, {"id": "equal", "options": {"value": value}})


def except_where(field: str, value: str) -> Transformation:
    """All rows but those in which a field equals a value."""
    return _where("exclude", field, {"id": "equal", "options": {"value": value}})


def except_empty(field: str) -> Transformation:
    """All rows but those in which a field has no value."""
    return _where("exclude", field, {"id": "isNull", "options": {}})


def _where(kind: str, field: str, config: dict[str, Any]) -> Transformation:
    return {"id": "filterByValue", "options": {"type": kind, "match": "any", "filters": [{"fieldName": field, "config": config}]}}


def arrange(order: Sequence[str], *, hide: Sequence[str] = (), rename: Mapping[str, str] | None = None) -> Transformation:
    """Fields in this order, some hidden, some renamed; others follow."""
    return {
        "id": "organize",
        "options": {
            "excludeByName": dict.fromkeys(hide, True),
            "indexByName": {name: index for index, name in enumerate(order)},
            "renameByName": dict(rename or {}),
        },
    }


def pick(names: Mapping[str, str]) -> Transformation:
    """Only these fields, in this order, under these names."""
    return {
        "id": "organize",
        "options": {
            "includeByName": dict.fromkeys(names, True),
            "indexByName": {name: index for index, name in enumerate(names)},
            "renameByName": dict(names),
        },
    }


def labels_as_fields() -> Transformation:
    """The labels of log lines as fields of their own, in place of line and labels."""
    return {"id": "extractFields", "options": {"source": "labels", "format": "json", "replace": True, "keepTime": True}}


def merge_rows() -> Transformation:
    """Several instant answers as one table, rows joined on their shared fields."""
    return {"id": "merge", "options": {}}


def first_rows(count: int) -> Transformation:
    """At most so many rows."""
    return {"id": "limit", "options": {"limitField": count}}


def as_numbers(*fields: str) -> Transformation:
    """Fields of text as numbers, so that units and thresholds apply; what is no number becomes empty."""
    conversions = [{"targetField": field, "destinationType": "number"} for field in fields]
    return {"id": "convertFieldType", "options": {"conversions": conversions, "fields": {}}}


def rename_all_but(kept: Sequence[str], name: str) -> Transformation:
    """Every field but these under one name."""
    return {"id": "renameByRegex", "options": {"regex": f"^(?!{'|'.join(f'{field}$' for field in kept)}).*", "renamePattern": name}}
