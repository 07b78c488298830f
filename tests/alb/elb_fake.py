"""An Elastic Load Balancing that answers as told, on 127.0.0.1: tags by ARN, or an error.

with ElbFake({ARN: {"service": "checkout"}}) as elb:
    elb.faults[ARN] = Fault(400, "Throttling")   # what whoever asks for this one gets, until it is taken away
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import boto3
from botocore.config import Config

from tests.alb.aws import ENVIRON

_NAMESPACE: Final = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as AWS writes it."""

    status: int
    code: str


@dataclass
class ElbFake:
    """`asked`: region and ARN of each question, the region as the signature has it."""

    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    seconds: float = 0.0
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"elb": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self._clients: dict[str, Any] = {}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for client in self._clients.values():
            client.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def client(self, region: str) -> Any:
        """The region's client, which tries once."""
        if region not in self._clients:
            self._clients[region] = self._client(region)
        return self._clients[region]

    def _client(self, region: str) -> Any:
        session = boto3.session.Session(ENVIRON["AWS_ACCESS_KEY_ID"], ENVIRON["AWS_SECRET_ACCESS_KEY"])
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=5, max_pool_connections=20)
        return session.client("elbv2", region_name=region, endpoint_url=self.url, config=config)


class _Handler(BaseHTTPRequestHandler):
    elb: ElbFake

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        [action], [arn] = form["Action"], form["ResourceArns.member.1"]
        assert (action, "ResourceArns.member.2" in form) == ("DescribeTags", False)
        self.elb.asked.append((self.headers["Authorization"].split("/")[2], arn))
        time.sleep(self.elb.seconds)
        fault = self.elb.faults.get(arn)
        if fault is not None:
            text = f"<Error><Type>Sender</Type><Code>{fault.code}</Code><Message>No.</Message></Error>"
            self._answer(fault.status, f'<ErrorResponse xmlns="{_NAMESPACE}">{text}<RequestId>r</RequestId></ErrorResponse>')
            return
        tags = "".join(
            f"<member><Key>{escape(key)}</Key><Value>{escape(value)}</Value></member>" for key, value in self.elb.tags.get(arn, {}).items()
        )
        described = f"<member><ResourceArn>{arn}</ResourceArn><Tags>{tags}</Tags></member>"
        result = f"<DescribeTagsResult><TagDescriptions>{described}</TagDescriptions></DescribeTagsResult>"
        self._answer(200, f'<DescribeTagsResponse xmlns="{_NAMESPACE}">{result}</DescribeTagsResponse>')

    def _answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass
