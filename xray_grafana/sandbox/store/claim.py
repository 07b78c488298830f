"""A database file is looked at before SQLite opens it, and held against other sandboxes while it is in use."""

from __future__ import annotations

import fcntl
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from xray_grafana.errors import OutputError
from xray_grafana.sandbox.store.schema import APPLICATION_ID, VERSION

# https://www.sqlite.org/fileformat.html, "The Database Header".
_HEADER_BYTES: Final = 100
_MAGIC: Final = b"SQLite format 3\0"
_USER_VERSION: Final = slice(60, 64)
_APPLICATION_ID: Final = slice(68, 72)

_ANOTHER_FILE: Final = "name another file; this one stays as it is"


@dataclass(frozen=True)
class Claim:
    """A file that is ours or empty, and locked (flock) while the claim lasts. `size` in bytes when it was claimed.

    The lock is on a descriptor of its own, which must be closed last: closing it drops SQLite's own locks (POSIX) on the file as well.
    """

    descriptor: int
    size: int

    def release(self) -> None:
        """Lets others have the file."""
        os.close(self.descriptor)


def claimed(path: Path) -> Claim:
    """The file, made empty if it is not there. Raises OutputError when another sandbox has it or it is not one of ours."""
    try:
        # Without O_NONBLOCK a device may keep whoever opens it waiting.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise OutputError(f"cannot be opened: {error.strerror}", where=str(path), hint="its folder must be there and writable") from error
    try:
        _check_kind(descriptor, str(path))
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _check(os.pread(descriptor, _HEADER_BYTES, 0), str(path))
        return Claim(descriptor, os.fstat(descriptor).st_size)
    except BlockingIOError as error:
        os.close(descriptor)
        hint = f"end that one (`fuser {path}` shows its process), or name another file"
        raise OutputError("another sandbox is using this database", where=str(path), hint=hint) from error
    except BaseException:
        os.close(descriptor)
        raise


def _check_kind(descriptor: int, where: str) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OutputError("is no file but a pipe, a device or the like", where=where, hint=_ANOTHER_FILE)


def _check(header: bytes, where: str) -> None:
    if not header:
        return
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise OutputError("is no SQLite database", where=where, hint=_ANOTHER_FILE)
    if int.from_bytes(header[_APPLICATION_ID], "big") != APPLICATION_ID:
        raise OutputError("is a database of another program", where=where, hint=_ANOTHER_FILE)
    version = int.from_bytes(header[_USER_VERSION], "big")
    if version > VERSION:
        hint = "use that version, or name another file; this one stays as it is"
        raise OutputError(
            f"was written by a later version of this program (format {version}, this one reads {VERSION})", where=where, hint=hint
        )
