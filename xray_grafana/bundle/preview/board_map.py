"""Which board leads to which, laid out as a drawing in layers from left to right.

Boards that nothing leads to stand left, and every arrow goes right but those that close a circle; these are dashed.
Long arrows pass through an empty slot of each layer between, so that they do not run behind a board. All coordinates are whole numbers
and every tie is broken by the order of the input, so that the same boards give the same drawing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, TypeAlias

Edge: TypeAlias = tuple[str, str]

_BOX_WIDTH: Final = 194
_BOX_HEIGHT: Final = 46
_LAYER_GAP: Final = 62
_BOX_SLOT: Final = 62
_PASSING_SLOT: Final = 22
_MARGIN: Final = 8
_TITLE_CELLS: Final = 23
_SWEEPS: Final = 6
_LONE_COLUMNS: Final = 4


@dataclass(frozen=True, slots=True)
class Stop:
    """Something that links come from or go to; `key` is its element id on the page."""

    key: str
    title: str
    detail: str
    kind: Literal["board", "source"]


@dataclass(frozen=True, slots=True)
class Box:
    """A stop in the drawing; `title` is cut to the box, `stop.title` is whole."""

    stop: Stop
    title: str
    x: int
    y: int
    width: int = _BOX_WIDTH
    height: int = _BOX_HEIGHT


@dataclass(frozen=True, slots=True)
class Arrow:
    """A line between two boxes. `back` closes a circle; `both` has a head at either end."""

    source: str
    target: str
    words: str
    path: str
    back: bool
    both: bool


@dataclass(frozen=True, slots=True)
class BoardMap:
    """The drawing, in the units of its SVG."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    layer: int
    y: int


