"""`xray-grafana sandbox`: a local X-Ray with demo traffic, until it is told to end."""

from __future__ import annotations

import gc
import os
import re
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from xray_grafana.cli.options import FILE
from xray_grafana.cli.output import note, noted, say
from xray_grafana.contract import SHIPPER_VARIABLES
from xray_grafana.errors import UsageError

if TYPE_CHECKING:
    from xray_grafana.cli.sandbox_live import Status
    from xray_grafana.sandbox.demo.driver import Demo
    from xray_grafana.sandbox.demo.driver import Status as Playing
    from xray_grafana.sandbox.server import Sandbox

_PORT: Final = re.compile(r"[0-9]{1,5}")
_PORT_MAX: Final = 65535
_SECOND: Final = 1.0
_MINUTE: Final = 60
# What --compose can make use of; everything else has its place in the file it prints.
_OF_COMPOSE: Final = ("compose", "seed", "region", "account")


class _Address(click.ParamType[tuple[str, int]]):
    """`HOST:PORT`; an IPv6 address in brackets. Port 0 is any that is free."""

    name = "HOST:PORT"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> tuple[str, int]:
        host, _, port = value.rpartition(":")
        is_bracketed = host.startswith("[") and host.endswith("]")
        if not host or not _PORT.fullmatch(port) or int(port) > _PORT_MAX or (":" in host and not is_bracketed):
            self.fail(f"got {value!r} — expected HOST:PORT such as 127.0.0.1:4000, the port from 0 to {_PORT_MAX}", parameter, context)
        return (host[1:-1] if is_bracketed else host), int(port)


class _Fitting(click.ParamType[str]):
    """A text of a form of the config, by the name of its type: `Region`, `AccountId`."""

    def __init__(self, name: str, metavar: str) -> None:
        self._type = name
        self.name = metavar

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> str:
        from xray_grafana.config import types

        (form,) = getattr(types, self._type).__metadata__
        if not form.fits(value):
            self.fail(f"got {value!r} — expected {form.expected}", parameter, context)
        return str(value)


