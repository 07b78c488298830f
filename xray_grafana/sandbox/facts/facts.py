"""What is known of one trace once its documents are put together: what filters test, summaries show and graphs count. Values only.

The form is flat and small because there may be a million of them: `dump` and `load` turn one into text and back.
"""

from __future__ import annotations

import json
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from xray_grafana.xray.outcome import Outcome

Role: TypeAlias = Literal["client", "service", "inferred"]
AnnotationValue: TypeAlias = bool | int | float | str


class Node(NamedTuple):
    """A service of the graph. `type` is a segment's origin or an inferred one; None where a segment names no origin."""

    name: str
    type: str | None = None
    account: str | None = None


class Http(NamedTuple):
    """The request of a segment or subsegment."""

    url: str | None = None
    method: str | None = None
    status: int | None = None
    user_agent: str | None = None
    client_ip: str | None = None


class Visit(NamedTuple):
    """One passage of a trace through a node: a segment, the client before the root, or, where no segment came, the caller's subsegment.

    outcome           None while it is open, and for the client
    fault, error, throttle  the flags that filters test; a throttled one has `error` False
    response_seconds  None while it is open
    start, end        seconds since 1970; end None while it is open
    operation         `GET /cart` of a segment with a request, `GetItem` of an inferred AWS service, else None
    """

    node: Node
    role: Role
    root: bool
    outcome: Outcome | None
    fault: bool
    error: bool
    throttle: bool
    response_seconds: float | None
    start: float
    end: float | None
    http: Http
    operation: str | None


class Edge(NamedTuple):
    """One call. `caller` and `callee` are indices of visits; the numbers are the caller's subsegment's, for the client's edge the root's.

    alias   the name under which the caller knows the callee (type `remote`), where that is another node; else None
    linked  the edge comes from a link between traces, not from a call
    """

    caller: int
    callee: int
    outcome: Outcome | None
    fault: bool
    error: bool
    throttle: bool
    response_seconds: float | None
    alias: Node | None
    linked: bool


class Annotation(NamedTuple):
    """`visit`: index of the visit whose segment, or a subsegment of it, carries the annotation; None while that segment is missing."""

    key: str
    value: AnnotationValue
    visit: int | None


class User(NamedTuple):
    """A user named by the segment of that visit or a subsegment of it; None while that segment is missing."""

    name: str
    visit: int | None


class CauseException(NamedTuple):
    """An exception as a root cause shows it. Its name is never None: the Grafana plugin reads it unasked."""

    name: str
    message: str | None


class CauseEntity(NamedTuple):
    """A step of a path inside one service. `coverage` is the share of the root's time, for response-time causes alone."""

    name: str
    exceptions: tuple[CauseException, ...]
    coverage: float | None
    remote: bool


class CauseService(NamedTuple):
    """A service on the path of a cause. `type` is never None, for the reason of `CauseException`."""

    name: str
    type: str
    account: str | None
    inferred: bool
    entities: tuple[CauseEntity, ...]


class Cause(NamedTuple):
    """A path from the root (or from where the failure begins to be seen) to what is to blame."""

    services: tuple[CauseService, ...]
    client_impacting: bool


class TraceFacts(NamedTuple):
    """All of it. Times are seconds since 1970, durations seconds; what is not known yet is None.

    start, duration      of the earliest start and the latest end of any span; duration None while one is open
    root                 index of the root's visit; None while it is missing
    response_seconds     of the root
    partial              a parent is named that did not come
    visits, edges        `visits[edge.callee]`; the client comes right after the root it calls
    """

    id: str
    start: float
    root_start: float | None
    duration: float | None
    response_seconds: float | None
    root: int | None
    partial: bool
    visits: tuple[Visit, ...]
    edges: tuple[Edge, ...]
    annotations: tuple[Annotation, ...]
    users: tuple[User, ...]
    instance_ids: tuple[str, ...]
    zones: tuple[str, ...]
    resource_arns: tuple[str, ...]
    fault_causes: tuple[Cause, ...]
    error_causes: tuple[Cause, ...]
    response_time_causes: tuple[Cause, ...]


def dump(facts: TraceFacts) -> str:
    """The facts as compact JSON."""
    return _encode(facts)


def load(text: str) -> TraceFacts:
    """What `dump` wrote."""
    values = json.loads(text)
    values[_VISITS] = tuple([_visit(each) for each in values[_VISITS]])
    values[_EDGES] = tuple([_edge(each) for each in values[_EDGES]])
    values[_ANNOTATIONS] = tuple([_new(Annotation, each) for each in values[_ANNOTATIONS]])
    values[_USERS] = tuple([_new(User, each) for each in values[_USERS]])
    for number in _TEXTS:
        values[number] = tuple(values[number])
    for number in _CAUSES:
        values[number] = tuple([_cause(each) for each in values[number]])
    return _new(TraceFacts, values)


_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_new: Final = tuple.__new__  # as `_make` does, without looking at the length: a page of summaries loads thousands
_FIELDS: Final = TraceFacts._fields
_VISITS: Final = _FIELDS.index("visits")
_EDGES: Final = _FIELDS.index("edges")
_ANNOTATIONS: Final = _FIELDS.index("annotations")
_USERS: Final = _FIELDS.index("users")
_TEXTS: Final = tuple(map(_FIELDS.index, ("instance_ids", "zones", "resource_arns")))
_CAUSES: Final = tuple(map(_FIELDS.index, ("fault_causes", "error_causes", "response_time_causes")))
_NODE: Final = Visit._fields.index("node")
_HTTP: Final = Visit._fields.index("http")
_ALIAS: Final = Edge._fields.index("alias")
_SERVICE_ENTITIES: Final = CauseService._fields.index("entities")
_EXCEPTIONS: Final = CauseEntity._fields.index("exceptions")


def _visit(values: list[Any]) -> Visit:
    values[_NODE] = _new(Node, values[_NODE])
    values[_HTTP] = _new(Http, values[_HTTP])
    return _new(Visit, values)


def _edge(values: list[Any]) -> Edge:
    if values[_ALIAS] is not None:
        values[_ALIAS] = _new(Node, values[_ALIAS])
    return _new(Edge, values)


def _cause(values: list[Any]) -> Cause:
    services, client_impacting = values
    return Cause(tuple([_cause_service(each) for each in services]), client_impacting)


def _cause_service(values: list[Any]) -> CauseService:
    values[_SERVICE_ENTITIES] = tuple([_cause_entity(each) for each in values[_SERVICE_ENTITIES]])
    return _new(CauseService, values)


def _cause_entity(values: list[Any]) -> CauseEntity:
    values[_EXCEPTIONS] = tuple([_new(CauseException, each) for each in values[_EXCEPTIONS]])
    return _new(CauseEntity, values)
