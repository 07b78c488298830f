"""The shop's traffic, whole: a seed and a span of time in; requests with their traces, access-log lines and log lines out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from xray_grafana.sandbox.demo.access_lines import access_line
from xray_grafana.sandbox.demo.log_lines import LogLine, log_lines_of
from xray_grafana.sandbox.demo.passages import Passage, ended_between, passages_between
from xray_grafana.sandbox.demo.scene import Scene
from xray_grafana.sandbox.demo.segments import Document, documents_of

SCENE: Final = Scene()


class Request(NamedTuple):
    """One request and everything that is written about it.

    trace_id    in X-Ray's form
    sampled     False: there is a line of the load balancer and no trace
    documents   segment documents
    alb         the line of the load balancer, without a newline
    logs        lines of the services, in order of time
    start, end  when the load balancer got it and answered it, seconds since 1970
    """

    trace_id: str
    sampled: bool
    documents: tuple[Document, ...]
    alb: bytes
    logs: tuple[LogLine, ...]
    start: float
    end: float


def requests_between(seed: int, start: float, end: float, scene: Scene = SCENE) -> Iterator[Request]:
    """Requests that begin from `start` until right before `end`, in order of start; the same whatever spans they are asked in."""
    return (_request(passage, scene) for passage in passages_between(seed, start, end, scene))


def requests_ended_between(seed: int, start: float, end: float, scene: Scene = SCENE) -> Iterator[Request]:
    """Requests that end from `start` until right before `end`, in order of end: what is known when `end` is now."""
    return (_request(passage, scene) for passage in ended_between(seed, start, end, scene))


def _request(passage: Passage, scene: Scene) -> Request:
    return Request(
        passage.trace_id,
        passage.sampled,
        documents_of(passage, scene),
        access_line(passage, scene),
        log_lines_of(passage),
        passage.start,
        passage.end,
    )
