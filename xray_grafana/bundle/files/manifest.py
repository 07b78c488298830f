"""The record of what was written: path to SHA-256, in `.xray-grafana.json` at the top of the output folder.

`files` is what stands there by the program's own hand. `pending` is what a write was about to put there: it is empty but while a write
runs, or after one was killed; the next run then knows the files that were already swapped for its own.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from xray_grafana.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST_NAME: Final = ".xray-grafana.json"
_VERSION: Final = 1
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_HINT: Final = f"restore {MANIFEST_NAME} from version control, or delete it and run `xray-grafana generate --force`"


@dataclass(frozen=True, slots=True)
class Manifest:
    """Paths, relative and POSIX, and the digest of what the program wrote or was about to write there."""

    files: Mapping[str, str] = field(default_factory=dict)
    pending: Mapping[str, str] = field(default_factory=dict)

    def knows(self, path: str, digest: str) -> bool:
        """Whether content with this digest is the program's own at this path."""
        return digest in {self.files.get(path), self.pending.get(path)}

    @property
    def paths(self) -> frozenset[str]:
        """Every path that the program wrote or was about to write."""
        return frozenset(self.files) | frozenset(self.pending)

    def to_bytes(self) -> bytes:
        """Sorted, so that the same content is the same file."""
        record = {"version": _VERSION, "files": dict(self.files), "pending": dict(self.pending)}
        return (json.dumps(record, indent=2, sort_keys=True) + "\n").encode()


def digest_of(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def is_inside(path: str) -> bool:
    """Whether a path by itself names a visible file below the output folder: relative, printable, without `.`, `..` and empty parts."""
    return path.isprintable() and "\\" not in path and not path.startswith(".") and not {"", ".", ".."} & set(path.split("/"))


def read_manifest(folder: Path) -> Manifest:
    """The record in a folder; empty when there is none. Raises OutputError for one that cannot be trusted: files are deleted by it."""
    file = folder / MANIFEST_NAME
    try:
        record: Any = json.loads(file.read_bytes())
    except FileNotFoundError:
        return Manifest()
    except OSError as error:
        raise OutputError(f"cannot be read: {error.strerror}", where=str(file)) from error
    except (ValueError, RecursionError) as error:
        raise OutputError("is not JSON", where=str(file), hint=_HINT) from error
    if not isinstance(record, dict) or record.get("version") != _VERSION:
        raise OutputError(f"is not a record of version {_VERSION} of this program", where=str(file), hint=_HINT)
    return Manifest(_digests(file, record.get("files")), _digests(file, record.get("pending")))


def _digests(file: Path, entries: Any) -> dict[str, str]:
    if not isinstance(entries, dict):
        raise OutputError("does not list files with their digests", where=str(file), hint=_HINT)
    for path, digest in entries.items():
        if not is_inside(path):
            raise OutputError(f"names {path!r}, which is not a path below this folder", where=str(file), hint=_HINT)
        if not isinstance(digest, str) or _SHA256.fullmatch(digest) is None:
            raise OutputError(f"has no SHA-256 for {path!r}", where=str(file), hint=_HINT)
    return entries
