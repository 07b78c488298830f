"""A look at the folder sorts every file by whose it is and what would happen to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.bundle.files.folders import put, tree
from xray_grafana.bundle.files import MANIFEST_NAME, Plan, plan_write, write
from xray_grafana.bundle.files.manifest import Manifest, digest_of
from xray_grafana.errors import OutputError

OLD = {"RUNBOOK.md": b"old\n", "boards/a.json": b"a1", "boards/b.json": b"b1", "boards/gone.json": b"g1", "rules/r.yaml": b"r1"}
NEW = {"RUNBOOK.md": b"old\n", "boards/a.json": b"a2", "boards/b.json": b"b2", "boards/c.json": b"c2", "rules/r.yaml": b"r2"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    write(OLD, folder)
    return folder


def states(plan: Plan) -> dict[str, tuple[str, ...]]:
    names = ("new", "changed", "unchanged", "stale", "edited", "foreign", "strangers")
    return {name: getattr(plan, name) for name in names if getattr(plan, name)}


def test_in_a_folder_that_does_not_exist_everything_is_new(tmp_path: Path) -> None:
    plan = plan_write(NEW, tmp_path / "out")

    assert states(plan) == {"new": tuple(NEW)}
    assert not (tmp_path / "out").exists()


def test_files_are_new_changed_unchanged_or_stale(out: Path) -> None:
    assert states(plan_write(NEW, out)) == {
        "new": ("boards/c.json",),
        "changed": ("boards/a.json", "boards/b.json", "rules/r.yaml"),
        "unchanged": ("RUNBOOK.md",),
        "stale": ("boards/gone.json",),
    }


def test_a_plan_changes_nothing(out: Path) -> None:
    before = tree(out)

    plan_write(NEW, out)

    assert tree(out) == before


def test_a_file_changed_by_hand_is_edited_whether_the_bundle_still_has_it_or_not(out: Path) -> None:
    put(out, {"boards/a.json": b"mine", "boards/gone.json": b"mine"})

    plan = plan_write(NEW, out)

    assert plan.edited == ("boards/a.json", "boards/gone.json")
    assert plan.changed == ("boards/b.json", "rules/r.yaml")
    assert plan.stale == ()


def test_a_file_changed_by_hand_to_what_would_be_written_is_unchanged(out: Path) -> None:
    put(out, {"boards/a.json": b"a2"})

    assert "boards/a.json" in plan_write(NEW, out).unchanged


def test_a_file_that_the_program_never_wrote_is_edited_when_it_stands_in_the_bundles_place(tmp_path: Path) -> None:
    put(tmp_path, {"boards/a.json": b"theirs"})

    assert plan_write(NEW, tmp_path).edited == ("boards/a.json",)


def test_a_link_in_the_place_of_a_file_is_edited_even_when_its_target_has_the_content(out: Path, tmp_path: Path) -> None:
    put(tmp_path, {"elsewhere.json": b"a2"})
    (out / "boards/a.json").unlink()
    (out / "boards/a.json").symlink_to(tmp_path / "elsewhere.json")

    assert plan_write(NEW, out).edited == ("boards/a.json",)


def test_content_of_a_run_that_was_killed_is_the_programs_own(out: Path) -> None:
    """The record of a killed run names what it was about to write."""
    record = Manifest({path: digest_of(content) for path, content in OLD.items()}, {"boards/a.json": digest_of(b"half way")})
    put(out, {"boards/a.json": b"half way", MANIFEST_NAME: record.to_bytes()})

    assert "boards/a.json" in plan_write(NEW, out).changed


def test_unknown_files_in_folders_of_the_bundle_are_foreign_and_unknown_names_at_the_top_are_strangers(out: Path) -> None:
    put(out, {"boards/mine.json": b"", "boards/deep/er.json": b"", "notes.txt": b"", "other/x.json": b""})

    plan = plan_write(NEW, out)

    assert plan.foreign == ("boards/deep/er.json", "boards/mine.json")
    assert plan.strangers == ("notes.txt", "other/")


def test_files_in_a_folder_that_the_bundle_no_longer_has_are_foreign(out: Path) -> None:
    put(out, {"rules/mine.yaml": b""})

    plan = plan_write({"RUNBOOK.md": b""}, out)

    assert plan.foreign == ("rules/mine.yaml",)
    assert "rules/r.yaml" in plan.stale


def test_hidden_files_caches_and_grafanalibs_sources_are_passed_over(out: Path) -> None:
    put(
        out,
        {"boards/a.dashboard.py": b"", "boards/__pycache__/x.pyc": b"", "boards/.keep": b"", ".git/config": b"", "__pycache__/y.pyc": b""},
    )

    plan = plan_write(NEW, out)

    assert (plan.foreign, plan.strangers) == ((), ())


def test_a_link_in_a_folder_of_the_bundle_is_foreign_and_not_followed(out: Path, tmp_path: Path) -> None:
    put(tmp_path, {"elsewhere/x.json": b""})
    (out / "boards/link").symlink_to(tmp_path / "elsewhere")

    assert plan_write(NEW, out).foreign == ("boards/link",)


def test_recorded_files_below_a_link_are_not_the_programs_any_more(out: Path, tmp_path: Path) -> None:
    """Somebody moved the folder away and left a link: what stands behind it is not to be deleted."""
    (out / "rules").rename(tmp_path / "moved")
    (out / "rules").symlink_to(tmp_path / "moved")

    plan = plan_write({"RUNBOOK.md": b"old\n"}, out)

    assert plan.stale == ("boards/a.json", "boards/b.json", "boards/gone.json")
    assert plan.foreign == ("rules",)


def test_with_parts_only_these_folders_and_files_take_part(out: Path) -> None:
    put(out, {"rules/r.yaml": b"mine", "rules/foreign.yaml": b"", "stranger": b""})

    plan = plan_write(NEW, out, ["boards"])

    assert states(plan) == {"new": ("boards/c.json",), "changed": ("boards/a.json", "boards/b.json"), "stale": ("boards/gone.json",)}
    assert set(plan.outside.files) == {"RUNBOOK.md", "rules/r.yaml"}


def test_a_part_can_be_a_file_at_the_top(out: Path) -> None:
    assert states(plan_write(NEW | {"RUNBOOK.md": b"new\n"}, out, ["RUNBOOK.md"])) == {"changed": ("RUNBOOK.md",)}


def test_the_folder_itself_may_be_a_link(out: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(out)

    plan = plan_write(OLD, tmp_path / "link")

    assert states(plan) == {"unchanged": tuple(OLD)}
    assert plan.folder == out


def test_a_file_is_no_output_folder(tmp_path: Path) -> None:
    put(tmp_path, {"out": b""})

    with pytest.raises(OutputError, match=r"out: is not a folder"):
        plan_write(NEW, tmp_path / "out")


def test_the_root_of_the_file_system_is_no_output_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/")

    for root in (Path("/"), Path("/tmp/.."), tmp_path / "link"):  # noqa: S108 — a way to write /
        with pytest.raises(OutputError, match="is the root of the file system"):
            plan_write(NEW, root)


def test_a_loop_of_links_is_no_output_folder(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "out")

    with pytest.raises(OutputError, match="cannot be an output folder: Too many levels of symbolic links"):
        plan_write(NEW, tmp_path / "out")


def test_a_link_to_nothing_is_no_output_folder(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to(tmp_path / "nothing")

    with pytest.raises(OutputError, match="is a symbolic link to nothing"):
        plan_write(NEW, tmp_path / "out")


def test_a_folder_below_a_file_is_no_output_folder(tmp_path: Path) -> None:
    put(tmp_path, {"file": b""})

    with pytest.raises(OutputError, match="cannot be an output folder: Not a directory"):
        plan_write(NEW, tmp_path / "file" / "out")


def test_everything_in_the_way_is_named_at_once(tmp_path: Path) -> None:
    put(tmp_path, {"boards/a.json/x": b"", "rules": b"", "else/where": b""})
    os.mkfifo(tmp_path / "RUNBOOK.md")
    (tmp_path / "k8s").symlink_to(tmp_path / "else")

    with pytest.raises(OutputError) as caught:
        plan_write({**NEW, "k8s/a.yaml": b"", "k8s/b.yaml": b""}, tmp_path)

    assert caught.value.summary.splitlines() == [
        "cannot hold the bundle:",
        "  RUNBOOK.md is neither a file nor a folder",
        "  boards/a.json is a folder, where a file of the bundle belongs",
        "  k8s is a symbolic link, where a folder of the bundle belongs; links inside the output folder are not followed",
        "  rules is a file, where a folder of the bundle belongs",
    ]


def test_a_path_too_long_for_the_system_is_an_error_to_read(tmp_path: Path) -> None:
    record = Manifest({"x" * 300: digest_of(b"")})
    put(tmp_path, {MANIFEST_NAME: record.to_bytes()})

    with pytest.raises(OutputError, match="cannot be read: File name too long"):
        plan_write(NEW, tmp_path)


@pytest.mark.parametrize("path", ["../a", "/a", ".xray-grafana.json", "a//b"])
def test_a_bundle_with_a_path_outside_is_a_fault_of_the_program(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="not paths below a folder"):
        plan_write({path: b""}, tmp_path)
