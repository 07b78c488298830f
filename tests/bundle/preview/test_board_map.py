"""The drawing of which board leads to which."""

from __future__ import annotations

import pytest

from xray_grafana.bundle.preview.board_map import BoardMap, Stop, lay_out


def stops(*keys: str) -> list[Stop]:
    return [Stop(key, key.upper(), "1 panel", "board") for key in keys]


def columns(drawing: BoardMap) -> dict[str, int]:
    lefts = sorted({box.x for box in drawing.boxes})
    return {box.stop.key: lefts.index(box.x) for box in drawing.boxes}


def test_arrows_go_from_left_to_right() -> None:
    drawing = lay_out(stops("a", "b", "c"), {("a", "b"): 1, ("b", "c"): 1, ("a", "c"): 2})
    assert columns(drawing) == {"a": 0, "b": 1, "c": 2}
    assert [(arrow.words, arrow.back, arrow.both) for arrow in drawing.arrows] == [
        ("A → B: 1 link", False, False),
        ("A → C: 2 links", False, False),
        ("B → C: 1 link", False, False),
    ]


def test_an_arrow_over_a_layer_passes_beside_the_box_there() -> None:
    drawing = lay_out(stops("a", "b", "c"), {("a", "b"): 1, ("b", "c"): 1, ("a", "c"): 1})
    middle = next(box for box in drawing.boxes if box.stop.key == "b")
    long = next(arrow for arrow in drawing.arrows if (arrow.source, arrow.target) == ("a", "c"))
    level = int(long.path.split("H")[0].split()[-1])
    assert not middle.y <= level <= middle.y + middle.height


def test_two_boards_that_lead_to_each_other_share_one_arrow_with_two_heads() -> None:
    (arrow,) = lay_out(stops("a", "b"), {("b", "a"): 3, ("a", "b"): 1}).arrows
    assert (arrow.source, arrow.target, arrow.both, arrow.back) == ("a", "b", True, False)
    assert arrow.words == "A → B: 1 link; B → A: 3 links"


def test_the_arrow_that_closes_a_circle_leads_back() -> None:
    drawing = lay_out(stops("a", "b", "c"), {("a", "b"): 1, ("b", "c"): 1, ("c", "a"): 1})
    assert columns(drawing) == {"a": 0, "b": 1, "c": 2}
    back = {(arrow.source, arrow.target): arrow for arrow in drawing.arrows if arrow.back}
    assert list(back) == [("c", "a")]
    start = int(back["c", "a"].path[1:].split()[0])
    assert start == next(box.x for box in drawing.boxes if box.stop.key == "c")


def test_a_board_that_nothing_leads_to_stands_next_to_its_target() -> None:
    drawing = lay_out(stops("a", "b", "c", "d"), {("a", "b"): 1, ("b", "c"): 1, ("d", "c"): 1})
    assert columns(drawing)["d"] == 1


def test_boards_without_links_stand_in_rows_below() -> None:
    drawing = lay_out(stops("a", "b", "x", "y", "z"), {("a", "b"): 1})
    lowest = max(box.y + box.height for box in drawing.boxes if box.stop.key in "ab")
    lone = [box for box in drawing.boxes if box.stop.key in "xyz"]
    assert min(box.y for box in lone) > lowest
    assert [columns(drawing)[box.stop.key] for box in lone] == [0, 1, 0]


def test_without_any_link_the_boards_stand_four_in_a_row() -> None:
    drawing = lay_out(stops(*"abcde"), {})
    assert columns(drawing) == {"a": 0, "b": 1, "c": 2, "d": 3, "e": 0}


def test_boxes_never_overlap_and_stay_inside() -> None:
    keys = "abcdefgh"
    links = {(first, second): 1 for first in keys for second in keys if ord(first) % 3 < ord(second) % 3}
    drawing = lay_out(stops(*keys), links)
    cells = [(box.x, box.y) for box in drawing.boxes]
    assert all(
        x >= 0 and x + box.width <= drawing.width and y >= 0 and y + box.height <= drawing.height
        for (x, y), box in zip(cells, drawing.boxes, strict=True)
    )
    for index, (x, y) in enumerate(cells):
        for other_x, other_y in cells[index + 1 :]:
            assert x != other_x or abs(y - other_y) >= drawing.boxes[0].height


def test_a_board_that_leads_to_itself_has_no_arrow() -> None:
    assert lay_out(stops("a"), {("a", "a"): 1}).arrows == ()


def test_nothing_is_an_empty_drawing() -> None:
    assert lay_out([], {}).boxes == ()


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("X-Ray / Pipeline health", "X-Ray / Pipeline health"),
        ("A title that is far too long", "A title that is far to…"),
        ("商店商店商店商店商店商店", "商店商店商店商店商店商…"),
    ],
)
def test_a_title_is_cut_to_the_width_of_its_box(title: str, shown: str) -> None:
    (box,) = lay_out([Stop("a", title, "", "board")], {}).boxes
    assert (box.title, box.stop.title) == (shown, title)
