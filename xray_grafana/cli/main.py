"""The entry point. Answers `--help` and `--version` from a table, without importing click or any command: both are asked often, by people
and by scripts, and click alone takes twice the time of starting Python.

This module imports nothing that Python has not loaded already; `typing` and `collections.abc` count as expensive here.
"""

from __future__ import annotations

import os
import sys

import xray_grafana

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final, TextIO

PROGRAM: Final = "xray-grafana"
VERSION_TEXT: Final = f"{PROGRAM}, version {xray_grafana.__version__}\n"
COMPLETE_VARIABLE: Final = "_XRAY_GRAFANA_COMPLETE"
HELP_NAMES: Final = ("-h", "--help")

# Name of a command to its module and what it does. Alphabetical, as click lists them.
COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "alb": ("xray_grafana.cli.alb", "Bring access logs of load balancers to Loki, and look at them."),
    "check": ("xray_grafana.cli.check", "Check the config and the bundle it makes."),
    "completion": ("xray_grafana.cli.completion", "Print a completion script for a shell."),
    "generate": ("xray_grafana.cli.generate", "Write the bundle, or compare it with what is there."),
    "init": ("xray_grafana.cli.init", "Write a commented example config and its schema."),
    "sandbox": ("xray_grafana.cli.sandbox", "Run a local X-Ray: segments in, the X-Ray API out."),
    "schema": ("xray_grafana.cli.schema", "Print the JSON Schema of the config."),
    "trace": ("xray_grafana.cli.trace", "Show one trace as a waterfall, with its log lines."),
}

# At most 76 columns a line, broken where click would break it.
DESCRIPTION: Final = """\
Makes AWS X-Ray usable from Grafana: data sources, dashboards, alert rules
and correlations, all from one config file."""

_FAILED: Final = 1
_USAGE: Final = 2
_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells count
_PIPE_CLOSED: Final = 141  # 128 + SIGPIPE
_NARROWEST: Final = 80


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the program and returns its exit code: 0 fine, 1 failed, 2 usage or config, 3 differs or findings."""
    try:
        code = _run(sys.argv[1:] if argv is None else list(argv))
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        _print("interrupted\n", sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:
        abandon_stdout()
        return _PIPE_CLOSED
    except OSError as error:
        abandon_stdout()
        _print(f"error: standard output: cannot be written: {error.strerror}\n", sys.stderr)
        return _FAILED
    return code


def abandon_stdout() -> None:
    """Points standard output at nothing, for when it cannot be written: Python flushes it at exit and would complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def help_text() -> str:
    """What click prints for the group, at 80 columns."""
    width = max(len(name) for name in COMMANDS)
    commands = "".join(f"  {name:{width}}  {summary}\n" for name, (_, summary) in COMMANDS.items())
    description = "".join(f"  {line}\n" for line in DESCRIPTION.splitlines())
    return (
        f"Usage: {PROGRAM} [OPTIONS] COMMAND [ARGS]...\n\n{description}\n"
        f"Options:\n  --version   Show the version and exit.\n  -h, --help  Show this message and exit.\n\nCommands:\n{commands}"
    )


def _run(arguments: list[str]) -> int:
    if COMPLETE_VARIABLE not in os.environ:
        if arguments == ["--version"]:
            return _print(VERSION_TEXT, sys.stdout)
        if len(arguments) == 1 and arguments[0] in HELP_NAMES and _is_wide():
            return _print(help_text(), sys.stdout)
        if not arguments and _is_wide():
            _print(help_text(), sys.stderr)
            return _USAGE
    from xray_grafana.cli.group import run

    return run(arguments)


def _print(text: str, stream: TextIO | None) -> int:
    if stream is not None:  # None when the file descriptor is closed
        stream.write(text)
    return 0


def _is_wide() -> bool:
    """Whether help for 80 columns fits; asked as `shutil.get_terminal_size` does, which click uses."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns) >= _NARROWEST
    if sys.__stdout__ is None:
        return True
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns >= _NARROWEST
    except (ValueError, OSError):
        return True
