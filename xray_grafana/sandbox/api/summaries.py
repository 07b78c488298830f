"""GetTraceSummaries: the traces of a time range that a filter expression finds, newest first, page by page.

A page ends at `PAGE_MATCHES` traces found, `LOOKED_AT_MAX` traces looked at, or `SCANNED_MAX` passed over, whichever comes first: it may be
empty and have a token. So no page takes long, however large the store is.

Three clocks (captured answers of X-Ray): under TraceId a trace stands where its root begins, one without a root where it begins itself;
under Event at the receipt of its newest update; under Service it is in the range if it went on in it, which opens a minute early.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from sqlite3 import Connection
from typing import Any, Final, NamedTuple

from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.group_choice import default_arn
from xray_grafana.sandbox.api.prefilter import narrowing
from xray_grafana.sandbox.api.request import TimeRange, time_range, unreadable, violation
from xray_grafana.sandbox.api.summary import summary_of
from xray_grafana.sandbox.derivation.membership import read_groups
from xray_grafana.sandbox.facts.facts import load
from xray_grafana.sandbox.facts.match import matches
from xray_grafana.xray.expression import Expression, ExpressionError, parse_filter

# The longest range X-Ray answers is not published; a client quotes "Time range cannot be longer than 24 hours".
RANGE_MAX_HOURS: Final = 24
# Bounds of a page. X-Ray's are not published either.
PAGE_MATCHES: Final = 100
LOOKED_AT_MAX: Final = 1_000
SCANNED_MAX: Final = 10_000
_CHUNK: Final = 250

TRACE_ID: Final = "TraceId"
EVENT: Final = "Event"
SERVICE: Final = "Service"
# How much earlier a range of the Service clock opens (captured answers of X-Ray).
_SERVICE_LEAD_SECONDS: Final = 60
# A trace that went on for longer is found under Service only by its beginning's last hour: there is no index of ends.
_SERVICE_LONGEST_SECONDS: Final = 3_600

_BEGUN: Final = """
SELECT * FROM (
    SELECT root_start AS at, number FROM traces
    WHERE root_start >= :first AND root_start <= :last AND (root_start < :before OR number < :number) {further}
    ORDER BY root_start DESC, number DESC LIMIT :most)
UNION ALL
SELECT * FROM (
    SELECT start, number FROM traces
    WHERE root_start IS NULL AND start >= :first AND start <= :last AND (start < :before OR number < :number) {further}
    ORDER BY start DESC, number DESC LIMIT :most)
