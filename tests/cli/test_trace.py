from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.alb.lines import Fields
from tests.cli.conftest import Run
from tests.cli.program import run_program
from tests.push.loki_fake import NO_LIMITS, LokiFake
from tests.trace.loki_lines import LokiLines, Stored
from tests.trace.traces import ID, NS, START, checkout, segment
from tests.trace.xray_fake import Reply, XRayFake
from xray_grafana.sandbox.server import Sandbox, Settings

pytestmark = [pytest.mark.enable_socket, pytest.mark.usefixtures("empty")]

OTHER = "1-6aafaea0-ffffffffffffffffffffffff"


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.delenv("LOKI_URL", raising=False)


@pytest.fixture
def xray() -> Iterator[XRayFake]:
    with XRayFake({ID.xray: checkout()}) as fake:
        yield fake


@pytest.fixture
def loki() -> Iterator[LokiFake]:
    with LokiFake(NO_LIMITS) as fake:
        access = Fields(trace=f"Root={ID.xray}", elb_status_code="502").line().decode()
        labels = {"log_type": "access", "service_name": "storefront", "job": "alb"}
        LokiLines(
            fake,
            Stored(START * NS, access, labels, {"trace_id": ID.xray}),
            Stored(START * NS + 700_000_000, f"declined {ID.otel}", {"service_name": "payments"}, {}),
        )
        yield fake


def test_a_pasted_header_gives_the_waterfall(run: Run, xray: XRayFake) -> None:
    ran = run("trace", f"Root={ID.xray};Sampled=1", "--endpoint-url", xray.url)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == f"Trace {ID.xray} (W3C {ID.otel})"
    assert lines[5].startswith("storefront (ECS::Container) fault 502 POST /checkout    0ms  1.00s ███")
    assert "\x1b" not in ran.out
    assert xray.requests == [{"TraceIds": [ID.xray]}]


