"""`xray-grafana init`: a config to start from, and the schema that editors check it by."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

import click

from xray_grafana.cli.options import FILE
from xray_grafana.cli.output import say
from xray_grafana.cli.schema import schema_text
from xray_grafana.errors import UsageError

SCHEMA_NAME: Final = "bundle.schema.json"


@click.command("init")
@click.option("-o", "--output", type=FILE, default="bundle.yaml", show_default=True, help="The config to write.")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
def command(output: Path, force: bool) -> None:
    """Write a commented example config and its schema.

    The config passes as it stands. Its schema, bundle.schema.json, is written beside it.
    """
    from xray_grafana.bundle.files import write_files
    from xray_grafana.config.example import example_text

    if output.name in {"", "..", SCHEMA_NAME}:
        raise UsageError(f"--output is {str(output)!r}: no name for a config", hint="name a file, such as bundle.yaml")
    schema = output.with_name(SCHEMA_NAME)
    written = write_files({schema: f"{schema_text()}\n".encode(), output: example_text().encode()}, force=force)
    say(f"wrote {' and '.join(map(str, written))}" if written else f"{output} and {schema} stand there already")
    name = "" if str(output) == "bundle.yaml" else f" -c {shlex.quote(str(output))}"
    say(f"next: change it, then run `xray-grafana generate{name}`")
