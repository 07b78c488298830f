"""How far each object has been shipped, in a SQLite file, so that a program that was killed goes on where it was.

A position is written after Loki has taken everything in front of it: what a kill can repeat is the one block in hand, with the same bytes.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from xray_grafana.errors import UsageError

_FORMAT: Final = 1
KEPT_SECONDS: Final = 90 * 86400
_SAVES_BETWEEN_CLEANINGS: Final = 4096
_BUSY_SECONDS: Final = 10.0
_SCHEMA: Final = """
CREATE TABLE position (
    target TEXT NOT NULL,
    object TEXT NOT NULL,
    offset_bytes INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    written_seconds INTEGER NOT NULL,
    PRIMARY KEY (target, object)
) WITHOUT ROWID
"""
_SAVE: Final = """
INSERT INTO position VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    offset_bytes = max(offset_bytes, excluded.offset_bytes),
    finished = max(finished, excluded.finished),
    written_seconds = excluded.written_seconds
"""


@dataclass(frozen=True, slots=True)
class Position:
    """Bytes of the uncompressed object that are shipped, and whether that is all of it."""

    offset: int = 0
    finished: bool = False


class Checkpoint(Protocol):
    """Remembers positions by `Source.identity`."""

    def position(self, identity: str | None) -> Position:
        """Where to go on; the beginning for what is not known."""

    def save(self, identity: str | None, position: Position) -> None:
        """Remembers a position."""

    def forget(self, identity: str | None) -> None:
        """Has the object begin anew."""


class NoCheckpoint:
    """Remembers nothing."""

    def position(self, identity: str | None) -> Position:  # noqa: ARG002
        """The beginning."""
        return Position()

    def save(self, identity: str | None, position: Position) -> None:
        """Nothing."""

    def forget(self, identity: str | None) -> None:
        """Nothing."""


class FileCheckpoint:
    """Remembers in a SQLite file, for one target: the same objects can go to several Lokis. Safe to share between threads and programs.

    What was written longer than `kept_seconds` ago is forgotten.

    Raises UsageError for a file that is something else; it is never overwritten.
    """

    def __init__(self, path: Path, target: str, kept_seconds: int = KEPT_SECONDS) -> None:
        self._path = path
        self._target = target
        self._kept_seconds = kept_seconds
        self._saves = 0
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(f"its folder cannot be made: {error.strerror}") from error
        with self._told():
            self._database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            with self._told():
                self._prepare()
        except BaseException:
            self._database.close()
            raise

    def _prepare(self) -> None:
        database = self._database
        # Another program may be making the file right now: what it is can be told when nobody else writes.
        database.execute("BEGIN IMMEDIATE")
        (found,) = database.execute("PRAGMA user_version").fetchone()
        if found not in {0, _FORMAT}:
            raise self._unusable(f"it has format {found}, this program writes {_FORMAT}")
        if found == 0:
            if database.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
                raise self._unusable("it is a database of another program")
            database.execute(_SCHEMA)
            database.execute(f"PRAGMA user_version = {_FORMAT}")
        self._clean()
        database.execute("COMMIT")
        database.execute("PRAGMA journal_mode = WAL")
        # What the machine's end could lose is shipped again: Loki takes the same entry twice without harm.
        database.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._unusable(str(error)) from error

    def _unusable(self, reason: str) -> UsageError:
        hint = "name another file; one that is broken can be deleted, and then all is shipped from its beginning"
        return UsageError(f"cannot be used as a checkpoint: {reason}", where=str(self._path), hint=hint)

    def position(self, identity: str | None) -> Position:
        """Where to go on; the beginning for what is not known. Raises UsageError when the file cannot be read."""
        with self._told(), self._lock:
            row = self._database.execute(
                "SELECT offset_bytes, finished FROM position WHERE target = ? AND object = ?", (self._target, identity)
            ).fetchone()
        return Position() if row is None else Position(row[0], bool(row[1]))

    def save(self, identity: str | None, position: Position) -> None:
        """Remembers a position, unless a farther one is known; nothing for what has no identity. Raises UsageError as `position` does."""
        if identity is None:
            return
        values = (self._target, identity, position.offset, position.finished, int(time.time()))
        with self._told(), self._lock:
            self._database.execute(_SAVE, values)
            self._saves += 1
            if self._saves % _SAVES_BETWEEN_CLEANINGS == 0:
                self._clean()

    def forget(self, identity: str | None) -> None:
        """Has the object begin anew. Raises UsageError as `position` does."""
        with self._told(), self._lock:
            self._database.execute("DELETE FROM position WHERE target = ? AND object = ?", (self._target, identity))

    def _clean(self) -> None:
        self._database.execute("DELETE FROM position WHERE written_seconds < ?", (int(time.time()) - self._kept_seconds,))

    def close(self) -> None:
        """Closes the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