def lay_out(stops: Sequence[Stop], links: Mapping[Edge, int]) -> BoardMap:
    """Place the stops and draw the links; `links` counts them by where from and where to, both keys of `stops`.

    Stops without a link stand in rows of their own below.
    """
    rank = {stop.key: position for position, stop in enumerate(stops)}
    edges = sorted((edge for edge in links if edge[0] != edge[1]), key=lambda edge: (rank[edge[0]], rank[edge[1]]))
    linked = {key for edge in edges for key in edge}
    keys = [stop.key for stop in stops if stop.key in linked]
    back = _back_edges(keys, edges, rank)
    forward = list(dict.fromkeys((b, a) if (a, b) in back else (a, b) for a, b in edges))
    layers = _layers(keys, forward)
    columns = max(layers.values(), default=_LONE_COLUMNS - 1) + 1
    places, chains = _places(keys, forward, layers)
    places |= _rows([stop.key for stop in stops if stop.key not in linked], columns, max((place.y for place in places.values()), default=0))
    boxes = tuple(Box(stop, _cut(stop.title), _left(places[stop.key].layer), places[stop.key].y - _BOX_HEIGHT // 2) for stop in stops)
    names = {stop.key: stop.title for stop in stops}
    arrows = []
    for edge in edges:
        turned, twin = edge in back, (edge[1], edge[0]) in links
        if turned and twin:
            continue
        chain = [places[key] for key in chains[(edge[1], edge[0]) if turned else edge]]
        arrows.append(Arrow(*edge, _words(edge, links, names), _path(chain[::-1] if turned else chain), turned, twin))
    bottom = max((box.y + box.height for box in boxes), default=0)
    return BoardMap(_left(columns) - _LAYER_GAP + _MARGIN, bottom + _MARGIN, boxes, tuple(arrows))


def _rows(keys: Sequence[str], columns: int, above: int) -> dict[str, _Place]:
    top = above + _BOX_SLOT + _MARGIN if above else _MARGIN + _BOX_SLOT // 2
    return {key: _Place(position % columns, top + position // columns * _BOX_SLOT) for position, key in enumerate(keys)}


def _words(edge: Edge, links: Mapping[Edge, int], names: Mapping[str, str]) -> str:
    def one(source: str, target: str) -> str:
        count = links[source, target]
        return f"{names[source]} → {names[target]}: {count} link{'s' if count > 1 else ''}"

    back = (edge[1], edge[0])
    return one(*edge) if back not in links else f"{one(*edge)}; {one(*back)}"


def _back_edges(keys: Sequence[str], edges: Sequence[Edge], rank: Mapping[str, int]) -> frozenset[Edge]:
    """The edges to turn round so that no circle is left: of a pair that leads both ways the one to the earlier stop,
    then whatever leads back to where a walk from the first stop on came from.
    """
    pairs = {edge for edge in edges if (edge[1], edge[0]) in edges and rank[edge[0]] > rank[edge[1]]}
    back = set(pairs)
    seen: set[str] = set()
    walked: list[str] = []

    def walk(key: str) -> None:
        seen.add(key)
        walked.append(key)
        for edge in edges:
            if edge[0] != key or edge in pairs:
                continue
            if edge[1] in walked:
                back.add(edge)
            elif edge[1] not in seen:
                walk(edge[1])
        walked.pop()

    for key in keys:
        if key not in seen:
            walk(key)
    return frozenset(back)


def _layers(keys: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """The longest way to each stop; a stop that nothing leads to moves next to the first it leads to."""
    layers = dict.fromkeys(keys, 0)
    for _ in keys:
        for source, target in edges:
            layers[target] = max(layers[target], layers[source] + 1)
    entered = {target for _, target in edges}
    for key in keys:
        onward = [layers[target] for source, target in edges if source == key]
        if key not in entered and onward:
            layers[key] = min(onward) - 1
    return layers


def _places(keys: Sequence[str], edges: Sequence[Edge], layers: Mapping[str, int]) -> tuple[dict[str, _Place], dict[Edge, list[str]]]:
    """Where each stop and each passing slot stands, and through which of them every edge goes."""
    columns: list[list[str]] = [[key for key in keys if layers[key] == depth] for depth in range(max(layers.values(), default=0) + 1)]
    chains: dict[Edge, list[str]] = {}
    for source, target in edges:
        passing = [f"{source}\n{target}\n{depth}" for depth in range(layers[source] + 1, layers[target])]
        for depth, slot in enumerate(passing, layers[source] + 1):
            columns[depth].append(slot)
        chains[source, target] = [source, *passing, target]
    neighbours: dict[str, list[str]] = {}
    for chain in chains.values():
        for left, right in pairwise(chain):
            neighbours.setdefault(left, []).append(right)
            neighbours.setdefault(right, []).append(left)
    height = max(sum(_slot(slot) for slot in column) for column in columns)
    placed = _stack(columns, height)
    for sweep in range(_SWEEPS):
        for depth in range(len(columns)) if sweep % 2 == 0 else reversed(range(len(columns))):
            columns[depth] = sorted(columns[depth], key=lambda slot: _middle(slot, neighbours, placed))
            placed |= _stack([columns[depth]], height, depth)
    return placed, chains


def _middle(slot: str, neighbours: Mapping[str, list[str]], placed: Mapping[str, _Place]) -> float:
    """The mean height of what a slot is joined to; its own when it is joined to nothing."""
    joined = neighbours.get(slot, [slot])
    return sum(placed[other].y for other in joined) / len(joined)


def _slot(slot: str) -> int:
    return _PASSING_SLOT if "\n" in slot else _BOX_SLOT


def _stack(columns: Sequence[Sequence[str]], height: int, first: int = 0) -> dict[str, _Place]:
    placed: dict[str, _Place] = {}
    for depth, column in enumerate(columns, first):
        top = _MARGIN + (height - sum(map(_slot, column))) // 2
        for slot in column:
            placed[slot] = _Place(depth, top + _slot(slot) // 2)
            top += _slot(slot)
    return placed


def _left(layer: int) -> int:
    return _MARGIN + layer * (_BOX_WIDTH + _LAYER_GAP)


def _path(points: Sequence[_Place]) -> str:
    """A curve from the side of the first box to the side of the last, level where it passes a layer."""
    rightward = points[-1].layer > points[0].layer
    reach = _LAYER_GAP // 2 if rightward else -_LAYER_GAP // 2
    start = _left(points[0].layer) + (_BOX_WIDTH if rightward else 0)
    parts = [f"M{start} {points[0].y}"]
    for before, after in pairwise(points):
        come_out = _left(before.layer) + (_BOX_WIDTH if rightward else 0)
        go_in = _left(after.layer) + (0 if rightward else _BOX_WIDTH)
        parts.append(f"C{come_out + reach} {before.y} {go_in - reach} {after.y} {go_in} {after.y}")
        if after is not points[-1]:
            parts.append(f"H{_left(after.layer) + (_BOX_WIDTH if rightward else 0)}")
    return "".join(parts)


def _cut(title: str) -> str:
    """A title as wide as a box takes, counting wide characters twice."""
    widths = [2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in title]
    if sum(widths) <= _TITLE_CELLS:
        return title
    kept = next(length for length in range(len(title), -1, -1) if sum(widths[:length]) < _TITLE_CELLS)
    return title[:kept].rstrip() + "…"
