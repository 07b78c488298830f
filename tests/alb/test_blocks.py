"""Lines stay whole and in order, however the bytes come, and every block says where the next one begins."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from xray_grafana.alb.blocks import LINES_MAX, Block, blocks
from xray_grafana.errors import SourceError

ROOT = Path(__file__).parents[2]
LIMIT = 40

# Bytes that do something to lines, and some that could.
TEXT = st.lists(
    st.sampled_from(
        [b"\n", b"\n", b"\r\n", b"a", b"bcdefgh", b"\0", b"\xff", "é".encode(), "日本".encode(), b"\xe6", b"x" * 30, b"y" * 41]
    ),
    max_size=60,
).map(b"".join)


def lines_of(found: list[Block]) -> list[bytes]:
    assert all(not block.text or block.text.startswith(b"\n") for block in found)
    return [bytes(line) for block in found for line in block.text.split(b"\n")[1:]]


def expected(text: bytes) -> tuple[list[bytes], list[bytes]]:
    """The lines, and the beginnings of those that are too long."""
    whole = text.removesuffix(b"\n").split(b"\n") if text else []
    valid = [line.decode(errors="backslashreplace").encode() for line in whole]
    return [line for line in valid if len(line) <= LIMIT], [line for line in valid if len(line) > LIMIT]


def pieces(text: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[begin:end] for begin, end in pairwise(places)]


@settings(max_examples=500, deadline=None)
@given(TEXT, st.lists(st.integers(0, 10_000), max_size=30))
@example(b"\xc3\xa9" + b"x" * 18 + b"\n\xff" + b"y" * 30 + b"\n" + b"z" * 39 + b"\n" + b"z" * 39 + b"\n", [])
def test_where_the_bytes_are_cut_does_not_matter(text: bytes, cuts: list[int]) -> None:
    found = list(blocks(pieces(text, cuts), 0, LIMIT))
    kept, too_long = expected(text)

    assert lines_of(found) == kept
    assert sum(len(block.too_long) for block in found) == len(too_long)


@settings(max_examples=500, deadline=None)
@given(TEXT, st.lists(st.integers(0, 10_000), max_size=30), st.lists(st.integers(0, 10_000), max_size=30))
def test_each_block_ends_where_a_line_begins_and_the_rest_is_exactly_what_comes_from_there(
    text: bytes, cuts: list[int], other_cuts: list[int]
) -> None:
    found = list(blocks(pieces(text, cuts), 0, LIMIT))

    for number, block in enumerate(found, 1):
        assert block.end == len(text) or text[block.end - 1 : block.end] == b"\n"
        rest = list(blocks(pieces(text, other_cuts), block.end, LIMIT))
        assert lines_of(rest) == lines_of(found[number:])
        assert sum(len(each.too_long) for each in rest) == sum(len(each.too_long) for each in found[number:])
    assert [block.end for block in found] == sorted({block.end for block in found})
    assert not found or found[-1].end == len(text)


@given(st.lists(st.binary(max_size=60).filter(lambda line: b"\n" not in line), max_size=12), st.integers(0, 12))
def test_any_beginning_of_a_line_is_a_place_to_go_on(lines: list[bytes], skipped: int) -> None:
    text = b"".join(line + b"\n" for line in lines)
    start = sum(len(line) + 1 for line in lines[:skipped])

    found = list(blocks([text], start, 1000))

    assert lines_of(found) == [line.decode(errors="backslashreplace").encode() for line in lines[skipped:]]


def test_a_start_at_the_end_leaves_nothing() -> None:
    assert list(blocks([b"one\n", b"two\n"], 8, LIMIT)) == []


def test_a_start_behind_the_end_is_that_of_another_object() -> None:
    with pytest.raises(SourceError, match="it has 8 bytes uncompressed, and was to go on at byte 99") as caught:
        list(blocks([b"one\n", b"two\n"], 99, LIMIT))
    assert caught.value.permanent


def test_very_many_lines_come_in_several_blocks_each_of_which_ends_where_the_next_begins() -> None:
    text = b"a\n" * (LINES_MAX * 2 + 5)

    found = list(blocks([b"first\n" + text], 0, LIMIT))

    assert [block.text.count(b"\n") for block in found] == [LINES_MAX, LINES_MAX, 6]
    assert [block.end for block in found] == [6 + 2 * (LINES_MAX - 1), 6 + 2 * (2 * LINES_MAX - 1), 6 + len(text)]
    assert b"".join(bytes(block.text) for block in found) == b"\nfirst" + b"\na" * (LINES_MAX * 2 + 5)


def test_a_block_holds_the_whole_lines_of_its_chunk() -> None:
    assert list(blocks([b"one\ntwo\nthr", b"ee\n", b"four"], 0, LIMIT)) == [
        Block(bytearray(b"\none\ntwo"), 8),
        Block(bytearray(b"\nthree"), 14),
        Block(bytearray(b"\nfour"), 18),
    ]


@pytest.mark.parametrize("text", [b"", b"no newline", b"\n", b"\n\n\n", b"a\n\n\nb\n", b"a\r\nb\r\n", b"nul\0 in it\n\0\n", b"\r"])
def test_lines_are_left_as_they_are(text: bytes) -> None:
    assert lines_of(list(blocks([text], 0, LIMIT))) == expected(text)[0]


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("日本語 é 🙂".encode(), "日本語 é 🙂".encode()),
        (b"\xff\xfe", rb"\xff\xfe"),
        (b"cut \xe6\x97", rb"cut \xe6\x97"),
        (b"surrogate \xed\xa0\x80", rb"surrogate \xed\xa0\x80"),
        (b"overlong \xc0\xaf", rb"overlong \xc0\xaf"),
    ],
)
def test_bytes_that_are_no_text_are_written_as_load_balancers_write_them(line: bytes, written: bytes) -> None:
    assert lines_of(list(blocks([b"ascii\n" + line + b"\nascii\n"], 0, LIMIT))) == [b"ascii", written, b"ascii"]


@pytest.mark.parametrize("place", range(60))
def test_one_byte_that_is_no_text_is_found_wherever_it_is(place: int) -> None:
    """In front of it stands a line with a letter that is text and none in ASCII."""
    for first in range(1, 30):
        text = bytearray(b"\xc3\xa9" + b"a" * first + b"\n" + b"b" * 60 + b"\n" + b"c" * 40 + b"\n")
        text[first + 3 + place : first + 4 + place] = b"\xff"

        [found] = blocks([bytes(text)], 0, 100)

        assert bytes(found.text) == b"\n" + bytes(text[:-1]).decode(errors="backslashreplace").encode(), first


def test_a_line_that_gets_too_long_by_writing_its_bytes_out_is_too_long() -> None:
    [found] = blocks([b"\xff" * 11 + b"\nfine\n"], 0, LIMIT)

    assert (lines_of([found]), found.too_long) == ([b"fine"], [rb"\xff" * 11])


@pytest.mark.parametrize("chunk_bytes", [1, 7, 40, 41, 42, 81, 82, 83, 500, 10_000])
def test_a_line_over_the_limit_is_left_out_and_told_and_its_neighbours_stay(chunk_bytes: int) -> None:
    text = b"before\n" + b"L" * 200 + b"\nbetween\n" + b"M" * (LIMIT + 1) + b"\n" + b"N" * LIMIT + b"\n" + b"O" * 999

    found = list(blocks([text[at : at + chunk_bytes] for at in range(0, len(text), chunk_bytes)], 0, LIMIT))

    assert lines_of(found) == [b"before", b"between", b"N" * LIMIT]
    heads = [head for block in found for head in block.too_long]
    assert [head[:1] for head in heads] == [b"L", b"M", b"O"]
    assert all(LIMIT < len(head) <= 80 for head in heads)
    assert found[-1].end == len(text)


def test_everything_in_front_of_damage_arrives_and_then_the_damage() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"one\ntw"
        yield b"o\nthr"
        raise ValueError("damaged")

    found: list[Block] = []
    with pytest.raises(ValueError, match="damaged"):
        found.extend(blocks(chunks(), 0, LIMIT))

    assert lines_of(found) == [b"one", b"two"]
    assert found[-1].end == 8


_CHILD = """
from tests.alb.memory_peak import peak_kib
from xray_grafana.alb.blocks import blocks

chunk = b"never ends " * 100_000
found = list(blocks((chunk for _ in range(20)), 0, 262_144))
before = peak_kib()
found = list(blocks((chunk for _ in range(400)), 0, 262_144))
[block] = found
print(block.end, len(block.text), len(block.too_long), peak_kib() - before)
"""


def test_a_line_without_an_end_costs_no_memory() -> None:
    done = subprocess.run([sys.executable, "-c", _CHILD], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    end, length, too_long, grown_kib = map(int, done.stdout.split())

    assert (end, length, too_long) == (440_000_000, 0, 1)
    assert grown_kib < 8 * 1024
