from __future__ import annotations

import csv
import gzip
import io
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.alb.aws import ENVIRON, Aws
from tests.alb.lines import access_lines
from tests.cli.conftest import Ran
from tests.push.loki_fake import LokiFake
from tests.push.loki_store import NO_LIMITS
from xray_grafana.alb.backfill import Found, Listing, Selection, Tally, enqueue, parse_place
from xray_grafana.alb.events import ObjectRef, read_body
from xray_grafana.alb.sqs import Queue
from xray_grafana.cli.alb.backfill import _resumable, _size
from xray_grafana.cli.main import main
from xray_grafana.errors import SourceError, UsageError

pytestmark = pytest.mark.enable_socket

ROOT = Path(__file__).parents[2]
SHOP, OTHER = "111122223333", "444455556666"


def key(
    end: str,
    *,
    account: str = SHOP,
    region: str = "eu-west-1",
    prefix: str = "",
    kind: str = "",
    lb: str = "app.shop.50dc6c495c0c9188",
    day: str = "",
) -> str:
    """The key of a log that ends at `end`, such as 20260920T1005Z."""
    folder = day or f"{end[:4]}/{end[4:6]}/{end[6:8]}"
    name = f"{kind}{account}_elasticloadbalancing_{region}_{lb}_{end}_10.0.3.7_4k2a9x1b.log.gz"
    return f"{prefix}AWSLogs/{account}/elasticloadbalancing/{region}/{folder}/{name}"


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def run(aws: Aws, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    def call(place: str, *arguments: str) -> Ran:
        capsys.readouterr()
        code = main(["alb", "backfill", place, "--endpoint-url", aws.url, *arguments])
        return Ran(code, *capsys.readouterr())

    return call


def store(aws: Aws, *keys: str, body: bytes = b"12345") -> None:
    """Objects without messages."""
    aws.s3.put_bucket_notification_configuration(Bucket=aws.bucket, NotificationConfiguration={})
    for each in keys:
        aws.put(each, body)


class Listed:
    """What a listing finds, and which prefixes it asked for."""

    def __init__(self, aws: Aws, prefix: str, start: str, end: str, **more: Any) -> None:
        self.prefixes: list[str] = []
        note = lambda params, **_: self.prefixes.append(params["Prefix"])  # noqa: E731
        aws.s3.meta.events.register("provide-client-params.s3.ListObjectsV2", note)
        listing = Listing(aws.s3, Selection(aws.bucket, prefix, moment(start), moment(end), **more))
        self.keys = [found.ref.key for found in listing]
        self.skipped = listing.skipped
        aws.s3.meta.events.unregister("provide-client-params.s3.ListObjectsV2", note)


def test_only_the_days_in_question_are_listed(aws: Aws) -> None:
    days = ["20260918T1200Z", "20260919T1200Z", "20260920T1005Z", "20260921T1200Z", "20260922T1200Z", "20261020T1200Z", "20250920T1200Z"]
    store(aws, *map(key, days))
    listed = Listed(aws, "", "2026-09-20", "2026-09-21")
    assert listed.keys == [key("20260920T1005Z")]
    base = f"AWSLogs/{SHOP}/elasticloadbalancing/eu-west-1/"
    above = ["", "AWSLogs/", f"AWSLogs/{SHOP}/", f"AWSLogs/{SHOP}/elasticloadbalancing/", base, f"{base}2026/", f"{base}2026/09/"]
    assert listed.prefixes == [*above, f"{base}2026/09/19/", f"{base}2026/09/20/", f"{base}2026/09/21/"]


@pytest.mark.parametrize(
    "place",
    [
        "",
        "team",
        "team/",
        "team/AWSLogs",
        "team/AWSLogs/",
        "team/AWSLogs/1111",
        f"team/AWSLogs/{SHOP}/",
        f"team/AWSLogs/{SHOP}/elasticloadbalancing/eu-west-1/2026",
        f"team/AWSLogs/{SHOP}/elasticloadbalancing/eu-west-1/2026/09/20/",
        f"team/AWSLogs/{SHOP}/elasticloadbalancing/eu-west-1/2026/09/20/{SHOP}_elasticloadbalancing",
    ],
)
def test_a_place_may_lie_anywhere_above_the_objects(aws: Aws, place: str) -> None:
    wanted = key("20260920T1005Z", prefix="team/")
    store(aws, wanted)
    assert Listed(aws, place, "2026-09-20", "2026-09-21").keys == [wanted]


def test_the_time_has_its_beginning_and_not_its_end(aws: Aws) -> None:
    times = ["20260920T0955Z", "20260920T1000Z", "20260920T1005Z", "20260920T1010Z"]
    store(aws, *map(key, times))
    assert Listed(aws, "", "2026-09-20T10:00", "2026-09-20T10:10").keys == [key("20260920T1000Z"), key("20260920T1005Z")]


def test_a_file_of_midnight_is_found_in_the_folder_of_either_day(aws: Aws) -> None:
    early = key("20260921T0000Z", day="2026/09/20")
    late = key("20260921T0000Z", lb="app.b.50dc6c495c0c9188", day="2026/09/21")
    store(aws, early, late)
    assert Listed(aws, "", "2026-09-21", "2026-09-22").keys == [early, late]
    assert Listed(aws, "", "2026-09-20", "2026-09-21").keys == []


def test_objects_come_in_the_order_of_time_whatever_their_account_region_and_folder(aws: Aws) -> None:
    first = key("20260919T2355Z", account=OTHER, region="us-east-1")
    second = key("20260920T0005Z", prefix="team/", lb="app.zoo.50dc6c495c0c9188")
    third = "copies/" + key("20260920T0010Z").rpartition("/")[2]
    fourth = key("20260920T0015Z", account=OTHER)
    store(aws, fourth, third, second, first)
    assert Listed(aws, "", "2026-09-19", "2026-09-21").keys == [first, second, third, fourth]


def test_accounts_and_regions_can_be_chosen(aws: Aws) -> None:
    keys = [key("20260920T0005Z", account=account, region=region) for account in (SHOP, OTHER) for region in ("eu-west-1", "us-east-1")]
    copy = "copies/" + keys[1].rpartition("/")[2]
    store(aws, *keys, copy)
    chosen = Listed(aws, "", "2026-09-20", "2026-09-21", accounts=frozenset({SHOP}), regions=frozenset({"us-east-1"}))
    assert chosen.keys == [keys[1], copy]
    assert not [prefix for prefix in chosen.prefixes if OTHER in prefix or "eu-west-1" in prefix]


def test_what_is_no_log_of_a_load_balancer_is_passed_over(aws: Aws) -> None:
    wanted = key("20260920T0005Z")
    store(
        aws,
        wanted,
        f"AWSLogs/{SHOP}/ELBAccessLogTestFile",
        f"AWSLogs/{SHOP}/CloudTrail/eu-west-1/2026/09/20/{SHOP}_CloudTrail_eu-west-1_20260920T0005Z_x.json.gz",
        f"AWSLogs/o-abcdefghij/{SHOP}/CloudTrail/a.json.gz",
        f"AWSLogs/{SHOP}/elasticloadbalancing/eu-west-1/2026/09/20/notes.txt",
        "readme.txt",
        key("20261399T0005Z", day="2026/09/20"),
    )
    listed = Listed(aws, "", "2026-09-20", "2026-09-21")
    assert (listed.keys, listed.skipped) == ([wanted], 4)


def test_folders_far_from_the_place_are_listed_in_whole(aws: Aws) -> None:
    deep = "a/b/c/d/e/" + key("20260920T0005Z")
    store(aws, deep)
    listed = Listed(aws, "", "2026-09-20", "2026-09-21")
    assert listed.keys == [deep]
    assert listed.prefixes == ["", "a/", "a/b/", "a/b/c/", "a/b/c/d/"]


def test_more_keys_than_fit_one_answer_are_all_found(aws: Aws) -> None:
    keys = [key(f"20260920T10{minute:02}Z") for minute in range(0, 60, 5)]
    store(aws, *keys)
    aws.s3.meta.events.register_last("provide-client-params.s3.ListObjectsV2", lambda params, **_: {**params, "MaxKeys": 5})
    assert Listed(aws, "", "2026-09-20", "2026-09-21").keys == keys


@pytest.mark.parametrize(("start", "end"), [("0001-01-01", "0001-01-02"), ("9999-12-31", "9999-12-31T23:59:59")])
def test_the_ends_of_the_calendar_are_no_trouble(aws: Aws, start: str, end: str) -> None:
    store(aws, key("20260920T0005Z"))
    assert Listed(aws, "", start, end).keys == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [("s3://b", ("b", "")), ("s3://b/", ("b", "")), ("s3://b/a b/c?x#y", ("b", "a b/c?x#y")), ("s3://b//a", ("b", "/a"))],
)
def test_places_are_read(text: str, expected: tuple[str, str]) -> None:
    assert parse_place(text) == expected


