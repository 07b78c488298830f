"""The sandbox's SQLite database: connections to read with, one to write with.

A file is in WAL mode: readers go on while it is written. It is refused, its bytes untouched, when another sandbox has it, when another
program wrote it, when a later version did, or when it is damaged. Without a path the database is in memory and gone at the end.
"""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, Self

from xray_grafana.errors import OutputError
from xray_grafana.sandbox.store.claim import Claim, claimed
from xray_grafana.sandbox.store.schema import APPLICATION_ID, SCHEMA, VERSION, columns_made, columns_of
from xray_grafana.sandbox.store.turns import Turns

MEMORY: Final = "the database in memory"
_BUSY_SECONDS: Final = 10.0
_PROBE_MILLISECONDS: Final = 1000  # at the start somebody is waiting
_READ_PRAGMAS: Final = ("query_only = ON", "mmap_size = 1073741824", "cache_size = -16384")
_WRITE_PRAGMAS: Final = ("synchronous = NORMAL", "cache_size = -65536", "wal_autocheckpoint = 8192", "journal_size_limit = 67108864")
# A whole check of larger files would hold up the start; what it would have found is found when it is read.
_CHECKED_BYTES: Final = 64 * 1024 * 1024
# What is wrong with the file or the disk and not with our SQL: https://www.sqlite.org/rescode.html, primary codes.
_OUTSIDE: Final = {
    "SQLITE_CORRUPT": "the database is damaged",
    "SQLITE_NOTADB": "the database is damaged",
    "SQLITE_FULL": "the disk is full",
    "SQLITE_IOERR": "the database cannot be read or written",
    "SQLITE_READONLY": "the database cannot be written",
    "SQLITE_CANTOPEN": "the database cannot be opened",
    "SQLITE_BUSY": "another program holds the database locked",
    "SQLITE_PERM": "the database cannot be opened",
}
_ANOTHER_FILE: Final = "move the file away, or name another one"


class Store:
    """The open database. Any thread may read and write; `reading` and `writing` must not be entered within each other in one thread."""

    def __init__(self, name: str, claim: Claim | None) -> None:
        self.where = name if claim is not None else MEMORY
        self._name = name
        self._claim = claim
        self._reads: Turns | None = Turns() if claim is None else None  # a memory database has no WAL: one at a time
        self._writes = Turns() if self._reads is None else self._reads
        self._entered = threading.local()
        self._idle: list[sqlite3.Connection] = []
        self._closed = False
        self._guard = threading.Lock()
        self._writer = self._connect()

    @classmethod
    def open(cls, path: Path | None) -> Self:
        """Opens the file, made if it is not there, or a new database in memory. Raises OutputError for a file that is refused."""
        claim = None if path is None else claimed(path)
        name = f"file:/{uuid.uuid4().hex}?vfs=memdb" if path is None else str(path)
        with ExitStack() as undo:
            if claim is not None:
                undo.callback(claim.release)
            store = cls(name, claim)
            undo.pop_all()
            undo.callback(store.close)
            store._prepare()
            undo.pop_all()
        return store

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that sees one state of the database and cannot change it. Fetch quickly: in memory, others wait meanwhile."""
        with self._alone():
            if self._reads is None:
                with self._read() as connection:
                    yield connection
            else:
                with self._reads, self._read() as connection:
                    yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The one connection that writes, in a transaction: committed at the end, rolled back on an error."""
        with self._alone(), self._writes, self._faults():
            if self._closed:
                raise OutputError("the database is closed", where=self.where)
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Closes every connection once those in use are done. Closing again does nothing."""
        with self._writes, self._guard:
            if self._closed:
                return
            self._closed = True
            for connection in self._idle:
                connection.close()
            self._idle.clear()
            self._writer.close()
        if self._claim is not None:
            self._claim.release()

    def _prepare(self) -> None:
        with self._faults():
            writer = self._writer
            for pragma in _WRITE_PRAGMAS:
                writer.execute(f"PRAGMA {pragma}")
            writer.execute(f"PRAGMA busy_timeout = {_PROBE_MILLISECONDS}")
            writer.execute("BEGIN IMMEDIATE")
            is_new = not writer.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            writer.execute("ROLLBACK")
            if is_new:
                # Not yet in WAL mode, so that the mark stands in the file itself, where the next start looks for it.
                marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
                writer.executescript(f"BEGIN IMMEDIATE; {marks} {SCHEMA} COMMIT;")
            elif self._claim is not None:
                self._check(self._claim.size)
            if self._claim is not None:
                writer.execute("PRAGMA journal_mode = WAL")
            writer.execute(f"PRAGMA busy_timeout = {_BUSY_SECONDS * 1000:.0f}")

    def _check(self, size: int) -> None:
        lacking = columns_made() - columns_of(self._writer)
        if lacking:
            raise OutputError(f"the database is damaged: it has no {'.'.join(min(lacking))}", where=self.where, hint=_ANOTHER_FILE)
        for query in ("SELECT * FROM segments LIMIT 1", "SELECT * FROM traces LIMIT 1"):
            self._writer.execute(query).fetchone()
        if size <= _CHECKED_BYTES:
            (verdict,) = self._writer.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise OutputError(f"the database is damaged: {verdict}", where=self.where, hint=_ANOTHER_FILE)

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        with self._faults():
            with self._guard:
                if self._closed:
                    raise OutputError("the database is closed", where=self.where)
                connection = self._idle.pop() if self._idle else None
            if connection is None:
                connection = self._connect()
                for pragma in _READ_PRAGMAS:
                    connection.execute(f"PRAGMA {pragma}")
            try:
                connection.execute("BEGIN")
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                with self._guard:
                    if self._closed:
                        connection.close()
                    else:
                        self._idle.append(connection)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Says loudly what would otherwise wait for itself for ever, and in memory only."""
        if getattr(self._entered, "yes", False):
            raise RuntimeError("this thread is reading or writing already")
        self._entered.yes = True
        try:
            yield
        finally:
            self._entered.yes = False

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            name = getattr(error, "sqlite_errorname", None) or ""
            summary = next((text for code, text in _OUTSIDE.items() if name.startswith(code)), None)
            if summary is None:
                raise
            raise OutputError(f"{summary} ({error})", where=self.where, hint=_hint(name, self.where)) from error

    def _connect(self) -> sqlite3.Connection:
        with self._faults():
            return sqlite3.connect(
                self._name,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                uri=self._claim is None,
                cached_statements=256,
            )


def _hint(name: str, where: str) -> str:
    if name.startswith("SQLITE_BUSY"):
        return f"`fuser {where}` shows which process has it open"
    return "see that the disk has room and is writable" if name.startswith(("SQLITE_FULL", "SQLITE_IOERR")) else _ANOTHER_FILE
