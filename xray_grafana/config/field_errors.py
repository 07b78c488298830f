"""What pydantic says about one field, in words of ours: one table from error type to got, expected and hint."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from xray_grafana.config.nodes import Loc, Mapping, Node, Place, Scalar, Sequence, Unquoted, find, place_of, scalar, text
from xray_grafana.config.shape import ListShape, MapShape, ScalarShape, SectionShape, Shape, shape_at
from xray_grafana.config.wording import nearest, offer, shown_key, shown_value, unknown_key, visible
from xray_grafana.errors import ConfigProblem

_HINT_CHARACTERS: Final = 160
_UNKNOWN_KEY: Final = "extra_forbidden"
# How pydantic ends the location of a mapping's key.
_KEY_STEP: Final = "[key]"


@dataclass(frozen=True, slots=True)
class _Fault:
    """One error of pydantic with what was written at its location and what belongs there."""

    loc: Loc
    node: Node | None
    shape: Shape
    context: MappingType[str, Any]


@dataclass(frozen=True, slots=True)
class Words:
    """What a message says about one error."""

    got: str
    expected: str
    hint: str | None = None


def field_problems(error: ValidationError, root: Mapping) -> list[ConfigProblem]:
    """One problem for each mistake that pydantic found. Raises KeyError for an error type that has no words.

    A key that is missing because its name is misspelt beside it is one mistake; and pydantic calls a list too short
    whose entries are all faulty.
    """
    errors = error.errors(include_url=False, include_input=False)
    any_missing = any(each["type"] == "missing" for each in errors)
    misspelt = {_meant(each["loc"]) for each in errors if any_missing and each["type"] == _UNKNOWN_KEY}
    problems = []
    for each in errors:
        loc, node = each["loc"], find(root, each["loc"])
        if each["type"] == "missing" and loc in misspelt:
            continue
        if each["type"] == "too_short" and isinstance(node, Sequence) and node.items:
            continue
        mapping = _mapping_of_key(loc)
        fault, place = _fault(each, root) if mapping is None else _fault_of_key(each, root, mapping)
        words = WORDS[each["type"]](fault)
        problems.append(ConfigProblem(place.source, place.line, place.column, shown_key(fault.loc), words.got, words.expected, words.hint))
    return problems


def _fault(error: ErrorDetails, root: Mapping) -> tuple[_Fault, Place]:
    loc, at_key = error["loc"], error["type"] == _UNKNOWN_KEY
    shape = shape_at(loc[:-1] if at_key else loc)
    return _Fault(loc, find(root, loc), shape, error.get("ctx", {})), place_of(root, loc, key=at_key)


def _mapping_of_key(loc: Loc) -> MapShape | None:
    """The mapping, where the location is that of one of its keys and not of an entry that has this very name."""
    shape = shape_at(loc[:-2]) if loc[-1] == _KEY_STEP else None
    return shape if isinstance(shape, MapShape) else None


def _fault_of_key(error: ErrorDetails, root: Mapping, mapping: MapShape) -> tuple[_Fault, Place]:
    loc = error["loc"][:-1]
    place = place_of(root, loc, key=True)
    return _Fault(loc, text(str(loc[-1]), place), mapping.key, error.get("ctx", {})), place


def _meant(loc: Loc) -> Loc:
    section = shape_at(loc[:-1])
    name = nearest(str(loc[-1]), section.fields) if isinstance(section, SectionShape) else None
    return (*loc[:-1], name) if name else loc


def _missing(fault: _Fault) -> Words:
    return Words("nothing", fault.shape.expected)


def _unknown_key(fault: _Fault) -> Words:
    return Words(*unknown_key(fault.loc, fault.shape.fields if isinstance(fault.shape, SectionShape) else ()))


def _wrong_container(fault: _Fault) -> Words:
    hint = None
    if isinstance(fault.node, Scalar) and fault.node.kind == "nothing":
        hint = "leave the key out, or put something under it"
    elif isinstance(fault.shape, ListShape) and isinstance(fault.shape.item, ScalarShape) and isinstance(fault.node, Scalar):
        hint = "a list of one is written [value]"
    return Words(shown_value(fault.node), fault.shape.expected, hint)


def _too_few(fault: _Fault) -> Words:
    return Words("an empty list", fault.shape.expected, "leave the key out for the default")


def _wrong_value(fault: _Fault) -> Words:
    """A scalar of the wrong type, out of range, or not among the choices."""
    shape = _scalar_shape(fault)
    return Words(shown_value(fault.node, secret=shape.secret), shape.expected, _hint(shape, fault.node))


def _wrong_form(fault: _Fault) -> Words:
    """A text that a form refused: the form says itself what it expected."""
    hint = fault.context["hint"]
    secret = _scalar_shape(fault).secret
    return Words(shown_value(fault.node, secret=secret), fault.context["expected"], hint and visible(hint, _HINT_CHARACTERS))


def _scalar_shape(fault: _Fault) -> ScalarShape:
    if not isinstance(fault.shape, ScalarShape):
        raise TypeError(f"{fault.loc} is not a single value")
    return fault.shape


def _hint(shape: ScalarShape, node: Node | None) -> str | None:
    if not isinstance(node, Scalar):
        return None
    if shape.form is not None and shape.form.secret:
        return shape.form.hint
    if shape.is_text:
        return offer(node.raw, shape.choices) if node.kind == "text" else _quoting_hint(shape, node)
    if node.quoted and shape.takes(scalar(node.raw, node.place)):
        return "remove the quotes"
    return "write it as a plain decimal number" if isinstance(node.value, Unquoted) and node.kind == "a number" else None


def _quoting_hint(shape: ScalarShape, node: Scalar) -> str | None:
    """How to make text of what YAML does not read as text."""
    if shape.takes_text(node.raw):
        return f'write it in quotes: "{visible(node.raw)}"'
    return f"YAML reads it as {node.kind}; text goes in quotes" if node.raw else None


# Error types: https://docs.pydantic.dev/latest/errors/validation_errors/ — those that strict models of these types can raise.
WORDS: Final[MappingType[str, Callable[[_Fault], Words]]] = {
    "bool_type": _wrong_value,
    "dict_type": _wrong_container,
    "expected": _wrong_form,
    _UNKNOWN_KEY: _unknown_key,
    "float_type": _wrong_value,
    "greater_than": _wrong_value,
    "greater_than_equal": _wrong_value,
    "int_type": _wrong_value,
    "less_than_equal": _wrong_value,
    "literal_error": _wrong_value,
    "missing": _missing,
    "model_type": _wrong_container,
    "string_type": _wrong_value,
    "string_unicode": _wrong_value,
    "too_short": _too_few,
    "tuple_type": _wrong_container,
}
