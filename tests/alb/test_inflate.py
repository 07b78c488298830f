"""Whatever bytes an object has, everything that can be decoded arrives, and what cannot is told once."""

from __future__ import annotations

import gzip
import io
import random
import subprocess
import sys
import zlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from tests.alb.lines import access_lines
from xray_grafana.alb.inflate import _PIECE_BYTES as PIECE
from xray_grafana.alb.inflate import CHUNK_BYTES, DamageError, inflate
from xray_grafana.alb.sources import FileSource
from xray_grafana.errors import SourceError

ROOT = Path(__file__).parents[2]


def inflated(data: bytes, open_raw: Callable[[], BinaryIO] | None = None) -> tuple[bytes, str | None]:
    """What arrived, and what was said of the damage."""
    given = bytearray()
    try:
        for chunk in inflate(open_raw or (lambda: io.BytesIO(data))):
            assert 0 < len(chunk) <= CHUNK_BYTES
            given += chunk
    except DamageError as error:
        return bytes(given), error.summary
    return bytes(given), None


def by_bytes(data: bytes) -> bytes:
    """What zlib makes of it, fed byte by byte: whatever the first member holds in front of its damage."""
    decoder = zlib.decompressobj(31)
    given: list[bytes] = []
    with suppress(zlib.error):
        given.extend(decoder.decompress(data[place : place + 1]) for place in range(len(data)))
    return b"".join(given)