@click.command("sandbox")
@click.option("--data", type=FILE, help="A database file that keeps what comes in; without it nothing remains at the end.")
@click.option("--demo/--no-demo", default=True, show_default=True, help="Whether a small shop makes traffic, from an hour ago on.")
@click.option("--http", type=_Address(), metavar="HOST:PORT", default="127.0.0.1:4000", show_default=True, help="Where the API is served.")
@click.option(
    "--udp",
    type=_Address(),
    metavar="HOST:PORT",
    default="127.0.0.1:2000",
    show_default=True,
    help="Where segments come in, as to the daemon.",
)
@click.option(
    "--sampling-rules", type=FILE, help="A file of sampling rules, as GetSamplingRules answers; without it every request is traced."
)
@click.option("--alb-logs", metavar="FOLDER|s3://…", help="Where the demo's load balancer writes its log objects.")
@click.option("--loki", "loki_url", metavar="URL", help="A Loki for the log lines of the demo's services.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Another one, another traffic.")
@click.option("--region", type=_Fitting("Region", "REGION"), default="us-east-1", show_default=True, help="The region it says it is.")
@click.option(
    "--account", type=_Fitting("AccountId", "ACCOUNT"), default="000000000000", show_default=True, help="The account it says it is."
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON with the addresses, and nothing after it.")
@click.option("--compose", is_flag=True, help="Start nothing: print a Compose file with Grafana, Loki, this sandbox and more around it.")
@click.pass_context
def command(
    context: click.Context,
    data: Path | None,
    demo: bool,
    http: tuple[str, int],
    udp: tuple[str, int],
    sampling_rules: Path | None,
    alb_logs: str | None,
    loki_url: str | None,
    seed: int,
    region: str,
    account: str,
    as_json: bool,
    compose: bool,
) -> int:
    """Run a local X-Ray: segments in, the X-Ray API out.

    It takes segments as the X-Ray daemon does, and answers the API that Grafana's X-Ray plugin, the AWS CLI and boto3 ask. Nobody has to
    sign in, so it listens on this machine alone unless it is told otherwise. Ctrl-C ends it.
    """
    if compose:
        return _print_compose(context, region, account, seed)
    if not demo and (given := [name for name, value in (("--alb-logs", alb_logs), ("--loki", loki_url)) if value is not None]):
        raise UsageError(f"{given[0]} takes what the demo writes, and there is none with --no-demo", hint="leave one of them out")
    from xray_grafana.alb.ending import ending_on_signals
    from xray_grafana.cli.sandbox_banner import Running, banner, exposed, json_line
    from xray_grafana.cli.sandbox_live import Live
    from xray_grafana.sandbox.demo.driver import DemoSettings
    from xray_grafana.sandbox.demo.groups import make_groups
    from xray_grafana.sandbox.demo.opening import opened
    from xray_grafana.sandbox.demo.scene import Scene
    from xray_grafana.sandbox.server import Sandbox, Settings

    gc.enable()  # switched off for commands that end soon
    began = time.monotonic()
    live = Live(None if as_json else sys.stderr, note)
    stop = threading.Event()
    settings = Settings(data, http, udp, sampling_rules, region, account)
    with ending_on_signals(stop, lambda _: None), Sandbox(settings, note=live.note) as sandbox:
        running = Running(sandbox.http_address, sandbox.udp_address, region, account, data, sampling_rules, seed if demo else None)
        with ExitStack() as stack:
            player = None
            if demo:
                make_groups(sandbox.context)
                played = DemoSettings(seed=seed, scene=Scene(account, region))
                # A Loki that the environment names is one of the user's own, which the demo has no business in.
                environ = {**os.environ, SHIPPER_VARIABLES["url"]: loki_url or ""}
                player = stack.enter_context(opened(played, sandbox.ingest, sandbox.store, alb=alb_logs, environ=environ))
            if (warning := exposed(running.http, running.udp)) is not None:
                note(f"{noted('warning:', 'yellow')} {warning}")
            say(json_line(running) if as_json else banner(running))
            sys.stdout.flush()  # who reads a pipe is to have it at once
            stack.enter_context(_playing(player, stop))
            while not stop.wait(_SECOND):
                if not as_json:
                    live.show(_status(sandbox, player))
        live.clear()
        last = _status(sandbox, player)
    if not as_json:
        say(_summary(last, time.monotonic() - began, data))
    return 0


@contextmanager
def _playing(player: Demo | None, stop: threading.Event) -> Iterator[None]:
    """Plays the demo beside, until `stop`. What ends it before sets `stop`, and is raised at the end of the context."""
    if player is None:
        yield
        return
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
    from xray_grafana.cli.sandbox_live import Refusals, Status

    counts = sandbox.ingest.counts()
    playing = None if player is None else player.status()
    return Status(
        counts.segments,
        counts.traces,
        {
            "rejected segment": Refusals(counts.rejected, counts.last_rejected or "", counts.last_rejection or ""),
            "bad datagram": Refusals(counts.datagrams_bad, "", counts.last_bad or ""),
            "lost datagram": Refusals(counts.datagrams_lost, "", "there was no room for more"),
        },
        None if playing is None else _at(playing),
        None if playing is None else playing.problem,
    )


def _at(playing: Playing) -> str | None:
    """What the demo is at: the time that it makes up for, later the incident that there is."""
    if not playing.is_live:
        return f"the demo is at {datetime.fromtimestamp(playing.until, UTC):%H:%M} UTC"
    return None if playing.incident is None else f"incident: {playing.incident.incident.name}"


def _print_compose(context: click.Context, region: str, account: str, seed: int) -> int:
    from xray_grafana.sandbox.compose.stage import Stage, compose_file

    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in _OF_COMPOSE and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            hint = "run it without, and change the file that it prints"
            raise UsageError(f"--compose goes with --region, --account and --seed alone, got {parameter.opts[0]}", hint=hint)
    say(compose_file(Stage(region, account, seed)).rstrip("\n"))
    return 0


def _summary(last: Status, seconds: float, data: Path | None) -> str:
    """One line about all of it."""
    minutes, rest = divmod(round(seconds), _MINUTE)
    duration = f"{minutes} min {rest} s" if minutes else f"{rest} s"
    refused = "".join(f", {refusals.number:,} × {kind}" for kind, refusals in last.refusals.items() if refusals.number)
    kept = "nothing is kept" if data is None else f"kept in {data}"
    return f"{last.segments:,} segments of {last.traces:,} traces in {duration}{refused}; {kept}"
