"""Values from the environment (`XRAY_GRAFANA__GRAFANA__FOLDER=Ops`) and from flags (`--set grafana.folder=Ops`), laid over the file.

A value is read as a YAML scalar, but taken as text where the config wants text: an account id needs no quotes here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from typing import Final

from xray_grafana.config.nodes import Entry, Loc, Mapping, Node, Place, Scalar, Sequence, node_of, scalar, text
from xray_grafana.config.shape import ListShape, MapShape, ScalarShape, SectionShape, Shape, config_shape
from xray_grafana.config.wording import shown_key, unknown_key
from xray_grafana.errors import ConfigProblem

ENVIRONMENT_PREFIX: Final = "XRAY_GRAFANA__"
FLAG: Final = "--set"

_NULL: Final = frozenset({"null", "~"})
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,5}")


@dataclass(frozen=True, slots=True)
class Override:
    """One value for one key, and who gave it."""

    source: str
    steps: tuple[str, ...]
    raw: str


@dataclass(frozen=True, slots=True)
class _Target:
    loc: Loc
    shape: Shape
    nullable: bool


def overrides_of_environment(environ: MappingType[str, str]) -> tuple[tuple[Override, ...], tuple[ConfigProblem, ...]]:
    """The variables with our prefix, in the order of their keys, list entries by number. Case does not matter; a key twice is a problem."""
    overrides: dict[tuple[str, ...], Override] = {}
    problems = []
    for name in sorted(name for name in environ if name.upper().startswith(ENVIRONMENT_PREFIX)):
        steps = tuple(name[len(ENVIRONMENT_PREFIX) :].lower().split("__"))
        if steps in overrides:
            problems.append(_problem(name, steps, f"a second value beside {overrides[steps].source}", "one variable for each key"))
        else:
            overrides[steps] = Override(name, steps, environ[name])
    ordered = sorted(overrides, key=lambda steps: [int(step) if _INDEX.fullmatch(step) else -1 for step in steps])
    return tuple(overrides[steps] for steps in ordered), tuple(problems)


def overrides_of_flags(flags: Iterable[str]) -> tuple[tuple[Override, ...], tuple[ConfigProblem, ...]]:
    """The values of `--set`, in their order. The text of a flag without `=` is not repeated: it could be a secret."""
    overrides, problems = [], []
    for flag in flags:
        key, equals, raw = flag.partition("=")
        if equals:
            overrides.append(Override(FLAG, tuple(key.split(".")), raw))
        else:
            problems.append(ConfigProblem(FLAG, None, None, "argument", "a text without '='", "KEY=VALUE", "such as grafana.folder=Ops"))
    return tuple(overrides), tuple(problems)


def apply_overrides(root: Mapping, overrides: Iterable[Override]) -> tuple[Mapping, tuple[ConfigProblem, ...]]:
    """The tree with all overrides, later ones over earlier ones; an override that names no key of the config is a problem instead."""
    problems: list[ConfigProblem] = []
    for override in overrides:
        target = _target(override)
        if isinstance(target, ConfigProblem):
            problems.append(target)
            continue
        node = _node(override, target)
        if isinstance(node, ConfigProblem):
            problems.append(node)
            continue
        try:
            changed = _with(root, target.loc, node, config_shape())
        except IndexError as error:
            problems.append(_problem(override.source, target.loc, "an entry behind the end of its list", f"{error} as the next number"))
            continue
        if isinstance(changed, Mapping):
            root = changed
    return root, tuple(problems)


def _target(override: Override) -> _Target | ConfigProblem:
    target = _Target((), config_shape(), nullable=False)
    for step in override.steps:
        loc = (*target.loc, step)
        match target.shape:
            case SectionShape(fields=fields) if step in fields:
                target = _Target(loc, fields[step].shape, fields[step].nullable)
            case SectionShape(fields=fields):
                return _problem(override.source, loc, *unknown_key(loc, fields))
            case ListShape(item=item) if _INDEX.fullmatch(step):
                target = _Target((*target.loc, int(step)), item, nullable=False)
            case ListShape():
                return _problem(override.source, loc, "a name", "the number of a list entry, counted from 0")
            case MapShape() if override.source != FLAG:
                hint = "a variable does not tell capitals from small letters"
                return _problem(override.source, loc, "a variable", f"the file or {FLAG} for a key of {shown_key(target.loc)}", hint)
            case MapShape(item=item):
                target = _Target(loc, item, nullable=False)
            case ScalarShape():
                return _problem(override.source, loc, "a key below a single value", f"{shown_key(target.loc)} itself")
    return target


def _node(override: Override, target: _Target) -> Scalar | ConfigProblem:
    place = Place(override.source)
    if target.nullable and override.raw in _NULL:
        return scalar(override.raw, place)
    match target.shape:
        case ScalarShape(is_text=True):
            return text(override.raw, place)
        case ScalarShape():
            return scalar(override.raw, place)
        case SectionShape() | MapShape():
            return _problem(override.source, target.loc, "a single value", target.shape.expected, "set its keys one by one")
        case ListShape():
            first = shown_key((*target.loc, 0))
            return _problem(
                override.source, target.loc, "a single value", target.shape.expected, f"set its entries one by one, from {first}"
            )


def _with(node: Node, loc: Loc, value: Scalar, shape: Shape) -> Node:
    """The tree with one value set. What encloses it begins with its default where nothing was written, and stays where it is malformed.

    Raises IndexError, with the next free number, for a list entry behind the end.
    """
    if not loc:
        return value
    step, rest = loc[0], loc[1:]
    if isinstance(shape, SectionShape | MapShape) and isinstance(step, str):
        section = Mapping(value.place, {}) if _is_null(node) else node
        if not isinstance(section, Mapping):
            return node
        below, default = (shape.item, None) if isinstance(shape, MapShape) else (shape.fields[step].shape, shape.fields[step].default)
        entry = section.entries.get(step)
        child = entry.node if entry else node_of(default, value.place)
        changed = Entry(entry.place if entry else value.place, _with(child, rest, value, below))
        return Mapping(section.place, {**section.entries, step: changed})
    if isinstance(shape, ListShape) and isinstance(step, int):
        items = Sequence(value.place, ()) if _is_null(node) else node
        if not isinstance(items, Sequence):
            return node
        if step > len(items.items):
            raise IndexError(len(items.items))
        child = items.items[step] if step < len(items.items) else node_of(None, value.place)
        return Sequence(items.place, (*items.items[:step], _with(child, rest, value, shape.item), *items.items[step + 1 :]))
    return node


def _is_null(node: Node) -> bool:
    return isinstance(node, Scalar) and node.value is None


def _problem(source: str, loc: Loc, got: str, expected: str, hint: str | None = None) -> ConfigProblem:
    return ConfigProblem(source, None, None, shown_key(loc), got, expected, hint)
