"""Where log objects are: files, standard input, and S3. Each opens as bytes as they are stored."""

from __future__ import annotations

import io
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NoReturn, Protocol

from xray_grafana.alb.fields import printable
from xray_grafana.errors import SourceError, UsageError

STDIN: Final = "-"
_NS: Final = 1_000_000_000
_STEP_BYTES: Final = 64 * 1024  # what a connection that breaks can take with it
_READ_HINT: Final = "the role needs s3:GetObject, s3:GetObjectVersion for a version, and kms:Decrypt where a key of yours encrypts it"
_LIST_HINT: Final = "the role needs s3:ListBucket on the bucket"


class Source(Protocol):
    """One version of one log object."""

    @property
    def name(self) -> str:
        """For people: `s3://bucket/key`, a path, `-`."""

    @property
    def identity(self) -> str | None:
        """The same for the same bytes, so that a checkpoint can go by it; None where nothing tells them apart. Raises SourceError."""

    @property
    def key_name(self) -> str:
        """The key or path that `keys.classify_key` reads."""

    @property
    def size_bytes(self) -> int | None:
        """As stored; None if that is not known."""

    @property
    def modified_ns(self) -> int:
        """When it was written, in nanoseconds since 1970; 0 if that is not known. Right after `open`."""

    def open(self) -> BinaryIO:
        """The object from its beginning. Raises SourceError, and io.UnsupportedOperation where there is no second time."""


