"""The config's models as data: what each key takes, said in words.

Messages, overrides, the consistency rules and the reference page all read this one walk over the models.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from xray_grafana.config.models import Config
from xray_grafana.config.nodes import Loc, Plain, Scalar
from xray_grafana.config.types import Form
from xray_grafana.config.wording import all_of, one_of

Type = Literal["text", "choice", "whole number", "number", "true or false"]


@dataclass(frozen=True, slots=True)
class ScalarShape:
    """A single value. `form` belongs to text, `choices` to a choice."""

    type: Type
    expected: str
    form: Form | None = None
    choices: tuple[str, ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether the value is a text, free or chosen."""
        return self.type in {"text", "choice"}

    @property
    def secret(self) -> bool:
        """Whether a message must not show the value."""
        return self.form is not None and self.form.secret

    def takes_text(self, text: str) -> bool:
        """Whether this text would pass."""
        return self.form.fits(text) if self.form else text in self.choices

    def takes(self, scalar: Scalar) -> bool:
        """Whether a scalar that is not text has the right type; its range is not looked at."""
        match self.type:
            case "true or false":
                return isinstance(scalar.value, bool)
            case "whole number":
                return isinstance(scalar.value, int) and not isinstance(scalar.value, bool)
            case "number":
                return isinstance(scalar.value, int | float) and not isinstance(scalar.value, bool)
            case "text" | "choice":
                return False


@dataclass(frozen=True, slots=True)
class ListShape:
    """A list whose entries all take the same."""

    item: Shape
    expected: str


@dataclass(frozen=True, slots=True)
class MapShape:
    """A mapping with keys of one form, whose entries all take the same."""

    key: ScalarShape
    item: Shape
    expected: str


@dataclass(frozen=True)
class SectionShape:
    """A mapping with known keys."""

    fields: Mapping[str, FieldShape]
    expected: str


@dataclass(frozen=True, slots=True)
class FieldShape:
    """One key. `default` is what the key is when it is left out; it says nothing where `required`."""

    shape: Shape
    required: bool
    nullable: bool
    default: Plain
    description: str


Shape: TypeAlias = "ScalarShape | ListShape | MapShape | SectionShape"

_BOUND_NAMES: Final = ("gt", "ge", "le", "min_length")


@cache
def config_shape() -> SectionShape:
    """The shape of the whole config."""
    return _section(Config)


def _section(model: type[BaseModel]) -> SectionShape:
    fields = {field.alias or name: _field(field) for name, field in model.model_fields.items()}
    required = [name for name, field in fields.items() if field.required]
    return SectionShape(fields, f"a mapping with {all_of(required)}" if required else "a mapping of keys")


def _field(field: FieldInfo) -> FieldShape:
    arms = _arms(field.annotation)
    nullable = type(None) in arms
    annotation = next(arm for arm in arms if arm is not type(None))
    shape = _shape(annotation, tuple(field.metadata))
    description = field.description or (inspect.getdoc(annotation) if isinstance(shape, SectionShape) else None)
    required = field.is_required()
    return FieldShape(shape, required, nullable, None if required else _plain(field.default), description or "")


def _arms(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in {Union, types.UnionType} else (annotation,)


def _shape(annotation: Any, metadata: tuple[Any, ...]) -> Shape:
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _shape(inner, (*metadata, *more))
    bounds = dict(_bounds(metadata))
    if get_origin(annotation) is tuple:
        item = _shape(get_args(annotation)[0], ())
        return ListShape(item, "a list of at least one entry" if bounds.get("min_length") else "a list")
    if get_origin(annotation) is Mapping:
        key, item = get_args(annotation)
        return MapShape(_key_shape(key), _shape(item, ()), "a mapping")
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _section(annotation)
    return _scalar_shape(annotation, metadata, bounds)


def _scalar_shape(annotation: Any, metadata: tuple[Any, ...], bounds: Mapping[str, float]) -> ScalarShape:
    if get_origin(annotation) is Literal:
        choices = get_args(annotation)
        return ScalarShape("choice", one_of(choices), choices=choices)
    if annotation is bool:
        return ScalarShape("true or false", "true or false")
    if annotation is int:
        return ScalarShape("whole number", f"a whole number{_range(bounds)}")
    if annotation is float:
        return ScalarShape("number", f"a number{_range(bounds)}")
    form = next(item for item in metadata if isinstance(item, Form))
    return ScalarShape("text", form.expected, form=form)


def _key_shape(annotation: Any) -> ScalarShape:
    inner, *metadata = get_args(annotation)
    return _scalar_shape(inner, tuple(metadata), {})


def _bounds(metadata: tuple[Any, ...]) -> Iterator[tuple[str, float]]:
    for item in metadata:
        if isinstance(item, FieldInfo):
            yield from _bounds(tuple(item.metadata))
        yield from ((name, getattr(item, name)) for name in _BOUND_NAMES if hasattr(item, name))


def _range(bounds: Mapping[str, float]) -> str:
    match bounds:
        case {"gt": above, "le": most}:
            return f" above {above} and at most {most}"
        case {"ge": least, "le": most}:
            return f" from {least} to {most}"
        case {"ge": least}:
            return f" of at least {least}"
    raise TypeError(f"no words for the bounds {dict(bounds)}")


def _plain(default: Any) -> Plain:
    """A default as it could stand in the file."""
    if isinstance(default, BaseModel):
        return default.model_dump(by_alias=True, exclude_unset=True)
    if isinstance(default, tuple):
        return tuple(_plain(item) for item in default)
    plain: Plain = default
    return plain


def shape_at(loc: Loc) -> Shape:
    """What belongs at a location of the models. Raises KeyError or TypeError for one that is none."""
    shape: Shape = config_shape()
    for step in loc:
        if isinstance(shape, SectionShape) and isinstance(step, str):
            shape = shape.fields[step].shape
        elif isinstance(shape, ListShape | MapShape):
            shape = shape.item
        else:
            raise TypeError(f"{loc} is not a location of the config")
    return shape


def with_defaults(plain: Plain, shape: Shape) -> Plain:
    """A tree as written, with the default of every key that is left out; what does not fit the models stays as it is."""
    if isinstance(shape, SectionShape) and isinstance(plain, dict):
        written = {key: with_defaults(value, shape.fields[key].shape) if key in shape.fields else value for key, value in plain.items()}
        defaults = {
            key: with_defaults(field.default, field.shape) for key, field in shape.fields.items() if key not in plain and not field.required
        }
        return written | defaults
    if isinstance(shape, ListShape) and isinstance(plain, tuple):
        return tuple(with_defaults(item, shape.item) for item in plain)
    return plain
