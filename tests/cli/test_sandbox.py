"""`xray-grafana sandbox`: what it says, what it answers, how it ends, and what it refuses."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alb.aws import until
from tests.cli.conftest import Run
from tests.cli.program import ROOT, run_program
from tests.push.loki_fake import NO_LIMITS, LokiFake
from xray_grafana.cli.sandbox_banner import Running, banner, environment, exposed, json_line
from xray_grafana.cli.sandbox_live import Live, Refusals, Status, status_line
from xray_grafana.cli.sandbox_run import _at, _playing, _status
from xray_grafana.errors import OutputError
from xray_grafana.sandbox.addresses import Address
from xray_grafana.sandbox.demo.driver import Status as DemoStatus
from xray_grafana.sandbox.demo.incidents import OTHERS, Occurrence
from xray_grafana.sandbox.sampling.rule import default_rule
from xray_grafana.sandbox.server import Sandbox, Settings

pytestmark = pytest.mark.enable_socket

FREE = ("--http", "127.0.0.1:0", "--udp", "127.0.0.1:0")
TRACE_ID = "1-5759e988-bd862e3fe1be46a994272793"
HEADER = b'{"format": "json", "version": 1}\n'


def segment(**more: object) -> dict[str, Any]:
    now = time.time()
    return {
        "trace_id": TRACE_ID,
        "id": "53995c3f42cd8ad8",
        "name": "till",
        "start_time": now - 1,
        "end_time": now,
        **more,
    }


def call(url: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the API answers with 200."""
    with closing(HTTPConnection(url.removeprefix("http://"), timeout=20)) as connection:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        read: dict[str, Any] = json.loads(text)
        return read


class Started:
    """A sandbox in a process of its own, with the addresses that it told."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr else ""
        self.told: dict[str, Any] = json.loads(line)
        self.url: str = self.told["http"]

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return call(self.url, path, body)

    def put(self, *documents: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self.call("/TraceSegments", {"TraceSegmentDocuments": [json.dumps(document) for document in documents]})
        unprocessed: list[dict[str, Any]] = answer["UnprocessedTraceSegments"]
        return unprocessed

    def names(self) -> list[str]:
        """Names in the trace of the tests."""
        traces = self.call("/Traces", {"TraceIds": [TRACE_ID]})["Traces"]
        return [json.loads(each["Document"])["name"] for trace in traces for each in trace["Segments"]]

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[str, str]:
        """What is left on stdout and stderr."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, err
        return out, err


