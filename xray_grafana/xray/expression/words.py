"""The words of the filter language: which fields there are, of what kind, and in which scope each may stand.

Source: X-Ray Developer Guide, "Using filter expressions"; the operators by kind are those of its tables. Words are in lower case here,
an expression may write them in any case.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["boolean", "number", "string"]
Scope: TypeAlias = str  # "trace", "service", "edge", or what is left of a root-cause word: "fault.service"

TRACE: Final = "trace"
SERVICE: Final = "service"
EDGE: Final = "edge"

ROOT_CAUSE: Final = "rootcause."
ROOT_CAUSE_JSON: Final = "rootcause.json"
CAUSE_KINDS: Final = ("fault", "error", "responsetime")
CAUSE_ELEMENTS: Final = ("service", "entity", "exception")
CAUSE_SCOPES: Final = frozenset(f"{kind}.{element}" for kind in CAUSE_KINDS for element in CAUSE_ELEMENTS)
GROUP_FIELDS: Final = ("group.name", "group.arn")
ANNOTATION: Final = "annotation"
ID_PARTS: Final = ("name", "type", "account.id")

EQUALITY: Final = frozenset({"=", "!="})
ORDER: Final = frozenset({"<", "<=", ">", ">="})
TEXTUAL: Final = frozenset({"contains", "beginswith", "endswith"})
OPERATORS: Final = EQUALITY | ORDER | TEXTUAL
OPERATORS_OF: Final[dict[Kind, frozenset[str]]] = {"boolean": EQUALITY, "number": EQUALITY | ORDER, "string": EQUALITY | TEXTUAL}


class Field(NamedTuple):
    """A field's kind and where it may stand."""

    kind: Kind
    scopes: frozenset[Scope]


def _causes(element: str) -> frozenset[Scope]:
    return frozenset(scope for scope in CAUSE_SCOPES if scope.endswith(element))


_OUTCOME: Final = Field("boolean", frozenset({TRACE, SERVICE, EDGE}))
_POSITION: Final = Field("boolean", CAUSE_SCOPES)
_SECONDS: Final = Field("number", frozenset({TRACE, SERVICE, EDGE}))
_REQUEST: Final = Field("string", frozenset({TRACE, SERVICE}))
_RESOURCE: Final = Field("string", frozenset({TRACE}))

FIELDS: Final[dict[str, Field]] = {
    "ok": _OUTCOME,
    "error": _OUTCOME,
    "throttle": _OUTCOME,
    "fault": _OUTCOME,
    "partial": _OUTCOME,
    "inferred": Field("boolean", frozenset({TRACE, SERVICE}) | _causes("service")),
    "root": Field("boolean", frozenset({SERVICE})),
    "first": _POSITION,
    "last": _POSITION,
    "remote": Field("boolean", _causes("entity")),
    "responsetime": _SECONDS,
    "duration": _SECONDS,
    "http.status": Field("number", frozenset({TRACE, SERVICE})),
    "index": Field("number", CAUSE_SCOPES),
    "coverage": Field("number", frozenset({"responsetime.entity"})),
    "http.url": _REQUEST,
    "http.method": _REQUEST,
    "http.useragent": _REQUEST,
    "http.clientip": _REQUEST,
    "user": _REQUEST,
    "name": Field("string", frozenset({SERVICE}) | CAUSE_SCOPES),
    "type": Field("string", frozenset({SERVICE}) | _causes("service")),
    "message": Field("string", _causes("exception")),
    "availabilityzone": _RESOURCE,
    "instance.id": _RESOURCE,
    "resource.arn": _RESOURCE,
}
ANNOTATION_SCOPES: Final = frozenset({TRACE, SERVICE})

WORDS: Final = frozenset(
    {
        *FIELDS,
        *GROUP_FIELDS,
        *ID_PARTS,
        *TEXTUAL,
        *(ROOT_CAUSE + scope for scope in CAUSE_SCOPES),
        ROOT_CAUSE_JSON,
        ANNOTATION,
        SERVICE,
        EDGE,
        "id",
        "and",
        "or",
        "true",
        "false",
    }
)
