"""A Loki that behaves: it takes pushes over a real socket, keeps what the real one would keep, and answers in the real one's words.

What it does not do: replicas, sharding of streams, chunks, LogQL.

    with LokiFake() as loki:
        loki.script([Reply(500), Drop(), Slow(0.2)])     # what the next pushes meet, one each; then it is itself again
        …
        assert loki.entries({"service_name": "shop"}) == [...]

Leaving the block fails on a push that no client of ours may send, on a script that was not used up, and on a fault of the fake itself.
"""

from __future__ import annotations

import base64
import json
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlsplit

import cramjam
from google.protobuf.message import DecodeError

from tests.push.loki_store import NANOS, NO_LIMITS, Limits, LokiStore, Refused, Stored, Streams
from tests.push.proto import PushRequest

__all__ = [
    "NO_LIMITS",
    "Behave",
    "Drop",
    "Limits",
    "LokiFake",
    "Reply",
    "Request",
    "ResetInAnswer",
    "ResetInRequest",
    "Slow",
    "Step",
    "Stored",
]

PUSH_PATH: Final = "/loki/api/v1/push"
TENANT_HEADER: Final = "X-Scope-OrgID"
BACKFILL_HEADER: Final = "X-Loki-Backfill-Shard"
ONLY_TENANT: Final = "fake"  # Loki's own word for the tenant where there is but one
_BLOCKED_STATUS: Final = 260
_NO_CONTENT: Final = 204


@dataclass(frozen=True, slots=True)
class Reply:
    """Answers this and stores nothing."""

    status: int
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Slow:
    """Takes its time, then does as it always does."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Drop:
    """Does its work and closes the connection without a word: the client cannot know."""


@dataclass(frozen=True, slots=True)
class ResetInRequest:
    """Resets the connection while the body arrives. Nothing is stored."""


@dataclass(frozen=True, slots=True)
class ResetInAnswer:
    """Does its work and resets the connection in the middle of the answer's body."""


@dataclass(frozen=True, slots=True)
class Behave:
    """Does as it always does."""


Step = Reply | Slow | Drop | ResetInRequest | ResetInAnswer | Behave


@dataclass(frozen=True, slots=True)
class Request:
    """One push as it came, and what was answered: None when nothing was. `streams` is empty where the body could not be read."""

    headers: Mapping[str, str]
    body: bytes
    status: int | None
    text: str
    streams: Streams = ()


