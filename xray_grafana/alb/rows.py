r"""Where the fields of access-log lines are, found for a whole block at once, and the lines with their fields as encoded entries.

The shape, and why positions can be trusted: a load balancer writes `"` inside a field as `\x22`, so that a quote always begins or ends a
field. In front of the first quote stand twelve fields; the third pair of quotes holds the trace header; the time of the request's creation
ends right in front of the sixth pair. Times of a block share their hour nearly always, so that only minutes and seconds are read as digits.

An entry is written as one fixed head with time, trace id and level, and the line behind it: the newline in front of each line is replaced
by room for the head. Protobuf takes fields in any order and numbers in more bytes than they need, which is what makes the head fixed
(read in Loki's decoder, pkg/push/types.go and push.pb.go, and tried on Loki).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xray_grafana.alb.batches import ScannedBatch
from xray_grafana.alb.blocks import SPARE_BYTES
from xray_grafana.alb.lines import ERROR, INFO, LONG_REQUEST_SECONDS, WARN, Timestamp
from xray_grafana.push.encode import Entry, encode_entry

Bytes: TypeAlias = NDArray[np.uint8]
Words: TypeAlias = NDArray[np.uint64]
Numbers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]

_QUOTE: Final = 0x22
_SPACE: Final = 0x20
_NEWLINE: Final = 0x0A
_FIELDS_BEFORE_REQUEST: Final = 12
_QUOTES: Final = 12
_SPACES_AROUND_TARGET_GROUP: Final = 4
_TYPES: Final = (b"https ", b"h2 ", b"http ", b"grpcs ", b"wss ", b"ws ")
# Zeros behind a block, so that reading at the fields of its last line stays inside.
_MARGIN: Final = bytes(SPARE_BYTES)
_SEMICOLON: Final = 0x3B
_DASH: Final = 0x2D
_ONE, _FOUR, _FIVE = b"145"

_WORD_BITS: Final = 64
_NS: Final = 1_000_000_000
_HOURS_MAX: Final = 8
_HOUR: Final = re.compile(rb"(20[0-9]{2})-([0-9]{2})-([0-9]{2})T([0-9]{2}):")


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text.ljust(8, b"\0"), "little"))


def _ones(count: int) -> np.uint64:
    return _word(b"\xff" * count)


def _each(byte: int) -> np.uint64:
    return np.uint64(byte * 0x0101010101010101)


_HIGH_BITS: Final = _each(0x80)
_ROOT: Final = _word(b"Root=1-")
_SELF: Final = _word(b"Self=1-")
_FIRST_SEVEN: Final = np.uint64(0x00FFFFFFFFFFFFFF)
_ID_BYTES: Final = 40  # Root=1-xxxxxxxx-xxxxxxxxxxxxxxxxxxxxxxxx
_TIME_BYTES: Final = 27  # 2026-11-21T16:44:12.123456Z

# The head of an entry in words of eight bytes. Lengths, seconds and nanoseconds take five bytes, whatever their size, and three constant
# lengths take two, so that the id's last 32 bytes fill whole words.
_TEMPLATE: Final = np.frombuffer(
    b"\x12\0\0\0\0\0"  # entry: length
    b"\x0a\x0c\x08\0\0\0\0\0\x10\0\0\0\0\0"  # timestamp: seconds, nanoseconds
    b"\x1a\xb1\0\x0a\x88\0trace_id\x12\xa3\0\0\0\0" + bytes(32) + b"\x1a\x0e\x0a\x05level\x12\0\0\0\0\0\0"  # its length and text
    b"\x12\0\0\0\0\0\0\0",  # line: length, and two bytes that are left out
    np.uint64,
)
_HEAD_BYTES: Final = 94
_HEAD_AFTER_LENGTH: Final = _HEAD_BYTES - 6
_GAP: Final = bytes(_HEAD_BYTES)
# `error` has its length in one byte, the others in two: each takes six.
_LEVELS: Final = np.frombuffer(b"\0\0\x84\0info\0\0\x84\0warn\0\0\x05error", np.uint64)
LEVEL_NAMES: Final = (INFO, WARN, ERROR)
_INFO, _WARN, _ERROR = range(3)
# Names and values of trace id and level, as Loki's limits count them; `error` has one more.
_METADATA_BYTES: Final = len("trace_id") + 35 + len("level") + len("info")


class Rows:
    """The lines of a block, and for those in the usual shape: time, id and level.

    usual       flags: the line has the usual shape, and every value below stands for what `read_line` would read
    placed      flags: it has that shape but for its trace header, and the other values stand
    begins      offset of each line in the block; the newline in front of it is one less
    lengths     bytes of each line
    timestamps  nanoseconds since 1970
    """

    def __init__(self, text: bytearray, timestamp: Timestamp, *, with_target_group: bool) -> None:
        size = len(text)
        text.extend(_MARGIN)
        self._text = text
        array = np.frombuffer(text, np.uint8)
        marks = np.flatnonzero((array == _QUOTE) | (array == _NEWLINE))
        at_newline = np.flatnonzero(array[marks] == _NEWLINE)
        newlines = marks[at_newline]
        self.begins: Numbers = newlines + 1
        self.lengths: Numbers = np.append(newlines[1:], size) - self.begins
        self.placed: Flags = np.zeros(len(newlines), np.bool_)
        self.timestamps: Numbers = np.zeros(len(newlines), np.int64)
        self.levels: Numbers = np.zeros(len(newlines), np.int64)
        self._ids: Words = np.zeros((len(newlines), _ID_BYTES // 8), np.uint64)
        quotes = np.append(at_newline[1:], len(marks)) - at_newline - 1
        self.usual: Flags = quotes >= _QUOTES
        if not self.usual.any():
            return
        first = np.minimum(at_newline + 1, len(marks) - _QUOTES)
        request, middle, trace, certificate_end, actions = (marks[first + number] for number in (0, 3, 4, 9, 10))
        self._trace, self._trace_end = trace, marks[first + 5]
        self._read_times(certificate_end, actions, timestamp)
        spaces = _Spaces(array)
        self.usual &= spaces.rank(request) - spaces.rank(self.begins) == _FIELDS_BEFORE_REQUEST
        if with_target_group:
            self.usual &= spaces.rank(trace) - spaces.rank(middle) == _SPACES_AROUND_TARGET_GROUP
        self._target_groups_end = trace - 1
        self._read_status(spaces, request)
        self.placed = self.usual.copy()
        self._read_id(trace)

    def line(self, row: int) -> bytes:
        """A line without its newline."""
        begin = int(self.begins[row])
        return bytes(self._text[begin : begin + int(self.lengths[row])])

    def header(self, row: int) -> str:
        """The trace header of a line that is placed."""
        return self._text[int(self._trace[row]) + 1 : int(self._trace_end[row])].decode()

    def alike(self, left: Flags, load_balancer: bytes | None, target_group: bytes | None) -> Flags:
        """Those of `left` that have the usual shape and these fields."""
        rows = np.flatnonzero(left & self.usual)
        if load_balancer is not None:
            rows = rows[self._have(self._load_balancers[rows], load_balancer + b" ")]
        if target_group is not None:
            rows = rows[self._have(self._target_groups_end[rows] - len(target_group) - 1, b" " + target_group + b" ")]
        alike = np.zeros_like(left)
        alike[rows] = True
        return alike

    def _have(self, at: Numbers, expected: bytes) -> Flags:
        """Whether those bytes stand at each offset."""
        have = at <= len(self._text) - len(expected)
        have[have] = (self._windows(at[have], len(expected)) == np.frombuffer(expected, np.uint8)).all(axis=1)
        return have

    def _windows(self, at: Numbers, width: int) -> Bytes:
        """That many bytes from each offset on. An offset in front of the text reads at its end: such a line is not usual."""
        windows: Bytes = np.ndarray((len(self._text) - width + 1, width), np.uint8, self._text, strides=(1, 1))
        return windows[at]

    def _words(self, at: Numbers, count: int) -> Words:
        return self._windows(at, 8 * count).view(np.uint64)

    def _read_times(self, certificate_end: Numbers, actions: Numbers, timestamp: Timestamp) -> None:
        """`time` behind the type, request_creation_time in front of the actions; both in the same hour, or the line is not usual."""
        line_heads = self._words(self.begins, 1)[:, 0]
        type_bytes = np.zeros(len(line_heads), np.int64)
        for name in _TYPES:
            type_bytes[line_heads & _ones(len(name)) == _word(name)] = len(name)
            if type_bytes.all():
                break
        ended_at = self.begins + type_bytes
        self._load_balancers = ended_at + _TIME_BYTES + 1
        created_at = actions - _TIME_BYTES - 1
        self.usual &= (type_bytes > 0) & (created_at - 1 > certificate_end)
        chosen, other = (created_at, ended_at) if timestamp == "request_creation_time" else (ended_at, created_at)
        words = self._words(np.concatenate((chosen, other)), 4)
        microseconds, well_formed = _clock(words)
        rows = len(line_heads)
        self.usual &= _same_hour(words[:rows], words[rows:]) & well_formed[:rows] & well_formed[rows:]
        self.usual &= self._byte(created_at - 1) == _SPACE
        if timestamp == "request_creation_time":
            self.usual &= microseconds[rows:] - microseconds[:rows] <= LONG_REQUEST_SECONDS * 1_000_000
        hours = _hours_ns(words[:rows], self.usual)
        self.usual &= hours > 0
        self.timestamps = hours + microseconds[:rows] * 1000

    def _read_status(self, spaces: _Spaces, request: Numbers) -> None:
        """The fifth field from the request backwards; three digits, of which the first gives the level."""
        status = self._words(spaces.field_before(request), 1)[:, 0]
        first = status & np.uint64(0xFF)
        digits = status & np.uint64(0xFFFFFF) | _each(0x30) & ~np.uint64(0xFFFFFF)
        self.usual &= (_not_digits(digits) == 0) & (status >> np.uint64(24) & np.uint64(0xFF) == _SPACE)
        self.usual &= (first >= _ONE) & (first <= _FIVE)
        self.levels = np.where(first == _FIVE, _ERROR, np.where(first == _FOUR, _WARN, _INFO))

    def _read_id(self, trace: Numbers) -> None:
        """`Root=` at the beginning of the trace field, or behind a `Self=` that is an id."""
        at = trace + 1
        words = self._words(at, _ID_BYTES // 8)
        well_formed = _is_id(words)
        behind_self = np.flatnonzero((words[:, 0] & _FIRST_SEVEN == _SELF) & well_formed & (self._byte(at + _ID_BYTES) == _SEMICOLON))
        if len(behind_self):
            at[behind_self] += _ID_BYTES + 1
            words[behind_self] = roots = self._words(at[behind_self], _ID_BYTES // 8)
            well_formed[behind_self] = _is_id(roots)
        after = self._byte(at + _ID_BYTES)
        self.usual &= well_formed & (words[:, 0] & _FIRST_SEVEN == _ROOT) & ((after == _QUOTE) | (after == _SEMICOLON))
        self._ids = words

    def _byte(self, at: Numbers) -> Bytes:
        byte: Bytes = np.frombuffer(self._text, np.uint8)[at]
        return byte

    def batch(self, labels: str, group: Numbers, others: dict[int, Entry], unreadable: int) -> ScannedBatch:
        """The entries of some lines; `others` has those that are not usual."""
        whole = len(group) == len(self.begins)
        text = self._text if whole else bytearray().join([b"\n" + self.line(row) for row in group.tolist()])
        lengths = self.lengths[group]
        sizes = lengths + _HEAD_BYTES
        ends = np.cumsum(sizes)
        starts = ends - sizes
        encoded = text.replace(b"\n", _GAP)
        gaps = np.ndarray((len(encoded) - _HEAD_BYTES + 1, _HEAD_BYTES), np.uint8, encoded, strides=(1, 1))
        gaps[starts] = self._heads(group, lengths).view(np.uint8)[:, :_HEAD_BYTES]
        timestamps = self.timestamps[group]
        metadata_bytes = len(group) * _METADATA_BYTES + int((self.levels[group] == _ERROR).sum())
        view = memoryview(encoded)
        pieces: list[bytes | memoryview] = []
        done = 0
        for place in np.flatnonzero(~self.usual[group]).tolist():
            entry = others[int(group[place])]
            own = encode_entry(entry)
            pieces += [view[done : int(starts[place])], own]
            done = int(ends[place])
            sizes[place], timestamps[place] = len(own), entry.timestamp_ns
            metadata_bytes += sum(len(name) + len(value) for name, value in entry.metadata) - _METADATA_BYTES
        pieces.append(view[done : int(ends[-1])])
        return ScannedBatch(labels, pieces, sizes, timestamps, lengths, metadata_bytes, unreadable)

    def _heads(self, group: Numbers, lengths: Numbers) -> Words:
        """The head of each line in words; what a line that is not usual gets is never sent."""
        seconds, nanos = np.divmod(self.timestamps[group], _NS)
        entry_length, seconds_bytes, nanos_bytes, line_length = _varints(np.array((lengths + _HEAD_AFTER_LENGTH, seconds, nanos, lengths)))
        heads = np.empty((len(group), len(_TEMPLATE)), np.uint64)
        heads[:] = _TEMPLATE
        eight, fifty_six = np.uint64(8), np.uint64(56)
        heads[:, 0] |= entry_length << eight
        heads[:, 1] |= seconds_bytes << eight | nanos_bytes << fifty_six
        heads[:, 2] |= nanos_bytes >> eight
        heads[:, 4] |= self._ids[group, 0] & ~_ones(5)
        heads[:, 5:9] = self._ids[group, 1:]
        heads[:, 10] |= _LEVELS[self.levels[group]]
        heads[:, 11] |= line_length << eight
        return heads


class _Spaces:
    """Where spaces are, as bits: the first byte of the text is the highest bit of the first word."""

    def __init__(self, array: Bytes) -> None:
        bits = np.packbits(array == _SPACE)
        padded = np.zeros(-(-len(bits) // 8) * 8 + 8, np.uint8)
        padded[: len(bits)] = bits
        self._words: Words = padded.view(">u8").astype(np.uint64)
        counts = np.bitwise_count(self._words)
        self._before: Numbers = np.cumsum(counts, dtype=np.int64) - counts

    def rank(self, at: Numbers) -> Numbers:
        """How many spaces stand in front of each offset."""
        word, bit = at >> 6, (at & 63).astype(np.uint64)
        in_front = self._words[word] >> np.uint64(1) >> (np.uint64(63) - bit)
        ranks: Numbers = self._before[word] + np.bitwise_count(in_front)
        return ranks

    def field_before(self, at: Numbers) -> Numbers:
        """Where the fifth field in front of each offset begins; offset 0, a newline, where it is farther away than 64 bytes."""
        first = np.maximum(at - _WORD_BITS, 0)
        word, bit = first >> 6, (first & 63).astype(np.uint64)
        window = self._words[word] << bit | self._words[word + 1] >> np.uint64(1) >> (np.uint64(63) - bit)
        for _ in range(4):
            window &= window - np.uint64(1)
        found = (window != 0) & (at >= _WORD_BITS)
        return np.where(found, at - _lowest(window), 0)


def _lowest(window: Words) -> Numbers:
    """The number of the lowest bit that is set."""
    numbers: Numbers = np.bitwise_count((window & -window) - np.uint64(1)).astype(np.int64)
    return numbers


def _is_id(words: Words) -> Flags:
    """Whether five words of text each are `xxxx=1-`, 8 hexadecimal digits, `-`, 24 hexadecimal digits."""
    digits = words.copy()
    digits[:, 0] = words[:, 0] & ~_FIRST_SEVEN | _each(0x30) & _FIRST_SEVEN
    digits[:, 1] = words[:, 1] & _FIRST_SEVEN | _each(0x30) & ~_FIRST_SEVEN
    numeral = (digits + _each(0x80 - 0x30)) & ~(digits + _each(0x80 - 0x3A))
    letter = (digits + _each(0x80 - 0x61)) & ~(digits + _each(0x80 - 0x67))
    good = (numeral | letter) & ~digits & _HIGH_BITS
    well_formed = good == _HIGH_BITS
    dash = words[:, 1] >> np.uint64(56) == _DASH
    whole: Flags = well_formed[:, 0] & well_formed[:, 1] & well_formed[:, 2] & well_formed[:, 3] & well_formed[:, 4] & dash
    return whole


def _same_hour(words: Words, others: Words) -> Flags:
    """Whether times in four words of text each begin alike, up to the colon behind the hour."""
    same: Flags = (words[:, 0] == others[:, 0]) & ((words[:, 1] ^ others[:, 1]) & _ones(6) == 0)
    return same


def _clock(words: Words) -> tuple[Numbers, Flags]:
    """Minute, second and microsecond of times in four words of text each, as one number of microseconds; and whether they are well formed.

    Looks at what stands behind the hour: `44:12.123456Z `.
    """
    minute, second, last = words[:, 1], words[:, 2], words[:, 3]
    digits = (
        minute >> np.uint64(48) | (second >> np.uint64(8) & np.uint64(0xFFFF)) << np.uint64(16) | second >> np.uint64(32) << np.uint64(32)
    )
    last_digits = last & np.uint64(0xFFFF)
    not_digits = _not_digits(digits) | _not_digits(last_digits | _each(0x30) & ~np.uint64(0xFFFF))
    sixty = (digits & np.uint64(0x00FF00FF)) + np.uint64(0x4A004A) & np.uint64(0x800080)
    marks = (second & np.uint64(0xFF0000FF) ^ np.uint64(0x2E00003A)) | (last & np.uint64(0xFFFF0000) ^ np.uint64(0x205A0000))
    values = digits & _each(0x0F)
    pairs = values * np.uint64(10) + (values >> np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF)
    tail = (last_digits & np.uint64(0x0F)) * np.uint64(10) + (last_digits >> np.uint64(8) & np.uint64(0x0F))
    byte = np.uint64(0xFF)
    seconds = (pairs & byte) * np.uint64(60) + (pairs >> np.uint64(16) & byte)
    fraction = ((pairs >> np.uint64(32) & byte) * np.uint64(100) + (pairs >> np.uint64(48))) * np.uint64(100) + tail
    return (seconds * np.uint64(1_000_000) + fraction).astype(np.int64), (not_digits | sixty | marks) == 0


def _not_digits(text: Words) -> Words:
    found: Words = (text | text + _each(0x80 - 0x3A) | text - _each(0x30)) & _HIGH_BITS
    return found


def _hours_ns(words: Words, wanted: Flags) -> Numbers:
    """The beginning of the hour of times in four words of text each, in nanoseconds since 1970; 0 for those not wanted and for no times."""
    hours = np.zeros(len(words), np.int64)
    left = wanted
    for _ in range(_HOURS_MAX):
        if not left.any():
            break
        row = int(left.argmax())
        alike = _same_hour(words, words[row : row + 1])
        hours[alike] = _hour_ns(words[row].tobytes())
        left = left & ~alike
    return hours


def _varints(numbers: Numbers) -> Words:
    """Numbers below 2**35 in protobuf's form in five bytes each, the lowest first, whatever their size."""
    values = numbers.astype(np.uint64)
    encoded = np.full_like(values, 0x0080808080)
    for place in range(5):
        encoded |= (values & np.uint64(0x7F << 7 * place)) << np.uint64(place)
    return encoded


def _hour_ns(text: bytes) -> int:
    """The beginning of the hour in `2026-11-21T16:44…`, in nanoseconds since 1970; 0 when it is none."""
    match = _HOUR.match(text)
    if match is None:
        return 0
    try:
        return int(datetime(*map(int, match.groups()), tzinfo=UTC).timestamp()) * _NS  # type: ignore[arg-type,misc]
    except ValueError:
        return 0
