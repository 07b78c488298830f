"""Peak memory of shipping an object of five gigabytes, which comes from a generator and goes to a Loki that keeps nothing."""

from __future__ import annotations

import io
import resource
import threading
import zlib
from typing import Any, BinaryIO

from bench.alb_lines import log_object
from bench.null_loki import null_loki
from xray_grafana.alb.checkpoint import NoCheckpoint
from xray_grafana.alb.inflate import inflate
from xray_grafana.alb.memory import keep_memory
from xray_grafana.alb.ship import Shipper
from xray_grafana.alb.streams import Services
from xray_grafana.push.client import PushClient
from xray_grafana.push.deliver import Deliverer
from xray_grafana.push.settings import settings_from

GIGABYTES = 5
MEBIBYTE = 1024 * 1024


class Endless(io.RawIOBase):
    """A gzip object of so many members, none of which is ever held twice."""

    def __init__(self, member: bytes, count: int) -> None:
        self._member = member
        self._left = count
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest and self._left:
            self._left -= 1
            self._rest = memoryview(self._member)
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


class LargeObject:
    """A source of `GIGABYTES` uncompressed."""

    def __init__(self) -> None:
        path = log_object()
        self.name = self.key_name = str(path)
        self.identity: str | None = None
        self.size_bytes: int | None = None
        self.modified_ns = 0
        text = next(iter(inflate(lambda: path.open("rb"))))
        text = text[: text.rfind(b"\n") + 1]
        packer = zlib.compressobj(wbits=31)
        self._member = packer.compress(text) + packer.flush()
        self._count = GIGABYTES * 10**9 // len(text) + 1

    def open(self) -> BinaryIO:
        return io.BufferedReader(Endless(self._member, self._count), MEBIBYTE)


def main() -> None:
    keep_memory()
    source = LargeObject()
    with null_loki() as url, PushClient(settings_from(url, {})) as client:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        shipper = Shipper(Deliverer(client, stop=threading.Event()), NoCheckpoint(), Services())
        outcome = shipper.ship(source)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{outcome.read_bytes / 1e9:.2f} GB, {outcome.counts.read:,} lines, balanced: {outcome.counts.is_balanced}")
    print(f"peak {peak:.0f} MiB, of which {before:.0f} MiB were there before the first byte")


if __name__ == "__main__":
    main()
