"""The line about an object is pushed quickly or not at all: it never keeps the work waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.push.loki_fake import NO_LIMITS, LokiFake, Slow
from xray_grafana.alb.assemble import Assembly, assembled
from xray_grafana.alb.ship import Outcome

pytestmark = pytest.mark.enable_socket


@dataclass
class Said:
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def assembled(self, loki: LokiFake) -> Iterator[Assembly]:
        with assembled(
            loki.url, None, {}, stop=self.stop, on_wait=lambda *_: None, say=self.lines.append, note=self.notes.append
        ) as assembly:
            yield assembly


def test_a_line_that_loki_is_silent_about_is_given_up_after_five_seconds() -> None:
    said = Said()
    with LokiFake(NO_LIMITS) as loki, said.assembled(loki) as assembly:
        loki.script([Slow(60)])
        began = time.monotonic()
        assembly.reporter(Outcome("s3://logs/a", finished=True))

        assert 4 < time.monotonic() - began < 15
    assert said.lines[0].startswith("event=object object=s3://logs/a ")
    assert said.notes == [
        "the line about s3://logs/a is not in Loki: gave up after 5 s, 1 tries at the last push: no answer within 5 s",
    ]


def test_a_line_that_comes_after_the_end_was_told_is_not_pushed() -> None:
    said = Said()
    said.stop.set()
    with LokiFake(NO_LIMITS) as loki, said.assembled(loki) as assembly:
        assembly.reporter(Outcome("s3://logs/a", finished=True))

        assert loki.requests == []
    assert len(said.lines) == 1
    assert said.notes == []
