"""The worker with the real shipper, S3, SQS and a Loki that behaves; where it matters, as a process of its own."""

from __future__ import annotations

import gzip
import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.alb.aws import ENVIRON, Aws, until
from tests.alb.lines import KEY, access_lines
from tests.cli.conftest import Ran
from tests.push.loki_fake import LokiFake, Reply, Slow
from tests.push.loki_store import NO_LIMITS
from xray_grafana.alb.assemble import assembled
from xray_grafana.alb.objects import object_ship
from xray_grafana.alb.sqs import region_of_queue
from xray_grafana.alb.worker import Worker
from xray_grafana.cli.main import main

pytestmark = pytest.mark.enable_socket

ROOT = Path(__file__).parents[2]
ALB = {"log_type": "access"}


def key(number: int) -> str:
    return KEY.replace("4k2a9x1b", f"n{number}")


def lines_of(loki: LokiFake) -> list[bytes]:
    return [entry.line for entry in loki.taken(ALB)]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        code = main(arguments)
        return Ran(code, *capsys.readouterr())

    return call


@contextmanager
def working(aws: Aws, loki: LokiFake, *more: str) -> Iterator[subprocess.Popen[str]]:
    """`alb work` as a process; ended when the block ends."""
    arguments = ["--queue", aws.queue_url, "--loki", loki.url, "--endpoint-url", aws.url, *more]
    with subprocess.Popen(
        [sys.executable, "-m", "xray_grafana", "alb", "work", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **ENVIRON},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_objects_arrive_as_they_are_and_are_told(aws: Aws, run: Callable[..., Ran]) -> None:
    lines = list(access_lines(50))
    for number in range(3):
        aws.put(key(number), gzip.compress(b"\n".join(lines[number::3]) + b"\n"))
    aws.put(
        "AWSLogs/123456789012/ELBAccessLogTestFile", b"Enable AccessLog for ELB: app/shop-front/50dc6c495c0c9188 at 2026-09-20T10:00:00Z"
    )
    with LokiFake(NO_LIMITS) as loki:
        ran = run("alb", "work", "--queue", aws.queue_url, "--loki", loki.url, "--endpoint-url", aws.url, "--drain")
        assert sorted(lines_of(loki)) == sorted(lines)
    assert (ran.code, ran.err) == (0, "")
    told = ran.out.splitlines()
    assert len(told) == 4
    assert sum("result=shipped" in line for line in told) == 3
    assert sum("result=skipped" in line for line in told) == 1
    assert (aws.waiting(), aws.dead()) == ((0, 0, 0), 0)


def test_with_a_checkpoint_an_object_that_is_told_of_twice_is_shipped_once(aws: Aws, run: Callable[..., Ran], tmp_path: Path) -> None:
    lines = list(access_lines(20))
    record = aws.store(key(1), gzip.compress(b"\n".join(lines)))
    aws.send({"Records": [record]})
    aws.send({"Records": [record]})
    options = ("--concurrency", "1", "--checkpoint", str(tmp_path / "seen.db"), "--drain", "--metrics", "127.0.0.1:0")
    with LokiFake(NO_LIMITS) as loki:
        ran = run("alb", "work", "--queue", aws.queue_url, "--loki", loki.url, "--endpoint-url", aws.url, *options)
        assert lines_of(loki) == lines
    assert ran.code == 0
    assert 'skipped_because="shipped before"' in ran.out


def test_sigterm_in_the_middle_of_a_large_object_loses_and_repeats_nothing(aws: Aws) -> None:
    lines = list(access_lines(30_000))
    aws.put(key(1), gzip.compress(b"\n".join(lines) + b"\n", compresslevel=1))
    with LokiFake(NO_LIMITS) as loki:
        loki.script([Slow(0.5)] * 4)
        with working(aws, loki, "--concurrency", "1") as process:
            until(lambda: len(loki.requests) >= 2, "two pushes are in")
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=20)
        assert process.returncode == 0, err
        assert "result=continued" in out
        assert err.startswith("SIGTERM: what is in hand is finished or handed over; a second signal ends at once\n")
        arrived = lines_of(loki)
        assert arrived == lines[: len(arrived)]
        assert 0 < len(arrived) < len(lines)
        assert aws.waiting() == (1, 0, 0)
        with working(aws, loki, "--drain") as process:
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert lines_of(loki) == lines
    assert aws.waiting() == (0, 0, 0)


