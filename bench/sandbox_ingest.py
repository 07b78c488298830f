"""Segments a second into the sandbox, by PutTraceSegments and by UDP, and into moto's server where it answers the same call.

Each server is a process of its own on 127.0.0.1; so are the clients. Documents are of some 1.2 kB with three subsegments, all different.
Only segments that the sandbox has stored count: its own count at the end must be what was sent.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import multiprocessing
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

SEGMENTS = 60_000
MOTO_SEGMENTS = 20_000
A_CALL = 50
CLIENTS = 2
PATIENCE_SECONDS = 5
HEADER = b'{"format":"json","version":1}\n'
# moto finds the service by the credential's scope and does not check the signature.
SIGNED = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/xray/aws4_request, SignedHeaders=host, Signature=0"
SERVE = """
import json, sys
from pathlib import Path
from xray_grafana.sandbox.server import Sandbox, Settings
note = lambda line: print(line, file=sys.stderr)
with Sandbox(Settings(Path(sys.argv[1]), ("127.0.0.1", 0), ("127.0.0.1", 0)), note=note) as sandbox:
    print(json.dumps([*sandbox.http_address, *sandbox.udp_address]), flush=True)
    for _ in sys.stdin:
        print(json.dumps(sandbox.ingest.counts()), flush=True)
"""
MOTO = """
import logging, sys
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


class Running(NamedTuple):
    """A sandbox: its ports, and its counts of now."""

    http: int
    udp: int
    counts: Callable[[], list[int]]


def document(number: int) -> str:
    digits = hashlib.sha512(str(number).encode()).hexdigest()
    start = round(1_790_000_000 + number / 1000, 3)

    subsegments = [
        {
            "name": "DynamoDB",
            "id": digits[16 * place : 16 * place + 16],
            "start_time": start + 0.01,
            "end_time": start + 0.02,
            "namespace": "aws",
            "aws": {"operation": "GetItem", "table_name": "orders"},
            "http": {"response": {"status": 200}},
        }
        for place in (3, 4, 5)
    ]
    request = {"method": "GET", "url": "https://shop.example.com/cart/123", "user_agent": "Mozilla/5.0", "client_ip": "10.0.0.1"}
    return json.dumps(
        {
            "name": "checkout",
            "id": digits[:16],
            "trace_id": f"1-{int(start):08x}-{digits[16:40]}",
            "start_time": start,
            "end_time": start + 0.25,
            "origin": "AWS::EC2::Instance",
            "http": {"request": request, "response": {"status": 200, "content_length": 512}},
            "annotations": {"tenant": "blue", "retries": 2},
            "aws": {"xray": {"sdk": "X-Ray for Python", "sdk_version": "2.14.0"}},
            "subsegments": subsegments,
        }
    )


def bodies(count: int) -> list[bytes]:
    return [
        json.dumps({"TraceSegmentDocuments": [document(first + number) for number in range(A_CALL)]}).encode()
        for first in range(0, count, A_CALL)
    ]


@contextmanager
def sandbox(data: Path) -> Iterator[Running]:
    for old in data.parent.glob(f"{data.name}*"):
        old.unlink()
    with subprocess.Popen([sys.executable, "-c", SERVE, data], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None
        _, http_port, _, udp_port = json.loads(stdout.readline())

        def counts() -> list[int]:
            stdin.write("\n")
            stdin.flush()
            return list(json.loads(stdout.readline()))

        yield Running(http_port, udp_port, counts)
        stdin.close()


@contextmanager
def moto() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", MOTO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        yield int(next(line for line in lines if line.strip().isdigit()))
        process.stdin.close()


def post(port: int, requests: Sequence[bytes]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    for body in requests:
        connection.request("POST", "/TraceSegments", body, {"Content-Type": "application/json", "Authorization": SIGNED})
        answer = connection.getresponse()
        text = answer.read()
        assert (answer.status, json.loads(text)) == (200, {"UnprocessedTraceSegments": []}), text
    connection.close()


def send(port: int, datagrams: Sequence[bytes], a_second: float) -> None:
    """Evenly, as far as the clock allows."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("127.0.0.1", port))
        begin = time.perf_counter()
        for number, datagram in enumerate(datagrams):
            while number > (time.perf_counter() - begin) * a_second:
                time.sleep(0.001)
            sender.send(datagram)


def by_http(port: int, requests: Sequence[bytes]) -> float:
    """Seconds for all of them."""
    processes = [multiprocessing.Process(target=post, args=(port, requests[number::CLIENTS])) for number in range(CLIENTS)]
    begin = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert not any(process.exitcode for process in processes)
    return time.perf_counter() - begin


def by_udp(running: Running, datagrams: Sequence[bytes], a_second: float) -> tuple[float, int]:
    """Seconds until the last is stored, and how many are."""
    process = multiprocessing.Process(target=send, args=(running.udp, datagrams, a_second))
    begin = end = time.perf_counter()
    process.start()
    stored = 0
    while stored < len(datagrams) and time.perf_counter() - end < PATIENCE_SECONDS:
        time.sleep(0.02)
        now = running.counts()[0]
        if now > stored:
            stored, end = now, time.perf_counter()
    process.join()
    return end - begin, stored


def row(name: str, count: int, seconds: float, beside: str) -> float:
    print(f"{name:44} {count / seconds:9,.0f} segments/s  {beside}", flush=True)
    return count / seconds


def main() -> None:
    folder = Path("build") / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    requests = bodies(SEGMENTS)
    with moto() as port:
        by_http(port, requests[:2])
        rival = row("moto server, PutTraceSegments, in memory", MOTO_SEGMENTS, by_http(port, requests[: MOTO_SEGMENTS // A_CALL]), "")
    with sandbox(folder / "sandbox.db") as running:
        ours = by_http(running.http, requests)
        stored = running.counts()[0]
    assert stored == SEGMENTS, f"{stored} of {SEGMENTS} are stored"
    row("sandbox, PutTraceSegments, SQLite file", SEGMENTS, ours, f"{SEGMENTS / ours / rival:.2f} x moto's")
    datagrams = [HEADER + document(number).encode() for number in range(SEGMENTS)]
    for a_second in (10_000, 20_000, 30_000, 1_000_000):
        with sandbox(folder / "sandbox.db") as running:
            seconds, stored = by_udp(running, datagrams, a_second)
        pace = f"sent at {a_second:,}/s" if a_second < SEGMENTS else "sent at once"
        row(f"sandbox, UDP, {pace}", stored, seconds, f"{SEGMENTS - stored} of {SEGMENTS:,} lost")


if __name__ == "__main__":
    main()