ORDER BY at DESC, number DESC LIMIT :most
"""
_EVENT_KEYS: Final = """
SELECT received, number FROM traces
WHERE received >= :first AND received <= :last AND (received < :before OR number < :number)
ORDER BY received DESC, number DESC LIMIT :most
"""
_KEYS: Final = {
    TRACE_ID: _BEGUN.format(further=""),
    EVENT: _EVENT_KEYS,
    SERVICE: _BEGUN.format(further="AND (finish IS NULL OR finish >= :opens)"),
}
_CANDIDATES: Final = "SELECT number, id FROM traces WHERE number IN (SELECT value FROM json_each(?)) AND facts IS NOT NULL AND"
_ROWS: Final = "SELECT number, received, revision, facts FROM traces WHERE number IN (SELECT value FROM json_each(?))"

# The Grafana plugin lowers the share between pages, once it has found more traces than it wants.
_MAY_CHANGE: Final = ("NextToken", "SamplingStrategy")
_PARTIAL_SCAN: Final = "PartialScan"
_FIXED_RATE: Final = "FixedRate"


class _Query(NamedTuple):
    """What is asked for. `rate`: the share of traces, chosen by their ids, that is looked at."""

    clock: str
    range: TimeRange
    expression: Expression | None
    rate: float
    digest: str


class _Place(NamedTuple):
    """Where a trace stands on the clock; the next page begins behind it."""

    at: float
    number: int


class _Row(NamedTuple):
    """A trace to look at."""

    received: float
    revision: int
    facts: str


_BEFORE_ALL: Final = _Place(math.inf, 0)
_LARGEST_NUMBER: Final = 2**63 - 1  # of SQLite


def get_trace_summaries(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """One page. Raises ApiError for a filter that is none, with its column, and for a token of another request."""
    query = _query(request)
    place = _place(query, request.get("NextToken"))
    with context.store.reading() as connection:
        known = {**read_groups(connection).expressions, default_arn(context): None}
    found: list[dict[str, Any]] = []
    scanned = looked_at = 0
    passing = _passing(context, query, place)
    for at_place, row in passing:
        place = at_place
        scanned += 1
        if row is not None:
            looked_at += 1
            facts = load(row.facts)
            if query.expression is None or matches(query.expression, facts, known):
                event_time = None if query.clock == TRACE_ID else row.received
                found.append({**summary_of(facts), "Revision": row.revision, "MatchedEventTime": event_time})
        if len(found) == PAGE_MATCHES or looked_at == LOOKED_AT_MAX or scanned == SCANNED_MAX:
            break
    ended = next(passing, None) is None
    lead = _SERVICE_LEAD_SECONDS if query.clock == SERVICE else 0
    return {
        "TraceSummaries": found,
        "ApproximateTime": float(math.floor(query.range.start) - lead if ended else math.floor(place.at)),
        "TracesProcessedCount": scanned,
        "NextToken": None if ended else _token(query, place),
    }


def _passing(context: Context, query: _Query, place: _Place) -> Iterator[tuple[_Place, _Row | None]]:
    """The traces of the range behind a place, newest first; with a row if they are to be looked at. Holds no connection between two."""
    condition, parameters = ("1", ()) if query.expression is None else narrowing(query.expression)
    candidates = f"{_CANDIDATES} {condition}"
    keys = [place]
    while keys:
        with context.store.reading() as connection:
            keys = _keys(connection, query, keys[-1])
            numbers = json.dumps([key.number for key in keys])
            chosen = [number for number, id_ in connection.execute(candidates, (numbers, *parameters)) if _sampled(id_, query.rate)]
            rows = {number: _Row(*row) for number, *row in connection.execute(_ROWS, (json.dumps(chosen),))}
        for key in keys:
            yield key, rows.get(key.number)


def _keys(connection: Connection, query: _Query, place: _Place) -> list[_Place]:
    lead, longest = (_SERVICE_LEAD_SECONDS, _SERVICE_LONGEST_SECONDS) if query.clock == SERVICE else (0, 0)
    opens = query.range.start - lead
    bounds = {
        "first": opens - longest,
        "last": min(query.range.end, place.at),
        "opens": opens,
        "before": place.at,
        "number": place.number,
        "most": _CHUNK,
    }
    return [_Place(*key) for key in connection.execute(_KEYS[query.clock], bounds)]


def _sampled(trace_id: str, rate: float) -> bool:
    """The same for every page, request and clock, so that parts of a range that are asked for at once agree."""
    return rate == 1 or int.from_bytes(hashlib.blake2b(trace_id.encode(), digest_size=8).digest()) < rate * 2**64


def _query(request: Mapping[str, Any]) -> _Query:
    clock = _one_of("timeRangeType", request.get("TimeRangeType") or TRACE_ID, (TRACE_ID, SERVICE, EVENT))
    rate = _rate(request, clock)
    found = time_range(request, RANGE_MAX_HOURS)
    text = request.get("FilterExpression") or ""
    if not isinstance(text, str):
        raise unreadable("FilterExpression")
    try:
        expression = parse_filter(text) if text.strip() else None
    except ExpressionError as error:
        raise ApiError(str(error)) from None
    asked = {name: value for name, value in request.items() if name not in _MAY_CHANGE and value is not None}
    digest = hashlib.blake2b(json.dumps(asked, sort_keys=True).encode(), digest_size=9).digest()
    return _Query(clock, found, expression, rate, base64.urlsafe_b64encode(digest).decode())


def _rate(request: Mapping[str, Any], clock: str) -> float:
    """The share to look at. A strategy without `Sampling` counts for nothing, and PartialScan's value never does (captured answers)."""
    sampling = request.get("Sampling")
    strategy = request.get("SamplingStrategy")
    if not isinstance(sampling, bool | None):
        raise unreadable("Sampling")
    if not isinstance(strategy, dict | None):
        raise unreadable("SamplingStrategy")
    name = _one_of("samplingStrategy.name", (strategy or {}).get("Name") or _PARTIAL_SCAN, (_PARTIAL_SCAN, _FIXED_RATE))
    if strategy is None or not sampling or name == _PARTIAL_SCAN:
        return 1.0
    value = strategy.get("Value")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ApiError("sampling rate must be specified and its value must be between [0, 1]")
    if clock != EVENT:
        raise ApiError(f"Cannot use {_FIXED_RATE} with input time range type: {clock}. Please try using time range type: {EVENT}")
    return float(value)


def _one_of(member: str, value: object, allowed: tuple[str, ...]) -> str:
    if isinstance(value, str) and value in allowed:
        return value
    raise violation(member, f"Member must satisfy enum value set: [{', '.join(allowed)}]", value)


def _token(query: _Query, place: _Place) -> str:
    return base64.urlsafe_b64encode(json.dumps([query.digest, *place]).encode()).decode()


def _place(query: _Query, token: object) -> _Place:
    """Where a token of this very request says the page begins."""
    if token is None:
        return _BEFORE_ALL
    try:
        digest, at, number = json.loads(base64.urlsafe_b64decode(str(token)))
        place = _Place(float(at), int(number))
    except (ValueError, TypeError, OverflowError):
        digest, place = None, _BEFORE_ALL
    if digest != query.digest or not math.isfinite(place.at) or abs(place.number) > _LARGEST_NUMBER:
        raise ApiError(f"Invalid token {token}")
    return place
