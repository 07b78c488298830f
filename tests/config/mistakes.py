"""The mistakes of a config as the lines a reader sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xray_grafana.config import parse_config
from xray_grafana.errors import ConfigError

AWS = 'aws: {account: "111122223333", region: eu-west-1}\n'


def mistakes(text: str, *, environ: Mapping[str, str] | None = None, overrides: Sequence[str] = ()) -> list[str]:
    """One line for each mistake, in the order reported; empty when the config passes."""
    try:
        parse_config(text, "b.yaml", environ=environ or {}, overrides=overrides)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []
