"""XG23x: the grid. Grafana draws 24 columns; a collapsed row's panels are a grid of their own, drawn once it opens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from xray_grafana.checks.boards import Board, Panel
from xray_grafana.checks.context import Context
from xray_grafana.checks.documents import document_at, documents_at, number_at, shown, text_at, value_at
from xray_grafana.checks.rule import Fault, Place, rule

_COLUMNS: Final = 24
# A 1280-pixel screen less Grafana's page padding, and a table panel less its own.
_SCREEN_PIXELS: Final = 1280
_PAGE_PADDING_PIXELS: Final = 32
_PANEL_PADDING_PIXELS: Final = 16
_SIDES: Final = ("x", "y", "w", "h")


class _Box(NamedTuple):
    panel: Panel
    x: int
    y: int
    w: int
    h: int


@rule(
    "XG230",
    "A panel lies inside the grid",
    reason="Grafana moves such a panel somewhere else and the board looks different from its picture",
    remedy="give gridPos whole numbers with x + w at most 24",
)
def _outside_grid(context: Context) -> Iterator[Fault]:
    for board in context.boards:
        for panel in board.panels:
            if _box(panel) is None:
                yield Fault(
                    panel.place,
                    f"gridPos is {shown(value_at(panel.content, 'gridPos'))}, expected x, y ≥ 0, w, h ≥ 1 and x + w ≤ {_COLUMNS}",
                )


def _box(panel: Panel) -> _Box | None:
    position = document_at(panel.content, "gridPos")
    sides = [number for side in _SIDES if isinstance(number := number_at(position, side), int)]
    if len(sides) < len(_SIDES):
        return None
    box = _Box(panel, *sides)
    return box if box.x >= 0 and box.y >= 0 and box.w >= 1 and box.h >= 1 and box.x + box.w <= _COLUMNS else None


@rule(
    "XG231",
    "Panels do not overlap",
    reason="Grafana pushes one of them down and the board looks different from its picture",
    remedy="move one of the two panels",
)
def _overlap(context: Context) -> Iterator[Fault]:
    for board in context.boards:
        for grid in _grids(board):
            seen: set[tuple[str, str]] = set()
            for _, _, boxes in _bands(grid):
                for left, right in pairwise(sorted(boxes, key=lambda box: (box.x, box.y))):
                    pair = (left.panel.place.pointer, right.panel.place.pointer)
                    if right.x < left.x + left.w and pair not in seen:
                        seen.add(pair)
                        yield Fault(right.panel.place, f"lies over {pair[0]}, expected room of its own")


@rule(
    "XG232",
    "Panels fill the grid",
    reason="a hole reads as a panel that failed to load, and Grafana pulls panels up into it",
    remedy="widen, heighten or move panels until each row of the grid is 24 columns full",
)
def _gap(context: Context) -> Iterator[Fault]:
    for board in context.boards:
        for grid in _grids(board):
            for top, bottom, boxes in _bands(grid):
                filled = {column for box in boxes for column in range(box.x, box.x + box.w)}
                if empty := sorted(set(range(_COLUMNS)) - filled):
                    beside = f" beside {boxes[0].panel.place.pointer}" if boxes else ""
                    place = Place(board.path, f"rows {top} to {bottom - 1}")
                    yield Fault(place, f"columns {', '.join(_spans(empty))} are empty{beside}, expected all {_COLUMNS} filled")


def _grids(board: Board) -> Iterator[list[_Box]]:
    """The boxes of the board itself, then those of each collapsed row."""
    grids: dict[str | None, list[_Box]] = {None: []}
    for panel in board.panels:
        if (box := _box(panel)) is not None:
            grids.setdefault(panel.row.place.pointer if panel.row else None, []).append(box)
    yield from grids.values()


def _bands(grid: Sequence[_Box]) -> Iterator[tuple[int, int, list[_Box]]]:
    """Stretches of rows between which no panel begins or ends, each with its panels: (first row, row after, boxes)."""
    edges = sorted({edge for box in grid for edge in (box.y, box.y + box.h)})
    for top, bottom in pairwise(edges):
        yield top, bottom, [box for box in grid if box.y < bottom and box.y + box.h > top]


def _spans(columns: Sequence[int]) -> Iterator[str]:
    """Columns as spans: 0–4, 12–23."""
    start = previous = columns[0]
    for column in (*columns[1:], _COLUMNS + 1):
        if column != previous + 1:
            yield f"{start}–{previous}"
            start = column
        previous = column


@rule(
    "XG233",
    "A table's fixed columns fit a 1280-pixel screen",
    reason="the last columns are cut off and the table scrolls sideways",
    remedy="narrow or hide columns, or widen the panel",
)
def _wide_table(context: Context) -> Iterator[Fault]:
    for _, panel in context.panels:
        box = _box(panel)
        if panel.type == "table" and box is not None:
            room = (_SCREEN_PIXELS - _PAGE_PADDING_PIXELS) * box.w // _COLUMNS - _PANEL_PADDING_PIXELS
            needed = sum(_column_widths(panel).values())
            if needed > room:
                yield Fault(panel.place, f"fixed columns need {needed} pixels, expected at most {room} ({box.w} of {_COLUMNS} columns)")


def _column_widths(panel: Panel) -> dict[str, int]:
    """The fixed width of each column that is shown, by the field its override names."""
    excluded = {
        name
        for step in panel.transformations
        for name, out in document_at(step, "options", "excludeByName").items()
        if text_at(step, "id") == "organize" and out is True
    }
    widths: dict[str, int] = {}
    for override in panel.overrides:
        properties = {text_at(item, "id"): item for item in documents_at(override, "properties")}
        name = text_at(override, "matcher", "options")
        width = number_at(properties.get("custom.width", {}), "value")
        if width is not None and name not in excluded:
            widths[name] = int(width)
        if (
            value_at(properties.get("custom.hidden", {}), "value") is True
            or value_at(properties.get("custom.hideFrom.viz", {}), "value") is True
        ):
            excluded.add(name)
    return {name: width for name, width in widths.items() if name not in excluded}


RULES: Final = (_outside_grid, _overlap, _gap, _wide_table)