@contextmanager
def started(*arguments: str, environ: dict[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "xray_grafana", "sandbox", *FREE, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def sandbox(*arguments: str, environ: dict[str, str] | None = None) -> Iterator[Started]:
    with started("--json", *arguments, environ=environ) as process:
        yield Started(process)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


# What it says and how it ends


def test_one_line_of_json_tells_scripts_all_they_need_and_nothing_follows() -> None:
    with sandbox("--no-demo", "--region", "eu-west-1", "--account", "444455556666") as running:
        told = running.told
        out, err = running.end()

    assert re.fullmatch(r"http://127\.0\.0\.1:[1-9]\d*", told["http"])
    assert re.fullmatch(r"127\.0\.0\.1:[1-9]\d*", told["udp"])
    assert told == {
        "http": told["http"],
        "udp": told["udp"],
        "environment": {"AWS_XRAY_DAEMON_ADDRESS": told["udp"], "AWS_ENDPOINT_URL_XRAY": told["http"]},
        "region": "eu-west-1",
        "account": "444455556666",
        "data": None,
    }
    assert (out, err) == ("", "")


def test_a_segment_comes_in_by_the_api_and_by_udp_and_is_read_back() -> None:
    with sandbox("--no-demo") as running:
        assert running.put(segment()) == []
        host, _, port = running.told["udp"].rpartition(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(HEADER + json.dumps(segment(id="53995c3f42cd8ad9", name="bank")).encode(), (host, int(port)))
        until(lambda: sorted(running.names()) == ["bank", "till"], "both segments")
        running.end()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_until_it_is_told_to_end(number: signal.Signals) -> None:
    with started("--no-demo") as process:
        assert process.stdout is not None
        said = ""
        while "Demo" not in said:
            said += process.stdout.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)

    assert process.returncode == 0
    assert re.search(r"export AWS_XRAY_DAEMON_ADDRESS=127\.0\.0\.1:\d+\n", said)
    assert re.fullmatch(r"\n?0 segments of 0 traces in \d+ s; nothing is kept\n", out), out
    assert err == ""


def test_with_a_data_file_the_next_run_has_what_came_before(tmp_path: Path) -> None:
    file = tmp_path / "xr.db"
    with sandbox("--no-demo", "--data", str(file)) as running:
        assert running.told["data"] == str(file)
        running.put(segment())
        running.end()
    with sandbox("--no-demo", "--data", str(file)) as running:
        assert running.names() == ["till"]
        running.end()


def test_without_one_nothing_remains(tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    with sandbox("--no-demo", environ={"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}) as running:
        running.put(segment())
        running.end()
    with sandbox("--no-demo", environ={"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}) as running:
        assert running.names() == []
        running.end()
    assert sorted(tmp_path.iterdir()) == before


def test_each_reason_for_a_rejected_segment_is_told_once_where_there_is_no_terminal() -> None:
    port = free_port()
    with started("--no-demo", "--http", f"127.0.0.1:{port}") as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith("  Demo"):
            pass
        body = {"TraceSegmentDocuments": [json.dumps(segment(trace_id="1-2-3"))] * 3}
        call(f"http://127.0.0.1:{port}", "/TraceSegments", body)
        assert process.stderr is not None
        first = process.stderr.readline()
        call(f"http://127.0.0.1:{port}", "/TraceSegments", body)
        # Whichever look sees this one has seen the three before it, too.
        other = json.dumps(segment(name=""))
        call(f"http://127.0.0.1:{port}", "/TraceSegments", {"TraceSegmentDocuments": [other]})
        second = process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)

    assert first == "3 rejected segments: the last, 53995c3f42cd8ad8: Invalid segment. ErrorCode: InvalidTraceId\n"
    assert second == "4 rejected segments: the last, 53995c3f42cd8ad8: Invalid segment. ErrorCode: MissingName\n"
    assert err == ""
    assert ", 7 × rejected segment; nothing is kept\n" in out


# The demo


def first_minutes() -> dict[str, int]:
    """Those that the demo plays first: it begins an hour ago, or up to five minutes before that."""
    hour_ago = int(time.time()) - 3600
    return {"StartTime": hour_ago - 300, "EndTime": hour_ago + 300}


def test_the_demo_brings_traces_log_objects_and_log_lines(tmp_path: Path) -> None:
    with LokiFake(NO_LIMITS) as loki:
        with sandbox("--seed", "3", "--alb-logs", str(tmp_path / "logs"), "--loki", loki.url) as running:
            until(lambda: running.call("/TraceSummaries", first_minutes())["TraceSummaries"], "traces", 60)
            until(lambda: list((tmp_path / "logs").rglob("*.log.gz")), "log objects", 60)
            until(lambda: loki.requests, "log lines", 60)
            running.end()
        assert loki.entries({"service_name": "storefront"})


def test_a_loki_that_only_the_environment_names_gets_nothing() -> None:
    with LokiFake(NO_LIMITS) as loki:
        with sandbox(environ={"LOKI_URL": loki.url}) as running:
            until(lambda: running.call("/TraceSummaries", first_minutes())["TraceSummaries"], "traces", 60)
            running.end()
        assert loki.requests == []


class _Broken:
    """A demo that cannot go on."""

    def run(self, stop: threading.Event) -> None:
        assert not stop.is_set()
        raise OutputError("the disk is full", where="xr.db")


def test_a_demo_that_cannot_go_on_ends_the_program_with_its_reason() -> None:
    stop = threading.Event()
    with pytest.raises(OutputError, match="the disk is full"), _playing(_Broken(), stop):  # type: ignore[arg-type]
        assert stop.wait(10)


# What it refuses


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--http", "4000"], ["--http", "got '4000'", "expected HOST:PORT"]),
        (["--http", ":4000"], ["--http", "got ':4000'", "expected HOST:PORT"]),
        (["--http", "::1:4000"], ["--http", "got '::1:4000'", "expected HOST:PORT"]),
        (["--udp", "127.0.0.1:65536"], ["--udp", "got '127.0.0.1:65536'", "from 0 to 65535"]),
        (["--udp", "127.0.0.1:x"], ["--udp", "got '127.0.0.1:x'"]),
        (["--region", "mars"], ["--region", "got 'mars'", "expected an AWS region such as eu-west-1"]),
        (["--account", "12"], ["--account", "got '12'", "12 digits"]),
        (["--seed", "-1"], ["--seed", "-1"]),
        (["--no-demo", "--loki", "http://127.0.0.1:1"], ["--loki", "--no-demo"]),
        (["--no-demo", "--alb-logs", "logs"], ["--alb-logs", "--no-demo"]),
        (["--alb-logs", "s3://"], ["s3://", "expected s3://bucket"]),
        (["--loki", "ftp://x"], ["ftp://x"]),
        (["--compose", "--data", "x.db"], ["--compose", "--data"]),
        (["--compose", "--http", "127.0.0.1:4000"], ["--compose", "--http"]),
    ],
)
def test_a_value_that_cannot_be_is_named_with_what_was_expected(run: Run, arguments: list[str], words: list[str]) -> None:
    free = [] if "--compose" in arguments else FREE
    ran = run("sandbox", *free, *arguments)

    assert (ran.code, ran.out) == (2, "")
    assert [word for word in words if word not in ran.err] == []
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("option", ["--http", "--udp"])
def test_a_port_that_somebody_has_is_named_with_how_to_find_out_who(option: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = run_program("sandbox", "--no-demo", *FREE, option, f"127.0.0.1:{port}")

    assert ran.returncode == 1
    assert f"127.0.0.1:{port}" in ran.stderr
    assert re.search(r"\bss -\w+ 'sport = :" + str(port), ran.stderr), ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("content", [b"no database at all\n" * 20, b"SQLite format 3\0" + b"\xff" * 200])
def test_a_data_file_that_is_none_of_ours_is_refused_and_stays_as_it_is(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "xr.db"
    file.write_bytes(content)

    ran = run_program("sandbox", "--no-demo", *FREE, "--data", str(file))

    assert ran.returncode == 1
    assert str(file) in ran.stderr
    assert "Traceback" not in ran.stderr
    assert file.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["xr.db"]


def test_sampling_rules_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_text("{", encoding="utf-8")
    for name in ("rules.json", "nowhere.json"):
        ran = run_program("sandbox", "--no-demo", *FREE, "--sampling-rules", name, cwd=tmp_path)
        assert ran.returncode in {1, 2}
        assert name in ran.stderr
        assert "Traceback" not in ran.stderr


# In this process


def interrupted(port: int, during: Callable[[str], object]) -> threading.Thread:
    """A thread that waits for the sandbox, does something with it, and interrupts this process."""

    def run() -> None:
        def answers() -> bool:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
            except OSError:
                return False
            return True

        until(answers, "the sandbox", 60)  # not before: nobody else is to be interrupted
        try:
            during(f"http://127.0.0.1:{port}")
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_all_of_it_in_one_run(run: Run, tmp_path: Path) -> None:
    port = free_port()
    thread = interrupted(port, lambda _: time.sleep(1.5))
    ran = run("sandbox", "--http", f"127.0.0.1:{port}", "--udp", "127.0.0.1:0", "--data", str(tmp_path / "xr.db"))
    thread.join()

    assert (ran.code, ran.err) == (0, "")
    assert f"AWS_ENDPOINT_URL_XRAY=http://127.0.0.1:{port}\n" in ran.out
    assert re.search(rf"\n[1-9][\d,]* segments of [1-9][\d,]* traces in \d+ s; kept in {tmp_path}/xr\.db\n\Z", ran.out), ran.out[-300:]


def test_json_in_one_run(run: Run) -> None:
    port = free_port()
    thread = interrupted(port, lambda _: None)
    ran = run("sandbox", "--json", "--no-demo", "--http", f"127.0.0.1:{port}", "--udp", "127.0.0.1:0")
    thread.join()

    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["http"] == f"http://127.0.0.1:{port}"


def test_the_compose_file_is_printed_and_nothing_is_started(run: Run) -> None:
    ran = run("sandbox", "--compose", "--seed", "5", "--region", "eu-west-1")

    assert (ran.code, ran.err) == (0, "")
    command = yaml.safe_load(ran.out)["services"]["sandbox"]["command"]
    assert command[command.index("--seed") + 1] == "5"
    assert command[command.index("--region") + 1] == "eu-west-1"


# The banner

RUNNING = Running(("127.0.0.1", 4000), ("127.0.0.1", 2000), "eu-west-1", "111122223333", None, (default_rule(),), 1)


def test_the_banner_has_a_data_source_that_grafana_can_be_given() -> None:
    text = banner(RUNNING)
    lines = text.splitlines()
    begin = lines.index("    apiVersion: 1")
    (source,) = yaml.safe_load("\n".join(lines[begin : lines.index("", begin)]))["datasources"]

    assert source["type"] == "grafana-x-ray-datasource"
    assert source["jsonData"] == {"authType": "keys", "defaultRegion": "eu-west-1", "endpoint": "http://127.0.0.1:4000"}
    assert source["secureJsonData"] == {"accessKey": "$SANDBOX_ACCESS_KEY_ID", "secretKey": "$SANDBOX_SECRET_ACCESS_KEY"}


def test_the_banner_says_what_is_sampled_kept_and_played() -> None:
    assert "Sampling        100 %: SDKs are told to trace every request\n" in banner(RUNNING)
    assert "nothing of it is left at the end; --data FILE keeps it" in banner(RUNNING)
    other = banner(RUNNING._replace(data=Path("xr.db"), seed=None))
    assert "Kept            in xr.db\n" in other
    assert "Demo            none\n" in other


def test_the_banner_says_how_to_see_a_trace_and_how_to_end() -> None:
    text = banner(RUNNING)
    assert "  One trace       xray-grafana trace ID --endpoint-url http://127.0.0.1:4000\n" in text
    assert "Ctrl-C ends it.\n" in text


def rule(name: str, rate: float = 1.0, reservoir: int = 1) -> dict[str, Any]:
    return {**default_rule(), "RuleName": name, "FixedRate": rate, "ReservoirSize": reservoir}


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ([rule("Default", 0.07, 2)], "7 % of all requests, after the first 2 of each second"),
        ([rule("cart", 0.5), rule("Default")], "by 1 rule, cart; else 100 %"),
        ([*(rule(name) for name in "abcde"), rule("Default", 0.005)], "by 5 rules, a, b, c and 2 more; else 0.5 %"),
        ([rule("\x1b[2J"), rule("Default")], r"by 1 rule, \x1b[2J; else 100 %"),
    ],
)
def test_the_banner_tells_the_rules_that_there_are(rules: list[dict[str, Any]], told: str) -> None:
    assert f"  Sampling        {told}\n" in banner(RUNNING._replace(rules=tuple(rules)))


def test_rules_that_an_earlier_run_stored_are_told(tmp_path: Path) -> None:
    file = tmp_path / "xr.db"
    with Sandbox(Settings(file, ("127.0.0.1", 0), ("127.0.0.1", 0))) as earlier:
        host, port = earlier.http_address
        members = {**rule("checkout", 0.25), "Priority": 5}
        call(f"http://{host}:{port}", "/CreateSamplingRule", {"SamplingRule": members})
    with started("--no-demo", "--data", str(file)) as process:
        assert process.stdout is not None
        said = ""
        while "Demo" not in said:
            said += process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert "  Sampling        by 1 rule, checkout; else 100 %\n" in said


@pytest.mark.parametrize(
    ("bound", "told"),
    [
        (("0.0.0.0", 4000), "http://127.0.0.1:4000"),  # noqa: S104
        (("::", 4000), "http://[::1]:4000"),
        (("::1", 4000), "http://[::1]:4000"),
        (("192.0.2.7", 4000), "http://192.0.2.7:4000"),
    ],
)
def test_an_address_to_listen_at_is_told_as_one_to_send_to(bound: Address, told: str) -> None:
    running = RUNNING._replace(http=bound)
    assert environment(running)["AWS_ENDPOINT_URL_XRAY"] == told
    assert json.loads(json_line(running))["http"] == told


@pytest.mark.parametrize("addresses", [(("0.0.0.0", 4000),), (("127.0.0.1", 4000), ("192.0.2.7", 2000)), (("::", 4000),)])  # noqa: S104
def test_what_others_can_reach_is_warned_of(addresses: tuple[Address, ...]) -> None:
    warning = exposed(*addresses) or ""
    host, port = addresses[-1]
    assert f"{host if ':' not in host else f'[{host}]'}:{port} can be reached from other machines" in warning
    assert "no authentication" in warning
    assert "127.0.0.1" not in warning


def test_nothing_is_warned_of_on_loopback() -> None:
    assert exposed(("127.0.0.1", 4000), ("::1", 2000), ("127.8.0.1", 1)) is None


# The line

PLAYING = DemoStatus(1_789_898_400.0, is_live=False, incident=None, dropped=0, problem=None)


def test_the_demo_tells_the_time_it_makes_up_for_and_then_the_incident() -> None:
    # 1789898400 is 2026-09-20T10:00:00Z.
    incident = Occurrence(OTHERS[0], 0, 1)
    assert _at(PLAYING) == _at(PLAYING._replace(incident=incident)) == "the demo is at 10:00 UTC"
    assert _at(PLAYING._replace(is_live=True)) is None
    assert _at(PLAYING._replace(is_live=True, incident=incident)) == "incident: slow table"


class _Standing:
    """A demo that is where it is told to be."""

    def __init__(self, playing: DemoStatus) -> None:
        self._playing = playing

    def status(self) -> DemoStatus:
        return self._playing


def test_datagrams_and_log_lines_that_are_lost_are_told_with_their_reason_once() -> None:
    playing = PLAYING._replace(is_live=True, dropped=4, problem="Loki takes no log lines: 401")
    live, notes, _ = lives(None)
    with Sandbox(Settings(None, ("127.0.0.1", 0), ("127.0.0.1", 0)), note=live.note) as sandbox:
        sandbox.ingest.lose(2)
        live.show(_status(sandbox, _Standing(playing)))  # type: ignore[arg-type]

    assert notes == [
        "2 lost datagrams: they came faster than they could be taken",
        "4 lost log lines: Loki takes no log lines: 401",
    ]


STATUS = Status(
    12_345, 2_345, {"rejected segment": Refusals(3, "ab", "Invalid segment. ErrorCode: MissingName")}, "incident: slow table", None
)


def test_the_line_tells_all_where_there_is_room() -> None:
    assert status_line(STATUS, 12.34, 200) == (
        "12,345 segments, 2,345 traces, 12.3 segments/s, incident: slow table, 3 rejected segments: Invalid segment. ErrorCode: MissingName"
    )
    assert status_line(Status(1, 1, {"rejected segment": Refusals()}, None, None), 0, 200) == "1 segment, 1 trace, 0.0 segments/s"


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (100, "12,345 segments, 2,345 traces, 12.3 segments/s, incident: slow table, 3 rejected segments"),
        (80, "12,345 segments, 2,345 traces, incident: slow table, 3 rejected segments"),
        (40, "12,345 segments, 3 rejected segments"),
        (30, "3 rejected segments"),
        (10, "3 rejecte"),
        (1, ""),
        (0, ""),
    ],
)
def test_the_line_has_fewer_words_where_there_is_less_room(columns: int, line: str) -> None:
    assert status_line(STATUS, 12.34, columns) == line


def lives(stream: io.StringIO | None) -> tuple[Live, list[str], list[float]]:
    notes: list[str] = []
    clock = [100.0]
    return Live(stream, notes.append, lambda: clock[0]), notes, clock


def with_refusals(number: int, what: str, why: str) -> Status:
    return STATUS._replace(refusals={"rejected segment": Refusals(number, what, why)})


def test_a_reason_comes_back_after_half_a_minute_with_what_came_meanwhile() -> None:
    live, notes, clock = lives(io.StringIO())
    live.show(with_refusals(1, "a1", "no name"))
    clock[0] += 1
    live.show(with_refusals(3, "a3", "no name"))
    clock[0] += 1
    live.show(with_refusals(4, "a4", "no id"))
    clock[0] += 28
    live.show(with_refusals(6, "a6", "no name"))
    live.show(with_refusals(6, "a6", "no name"))
    live.clear()

    # Of the second look's two nothing is told for itself: they are among the three of the third.
    assert notes == [
        "1 rejected segment: a1: no name",
        "3 rejected segments: the last, a4: no id",
        "2 rejected segments: the last, a6: no name",
    ]


def test_a_problem_of_the_demo_is_told_once() -> None:
    live, notes, _ = lives(None)
    for _ in range(3):
        live.show(STATUS._replace(refusals={}, problem="Loki is not there"))

    assert notes == ["demo: Loki is not there"]


def test_of_very_many_notes_ten_are_told_and_the_others_counted() -> None:
    live, notes, clock = lives(None)
    for number in range(15):
        live.note(f"datagram {number} is lost")
    clock[0] += 9
    live.show(STATUS._replace(refusals={}))
    assert notes == [f"datagram {number} is lost" for number in range(10)]
    clock[0] += 1
    live.show(STATUS._replace(refusals={}))
    live.note("the disk has room again")
    assert notes[10:] == ["5 more notes left out", "the disk has room again"]


def shown_by(leader: int, look: Callable[[bytes], object] = lambda _: None) -> bytes:
    """All that a terminal shows until nobody writes to it any more; `look` sees it grow."""
    shown = b""
    with os.fdopen(leader, "rb", buffering=0) as terminal, suppress(OSError):  # Linux says EIO when the last writer is gone
        while chunk := terminal.read(65536):
            shown += chunk
            look(shown)
    return shown


def test_a_note_takes_the_place_of_the_line_and_the_line_comes_back_below() -> None:
    leader, follower = pty.openpty()
    subprocess.run(["stty", "cols", "40", "-opost"], stdin=follower, check=True)
    with os.fdopen(follower, "w", encoding="utf-8") as terminal:
        live = Live(terminal, lambda text: print(text, file=terminal, flush=True))
        live.show(STATUS._replace(refusals={}))
        live.note("the store is full")
        live.show(STATUS._replace(refusals={}, segments=1))
        live.clear()

    assert shown_by(leader).split(b"\r\x1b[K") == [
        b"",
        b"12,345 segments",
        b"the store is full\n",
        b"1 segment",
        b"",
    ]


def on_terminal(columns: int) -> tuple[str, int]:
    """What a terminal shows of a few seconds."""
    leader, follower = pty.openpty()
    subprocess.run(["stty", "cols", str(columns)], stdin=follower, check=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "xray_grafana", "sandbox", *FREE, "--no-demo"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stdin=follower,
        stdout=follower,
        stderr=follower,
    )
    os.close(follower)
    shown = shown_by(leader, lambda text: process.send_signal(signal.SIGINT) if text.count(b"\r\x1b[K") == 2 else None)
    return shown.decode(), process.wait(timeout=60)


@pytest.mark.parametrize(("columns", "line"), [(100, "0 segments, 0 traces, 0.0 segments/s"), (14, "0 segments")])
def test_a_line_is_redrawn_on_a_terminal_and_gone_at_the_end(columns: int, line: str) -> None:
    shown, code = on_terminal(columns)

    assert code == 0
    drawn = shown.split("\r\x1b[K")[1:]
    assert len(drawn) >= 3
    assert set(drawn[:-1]) == {line}
    assert re.fullmatch(r"0 segments of 0 traces in \d+ s; nothing is kept\r\n", drawn[-1])
