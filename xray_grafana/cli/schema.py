"""`xray-grafana schema`: the JSON Schema of the config."""

from __future__ import annotations

import json

import click

from xray_grafana.cli.output import say


def schema_text() -> str:
    """The schema as text, the same for `schema` and `init`; ASCII, so that any stream takes it."""
    from xray_grafana.config.schema import json_schema

    return json.dumps(json_schema(), indent=2)


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of the config.

    Editors that find it beside the config, as `init` writes it, complete keys and show mistakes while typing.
    """
    say(schema_text())
