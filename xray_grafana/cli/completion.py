"""`xray-grafana completion`: click's completion script."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from xray_grafana.cli.main import COMPLETE_VARIABLE, PROGRAM
from xray_grafana.cli.output import say

_SHELLS: Final[dict[str, type[ShellComplete]]] = {"bash": BashComplete, "fish": FishComplete, "zsh": ZshComplete}

# \b keeps click from joining the lines.
_HELP: Final = """Print a completion script for a shell.

\b
bash: put into ~/.bashrc
    eval "$(xray-grafana completion bash)"
zsh: put into ~/.zshrc
    eval "$(xray-grafana completion zsh)"
fish: run once
    xray-grafana completion fish > ~/.config/fish/completions/xray-grafana.fish
"""


@click.command("completion", help=_HELP)
@click.argument("shell", type=click.Choice(sorted(_SHELLS)))
def command(shell: str) -> None:
    """Prints what click's own completion needs in a shell."""
    group = click.get_current_context().find_root().command
    say(_SHELLS[shell](group, {}, PROGRAM, COMPLETE_VARIABLE).source())
