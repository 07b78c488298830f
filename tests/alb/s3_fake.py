"""An S3 that misbehaves as told: one object on 127.0.0.1, read with Range and If-Match over real connections.

with S3Fake(b"…") as s3:
    s3.script([Break(1000), Refuse(503, "SlowDown")])   # what the next GETs meet, one each; then it is itself again
"""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

import boto3
from botocore.config import Config

from tests.alb.aws import ENVIRON

BUCKET: Final = "bucket"
KEY: Final = "a key/with spaces.log"
NAME: Final = f"s3://{BUCKET}/{KEY}"
# 2026-09-20T10:05:12Z, by `date -u -d`.
MODIFIED: Final = "Sun, 20 Sep 2026 10:05:12 GMT"
MODIFIED_NS: Final = 1_789_898_712_000_000_000


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answers with an error."""

    status: int
    code: str


@dataclass(frozen=True, slots=True)
class Break:
    """Sends so many bytes of the body, then ends the connection: with a reset, or as if that were all.

    sized  says first how many bytes there are, as S3 does and some that speak like it do not
    """

    sent: int
    resets: bool = True
    sized: bool = True


Step = Refuse | Break


def client_of(url: str) -> Any:
    """A client of whatever is there, which tries once."""
    session = boto3.session.Session(
        aws_access_key_id=ENVIRON["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ENVIRON["AWS_SECRET_ACCESS_KEY"],
        region_name=ENVIRON["AWS_DEFAULT_REGION"],
    )
    return session.client("s3", endpoint_url=url, config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}))


@dataclass
class S3Fake:
    """See the module. `requests`: method, Range and If-Match of each."""

    body: bytes
    requests: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    _script: deque[Step] = field(default_factory=deque)

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.client = client_of(self.url)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.client.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        assert error is not None or not self._script, f"not used up: {self._script}"

    def script(self, steps: Iterable[Step]) -> None:
        """What the next reads meet, one each."""
        self._script.extend(steps)

    @property
    def etag(self) -> str:
        """As it stands in headers, in quotes."""
        return f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'

    def next_step(self) -> Step | None:
        return self._script.popleft() if self._script else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, s3: S3Fake) -> None:
        self.s3 = s3
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the base class's name
        """Says nothing."""

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        s3 = self.server.s3
        wanted, match = self.headers["Range"], self.headers["If-Match"]
        s3.requests.append((self.command, wanted, match))
        step = s3.next_step()
        if isinstance(step, Refuse):
            self._refuse(step, with_body=with_body)
            return
        if match is not None and match != s3.etag:
            self._refuse(Refuse(412, "PreconditionFailed"), with_body=with_body)
            return
        begin = int(found[1]) if wanted and (found := re.fullmatch(r"bytes=(\d+)-", wanted)) else 0
        body = s3.body[begin:]
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {begin}-{len(s3.body) - 1}/{len(s3.body)}")
        self.send_header("ETag", s3.etag)
        self.send_header("Last-Modified", MODIFIED)
        if step is None or step.sized:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self._send(body, step)

    def _send(self, body: bytes, step: Break | None) -> None:
        with suppress(OSError):
            self.wfile.write(body if step is None else body[: step.sent])
            self.wfile.flush()
        if step is not None:
            self.close_connection = True
            if step.resets:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()

    def _refuse(self, refusal: Refuse, *, with_body: bool) -> None:
        body = f"<Error><Code>{refusal.code}</Code><Message>No.</Message></Error>".encode() if with_body else b""
        self.send_response(refusal.status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
