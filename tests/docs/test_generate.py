"""The generated parts of the documentation are as the program would write them now."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from docs.generate import PARTS, ROOT, StaleMarkersError, alert_rules, main, render, unused
from tests.docs.pages import DOCS

Edit = Callable[[str], str]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the pages."""
    for page in DOCS:
        target = tmp_path / page.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(page, target)
    return tmp_path


def replace(page: Path, old: str, new: str) -> None:
    text = page.read_text(encoding="utf-8")
    assert old in text
    page.write_text(text.replace(old, new), encoding="utf-8")


def test_every_page_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    """`make docs` brings them up to date."""
    code = main(["--check"])
    assert (code, capsys.readouterr().out) == (0, "")


def test_a_stale_page_is_shown_as_a_diff_and_left_as_it_is(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tree / "docs/reference/rules.md"
    replace(page, "Service maps and insights name a group", "Service maps name a group")
    before = page.read_bytes()
    assert main(["--check"], root=tree) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["--- a/docs/reference/rules.md", "+++ b/docs/reference/rules.md"]
    assert [line[:45] for line in lines[2:] if line[0] in "+-"] == [
        "-| `XG101` | Service maps name a group | the ",
        "+| `XG101` | Service maps and insights name a",
    ]
    assert page.read_bytes() == before


def test_without_check_a_stale_page_is_mended(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tree / "docs/reference/rules.md"
    before = page.read_bytes()
    replace(page, "Service maps and insights name a group", "Service maps name a group")
    assert main([], root=tree) == 0
    assert capsys.readouterr().out == "wrote docs/reference/rules.md\n"
    assert page.read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<!-- generated: rules -->", "<!-- generated: rulez -->", "docs/reference/rules.md: no part is named rulez"),
        ("<!-- end -->", "", "docs/reference/rules.md: a marker is not closed"),
        ("<!-- generated: rules -->", "", "no page shows rules"),
    ],
    ids=["unknown", "not closed", "without a marker"],
)
def test_markers_that_fit_no_part_are_refused(old: str, new: str, words: str, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replace(tree / "docs/reference/rules.md", old, new)
    assert main(["--check"], root=tree) == 1
    assert words in capsys.readouterr().err


def test_only_what_stands_between_markers_changes() -> None:
    text = "a\n<!-- generated: one -->\nold\n<!-- end -->\nb\n<!-- generated: two -->\n<!-- end -->\nc\n"
    made = render(text, {"one": lambda: "1", "two": lambda: "2\n"}, "p.md")
    assert made == "a\n<!-- generated: one -->\n1\n<!-- end -->\nb\n<!-- generated: two -->\n2\n<!-- end -->\nc\n"
    with pytest.raises(StaleMarkersError):
        render("<!-- generated: three -->\n<!-- end -->", {}, "p.md")


def test_a_part_without_a_marker_is_named() -> None:
    assert unused(["<!-- generated: one -->\n<!-- end -->"], ["one", "two"]) == ["two"]


def test_the_example_costs_as_many_calls_an_hour_as_counted_by_hand() -> None:
    """Five services with four rules of two queries, and one query for the silent source, every five minutes: (5 × 4 × 2 + 1) × 12."""
    assert len(alert_rules()) == 5 * 4 + 1 + 3
    assert PARTS["alert-cost"]().splitlines()[-1] == "| **All** | **24** |  | **492** |"


def test_every_kind_of_alert_shows_its_condition() -> None:
    text = PARTS["alerts"]()
    assert '| `COUNTED` | `FaultStatistics.TotalCount` of `service("cart")`, from 18 min to 3 min ago |' in text
    assert "| `CONDITION` | `RATIO > 0.05` |" in text
    assert "| `REQUESTS` | `TotalCount` of every edge of the source, from 5 h to 0 min ago |" in text
