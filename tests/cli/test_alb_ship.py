"""`xray-grafana alb ship`: what arrives, what is said about it, and with which exit code it ends."""

from __future__ import annotations

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
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.alb.aws import Aws, aws, aws_server  # noqa: F401 — fixtures
from tests.alb.lines import KEY, Fields, access_lines
from tests.alb.shipping import LABELS, expected, packed, text_of
from tests.alb.test_totals import decoded
from tests.cli.conftest import Run
from tests.cli.program import ROOT, run_program
from tests.cli.test_main import on_terminal
from tests.push.loki_fake import NO_LIMITS, Behave, Drop, Limits, LokiFake, Reply, Slow

pytestmark = pytest.mark.enable_socket

LINES = list(access_lines(12_000, seed=41))
FEW = LINES[:30]
NAME = Path(KEY).name
OWN = {"service_name": "xray-grafana-alb"}
SIGINT_NOTE = "SIGINT: what is in hand is finished or handed over; a second signal ends at once\n"
AGAIN_NOTE = "interrupted; start it again to go on where it was\n"


@pytest.fixture
def loki() -> Iterator[LokiFake]:
    with LokiFake(NO_LIMITS) as loki:
        yield loki


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with its own home."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def log(place: Path) -> Path:
    """An object as S3 has it, by its own name."""
    file = place / NAME
    file.write_bytes(packed(FEW))
    return file


def own_lines(loki: LokiFake) -> list[dict[str, str]]:
    return [decoded(stored.line.decode()) for stored in loki.taken(OWN)]


# What is said when all is well


def test_a_log_is_shipped_and_what_became_of_its_lines_is_told(run: Run, loki: LokiFake, log: Path) -> None:
    log.write_bytes(packed([*FEW, b"", b"no line of a load balancer"]))

    ran = run("alb", "ship", str(log), "--loki", loki.url)

    assert (ran.code, ran.err) == (0, "")
    size = len(text_of([*FEW, b"", b"no line of a load balancer"]))
    assert re.fullmatch(
        r"1 shipped in [0-9.]+ s\n"
        rf"  32 lines read, {size / 2**20:.1f} MiB, [0-9,]+ lines/s\n"
        r"            30 shipped\n"
        r"             0 rejected\n"
        r"             1 unreadable\n"
        r"             1 skipped\n",
        ran.out,
    ), ran.out
    assert loki.taken(LABELS) == expected([*FEW, b"no line of a load balancer"])


def test_the_board_hears_of_each_object(run: Run, loki: LokiFake, log: Path) -> None:
    run("alb", "ship", str(log), "--loki", loki.url)

    [line] = own_lines(loki)
    assert (line["event"], line["object"], line["result"], line["shipped"]) == ("object", str(log), "shipped", "30")
    assert float(line["lag_seconds"]) > 0


def test_json_has_every_number(run: Run, loki: LokiFake, log: Path) -> None:
    ran = run("alb", "ship", str(log), "--loki", loki.url, "--json")
    result = json.loads(ran.out)

    assert (ran.code, ran.err) == (0, "")
    assert result.pop("seconds") >= 0
    assert result == {
        "objects": {"shipped": 1, "continued": 0, "damaged": 0, "refused": 0, "skipped": 0, "failed": 0},
        "lines": {"read": 30, "shipped": 30, "rejected": 0, "unreadable": 0, "skipped": 0},
        "read_bytes": len(text_of(FEW)),
        "sent_bytes": len(loki.requests[0].body),
        "pushes": 1,
        "retries": 0,
        "refused": [],
        "damaged": [],
        "failed": [],
    }


