"""Bodies are what google.protobuf and Snappy read back, whatever the entries hold."""

from __future__ import annotations

from typing import Any

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.push.proto import PushRequest
from xray_grafana.push.encode import Batch, Entry, EntryBatch, encode_body, encode_entry, labels_text, varint

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
ENTRIES = st.builds(
    Entry,
    timestamp_ns=st.integers(0, 2**63 - 1),
    line=st.one_of(st.binary(max_size=300), TEXT.map(str.encode)),
    metadata=st.lists(st.tuples(TEXT, TEXT), max_size=4).map(tuple),
)


def decoded(body: bytes) -> Any:
    request = PushRequest()
    request.ParseFromString(bytes(cramjam.snappy.decompress_raw(body)))
    return request


def written_by_protobuf(labels: str, entries: list[Entry]) -> Any:
    request = PushRequest()
    stream = request.streams.add(labels=labels)
    for entry in entries:
        added = stream.entries.add(line=entry.line)
        added.timestamp.seconds, added.timestamp.nanos = divmod(entry.timestamp_ns, 10**9)
        for name, value in entry.metadata:
            added.structuredMetadata.add(name=name, value=value)
    return request


@given(TEXT, st.lists(ENTRIES, max_size=20))
def test_protobuf_reads_the_very_message_that_it_would_write_itself(labels: str, entries: list[Entry]) -> None:
    assert decoded(EntryBatch(labels, tuple(entries)).body()) == written_by_protobuf(labels, entries)


@given(st.lists(ENTRIES, min_size=2, max_size=20))
def test_halves_hold_the_same_entries_in_order_and_neither_is_empty(entries: list[Entry]) -> None:
    first, second = EntryBatch("{}", tuple(entries)).halves()

    assert first.entries + second.entries == tuple(entries)
    assert abs(first.count - second.count) <= 1


@given(st.lists(ENTRIES, max_size=20), st.data())
def test_entries_may_come_encoded_in_pieces_of_any_length(entries: list[Entry], data: st.DataObject) -> None:
    whole = b"".join(map(encode_entry, entries))
    cut = data.draw(st.integers(0, len(whole)))

    assert decoded(encode_body('{a="b"}', [whole[:cut], whole[cut:]])) == written_by_protobuf('{a="b"}', entries)


@given(st.integers(0, 2**64 - 1))
def test_a_varint_gives_the_number_back_in_as_few_bytes_as_can_be(number: int) -> None:
    encoded = varint(number)

    assert sum((byte & 0x7F) << 7 * place for place, byte in enumerate(encoded)) == number
    assert [byte >> 7 for byte in encoded] == [1] * (len(encoded) - 1) + [0]
    assert len(encoded) == max(1, -(-number.bit_length() // 7))


def test_one_body_byte_by_byte() -> None:
    entry = Entry(1_000_000_001, b"hi", (("k", "v"),))

    assert encode_entry(entry) == (
        b"\x12\x12"  # entries, 18 bytes
        b"\x0a\x04\x08\x01\x10\x01"  # timestamp: 1 s and 1 ns
        b"\x1a\x06\x0a\x01k\x12\x01v"  # metadata
        b"\x12\x02hi"  # line
    )


def test_every_call_gives_the_same_bytes() -> None:
    batch = EntryBatch('{a="b"}', (Entry(1, b"x", (("trace_id", "1-2"),)), Entry(2, b"y")))

    assert batch.body() == batch.body() == EntryBatch(batch.labels, batch.entries).body()


def test_a_batch_says_what_the_limits_count() -> None:
    batch: Batch = EntryBatch("{}", (Entry(5, b"four", (("level", "info"),)), Entry(6, "ü".encode())))

    assert (batch.count, batch.size_bytes) == (2, 4 + 5 + 4 + 2)
    assert list(batch.timestamps_ns) == [5, 6]
    assert list(batch.line_bytes) == [4, 2]


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ({}, "{}"),
        ({"lb": "app/shop/1", "a": "b"}, '{a="b", lb="app/shop/1"}'),
        ({"a": 'quote " backslash \\ line\nbreak'}, '{a="quote \\" backslash \\\\ line\\nbreak"}'),
    ],
)
def test_labels_are_sorted_and_quoted(labels: dict[str, str], text: str) -> None:
    assert labels_text(labels) == text