def compressible(size: int) -> bytes:
    return (b"".join(line + b"\n" for line in access_lines(size // 500 + 1, seed=4)) * 2)[:size]


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 - not for secrets


def in_blocks(text: bytes, block_bytes: int) -> tuple[bytes, list[int]]:
    """gzip in several blocks, and where each but the first begins."""
    encoder = zlib.compressobj(6, zlib.DEFLATED, 31)
    data, begins = b"", []
    for place in range(0, len(text), block_bytes):
        data += encoder.compress(text[place : place + block_bytes]) + encoder.flush(zlib.Z_SYNC_FLUSH)
        begins.append(len(data))
    return data + encoder.flush(), begins


class OneByte(io.RawIOBase):
    """Gives a byte at a time, as a slow connection may."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        byte = self._data.read(1)
        buffer[: len(byte)] = byte
        return len(byte)


@pytest.mark.parametrize("text", [b"", b"x", b"a line\nand one without an end", compressible(3 * CHUNK_BYTES + 17), noise(2 * CHUNK_BYTES)])
def test_an_object_arrives_whether_it_is_compressed_or_not(text: bytes) -> None:
    assert inflated(text) == (text, None)
    assert inflated(gzip.compress(text)) == (text, None)


def test_damage_is_for_good() -> None:
    with pytest.raises(DamageError) as caught:
        list(inflate(lambda: io.BytesIO(b"\x1f\x8b")))

    assert caught.value.permanent


def test_an_empty_object_is_no_damage() -> None:
    assert inflated(b"") == (b"", None)


@pytest.mark.parametrize("difference", range(-40, 41))
def test_what_fills_chunks_to_the_brim_arrives_whole(difference: int) -> None:
    """Whoever limits what a decoder gives at once must ask again for what it holds back."""
    text = b"a" * (2 * CHUNK_BYTES + difference)

    assert inflated(gzip.compress(text)) == (text, None)


@pytest.mark.parametrize("end", [PIECE + difference for difference in range(-20, 21)])
def test_a_member_may_end_anywhere_around_the_end_of_a_piece(end: int) -> None:
    """Stored without compression, text becomes longer by some bytes that do not depend on what it is."""
    longer = len(gzip.compress(noise(PIECE - 100), 0)) - (PIECE - 100)
    first, second = noise(end - longer), compressible(5_000)
    member = gzip.compress(first, 0)
    assert len(member) == end

    assert inflated(member + gzip.compress(second)) == (first + second, None)


def test_many_members_are_one_object() -> None:
    parts = [noise(size, seed=size) for size in (0, 1, 70_000, 0, 3, PIECE, 2 * PIECE + 1, 0)]

    assert inflated(b"".join(map(gzip.compress, parts))) == (b"".join(parts), None)


@pytest.mark.parametrize("zeros", [1, 511, PIECE, 3 * PIECE])
def test_zeros_behind_the_end_and_between_members_are_filling(zeros: int) -> None:
    data = gzip.compress(b"first\n") + bytes(zeros) + gzip.compress(b"second\n") + bytes(zeros)

    assert inflated(data) == (b"first\nsecond\n", None)


@pytest.mark.parametrize("garbage", [b"x", b"\0\0\0x", b"not gzip at all" * 20_000, bytes(PIECE) + b"x"])
def test_garbage_behind_the_end_is_told_after_everything_in_front_of_it(garbage: bytes) -> None:
    text = compressible(300_000)

    assert inflated(gzip.compress(text) + garbage) == (text, "its gzip data is damaged: what follows its end is no gzip")


def test_garbage_that_begins_like_gzip_is_damage_too() -> None:
    text = compressible(300_000)
    given, damage = inflated(gzip.compress(text) + b"\x1f\x8b but no more")

    assert given == text
    assert damage == "its gzip data is damaged: Gzip/zlib wrapper specifies unsupported compress method"


def test_an_object_cut_off_anywhere_gives_all_that_is_in_it() -> None:
    data = gzip.compress(compressible(20_000))

    for length in range(1, len(data)):
        assert inflated(data[:length]) == (by_bytes(data[:length]), "its gzip data is damaged: it ends in the middle"), length


def test_what_is_plain_and_begins_with_a_byte_of_gzips_is_plain() -> None:
    assert inflated(b"\x1f is the unit separator") == (b"\x1f is the unit separator", None)


@pytest.mark.parametrize("seed", range(16))
def test_everything_in_front_of_damage_in_the_middle_arrives(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    data, begins = in_blocks(compressible(800_000), chance.choice((5_000, 60_000, 300_000)))
    place = chance.choice(begins[:-1]) + chance.randrange(4)
    damaged = data[:place] + chance.choice((b"\xff" * 4, b"\x07", chance.randbytes(3))) + data[place + 3 :]
    expected = by_bytes(damaged)

    given, damage = inflated(damaged)

    assert given.startswith(expected)
    assert damage is not None
    # A byte that only changes what is meant is found by the checksum at the end, and by nothing before.
    assert len(given) == len(expected) or "checksum" not in damage


def test_damage_behind_much_of_little_is_found_at_its_place() -> None:
    """Text that shrinks a thousandfold, so that one piece gives many chunks and its rest is fed again and again."""
    data, begins = in_blocks(b"the same line again and again\n" * 400_000, 3_000_000)
    damaged = data[: begins[2]] + b"\xff" * 8 + data[begins[2] + 8 :]

    given, damage = inflated(damaged)

    assert given == by_bytes(damaged)
    assert len(given) == 9_000_000
    assert damage == "its gzip data is damaged: Invalid deflate block found"


@pytest.mark.parametrize("before", range(12))
def test_damage_that_the_fast_decoder_has_taken_and_not_looked_at_is_found_at_its_place(before: int) -> None:
    """It takes some bytes ahead, so that it fails over the next piece for what stands at the end of the one before."""
    text = noise(PIECE + 50_000)
    _, begins = in_blocks(text[: PIECE - 1000], PIECE - 1000)
    size = PIECE - 1000 + PIECE - before - begins[0]
    data, begins = in_blocks(text, size)
    assert begins[0] == PIECE - before
    damaged = data[: begins[0]] + b"\xff" * 8 + data[begins[0] + 8 :]

    assert inflated(damaged) == (text[:size], "its gzip data is damaged: Invalid deflate block found")


def test_a_flipped_bit_that_only_the_checksum_finds_is_told_at_the_end() -> None:
    data = bytearray(gzip.compress(compressible(400_000)))
    data[-8] ^= 1

    assert inflated(bytes(data)) == (compressible(400_000), "its gzip data is damaged: Incorrect checksum found")


def test_damage_in_the_second_member_leaves_the_first_alone() -> None:
    first, second = compressible(500_000), gzip.compress(compressible(50_000))
    given, damage = inflated(gzip.compress(first) + second[: len(second) // 2])

    assert given == first + by_bytes(second[: len(second) // 2])
    assert damage == "its gzip data is damaged: it ends in the middle"


def test_a_byte_at_a_time_makes_no_difference() -> None:
    text = compressible(20_000)

    assert inflated(b"", lambda: io.BufferedReader(OneByte(gzip.compress(text)))) == (text, None)
    assert inflated(b"", lambda: OneByte(gzip.compress(text))) == (text, None)  # type: ignore[arg-type,return-value]
    assert inflated(b"", lambda: OneByte(text)) == (text, None)  # type: ignore[arg-type,return-value]


def test_what_cannot_be_read_twice_loses_no_more_than_a_piece_in_front_of_its_damage() -> None:
    data, begins = in_blocks(noise(1_000_000), 50_000)
    damaged = data[: begins[12]] + b"\xff" * 8 + data[begins[12] + 8 :]
    opened: list[bool] = []

    def open_once() -> BinaryIO:
        if opened:
            raise io.UnsupportedOperation
        opened.append(True)
        return io.BytesIO(damaged)

    given, damage = inflated(b"", open_once)

    assert damage == "its gzip data is damaged: Invalid deflate block found"
    assert noise(1_000_000).startswith(given)
    assert begins[12] - PIECE <= len(given) <= begins[12]


def test_a_source_is_opened_again_only_for_damage_and_closed_each_time() -> None:
    opened: list[io.BytesIO] = []

    def open_raw(data: bytes) -> BinaryIO:
        opened.append(io.BytesIO(data))
        return opened[-1]

    data = gzip.compress(b"some lines\n" * 1000)
    inflated(b"", lambda: open_raw(data))
    assert len(opened) == 1
    inflated(b"", lambda: open_raw(data[:-1]))
    assert len(opened) == 3
    assert all(each.closed for each in opened)


def test_whoever_stops_reading_closes_the_source() -> None:
    raw = io.BytesIO(gzip.compress(b"a" * 5 * CHUNK_BYTES))
    chunks = inflate(lambda: raw)
    next(chunks)
    chunks.close()

    assert raw.closed


def test_a_disk_that_fails_is_an_error_of_the_source() -> None:
    """A process's own memory cannot be read at address 0."""
    with pytest.raises(SourceError, match="cannot be read: Input/output error") as caught:
        list(inflate(FileSource(Path("/proc/self/mem")).open))

    assert not caught.value.permanent


_CHILD = """
import io, zlib
from tests.alb.memory_peak import peak_kib
from xray_grafana.alb.inflate import DamageError, inflate

class Endless(io.RawIOBase):
    left = 400
    def readable(self):
        return True
    def readinto(self, buffer):
        if not self.left:
            return 0
        self.left -= 1
        if self.left == 399:
            self.encoder = zlib.compressobj(1, zlib.DEFLATED, 31)
        data = self.encoder.compress(b"a line of a load balancer" * 40_000) + self.encoder.flush(zlib.Z_SYNC_FLUSH)
        buffer[: len(data)] = data
        return len(data)

before = peak_kib()
read = 0
try:
    for chunk in inflate(lambda: io.BufferedReader(Endless(), 1 << 20)):
        read += len(chunk)
except DamageError:
    pass
print(read, peak_kib() - before)
"""


def test_memory_does_not_grow_with_the_object() -> None:
    """400 MB from a source that never ends its gzip, read twice because of that."""
    done = subprocess.run([sys.executable, "-c", _CHILD], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    read, grown_kib = map(int, done.stdout.split())

    assert read == 400 * 25 * 40_000
    assert grown_kib < 16 * 1024
