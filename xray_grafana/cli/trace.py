"""`xray-grafana trace`: one trace in the terminal, with its lines in Loki."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource

from xray_grafana.cli.options import config_of, config_options
from xray_grafana.cli.output import Style, note, noted, said, say
from xray_grafana.contract import SHIPPER_VARIABLES
from xray_grafana.errors import ConfigError, LokiError, UsageError

if TYPE_CHECKING:
    from xray_grafana.config.models import Config
    from xray_grafana.push.settings import PushSettings
    from xray_grafana.trace.lines import Lines
    from xray_grafana.trace.logs import Selectors
    from xray_grafana.trace.look import Line, Tone
    from xray_grafana.trace.trace import Trace

_STYLES: Final[Mapping[Tone, Style]] = {
    "strong": "bold",
    "ok": "green",
    "fault": "red",
    "error": "yellow",
    "throttle": "cyan",
    "note": "yellow",
}
_LOKI_SECONDS: Final = 30.0
_URL, _TENANT = SHIPPER_VARIABLES["url"], SHIPPER_VARIABLES["tenant"]
_NARROWEST: Final = 40
# Wider than this the eye loses the line between a name and its bar.
_WIDEST: Final = 200
_NO_TERMINAL: Final = 120


@click.command("trace")
@click.argument("given", metavar="ID")
@click.option("--region", help="Where X-Ray is asked; when left out, that of the environment or else of the config.")
@click.option("--endpoint-url", metavar="URL", help="Another address of X-Ray's API, such as that of a sandbox.")
@click.option("--loki", "loki_url", metavar="URL", help="Where Loki is; LOKI_URL when left out. Without either it is not asked.")
@config_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with everything.")
@click.option("--open", "as_url", is_flag=True, help="Print the address of the trace's board instead, with its time range.")
@click.pass_context
def command(
    context: click.Context,
    given: str,
    region: str | None,
    endpoint_url: str | None,
    loki_url: str | None,
    config_file: Path,
    overrides: tuple[str, ...],
    as_json: bool,
    as_url: bool,
) -> int:
    """Show one trace as a waterfall, with its log lines.

    ID is a trace id as X-Ray or OpenTelemetry writes it, or a text in quotes that holds one: an X-Amzn-Trace-Id header, a log line.

    With a Loki, the load balancer's line stands above the root and log lines stand beneath their spans. The config, read when there is one,
    says which streams they are in and where Grafana is.

    Exits with 1 when X-Ray does not have the trace, and when Loki could not be asked, after the waterfall.
    """
    from xray_grafana.trace.given import id_in

    if as_json and as_url:
        raise click.UsageError("--json and --open exclude each other; the JSON object has the address as board_url.")
    trace_id = id_in(given)
    is_named = context.get_parameter_source("config_file") is ParameterSource.COMMANDLINE
    config = _config(config_file, overrides, is_needed=is_named or bool(overrides) or as_url)
    if as_url and (config is None or config.grafana.public_url is None):
        raise UsageError(
            "--open needs Grafana's address, and the config does not say it", hint="set grafana.public_url, such as https://grafana.example"
        )

    from xray_grafana.trace.fetch import fetch, not_found, place_of, xray_client
    from xray_grafana.trace.trace import trace_of

    loki = _loki(loki_url, config)
    xray = xray_client(region, endpoint_url, other_region=None if config is None else config.aws.region)
    fetched = fetch(xray, trace_id)
    trace = trace_of(trace_id, fetched.documents, limit_exceeded=fetched.limit_exceeded, unreadable=fetched.unreadable)
    if trace is None:
        raise not_found(trace_id, place_of(xray), time.time())
    board = None if config is None else _board(config, trace, xray.meta.region_name)
    if as_url:
        say(str(board))
        return 0
    failure = None
    lines = None
    if loki is not None:
        try:
            lines = _lines(loki, config, trace)
        except LokiError as error:
            failure = error
    if as_json:
        from xray_grafana.trace.document import document_of

        # The one character that json leaves as it is and that no terminal shows.
        say(json.dumps(document_of(trace, lines, board), indent=2).replace("\x7f", "\\u007f"))
    else:
        _show(trace, lines)
    if failure is not None:
        note(f"{noted('error:', 'red')} no log lines: {failure}")
        return failure.exit_code
    return 0


def _config(config_file: Path, overrides: tuple[str, ...], *, is_needed: bool) -> Config | None:
    """The config; one that merely lies there and cannot be used is left aside. Raises ConfigError."""
    if not is_needed and not config_file.exists():
        return None
    try:
        return config_of(config_file, overrides)
    except ConfigError as error:
        if is_needed:
            raise
        note(f"{config_file}: {error.summary}, so it is left aside")
        return None


def _board(config: Config, trace: Trace, region: str) -> str | None:
    from xray_grafana.trace.links import board_url

    return board_url(config, trace, region)


def _loki(url: str | None, config: Config | None) -> PushSettings | None:
    """Where Loki is and who we are there; the environment comes before the config. None: it is not to be asked. Raises UsageError."""
    if not url and not os.environ.get(_URL):
        return None
    from xray_grafana.push.settings import settings_from

    tenant = None if config is None or config.logs is None else config.logs.tenant
    return settings_from(url, os.environ, tenant=os.environ.get(_TENANT) or tenant)


def _lines(settings: PushSettings, config: Config | None, trace: Trace) -> Lines:
    from xray_grafana.push.client import PushClient
    from xray_grafana.trace.logs import lines_of

    with PushClient(settings, timeout_seconds=_LOKI_SECONDS) as loki:
        return lines_of(loki, _selectors(config), trace)


def _selectors(config: Config | None) -> Selectors:
    from xray_grafana.trace.logs import Selectors

    if config is None or config.logs is None:
        return Selectors()
    return Selectors(config.logs.alb_selector, config.logs.trace_selector, config.logs.id_forms)


def _show(trace: Trace, lines: Lines | None) -> None:
    from xray_grafana.trace.look import Look
    from xray_grafana.trace.waterfall import waterfall

    columns = shutil.get_terminal_size((_NO_TERMINAL, 0)).columns
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    for line in waterfall(trace, lines, Look(max(_NARROWEST, min(columns, _WIDEST)), encoding)):
        say(_styled(line))


def _styled(line: Line) -> str:
    return "".join(said(text, _STYLES[tone]) if tone in _STYLES else text for text, tone in line).rstrip()
