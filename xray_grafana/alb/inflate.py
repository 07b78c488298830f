"""The bytes of a log object as they were before they were compressed, in pieces of bounded size.

gzip is told by its magic bytes, not by a name. An object may be several gzip members one after the other. A damaged object gives everything
in front of the damage: a decoder that fails keeps what it decoded in that call, and a fast one does not give the last symbols that it could
tell. So the object is read again with zlib's, byte by byte near the damage.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import Any, BinaryIO, Final

from isal import isal_zlib

from xray_grafana.errors import SourceError

_MAGIC: Final = b"\x1f\x8b"
_GZIP: Final = 16 + 15  # wbits: gzip's header, the largest window
_PIECE_BYTES: Final = 256 * 1024
_CAREFUL_PIECE_BYTES: Final = 4 * 1024
_NO_LIMIT: Final = 0
# One chunk becomes one push. Loki takes 4 MiB at a time between its parts, with the metadata and some 50 bytes an entry.
CHUNK_BYTES: Final = 2 * 1024 * 1024
# What the fast decoder may have taken without having looked at it: a block's header of at most 328 bytes, and eight more.
_LOOKAHEAD_BYTES: Final = 512
_NUMBER: Final = re.compile(r"^Error -?\d+ ")  # the decoder's own, in front of its words


class DamageError(SourceError):
    """The object's data cannot be decoded any further; everything in front of that has been given."""

    def __init__(self, summary: str) -> None:
        super().__init__(summary, permanent=True)


class _StuckError(Exception):
    """The decoder gave up in what it was fed from this offset of the object on; None: it had given everything."""

    def __init__(self, reason: str, offset: int | None) -> None:
        super().__init__(reason)
        self.reason = _NUMBER.sub("", reason)
        self.offset = offset


def inflate(open_raw: Callable[[], BinaryIO]) -> Generator[bytes]:
    """Chunks of at most CHUNK_BYTES; an object that is not gzip comes as it is.

    Raises DamageError after everything in front of it. `open_raw` is called again then; where it cannot begin anew
    (io.UnsupportedOperation), up to a piece of compressed data in front of the damage is lost. Raises SourceError when reading fails.
    """
    given = 0
    try:
        with open_raw() as raw:
            for chunk in _decoded(raw):
                given += len(chunk)
                yield chunk
    except _StuckError as damage:
        if damage.offset is not None:
            yield from _rest(open_raw, damage.offset, given)
        raise DamageError(f"its gzip data is damaged: {damage.reason}") from damage
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror or error}") from error


def _rest(open_raw: Callable[[], BinaryIO], damage_offset: int, given: int) -> Iterator[bytes]:
    """What lies between the last chunk and the damage."""
    try:
        raw = open_raw()
    except io.UnsupportedOperation:
        return
    kept = bytearray()
    with raw, suppress(_StuckError):
        for chunk in _members(raw, b"", damage_offset - _LOOKAHEAD_BYTES):
            kept += chunk[given:]
            given = max(0, given - len(chunk))
            if len(kept) >= _PIECE_BYTES:
                yield bytes(kept)
                kept.clear()
    if kept:
        yield bytes(kept)


def _decoded(raw: BinaryIO) -> Iterator[bytes]:
    """The object's members, or the object itself."""
    piece = raw.read(_PIECE_BYTES)
    if piece and _MAGIC.startswith(piece[: len(_MAGIC)]):  # what is cut off behind its first byte is gzip none the less
        yield from _members(raw, piece, None)
        return
    while piece:
        yield piece
        piece = raw.read(CHUNK_BYTES)


def _members(raw: BinaryIO, piece: bytes, careful_from: int | None) -> Iterator[bytes]:
    """What is compressed; `piece` was read already. With `careful_from`, by zlib, and from that offset on one byte at a time."""
    new_decoder: Callable[[int], Any] = isal_zlib.decompressobj if careful_from is None else zlib.decompressobj
    chunk_bytes = CHUNK_BYTES if careful_from is None else _NO_LIMIT
    offset = 0
    decoder = new_decoder(_GZIP)
    while piece := piece or raw.read(_PIECE_BYTES if careful_from is None else _CAREFUL_PIECE_BYTES):
        if decoder.eof:
            piece = piece.lstrip(b"\0")  # some tools fill up with zeros
            if piece and piece[0] != _MAGIC[0]:
                raise _StuckError("what follows its end is no gzip", None)
            if piece:
                decoder = new_decoder(_GZIP)
            continue
        fed_bytes = len(piece) if careful_from is None else max(1, min(len(piece), careful_from - offset))
        try:
            chunk = decoder.decompress(piece[:fed_bytes], chunk_bytes)
        except (isal_zlib.error, zlib.error) as error:  # type: ignore[misc]  # a stub calls the class an instance
            raise _StuckError(str(error), offset) from error
        if chunk:
            yield chunk
        left = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
        offset += fed_bytes - len(left)
        piece = left + piece[fed_bytes:]
    if not decoder.eof:
        raise _StuckError("it ends in the middle", offset)
