"""What the rules on contradictions are written with: the finding, and ways to read a config as it was written, with defaults filled in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from xray_grafana.config.nodes import Loc, Plain
from xray_grafana.config.shape import ScalarShape, shape_at
from xray_grafana.config.wording import quoted, shown_key

Section: TypeAlias = dict[str, Plain]


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """One mistake; `loc` is the key to change, which need not be written."""

    loc: Loc
    got: str
    expected: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A name that must be the only one of its kind, and what has it."""

    name: str
    loc: Loc
    owner: str

    @classmethod
    def of_key(cls, name: str, loc: Loc) -> Claim:
        """A name that the key at `loc` claims."""
        return cls(name, loc, shown_key(loc))


def section_at(tree: Plain, *keys: str) -> Section:
    """The mapping at a path; an empty one where there is none."""
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree if isinstance(tree, dict) else {}


def sections_at(tree: Section, *keys: str) -> list[tuple[Loc, Section]]:
    """The list entries at a path that are mappings, each with its location."""
    *parents, last = keys
    entries = section_at(tree, *parents).get(last)
    return [((*keys, i), entry) for i, entry in enumerate(entries) if isinstance(entry, dict)] if isinstance(entries, tuple) else []


def valid_text(section: Section, loc: Loc, key: str) -> str | None:
    """The text of a key if there is one and its form is right."""
    value, shape = section.get(key), shape_at((*loc, key))
    return value if isinstance(value, str) and isinstance(shape, ScalarShape) and shape.takes_text(value) else None


def is_set(section: Section, key: str) -> bool:
    """Whether a key has a value, of whatever form."""
    return section.get(key) is not None


def doubles(claims: Iterable[Claim], expected: str) -> Iterator[Inconsistency]:
    """A mistake for each claim to a name that an earlier one has."""
    first: dict[str, Claim] = {}
    for claim in claims:
        earlier = first.setdefault(claim.name, claim)
        if earlier is not claim:
            owner = "" if claim.owner == shown_key(claim.loc) else f" for {claim.owner}"
            yield Inconsistency(claim.loc, f"{quoted(claim.name)}{owner}", expected, f"{earlier.owner} has it already")
