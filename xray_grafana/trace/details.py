"""What is shown of one span: a span in, words, request, call, exceptions and annotations out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from xray_grafana.xray.calls import AWS, AWS_RESOURCES
from xray_grafana.xray.members import block, storable, text
from xray_grafana.xray.outcome import Flag, flags_of, status_of
from xray_grafana.xray.spans import Span

Word: TypeAlias = Flag | Literal["in progress"]
Scalar: TypeAlias = str | int | float | bool

# What an exception that does not name its type is called.
UNNAMED_EXCEPTION: Final = "exception"


class Request(NamedTuple):
    """The HTTP part of a span; None for what is not there."""

    method: str | None
    url: str | None
    status: int | None


def words_of(span: Span) -> tuple[Word, ...]:
    """The flags that are set, and whether it is still running."""
    flags = flags_of(span.document).names
    return (*flags, "in progress") if span.end is None else flags


def request_of(span: Span) -> Request:
    """The HTTP request and its answer."""
    request = block(block(span.document, "http"), "request")
    return Request(text(request, "method"), text(request, "url"), status_of(span.document))


def call_of(span: Span) -> str | None:
    """The statement, or the operation and what it was about: `PutItem orders`."""
    sql = block(span.document, "sql")
    if sql:
        return text(sql, "sanitized_query") or text(sql, "database_type") or text(sql, "url")
    aws = block(span.document, "aws")
    parts = [text(aws, "operation"), _resource(aws)] if span.document.get("namespace") == AWS else []
    return " ".join(part for part in parts if part) or None


def is_inferred(span: Span) -> bool:
    """Whether X-Ray made it up from the call to what sends no segments."""
    return span.document.get("inferred") is True


def origin_of(span: Span) -> str | None:
    """The type of what ran it, such as AWS::ECS::Container."""
    return text(span.document, "origin")


def service_of(span: Span) -> str | None:
    """The name of the service it ran in; None for a subsegment whose segment is not there."""
    return None if span.segment is None else span.segment.name


def annotations_of(span: Span) -> Iterator[tuple[str, Scalar]]:
    """Its annotations, in their order."""
    for key, value in block(span.document, "annotations").items():
        if isinstance(value, str | int | float):
            yield key, value


def _resource(aws: Mapping[str, Any]) -> str | None:
    """The short name of the first resource that is named: whoever sent it may call the service as they like."""
    for each in AWS_RESOURCES:
        if name := text(aws, each.member):
            return name.rsplit(each.separator, 1)[-1] if each.separator else name
    names = aws.get("resource_names")
    return storable(names[0]) if isinstance(names, list) and names and isinstance(names[0], str) else None
