"""Services with a real SDK in them, each in the environment of its pinned requirements, and a DynamoDB that refuses."""

from __future__ import annotations

import json
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.k8s.shop import Image
from xray_grafana.config.deploy import Sdk

APPS = Path(__file__).with_name("apps")
MODULES: dict[Sdk, str] = {"xray": "xray_app", "opentelemetry": "otel_app"}


@dataclass(frozen=True)
class App(Image):
    """Like the demo's image of that SDK, its requirements being installed once for both, but with the apps of these tests."""

    module: str = ""

    @classmethod
    def of_sdk(cls, sdk: Sdk, folder: Path) -> App:
        image = Image.of(sdk, folder)
        shutil.copytree(APPS, folder / "apps")
        return cls(image.folder, image.environment, MODULES[sdk])

    def command(self) -> list[str]:
        gunicorn = [sys.executable, "-S", "-m", "gunicorn", "--bind", "127.0.0.1:0", "--workers", "1", "--threads", "2"]
        return [*gunicorn, f"apps.{self.module}:app"]


@contextmanager
def refusing_dynamodb() -> Iterator[str]:
    """An address where every call is one too many. Source of the answer's form: botocore's service model of DynamoDB, protocol json."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException", "message": "slow down"})
            self.send_response(400)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("x-amzn-RequestId", "REQUEST1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
