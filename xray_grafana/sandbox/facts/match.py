"""Whether a trace is what a filter expression looks for: the tree and the trace's facts in, yes or no out. Nothing fails.

What a field means depends on where it stands (X-Ray Developer Guide, "Using filter expressions"; captured answers of X-Ray):

    trace        outcome, request and response time are the root's, duration is the whole trace's; users, annotations, zones,
                 instances and ARNs are those of any segment or subsegment
    service(…)   one passage of the trace through such a service; the client in front of the root has its call's numbers
    edge(…)      one such call
    rootcause.…  one service, entity or exception of one root cause; index counts from 0 in the list it stands in

A field that has several values matches if one of them does. One that has none matches nothing, not even `!=`, and neither does a value of
another type than the field's: X-Ray takes `duration = "slow"` and finds nothing.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple, Protocol, TypeAlias

from xray_grafana.sandbox.facts.facts import Cause, Edge, TraceFacts, Visit
from xray_grafana.xray.expression.tree import (
    And,
    AnnotationTest,
    CausePath,
    CauseSelect,
    EdgeSelect,
    Expression,
    FieldTest,
    InGroup,
    Json,
    JsonList,
    JsonObject,
    NodeId,
    Not,
    Or,
    ServiceSelect,
    Value,
)
from xray_grafana.xray.outcome import seconds_between

# Groups by name and by ARN; None for one without a filter: Default.
GroupLookup: TypeAlias = Mapping[str, Expression | None]
# How far groups may name each other: beyond, and in a ring, a group is taken as not there. It bounds the depth of the evaluation.
GROUPS_DEEP: Final = 5

_Values: TypeAlias = Iterable[Value | None]


def matches(expression: Expression, facts: TraceFacts, groups: GroupLookup) -> bool:
    """Whether the trace is one that the expression finds."""
    return _holds(expression, _Trace(facts, groups, ()))


class _Scope(Protocol):
    """Where a condition is tested. What cannot stand there holds nowhere; the parser lets none through."""

    def test(self, leaf: Expression) -> bool:
        """Whether a single condition holds."""


def _holds(expression: Expression, scope: _Scope) -> bool:
    """One frame for each level of the tree, so that the deepest one is far from Python's limit: no generators here."""
    match expression:
        case And(parts):
            for part in parts:
                if not _holds(part, scope):
                    break
            else:
                return True
            return False
        case Or(parts):
            for part in parts:
                if _holds(part, scope):
                    break
            else:
                return False
            return True
        case Not(part):
            return not _holds(part, scope)
    return scope.test(expression)


class _Trace:
    """A whole trace. `expanding` are the groups whose expressions are being evaluated."""

    def __init__(self, facts: TraceFacts, groups: GroupLookup, expanding: tuple[str, ...]) -> None:
        self._facts = facts
        self._groups = groups
        self._expanding = expanding

    def test(self, leaf: Expression) -> bool:
        facts = self._facts
        match leaf:
            case FieldTest(field):
                return _compares(leaf, self._values(field))
            case AnnotationTest(key):
                return _compares(leaf, (each.value for each in facts.annotations if each.key == key))
            case InGroup(group, negated):
                return self._is_member(group, negated=negated)
            case CausePath(pattern, negated):
                causes = [_as_json(cause) for of_kind in _CAUSES.values() for cause in of_kind(facts)]
                return bool(causes) and _fits(pattern, JsonList(tuple(causes))) is not negated
        return self._selects(leaf)

    def _selects(self, selector: Expression) -> bool:
        facts = self._facts
        match selector:
            case ServiceSelect(node, condition):
                return _any(condition, (_Passage(facts, number) for number in _passages(facts, node)))
            case EdgeSelect(caller, callee, condition):
                return _any(condition, (_Call(facts, edge) for edge in _calls(facts, caller, callee)))
            case CauseSelect(kind, element, condition):
                return _any(condition, map(_Element, _ELEMENTS[element](_CAUSES[kind](facts))))
        return False

    def _values(self, field: str) -> _Values:
        if field in _OF_TRACE:
            return _OF_TRACE[field](self._facts)
        return () if self._facts.root is None else (_OF_VISIT[field](self._facts.visits[self._facts.root]),)

    def _is_member(self, group: str, *, negated: bool) -> bool:
        if group not in self._groups or group in self._expanding or len(self._expanding) == GROUPS_DEEP:
            return False
        expression = self._groups[group]
        inside = expression is None or _holds(expression, _Trace(self._facts, self._groups, (*self._expanding, group)))
        return inside is not negated


