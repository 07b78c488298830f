"""A file of the user's own with new content in its place: whole or not at all, its mode kept, a link followed."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from xray_grafana.errors import OutputError


def replace_file(path: Path, old: bytes, new: bytes) -> None:
    """Writes beside the file, then renames into its place. Raises OutputError, with nothing changed, when it no longer holds `old`."""
    target = path.resolve()
    staged = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if target.read_bytes() != old:
            raise OutputError("has changed since it was read; nothing was written", where=str(path), hint="run the command again")
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(new)
                stream.flush()
                os.fsync(descriptor)
                os.fchmod(descriptor, target.stat().st_mode & 0o7777)
            staged.replace(target)
        finally:
            with suppress(OSError):
                staged.unlink()
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=str(path)) from error
