"""Options that the commands share which bring lines to Loki."""

from __future__ import annotations

from typing import Final, get_args

import click

from xray_grafana.cli.options import Function
from xray_grafana.contract import LineTimestamp

_THREADS_MAX: Final = 64
_OPTIONS: Final = (
    click.option("--loki", "loki_url", metavar="URL", help="Where Loki is; LOKI_URL if not given."),
    click.option("--tenant", help="Loki's tenant; LOKI_TENANT if not given."),
    click.option("--concurrency", type=click.IntRange(1, _THREADS_MAX), default=4, show_default=True, help="How many objects at a time."),
    click.option(
        "--timestamp",
        type=click.Choice(get_args(LineTimestamp)),
        help="Which time of an access-log line is the entry's: when the request came, or when the answer left. ALB_TIMESTAMP if not given, "
        "else the first.",
    ),
)


def shipping_options(function: Function) -> Function:
    """Adds `--loki`, which arrives as `loki_url`, `--tenant`, `--concurrency` and `--timestamp`."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function
