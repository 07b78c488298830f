"""Access-log lines as batches for Loki, many at a time.

`read_line` says what a readable line is and what is taken from it. This module gives the same for each line, or asks it: a line in the
shape that nearly all have is read by its positions (`rows`), every other line goes to `read_line` alone.
"""

from __future__ import annotations

import numpy as np

from xray_grafana.alb.batches import Lines
from xray_grafana.alb.lines import Timestamp, read_line
from xray_grafana.alb.rows import LEVEL_NAMES, Flags, Rows
from xray_grafana.alb.streams import Streams
from xray_grafana.contract import METADATA_LEVEL, METADATA_TRACE_ID
from xray_grafana.push.encode import Entry
from xray_grafana.xray.header import parse_header


class AccessScanner:
    """Reads blocks of one object's access-log lines. `fallback_ns` is the time of lines that have none."""

    def __init__(self, streams: Streams, fallback_ns: int, timestamp: Timestamp = "request_creation_time") -> None:
        self._streams = streams
        self._fallback_ns = fallback_ns
        self._timestamp: Timestamp = timestamp

    def scan(self, text: bytearray) -> Lines:
        """Every line of a block (see `blocks.Block.text`) that is not blank, in the batches of its streams."""
        rows = Rows(text, self._timestamp, with_target_group=self._streams.by_target_group)
        kept = rows.lengths > 0
        others: dict[int, Entry] = {}
        unreadable = np.zeros_like(kept)
        for row in np.flatnonzero(kept & ~rows.usual).tolist():
            line = rows.line(row)
            if rows.placed[row]:
                others[row] = Entry(int(rows.timestamps[row]), line, _metadata(rows.header(row), int(rows.levels[row])))
                continue
            facts, is_readable = read_line("access", line, fallback_ns=self._fallback_ns, timestamp=self._timestamp)
            others[row] = Entry(facts.timestamp_ns, line, facts.metadata)
            unreadable[row] = not is_readable
        batches = [
            rows.batch(labels, np.flatnonzero(group), others, int((group & unreadable).sum()))
            for labels, group in self._groups(rows, kept, unreadable).items()
        ]
        return Lines(tuple(batches), len(kept), int((~kept).sum()))

    def _groups(self, rows: Rows, kept: Flags, unreadable: Flags) -> dict[str, Flags]:
        """The lines of each stream. Lines that cannot be read go to the block's first stream."""
        streams = self._streams
        if not kept.any():
            return {}
        if not streams.by_load_balancer and not streams.by_target_group:
            return {streams.labels(): kept}
        groups: dict[str, Flags] = {}
        left = kept & ~unreadable
        while left.any():
            row = int(left.argmax())
            load_balancer, target_group = _fields_of_stream(rows.line(row))
            alike = rows.alike(left, load_balancer if streams.by_load_balancer else None, target_group)
            alike[row] = True
            left &= ~alike
            labels = streams.labels(load_balancer.decode(), target_group.decode())
            groups[labels] = groups.get(labels, False) | alike
        first = next(iter(groups), streams.labels())
        groups[first] = groups.get(first, False) | unreadable
        return groups


def _metadata(header: str, level: int) -> tuple[tuple[str, str], ...]:
    root = parse_header(header).root
    level_pair = (METADATA_LEVEL, LEVEL_NAMES[level])
    return (level_pair,) if root is None else ((METADATA_TRACE_ID, root.xray), level_pair)


def _fields_of_stream(line: bytes) -> tuple[bytes, bytes]:
    """Load balancer and target group of a readable line."""
    parts = line.split(b'"', 5)
    return parts[0].split(b" ")[2], (parts[4].split(b" ") + [b""] * 4)[3]
