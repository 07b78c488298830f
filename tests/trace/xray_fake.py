"""An X-Ray that has some traces with all their segments: BatchGetTraces over a real socket, with pages, and scripted answers first.

    with XRayFake({"1-5759e988-bd862e3fe1be46a994272793": [document, …]}) as xray:
        …

Form of requests, answers and errors: botocore's service model of xray (rest-json, POST /Traces).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Reply:
    """What it answers instead: an error with its name, a document, or any bytes. `until`: after its first byte it waits for that."""

    status: int
    error: str = ""
    document: Mapping[str, Any] | None = None
    content: bytes | None = None
    until: threading.Event | None = None


class XRayFake:
    """`traces`: documents by trace id, a text stands as it is. `page_size`: how many segments a page has. `replies` come first."""

    def __init__(
        self,
        traces: Mapping[str, Sequence[Mapping[str, Any] | str]] | None = None,
        *,
        page_size: int = 100,
        limit_exceeded: bool = False,
        replies: Sequence[Reply] = (),
    ) -> None:
        self.requests: list[dict[str, Any]] = []
        self.signatures: list[str | None] = []
        self._traces = traces or {}
        self._page_size = page_size
        self._limit_exceeded = limit_exceeded
        self._replies = list(replies)
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fake.signatures.append(self.headers["Authorization"])
                reply = fake.answer(self.path, body)
                content = reply.content
                if content is None:
                    content = json.dumps(reply.document or {"Message": f"the words of {reply.error}\x1b[2J"}).encode()
                self.send_response(reply.status)
                if reply.error:
                    self.send_header("x-amzn-ErrorType", reply.error)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if reply.until is not None:
                    self.wfile.write(content[:1])
                    reply.until.wait()
                    content = content[1:]
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="xray-fake")
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str, request: dict[str, Any]) -> Reply:
        assert path == "/Traces"
        self.requests.append(request)
        if self._replies:
            return self._replies.pop(0)
        (trace_id,) = request["TraceIds"]
        documents = self._traces.get(trace_id)
        if documents is None:
            return Reply(200, document={"Traces": [], "UnprocessedTraceIds": [], "NextToken": None})
        start = int(request.get("NextToken", 0))
        end = start + self._page_size
        texts = [document if isinstance(document, str) else json.dumps(document) for document in documents]
        segments = [{"Id": f"{number:016x}", "Document": text} for number, text in enumerate(texts)][start:end]
        trace = {"Id": trace_id, "Duration": None, "LimitExceeded": self._limit_exceeded, "Segments": segments}
        token = str(end) if end < len(texts) else None
        return Reply(200, document={"Traces": [trace], "UnprocessedTraceIds": [], "NextToken": token})
