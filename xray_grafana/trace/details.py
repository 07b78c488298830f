"""What the document of one span says: a span in, words, request, call, exceptions and annotations out.

Names of members: X-Ray Developer Guide, "X-Ray segment documents". Anybody with credentials can put any JSON there, so every member may be
missing or of another type; such a one counts as missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from xray_grafana.xray.spans import Span

Flag = Literal["fault", "error", "throttle"]
Word: TypeAlias = Flag | Literal["in progress"]
Scalar: TypeAlias = str | int | float | bool

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_CLIENT_ERRORS: Final = range(400, 500)
_SERVER_ERRORS: Final = range(500, 600)
# What a call to AWS was about, the first that is there. After the last of these characters stands the name.
_RESOURCES: Final = (
    ("table_name", ""),
    ("bucket_name", ""),
    ("queue_url", "/"),
    ("topic_arn", ":"),
    ("function_name", ":"),
    ("stream_name", ""),
)


class Request(NamedTuple):
    """The HTTP part of a span; None for what is not there."""

    method: str | None
    url: str | None
    status: int | None


class Raised(NamedTuple):
    """An exception: its type, and what it says."""

    name: str
    message: str


def flags_of(span: Span) -> tuple[Flag, ...]:
    """What went wrong: a flag that is true, or the status of the answer. 5xx is a fault, 429 throttled, any other 4xx an error (X-Ray
    Developer Guide, "Errors, faults, and exceptions"). What was throttled is no error besides.
    """
    document, status = span.document, request_of(span).status
    throttle = document.get("throttle") is True or status == HTTPStatus.TOO_MANY_REQUESTS
    flags: dict[Flag, bool] = {
        "fault": document.get("fault") is True or status in _SERVER_ERRORS,
        "error": not throttle and (document.get("error") is True or status in _CLIENT_ERRORS),
        "throttle": throttle,
    }
    return tuple(flag for flag, is_set in flags.items() if is_set)


def words_of(span: Span) -> tuple[Word, ...]:
    """The flags, and whether it is still running."""
    return (*flags_of(span), "in progress") if span.end is None else flags_of(span)


def request_of(span: Span) -> Request:
    """The HTTP request and its answer."""
    http = _mapping(span.document.get("http"))
    request, response = _mapping(http.get("request")), _mapping(http.get("response"))
    status = response.get("status")
    is_status = isinstance(status, int) and not isinstance(status, bool)
    return Request(_text(request.get("method")), _text(request.get("url")), status if is_status else None)


def call_of(span: Span) -> str | None:
    """The statement, or the operation and what it was about: `PutItem orders`."""
    sql = _mapping(span.document.get("sql"))
    if sql:
        return _text(sql.get("sanitized_query")) or _text(sql.get("database_type")) or _text(sql.get("url"))
    aws = _mapping(span.document.get("aws"))
    parts = [_text(aws.get("operation")), _resource(aws)] if span.document.get("namespace") == "aws" else []
    return " ".join(part for part in parts if part) or None


def seconds_of(span: Span) -> float | None:
    """How long it took; 0 where a skewed clock has it end before it began, None while it is in progress."""
    return None if span.end is None else max(0.0, span.end - span.start)


def is_call(span: Span) -> bool:
    """Whether it is a call to something else: a subsegment of the namespaces `remote` and `aws`."""
    return not span.is_segment and span.document.get("namespace") in {"remote", "aws"}


def is_inferred(span: Span) -> bool:
    """Whether X-Ray made it up from the call to what sends no segments."""
    return span.document.get("inferred") is True


def origin_of(span: Span) -> str | None:
    """The type of what ran it, such as AWS::ECS::Container."""
    return _text(span.document.get("origin"))


def service_of(span: Span) -> str | None:
    """The name of the service it ran in; None for a subsegment whose segment is not there."""
    return None if span.segment is None else span.segment.name


def exceptions_of(span: Span) -> tuple[Raised, ...]:
    """The exceptions that were recorded in it; not those it only names by id, which stand where they were raised."""
    listed = _mapping(span.document.get("cause")).get("exceptions")
    found = listed if isinstance(listed, list) else []
    return tuple(
        Raised(_text(each.get("type")) or "exception", _text(each.get("message")) or "") for each in found if isinstance(each, Mapping)
    )


def annotations_of(span: Span) -> Iterator[tuple[str, Scalar]]:
    """Its annotations, in their order."""
    for key, value in _mapping(span.document.get("annotations")).items():
        if isinstance(value, str | int | float):
            yield key, value


def _resource(aws: Mapping[str, Any]) -> str | None:
    for key, separator in _RESOURCES:
        if text := _text(aws.get(key)):
            return text.rsplit(separator, 1)[-1] if separator else text
    names = aws.get("resource_names")
    return _text(names[0]) if isinstance(names, list) and names else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else _NOTHING


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
