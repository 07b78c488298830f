"""Chunks of bytes as blocks of whole lines, with the offset up to which an object has been read.

A line longer than the limit is cut out while it is read, so that a line without an end costs no memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from xray_grafana.errors import SourceError

_EXCERPT_BYTES: Final = 80
SPARE_BYTES: Final = 128
LINES_MAX: Final = 16_384


@dataclass(frozen=True, slots=True)
class Block:
    r"""Lines that follow each other.

    text       the lines in valid UTF-8, each with its newline in front of it: `\nfirst\nsecond`; empty when all were too long
    end        where the next block begins in the uncompressed object; bytes
    too_long   the beginnings of lines that were left out for their length
    """

    text: bytearray
    end: int
    too_long: list[bytes] = field(default_factory=list)


def blocks(chunks: Iterable[bytes], start: int, line_max_bytes: int) -> Iterator[Block]:
    """Blocks at most about as large as the chunks, from offset `start` on, which is the beginning of a line.

    The last line needs no newline. When `chunks` raises, every whole line in front of it has been given, and the error passes through.
    Raises SourceError (permanent) when there is no such offset.
    """
    position = 0  # of the next chunk
    rest = b""  # of a line whose end has not been seen
    cut = b""  # the beginning of a line that is too long and whose end has not been seen
    for whole in chunks:
        position += len(whole)
        if position <= start:
            continue
        chunk = whole[start - position :] if position - len(whole) < start else whole
        last = chunk.rfind(b"\n")
        if last < 0:
            rest += b"" if cut else chunk
            if len(rest) > line_max_bytes:
                cut, rest = rest[:_EXCERPT_BYTES], b""
            continue
        first = chunk.find(b"\n") + 1 if cut else 0  # behind the line that is too long
        lines = memoryview(chunk)[first:last]
        text = _roomy(b"\n", rest, lines) if first <= last else bytearray()
        rest = chunk[last + 1 :]
        begin = position - len(rest) - len(text)
        for part in _parts(text):
            begin += len(part)
            yield _block(part, begin, [cut] if cut else [], line_max_bytes)
            cut = b""
    if position < start:
        reason = f"it has {position:,} bytes uncompressed, and was to go on at byte {start:,}: it is not what it was"
        raise SourceError(reason, hint="have it shipped from its beginning", permanent=True)
    if cut:
        yield Block(bytearray(), position, [cut])
    elif rest:
        yield _block(bytearray().join((b"\n", rest)), position, [], line_max_bytes)


def _parts(text: bytearray) -> Iterator[bytearray]:
    """The text in parts of at most LINES_MAX lines: of lines of a byte each, two megabytes would take a gigabyte to encode."""
    is_newline = np.frombuffer(text, np.uint8) == ord("\n")
    if np.count_nonzero(is_newline) <= LINES_MAX:
        yield text
        return
    begins = np.flatnonzero(is_newline)[::LINES_MAX].tolist()
    for begin, end in pairwise([*begins, len(text)]):
        yield text[begin:end]


def _roomy(*parts: bytes | memoryview) -> bytearray:
    """The parts joined, with room to append SPARE_BYTES without a copy."""
    text = bytearray().join((*parts, bytes(SPARE_BYTES)))
    del text[-SPARE_BYTES:]
    return text


def _block(text: bytearray, end: int, too_long: list[bytes], line_max_bytes: int) -> Block:
    text = _valid(text)
    if _has_longer(text, line_max_bytes):
        kept = []
        for line in text.split(b"\n")[1:]:
            if len(line) > line_max_bytes:
                too_long.append(bytes(line[:_EXCERPT_BYTES]))
            else:
                kept.append(line)
        text = bytearray().join(b"\n" + line for line in kept)
    return Block(text, end, too_long)


def _has_longer(text: bytearray, line_max_bytes: int) -> bool:
    """Whether some line is longer than that, without looking at every line."""
    begin = 0  # of a line, with its newline
    while len(text) - begin > line_max_bytes + 1:
        begin = text.rfind(b"\n", begin + 1, begin + line_max_bytes + 2)
        if begin < 0:
            return True
    return False


def _valid(text: bytearray) -> bytearray:
    r"""The same in valid UTF-8: Loki's lines are text. A byte that is none is written `\xNN`, as load balancers write it themselves."""
    try:
        for line in _lines_beyond_ascii(text):
            line.decode()
    except UnicodeDecodeError:
        return bytearray(text.decode(errors="backslashreplace").encode())
    return text


def _lines_beyond_ascii(text: bytearray) -> Iterator[bytearray]:
    """Each line that holds a byte that is not ASCII. Few do, and a megabyte of lines is not decoded for one."""
    is_beyond = np.frombuffer(text, np.int8) < 0
    end = 0
    while is_beyond[end:].any():
        place = end + int(is_beyond[end:].argmax())
        end = text.find(b"\n", place)
        end = len(text) if end < 0 else end
        yield text[text.rfind(b"\n", 0, place) + 1 : end]