class _Passage:
    """One passage through a service."""

    def __init__(self, facts: TraceFacts, number: int) -> None:
        self._facts = facts
        self._number = number
        self._visit = facts.visits[number]
        if self._visit.role == "client":
            self._visit = _with_numbers_of_its_call(self._visit, (edge for edge in facts.edges if edge.caller == number))

    def test(self, leaf: Expression) -> bool:
        match leaf:
            case FieldTest("partial"):
                return _compares(leaf, (self._facts.partial,))
            case FieldTest("user"):
                return _compares(leaf, (each.name for each in self._facts.users if each.visit == self._number))
            case FieldTest(field):
                return _compares(leaf, (_OF_VISIT[field](self._visit),))
            case AnnotationTest(key):
                annotations = self._facts.annotations
                return _compares(leaf, (each.value for each in annotations if each.key == key and each.visit == self._number))
        return False


class _Call:
    """One call from a service to another."""

    def __init__(self, facts: TraceFacts, edge: Edge) -> None:
        self._partial = facts.partial
        self._edge = edge

    def test(self, leaf: Expression) -> bool:
        match leaf:
            case FieldTest("partial"):
                return _compares(leaf, (self._partial,))
            case FieldTest(field):
                return _compares(leaf, (_OF_CALL[field](self._edge),))
        return False


class _Listed(NamedTuple):
    """A service, entity or exception in its list. None is what its kind does not have; the list is never empty."""

    position: int
    of: int
    name: str
    type: str | None = None
    inferred: bool | None = None
    remote: bool | None = None
    coverage: float | None = None
    message: str | None = None


class _Element:
    """An element of a root cause."""

    def __init__(self, listed: _Listed) -> None:
        self._listed = listed

    def test(self, leaf: Expression) -> bool:
        return isinstance(leaf, FieldTest) and _compares(leaf, (_OF_ELEMENT[leaf.field](self._listed),))


def _any(condition: Expression | None, scopes: Iterable[_Scope]) -> bool:
    for scope in scopes:
        if condition is None or _holds(condition, scope):
            break
    else:
        return False
    return True


def _passages(facts: TraceFacts, node: NodeId) -> Iterator[int]:
    return (number for number, visit in enumerate(facts.visits) if node.matches(visit.node))


def _calls(facts: TraceFacts, caller: NodeId, callee: NodeId) -> Iterator[Edge]:
    return (
        edge for edge in facts.edges if caller.matches(facts.visits[edge.caller].node) and callee.matches(facts.visits[edge.callee].node)
    )


def _with_numbers_of_its_call(client: Visit, calls: Iterator[Edge]) -> Visit:
    call = next(calls, None)
    if call is None:
        return client
    return client._replace(
        outcome=call.outcome, fault=call.fault, error=call.error, throttle=call.throttle, response_seconds=call.response_seconds
    )


def _is_ok(passage: Visit | Edge) -> bool | None:
    return None if passage.outcome is None else passage.outcome == "ok"


_OF_TRACE: Final[dict[str, Callable[[TraceFacts], _Values]]] = {
    "partial": lambda facts: (facts.partial,),
    "inferred": lambda facts: (any(visit.role == "inferred" for visit in facts.visits),),
    "responsetime": lambda facts: (facts.response_seconds,),
    "duration": lambda facts: (facts.duration,),
    "user": lambda facts: (user.name for user in facts.users),
    "availabilityzone": lambda facts: facts.zones,
    "instance.id": lambda facts: facts.instance_ids,
    "resource.arn": lambda facts: facts.resource_arns,
}
_OF_VISIT: Final[dict[str, Callable[[Visit], Value | None]]] = {
    "ok": _is_ok,
    "error": lambda visit: visit.error,
    "throttle": lambda visit: visit.throttle,
    "fault": lambda visit: visit.fault,
    "inferred": lambda visit: visit.role == "inferred",
    "root": lambda visit: visit.root,
    "responsetime": lambda visit: visit.response_seconds,
    "duration": lambda visit: None if visit.end is None else seconds_between(visit.start, visit.end),
    "http.status": lambda visit: visit.http.status,
    "http.url": lambda visit: visit.http.url,
    "http.method": lambda visit: visit.http.method,
    "http.useragent": lambda visit: visit.http.user_agent,
    "http.clientip": lambda visit: visit.http.client_ip,
    "name": lambda visit: visit.node.name,
    "type": lambda visit: visit.node.type,
}
_OF_CALL: Final[dict[str, Callable[[Edge], Value | None]]] = {
    "ok": _is_ok,
    "error": lambda edge: edge.error,
    "throttle": lambda edge: edge.throttle,
    "fault": lambda edge: edge.fault,
    "responsetime": lambda edge: edge.response_seconds,
    "duration": lambda edge: edge.response_seconds,
}
_OF_ELEMENT: Final[dict[str, Callable[[_Listed], Value | None]]] = {
    "index": lambda listed: listed.position,
    "first": lambda listed: listed.position == 0,
    "last": lambda listed: listed.position == listed.of - 1,
    "name": lambda listed: listed.name,
    "type": lambda listed: listed.type,
    "inferred": lambda listed: listed.inferred,
    "remote": lambda listed: listed.remote,
    "coverage": lambda listed: listed.coverage,
    "message": lambda listed: listed.message,
}
_CAUSES: Final[dict[str, Callable[[TraceFacts], tuple[Cause, ...]]]] = {
    "fault": lambda facts: facts.fault_causes,
    "error": lambda facts: facts.error_causes,
    "responsetime": lambda facts: facts.response_time_causes,
}


