"""Lines of the logs that are not access logs of application load balancers, as batches for Loki, one line at a time."""

from __future__ import annotations

from dataclasses import dataclass

from xray_grafana.alb.batches import Lines
from xray_grafana.alb.keys import LogType
from xray_grafana.alb.lines import read_line
from xray_grafana.alb.streams import Streams
from xray_grafana.push.encode import Entry, EntryBatch


@dataclass(frozen=True, slots=True)
class PlainBatch(EntryBatch):
    """A `batches.LineBatch` from entries."""

    unreadable: int = 0

    @property
    def oldest_ns(self) -> int:
        """The least of its times."""
        return min(entry.timestamp_ns for entry in self.entries)


class PlainScanner:
    """Reads blocks of one object's lines. `fallback_ns` is the time of lines that have none."""

    def __init__(self, streams: Streams, fallback_ns: int, log_type: LogType) -> None:
        self._streams = streams
        self._fallback_ns = fallback_ns
        self._log_type: LogType = log_type

    def scan(self, text: bytearray) -> Lines:
        """Every line of a block (see `blocks.Block.text`) that is not blank, in one batch."""
        lines = bytes(text).split(b"\n")[1:]
        entries = []
        unreadable = 0
        for line in filter(None, lines):
            facts, is_readable = read_line(self._log_type, line, fallback_ns=self._fallback_ns)
            entries.append(Entry(facts.timestamp_ns, line, facts.metadata))
            unreadable += not is_readable
        batches = (PlainBatch(self._streams.labels(), tuple(entries), unreadable),) if entries else ()
        return Lines(batches, len(lines), len(lines) - len(entries))
