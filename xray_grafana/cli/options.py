"""Options that several commands take, and what they give: a config."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from xray_grafana.config.models import Config

Function = TypeVar("Function", bound=Callable[..., Any])


def config_options(function: Function) -> Function:
    """Adds `--config` and `--set`, which arrive as `config_file` and `overrides`."""
    config_file = click.option(
        "-c",
        "--config",
        "config_file",
        type=click.Path(path_type=Path),
        default="bundle.yaml",
        show_default=True,
        help="The config to read.",
    )
    overrides = click.option(
        "--set", "overrides", metavar="KEY=VALUE", multiple=True, help="A value instead of the config's: grafana.folder=Ops. Repeatable."
    )
    return config_file(overrides(function))


def config_of(config_file: Path, overrides: tuple[str, ...]) -> Config:
    """The config with the environment and the flags over it. Raises ConfigError with every mistake."""
    from xray_grafana.config.load import load_config

    return load_config(config_file, environ=os.environ, overrides=overrides)