def test_a_folder_is_all_its_files_and_what_was_shipped_is_not_shipped_again(run: Run, loki: LokiFake, place: Path) -> None:
    logs = place / "logs"
    logs.mkdir()
    for number in range(5):
        (logs / NAME.replace("4k2a9x1b", f"rand{number}")).write_bytes(packed(LINES[number * 20 : number * 20 + 20]))

    first = run("alb", "ship", "logs", "--loki", loki.url)
    again = run("alb", "ship", "logs", "--loki", loki.url)
    anew = run("alb", "ship", "logs", "--loki", loki.url, "--again")

    assert (first.code, again.code, anew.code) == (0, 0, 0)
    assert first.out.startswith("5 shipped in ")
    assert again.out.startswith("5 skipped in ")
    assert anew.out.startswith("5 shipped in ")
    assert {stored.line for stored in loki.entries(LABELS)} == set(LINES[:100])
    assert len(own_lines(loki)) == 10


def test_an_object_that_is_named_twice_is_shipped_once(run: Run, loki: LokiFake, log: Path) -> None:
    ran = run("alb", "ship", str(log), log.name, f"./{log.name}", str(log.parent), "--loki", loki.url, "--again")

    assert ran.out.startswith("1 shipped in ")
    assert len(loki.taken(LABELS)) == 30


def test_where_it_remembers_can_be_told(run: Run, loki: LokiFake, log: Path, place: Path) -> None:
    run("alb", "ship", str(log), "--loki", loki.url, "--checkpoint", "a/b.db")

    assert (place / "a/b.db").is_file()
    assert not (place / "home").exists()


def test_it_remembers_in_the_home_folder_and_for_each_loki(run: Run, loki: LokiFake, log: Path, place: Path) -> None:
    run("alb", "ship", str(log), "--loki", loki.url)
    assert (place / "home/.local/state/xray-grafana/shipped.db").is_file()
    with LokiFake(NO_LIMITS) as other:
        assert run("alb", "ship", str(log), "--loki", other.url).out.startswith("1 shipped in ")
    assert run("alb", "ship", str(log), "--loki", loki.url, "--tenant", "blue").out.startswith("1 shipped in ")


def test_the_state_folder_can_be_another(run: Run, loki: LokiFake, log: Path, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(place / "state"))
    run("alb", "ship", str(log), "--loki", loki.url)

    assert (place / "state/xray-grafana/shipped.db").is_file()


