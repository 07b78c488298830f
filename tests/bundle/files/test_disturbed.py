"""Whatever happens during a write, at whatever point: no file is torn, nothing of others is lost, and the next run goes through."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.bundle.files.folders import tree
from tests.bundle.files.saboteur import FOREIGN, NEW, OLD
from xray_grafana.bundle.files import MANIFEST_NAME, write

ROOT = Path(__file__).parents[3]


class Disturbed(NamedTuple):
    out: Path
    said: str | None
    status: int


def disturb(what: str, folder: Path) -> list[Disturbed]:
    """A write disturbed at each of its points; the last one, which was not disturbed, is left out."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.bundle.files.saboteur", what, folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    reports: list[dict[str, Any]] = [json.loads(line) for line in ran.stdout.splitlines()]
    assert reports.pop()["said"] == "done"
    return [Disturbed(folder / str(report["point"]) / "out", report["said"], report["status"]) for report in reports]


def without_hidden(out: Path) -> dict[str, bytes | str]:
    return {path: content for path, content in tree(out).items() if not path.startswith(".")}


def assert_whole(out: Path) -> None:
    """Every file has all of its old or all of its new content, and what is not ours is untouched."""
    found = without_hidden(out)
    for path in OLD.keys() | NEW.keys():
        assert found.pop(path, None) in {OLD.get(path), NEW.get(path)}, path
    empty = {path for path in found if path.endswith("/")}
    assert {path: found[path] for path in found.keys() - empty} == FOREIGN
    assert empty <= {"fresh/", "fresh/deep/", "gone/", "gone/deep/"}


def assert_next_run_goes_through(out: Path) -> None:
    """Without force, to the new bundle and, if that is given up, back to the old one."""
    back = shutil.copytree(out, out.with_name("back"))
    for folder, bundle in ((out, NEW), (back, OLD)):
        write(bundle, folder)
        found = tree(folder)
        record = found.pop(MANIFEST_NAME)
        assert {path: content for path, content in found.items() if not path.endswith("/")} == {**bundle, **FOREIGN}
        assert isinstance(record, bytes)
        assert json.loads(record)["files"].keys() == bundle.keys()
        assert json.loads(record)["pending"] == {}


def test_a_killed_write_leaves_whole_files_and_the_next_run_goes_through(tmp_path: Path) -> None:
    points = disturb("kill", tmp_path)

    assert len(points) >= 30
    assert {point.status for point in points} == {-9}
    mixed = 0
    for point in points:
        assert_whole(point.out)
        found = without_hidden(point.out)
        mixed += any(found.get(path) != content for path, content in OLD.items()) and any(found.get(p) != c for p, c in NEW.items())
        assert_next_run_goes_through(point.out)
    assert mixed >= 5, "the write was killed in the middle of the swap, too"


def test_a_write_that_the_system_refuses_once_leaves_everything_as_before(tmp_path: Path) -> None:
    points = disturb("refuse", tmp_path)

    refused = [point for point in points if point.said != "done"]
    assert len(refused) >= 30
    for point in refused:
        assert point.said is not None
        assert "cannot be" in point.said
        assert "No space left on device" in point.said
        found = tree(point.out)
        assert {path: content for path, content in found.items() if not path.startswith(".xray-grafana")} == {**OLD, **FOREIGN}
        assert not [path for path in found if path.startswith(".xray-grafana.staging")]
        assert json.loads((point.out / MANIFEST_NAME).read_bytes())["files"].keys() == OLD.keys()
        assert_next_run_goes_through(point.out)
    for point in set(points) - set(refused):
        assert_whole(point.out)
        assert without_hidden(point.out).items() >= NEW.items()


def test_a_write_on_a_disk_that_went_away_loses_nothing(tmp_path: Path) -> None:
    """Files are whole; what could not be put back is where the error says."""
    points = disturb("refuse-from-here", tmp_path)

    assert len(points) >= 30
    stuck = [point for point in points if point.said and "could not be put back" in point.said]
    assert len(stuck) >= 5
    for point in stuck:
        kept = Path(str(point.said).rpartition("is kept in ")[2])
        assert set(OLD.values()) <= {*without_hidden(point.out).values(), *tree(kept).values()}
    for point in points:
        assert_whole(point.out)
        assert_next_run_goes_through(point.out)


@pytest.mark.parametrize("what", ["interrupt", "terminate"])
def test_an_interrupted_write_leaves_all_of_the_old_or_all_of_the_new_bundle(tmp_path: Path, what: str) -> None:
    points = disturb(what, tmp_path)

    assert len(points) >= 30
    ends = []
    for point in points:
        found = without_hidden(point.out)
        ends.append("old" if found == {**OLD, **FOREIGN} else "new" if found == {**NEW, **FOREIGN} else "mixed")
        assert_next_run_goes_through(point.out)
    assert set(ends) == {"old", "new"}
    assert {(point.said, point.status) for point in points} == {("interrupted", 0) if what == "interrupt" else (None, -15)}
