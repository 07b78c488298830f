"""The bundle into a folder, whole or not at all.

Everything that can fail for want of room or rights is done first, beside the files: each new file is written to a staging folder inside
the output folder, and each file that will be replaced is copied there. Then the files are swapped one by one by rename, which is atomic:
who reads a file sees all of the old one or all of the new one. What goes wrong half-way is undone from the copies.

Single files are swapped and not the folder, because a bind mount and a file watcher hold on to the folder they were given: Grafana in a
container would go on looking at the old one. A run killed half-way leaves whole files, some old, some new, and the record says which they
are: the next run removes the staging folder and goes through.

Linux and macOS: the folder is locked by flock(2), signals are held back by sigprocmask(2).
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import signal
import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xray_grafana.bundle.files.manifest import MANIFEST_NAME
from xray_grafana.bundle.files.plan import plan_write, real_folder
from xray_grafana.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from xray_grafana.bundle.files.plan import Plan

_STAGING_PREFIX: Final = ".xray-grafana.staging-"
_RESCUED_PREFIX: Final = ".xray-grafana.rescued-"
_STAGING: Final = re.compile(re.escape(_STAGING_PREFIX) + r"\d+")
# Names inside the staging folder: the record during the swap, after it, and before it.
_PENDING: Final = "record-pending"
_FINAL: Final = "record-final"
_BEFORE: Final = "record-before"
_FILE_MODE: Final = 0o644  # Grafana runs as a user of its own and has to read it; the umask is obeyed
_FOLDER_MODE: Final = 0o755
_LOCK_WAIT_SECONDS: Final = 10.0
_LOCK_POLL_SECONDS: Final = 0.05
_HELD_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_HINTS: Final = {
    errno.ENOSPC: "make room on the disk and run again",
    errno.EDQUOT: "make room in the quota and run again",
    errno.EFBIG: "raise the limit on file sizes (ulimit -f) and run again",
    errno.EACCES: "make the folder writable for you, or name another with --output",
    errno.EPERM: "make the folder writable for you, or name another with --output",
    errno.EROFS: "name a folder on a writable file system with --output",
    errno.EXDEV: "a file system is mounted inside the folder: write elsewhere and copy",
    errno.ENOLCK: "the file system knows no locks: write elsewhere and copy",
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What a write did; paths are sorted. `overwritten` and part of `removed` were somebody else's, by force; `kept` still are."""

    folder: Path
    new: tuple[str, ...]
    changed: tuple[str, ...]
    overwritten: tuple[str, ...]
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]


def write(
    bundle: Mapping[str, bytes],
    folder: Path,
    parts: Collection[str] | None = None,
    *,
    force: bool = False,
    lock_wait_seconds: float = _LOCK_WAIT_SECONDS,
) -> Summary:
    """Makes the folder hold the bundle: writes what is new or changed, removes what the program wrote earlier and no longer makes.

    With `parts`, only the top-level folders and files of these names take part. Files that were edited by hand stop the write before
    anything is changed; with `force` they are overwritten, and unknown files in folders of the bundle are removed. Unknown names at the
    top of the folder stay in any case.

    Raises OutputError: edited files without force, a folder that cannot be written, no room, another run that does not end. Then
    everything stands as before. SIGINT, SIGTERM and SIGHUP wait for the end of the swap.
    """
    root = real_folder(folder)
    with _failures_explained(root), ExitStack() as made:
        for created in _make_folders(root):
            made.callback(_remove_if_empty, created)
        with _locked(root, lock_wait_seconds):
            _sweep(root)
            plan = plan_write(bundle, root, parts)
            if plan.edited and not force:
                raise _edited_error(plan)
            summary = _summary(plan, force=force)
            if summary.new or summary.changed or summary.overwritten or summary.removed or plan.final != plan.manifest:
                _stage_and_swap(plan, summary)
        made.pop_all()
    return summary


def _summary(plan: Plan, *, force: bool) -> Summary:
    strange = {*plan.edited, *plan.foreign} - plan.bundle.keys() if force else set()
    return Summary(
        folder=plan.folder,
        new=plan.new,
        changed=plan.changed,
        overwritten=tuple(path for path in plan.edited if path in plan.bundle),
        unchanged=plan.unchanged,
        removed=tuple(sorted({*plan.stale, *strange})),
        kept=() if force else plan.foreign,
    )


def _edited_error(plan: Plan) -> OutputError:
    lines = "".join(f"\n  {path}" for path in plan.edited)
    foreign = "".join(f"\n  {path}" for path in plan.foreign)
    also = f"\nand files that it did not write, which --force removes:{foreign}" if foreign else ""
    return OutputError(
        f"holds files that are not as this program wrote them; nothing was changed:{lines}{also}",
        where=str(plan.folder),
        hint="look at them with `xray-grafana generate --diff`; move them away, or overwrite them with --force",
    )