def test_loki_and_tenant_may_come_from_the_environment(run: Run, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LokiFake(NO_LIMITS, tenants=True, basic=("shop", "s3cret"), prefix="/loki") as loki:
        monkeypatch.setenv("LOKI_URL", loki.url + "/")
        monkeypatch.setenv("LOKI_TENANT", "green")
        monkeypatch.setenv("LOKI_USER", "shop")
        monkeypatch.setenv("LOKI_PASSWORD", "s3cret")
        assert run("alb", "ship", str(log)).code == 0
        assert run("alb", "ship", str(log), "--tenant", "blue").code == 0
        assert len(loki.taken(LABELS, "green")) == len(loki.taken(LABELS, "blue")) == 30


def test_services_may_be_named(run: Run, loki: LokiFake, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALB_SERVICES", '{"app/shop-front": "from the environment"}')
    run("alb", "ship", str(log), "--loki", loki.url)
    named = ["--service", "app/shop-front=storefront", "--service", "targetgroup/checkout=pay=1"]
    run("alb", "ship", str(log), "--loki", loki.url, "--again", *named)

    assert {stored.line for stored in loki.taken({"service_name": "from the environment"})} == set(FEW)
    assert {stored.line for stored in loki.taken({"service_name": "pay=1"})} == {line for line in FEW if b":targetgroup/checkout/" in line}
    assert {stored.line for stored in loki.taken({"service_name": "storefront"})} == {
        line for line in FEW if b":targetgroup/checkout/" not in line
    }


def test_the_answers_time_can_be_chosen(run: Run, loki: LokiFake, log: Path) -> None:
    log.write_bytes(packed([Fields().line()]))
    run("alb", "ship", str(log), "--loki", loki.url, "--timestamp", "time")

    # 2026-09-20T10:00:01.052Z
    assert loki.taken(LABELS)[0].timestamp_ns == 1_789_898_401_052_000_000


def test_many_objects_at_once_are_all_shipped(loki: LokiFake, place: Path) -> None:
    """Of as many load balancers, so that all can be pushed at the same time."""
    (place / "logs").mkdir()
    for number in range(40):
        name = NAME.replace("50dc6c495c0c9188", f"{number:016x}")
        (place / "logs" / name).write_bytes(packed(LINES[number * 10 : number * 10 + 10]))
    loki.script([Slow(0.3)] * 40)

    done = run_program("alb", "ship", str(place / "logs"), "--loki", loki.url, "--concurrency", "40", environ={"HOME": str(place)})

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("40 shipped in ")
    assert {stored.line for stored in loki.taken({"log_type": "access"})} == set(LINES[:400])


def test_standard_input_is_an_object(loki: LokiFake, place: Path) -> None:
    for data in (packed(FEW), text_of(FEW)):
        done = subprocess.run(
            [sys.executable, "-m", "xray_grafana", "alb", "ship", "-", "-", "--loki", loki.url],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "HOME": str(place)},
            input=data,
            capture_output=True,
            timeout=60,
            check=True,
        )
        assert (done.stdout[:12], done.stderr) == (b"1 shipped in", b"")
    assert set(loki.taken(LABELS)) == set(expected(FEW))


def test_objects_of_s3_are_shipped_by_key_and_by_prefix(run: Run, loki: LokiFake, place: Path, aws: Aws) -> None:  # noqa: F811
    del place
    keys = [KEY.replace("4k2a9x1b", f"rand{number}") for number in range(3)]
    for number, key in enumerate(keys):
        aws.put(key, packed(LINES[number * 20 : number * 20 + 20]))
    aws.put("prefix/AWSLogs/123456789012/ELBAccessLogTestFile", b"Enable AccessLog for ELB: app/x/y")

    one = run("alb", "ship", f"s3://{aws.bucket}/{keys[1]}", "--loki", loki.url, "--endpoint-url", aws.url)
    rest = run("alb", "ship", f"s3://{aws.bucket}/prefix", "--loki", loki.url, "--endpoint-url", aws.url)

    assert one.out.startswith("1 shipped in ")
    assert rest.out.startswith("2 shipped, 2 skipped in ")
    assert {stored.line for stored in loki.taken(LABELS)} == set(LINES[:60])
    assert len(loki.taken(LABELS)) == 60


# What goes wrong with objects


def test_names_of_nothing_are_told_and_the_others_are_shipped(run: Run, loki: LokiFake, log: Path) -> None:
    ran = run("alb", "ship", "gone.log", str(log), "gone too.log", "--loki", loki.url)

    assert ran.code == 1
    assert ran.err == (
        "error: gone.log: cannot be read: No such file or directory\nerror: gone too.log: cannot be read: No such file or directory\n"
    )
    assert ran.out.startswith("1 shipped, 2 failed in ")
    assert loki.taken(LABELS) == expected(FEW)


def test_failures_are_in_the_json_too(run: Run, loki: LokiFake, log: Path) -> None:
    (log.parent / "diary.txt").write_text("dear diary\n")
    ran = run("alb", "ship", "gone.log", "diary.txt", str(log), "--loki", loki.url, "--json")
    result = json.loads(ran.out)

    assert ran.code == 1
    assert result["objects"]["failed"] == 2
    assert sorted(result["failed"], key=lambda failed: str(failed["object"])) == [
        {
            "object": "diary.txt",
            "error": "neither its name nor its first lines are those of a load balancer's log",
            "hint": "name it as S3 does, or look at its lines: xray-grafana alb parse FILE",
        },
        {"object": "gone.log", "error": "cannot be read: No such file or directory", "hint": None},
    ]


def test_of_many_failures_some_are_shown(run: Run, loki: LokiFake, place: Path) -> None:
    del place
    ran = run("alb", "ship", *(f"gone{number}" for number in range(15)), "--loki", loki.url)

    assert ran.err.count("error: ") == 10
    assert ran.err.endswith("\nand 5 more\n")
    assert ran.out.startswith("15 failed in ")


def test_a_damaged_object_is_told_with_what_was_shipped_of_it(run: Run, loki: LokiFake, log: Path) -> None:
    log.write_bytes(packed(LINES)[:100_000])

    ran = run("alb", "ship", str(log), "--loki", loki.url)

    assert ran.code == 1
    assert ran.err == f"damaged: {log}: its gzip data is damaged: it ends in the middle; the lines in front of that are shipped\n"
    assert ran.out.startswith("1 damaged in ")
    count = len(loki.taken(LABELS))
    assert loki.taken(LABELS) == expected(LINES[:count])


def test_lines_that_loki_rejects_are_told_with_an_example_and_what_to_do(run: Run, log: Path) -> None:
    with LokiFake(Limits()) as loki:
        ran = run("alb", "ship", str(log), "--loki", loki.url)
        assert ran.code == 1
        assert re.fullmatch(
            r"rejected: 30 too old: entry for stream '\{[^']*\}' has timestamp too old: 2026-09-20T.*\n"
            r"  hint: --backfill has a Loki newer than 3.7 take old lines; .*\n",
            ran.err,
        ), ran.err
        assert "            30 rejected\n" in ran.out

        ran = run("alb", "ship", str(log), "--loki", loki.url, "--backfill", "--json")
        assert (ran.code, json.loads(ran.out)["lines"]["shipped"]) == (0, 30)
        assert len(loki.taken({"__backfill_shard__": "2026-09-20T10"})) == 30


def test_a_line_that_is_too_long_is_rejected_with_its_beginning(run: Run, loki: LokiFake, log: Path) -> None:
    log.write_bytes(packed([*FEW, b"x" * 300_000]))

    ran = run("alb", "ship", str(log), "--loki", loki.url)

    assert ran.code == 1
    assert ran.err.startswith("rejected: 1 too long: longer than 262,144 bytes: xxx")
    assert "hint" not in ran.err


# What goes wrong with Loki


def test_a_loki_that_refuses_everything_ends_the_run_at_once(run: Run, place: Path) -> None:
    for number in range(30):
        (place / NAME.replace("4k2a9x1b", f"rand{number}")).write_bytes(packed(FEW))
    with LokiFake(NO_LIMITS, bearer="the right one") as loki:
        ran = run("alb", "ship", "gone.log", ".", "--loki", loki.url, "--checkpoint", str(place / "home/x.db"), "--concurrency", "2")
        assert len(loki.requests) < 10

    assert ran.code == 1
    assert ran.err.splitlines() == [
        "error: gone.log: cannot be read: No such file or directory",
        f"error: {loki.url}: Loki refused: 401 unauthorized",
        "  hint: set LOKI_USER and LOKI_PASSWORD, or LOKI_BEARER_TOKEN",
    ]
    assert ran.out.startswith("2 failed in ")


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_secrets_are_never_shown(run: Run, log: Path, monkeypatch: pytest.MonkeyPatch, more: list[str]) -> None:
    monkeypatch.setenv("LOKI_USER", "shop")
    monkeypatch.setenv("LOKI_PASSWORD", "hunter-2-secret")
    with LokiFake(NO_LIMITS, basic=("shop", "another")) as loki:
        ran = run("alb", "ship", str(log), "--loki", loki.url, *more)

    assert ran.code == 1
    assert "401 unauthorized" in ran.out + ran.err
    assert "hunter-2-secret" not in ran.out + ran.err


def test_a_short_trouble_is_told_and_costs_nothing(run: Run, loki: LokiFake, log: Path) -> None:
    loki.script([Reply(503, "the ring is empty"), Drop(), Behave()])

    ran = run("alb", "ship", str(log), "--loki", loki.url, "--json")

    assert ran.code == 0
    assert re.fullmatch(r"waiting [0-9.]+ s for Loki: 503 the ring is empty\n", ran.err), ran.err
    assert json.loads(ran.out)["retries"] == 2
    assert loki.entries(LABELS) == expected(FEW)


def test_a_line_for_the_board_that_is_not_taken_fails_nothing(run: Run, loki: LokiFake, log: Path) -> None:
    loki.script([Behave(), Reply(400, "error parsing labels {")])

    ran = run("alb", "ship", str(log), "--loki", loki.url)

    assert (ran.code, ran.err) == (0, f"the line about {log} is not in Loki: error parsing labels {{\n")


def test_a_line_for_the_board_that_nobody_may_write_is_told(run: Run, loki: LokiFake, log: Path) -> None:
    loki.script([Behave(), Reply(403, "this user writes one stream")])

    ran = run("alb", "ship", str(log), "--loki", loki.url)

    assert (ran.code, ran.err) == (0, f"the line about {log} is not in Loki: Loki refused: 403 this user writes one stream\n")


# What cannot be carried out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no Loki was named"),
        (["--loki", "loki:3100"], "Loki's address is no http:// or https:// URL: 'loki:3100'"),
        (["--loki", "http://shop:hunter-2-secret@loki"], "Loki's address has a user or a password in it"),
        (["--loki", "http://loki", "--tenant", "a b"], "no tenant that Loki takes: 'a b'"),
        (["--loki", "http://loki", "--service", "shop"], "--service takes RESOURCE=NAME, got 'shop'"),
        (["--loki", "http://loki", "--service", "app/shop="], "--service takes RESOURCE=NAME, got 'app/shop='"),
        (["--loki", "http://loki", "--service", "shop=x"], "--service takes RESOURCE=NAME, got 'shop=x'"),
        (["--loki", "http://loki", "--concurrency", "0"], "0 is not in the range 1<=x<=64"),
        (["--loki", "http://loki", "--timestamp", "now"], "'now' is not one of 'request_creation_time', 'time'"),
        (["--loki", "http://loki", "--checkpoint", "."], "cannot be used as a checkpoint"),
    ],
)
def test_what_cannot_be_carried_out_is_refused_before_anything_is_sent(run: Run, log: Path, arguments: list[str], said: str) -> None:
    ran = run("alb", "ship", str(log), *arguments)

    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert "hunter-2-secret" not in ran.err


