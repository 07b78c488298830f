"""Where log objects go: a folder or a bucket. Names and bytes in; an object is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Protocol

from xray_grafana.errors import OutputError, UsageError

_S3: Final = "s3://"
# Shippers know by this end that a file is not to be read.
_PART: Final = ".part"


class Sink(Protocol):
    """Takes log objects. Both raise XRayGrafanaError."""

    def names(self, folder: str) -> set[str]:
        """What is below a folder, by whole names."""

    def put(self, name: str, body: bytes) -> None:
        """Stores an object; one of that name is replaced."""


def open_sink(target: str, region: str) -> Sink:
    """`s3://bucket/prefix`, or a folder. A bucket that is missing is made, in that region. Raises XRayGrafanaError."""
    if not target.startswith(_S3):
        return FolderSink(Path(target))
    bucket, _, prefix = target.removeprefix(_S3).partition("/")
    if not bucket:
        raise UsageError(f"got {target!r}, expected s3://bucket or s3://bucket/prefix")
    from xray_grafana.sandbox.demo.bucket import open_bucket  # noqa: PLC0415 — boto3 is not needed for a folder

    return open_bucket(bucket, prefix.strip("/"), region)


class FolderSink:
    """Files below a folder; folders are made as they are needed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, folder: str) -> set[str]:
        """What is below a folder of it."""
        top = self._root / folder
        return {path.relative_to(self._root).as_posix() for path in top.rglob("*.gz")}

    def put(self, name: str, body: bytes) -> None:
        """Written beside its place and then moved there: who looks at the folder meanwhile sees no half of it."""
        path = self._root / name
        part = path.with_name(path.name + _PART)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(body)
            os.replace(part, path)  # noqa: PTH105 — says that it replaces
        except OSError as error:
            summary = f"cannot write a log object: {error.strerror}"
            raise OutputError(summary, where=str(path), hint="name a folder that can be written, with room") from error
