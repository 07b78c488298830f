"""Requests with a trace id as Loki has them, taken evenly from a span of time: a selector and a span in, samples out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NoReturn, Protocol

from xray_grafana import contract
from xray_grafana.alb.access import LineError, parse_access
from xray_grafana.errors import LokiError
from xray_grafana.loki.selector import Matcher, Selector, parse_selector
from xray_grafana.push.refusals import excerpt
from xray_grafana.xray.trace_id import TraceId, parse_trace_id

QUERY_PATH: Final = "/loki/api/v1/query_range"
BALANCERS_PATH: Final = f"/loki/api/v1/label/{contract.LABEL_LOAD_BALANCER}/values"
_UNKNOWN: Final = "unknown"
# So many lines Loki gives at a time, unless it is told otherwise: max_entries_limit_per_query.
SAMPLES_MAX: Final = 5000
# How many slices of time there are at most, those of all load balancers together; each is asked for once or twice.
_SLICES_MAX: Final = 200
# Nanoseconds since 1970, as Loki writes them.
_TIME: Final = re.compile(r"[0-9]{1,19}")


class Loki(Protocol):
    """What questions are put to, such as a PushClient."""

    @property
    def settings(self) -> Any:
        """Where it is: `url`."""

    def get_json(self, path: str, params: Mapping[str, str]) -> Any:
        """The answer. Raises LokiError."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One request. `region` is None where the line's stream does not say it, `sampled` where the caller left it open.

    `reached_service`: False when the load balancer answered by itself.
    """

    trace_id: TraceId
    load_balancer: str
    region: str | None
    time_ns: int
    reached_service: bool
    sampled: bool | None


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time in nanoseconds since 1970, its end not in it."""

    start_ns: int
    end_ns: int

    def slices(self, count: int) -> list[Span]:
        """As many spans of one length, one after the other; none is empty."""
        length = self.end_ns - self.start_ns
        edges = [self.start_ns + length * number // count for number in range(count + 1)]
        return [Span(start, end) for start, end in pairwise(edges) if start < end]


def take_samples(loki: Loki, selector: str, span: Span, count: int) -> list[Sample]:
    """At most `count` requests with an id, each id once: as many of each load balancer and each slice of time, where it has so many.

    `count` is SAMPLES_MAX at most. What a slice has too few of, those that have more make up for: a load balancer may sleep at night.
    Raises LokiError, and LogqlError for a selector that is none.
    """
    parsed = parse_selector(selector)
    balancers = _balancers(loki, _limits(span) | {"query": str(parsed)})
    selectors = [_of(parsed, balancer) for balancer in sorted(balancers)][:count] or [parsed]
    samples: dict[TraceId, Sample] = {}
    for each, share in zip(selectors, _shares(count, len(selectors)), strict=True):
        slices = span.slices(max(1, min(share, _SLICES_MAX // len(selectors))))
        for sample in _evenly(loki, each, slices, share):
            samples.setdefault(sample.trace_id, sample)
    return list(samples.values())


def _evenly(loki: Loki, selector: Selector, slices: list[Span], count: int) -> Iterator[Sample]:
    limits = _shares(count, len(slices))
    taken = [_slice(loki, selector, part, limit) for part, limit in zip(slices, limits, strict=True)]
    full = [number for number, limit in enumerate(limits) if limit and len(taken[number]) == limit]
    left = count - sum(map(len, taken))
    for number, more in zip(full, _shares(left, len(full)) if full else (), strict=True):
        if more:
            taken[number] = _slice(loki, selector, slices[number], limits[number] + more)
    for samples in taken:
        yield from samples


def _of(selector: Selector, load_balancer: str) -> Selector:
    others = tuple(matcher for matcher in selector.matchers if matcher.label != contract.LABEL_LOAD_BALANCER)
    return Selector((*others, Matcher(contract.LABEL_LOAD_BALANCER, "=", load_balancer)))


def _shares(count: int, parts: int) -> list[int]:
    """`count` in that many parts which differ by one at most."""
    return [count * (number + 1) // parts - count * number // parts for number in range(parts)]


def _limits(span: Span) -> dict[str, str]:
    return {"start": str(span.start_ns), "end": str(span.end_ns)}


def _slice(loki: Loki, selector: Selector, span: Span, limit: int) -> list[Sample]:
    query = f"{selector} | {contract.METADATA_TRACE_ID}=~`{contract.XRAY_TRACE_ID_PATTERN}`"
    data = _answer(loki, QUERY_PATH, _limits(span) | {"query": query, "limit": str(limit), "direction": "backward"})
    samples = []
    for labels, time_ns, line in _lines(loki, data):
        trace_id = parse_trace_id(labels.get(contract.METADATA_TRACE_ID, ""))
        if trace_id is not None:
            samples.append(_sample(trace_id, labels, time_ns, line))
    return samples


def _sample(trace_id: TraceId, labels: Mapping[str, str], time_ns: int, line: str) -> Sample:
    """A line that cannot be read tells nothing but its labels."""
    load_balancer, region = labels.get(contract.LABEL_LOAD_BALANCER), labels.get(contract.LABEL_REGION)
    try:
        access = parse_access(line.encode(errors="replace"))
    except LineError:
        return Sample(trace_id, load_balancer or _UNKNOWN, region, time_ns, reached_service=True, sampled=None)
    # A function has no address, so that its target is `-` too; but it has a status.
    reached_service = access.target_ip is not None or access.target_status_code is not None
    return Sample(trace_id, load_balancer or access.elb, region, access.creation_ns, reached_service, access.trace.sampled)


def _balancers(loki: Loki, params: Mapping[str, str]) -> list[str]:
    """The label's values; Loki leaves the list out where there are none. Raises LokiError."""
    values = _answer(loki, BALANCERS_PATH, params)
    if values is None:
        return []
    if not isinstance(values, list):
        _refuse(loki, BALANCERS_PATH, f"data that is {_shown(values)}", "a list of texts")
    for value in values:
        if not isinstance(value, str):
            _refuse(loki, BALANCERS_PATH, f"a value that is {_shown(value)}", "a text")
    return values


def _lines(loki: Loki, data: object) -> Iterator[tuple[dict[str, str], int, str]]:
    """Labels, time in nanoseconds and line of each entry. Raises LokiError where something else stands in its place."""
    match data:
        case {"result": list(streams)}:
            pass
        case {"result": other}:
            _refuse(loki, QUERY_PATH, f"a result that is {_shown(other)}", "a list of streams")
        case _:
            _refuse(loki, QUERY_PATH, f"data that is {_shown(data)}", "an object with a result")
    for stream in streams:
        match stream:
            case {"stream": dict(labels), "values": list(values)}:
                pass
            case _:
                _refuse(loki, QUERY_PATH, f"a stream that is {_shown(stream)}", "an object with stream and values")
        for name, value in labels.items():
            if not isinstance(value, str):
                _refuse(loki, QUERY_PATH, f"a label {excerpt(name)} that is {_shown(value)}", "a text")
        for entry in values:
            match entry:
                case [str(time_ns), str(line), *_] if _TIME.fullmatch(time_ns):
                    yield labels, int(time_ns), line
                case [str(time_ns), str(), *_]:
                    _refuse(loki, QUERY_PATH, f"the time {excerpt(time_ns)}", "nanoseconds since 1970")
                case _:
                    _refuse(loki, QUERY_PATH, f"an entry that is {_shown(entry)}", "a list of a time and a line, both texts")


def _answer(loki: Loki, path: str, params: Mapping[str, str]) -> Any:
    """The data of an answer. Raises LokiError for one that has none."""
    answer = loki.get_json(path, params)
    if not isinstance(answer, dict):
        _refuse(loki, path, f"an answer that is {_shown(answer)}", "an object with status and data")
    if answer.get("status") != "success":
        _refuse(loki, path, f"an answer whose status is {_shown(answer.get('status'))}", '"success"')
    return answer.get("data")


def _refuse(loki: Loki, path: str, got: str, expected: str) -> NoReturn:
    summary = f"the answer to {path} is not that of Loki: got {got}, expected {expected}"
    raise LokiError(summary, where=loki.settings.url, hint="is there Loki, or something else?")


def _shown(value: object) -> str:
    """A value as JSON, cut where it is long."""
    return excerpt(json.dumps(value))