class LokiFake:
    """See the module. Safe between threads.

    limits           this Loki's
    tenants          it asks for a tenant
    basic, bearer    whom it knows: user and password, or a token
    blocked_status   it refuses everything by policy, with this status
    knows_backfill   it obeys X-Loki-Backfill-Shard, as Loki's main branch does; releases up to 3.7 take no notice of the header
    prefix           the path before its API
    now_ns           its clock
    max_bytes        how much it keeps before it says that it is full
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        tenants: bool = False,
        basic: tuple[str, str] | None = None,
        bearer: str | None = None,
        blocked_status: int | None = None,
        knows_backfill: bool = True,
        prefix: str = "",
        tls: ssl.SSLContext | None = None,
        now_ns: Callable[[], int] = time.time_ns,
        max_bytes: int = 1 << 30,
    ) -> None:
        self.limits = limits or Limits()
        self.basic = basic
        self.bearer = bearer
        self.faults: list[str] = []
        self.requests: list[Request] = []
        self._tenants = tenants
        self._knows_backfill = knows_backfill
        self._prefix = prefix
        self._max_bytes = max_bytes
        self._kept_bytes = 0
        self._script: deque[Step] = deque()
        self._queries: dict[str, Callable[[dict[str, str]], Any]] = {}
        self._store = LokiStore(self.limits, now_ns, blocked_status)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(self, tls)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}{prefix}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="loki-fake")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
        if error is None:
            if self._script:
                self.faults.append(f"not used up: {list(self._script)}")
            assert not self.faults, self.faults

    def close(self) -> None:
        """Ends every connection and waits for the threads."""
        self._closing.set()
        self._server.shutdown()
        self._server.end_connections()
        self._server.server_close()
        self._thread.join()

    def script(self, steps: Iterable[Step]) -> None:
        """What the next pushes meet, one each."""
        with self._lock:
            self._script.extend(steps)

    def script_left(self) -> int:
        """How many steps are still to come."""
        with self._lock:
            return len(self._script)

    def on_get(self, path: str, answer: Callable[[dict[str, str]], Any]) -> None:
        """Answers a GET of the path with what the function makes of its parameters, as JSON."""
        self._queries[path] = answer

    def entries(self, labels: Mapping[str, str] | None = None, tenant: str | None = None) -> list[Stored]:
        """What is stored of the streams that have these labels, in order of arrival. Loki's own dropping of repeated entries is done."""
        with self._lock:
            return self._store.stored(labels or {}, tenant)

    def taken(self, labels: Mapping[str, str] | None = None, tenant: str | None = None) -> list[Stored]:
        """Every entry that was not refused, the repeated ones too, except those that repeat the one right before them."""
        with self._lock:
            return self._store.taken(labels or {}, tenant)

    @property
    def streams(self) -> list[str]:
        """The labels of each stream, as Loki writes them."""
        with self._lock:
            return self._store.labels

    @property
    def statuses(self) -> list[int | None]:
        """What was answered to each push."""
        with self._lock:
            return [request.status for request in self.requests]

    # What the handler calls

    def next_step(self) -> Step:
        with self._lock:
            return self._script.popleft() if self._script else Behave()

    def wait(self, seconds: float) -> None:
        self._closing.wait(seconds)

    def fault(self, text: str) -> None:
        with self._lock:
            self.faults.append(text)

    def record(self, request: Request) -> None:
        with self._lock:
            self._kept_bytes += len(request.body)
            self.requests.append(request)

    def query(self, target: str, headers: Message) -> tuple[int, str]:
        parts = urlsplit(target)
        try:
            self._check_caller(headers)
        except Refused as refused:
            return refused.status, f"{refused.text}\n"
        path = parts.path.removeprefix(self._prefix)
        if path == PUSH_PATH:
            return 405, ""
        answer = self._queries.get(path)
        return (404, "404 page not found\n") if answer is None else (200, json.dumps(answer(dict(parse_qsl(parts.query)))))

    def push(self, path: str, headers: Message, body: bytes, reply: Reply | None) -> Request:
        """Stores what is to be stored and gives the answer; with a reply, looks at the body all the same, and gives that."""
        streams: Streams = ()
        status, text = _NO_CONTENT, ""
        try:
            tenant = self._check_caller(headers)
            self._check_form(path, headers, body)
            streams = self._decoded(body)
            if reply is None:
                with self._lock:
                    self._store.push(tenant, streams, headers[BACKFILL_HEADER] if self._knows_backfill else None)
        except Refused as refused:
            status, text = refused.status, f"{refused.text}\n"
        if reply is not None:
            status, text = reply.status, reply.text
        return Request(dict(headers), body, status, text, streams)

    def _check_caller(self, headers: Message) -> str:
        given = headers["Authorization"]
        if self.bearer is not None and given != f"Bearer {self.bearer}":
            raise Refused(401, "unauthorized")
        if self.basic is not None and given != f"Basic {base64.b64encode(':'.join(self.basic).encode()).decode()}":
            raise Refused(401, "unauthorized")
        if not self._tenants:
            return ONLY_TENANT
        tenant = headers[TENANT_HEADER]
        if not tenant:
            raise Refused(401, "no org id")
        return str(tenant)

    def _check_form(self, path: str, headers: Message, body: bytes) -> None:
        if path != self._prefix + PUSH_PATH:
            raise Refused(404, "404 page not found")
        kind = headers["Content-Type"]
        if kind is None:
            raise Refused(400, "mime: no media type")
        if kind != "application/x-protobuf" or "Content-Encoding" in headers:
            self.fault(f"a push of another form: {kind}, {headers['Content-Encoding']}")
        if len(body) > self.limits.body_bytes:
            raise Refused(413, f"request body too large: message size too large than max ({len(body)} vs {self.limits.body_bytes})")
        if self._kept_bytes > self._max_bytes:
            self.fault(f"more than {self._max_bytes} bytes: raise max_bytes, or push to something that keeps nothing")
            raise Refused(500, "the fake is full")

    def _decoded(self, body: bytes) -> Streams:
        try:
            decompressed = bytes(cramjam.snappy.decompress_raw(body))
        except cramjam.DecompressionError:
            raise Refused(400, "snappy: corrupt input") from None
        if len(decompressed) > self.limits.decompressed_bytes:
            sizes = f"({len(decompressed)} vs {self.limits.decompressed_bytes})"
            raise Refused(400, f"decompressed message size too large than max {sizes}")
        request = PushRequest()
        try:
            request.ParseFromString(decompressed)
        except DecodeError:
            raise Refused(400, "unexpected EOF") from None
        size = request.ByteSize()
        request.DiscardUnknownFields()
        if request.ByteSize() != size:
            self.fault("a field that a client must not send")
            raise Refused(400, "proto: illegal field")
        return tuple((stream.labels, tuple(map(self._stored, stream.entries))) for stream in request.streams)

    def _stored(self, entry: Any) -> Stored:
        if not entry.HasField("timestamp") or not 0 <= entry.timestamp.nanos < NANOS:
            self.fault("an entry without a timestamp, or with one that is none")
            raise Refused(400, "timestamp: nanos not in range [0, 1e9)")
        timestamp_ns = entry.timestamp.seconds * NANOS + entry.timestamp.nanos
        return Stored(timestamp_ns, entry.line, tuple((pair.name, pair.value) for pair in entry.structuredMetadata))


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(self, loki: LokiFake, tls: ssl.SSLContext | None) -> None:
        self.loki = loki
        self._tls = tls
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open(request)
        super().process_request(request, client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(5)
        with suppress(OSError), self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False) as wrapped:
            self._open(wrapped)
            wrapped.do_handshake()
            wrapped.settimeout(None)
            super().finish_request(wrapped, client_address)
            self.shutdown_request(wrapped)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._connections.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        with self._guard:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news; what the fake itself does wrong is recorded in the handler."""

    def _open(self, connection: socket.socket) -> None:
        with self._guard:
            self._connections.add(connection)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 — the base class's name
        """Says nothing."""

    def do_GET(self) -> None:
        self._answer(*self.server.loki.query(self.path, self.headers))

    def do_POST(self) -> None:
        loki = self.server.loki
        try:
            self._push(loki)
        except OSError:
            self.close_connection = True
        except Exception as error:  # noqa: BLE001 — whatever it is, the test must hear of it
            loki.fault(f"the fake failed: {error!r}")
            self.close_connection = True

    def _push(self, loki: LokiFake) -> None:
        step = loki.next_step()
        length = int(self.headers["Content-Length"])
        if isinstance(step, ResetInRequest):
            self.rfile.read(min(length, 10))
            loki.record(Request(dict(self.headers), b"", None, ""))
            self._reset()
            return
        body = self.rfile.read(length)
        if len(body) < length:  # the client went away
            self.close_connection = True
            return
        if isinstance(step, Slow):
            loki.wait(step.seconds)
        reply = step if isinstance(step, Reply) else None
        request = loki.push(self.path, self.headers, body, reply)
        if isinstance(step, Drop | ResetInAnswer):
            loki.record(replace(request, status=None, text=""))
            if isinstance(step, ResetInAnswer):
                self.wfile.write(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\nentry for")
                self.wfile.flush()
                time.sleep(0.05)  # a reset overtakes what was not read yet
                self._reset()
            self.close_connection = True
            return
        loki.record(request)
        self._answer(request.status or 0, request.text, reply.headers if reply else None)

    def _answer(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response(status, "" if status == _BLOCKED_STATUS else None)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != _NO_CONTENT:
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != _NO_CONTENT:
            self.wfile.write(body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