def _services(causes: Iterable[Cause]) -> Iterator[_Listed]:
    for cause in causes:
        for index, service in enumerate(cause.services):
            # A type that is not known is "" in root causes.
            yield _Listed(index, len(cause.services), service.name, type=service.type or None, inferred=service.inferred)


def _entities(causes: Iterable[Cause]) -> Iterator[_Listed]:
    for cause in causes:
        for service in cause.services:
            for index, entity in enumerate(service.entities):
                yield _Listed(index, len(service.entities), entity.name, remote=entity.remote, coverage=entity.coverage)


def _exceptions(causes: Iterable[Cause]) -> Iterator[_Listed]:
    for cause in causes:
        for service in cause.services:
            for entity in service.entities:
                for index, exception in enumerate(entity.exceptions):
                    yield _Listed(index, len(entity.exceptions), exception.name, message=exception.message)


_ELEMENTS: Final = {"service": _services, "entity": _entities, "exception": _exceptions}

_COMPARE: Final[dict[str, Callable[[object, object], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
}
_COMPARE_NUMBERS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMPARE_TEXTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "contains": operator.contains,
    "beginswith": str.startswith,
    "endswith": str.endswith,
}


def _compares(test: FieldTest | AnnotationTest, values: _Values) -> bool:
    """Whether one of the values is what the test wants."""
    sign, wanted = test.operator, test.value
    if sign is None or wanted is None:
        return any(value is not None and value is not False for value in values)
    return any(value is not None and _compare(value, sign, wanted) for value in values)


def _compare(value: Value, sign: str, wanted: Value) -> bool:
    if isinstance(value, bool) or isinstance(wanted, bool):
        return isinstance(value, bool) and isinstance(wanted, bool) and _COMPARE[sign](value, wanted)
    if isinstance(value, str) or isinstance(wanted, str):
        if not (isinstance(value, str) and isinstance(wanted, str)):
            return False
        return _COMPARE[sign](value, wanted) if sign in _COMPARE else sign in _COMPARE_TEXTS and _COMPARE_TEXTS[sign](value, wanted)
    return _COMPARE[sign](value, wanted) if sign in _COMPARE else sign in _COMPARE_NUMBERS and _COMPARE_NUMBERS[sign](value, wanted)


def _as_json(cause: Cause) -> JsonObject:
    """A root cause with the members that X-Ray's own has."""
    services = tuple(
        _object(
            Name=service.name,
            Names=JsonList((service.name,)),
            Type=service.type,
            AccountId=service.account,
            Inferred=service.inferred,
            EntityPath=JsonList(
                tuple(
                    _object(
                        Name=entity.name,
                        Exceptions=JsonList(tuple(_object(Name=each.name, Message=each.message) for each in entity.exceptions)),
                        Coverage=entity.coverage,
                        Remote=entity.remote,
                    )
                    for entity in service.entities
                )
            ),
        )
        for service in cause.services
    )
    return _object(Services=JsonList(services), ClientImpacting=cause.client_impacting)


def _object(**members: Json) -> JsonObject:
    return JsonObject(tuple(members.items()))


def _fits(pattern: Json, value: Json) -> bool:
    """Whether the value has what the pattern lists: members of an object, items of an array in their order, others between them."""
    if isinstance(pattern, JsonObject):
        if not isinstance(value, JsonObject):
            return False
        members = dict(value.members)
        return all(name in members and _fits(part, members[name]) for name, part in pattern.members)
    if isinstance(pattern, JsonList):
        items = iter(value.items if isinstance(value, JsonList) else ())
        return isinstance(value, JsonList) and all(any(_fits(part, item) for item in items) for part in pattern.items)
    return type(pattern) is type(value) and pattern == value
