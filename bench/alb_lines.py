"""A gzip file of access-log lines for the benches: made once, the same bytes each time."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tests.alb.lines import KEY, access_lines

LINES = 400_000
_GZIP_LEVEL = 6  # load balancers' own is not documented; this is gzip's default
_MEMBER_LINES = 20_000


def log_object(lines: int = LINES) -> Path:
    """A file with so many lines, under build/; its name is that of an object in S3."""
    path = Path("build") / "bench" / str(lines) / KEY
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with gzip.GzipFile(part, "wb", _GZIP_LEVEL, mtime=0) as file:
            written = 0
            for text in _texts():
                file.write(text)
                written += _MEMBER_LINES
                if written >= lines:
                    break
        part.rename(path)
    return path


def _texts() -> Iterator[bytes]:
    """Lines without an end: the first LINES of them anew, then those again with other ids, which is quicker to make."""
    source = access_lines(LINES, seed=1)
    texts = []
    while text := b"".join(line + b"\n" for line in islice(source, _MEMBER_LINES)):
        texts.append(text)
        yield text
    number = 0
    while True:
        for text in texts:
            number += 1
            yield text.replace(b"Root=1-6", b"Root=1-%x" % (number % 6)).replace(b"TID_", b"TID_%02x" % (number % 256))
