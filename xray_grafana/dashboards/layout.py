"""Where panels lie: rows of the 24-column grid, top to bottom, without gap or overlap.

A board is a list of bands. Grafana's collapsed rows hold their panels inside, at the places they take once opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import attr
from grafanalib import core as G  # noqa: N812 - grafanalib's own convention

COLUMNS: Final = 24


@dataclass(frozen=True, slots=True)
class Column:
    """Panels on top of each other: each with its height."""

    width: int
    stack: tuple[tuple[Any, int], ...]

    @property
    def height(self) -> int:
        return sum(height for _, height in self.stack)


@dataclass(frozen=True, slots=True)
class Band:
    """Columns side by side, equally high, as wide as the grid."""

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        width = sum(column.width for column in self.columns)
        heights = {column.height for column in self.columns}
        if width != COLUMNS or len(heights) != 1:
            raise ValueError(f"a band is {COLUMNS} columns wide and equally high: got width {width}, heights {sorted(heights)}")

    @property
    def height(self) -> int:
        return self.columns[0].height


@dataclass(frozen=True, slots=True)
class Section:
    """A row panel with bands beneath it."""

    heading: G.RowPanel
    bands: tuple[Band, ...]


Layout: TypeAlias = Sequence["Band | Section"]


def band(height: int, *cells: tuple[int, Any]) -> Band:
    """Panels side by side, each (width, panel), all of one height."""
    return Band(tuple(Column(width, ((panel, height),)) for width, panel in cells))


def columns(*cells: tuple[int, Sequence[tuple[Any, int]]]) -> Band:
    """Stacks side by side, each (width, [(panel, height), …])."""
    return Band(tuple(Column(width, tuple(stack)) for width, stack in cells))


def section(heading: G.RowPanel, *bands: Band) -> Section:
    """A row panel with its bands."""
    return Section(heading, bands)


def place(layout: Layout) -> list[Any]:
    """The panels with their grid positions, as Grafana wants them nested."""
    panels: list[Any] = []
    y = 0
    for item in layout:
        if isinstance(item, Band):
            panels += _place_band(item, y)
            y += item.height
            continue
        heading = attr.evolve(item.heading, gridPos=_position(0, y, COLUMNS, 1))
        y += 1
        inside: list[Any] = []
        inner_y = y
        for inner in item.bands:
            inside += _place_band(inner, inner_y)
            inner_y += inner.height
        if heading.collapsed:
            panels.append(attr.evolve(heading, panels=inside))
        else:
            panels += [heading, *inside]
            y = inner_y
    return panels


def _place_band(band_: Band, y: int) -> list[Any]:
    placed = []
    x = 0
    for column in band_.columns:
        top = y
        for panel, height in column.stack:
            placed.append(attr.evolve(panel, gridPos=_position(x, top, column.width, height)))
            top += height
        x += column.width
    return placed


def _position(x: int, y: int, width: int, height: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": width, "h": height}
