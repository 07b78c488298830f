"""`xray-grafana alb`: what is done with access logs of load balancers. Each command is imported when it is asked for."""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping, MutableMapping
from typing import Final, cast

import click

from xray_grafana.cli.lazy import LazyCommands

# Name of a command to its module and what it does. Alphabetical, as click lists them.
SUBCOMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "backfill": ("xray_grafana.cli.alb.backfill", "Have old log objects shipped by those who ship the new ones."),
    "parse": ("xray_grafana.cli.alb.parse", "Show log lines, without any Loki."),
    "report": ("xray_grafana.cli.alb.report", "Say how many requests have a trace in X-Ray."),
    "ship": ("xray_grafana.cli.alb.ship", "Send access logs of load balancers to Loki, once."),
    "work": ("xray_grafana.cli.alb.work", "Take messages of an SQS queue and ship the log objects they tell of to Loki."),
}


class _Group(click.Group):
    """A group whose help comes from the table, so that it imports no command."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the list of commands as click does."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in SUBCOMMANDS.items()])


@click.group("alb", cls=_Group, commands=cast("MutableMapping[str, click.Command]", LazyCommands(SUBCOMMANDS)))
def command() -> None:
    """Bring access logs of load balancers to Loki, and look at them."""
    gc.enable()  # these run for long
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's threads are for linear algebra, of which there is none here
