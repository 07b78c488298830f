import pytest
from grafanalib import core as G

from xray_grafana.dashboards.layout import band, columns, place, section
from xray_grafana.dashboards.panels import row, text


def panel(id_: int) -> G.Text:
    return text(id_, f"Panel {id_}", "One.", "words")


def positions(panels: list[object]) -> dict[int, tuple[int, int, int, int]]:
    found: dict[int, tuple[int, int, int, int]] = {}
    for item in panels:
        at = item.gridPos  # type: ignore[attr-defined]
        found[item.id] = (at["x"], at["y"], at["w"], at["h"])  # type: ignore[attr-defined]
        found |= positions(getattr(item, "panels", []))
    return found


def test_bands_lie_beneath_each_other() -> None:
    placed = place([band(4, (12, panel(1)), (12, panel(2))), band(8, (24, panel(3)))])
    assert positions(placed) == {1: (0, 0, 12, 4), 2: (12, 0, 12, 4), 3: (0, 4, 24, 8)}


def test_stacks_of_equal_height_stand_side_by_side() -> None:
    placed = place([columns((14, [(panel(1), 16)]), (10, [(panel(2), 9), (panel(3), 7)]))])
    assert positions(placed) == {1: (0, 0, 14, 16), 2: (14, 0, 10, 9), 3: (14, 9, 10, 7)}


def test_a_closed_row_holds_its_panels_and_takes_one_line() -> None:
    placed = place([section(row(1, "Closed"), band(8, (24, panel(2)))), band(4, (24, panel(3)))])
    assert [item.id for item in placed] == [1, 3]
    assert positions(placed) == {1: (0, 0, 24, 1), 2: (0, 1, 24, 8), 3: (0, 1, 24, 4)}


def test_an_open_row_stands_before_its_panels() -> None:
    placed = place([section(row(1, "Open", collapsed=False), band(8, (24, panel(2)))), band(4, (24, panel(3)))])
    assert [item.id for item in placed] == [1, 2, 3]
    assert positions(placed) == {1: (0, 0, 24, 1), 2: (0, 1, 24, 8), 3: (0, 9, 24, 4)}


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param([(12, [(panel(1), 4)])], id="gap on the right"),
        pytest.param([(12, [(panel(1), 4)]), (13, [(panel(2), 4)])], id="wider than the grid"),
        pytest.param([(12, [(panel(1), 4)]), (12, [(panel(2), 5)])], id="uneven heights"),
    ],
)
def test_a_band_that_does_not_fill_the_grid_is_refused(cells: list[tuple[int, list[tuple[object, int]]]]) -> None:
    with pytest.raises(ValueError, match="24 columns wide and equally high"):
        columns(*cells)
