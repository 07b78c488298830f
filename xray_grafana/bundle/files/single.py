"""A few files on their own, outside any bundle: each whole or not there."""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xray_grafana.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE_MODE: Final = 0o644


def write_files(files: Mapping[Path, bytes], *, force: bool = False) -> tuple[Path, ...]:
    """Writes files beside their places, then renames each into it, in order. Returns those that did not have their content already.

    Raises OutputError, with nothing changed, when a file has other content and `force` is not given, or when one cannot be written.
    """
    changed = {path: content for path, content in files.items() if _current(path) != content}
    if not force and (there := [str(path) for path in changed if os.path.lexists(path)]):
        raise OutputError(
            "exists already; nothing was written", where=", ".join(there), hint="name another with --output, or overwrite with --force"
        )
    with ExitStack() as cleanup:
        staged = {}
        for path, content in changed.items():
            staged[path] = path.with_name(f".{path.name}.{os.getpid()}")
            cleanup.callback(_remove, staged[path])
            _stage(path, staged[path], content)
        for path, file in staged.items():
            try:
                file.replace(path)
            except OSError as error:
                raise _unwritable(path, error) from error
    return tuple(changed)


def _current(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _stage(path: Path, staged: Path, content: bytes) -> None:
    try:
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(f"cannot be written: {error.strerror}", where=str(path), hint="name another with --output")


def _remove(file: Path) -> None:
    with suppress(OSError):
        file.unlink()
