"""An X-Ray that knows some traces: BatchGetTraces over a real socket, with pages, ids left undone, throttling and refusals.

    with XRayFake(known=["1-5759e988-bd862e3fe1be46a994272793"]) as xray:
        boto3.client("xray", endpoint_url=xray.url, region_name="eu-west-1").batch_get_traces(TraceIds=[…])

Form of requests, answers and errors: botocore's service model of xray (rest-json, POST /Traces).
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self

IDS_MAX: Final = 5
_REGION: Final = re.compile(r"Credential=[^/]+/[0-9]{8}/([a-z0-9-]+)/xray/")
_ID: Final = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")


class XRayFake:
    """`known` are the traces it has. `unprocessed`: how often it leaves an id undone before it answers.

    `throttled`: how many calls it refuses first. `denied`: it refuses every call. `page_size`: how many traces a page has.
    """

    def __init__(
        self,
        known: Iterable[str] = (),
        *,
        unprocessed: dict[str, int] | None = None,
        throttled: int = 0,
        denied: bool = False,
        page_size: int = IDS_MAX,
    ) -> None:
        self.calls: list[tuple[str, tuple[str, ...]]] = []
        self._known = set(known)
        self._unprocessed = Counter(unprocessed or {})
        self._throttled = throttled
        self._denied = denied
        self._page_size = page_size
        self._lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                found = _REGION.search(self.headers.get("Authorization", ""))
                status, error, document = fake.answer(self.path, found[1] if found else "", json.loads(body))
                content = json.dumps(document).encode()
                self.send_response(status)
                if error:
                    self.send_header("x-amzn-ErrorType", error)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
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

    @property
    def asked(self) -> list[str]:
        """Every id of every call, in order."""
        return [each for _, ids in self.calls for each in ids]

    def answer(self, path: str, region: str, request: dict[str, Any]) -> tuple[int, str, dict[str, Any]]:
        """Status, error type and document."""
        with self._lock:
            ids = request.get("TraceIds", [])
            if path != "/Traces" or not ids or len(ids) > IDS_MAX or not all(map(_ID.fullmatch, ids)):
                return 400, "InvalidRequestException", {"Message": f"{path}: {len(ids)} trace ids"}
            if self._denied:
                return 403, "AccessDeniedException", {"Message": "not authorized to perform: xray:BatchGetTraces"}
            if self._throttled:
                self._throttled -= 1
                return 429, "ThrottledException", {"Message": "Rate exceeded"}
            self.calls.append((region, tuple(ids)))
            undone = [each for each in ids if self._unprocessed[each] > 0]
            self._unprocessed.subtract(undone)
            known = [each for each in ids if each in self._known and each not in undone]
            start = int(request.get("NextToken", 0))
            page = known[start : start + self._page_size]
            document: dict[str, Any] = {"Traces": [self._trace(each) for each in page], "UnprocessedTraceIds": undone}
            if start + self._page_size < len(known):
                document["NextToken"] = str(start + self._page_size)
            return 200, "", document

    def _trace(self, trace_id: str) -> dict[str, Any]:
        segment = {"id": "70de5b6f19ff9a0a", "name": "shop", "trace_id": trace_id, "start_time": 1.0, "end_time": 2.0}
        return {"Id": trace_id, "Duration": 1.0, "Segments": [{"Id": segment["id"], "Document": json.dumps(segment)}]}