def test_without_a_source_there_is_nothing_to_do(run: Run) -> None:
    assert run("alb", "ship", "--loki", "http://loki").code == 2


def test_an_address_of_s3_without_a_bucket_is_refused(run: Run, loki: LokiFake, place: Path) -> None:
    del place
    ran = run("alb", "ship", "s3://", "--loki", loki.url, "--endpoint-url", "http://127.0.0.1:1")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: s3://: no bucket is named\n  hint: write s3://bucket/prefix\n"


_HOMELESS = """
import os, pwd, sys
import xray_grafana.alb.assemble, xray_grafana.alb.ending, xray_grafana.cli.alb.ship
from xray_grafana.cli.main import main
os.environ.pop("HOME", None)
os.setgroups([])
os.setuid(54_321)
sys.exit(main(["alb", "ship", "x", "--loki", "http://127.0.0.1:1"]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="who is not root need not become somebody else")
def test_a_user_without_a_home_is_told_to_name_a_file() -> None:
    """As in a container with a user of its own number."""
    done = subprocess.run([sys.executable, "-c", _HOMELESS], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("error: there is no home folder to remember in what was shipped\n  hint: name a file: --checkpoint FILE\n")


def test_a_closed_standard_input_is_told(loki: LokiFake, place: Path) -> None:
    done = run_program("alb", "ship", "-", "--loki", loki.url, environ={"HOME": str(place)}, shell_suffix="<&-")

    assert done.returncode == 1
    assert done.stderr == "error: -: standard input is closed\n"


def test_a_mistake_that_is_found_late_is_told_and_what_it_interrupted_goes_on_later(run: Run, loki: LokiFake, place: Path) -> None:
    log = place / NAME
    log.write_bytes(packed(LINES))

    ran = run("alb", "ship", str(log), "s3://", "--loki", loki.url, "--endpoint-url", "http://127.0.0.1:1")

    assert (ran.code, ran.out) == (2, "")
    assert run("alb", "ship", str(log), "--loki", loki.url).code == 0
    assert loki.taken(LABELS) == expected(LINES)


# Signals


@contextmanager
def started(*arguments: str, home: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "xray_grafana", "alb", "ship", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said_until(process: subprocess.Popen[str], word: str) -> str:
    """What it says on stderr until the word comes."""
    assert process.stderr is not None
    said = ""
    while word not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_end_goes_on_where_it_was(loki: LokiFake, place: Path, number: signal.Signals) -> None:
    log = place / NAME
    log.write_bytes(packed(LINES))
    loki.script([Behave(), Behave(), *[Reply(503, "not now")] * 3])
    with started(str(log), "--loki", loki.url, home=place) as process:
        said_until(process, "not now")
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert f"{number.name}: what is in hand is finished or handed over; a second signal ends at once\n" in err
    assert err.endswith(AGAIN_NOTE)
    assert out.startswith("1 continued in ")
    while loki.next_step() != Behave():
        pass
    before = len(loki.taken(LABELS))
    assert 0 < before < len(LINES)

    with started(str(log), "--loki", loki.url, home=place) as process:
        out, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (0, "")
    assert f"{len(LINES) - before:,} lines read" in out
    assert loki.taken(LABELS) == expected(LINES)


def test_an_end_in_the_middle_of_many_objects_leaves_the_rest_for_later(run: Run, loki: LokiFake, place: Path) -> None:
    (place / "logs").mkdir()
    for number in range(8):
        (place / "logs" / NAME.replace("4k2a9x1b", f"rand{number}")).write_bytes(packed(LINES[number * 20 : number * 20 + 20]))
    loki.script([Behave()] * 4 + [Reply(503)] * 40)

    def interrupt() -> None:
        while len(loki.requests) < 6:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    ran = run("alb", "ship", "logs", "--loki", loki.url, "--concurrency", "2")
    thread.join()

    assert ran.code == 130
    assert ran.err.endswith(AGAIN_NOTE)
    shipped = int(ran.out.split(" ", 1)[0])
    assert 0 < shipped < 8
    while loki.next_step() != Behave():
        pass

    ran = run("alb", "ship", "logs", "--loki", loki.url)

    assert ran.code == 0
    assert ran.out.startswith(f"{8 - shipped} shipped, {shipped} skipped in ")
    assert {stored.line for stored in loki.entries(LABELS)} == set(LINES[:160])


def test_the_block_in_hand_is_finished_first(loki: LokiFake, place: Path) -> None:
    log = place / NAME
    log.write_bytes(packed(LINES))
    loki.script([Slow(1.0)])
    with started(str(log), "--loki", loki.url, home=place) as process:
        while loki._script:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert err == f"{SIGINT_NOTE}{AGAIN_NOTE}"
    assert out.startswith("1 continued in ")
    assert len(loki.taken(LABELS)) > 0
    assert f"{len(loki.taken(LABELS)):,} shipped" in out


def test_without_a_loki_it_waits_and_can_be_told_to_end(place: Path) -> None:
    log = place / NAME
    log.write_bytes(packed(FEW))
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with started(str(log), "gone.log", "--loki", url, home=place) as process:
            said = said_until(process, "waiting")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert re.search(r"waiting [0-9.]+ s for Loki: Connection refused\n", said)
    assert err.endswith("error: gone.log: cannot be read: No such file or directory\n" + AGAIN_NOTE)
    assert out.startswith("1 failed in ")


def test_a_second_signal_ends_it_at_once(loki: LokiFake, place: Path) -> None:
    log = place / NAME
    log.write_bytes(packed(FEW))
    loki.script([Slow(20)])
    with started(str(log), "--loki", loki.url, home=place) as process:
        while process.poll() is None and loki._script:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said_until(process, "a second signal")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130


# Terminals


def test_on_a_terminal_a_line_says_how_far_it_is_and_leaves_no_trace(loki: LokiFake, place: Path) -> None:
    log = place / NAME
    log.write_bytes(packed(LINES))
    loki.script([Slow(0.3), Slow(0.3), Slow(0.3)])

    text, code = on_terminal(["alb", "ship", str(log), "--loki", loki.url], {"HOME": str(place)})

    assert code == 0
    assert re.search(r"\r\x1b\[K0 objects done, [0-9,]+ lines, [0-9,]+ lines/s", text)
    before, _, after = text.rpartition("\r\x1b[K")
    assert "lines/s" in before
    assert after.startswith("1 shipped in ")


def test_a_note_stands_above_the_line_and_the_line_is_no_wider_than_the_terminal(loki: LokiFake, place: Path) -> None:
    log = place / NAME
    log.write_bytes(packed(LINES))
    loki.script([Slow(0.3), Slow(0.3), Reply(503, "not now"), Behave()])

    text, code = on_terminal(["alb", "ship", str(log), "--loki", loki.url], {"HOME": str(place)}, columns=30)

    assert code == 0
    assert re.search(r"\r\x1b\[Kwaiting [0-9.]+ s for Loki: 503 not now\r\n", text)
    shown = [part.partition("\r\n")[0] for part in text.split("\r\x1b[K") if " done, " in part]
    assert shown
    assert all(len(part) <= 29 for part in shown)


def test_a_terminal_that_goes_away_ends_nothing(run: Run, loki: LokiFake, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = place / NAME
    log.write_bytes(packed(LINES))
    loki.script([Slow(0.3), Slow(0.3)])
    leader, follower = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")

    def close() -> None:
        while not loki.requests:
            time.sleep(0.01)
        os.close(leader)

    thread = threading.Thread(target=close)
    thread.start()
    with suppress(OSError), open(follower, "w", encoding="utf-8") as terminal:  # noqa: PTH123 — it has a number, no path
        monkeypatch.setattr(sys, "stderr", terminal)
        ran = run("alb", "ship", str(log), "--loki", loki.url)
    thread.join()

    assert ran.code == 0
    assert ran.out.startswith("1 shipped in ")
    assert loki.taken(LABELS) == expected(LINES)


def test_a_terminal_of_no_width_gets_the_line_too(run: Run, loki: LokiFake, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As some that are no real ones say."""
    log = place / NAME
    log.write_bytes(packed(LINES))
    loki.script([Slow(0.3), Slow(0.3)])
    leader, follower = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with open(follower, "w", encoding="utf-8") as terminal:  # noqa: PTH123 — it has a number, no path
        monkeypatch.setattr(sys, "stderr", terminal)
        ran = run("alb", "ship", str(log), "--loki", loki.url)
        shown = os.read(leader, 65_536).decode()
    os.close(leader)

    assert ran.code == 0
    assert re.search(r"\r\x1b\[K0 objects done, [0-9,]+ lines, [0-9,]+ lines/s\r", shown)


def test_a_dumb_terminal_gets_lines_only(loki: LokiFake, place: Path) -> None:
    log = place / NAME
    log.write_bytes(packed(LINES))
    loki.script([Slow(0.3), Slow(0.3)])

    text, code = on_terminal(["alb", "ship", str(log), "--loki", loki.url], {"HOME": str(place), "TERM": "dumb"})

    assert code == 0
    assert "\x1b" not in text
    assert text.startswith("1 shipped in ")
