"""How one segment or subsegment ended: a document in, flags, status, time and exceptions out.

A member that is missing or of another type says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from xray_grafana.xray.members import block, text, whole
from xray_grafana.xray.spans import Span

Flag: TypeAlias = Literal["fault", "error", "throttle"]
Outcome: TypeAlias = Flag | Literal["ok"]

_CLIENT_ERRORS: Final = range(400, 500)
_SERVER_ERRORS: Final = range(500, 600)


class Flags(NamedTuple):
    """What went wrong. A throttled one has `error` False (captured answers of X-Ray)."""

    fault: bool
    error: bool
    throttle: bool

    @property
    def names(self) -> tuple[Flag, ...]:
        """Those that are set."""
        flags: tuple[tuple[Flag, bool], ...] = (("fault", self.fault), ("error", self.error), ("throttle", self.throttle))
        return tuple(name for name, is_set in flags if is_set)

    @property
    def outcome(self) -> Outcome:
        """What it counts as, once: a throttled one as throttled, then a faulty one as a fault."""
        if self.throttle:
            return "throttle"
        if self.fault:
            return "fault"
        return "error" if self.error else "ok"


FINE: Final = Flags(fault=False, error=False, throttle=False)


class Raised(NamedTuple):
    """An exception: the id that others refer to it by, its type, and what it says."""

    id: str | None
    name: str | None
    message: str | None


def flags_of(document: Mapping[str, Any]) -> Flags:
    """What went wrong, FINE itself where nothing did: a flag that is `true`, or the status of the response.

    5xx is a fault, 429 throttled, any other 4xx an error (X-Ray Developer Guide, "Errors, faults, and exceptions").
    """
    status = status_of(document) or 0
    fault = document.get("fault") is True or status in _SERVER_ERRORS
    throttle = document.get("throttle") is True or status == HTTPStatus.TOO_MANY_REQUESTS
    error = not throttle and (document.get("error") is True or status in _CLIENT_ERRORS)
    return Flags(fault, error, throttle) if fault or error or throttle else FINE


def status_of(document: Mapping[str, Any]) -> int | None:
    """The status of the response."""
    return whole(block(document["http"], "response"), "status") if isinstance(document.get("http"), dict) else None


def seconds_of(span: Span) -> float | None:
    """How long it took; 0 where a skewed clock has it end before it began; None while it is open."""
    return None if span.end is None else seconds_between(span.start, span.end)


def seconds_between(start: float, end: float) -> float:
    """Never negative, and to the microsecond: as doubles, times since 1970 are no finer, and their difference shows that."""
    return max(0.0, round(end - start, 6))


def exceptions_of(document: Mapping[str, Any]) -> Iterator[Raised]:
    """The exceptions that were recorded in it; not those it only names by id, which stand where they were raised."""
    listed = block(document, "cause").get("exceptions")
    if isinstance(listed, list):
        for each in listed:
            if isinstance(each, dict):
                yield Raised(text(each, "id"), text(each, "type"), text(each, "message"))
