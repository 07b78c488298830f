"""Differences are complete, readable by other tools, and looking for them changes nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.bundle.files.folders import put, tree, visible
from xray_grafana.bundle.files import Differences, compare, write

OLD = {"boards/a.json": b"one\ntwo\nthree\n", "boards/b.json": b"same\n", "boards/gone.json": b"x\n"}
NEW = {"boards/a.json": b"one\n2\nthree\n", "boards/b.json": b"same\n", "boards/new.json": b"y\n"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    write(OLD, tmp_path / "out")
    return tmp_path / "out"


def test_a_folder_that_holds_the_bundle_has_no_differences(out: Path) -> None:
    assert compare(OLD, out) == Differences({}, (), (), ())
    assert compare(OLD, out).is_empty


def test_a_folder_that_does_not_exist_lacks_everything(tmp_path: Path) -> None:
    found = compare(OLD, tmp_path / "out")

    assert found == Differences({}, tuple(OLD), (), ())
    assert not found.is_empty


def test_what_is_missing_too_much_changed_or_edited_is_named(out: Path) -> None:
    put(out, {"boards/mine.json": b"", "stranger/x": b"", "boards/b.json": b"edited\n"})
    before = tree(out)

    found = compare(NEW, out)

    assert found.missing == ("boards/new.json",)
    assert found.extra == ("boards/gone.json", "boards/mine.json", "stranger/")
    assert found.edited == ("boards/b.json",)
    assert found.diffs == {
        "boards/a.json": "--- a/boards/a.json\n+++ b/boards/a.json\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n",
        "boards/b.json": "--- a/boards/b.json\n+++ b/boards/b.json\n@@ -1 +1 @@\n-edited\n+same\n",
    }
    assert tree(out) == before


@pytest.mark.parametrize("extra", [{"boards/mine.json": b""}, {"stranger": b""}, {"boards/a.json": b"edited"}])
def test_one_file_too_many_or_edited_is_a_difference(out: Path, extra: dict[str, bytes]) -> None:
    put(out, extra)

    assert not compare(OLD, out).is_empty


def test_one_file_too_few_is_a_difference(out: Path) -> None:
    (out / "boards/a.json").unlink()

    assert compare(OLD, out) == Differences({}, ("boards/a.json",), (), ())


def test_a_stale_file_is_a_difference(out: Path) -> None:
    assert compare({path: OLD[path] for path in ("boards/a.json", "boards/b.json")}, out) == Differences({}, (), ("boards/gone.json",), ())


def test_an_edited_file_that_the_bundle_no_longer_has_is_named_without_a_diff(out: Path) -> None:
    put(out, {"boards/gone.json": b"edited"})

    found = compare({"boards/a.json": OLD["boards/a.json"], "boards/b.json": OLD["boards/b.json"]}, out)

    assert found == Differences({}, (), (), ("boards/gone.json",))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"one\ntwo", b"one\n2"),
        (b"one\n", b"one"),
        (b"", b"one\n"),
        (b"one\n", b""),
        (b"a\rb\x0cc\xe2\x80\xa8d\n", b"a\rb\x0cc\xe2\x80\xa8e\n"),
        ("é\n".encode(), "名前\n".encode()),
    ],
)
def test_patch_turns_the_folder_into_the_bundle_by_the_diff(tmp_path: Path, old: bytes, new: bytes) -> None:
    """Form feeds, line separators and carriage returns do not end a line; a missing last line feed is said."""
    put(tmp_path / "out", {"boards/x": old})
    found = compare({"boards/x": new}, tmp_path / "out")

    subprocess.run(
        ["git", "apply", "--unsafe-paths", "--allow-empty", "-p1", "-"],
        cwd=tmp_path / "out",
        input=found.diffs["boards/x"].encode(),
        check=True,
    )

    assert visible(tmp_path / "out") == {"boards/x": new}


def test_bytes_that_are_not_utf_8_show_as_escapes(tmp_path: Path) -> None:
    put(tmp_path, {"boards/x": b"\xff\n"})

    assert compare({"boards/x": b"y\n"}, tmp_path).diffs["boards/x"].endswith("-\\xff\n+y\n")
