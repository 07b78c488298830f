"""The demo's processes, run as its image runs them: its own files and requirements, the command of its Dockerfile, on loopback."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.aws.parliament_tool import install
from xray_grafana.bundle.render import render
from xray_grafana.config.deploy import Sdk
from xray_grafana.k8s.demo_image import image_files

ROOT = Path(__file__).parents[2]
INSTALLS = ROOT / "build" / "demo"
PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Image:
    """The image's files in a folder, and the environment they run in: their requirements and nothing else of this machine's packages."""

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def of(cls, sdk: Sdk, folder: Path) -> Image:
        for artifact in image_files(sdk):
            target = folder / artifact.path.removeprefix("k8s/demo/image/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(render(artifact))
        packages = install(folder / "requirements.txt", INSTALLS)
        return cls(folder, {"PATH": os.environ["PATH"], "PYTHONPATH": str(packages), "PYTHONDONTWRITEBYTECODE": "1"})

    def command(self) -> list[str]:
        """The Dockerfile's, on a free port of loopback and with one worker."""
        (words,) = re.findall(r"^CMD (\[.*\])$", (self.folder / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
        gunicorn, *arguments = json.loads(words)
        assert gunicorn == "gunicorn"
        for option, value in (("--bind", "127.0.0.1:0"), ("--workers", "1")):
            arguments[arguments.index(option) + 1] = value
        return [sys.executable, "-S", "-m", "gunicorn", *arguments]

    def run(self, program: str) -> Any:
        """What a program prints as JSON."""
        command = [sys.executable, "-S", "-c", program]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, check=False, encoding="utf-8", timeout=PATIENCE_SECONDS
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def document(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Service:
    """One running service; `log` grows while it runs."""

    port: int
    log: Path

    def get(self, path: str = "/", header: str | None = None) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET", path, headers={} if header is None else {"X-Amzn-Trace-Id": header})
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read().decode())
        finally:
            connection.close()

    def lines(self) -> list[str]:
        """The lines of requests that it wrote so far."""
        return [line for line in self.log.read_text(encoding="utf-8").splitlines() if " method=" in line]


@contextmanager
def running(image: Image, name: str, **variables: str) -> Iterator[Service]:
    log = image.folder / f"{name}.log"
    with log.open("wb") as output:
        environment = {**image.environment, **variables}
        process = subprocess.Popen(image.command(), cwd=image.folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield Service(_port(process, log), log)
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", log.read_text(encoding="utf-8")):
            return int(found[1])
        time.sleep(0.05)
    raise AssertionError(f"gunicorn did not start:\n{log.read_text(encoding='utf-8')}")


def until(found: Any, what: str) -> Any:
    """The first true answer of a function that takes none."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"never came: {what}")


@dataclass
class Daemon:
    """Takes segments on UDP, as the X-Ray daemon does."""

    address: str
    segments: list[Any] = field(default_factory=list)

    def of_trace(self, trace_id: str) -> dict[str, Any]:
        return {segment["name"]: segment for segment in list(self.segments) if segment["trace_id"] == trace_id}


@contextmanager
def daemon() -> Iterator[Daemon]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(0.1)
        taken = Daemon(f"127.0.0.1:{listener.getsockname()[1]}")
        ended = threading.Event()

        def take() -> None:
            while not ended.is_set():
                try:
                    header, _, body = listener.recv(65535).partition(b"\n")
                except TimeoutError:
                    continue
                assert json.loads(header) == {"format": "json", "version": 1}
                taken.segments.append(json.loads(body))

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield taken
        finally:
            ended.set()
            thread.join()


@dataclass
class Collector:
    """Takes OTLP over HTTP and keeps the bodies: protobuf holds ids as their bytes and names as UTF-8."""

    address: str
    bodies: list[bytes] = field(default_factory=list)

    def services_of(self, trace_id: str) -> set[str]:
        raw = bytes.fromhex(trace_id.removeprefix("1-").replace("-", ""))
        return {name for name in ("demo-front", "demo-back") for body in list(self.bodies) if raw in body and name.encode() in body}


@contextmanager
def collector() -> Iterator[Collector]:
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Tests read what came, not what was written about it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Collector(f"http://127.0.0.1:{server.server_port}", bodies)
        finally:
            server.shutdown()
            thread.join()