def test_the_width_is_that_of_columns(run: Run, xray: XRayFake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")  # drawn for 40 all the same
    narrow = run("trace", ID.xray, "--endpoint-url", xray.url).out.splitlines()
    assert max(map(len, narrow)) == 40
    monkeypatch.setenv("COLUMNS", "1000")
    # 52 for the names, 15 for the times, 60 for the bars.
    assert max(map(len, run("trace", ID.xray, "--endpoint-url", xray.url).out.splitlines())) == 127


def test_lines_of_loki_stand_with_their_spans(run: Run, xray: XRayFake, loki: LokiFake) -> None:
    ran = run("trace", ID.otel, "--endpoint-url", xray.url, "--loki", loki.url)
    lines = ran.out.splitlines()
    assert lines[4].startswith("load balancer 502 (target 200) app/shop-front/")
    below = next(number for number, line in enumerate(lines) if line.startswith("  └ payments "))
    assert lines[below + 1] == f"    │ log +700ms declined {ID.otel}"
    assert (ran.code, ran.err) == (0, "")


def test_loki_may_be_named_by_the_environment(run: Run, xray: XRayFake, loki: LokiFake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOKI_URL", loki.url)
    assert "load balancer 502" in run("trace", ID.xray, "--endpoint-url", xray.url).out


def test_a_loki_that_is_not_there_costs_the_lines_and_not_the_waterfall(run: Run, xray: XRayFake) -> None:
    ran = run("trace", ID.xray, "--endpoint-url", xray.url, "--loki", "http://127.0.0.1:9")
    assert ran.code == 1
    assert "└ → payments fault 502 POST /pay" in ran.out
    assert ran.err.startswith("error: no log lines: http://127.0.0.1:9: Loki cannot be reached")
    document = json.loads(run("trace", ID.xray, "--json", "--endpoint-url", xray.url, "--loki", "http://127.0.0.1:9").out)
    assert (document["alb"], document["logs"], len(document["spans"])) == (None, None, 6)


def test_json_is_one_object_with_everything(run: Run, xray: XRayFake, loki: LokiFake) -> None:
    ran = run("trace", ID.xray, "--json", "--endpoint-url", xray.url, "--loki", loki.url)
    document = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert (document["id"], document["otel_id"], document["board_url"]) == (ID.xray, ID.otel, None)
    assert [each["elb_status_code"] for each in document["alb"]] == [502]
    assert [each["line"] for each in document["logs"]] == [f"declined {ID.otel}"]


CONFIG = """\
aws: {region: eu-west-1, account: '111122223333'}
prefix: shop
logs: {url: 'http://loki:3100', alb_selector: '{job="alb"}', trace_selector: '{namespace="shop"}'}
grafana: {public_url: 'https://grafana.example'}
"""


def test_open_prints_the_boards_address_alone(run: Run, empty: Path, xray: XRayFake) -> None:
    (empty / "bundle.yaml").write_text(CONFIG)
    ran = run("trace", ID.otel, "--open", "--endpoint-url", xray.url)
    (address,) = ran.out.splitlines()
    parts = urlsplit(address)
    assert (parts.netloc, parts.path) == ("grafana.example", "/d/shop-trace/x-ray-trace")
    assert parse_qs(parts.query)["from"] == [str((START - 300) * 1000)]
    assert json.loads(run("trace", ID.xray, "--json", "--endpoint-url", xray.url).out)["board_url"] == address


def test_the_config_says_where_lines_are(run: Run, empty: Path, xray: XRayFake, loki: LokiFake) -> None:
    (empty / "mine.yaml").write_text(CONFIG)
    ran = run("trace", ID.xray, "-c", "mine.yaml", "--endpoint-url", xray.url, "--loki", loki.url)
    assert "load balancer 502" in ran.out
    assert "note: Loki has no log line that holds this id" in ran.out  # the payments line is of no namespace


def test_the_tenant_is_that_of_the_environment_or_of_the_config(
    run: Run, empty: Path, xray: XRayFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty / "bundle.yaml").write_text(CONFIG.replace("logs: {", "logs: {tenant: shop, "))
    with LokiFake(NO_LIMITS, tenants=True) as loki:
        LokiLines(loki)
        assert run("trace", ID.xray, "--endpoint-url", xray.url, "--loki", loki.url).code == 0
        ran = run("trace", ID.xray, "-c", "none.yaml", "--endpoint-url", xray.url, "--loki", loki.url)
        assert ran.code == 2
        (empty / "bundle.yaml").unlink()
        ran = run("trace", ID.xray, "--endpoint-url", xray.url, "--loki", loki.url)
        assert (ran.code, "no org id" in ran.err) == (1, True)
        monkeypatch.setenv("LOKI_TENANT", "shop")
        assert run("trace", ID.xray, "--endpoint-url", xray.url, "--loki", loki.url).code == 0


def test_a_loki_that_cannot_be_is_refused_before_anybody_is_asked(run: Run, xray: XRayFake) -> None:
    ran = run("trace", ID.xray, "--endpoint-url", xray.url, "--loki", "not an address")
    assert (ran.code, ran.out, xray.requests) == (2, "", [])


def test_open_without_grafanas_address_is_refused(run: Run, empty: Path, xray: XRayFake) -> None:
    ran = run("trace", ID.xray, "--open", "--set", "grafana.public_url=null", "--endpoint-url", xray.url)
    assert (ran.code, xray.requests) == (2, [])
    (empty / "bundle.yaml").write_text(CONFIG)
    ran = run("trace", ID.xray, "--open", "--set", "grafana.public_url=null", "--endpoint-url", xray.url)
    assert (ran.code, ran.out) == (2, "")
    assert "set grafana.public_url" in ran.err


def test_a_faulty_config_is_left_aside_unless_it_is_needed(run: Run, empty: Path, xray: XRayFake) -> None:
    (empty / "bundle.yaml").write_text("aws: {}\n")
    ran = run("trace", ID.xray, "--endpoint-url", xray.url)
    assert (ran.code, ran.err) == (0, "bundle.yaml: 2 mistakes in the config, so it is left aside\n")
    assert run("trace", ID.xray, "-c", "bundle.yaml", "--endpoint-url", xray.url).code == 2
    assert run("trace", ID.xray, "--open", "--endpoint-url", xray.url).code == 2


def test_a_trace_that_is_not_there_says_where_it_was_looked_for(run: Run, xray: XRayFake) -> None:
    ran = run("trace", OTHER, "--endpoint-url", xray.url)
    assert (ran.code, ran.out) == (1, "")
    first, second = ran.err.splitlines()
    assert first == f"error: X-Ray at {xray.url}: no trace {OTHER}"
    assert "it was not sampled" in second


@pytest.mark.parametrize("arguments", [("cart",), (f"{ID.xray} {OTHER}",), ("",), (ID.xray, "--json", "--open"), ()])
def test_a_bad_command_line_asks_nobody(run: Run, xray: XRayFake, arguments: tuple[str, ...]) -> None:
    ran = run("trace", *arguments, "--endpoint-url", xray.url)
    assert (ran.code, ran.out, xray.requests) == (2, "", [])
    assert "Traceback" not in ran.err


def test_refused_by_x_ray_is_one_line_and_a_hint(run: Run) -> None:
    with XRayFake(replies=[Reply(403, "AccessDeniedException")]) as denying:
        ran = run("trace", ID.xray, "--endpoint-url", denying.url)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (1, "", 2)
    assert "xray:BatchGetTraces" in ran.err


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def on_terminal(run: Run, xray: XRayFake, monkeypatch: pytest.MonkeyPatch, encoding: str = "utf-8") -> str:
    written = io.BytesIO()
    terminal = Terminal(written, encoding=encoding)
    with monkeypatch.context() as patch:
        patch.setenv("TERM", "xterm")
        patch.setattr(sys, "stdout", terminal)
        run("trace", ID.xray, "--endpoint-url", xray.url)
    terminal.flush()
    return written.getvalue().decode(encoding)


def test_a_terminal_gets_colours_and_words_beside_them(run: Run, xray: XRayFake, monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = on_terminal(run, xray, monkeypatch)
    assert "\x1b[1mstorefront\x1b[0m (ECS::Container) \x1b[31mfault\x1b[0m 502 POST /checkout" in coloured
    monkeypatch.setenv("NO_COLOR", "1")
    plain = on_terminal(run, xray, monkeypatch)
    assert "\x1b" not in plain
    assert "storefront (ECS::Container) fault 502 POST /checkout" in plain


def test_an_ascii_terminal_gets_ascii(run: Run, xray: XRayFake, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "`--> payments" in on_terminal(run, xray, monkeypatch, "ascii")


def test_hostile_text_reaches_neither_stream(run: Run) -> None:
    evil = "a\x1b[2J\x07\x9b\u202e"
    with XRayFake({ID.xray: [segment(1, evil, 0, 1, annotations={evil: evil})]}) as xray:
        for arguments in ((), ("--json",)):
            ran = run("trace", ID.xray, "--endpoint-url", xray.url, *arguments)
            assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(ran.out)


def test_a_reader_that_goes_away_ends_the_program_quietly(tmp_path: Path, xray: XRayFake) -> None:
    environ = {name: os.environ[name] for name in ("AWS_EC2_METADATA_DISABLED", "AWS_CONFIG_FILE")}
    done = run_program("trace", ID.xray, "--endpoint-url", xray.url, cwd=tmp_path, environ=environ, shell_suffix="| head -n 1")
    assert done.stdout.startswith("Trace 1-")
    assert done.stderr == ""


def test_the_sandbox_gives_the_same_picture_as_x_ray(run: Run) -> None:
    own = [document for document in checkout() if "inferred" not in document]
    with XRayFake({ID.xray: checkout()}) as xray:
        expected = run("trace", ID.xray, "--endpoint-url", xray.url).out
    with Sandbox(Settings(None, ("127.0.0.1", 0), ("127.0.0.1", 0))) as sandbox:
        assert sandbox.ingest.put([json.dumps(document) for document in reversed(own)]) == []
        host, port = sandbox.http_address
        ran = run("trace", ID.otel, "--endpoint-url", f"http://{host}:{port}")
        missing = run("trace", OTHER, "--endpoint-url", f"http://{host}:{port}")
    assert (ran.code, ran.err, ran.out) == (0, "", expected)
    assert (missing.code, missing.out) == (1, "")
    assert f"no trace {OTHER}" in missing.err
