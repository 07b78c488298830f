"""The pictures of the program at work are made here, from what it prints: `pytest --update-golden` writes them."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.docs.terminal_picture import svg_of
from tests.goldens import UPDATE_OPTION
from tests.push.loki_fake import NO_LIMITS, LokiFake
from tests.trace.loki_lines import LokiLines, Stored
from xray_grafana.alb.access import parse_access
from xray_grafana.cli.main import main
from xray_grafana.cli.sandbox_banner import Running, banner
from xray_grafana.contract import (
    AGENT_PORT,
    LABEL_LOG_TYPE,
    LABEL_SERVICE,
    LOG_TYPE_ACCESS,
    METADATA_TRACE_ID,
    SANDBOX_ACCOUNT,
    SANDBOX_PORT,
    SANDBOX_REGION,
)
from xray_grafana.sandbox.demo.traffic import Request, requests_between
from xray_grafana.sandbox.sampling.rule import default_rule
from xray_grafana.sandbox.server import Sandbox, Settings

FOLDER = ROOT / "docs/pictures"
COLUMNS = "118"
# 2026-09-21T14:53Z, when the demo's payment provider fails.
TROUBLE = 1_790_002_380


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def printed(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    """What a terminal gets."""
    written = io.BytesIO()
    terminal = Terminal(written, encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setenv("COLUMNS", COLUMNS)
        patch.setenv("TERM", "xterm")
        patch.setattr(sys, "stdout", terminal)
        assert main(arguments) == 0
    terminal.flush()
    return written.getvalue().decode()


def failed_order() -> Request:
    """The first order that the provider refused and that was traced all the way."""
    orders = (request for request in requests_between(1, TROUBLE, TROUBLE + 300) if b" 502 502 " in request.alb)
    return next(order for order in orders if len(order.documents) > 3 and "ProviderUnavailable" in json.dumps(order.documents))


def lines_of(request: Request) -> list[Stored]:
    access = {LABEL_LOG_TYPE: LOG_TYPE_ACCESS, LABEL_SERVICE: "storefront"}
    return [
        Stored(parse_access(request.alb).creation_ns, request.alb.decode(), access, {METADATA_TRACE_ID: request.trace_id}),
        *(Stored(line.time_ns, line.text, {LABEL_SERVICE: line.service}, {}) for line in request.logs),
    ]


def is_current(name: str, made: str, config: pytest.Config) -> bool:
    if config.getoption(UPDATE_OPTION):
        (FOLDER / name).write_text(made, encoding="utf-8")
    return (FOLDER / name).read_text(encoding="utf-8") == made


@pytest.mark.enable_socket
def test_the_picture_of_a_trace_is_what_the_program_prints(
    monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    request = failed_order()
    loopback = ("127.0.0.1", 0)
    with LokiFake(NO_LIMITS) as loki, Sandbox(Settings(None, loopback, loopback)) as sandbox:
        LokiLines(loki, *lines_of(request))
        assert sandbox.ingest.put([json.dumps(document) for document in request.documents]) == []
        host, port = sandbox.http_address
        shown = printed(monkeypatch, "trace", request.trace_id, "--endpoint-url", f"http://{host}:{port}", "--loki", loki.url)
    assert "ProviderUnavailableException" in shown
    assert "load balancer" in shown
    typed = f"$ xray-grafana trace {request.trace_id} --endpoint-url http://127.0.0.1:4000 --loki http://127.0.0.1:3100\n"
    assert is_current("trace.svg", svg_of(typed + shown, "xray-grafana trace"), pytestconfig)


def test_the_picture_of_the_sandbox_is_what_it_says_at_its_start(pytestconfig: pytest.Config) -> None:
    running = Running(("127.0.0.1", SANDBOX_PORT), ("127.0.0.1", AGENT_PORT), SANDBOX_REGION, SANDBOX_ACCOUNT, None, (default_rule(),), 1)
    assert is_current("sandbox.svg", svg_of(f"$ xray-grafana sandbox\n{banner(running)}", "xray-grafana sandbox"), pytestconfig)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("ab", 'x="16.0" y="29" textLength="16.8" lengthAdjust="spacingAndGlyphs">ab<'),
        ("a\n<&", 'x="16.0" y="47" textLength="16.8" lengthAdjust="spacingAndGlyphs">&lt;&amp;<'),
        ("  a \x1b[31mno\x1b[0m", 'x="49.6" y="29" textLength="16.8" lengthAdjust="spacingAndGlyphs" fill="#ff6b68">no<'),
    ],
)
def test_a_picture_has_each_piece_at_its_column(text: str, drawn: str) -> None:
    """Sixteen pixels of margin, 8.4 for a column, 18 for a row."""
    assert drawn in svg_of(text, "a picture")


def test_a_picture_that_is_not_current_is_noticed(pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption(UPDATE_OPTION):
        assert not is_current("trace.svg", svg_of("another", "xray-grafana trace"), pytestconfig)
