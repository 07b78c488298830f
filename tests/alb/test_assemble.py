"""The line about an object is pushed quickly or not at all: it never keeps the work waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import pytest

from tests.alb.lines import Fields
from tests.alb.shipping import LABELS, MadeUp, packed
from tests.push.loki_fake import NO_LIMITS, LokiFake, Slow
from xray_grafana.alb.assemble import Assembly, assembled
from xray_grafana.alb.lines import Timestamp
from xray_grafana.alb.ship import Outcome
from xray_grafana.errors import UsageError

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


def quiet(loki_url: str, environ: dict[str, str], timestamp: Timestamp | None = None) -> AbstractContextManager[Assembly]:
    return assembled(
        loki_url,
        None,
        environ,
        stop=threading.Event(),
        on_wait=lambda *_: None,
        say=lambda _: None,
        note=lambda _: None,
        timestamp=timestamp,
    )


@pytest.mark.parametrize(
    ("given", "environ", "is_answer"),
    [
        (None, {}, False),
        (None, {"ALB_TIMESTAMP": "time"}, True),
        ("request_creation_time", {"ALB_TIMESTAMP": "time"}, False),
        ("time", {}, True),
    ],
)
def test_the_time_of_a_line_is_chosen_by_option_and_else_by_the_environment(
    given: Timestamp | None, environ: dict[str, str], *, is_answer: bool
) -> None:
    """The request came at 10:00:01.003, its answer left 49 ms later; in seconds since 1970 by `date -u +%s`."""
    line = Fields(time="2026-09-20T10:00:01.052000Z", request_creation_time="2026-09-20T10:00:01.003000Z").line()
    with LokiFake(NO_LIMITS) as loki:
        with quiet(loki.url, environ, given) as assembly:
            assembly.shipper.ship(MadeUp(packed([line])))
        [entry] = loki.entries(LABELS)
    assert entry.timestamp_ns == 1_789_898_401_003_000_000 + 49_000_000 * is_answer


def test_a_time_that_lines_do_not_have_is_refused() -> None:
    refused = pytest.raises(UsageError, match="ALB_TIMESTAMP: got 'now', expected request_creation_time or time")
    with refused, quiet("http://127.0.0.1:1", {"ALB_TIMESTAMP": "now"}):
        pass
