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
    """One request; what is written about it is made when it is asked for."""

    passage: Passage
    scene: Scene

    @property
    def trace_id(self) -> str:
        """In X-Ray's form."""
        return self.passage.trace_id

    @property
    def sampled(self) -> bool:
        """False: there is a line of the load balancer and no trace."""
        return self.passage.sampled

    @property
    def start(self) -> float:
        """When the load balancer got it, seconds since 1970."""
        return self.passage.start

    @property
    def end(self) -> float:
        """When the load balancer answered it, seconds since 1970."""
        return self.passage.end

    @property
    def documents(self) -> tuple[Document, ...]:
        """Segment documents."""
        return documents_of(self.passage, self.scene)

    @property
    def alb(self) -> bytes:
        """The line of the load balancer, without a newline."""
        return access_line(self.passage, self.scene)

    @property
    def logs(self) -> tuple[LogLine, ...]:
        """Lines of the services, in order of time."""
        return log_lines_of(self.passage)


def requests_between(seed: int, start: float, end: float, scene: Scene = SCENE) -> Iterator[Request]:
    """Requests that begin from `start` until right before `end`, in order of start; the same whatever spans they are asked in."""
    return (Request(passage, scene) for passage in passages_between(seed, start, end, scene))


def requests_ended_between(seed: int, start: float, end: float, scene: Scene = SCENE) -> Iterator[Request]:
    """Requests that end from `start` until right before `end`, in order of end: what is known when `end` is now."""
    return (Request(passage, scene) for passage in ended_between(seed, start, end, scene))
