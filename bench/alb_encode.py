"""A log object to push bodies, in this process, on one core: ours, beside what no shipper can do without, and beside generated protobuf.

floor      inflating the object, and compressing the very bodies that ours makes
protobuf   the same work line by line: the plain reader and google.protobuf's C message classes
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cramjam

from bench.alb_lines import LINES, log_object
from tests.push.proto import PushRequest
from xray_grafana.alb.blocks import blocks
from xray_grafana.alb.inflate import inflate
from xray_grafana.alb.keys import LogKey, classify_key
from xray_grafana.alb.memory import keep_memory
from xray_grafana.alb.scan import AccessScanner
from xray_grafana.alb.ship import LINE_MAX_BYTES
from xray_grafana.alb.streams import Services, Streams

ROUNDS = 5


def chunks(path: Path) -> Iterator[bytes]:
    return inflate(lambda: path.open("rb"))


def bodies(path: Path) -> Iterator[bytes]:
    key = classify_key(str(path))
    assert isinstance(key, LogKey)
    scanner = AccessScanner(Streams(Services(), "access", key), 0)
    for block in blocks(chunks(path), 0, LINE_MAX_BYTES):
        for batch in scanner.scan(block.text).batches:
            yield batch.body()


def protobuf_bodies(path: Path) -> Iterator[bytes]:
    """The quickest way that reads a line for its time, level and id with string methods alone, and has protobuf write it."""
    for block in blocks(chunks(path), 0, LINE_MAX_BYTES):
        push = PushRequest()
        stream = push.streams.add(labels='{service_name="shop-front"}')
        for line in bytes(block.text).split(b"\n")[1:]:
            parts = line.split(b'"', 11)
            seconds, nanos = _time(parts[10][-28:-1])
            entry = stream.entries.add(line=line)
            entry.timestamp.seconds, entry.timestamp.nanos = seconds, nanos
            root = parts[5].find(b"Root=")
            entry.structuredMetadata.add(name="trace_id", value=parts[5][root + 5 : root + 40].decode())
            entry.structuredMetadata.add(name="level", value="error" if parts[0].split(b" ")[8] >= b"500" else "info")
        yield bytes(cramjam.snappy.compress_raw(push.SerializeToString()))


_SECONDS: dict[bytes, int] = {}


def _time(text: bytes) -> tuple[int, int]:
    second = text[:19]
    if second not in _SECONDS:
        _SECONDS[second] = int(time.mktime(time.strptime(second.decode(), "%Y-%m-%dT%H:%M:%S")))
    return _SECONDS[second], int(text[20:26] or 0) * 1000


def seconds(work: Callable[[], object]) -> float:
    gc.collect()
    begin = time.process_time()
    work()
    return time.process_time() - begin


def consume(parts: Iterator[bytes]) -> None:
    for _ in parts:
        pass


def main() -> None:
    keep_memory()
    path = log_object()
    uncompressed = [bytes(cramjam.snappy.decompress_raw(body)) for body in bodies(path)]
    size = sum(map(len, chunks(path)))
    measured: dict[str, list[float]] = {"floor": [], "ours": [], "protobuf": []}
    for _ in range(ROUNDS):
        inflating = seconds(lambda: consume(chunks(path)))
        compressing = seconds(lambda: [cramjam.snappy.compress_raw(body) for body in uncompressed])
        measured["floor"].append(inflating + compressing)
        measured["ours"].append(seconds(lambda: consume(bodies(path))))
        measured["protobuf"].append(seconds(lambda: consume(protobuf_bodies(path))))
    best = {name: min(times) for name, times in measured.items()}
    print(f"{LINES:,} lines, {size / LINES:.0f} bytes each, {path.stat().st_size / 1e6:.0f} MB gzip; CPU seconds, best of {ROUNDS}")
    for name, took in best.items():
        print(f"{name:10} {took * 1000:7.0f} ms  {LINES / took:9,.0f} lines/s  {best['floor'] / took:5.2f} of the floor")
    print(f"ours is {best['protobuf'] / best['ours']:.1f} x generated protobuf")


if __name__ == "__main__":
    main()
