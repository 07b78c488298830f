"""Options that several commands take, and what they give: a config."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from xray_grafana.config.models import Config


class _Folder(click.Path):
    """A path that is not empty: an unset shell variable must not mean the working folder."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if not str(value):
            self.fail("it is empty; name a folder, or `.` for this one", parameter, context)
        return super().convert(value, parameter, context)


# What cannot be read or written is told by the program itself, with its place and what to do.
FOLDER = _Folder(path_type=Path, readable=False)
FILE = click.Path(path_type=Path, readable=False)

Function = TypeVar("Function", bound=Callable[..., Any])


def config_options(function: Function) -> Function:
    """Adds `--config` and `--set`, which arrive as `config_file` and `overrides`."""
    config_file = click.option(
        "-c",
        "--config",
        "config_file",
        type=FILE,
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