def _stage_and_swap(plan: Plan, summary: Summary) -> None:
    staging = plan.folder / f"{_STAGING_PREFIX}{os.getpid()}"
    replaced = (*summary.changed, *summary.overwritten)
    written = sorted((*summary.new, *replaced))
    try:
        staging.mkdir(_FOLDER_MODE)
        contents = {f"new-{number}": plan.bundle[path] for number, path in enumerate(written)}
        _stage(staging, {_PENDING: plan.pending.to_bytes(), _FINAL: plan.final.to_bytes(), **contents})
        for number, path in enumerate(replaced):
            shutil.copy2(plan.folder / path, staging / f"old-{number}", follow_symlinks=False)
        with suppress(FileNotFoundError):
            shutil.copy2(plan.folder / MANIFEST_NAME, staging / _BEFORE)
        with _signals_held():
            _swap(plan.folder, staging, written, replaced, summary.removed)
            shutil.rmtree(staging, ignore_errors=True)
    except _UndoError:
        raise
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def _stage(staging: Path, files: Mapping[str, bytes]) -> None:
    """Writes files, then has the disk confirm each: some notice only then that they are full. (One by one takes fifteen times as long.)"""
    for name, content in files.items():
        descriptor = os.open(staging / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
    for name in files:
        descriptor = os.open(staging / name, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _swap(root: Path, staging: Path, written: Collection[str], replaced: Collection[str], removed: Collection[str]) -> None:
    """Renames everything into place. Each step notes how to undo it; when one fails, all are undone, the last one first."""
    copies = {path: staging / f"old-{number}" for number, path in enumerate(replaced)}
    undo: list[tuple[str, Callable[[], object]]] = []
    try:
        (staging / _PENDING).replace(root / MANIFEST_NAME)
        for number, path in enumerate(written):
            target = root / path
            for created in _make_folders(target.parent):  # noted one by one: to make the next may fail
                undo.append((path, partial(_remove_if_empty, created)))  # noqa: PERF401
            (staging / f"new-{number}").replace(target)
            undo.append((path, partial(copies[path].replace, target) if path in copies else target.unlink))
        for number, path in enumerate(removed):
            gone = staging / f"gone-{number}"
            (root / path).replace(gone)
            undo.append((path, partial(gone.replace, root / path)))
        (staging / _FINAL).replace(root / MANIFEST_NAME)
    except BaseException as cause:
        _roll_back(root, staging, undo, cause)
        raise
    for path in removed:
        for parent in Path(path).parents[:-1]:
            _remove_if_empty(root / parent)


class _UndoError(OutputError):
    """Some files could be neither swapped nor put back; their old content is kept."""


def _roll_back(root: Path, staging: Path, undo: list[tuple[str, Callable[[], object]]], cause: BaseException) -> None:
    """Undoes the steps. The record comes last: until then it knows old and new content for the program's own."""
    left: list[str] = []
    for path, step in reversed(undo):
        try:
            step()
        except OSError:
            left.append(path)
    if left:
        rescued = root / f"{_RESCUED_PREFIX}{os.getpid()}"
        with suppress(OSError):
            staging.rename(rescued)
        lines = "".join(f"\n  {path}" for path in sorted(left))
        kept = rescued if rescued.exists() else staging
        raise _UndoError(
            f"could not be written ({cause}), and these files could not be put back:{lines}",
            where=str(root),
            hint=f"mend the cause and run again; what stood there before is kept in {kept}",
        ) from cause
    with suppress(OSError):
        if (staging / _BEFORE).exists():
            (staging / _BEFORE).replace(root / MANIFEST_NAME)
        else:
            (root / MANIFEST_NAME).unlink()


def _make_folders(folder: Path) -> Iterator[Path]:
    """Makes a folder and what is missing above it; yields each one it made, the uppermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(_FOLDER_MODE, exist_ok=True)
        yield path


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def _sweep(root: Path) -> None:
    """Removes the staging folders of runs that were killed. The lock is held, so none of them is at work."""
    for folder in _staging_folders(root):
        shutil.rmtree(folder)


def _staging_folders(root: Path) -> list[Path]:
    with os.scandir(root) as entries:
        return [Path(entry) for entry in entries if _STAGING.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)]


@contextmanager
def _locked(root: Path, wait_seconds: float) -> Iterator[None]:
    """Holds the folder for this run. Raises OutputError when another run does not let go in time."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(root, descriptor, time.monotonic() + wait_seconds)
        yield
    finally:
        os.close(descriptor)


def _lock(root: Path, descriptor: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise _busy_error(root) from None
            time.sleep(_LOCK_POLL_SECONDS)
        else:
            return


def _busy_error(root: Path) -> OutputError:
    holders = ", ".join(folder.name.removeprefix(_STAGING_PREFIX) for folder in _staging_folders(root))
    who = f"process {holders}" if holders else "another process"
    return OutputError(f"is being written by {who}; nothing was changed", where=str(root), hint="run again when that has ended")


@contextmanager
def _signals_held() -> Iterator[None]:
    """Signals that ask the program to end are delivered at the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _failures_explained(root: Path) -> Iterator[None]:
    """Turns what the system refused into an OutputError that says what to do."""
    try:
        yield
    except OSError as error:
        place = error.filename2 or error.filename or str(root)
        hint = _HINTS.get(error.errno or 0)
        raise OutputError(
            f"cannot be written: {error.strerror}; everything stands as before", where=os.fsdecode(place), hint=hint
        ) from error
