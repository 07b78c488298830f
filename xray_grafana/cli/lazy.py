"""Commands by name, each imported when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import cast

import click


class LazyCommands(Mapping[str, click.Command]):
    """Name to command, from a table of names to modules and what they do. Looking one up imports its module, listing them imports none."""

    def __init__(self, table: Mapping[str, tuple[str, str]]) -> None:
        self._table = table

    def __getitem__(self, name: str) -> click.Command:
        module, _ = self._table[name]
        return cast("click.Command", import_module(module).command)

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)