@pytest.mark.parametrize("text", ["", "b/a", "s3:/b/a", "https://b.s3.amazonaws.com/a", "s3://", "s3:///a"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected s3://BUCKET/PREFIX"):
        parse_place(text)


WINDOW = ("--from", "2026-09-20", "--to", "2026-09-21")


def test_each_object_becomes_a_message_that_says_it_is_old(aws: Aws, run: Callable[..., Ran]) -> None:
    keys = [key(f"20260920T{hour:02}05Z", lb="app.sh-op.50dc6c495c0c9188") for hour in range(24)]
    store(aws, *keys, "readme.txt")
    ran = run(f"s3://{aws.bucket}", *WINDOW, "--queue", aws.queue_url)
    refs = [item for message in aws.take() for item in read_body(message["Body"])]
    etag = "827ccb0eea8a706c4c34a16891f84e7b"  # md5 of 12345
    assert sorted(refs, key=str) == [ObjectRef(aws.bucket, each, None, etag, 5, 0, backfill=True) for each in keys]
    assert ran == Ran(
        0,
        "day         log type         objects        size\n"
        "2026-09-20  access                24       120 B\n"
        f"24 objects, 120 B → {aws.queue_url}\n",
        "1 object passed over: no logs of load balancers by their names\n",
    )


def test_a_dry_run_counts_by_day_and_type_and_sends_nothing(aws: Aws, run: Callable[..., Ran]) -> None:
    store(aws, key("20260920T1005Z"), key("20260920T1010Z"), key("20260921T1005Z"), body=b"x" * 2000)
    store(
        aws,
        key("20260921T1005Z", kind="conn_log_"),
        key("20260921T1005Z", kind="health_check_log_"),
        key("20260921T1005Z", lb="net.n.50dc6c495c0c9188"),
    )
    ran = run(f"s3://{aws.bucket}/", "--from", "2026-09-20T10:05+00:00", "--to", "2026-09-22", "--dry-run")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "day         log type         objects        size",
        "2026-09-20  access                 2     3.9 KiB",
        "2026-09-21  access                 1     2.0 KiB",
        "2026-09-21  connection             1         5 B",
        "2026-09-21  health_check           1         5 B",
        "2026-09-21  nlb                    1         5 B",
        "6 objects, 5.9 KiB",
    ]
    assert aws.waiting() == (0, 0, 0)


def test_a_dry_run_as_json(aws: Aws, run: Callable[..., Ran]) -> None:
    store(aws, key("20260920T1005Z"), "readme.txt")
    ran = run(f"s3://{aws.bucket}/", *WINDOW, "--dry-run", "--json", "--account", SHOP, "--region", "eu-west-1")
    assert json.loads(ran.out) == {
        "place": f"s3://{aws.bucket}/",
        "from": "2026-09-20T00:00:00+00:00",
        "to": "2026-09-21T00:00:00+00:00",
        "target": None,
        "days": [{"day": "2026-09-20", "log_type": "access", "objects": 1, "bytes": 5}],
        "objects": 1,
        "bytes": 5,
        "skipped": 1,
    }
    assert ran.err == ""


def test_a_manifest_is_what_batch_operations_read(aws: Aws, run: Callable[..., Ran], tmp_path: Path) -> None:
    odd = key("20260920T1005Z", prefix='a b+c,"ü"/')
    store(aws, odd, key("20260920T1000Z"))
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("old", encoding="ascii")
    ran = run(f"s3://{aws.bucket}", *WINDOW, "--manifest", str(manifest))
    assert ran.code == 0
    text = manifest.read_text(encoding="ascii")
    assert text.splitlines()[1].startswith(f"{aws.bucket},a%20b%2Bc%2C%22%C3%BC%22/AWSLogs/{SHOP}/")
    rows = [(bucket, unquote(quoted)) for bucket, quoted in csv.reader(io.StringIO(text))]
    assert rows == [(aws.bucket, key("20260920T1000Z")), (aws.bucket, odd)]
    assert oct(manifest.stat().st_mode)[-3:] == "644"
    assert [file.name for file in tmp_path.iterdir()] == ["manifest.csv"]


def test_a_manifest_that_could_not_be_finished_leaves_the_old_one(aws: Aws, run: Callable[..., Ran], tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("old", encoding="ascii")
    ran = run(f"s3://{aws.bucket}-not", *WINDOW, "--manifest", str(manifest))
    assert ran.code == 1
    assert "NoSuchBucket" in ran.err
    assert "s3:ListBucket" in ran.err
    assert [(file.name, file.read_text(encoding="ascii")) for file in tmp_path.iterdir()] == [("manifest.csv", "old")]


def test_a_manifest_in_a_folder_that_is_not_there_is_refused(aws: Aws, run: Callable[..., Ran], tmp_path: Path) -> None:
    ran = run(f"s3://{aws.bucket}", *WINDOW, "--manifest", str(tmp_path / "no" / "manifest.csv"))
    assert ran.code == 1
    assert "manifest.csv: cannot be written: No such file or directory" in ran.err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--from", "2026-09-20", "--to", "2026-09-20", "--dry-run"), "--from 2026-09-20 is not before --to 2026-09-20"),
        (("--from", "2026-09-20T02:00+02:00", "--to", "2026-09-20", "--dry-run"), "is not before --to 2026-09-20"),
        (("--from", "soon", "--to", "2026-09-20", "--dry-run"), "--from: 'soon' is no time"),
        (("--from", "2026-09-20", "--to", "2026-13-01", "--dry-run"), "--to: '2026-13-01' is no time"),
        (WINDOW, "one of --queue, --manifest and --dry-run is needed"),
        ((*WINDOW, "--dry-run", "--manifest", "m.csv"), "one of --queue, --manifest and --dry-run is needed"),
        ((*WINDOW, "--queue", "alb-logs"), "expected the URL of an SQS queue"),
        (("--to", "2026-09-21", "--dry-run"), "Missing option '--from'"),
    ],
)
def test_a_command_line_that_cannot_be_meant_is_refused(run: Callable[..., Ran], arguments: tuple[str, ...], text: str) -> None:
    ran = run("s3://b", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert text in ran.err


def test_a_queue_that_is_not_there_is_an_error_that_says_that_nothing_was_sent(aws: Aws, run: Callable[..., Ran]) -> None:
    store(aws, key("20260920T1005Z"))
    ran = run(f"s3://{aws.bucket}", *WINDOW, "--queue", aws.queue_url + "-not")
    assert ran.code == 1
    assert "NonExistentQueue" in ran.err
    assert "broken off: nothing was sent" in ran.err


class Picky:
    """A client of SQS that refuses the first entry of each batch so many times."""

    def __init__(self, client: Any, times: int) -> None:
        self._client = client
        self.times = times
        self.sizes: list[int] = []

    def send_message_batch(self, **call: Any) -> Any:
        entries = call["Entries"]
        self.sizes.append(len(entries))
        if self.times == 0:
            return self._client.send_message_batch(**call)
        self.times -= 1
        if len(entries) > 1:
            self._client.send_message_batch(QueueUrl=call["QueueUrl"], Entries=entries[1:])
        return {"Failed": [{"Id": entries[0]["Id"], "Code": "InternalError", "Message": "busy", "SenderFault": False}]}


def sent_by(aws: Aws, times: int, pauses: list[float]) -> tuple[Picky, Tally]:
    listing = Listing(aws.s3, Selection(aws.bucket, "", moment("2026-09-20"), moment("2026-09-21")))
    client, tally = Picky(aws.sqs, times), Tally()
    enqueue(listing, Queue(client, aws.queue_url), tally, on_sent=lambda: None, sleep=pauses.append)
    return client, tally


def test_a_message_that_sqs_refuses_is_sent_again_alone(aws: Aws) -> None:
    store(aws, *(key(f"20260920T{hour:02}05Z") for hour in range(12)))
    pauses: list[float] = []
    client, tally = sent_by(aws, 2, pauses)
    assert client.sizes == [10, 1, 1, 2]
    assert pauses == [1, 2]
    assert tally.objects.total() == 12
    assert tally.reached == moment("2026-09-20T11:05")
    assert aws.waiting() == (12, 0, 0)


def test_messages_that_sqs_goes_on_refusing_are_an_error(aws: Aws) -> None:
    store(aws, *(key(f"20260920T{hour:02}05Z") for hour in range(3)))
    pauses: list[float] = []
    with pytest.raises(SourceError, match="SQS refused 1 messages of a batch 6 times: InternalError: busy"):
        sent_by(aws, 100, pauses)
    assert pauses == [1, 2, 4, 8, 16]


class _Interrupting(BaseHTTPRequestHandler):
    """Stands between the program and AWS; interrupts the program at the third batch, as ^C does."""

    upstream = ""
    batches = 0
    interrupt: Callable[[], None]

    def do_POST(self) -> None:
        import urllib3  # noqa: PLC0415

        body = self.rfile.read(int(self.headers["Content-Length"]))
        if b"Entries" in body:
            type(self).batches += 1
            if self.batches == 3:
                type(self).interrupt()
                return
        answer = urllib3.request("POST", self.upstream + self.path, body=body, headers=dict(self.headers), retries=False)
        self.send_response(answer.status)
        for name in ("Content-Type", "x-amzn-RequestId"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(answer.data)))
        self.end_headers()
        self.wfile.write(answer.data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


def test_interrupted_it_says_how_far_it_is_and_how_to_go_on(aws: Aws) -> None:
    """On a terminal, where it also counts on; what it says to go on with sends the rest."""
    keys = [key(f"20260920T{hour:02}{minute:02}Z") for hour in range(3) for minute in range(0, 60, 5)]
    store(aws, *keys)
    about: dict[str, Any] = {}
    handler = type("Proxy", (_Interrupting,), {"upstream": aws.url, "interrupt": lambda: about["process"].send_signal(signal.SIGINT)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    outer, inner = pty.openpty()
    url = f"http://127.0.0.1:{server.server_port}"
    about["process"] = process = subprocess.Popen(
        [sys.executable, "-m", "xray_grafana", "alb", "backfill", f"s3://{aws.bucket}", *WINDOW, "--queue", aws.queue_url],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "AWS_ENDPOINT_URL_S3": aws.url, "AWS_ENDPOINT_URL_SQS": url, **ENVIRON},
        stderr=inner,
        stdout=subprocess.DEVNULL,
    )
    os.close(inner)
    try:
        assert process.wait(20) == 130
        shown = os.read(outer, 65536).decode()
    finally:
        process.kill()
        os.close(outer)
        server.shutdown()
        server.server_close()
        thread.join()
    assert "\r2026-09-20 00:45  10 sent\r2026-09-20 01:35  20 sent\r\x1b[K" in shown
    assert "broken off: 20 objects sent, all that ended before 2026-09-20T01:35Z; go on with --from 2026-09-20T01:35Z" in shown
    assert aws.waiting() == (20, 0, 0)
    assert (
        main(
            [
                "alb",
                "backfill",
                f"s3://{aws.bucket}",
                "--endpoint-url",
                aws.url,
                "--from",
                "2026-09-20T01:35Z",
                "--to",
                "2026-09-21",
                "--queue",
                aws.queue_url,
            ]
        )
        == 0
    )
    sent = {item.key for message in aws.take() for item in read_body(message["Body"]) if isinstance(item, ObjectRef)}
    assert sent == set(keys)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_how_far_it_is(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    store(aws, key("20260920T1005Z"))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    arguments = [f"s3://{aws.bucket}", "--endpoint-url", aws.url, *WINDOW, "--queue", aws.queue_url]
    assert main(["alb", "backfill", *arguments]) == 0
    assert terminal.getvalue() == "\r2026-09-20 10:05  1 sent\r\x1b[K"


def test_broken_off_by_an_error_it_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    tally.add(Found(ObjectRef("b", "a", size_bytes=7), "access", moment("2026-09-20T10:05")))
    with pytest.raises(SourceError), _resumable(tally):
        raise SourceError("no more")
    expected = "broken off: 1 object sent, all that ended before 2026-09-20T10:05Z; go on with --from 2026-09-20T10:05Z\n"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 2**20, "5.0 MiB"), (3 * 2**30, "3.0 GiB"), (2000 * 2**40, "2000.0 TiB")],
)
def test_sizes_are_readable(number: int, text: str) -> None:
    assert _size(number) == text


