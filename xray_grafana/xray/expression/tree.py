"""A filter expression as a tree: values only, made by `parse`, read by whoever evaluates.

Words are in lower case, keys and strings as written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

Value: TypeAlias = bool | int | float | str
Json: TypeAlias = "bool | int | float | str | JsonList | JsonObject | None"


class NodeLike(Protocol):
    """Whatever names a service."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def type(self) -> str | None:
        """Its origin, `AWS::ECS::Container`, or what it was inferred to be."""

    @property
    def account(self) -> str | None:
        """Twelve digits; None in the account's own."""


class NodeId(NamedTuple):
    """Which services are meant; None leaves a part open. `service("X")` means every node of that name, whatever its type."""

    name: str | None = None
    type: str | None = None
    account: str | None = None

    def matches(self, node: NodeLike) -> bool:
        """Whether it is one of those meant."""
        return (
            (self.name is None or self.name == node.name)
            and (self.type is None or self.type == node.type)
            and (self.account is None or self.account == node.account)
        )


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not the part."""

    part: Expression


@dataclass(frozen=True, slots=True)
class FieldTest:
    """A field and what it must be. Without an operator: a boolean is true, anything else is there."""

    field: str
    operator: str | None = None
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class AnnotationTest:
    """The same of an annotation, whose kind its value has. Without an operator it is there and not false."""

    key: str
    operator: str | None = None
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class ServiceSelect:
    """A trace with such a service, and, if there is a condition, one of whose passages through such a service meets it."""

    id: NodeId
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class EdgeSelect:
    """The same of a call from one service to another."""

    caller: NodeId
    callee: NodeId
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class CauseSelect:
    """A root cause of a kind (`fault`, `error`, `responsetime`) with an element (`service`, `entity`, `exception`)
    that meets the condition.
    """

    kind: str
    element: str
    condition: Expression


@dataclass(frozen=True, slots=True)
class JsonList:
    """A JSON array."""

    items: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class JsonObject:
    """A JSON object in the order of its text."""

    members: tuple[tuple[str, Json], ...]


@dataclass(frozen=True, slots=True)
class CausePath:
    """Root causes of the form that the JSON shows; `negated`: no such ones."""

    pattern: JsonList
    negated: bool


@dataclass(frozen=True, slots=True)
class InGroup:
    """What the named group's own expression finds; `negated`: what it does not. `group` is a name or an ARN."""

    group: str
    negated: bool


Expression: TypeAlias = And | Or | Not | FieldTest | AnnotationTest | ServiceSelect | EdgeSelect | CauseSelect | CausePath | InGroup
Selector: TypeAlias = ServiceSelect | EdgeSelect
