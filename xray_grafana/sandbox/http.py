"""HTTP/1.1 over a listening socket: requests are read, checked for their form, answered, a thread for each connection."""

from __future__ import annotations

import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final

from xray_grafana.sandbox.api.answers import Answer, Request, refusal
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.http_body import RefusedError, read_body

_IDLE_SECONDS: Final = 75.0
_READ_SECONDS: Final = 20.0
_LINGER_SECONDS: Final = 2.0
_LAST_SECONDS: Final = 2.0
_CHUNK: Final = 64 * 1024
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")


class HttpServer:
    """Answers what comes to a listening socket, which it closes at the end, until `close`.

    `note` is told of faults of this program. A client may fall silent for `read_seconds` within a request, and once the server is told to
    close it has `last_seconds` to read its answer.
    """

    def __init__(
        self,
        listening: socket.socket,
        answer: Callable[[Request], Answer],
        note: Callable[[str], None],
        *,
        read_seconds: float = _READ_SECONDS,
        last_seconds: float = _LAST_SECONDS,
    ) -> None:
        self._server = _Server(listening, answer, note, (read_seconds, last_seconds))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="sandbox-http")
        self._thread.start()

    def close(self) -> None:
        """Finishes the requests that are being answered, then closes all connections and ends all threads."""
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.cut_off()
        self._server.server_close()


class _Server(ThreadingMixIn, TCPServer):
    daemon_threads = False

    def __init__(
        self, listening: socket.socket, answer: Callable[[Request], Answer], note: Callable[[str], None], seconds: tuple[float, float]
    ) -> None:
        super().__init__(listening.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.answer = answer
        self.read_seconds, self._last_seconds = seconds
        self._note = note
        self._open: set[socket.socket] = set()
        self._sending: set[socket.socket] = set()
        self._guard = threading.Condition()
        self._ending = False

    def finish_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
            if self._ending:
                self._end(request)
        try:
            super().finish_request(request, client_address)
        finally:
            with self._guard:
                self._open.discard(request)

    def hang_up(self) -> None:
        """Has every connection read its end; what is being answered is still answered."""
        with self._guard:
            self._ending = True
            for each in self._open:
                self._end(each)

    @contextmanager
    def sending(self, connection: socket.socket) -> Iterator[None]:
        """Around what is sent."""
        with self._guard:
            self._sending.add(connection)
            if self._ending:
                connection.settimeout(self._last_seconds)
        try:
            yield
        finally:
            with self._guard:
                self._sending.discard(connection)
                self._guard.notify_all()

    def cut_off(self) -> None:
        """Waits a little for clients that are reading their answers, and for no longer."""
        with self._guard:
            self._guard.wait_for(lambda: not self._sending, self._last_seconds)
            for each in self._sending:
                self._end(each, socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        del request
        error = sys.exception()
        if not isinstance(error, OSError):  # who hangs up before the answer is nobody's fault
            self._note(f"connection of {client_address[0]}: {type(error).__name__}: {error}")

    @staticmethod
    def _end(connection: socket.socket, how: int = socket.SHUT_RD) -> None:
        with suppress(OSError):
            connection.shutdown(how)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True
    server: _Server

    def __getattr__(self, name: str) -> Any:
        """The base class looks for a method of its own for each of HTTP's."""
        if name.removeprefix("do_") in _METHODS:
            return self._exchange
        raise AttributeError(name)

    def _exchange(self) -> None:
        self.connection.settimeout(self.server.read_seconds)
        try:
            body = read_body(self.command, self.headers, self.rfile)
        except RefusedError as error:
            self.send_error(error.status, str(error))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.answer(Request(self.command, self.path, headers, body))
        self._send(answer)
        self.connection.settimeout(_IDLE_SECONDS)

    def _send(self, answer: Answer) -> None:
        lines = [
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(answer.body)}",
            f"x-amzn-RequestId: {uuid.uuid4()}",
            "X-Content-Type-Options: nosniff",
        ]
        if answer.error is not None:
            lines.append(f"x-amzn-errortype: {answer.error}")
        if self.close_connection:
            lines.append("Connection: close")
        head = "\r\n".join((*lines, "\r\n")).encode("latin-1")
        with self.server.sending(self.connection):
            self.wfile.write(head if self.command == "HEAD" else head + answer.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class or `read_body` finds wrong, in AWS's form. Ends the connection."""
        status = HTTPStatus(code)
        self.close_connection = True
        shown = message or explain or status.phrase
        with suppress(OSError):
            self._send(refusal(ApiError(shown, name=_NAMES.get(status, "BadRequestException"), status=status, framework=True)))
            self._linger()

    def _linger(self) -> None:
        """Reads on for a while: a connection closed with bytes unread is reset, and the client would not see the answer."""
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(_LINGER_SECONDS)
        deadline = time.monotonic() + _LINGER_SECONDS
        while time.monotonic() < deadline and self.connection.recv(_CHUNK):
            pass

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        """Says nothing: what is wrong with a request, its sender is told."""


_NAMES: Final = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "RequestEntityTooLargeException",
    HTTPStatus.REQUEST_TIMEOUT: "RequestTimeoutException",
    HTTPStatus.NOT_IMPLEMENTED: "UnknownOperationException",
}