def test_what_is_enqueued_is_shipped_as_old_by_the_worker(aws: Aws, run: Callable[..., Ran]) -> None:
    lines = list(access_lines(10))
    wanted = key("20260920T1005Z")
    store(aws, wanted, body=gzip.compress(b"\n".join(lines)))
    run(f"s3://{aws.bucket}", *WINDOW, "--queue", aws.queue_url)
    with LokiFake(NO_LIMITS) as loki:
        assert main(["alb", "work", "--queue", aws.queue_url, "--loki", loki.url, "--endpoint-url", aws.url, "--drain"]) == 0
        assert [entry.line for entry in loki.taken({"log_type": "access"})] == lines
        assert loki.requests[0].headers["X-Loki-Backfill-Shard"] == "2026-09-20T10"


TIMES = st.datetimes(min_value=datetime(2026, 9, 18), max_value=datetime(2026, 9, 23), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis wants it so


class Paged:
    """A bucket's listing in memory, as S3 answers it."""

    def __init__(self, keys: list[str]) -> None:
        self._keys = sorted(keys)

    def get_paginator(self, _: str) -> Paged:
        return self

    def paginate(self, *, Bucket: str, Prefix: str, Delimiter: str = "") -> list[dict[str, Any]]:  # noqa: ARG002, N803 - AWS's names
        contents, folders = [], {}
        for each in self._keys:
            if each.startswith(Prefix):
                head, found, _ = each.removeprefix(Prefix).partition(Delimiter) if Delimiter else (each, "", "")
                if found:
                    folders[f"{Prefix}{head}/"] = True
                else:
                    contents.append({"Key": each, "ETag": '"e"', "Size": 1})
        return [{"Contents": contents, "CommonPrefixes": [{"Prefix": folder} for folder in folders]}]


@given(st.lists(st.tuples(TIMES, st.sampled_from(["", "team/", "a/b/c/d/"])), max_size=20), TIMES, TIMES)
def test_the_short_way_finds_what_the_long_way_finds(objects: list[tuple[datetime, str]], one: datetime, other: datetime) -> None:
    """Walking folders and filtering a whole listing agree."""
    start, end = sorted((one, other))
    times = [(time.strftime("%Y%m%dT%H%MZ"), prefix) for time, prefix in objects]
    keys = sorted({key(text, prefix=prefix) for text, prefix in times})
    ends = {each: datetime.strptime(each.split("_")[-3], "%Y%m%dT%H%MZ").replace(tzinfo=UTC) for each in keys}
    found = [each.ref.key for each in Listing(Paged(keys), Selection("b", "", start, end))]
    assert found == sorted((each for each in keys if start <= ends[each] < end), key=lambda each: (ends[each], each))
