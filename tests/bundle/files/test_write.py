"""A write makes the folder hold the bundle, keeps what is somebody else's, and is all or nothing."""

from __future__ import annotations

import fcntl
import os
import resource
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bundle.files.folders import put, tree, visible
from xray_grafana.bundle.files import MANIFEST_NAME, write
from xray_grafana.bundle.files.manifest import Manifest, digest_of, read_manifest
from xray_grafana.errors import OutputError

ROOT = Path(__file__).parents[3]
OLD = {"RUNBOOK.md": b"same", "boards/a.json": b"a1", "boards/gone.json": b"g1", "rules/deep/r.yaml": b"r1"}
NEW = {"RUNBOOK.md": b"same", "boards/a.json": b"a2", "boards/c.json": b"c2"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    write(OLD, folder)
    return folder


def in_process(code: str, *arguments: str | Path, user: int | None = None) -> subprocess.CompletedProcess[str]:
    """Runs code in a Python of its own; it prints what it has to say."""
    program = (
        "from pathlib import Path\nimport sys\nfrom xray_grafana.bundle.files import write\nfrom xray_grafana.errors import OutputError\n"
    )
    if user is not None:
        program += f"import os\nos.setgroups([]); os.setgid({user}); os.setuid({user})\n"
    return subprocess.run(
        [sys.executable, "-c", program + textwrap.dedent(code), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_a_first_write_makes_the_folder_and_what_is_above_it(tmp_path: Path) -> None:
    summary = write(NEW, tmp_path / "a/b/out")

    assert visible(tmp_path / "a/b/out") == NEW
    assert summary.new == tuple(NEW)
    assert (summary.changed, summary.overwritten, summary.unchanged, summary.removed) == ((), (), (), ())


def test_a_second_write_replaces_adds_and_removes_with_the_folders_that_got_empty(out: Path) -> None:
    summary = write(NEW, out)

    assert visible(out) == NEW
    assert summary.folder == out
    assert (summary.new, summary.changed, summary.unchanged) == (("boards/c.json",), ("boards/a.json",), ("RUNBOOK.md",))
    assert summary.removed == ("boards/gone.json", "rules/deep/r.yaml")


def test_the_record_lists_what_was_written_and_nothing_pending(out: Path) -> None:
    write(NEW, out)

    assert read_manifest(out) == Manifest({path: digest_of(content) for path, content in NEW.items()}, {})


def test_the_same_bundle_gives_the_same_folder_whatever_stood_there(out: Path, tmp_path: Path) -> None:
    write(NEW, out)
    write(NEW, tmp_path / "fresh")

    assert tree(out) == tree(tmp_path / "fresh")


def test_a_write_without_changes_touches_no_file(out: Path) -> None:
    """File watchers and rsync see nothing, and a folder that may only be read is fine."""
    before = {path: path.lstat() for path in out.rglob("*")}

    summary = write(OLD, out)

    assert {path: path.lstat() for path in out.rglob("*")} == before
    assert summary.unchanged == tuple(OLD)


def test_unchanged_files_and_the_folders_keep_their_inodes(out: Path) -> None:
    """A bind mount goes on showing the folder that it was given."""
    before = {name: (out / name).stat().st_ino for name in (".", "boards", "RUNBOOK.md")}

    write(NEW, out)

    assert {name: (out / name).stat().st_ino for name in before} == before


def test_files_that_were_right_already_enter_the_record(tmp_path: Path) -> None:
    put(tmp_path, NEW)

    assert write(NEW, tmp_path).unchanged == tuple(NEW)
    assert set(read_manifest(tmp_path).files) == set(NEW)


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o000, 0o644)])
def test_files_are_readable_for_others_as_far_as_the_umask_allows(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        write(NEW, tmp_path / "out")
    finally:
        os.umask(before)

    assert (tmp_path / "out/boards/a.json").stat().st_mode & 0o777 == mode
    assert (tmp_path / "out" / MANIFEST_NAME).stat().st_mode & 0o777 == mode


def test_edited_files_stop_the_write_before_anything_is_changed(out: Path) -> None:
    put(out, {"boards/a.json": b"mine", "boards/gone.json": b"mine"})
    before = tree(out)

    with pytest.raises(OutputError) as caught:
        write(NEW, out)

    assert str(caught.value).splitlines() == [
        f"{out}: holds files that are not as this program wrote them; nothing was changed:",
        "  boards/a.json",
        "  boards/gone.json",
        "  hint: look at them with `xray-grafana generate --diff`; move them away, or overwrite them with --force",
    ]
    assert tree(out) == before


def test_foreign_files_and_strangers_are_kept(out: Path) -> None:
    foreign = {"boards/mine.json": b"mine", "boards/a.dashboard.py": b"source", "rules/deep/mine": b"", "stranger/x": b"x", ".hidden": b""}
    put(out, foreign)

    write(NEW, out)

    assert visible(out) == {**NEW, **foreign}


def test_force_overwrites_edited_files_and_removes_foreign_ones_but_no_strangers(out: Path) -> None:
    kept = {"boards/a.dashboard.py": b"source", "boards/.hidden": b"", "stranger/x": b"x", "stranger.txt": b""}
    put(out, {"boards/a.json": b"mine", "boards/gone.json": b"mine", "boards/mine.json": b"mine", "boards/deep/mine": b"", **kept})

    summary = write(NEW, out, force=True)

    assert visible(out) == {**NEW, **kept}
    assert summary.overwritten == ("boards/a.json",)
    assert summary.removed == ("boards/deep/mine", "boards/gone.json", "boards/mine.json", "rules/deep/r.yaml")


def test_force_replaces_a_link_and_leaves_its_target(out: Path, tmp_path: Path) -> None:
    put(tmp_path, {"target": b"precious", "folder/x": b"precious"})
    (out / "boards/a.json").unlink()
    (out / "boards/a.json").symlink_to(tmp_path / "target")
    (out / "boards/link").symlink_to(tmp_path / "folder")

    summary = write(NEW, out, force=True)

    assert visible(out) == NEW
    assert "boards/link" in summary.removed
    assert (tmp_path / "target").read_bytes() == b"precious"
    assert (tmp_path / "folder/x").read_bytes() == b"precious"


def test_nothing_is_deleted_or_written_through_a_link_in_the_folder(out: Path, tmp_path: Path) -> None:
    (out / "rules").rename(tmp_path / "moved")
    (out / "rules").symlink_to(tmp_path / "moved")
    (out / "boards").rename(tmp_path / "boards")
    (out / "boards").symlink_to(tmp_path / "boards")

    with pytest.raises(OutputError, match="boards is a symbolic link"):
        write(NEW, out, force=True)
    write({"RUNBOOK.md": b"new"}, out)

    assert visible(out) == {"RUNBOOK.md": b"new", "boards": f"-> {tmp_path / 'boards'}", "rules": f"-> {tmp_path / 'moved'}"}
    assert tree(tmp_path / "moved") == {"deep/r.yaml": b"r1"}
    assert tree(tmp_path / "boards") == {"a.json": b"a1", "gone.json": b"g1"}


def test_a_record_that_names_files_outside_deletes_none(out: Path, tmp_path: Path) -> None:
    put(tmp_path, {"precious": b"precious"})
    record = Manifest({"../precious": digest_of(b"precious")})
    put(out, {MANIFEST_NAME: record.to_bytes()})

    with pytest.raises(OutputError, match=r"names '\.\./precious'"):
        write(NEW, out, force=True)

    assert (tmp_path / "precious").exists()


def test_a_folder_behind_a_link_is_written_and_the_link_stays(out: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(out)

    write(NEW, tmp_path / "link")

    assert (tmp_path / "link").is_symlink()
    assert visible(out) == NEW


def test_with_parts_the_rest_of_the_folder_and_of_the_record_stays(out: Path) -> None:
    put(out, {"rules/deep/r.yaml": b"edited", "rules/foreign": b""})

    summary = write({**NEW, "rules/deep/r.yaml": b"r2"}, out, ["boards"], force=True)

    assert visible(out) == {
        "RUNBOOK.md": b"same",
        "boards/a.json": b"a2",
        "boards/c.json": b"c2",
        "rules/deep/r.yaml": b"edited",
        "rules/foreign": b"",
    }
    assert (summary.changed, summary.unchanged, summary.removed) == (("boards/a.json",), (), ("boards/gone.json",))
    files = read_manifest(out).files
    assert files["rules/deep/r.yaml"] == digest_of(b"r1")
    assert files["boards/a.json"] == digest_of(b"a2")
    assert "boards/gone.json" not in files


def test_parts_written_after_a_killed_run_leave_its_other_files_the_programs_own(out: Path) -> None:
    files = {path: digest_of(content) for path, content in OLD.items()}
    put(out, {"rules/deep/r.yaml": b"half way", MANIFEST_NAME: Manifest(files, {"rules/deep/r.yaml": digest_of(b"half way")}).to_bytes()})

    write(NEW, out, ["boards"])
    write(NEW, out)

    assert visible(out) == NEW


def test_a_folder_that_comes_to_stand_in_a_files_place_during_the_swap_is_left_and_the_rest_put_back(out: Path) -> None:
    """An audit hook makes the folder just before boards/c.json is renamed there, when boards/a.json is new already."""
    code = """
        out = Path(sys.argv[1])
        def hook(event, arguments):
            if event == "os.rename" and str(arguments[1]).endswith("boards/c.json"):
                assert (out / "boards/a.json").read_bytes() == b"a2"
                (out / "boards/c.json").mkdir()
        sys.addaudithook(hook)
        try:
            write({"RUNBOOK.md": b"same", "boards/a.json": b"a2", "boards/c.json": b"c2"}, out)
        except OutputError as error:
            print(error)
    """
    said = in_process(code, out).stdout

    assert said == f"{out}/boards/c.json: cannot be written: Is a directory; everything stands as before\n"
    assert visible(out) == {**OLD, "boards/c.json/": b""}
    assert read_manifest(out).files == {path: digest_of(content) for path, content in OLD.items()}


def test_what_cannot_be_put_back_is_kept_for_good(out: Path) -> None:
    """The last rename fails, and so does the one that would bring boards/a.json back."""
    code = """
        out = Path(sys.argv[1])
        def hook(event, arguments):
            if event == "os.rename" and (str(arguments[1]).endswith("c.json") or "/old-" in str(arguments[0])):
                raise OSError(5, "Input/output error")
        sys.addaudithook(hook)
        try:
            write({"RUNBOOK.md": b"same", "boards/a.json": b"a2", "boards/c.json": b"c2"}, out)
        except OutputError as error:
            print(error)
    """
    said = in_process(code, out).stdout.splitlines()

    assert said[0] == f"{out}: could not be written ([Errno 5] Input/output error), and these files could not be put back:"
    assert said[1] == "  boards/a.json"
    kept = Path(said[2].removeprefix("  hint: mend the cause and run again; what stood there before is kept in "))
    write(NEW, out)
    assert visible(out).items() >= NEW.items()
    assert b"a1" in tree(kept).values()
    assert kept.name.startswith(".xray-grafana.rescued-")


BIG_WRITE = """
    try:
        write({"boards/a.json": b"a2", "boards/big.json": b"x" * 1_000_000, "rules/r": b""}, Path(sys.argv[1]))
    except OutputError as error:
        print(error)
"""


def test_a_limit_on_file_size_is_noticed_before_anything_is_changed(out: Path) -> None:
    before = tree(out)
    limited = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (100_000, {resource.RLIM_INFINITY}))\n"

    said = in_process(limited + textwrap.dedent(BIG_WRITE), out).stdout

    assert "cannot be written: File too large; everything stands as before" in said
    assert "ulimit -f" in said
    assert tree(out) == before


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("may not mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_is_noticed_before_anything_is_changed(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        write(OLD, disk / "out")
        before = tree(disk / "out")

        said = in_process(BIG_WRITE, disk / "out").stdout

        assert "cannot be written: No space left on device; everything stands as before" in said
        assert "make room on the disk" in said
        assert tree(disk / "out") == before


def test_a_folder_on_another_file_system_inside_is_refused_and_all_put_back(out: Path) -> None:
    (out / "boards/gone.json").unlink()
    (out / "boards/a.json").unlink()
    (out / "boards").rmdir()
    with small_disk(out / "boards"):
        before = tree(out)

        with pytest.raises(OutputError, match="a file system is mounted inside"):
            write({**NEW, "RUNBOOK.md": b"changed"}, out)

        assert tree(out) == before


def test_a_folder_that_may_not_be_written_is_an_error_to_read() -> None:
    nobody = 65534 if os.getuid() == 0 else None
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write(OLD, folder / "out")
        before = tree(folder)
        for closed in (folder, folder / "out"):
            closed.chmod(0o555)

        existing = in_process(BIG_WRITE, folder / "out", user=nobody).stdout
        fresh = in_process(BIG_WRITE, folder / "fresh", user=nobody).stdout

        for closed in (folder, folder / "out"):
            closed.chmod(0o755)
        assert "cannot be written: Permission denied; everything stands as before" in existing
        assert "hint: make the folder writable for you" in existing
        assert f"{folder}/fresh: cannot be written: Permission denied" in fresh
        assert tree(folder) == before


def test_a_folder_inside_that_may_not_be_read_is_an_error_to_read() -> None:
    nobody = 65534 if os.getuid() == 0 else None
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        put(folder, {"boards/secret/x": b""})
        (folder / "boards/secret").chmod(0)

        said = in_process(BIG_WRITE, folder, user=nobody).stdout

        (folder / "boards/secret").chmod(0o755)
        assert said == f"{folder}/boards/secret: cannot be read: Permission denied\n"


def test_a_folder_made_for_a_write_that_failed_is_removed_again(tmp_path: Path) -> None:
    limited = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (10, {resource.RLIM_INFINITY}))\n"

    said = in_process(limited + textwrap.dedent(BIG_WRITE), tmp_path / "a/out").stdout

    assert "File too large" in said
    assert tree(tmp_path) == {}


def test_what_a_killed_run_left_is_swept_away_but_not_what_only_looks_like_it(out: Path) -> None:
    others = {".xray-grafana.staging-mine/x": b"", ".xray-grafana.staging-7": b"a file"}
    put(out, {".xray-grafana.staging-4242/new-0": b"half", **others})

    write(NEW, out)

    assert visible(out) == {**NEW, **others}


def held(folder: Path) -> int:
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


def test_a_run_that_holds_the_folder_is_named(out: Path) -> None:
    put(out, {".xray-grafana.staging-4242/new-0": b"half"})
    before = tree(out)
    descriptor = held(out)
    try:
        with pytest.raises(OutputError, match="is being written by process 4242; nothing was changed"):
            write(NEW, out, lock_wait_seconds=0)
    finally:
        os.close(descriptor)

    assert tree(out) == before


def test_a_run_that_holds_the_folder_without_having_begun_is_another_process(out: Path) -> None:
    descriptor = held(out)
    try:
        with pytest.raises(OutputError, match="is being written by another process"):
            write(NEW, out, lock_wait_seconds=0.06)
    finally:
        os.close(descriptor)


def test_many_runs_at_once_take_turns(tmp_path: Path) -> None:
    """Five processes with five bundles: the folder holds one of them whole, and all say that they are done."""
    code = """
        import os
        children = []
        for letter in "abcde":
            if (child := os.fork()) == 0:
                for turn in range(5):
                    files = {f"boards/{number}.json": f"{letter}{turn}".encode() for number in range(6)}
                    write({**files, f"boards/{letter}": b""}, Path(sys.argv[1]) / "out")
                os._exit(0)
            children.append(child)
        print([os.waitpid(child, 0)[1] for child in children])
    """

    assert in_process(code, tmp_path).stdout == "[0, 0, 0, 0, 0]\n"

    found = visible(tmp_path / "out")
    letter = next(path for path in found if not path.endswith(".json"))[-1]
    assert found == {f"boards/{letter}": b"", **{f"boards/{number}.json": f"{letter}4".encode() for number in range(6)}}
