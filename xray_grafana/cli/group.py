"""The click group: commands by name, each imported when it is asked for, and errors as text and exit code."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import MutableMapping, Sequence
from typing import Final, cast

import click

import xray_grafana
from xray_grafana.cli import main
from xray_grafana.cli.lazy import LazyCommands
from xray_grafana.cli.output import note, noted, prepare_streams
from xray_grafana.errors import ConfigError, XRayGrafanaError

_FAILED: Final = 1


@click.group(
    main.PROGRAM,
    commands=cast("MutableMapping[str, click.Command]", LazyCommands(main.COMMANDS)),
    help=main.DESCRIPTION,
    context_settings={"help_option_names": list(main.HELP_NAMES)},
)
@click.version_option(xray_grafana.__version__, prog_name=main.PROGRAM)
def cli() -> None:
    """Stands for the program; what it does is in the commands."""


def run(arguments: Sequence[str]) -> int:
    """Runs a command and returns its exit code; what went wrong is on stderr."""
    prepare_streams()
    # A run is short and leaves little garbage behind; looking for it takes a tenth of the time.
    gc.disable()
    # No plugin of the environment is to see a config; not looking for any also saves the look.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    if instruction := os.environ.get(main.COMPLETE_VARIABLE):
        from click.shell_completion import shell_complete

        return shell_complete(cli, {}, main.PROGRAM, main.COMPLETE_VARIABLE, instruction)
    try:
        with cli.make_context(main.PROGRAM, list(arguments)) as context:
            return int(cli.invoke(context) or 0)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        if sys.stderr is not None:  # click would turn to stdout
            error.show()
        return error.exit_code
    except XRayGrafanaError as error:
        note(str(error) if isinstance(error, ConfigError) else f"{noted('error:', 'red')} {error}")
        return error.exit_code
    except BrokenPipeError:
        raise
    except Exception:  # noqa: BLE001 — the last resort: a fault of the program is shown in full
        note(traceback.format_exc().rstrip())
        note(
            f"{noted('error:', 'red')} this is a fault of {main.PROGRAM} {xray_grafana.__version__}, please report it with the lines above"
        )
        return _FAILED