def test_each_line_about_an_object_is_there_at_once_for_who_reads_a_pipe(aws: Aws) -> None:
    aws.put(key(1), b"\n".join(access_lines(10)))
    with LokiFake(NO_LIMITS) as loki, working(aws, loki) as process:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], 20)
        assert ready
        assert process.stdout.readline().startswith("event=object ")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_a_checkpoint_that_breaks_under_the_worker_ends_it_and_the_object_is_not_parked(aws: Aws, tmp_path: Path) -> None:
    file = tmp_path / "seen.db"
    aws.put(key(1), b"\n".join(access_lines(10)))
    with LokiFake(NO_LIMITS) as loki, working(aws, loki, "--checkpoint", str(file)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with closing(sqlite3.connect(file)) as database:
            database.execute("DROP TABLE position")
        aws.put(key(2), b"\n".join(access_lines(10)))
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "seen.db: cannot be used as a checkpoint: no such table: position" in err
    assert (aws.waiting(), aws.dead()) == ((1, 0, 0), 0)


def test_a_second_signal_ends_the_worker_at_once(aws: Aws) -> None:
    aws.put(key(1), b"\n".join(access_lines(10)))
    with LokiFake(NO_LIMITS) as loki:
        loki.script([Slow(60)])
        with working(aws, loki, "--concurrency", "1") as process:
            until(lambda: not loki.script_left(), "the push is in hand")
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            assert process.stderr.readline().startswith("SIGINT: ")
            process.send_signal(signal.SIGINT)
            assert process.wait(5) == 130
    assert aws.waiting() == (0, 1, 0)


def test_a_wrong_password_ends_the_worker_with_the_reason_and_gives_the_messages_back(aws: Aws, run: Callable[..., Ran]) -> None:
    aws.put(key(1), b"\n".join(access_lines(10)))
    with LokiFake(NO_LIMITS, bearer="right") as loki:
        ran = run("alb", "work", "--queue", aws.queue_url, "--loki", loki.url, "--endpoint-url", aws.url, "--concurrency", "1")
    assert (ran.code, ran.out) == (1, "")
    assert "401" in ran.err
    assert aws.waiting() == (1, 0, 0)


def test_a_loki_that_is_gone_is_not_waited_for_when_the_worker_is_told_to_end(aws: Aws) -> None:
    aws.put(key(1), b"\n".join(access_lines(10)))
    loki = LokiFake(NO_LIMITS)
    with loki:
        pass
    with working(aws, loki, "--concurrency", "1") as process:
        assert process.stderr is not None
        assert "for Loki: " in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert aws.waiting() == (1, 0, 0)
    [message] = aws.take()
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


def test_waiting_for_loki_is_told(aws: Aws, run: Callable[..., Ran]) -> None:
    aws.put(key(1), b"\n".join(access_lines(10)))
    with LokiFake(NO_LIMITS) as loki:
        loki.script([Reply(503, "too busy")])
        ran = run("alb", "work", "--queue", aws.queue_url, "--loki", loki.url, "--endpoint-url", aws.url, "--drain")
        assert len(lines_of(loki)) == 10
    assert ran.code == 0
    assert "s for Loki: 503" in ran.err


@pytest.mark.parametrize(
    "url",
    ["alb-logs", "arn:aws:sqs:eu-west-1:111122223333:alb-logs", "https://sqs.eu-west-1.amazonaws.com", "ftp://a/b/c", "http://[a/b/c"],
)
def test_what_is_no_queue_is_refused_with_how_to_find_it(url: str, run: Callable[..., Ran]) -> None:
    ran = run("alb", "work", "--queue", url, "--loki", "http://127.0.0.1:1")
    assert ran.code == 2
    assert f"--queue: got {url!r}, expected the URL of an SQS queue" in ran.err
    assert "aws sqs get-queue-url" in ran.err


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/111122223333/alb-logs", "eu-west-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/111122223333/alb-logs", "cn-north-1"),
        ("https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/111122223333/alb-logs", None),
        ("http://127.0.0.1:5000/111122223333/alb-logs", None),
    ],
)
def test_a_queue_says_its_region(url: str, region: str | None) -> None:
    assert region_of_queue(url) == region


class _S3(BaseHTTPRequestHandler):
    """Answers everything with one error, as S3 writes it."""

    status, code = 500, "InternalError"

    def do_GET(self) -> None:
        body = f"<Error><Code>{self.code}</Code><Message>No.</Message></Error>".encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 - the base class's form

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@contextmanager
def failing_s3(status: int, code: str) -> Iterator[Any]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("S3", (_S3,), {"status": status, "code": code}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    client = boto3.session.Session().client("s3", endpoint_url=url, config=Config(retries={"total_max_attempts": 1}))
    yield client
    client.close()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("status", "code", "is_parked"), [(403, "AccessDenied", False), (404, "NoSuchKey", True), (503, "SlowDown", False)]
)
def test_what_s3_answers_decides_whether_an_object_comes_back(aws: Aws, status: int, code: str, is_parked: object) -> None:
    record = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "logs"}, "object": {"key": key(1), "eTag": "e1"}}}
    aws.send({"Records": [record]})
    notes: list[str] = []
    stop = threading.Event()
    with (
        LokiFake() as loki,
        assembled(loki.url, None, {}, stop=stop, on_wait=lambda *_: None, say=notes.append, note=notes.append) as assembly,
        failing_s3(status, code) as s3,
    ):
        failed = assembly.reporter.totals.add_failure
        options: dict[str, Any] = {
            "stop": stop,
            "report": assembly.reporter,
            "failed": failed,
            "note": notes.append,
            "drain": True,
            "poll_seconds": 0,
        }
        Worker(aws.sqs, aws.queue_url, object_ship(assembly.shipper, s3), **options).run()
        assert assembly.reporter.totals.failures == 1
    assert code in notes[0]
    assert (aws.waiting(), aws.dead()) == (((0, 0, 0), 1) if is_parked else ((0, 1, 0), 0))
    if is_parked:
        [letter] = aws.take(aws.dead_url)
        assert json.loads(letter["Body"]) == {"Records": [record]}
        assert code in letter["MessageAttributes"]["reason"]["StringValue"]