class FileSource:
    """A file of this machine, or a pipe with a name, which can be read once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.key_name = str(path)
        self.name = printable(self.key_name)
        try:
            found = path.stat()
        except OSError as error:
            raise _file_error(self.name, error) from error
        self._is_file = stat.S_ISREG(found.st_mode)
        self._is_open = False
        self.size_bytes: int | None = found.st_size if self._is_file else None
        self.modified_ns = found.st_mtime_ns
        # As a URI, which takes every name there can be.
        self.identity: str | None = f"{path.resolve().as_uri()}@{found.st_size}-{found.st_mtime_ns}" if self._is_file else None

    def open(self) -> BinaryIO:
        """The file from its beginning; a pipe only once."""
        if self._is_open and not self._is_file:
            raise io.UnsupportedOperation(self.name)
        self._is_open = True
        try:
            return self.path.open("rb")
        except OSError as error:
            raise _file_error(self.name, error) from error


def _file_error(name: str, error: OSError) -> SourceError:
    return SourceError(f"cannot be read: {error.strerror}", where=name, permanent=True)


class StdinSource:
    """Standard input, which can be read once."""

    name = STDIN
    key_name = ""
    identity: str | None = None
    size_bytes: int | None = None

    def __init__(self) -> None:
        self.modified_ns = 0

    def open(self) -> BinaryIO:
        """Standard input; only once. What comes from it counts as written now."""
        if self.modified_ns:
            raise io.UnsupportedOperation(STDIN)
        self.modified_ns = time.time_ns()
        if sys.stdin is None:
            raise SourceError("standard input is closed", where=STDIN, permanent=True)
        # Else a terminal or socket that another program left so would seem to end where it only is slow.
        os.set_blocking(sys.stdin.fileno(), True)
        return io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False), 1024 * 1024)


class S3Source:
    """An object of S3, one version of it: a key that is written anew while it is read is an error, not a mixture."""

    def __init__(
        self, client: Any, bucket: str, key: str, version_id: str | None = None, etag: str | None = None, size_bytes: int | None = None
    ) -> None:
        self._client = client
        self._where = {"Bucket": bucket, "Key": key, **({"VersionId": version_id} if version_id else {})}
        self._version_id = version_id
        self._etag = etag.strip('"') if etag else None
        self.key_name = key
        self.name = printable(f"s3://{bucket}/{key}")
        self.size_bytes = size_bytes
        self.modified_ns = 0

    @property
    def identity(self) -> str | None:
        """By version or ETag; asks S3 for it if nobody said. Raises SourceError."""
        if self._version_id is None and self._etag is None:
            self._note_answer(self._call(self._client.head_object))
        return f"s3://{self._where['Bucket']}/{self.key_name}@{self._version_id or self._etag}"

    def open(self) -> BinaryIO:
        """The object from its beginning. A connection that breaks while it is read is taken up again where it broke."""
        return io.BufferedReader(_ObjectReader(self, self.body(0)), 1024 * 1024)

    def body(self, offset: int) -> Any:
        """The object's bytes from an offset on, as botocore's stream. Raises SourceError."""
        wanted = {"Range": f"bytes={offset}-"} if offset else {}
        answer = self._call(self._client.get_object, **wanted, **({"IfMatch": f'"{self._etag}"'} if self._etag else {}))
        self._note_answer(answer)
        return answer["Body"]

    def _note_answer(self, answer: dict[str, Any]) -> None:
        self._etag = self._etag or answer["ETag"].strip('"')
        self.modified_ns = int(answer["LastModified"].timestamp()) * _NS
        if self.size_bytes is None:
            self.size_bytes = answer["ContentLength"]

    def _call(self, call: Any, **more: str) -> dict[str, Any]:
        from xray_grafana.alb.aws_errors import AWS_ERRORS  # noqa: PLC0415 - botocore is not needed for files

        try:
            answer: dict[str, Any] = call(**self._where, **more)
        except AWS_ERRORS as error:
            raise _s3_error(error, self.name, _READ_HINT) from error
        return answer


def _s3_error(error: Any, name: str, hint_403: str) -> SourceError:
    from xray_grafana.alb.aws_errors import source_error  # noqa: PLC0415 - botocore is not needed for files

    status = getattr(error, "response", {}).get("ResponseMetadata", {}).get("HTTPStatusCode")
    hint = {
        403: hint_403,
        404: "it is gone: deleted by the bucket's lifecycle, or never there",
        412: "it was written anew; ship it again",
    }.get(status or 0, "look at its name, and at the region and credentials of this shell")
    found = source_error(error, "read it", name, hint)
    if status == 403:  # noqa: PLR2004 - a role can be mended, and then all its objects are right
        found.permanent = False
    return found


class _ObjectReader(io.RawIOBase):
    """Reads an object of S3; goes on at the same byte after a broken connection, as often as it gets some bytes each time."""

    def __init__(self, source: S3Source, body: Any) -> None:
        self._source = source
        self._offset = 0
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), _STEP_BYTES)
        try:
            chunk = self._read(count)
        except _BrokenError:
            self._body.close()
            self._body = self._source.body(self._offset)
            try:
                chunk = self._read(count)
            except _BrokenError as error:
                raise SourceError(f"the connection broke twice at byte {self._offset:,}: {error}", where=self._source.name) from error
        self._offset += len(chunk)
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def _read(self, count: int) -> bytes:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - botocore is not needed for files
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        try:
            chunk: bytes = self._body.read(count)
        except (BotoCoreError, HTTPError, OSError) as error:
            raise _BrokenError(str(error)) from error
        if not chunk and self._offset < (self._source.size_bytes or 0):
            raise _BrokenError("it ended early")
        return chunk

    def close(self) -> None:
        self._body.close()
        super().close()


class _BrokenError(Exception):
    """A connection that broke while an object was read."""


def find_sources(name: str, s3: Callable[[], Any]) -> Iterator[Source]:
    """What a name on a command line stands for: a file, a folder with the files below it, `-`, an object of S3 or a prefix with the objects
    below it; in the order of their names. `s3` gives a client. Raises SourceError and UsageError.
    """
    if name == STDIN:
        yield StdinSource()
    elif name.startswith("s3://"):
        yield from _s3_sources(name, s3())
    else:
        path = Path(name)
        files = sorted(_files_below(path)) if path.is_dir() else [path]
        if not files:
            raise SourceError("there is no file in it", where=name)
        yield from map(FileSource, files)


def _files_below(folder: Path) -> Iterator[Path]:
    """Files in a folder and in those below it. What cannot be looked into is an error, not nothing."""

    def refuse(error: OSError) -> NoReturn:
        raise error

    try:
        for below, _, names in os.walk(folder, onerror=refuse):
            yield from (path for name in names if (path := Path(below, name)).is_file())
    except OSError as error:
        raise _file_error(printable(str(error.filename)), error) from error


def _s3_sources(name: str, client: Any) -> Iterator[Source]:
    from xray_grafana.alb.aws_errors import AWS_ERRORS  # noqa: PLC0415 - botocore is not needed for files

    bucket, _, prefix = name.removeprefix("s3://").partition("/")
    if not bucket:
        raise UsageError("no bucket is named", where=name, hint="write s3://bucket/prefix")
    found = False
    try:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", ()):
                if _is_named(entry["Key"], prefix):
                    found = True
                    yield S3Source(client, bucket, entry["Key"], etag=entry["ETag"], size_bytes=entry["Size"])
    except AWS_ERRORS as error:
        raise _s3_error(error, name, _LIST_HINT) from error
    if not found:
        raise SourceError("there is no object of that name or below it", where=name)


def _is_named(key: str, prefix: str) -> bool:
    """Whether the prefix names the key or a folder that it is in, and the key is no folder; `logs` does not stand for `logs-old/…`."""
    return not key.endswith("/") and (key == prefix or not prefix or prefix.endswith("/") or key.startswith(f"{prefix}/"))
