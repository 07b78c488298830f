"""`xray-grafana sandbox`: a local X-Ray with demo traffic, until it is told to end."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import click
from click.core import ParameterSource

from xray_grafana.cli.options import FILE
from xray_grafana.cli.output import say
from xray_grafana.contract import AGENT_PORT, SANDBOX_ACCOUNT, SANDBOX_PORT, SANDBOX_REGION
from xray_grafana.errors import UsageError

if TYPE_CHECKING:
    from xray_grafana.config.types import Form

_PORT: Final = re.compile(r"[0-9]{1,5}")
_PORT_MAX: Final = 65535
# What --compose can make use of; everything else has its place in the file it prints.
_OF_COMPOSE: Final = ("compose", "seed", "region", "account")


class _Address(click.ParamType[tuple[str, int]]):
    """`HOST:PORT`; an IPv6 address in brackets. Port 0 is any that is free."""

    name = "HOST:PORT"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> tuple[str, int]:
        host, _, port = value.rpartition(":")
        is_bracketed = host.startswith("[") and host.endswith("]")
        if not host or not _PORT.fullmatch(port) or int(port) > _PORT_MAX or (":" in host and not is_bracketed):
            self.fail(
                f"got {value!r} — expected HOST:PORT such as 127.0.0.1:{SANDBOX_PORT}, the port from 0 to {_PORT_MAX}", parameter, context
            )
        return (host[1:-1] if is_bracketed else host), int(port)


class _Fitting(click.ParamType[str]):
    """A text of a form of the config, which is asked for when there is one to convert."""

    def __init__(self, name: str, form: Callable[[], Form]) -> None:
        self.name = name
        self._form = form

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> str:
        form = self._form()
        if not form.fits(value):
            self.fail(f"got {value!r} — expected {form.expected}", parameter, context)
        return str(value)


def _region() -> Form:
    from xray_grafana.config.types import Region

    return _form_of(Region)


def _account() -> Form:
    from xray_grafana.config.types import AccountId

    return _form_of(AccountId)


def _form_of(annotated: Any) -> Form:
    _, form = get_args(annotated)
    made: Form = form
    return made


@click.command("sandbox")
@click.option("--data", type=FILE, help="A database file that keeps what comes in; without it nothing remains at the end.")
@click.option("--demo/--no-demo", default=True, show_default=True, help="Whether a small shop makes traffic, from an hour ago on.")
@click.option(
    "--http", type=_Address(), metavar="HOST:PORT", default=f"127.0.0.1:{SANDBOX_PORT}", show_default=True, help="Where the API is served."
)
@click.option(
    "--udp",
    type=_Address(),
    metavar="HOST:PORT",
    default=f"127.0.0.1:{AGENT_PORT}",
    show_default=True,
    help="Where segments arrive, as they would at the X-Ray daemon.",
)
@click.option(
    "--sampling-rules",
    type=FILE,
    help="A file of sampling rules, as GetSamplingRules answers; without it, the stored rules, or else every request.",
)
@click.option("--alb-logs", metavar="FOLDER|s3://…", help="Where the demo's load balancer writes its log objects.")
@click.option("--loki", "loki_url", metavar="URL", help="A Loki for the log lines of the demo's services.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="A different seed makes different traffic.")
@click.option("--region", type=_Fitting("REGION", _region), default=SANDBOX_REGION, show_default=True, help="The region to report.")
@click.option("--account", type=_Fitting("ACCOUNT", _account), default=SANDBOX_ACCOUNT, show_default=True, help="The account to report.")
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
    from xray_grafana.cli.sandbox_run import Played, run
    from xray_grafana.sandbox.demo.driver import DemoSettings
    from xray_grafana.sandbox.demo.scene import Scene
    from xray_grafana.sandbox.server import Settings

    settings = Settings(data, http, udp, sampling_rules, region, account)
    played = Played(DemoSettings(seed=seed, scene=Scene(account, region)), alb_logs, loki_url) if demo else None
    run(settings, played, as_json=as_json)
    return 0


def _print_compose(context: click.Context, region: str, account: str, seed: int) -> int:
    from xray_grafana.sandbox.compose.stage import Stage, compose_file

    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in _OF_COMPOSE and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            hint = "run it without, and change the file that it prints"
            raise UsageError(f"--compose goes with --region, --account and --seed alone, got {parameter.opts[0]}", hint=hint)
    say(compose_file(Stage(region, account, seed)).rstrip("\n"))
    return 0
