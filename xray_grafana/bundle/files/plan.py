"""What a write would do: the bundle beside what stands in the folder. Reads, never writes.

No symbolic link inside the folder is followed; the folder itself may be one.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xray_grafana.bundle.files.manifest import Manifest, digest_of, is_inside, read_manifest
from xray_grafana.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

# grafanalib's sources stand beside the JSON they are rendered to.
_SOURCE_SUFFIX: Final = ".dashboard.py"


@dataclass(frozen=True, slots=True)
class Plan:
    """Every path by what would happen to it; paths are relative, POSIX and sorted.

    `edited` holds content that is neither what was written nor what would be written: kept unless forced. `foreign` are unknown files in
    folders of the bundle: removed when forced. `strangers` are unknown names at the top of the folder: never touched.
    """

    folder: Path
    bundle: Mapping[str, bytes]
    manifest: Manifest
    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    stale: tuple[str, ...]
    edited: tuple[str, ...]
    foreign: tuple[str, ...]
    strangers: tuple[str, ...]
    old: Mapping[str, bytes]  # what stands at a path of the bundle or of the record; a symbolic link has no entry
    outside: Manifest  # entries of parts that were not asked for

    @property
    def pending(self) -> Manifest:
        """The record while the write runs: what stands there now, and what is about to."""
        kept = {path: self.manifest.files[path] for path in self.edited if path in self.manifest.files}
        ours = {path: digest_of(self.old[path]) for path in (*self.changed, *self.unchanged, *self.stale)}
        return Manifest(
            {**self.outside.files, **kept, **ours},
            {**self.outside.pending, **{path: digest_of(content) for path, content in self.bundle.items()}},
        )

    @property
    def final(self) -> Manifest:
        """The record after the write."""
        return Manifest({**self.outside.files, **{path: digest_of(content) for path, content in self.bundle.items()}}, self.outside.pending)


def plan_write(bundle: Mapping[str, bytes], folder: Path, parts: Collection[str] | None = None) -> Plan:
    """Compares a bundle with a folder. With `parts`, only the top-level folders and files of these names take part.

    Raises OutputError for a folder that cannot hold the bundle: a file, `/`, a broken record, something in the way of a file.
    """
    root = real_folder(folder)
    manifest = read_manifest(root)
    wanted = {path: content for path, content in sorted(bundle.items()) if _in_parts(path, parts)}
    if wrong := [path for path in wanted if not is_inside(path)]:
        raise ValueError(f"not paths below a folder: {', '.join(wrong)}")
    recorded = sorted(path for path in manifest.paths if _in_parts(path, parts))

    found = {path: _look(root, path) for path in {*wanted, *recorded}}
    _refuse_obstacles(root, [found[path] for path in wanted])
    old = {path: seen.content for path, seen in found.items() if seen.content is not None}
    present = {path for path, seen in found.items() if seen.kind in {_Kind.FILE, _Kind.LINK}}
    unchanged = {path for path, content in wanted.items() if old.get(path) == content}
    ours = {path for path, content in old.items() if manifest.knows(path, digest_of(content))}
    own_folders = {path.partition("/")[0] for path in found if "/" in path}
    return Plan(
        folder=root,
        bundle=wanted,
        manifest=manifest,
        new=_sorted(wanted.keys() - present),
        changed=_sorted((wanted.keys() & ours) - unchanged),
        unchanged=_sorted(unchanged),
        stale=_sorted(ours - wanted.keys()),
        edited=_sorted(present - unchanged - ours),
        foreign=_sorted(_strange_files(root, own_folders, found.keys())),
        strangers=() if parts is not None else _sorted(_strange_names(root, own_folders | found.keys())),
        old=old,
        outside=Manifest(_without(manifest.files, parts), _without(manifest.pending, parts)),
    )


def real_folder(folder: Path) -> Path:
    """The folder with every symbolic link on the way to it resolved; it need not exist. Raises OutputError when it cannot be one."""
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            raise OutputError("is not a folder", where=str(folder), hint="name another with --output")
    except FileNotFoundError:
        if folder.is_symlink():
            raise OutputError("is a symbolic link to nothing", where=str(folder), hint="create its target, or remove it") from None
    except OSError as error:
        raise OutputError(f"cannot be an output folder: {error.strerror}", where=str(folder), hint="name another with --output") from error
    root = Path(os.path.realpath(folder))
    if root == Path("/"):
        raise OutputError("is the root of the file system", where=str(folder), hint="name a folder of its own with --output")
    return root


def _in_parts(path: str, parts: Collection[str] | None) -> bool:
    return parts is None or path.partition("/")[0] in parts


def _without(entries: Mapping[str, str], parts: Collection[str] | None) -> dict[str, str]:
    return {path: digest for path, digest in entries.items() if not _in_parts(path, parts)}


def _sorted(paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(paths))


class _Kind(Enum):
    """What stands at a path. The value of an obstacle says why no file can be written there."""

    NOTHING = "nothing"
    FILE = "file"
    LINK = "link"
    FOLDER = "is a folder, where a file of the bundle belongs"
    SPECIAL = "is neither a file nor a folder"
    BELOW_LINK = "is a symbolic link, where a folder of the bundle belongs; links inside the output folder are not followed"
    BELOW_FILE = "is a file, where a folder of the bundle belongs"


@dataclass(frozen=True, slots=True)
class _Seen:
    kind: _Kind
    at: str  # the path itself, or the part of it that is in the way
    content: bytes | None = None


def _look(root: Path, path: str) -> _Seen:
    """What stands at a path, without following a link on the way or at its end."""
    try:
        for parent in reversed([parent.as_posix() for parent in Path(path).parents][:-1]):
            mode = (root / parent).lstat().st_mode
            if not stat.S_ISDIR(mode):
                return _Seen(_Kind.BELOW_LINK if stat.S_ISLNK(mode) else _Kind.BELOW_FILE, parent)
        mode = (root / path).lstat().st_mode
        if stat.S_ISREG(mode):
            return _Seen(_Kind.FILE, path, (root / path).read_bytes())
    except FileNotFoundError:
        return _Seen(_Kind.NOTHING, path)
    except OSError as error:
        raise OutputError(f"cannot be read: {error.strerror}", where=str(root / path)) from error
    if stat.S_ISLNK(mode):
        return _Seen(_Kind.LINK, path)
    return _Seen(_Kind.FOLDER if stat.S_ISDIR(mode) else _Kind.SPECIAL, path)


def _refuse_obstacles(root: Path, found: Iterable[_Seen]) -> None:
    obstacles = {seen.at: seen.kind for seen in found if seen.kind not in {_Kind.NOTHING, _Kind.FILE, _Kind.LINK}}
    if obstacles:
        lines = "".join(f"\n  {path} {kind.value}" for path, kind in sorted(obstacles.items()))
        raise OutputError(f"cannot hold the bundle:{lines}", where=str(root), hint="move these away; nothing was changed")


def _strange_files(root: Path, folders: Iterable[str], known: Collection[str]) -> Iterator[str]:
    for folder in folders:
        for path in _files_below(root, folder):
            if path not in known:
                yield path


def _files_below(root: Path, folder: str) -> Iterator[str]:
    """Every file and link in a folder; a link is not followed, hidden files and grafanalib's sources are passed over."""
    if (root / folder).is_symlink():
        yield folder
        return
    for entry in _entries(root / folder):
        path = f"{folder}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(root, path)
        else:
            yield path


def _strange_names(root: Path, known: Collection[str]) -> Iterator[str]:
    for entry in _entries(root):
        if entry.name not in known:
            yield f"{entry.name}/" if entry.is_dir(follow_symlinks=False) else entry.name


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not _is_passed_over(entry.name)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise OutputError(f"cannot be read: {error.strerror}", where=str(folder)) from error


def _is_passed_over(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__" or name.endswith(_SOURCE_SUFFIX)
