"""How one segment or subsegment ended: its flags and status in, what filters test and statistics count out."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple

from xray_grafana.sandbox.facts.facts import Outcome
from xray_grafana.sandbox.facts.members import block, whole
from xray_grafana.xray.spans import Span

_CLIENT_ERRORS: Final = range(400, 500)
_SERVER_ERRORS: Final = range(500, 600)


class Flags(NamedTuple):
    """What filters test. A throttled one has `error` False (captured answers of X-Ray)."""

    fault: bool
    error: bool
    throttle: bool

    @property
    def outcome(self) -> Outcome:
        """What it counts as, once: a throttled one as throttled, then a faulty one as a fault."""
        if self.throttle:
            return "throttle"
        if self.fault:
            return "fault"
        return "error" if self.error else "ok"


FINE: Final = Flags(fault=False, error=False, throttle=False)


def flags_of(document: Mapping[str, Any]) -> Flags:
    """The flags of a segment or subsegment, FINE itself where all are false: a flag that is `true`, or the status of the response.

    5xx is a fault, 429 throttled, any other 4xx an error (X-Ray Developer Guide, "Errors, faults, and exceptions").
    """
    status = whole(block(document["http"], "response"), "status") if isinstance(document.get("http"), dict) else None
    if status is None:
        status = 0
    fault = document.get("fault") is True or status in _SERVER_ERRORS
    throttle = document.get("throttle") is True or status == HTTPStatus.TOO_MANY_REQUESTS
    error = not throttle and (document.get("error") is True or status in _CLIENT_ERRORS)
    return Flags(fault, error, throttle) if fault or error or throttle else FINE


def seconds_of(span: Span) -> float | None:
    """How long it took; 0 where a skewed clock has it end before it began; None while it is open."""
    return None if span.end is None else seconds_between(span.start, span.end)


def seconds_between(start: float, end: float) -> float:
    """Never negative, and to the microsecond: as doubles, times since 1970 are no finer, and their difference shows that."""
    return max(0.0, round(end - start, 6))
