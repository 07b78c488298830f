"""A sandbox from its start to its end: with the demo beside it, what is said at the start, the line meanwhile, and the sum at the end."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from xray_grafana.alb.ending import ending_on_signals
from xray_grafana.cli.output import note, noted, say
from xray_grafana.cli.sandbox_banner import Running, banner, exposed, json_line
from xray_grafana.cli.sandbox_live import Live, Refusals, Status
from xray_grafana.sandbox.demo.driver import Demo, DemoSettings
from xray_grafana.sandbox.demo.driver import Status as Playing
from xray_grafana.sandbox.demo.groups import make_groups
from xray_grafana.sandbox.demo.opening import opened
from xray_grafana.sandbox.server import Sandbox, Settings

_SECOND: Final = 1.0
_MINUTE: Final = 60


class Played(NamedTuple):
    """The demo, and where its load balancer and its services write to; None is nowhere."""

    settings: DemoSettings
    alb_logs: str | None
    loki: str | None


def run(settings: Settings, played: Played | None, *, as_json: bool) -> None:
    """Runs until a signal says that it is to end. `played` is None without the demo."""
    gc.enable()  # switched off for commands that end soon
    began = time.monotonic()
    live = Live(None if as_json else sys.stderr, note)
    stop = threading.Event()
    with ending_on_signals(stop, lambda _: None), Sandbox(settings, note=live.note) as sandbox:
        with ExitStack() as stack:
            player = None if played is None else stack.enter_context(_demo(sandbox, played, live))
            _announce(sandbox, None if played is None else played.settings.seed, as_json=as_json)
            stack.enter_context(_playing(player, stop))
            while not stop.wait(_SECOND):
                if not as_json:
                    live.show(_status(sandbox, player))
        live.clear()
        last = _status(sandbox, player)
    if not as_json:
        say(_summary(last, time.monotonic() - began, settings.data))


@contextmanager
def _demo(sandbox: Sandbox, played: Played, live: Live) -> Iterator[Demo]:
    make_groups(sandbox.context, live.note)
    with opened(played.settings, sandbox.ingest, sandbox.store, alb=played.alb_logs, loki=played.loki, environ=os.environ) as player:
        yield player


def _announce(sandbox: Sandbox, seed: int | None, *, as_json: bool) -> None:
    settings = sandbox.settings
    rules = tuple(record["SamplingRule"] for record in sandbox.context.sampling.records())
    running = Running(sandbox.http_address, sandbox.udp_address, settings.region, settings.account, settings.data, rules, seed)
    if (warning := exposed(running.http, running.udp)) is not None:
        note(f"{noted('warning:', 'yellow')} {warning}")
    say(json_line(running) if as_json else banner(running))
    sys.stdout.flush()  # who reads a pipe is to have it at once


@contextmanager
def _playing(player: Demo | None, stop: threading.Event) -> Iterator[None]:
    """Plays the demo beside, until `stop`. What ends it before sets `stop`, and is raised at the end of the context."""
    if player is None:
        yield
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1, "demo") as pool:
        played = pool.submit(player.run, stop)
        played.add_done_callback(lambda _: stop.set())
        try:
            yield
        finally:
            stop.set()
        played.result()


def _status(sandbox: Sandbox, player: Demo | None) -> Status:
    """What the live line shows."""
    counts = sandbox.ingest.counts()
    refusals = {
        "rejected segment": Refusals(counts.rejected, counts.last_rejected or "", counts.last_rejection or ""),
        "bad datagram": Refusals(counts.datagrams_bad, "", counts.last_bad or ""),
        "lost datagram": Refusals(counts.datagrams_lost, "", counts.last_loss or ""),
    }
    if player is None:
        return Status(counts.segments, counts.traces, refusals, None, None)
    playing = player.status()
    refusals["lost log line"] = Refusals(playing.dropped, "", playing.problem or "Loki did not take them in time")
    return Status(counts.segments, counts.traces, refusals, _at(playing), playing.problem)


def _at(playing: Playing) -> str | None:
    """What the demo is at: the time that it makes up for, later the incident that there is."""
    if not playing.is_live:
        return f"the demo is at {datetime.fromtimestamp(playing.until, UTC):%H:%M} UTC"
    return None if playing.incident is None else f"incident: {playing.incident.incident.name}"


def _summary(last: Status, seconds: float, data: Path | None) -> str:
    """One line about all of it."""
    minutes, rest = divmod(round(seconds), _MINUTE)
    duration = f"{minutes} min {rest} s" if minutes else f"{rest} s"
    refused = "".join(f", {refusals.number:,} × {kind}" for kind, refusals in last.refusals.items() if refusals.number)
    kept = "nothing is kept" if data is None else f"kept in {data}"
    return f"{last.segments:,} segments of {last.traces:,} traces in {duration}{refused}; {kept}"
