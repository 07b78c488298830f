"""`xray-grafana alb parse`: logs as a person or a program looks at them."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.alb.lines import ODD_LINES, Fields, access_lines
from tests.alb.test_lines import CLB, CONNECTION, HEALTH_CHECK, NLB
from tests.cli.conftest import Run
from tests.cli.program import ROOT, run_program
from tests.cli.test_main import loaded_by, on_terminal
from xray_grafana.cli.alb import SUBCOMMANDS
from xray_grafana.cli.alb import command as alb

TRACE = "1-68ce7ba1-0123456789abcdef01234567"
ALB_NAME = "123456789012_elasticloadbalancing_eu-west-1_app.shop-front.50dc6c495c0c9188_20260920T1005Z_10.0.3.7_4k2a9x1b.log.gz"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Three requests: one that went well, one that failed, one of a stranger with quotes and colour in its request."""
    path = tmp_path / "access.log"
    lines = (
        Fields().line(),
        Fields(
            request_creation_time="2026-09-20T10:00:02.500000Z",
            elb_status_code="502",
            target_processing_time="-1",
            trace=f"Self={TRACE};Root=1-68ce7ba2-111111111111111111111111",
        ).line(),
        Fields(
            request_creation_time="2026-09-20T10:00:03.000000Z",
            elb_status_code="404",
            trace="-",
            request=r"GET https://shop.example.com:443/\x22\x1b[31m HTTP/1.1",
            user_agent="\x1b]0;owned\x07",
        ).line(),
    )
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def test_the_table_has_one_row_a_request_under_its_columns(run: Run, log: Path) -> None:
    ran = run("alb", "parse", str(log))

    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "time                    code  target trace id                            request",
        "2026-09-20T10:00:01.003  200  0.048s 1-68ce7ba1-0123456789abcdef01234567 GET /cart",
        "2026-09-20T10:00:02.500  502       - 1-68ce7ba2-111111111111111111111111 GET /cart",
        '2026-09-20T10:00:03.000  404  0.048s -                                   GET /"\\x1b[31m',
    ]


@pytest.mark.parametrize("columns", [60, 80, 99, 100, 160])
def test_the_table_fits_the_terminal(tmp_path: Path, columns: int) -> None:
    path = tmp_path / "x.log"
    long = Fields(request=f"GET https://shop.example.com:443/{'日本' * 100} HTTP/2.0").line()
    path.write_bytes(b"\n".join([*access_lines(30), long]))

    text, code = on_terminal(["alb", "parse", str(path)], {"NO_COLOR": "1"}, columns=columns)

    rows = text.replace("\r\n", "\n").splitlines()
    assert (code, len(rows)) == (0, 32)
    assert max(len(row) for row in rows) <= columns
    assert rows[-1].endswith("…")
    assert rows[-1].count("日") + rows[-1].count("本") <= columns // 2
    assert rows[-1].startswith("2026-09-20T10:00:01.003  200 " if columns >= 100 else "10:00:01.003  200 ")


def test_failures_have_colour_on_a_terminal_and_strangers_have_none(log: Path) -> None:
    text, _ = on_terminal(["alb", "parse", str(log)], {}, columns=160)

    rows = text.replace("\r\n", "\n").splitlines()
    assert [row[:5] for row in rows] == ["\x1b[1mt", "2026-", "\x1b[31m", "\x1b[33m"]
    assert rows[3].count("\x1b") == 2


def test_json_has_every_field_of_each_line(run: Run, log: Path) -> None:
    ran = run("alb", "parse", str(log), "--json")

    records = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 0
    assert [record["elb_status_code"] for record in records] == [200, 502, 404]
    assert records[2]["url"] == 'https://shop.example.com:443/"\x1b[31m'
    assert records[2]["user_agent"] == "\x1b]0;owned\x07"
    assert records[0]["target_processing_seconds"] == 0.048
    assert records[1]["trace_id"] == "1-68ce7ba2-111111111111111111111111"


def test_logfmt_has_pairs_of_what_there_is(run: Run, log: Path) -> None:
    ran = run("alb", "parse", str(log), "--logfmt")

    first, second, third = ran.out.splitlines()
    assert first.startswith("type=https time=2026-09-20T10:00:01.052000Z elb=app/shop-front/50dc6c495c0c9188 client_ip=203.0.113.9 ")
    assert ' request="GET https://shop.example.com:443/cart HTTP/2.0" method=GET ' in first
    assert " redirect_url=" not in first
    assert " odd=" not in first
    assert " target_processing_seconds=" not in second
    assert r' url="https://shop.example.com:443/\"\u001b[31m"' in third


def test_csv_has_a_header_and_a_row_each(run: Run, log: Path) -> None:
    ran = run("alb", "parse", str(log), "--csv")

    rows = list(csv.DictReader(io.StringIO(ran.out)))
    assert (ran.code, len(rows)) == (0, 3)
    assert rows[0]["url"] == "https://shop.example.com:443/cart"
    assert rows[0]["actions_executed"] == "forward"
    assert rows[0]["redirect_url"] == ""
    assert rows[2]["url"] == 'https://shop.example.com:443/"\\x1b[31m'


@pytest.mark.parametrize("view", [(), ("--json",), ("--logfmt",), ("--csv",)])
def test_no_character_of_a_request_steers_the_terminal(run: Run, tmp_path: Path, view: tuple[str, ...]) -> None:
    evil = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x202E])).replace("\n", "")
    path = tmp_path / "x\x1b[31m.log"
    line = Fields(request=f"GET http://h:80/{evil} HTTP/1.1", user_agent=r"\x1b\x9b\xC2\x9b\x0a\x7f", domain_name=evil).line()
    path.write_bytes(line + b"\n" + evil.encode() + b"\n" + CONNECTION.replace(b"CN=", evil.encode()))

    ran = run("alb", "parse", str(path), *view)

    shown = (ran.out + ran.err).replace("\n", "").replace("\r" if view == ("--csv",) else "", "")
    assert ran.code == 1
    assert not [hex(ord(character)) for character in shown if not character.isprintable()]


@pytest.mark.parametrize("text", [TRACE, TRACE.replace("-", "")[1:]])
def test_trace_shows_the_lines_of_a_trace_by_root_or_self_in_both_forms(run: Run, log: Path, text: str) -> None:
    ran = run("alb", "parse", str(log), "--json", "--trace", text)

    assert (ran.code, ran.err) == (0, "")
    assert [json.loads(line)["elb_status_code"] for line in ran.out.splitlines()] == [200, 502]


def test_trace_does_not_show_lines_that_hold_its_digits_elsewhere(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(Fields(user_agent=f"Root={TRACE}", trace="-").line() + b"\n" + Fields(trace=f"CalledFrom={TRACE}").line())

    assert run("alb", "parse", str(path), "--trace", TRACE) == (0, "", "")


@pytest.mark.parametrize("text", ["", "x", f"Root={TRACE}", TRACE.upper(), TRACE[:-1], f"{TRACE} "])
def test_a_text_that_is_no_id_is_a_mistake_of_usage(run: Run, log: Path, text: str) -> None:
    ran = run("alb", "parse", str(log), "--trace", text)

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[0] == f"error: --trace: {text!r} is no trace id"
    assert "hint: write 1-5759e988-" in ran.err


def test_views_exclude_each_other(run: Run, log: Path) -> None:
    ran = run("alb", "parse", str(log), "--json", "--csv")

    assert (ran.code, ran.out, ran.err) == (2, "", "error: --json, --logfmt and --csv exclude each other\n")


def test_an_object_in_s3_is_a_mistake_of_usage_with_the_way_to_read_it(run: Run, log: Path) -> None:
    ran = run("alb", "parse", str(log), "s3://bucket/x.log.gz")

    assert (ran.code, ran.out) == (2, "")
    assert "aws s3 cp s3://bucket/x.log.gz - | xray-grafana alb parse -" in ran.err


def test_gzip_is_told_by_its_first_bytes_and_may_have_several_members(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "plain.txt"
    path.write_bytes(gzip.compress(Fields().line() + b"\nhttps ") + gzip.compress(Fields().line()[6:] + b"\n\n"))
    other = tmp_path / ALB_NAME
    other.write_bytes(Fields().line())

    ran = run("alb", "parse", str(path), str(other))

    assert (ran.code, ran.err, len(ran.out.splitlines())) == (0, "", 4)


def test_of_a_file_that_was_cut_off_everything_before_is_shown(run: Run, tmp_path: Path) -> None:
    lines = list(access_lines(2000))
    packed = gzip.compress(b"\n".join(lines))
    path = tmp_path / "cut.log.gz"
    path.write_bytes(packed[: len(packed) // 2])
    whole = tmp_path / "whole.log"
    whole.write_bytes(lines[0])

    ran = run("alb", "parse", "--json", str(path), str(whole))

    shown = [json.loads(line)["conn_trace_id"].encode() for line in ran.out.splitlines()]
    assert ran.code == 1
    assert 800 < len(shown) < 1200
    assert all(tid in line for tid, line in zip(shown[:-1], lines, strict=False))
    assert shown[-1] in lines[0], "the next file is read all the same"
    assert ran.err.startswith(f"error: {path}: ")
    assert len(ran.err.splitlines()) == 1


def test_lines_that_cannot_be_read_are_named_and_the_others_shown(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"\n".join([b"junk \x1b", b"", Fields(elb_status_code="abc").line(), Fields().line()]))

    ran = run("alb", "parse", str(path))

    assert (ran.code, len(ran.out.splitlines())) == (1, 2)
    assert ran.err.splitlines() == [
        f"{path}:1: quotes: expected at least 12 of them, found 0, got 'junk \\\\x1b'",
        f"{path}:3: elb_status_code: expected three digits from 100 to 599, found something else, got 'abc'",
        "error: 2 of 4 lines could not be read",
    ]


def test_of_many_unreadable_lines_twenty_a_file_are_named_and_all_counted(run: Run, tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_bytes(b"junk\n" * 1500)

    ran = run("alb", "parse", str(tmp_path / "a.log"), str(tmp_path / "b.log"))

    notes = ran.err.splitlines()
    assert (ran.code, ran.out, len(notes)) == (1, "", 43)
    assert notes[19].startswith(f"{tmp_path}/a.log:20: ")
    assert notes[20] == notes[41] == "… and more of this file"
    assert notes[21].startswith(f"{tmp_path}/b.log:1: ")
    assert notes[42] == "error: 3,000 of 3,000 lines could not be read"


def test_a_long_request_takes_no_long_time(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(Fields(request=f"GET {'b' * 1_000_000} HTTP/1.1").line())

    ran = run("alb", "parse", str(path))

    assert ran.code == 0
    assert "b" * 1_000_000 in ran.out


def test_a_line_without_an_end_is_named_and_costs_no_memory(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(Fields().line() + b"\n" + b"x" * 3_000_000 + b"\n" + Fields().line() + b"\n" + b"y" * 1_100_000)

    ran = run("alb", "parse", str(path))

    assert (ran.code, len(ran.out.splitlines())) == (1, 3)
    assert ran.err.splitlines() == [
        f"{path}:2: line: longer than 1,048,576 bytes, got ''",
        f"{path}:4: line: longer than 1,048,576 bytes, got ''",
        "error: 2 of 4 lines could not be read",
    ]


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        (f"conn_log_{ALB_NAME}", CONNECTION, "tls_verify_status=Success"),
        (f"health_check_log_{ALB_NAME}", HEALTH_CHECK, "status=PASS"),
        (ALB_NAME.replace("_app.", "_net.").replace("_10.0.3.7", ""), NLB, r'alpn_client_preference_list="\"h2\",\"http/1.1\""'),
        (ALB_NAME.replace("app.shop-front.50dc6c495c0c9188", "shop"), CLB, 'request="GET http://www.example.com:80/ HTTP/1.1"'),
        ("unnamed", CONNECTION, "tls_verify_status=Success"),
        ("unnamed", HEALTH_CHECK, "status=PASS"),
        ("unnamed", NLB, "received_bytes=98"),
        ("unnamed", CLB, "elb_status_code=200"),
    ],
)
def test_other_logs_are_shown_by_the_names_of_their_fields(run: Run, tmp_path: Path, name: str, line: bytes, expected: str) -> None:
    path = tmp_path / name
    path.write_bytes(line)

    ran = run("alb", "parse", str(path))

    assert (ran.code, ran.err) == (0, "")
    assert expected in ran.out.splitlines()[0]
    assert json.loads(run("alb", "parse", "--json", str(path)).out)


def test_kinds_can_be_mixed_in_the_table_and_its_columns_come_again(run: Run, tmp_path: Path, log: Path) -> None:
    other = tmp_path / "conn"
    other.write_bytes(CONNECTION)

    out = run("alb", "parse", str(log), str(other), str(log)).out.splitlines()

    assert [line[:4] for line in out] == ["time", "2026", "2026", "2026", "time", "time", "2026", "2026", "2026"]
    assert out[4].startswith("timestamp=2023-10-04T17:05:15.514108Z client_ip=203.0.113.1 ")


def test_csv_has_one_header_and_refuses_two_kinds(run: Run, tmp_path: Path, log: Path) -> None:
    other = tmp_path / "conn"
    other.write_bytes(CONNECTION)

    ran = run("alb", "parse", "--csv", str(log), str(other))

    assert (ran.code, len(ran.out.splitlines())) == (2, 4)
    assert "two kinds: access and connection" in ran.err


@pytest.mark.parametrize(
    ("name", "content"),
    [("ELBAccessLogTestFile", b""), ("unnamed", b"Enable AccessLog for ELB: app/x/y at 2026-09-20T10:00:00Z\n")],
)
def test_the_file_by_which_aws_tests_the_bucket_is_skipped(run: Run, tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    ran = run("alb", "parse", str(tmp_path / name))

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"{tmp_path / name}: skipped, it is the file by which AWS tests whether it may write\n"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.json.gz", b"", "it is JSON, Parquet or W3C by its name"),
        ("unnamed", b'{"type": "https"}\n', "it is JSON, which is not read"),
        (ALB_NAME.replace("_app.", "_gwy."), b"", "it is of a Gateway Load Balancer"),
    ],
)
def test_what_is_not_read_is_refused_by_name_or_content(run: Run, tmp_path: Path, log: Path, name: str, content: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(content)

    ran = run("alb", "parse", str(tmp_path / name), str(log))

    assert (ran.code, len(ran.out.splitlines())) == (1, 4)
    assert f"error: {tmp_path / name}: {words}" in ran.err


def test_a_disk_that_fails_while_it_is_read_is_an_error_to_read(run: Run) -> None:
    """Linux lets nobody read the beginning of its own memory file."""
    ran = run("alb", "parse", "/proc/self/mem")

    assert (ran.code, ran.out, ran.err) == (1, "", "error: /proc/self/mem: cannot be read: Input/output error\n")


def test_files_that_cannot_be_opened_are_named_and_the_others_read(run: Run, tmp_path: Path, log: Path) -> None:
    ran = run("alb", "parse", str(tmp_path / "none"), str(tmp_path), str(log))

    assert (ran.code, len(ran.out.splitlines())) == (1, 4)
    assert ran.err.splitlines() == [
        f"error: {tmp_path / 'none'}: cannot be read: No such file or directory",
        f"error: {tmp_path}: cannot be read: Is a directory",
    ]


def parse_stdin(content: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "xray_grafana", "alb", "parse", *arguments], cwd=ROOT, input=content, capture_output=True, check=False
    )


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_standard_input_is_read_where_the_file_is_a_dash(pack: type[bytes]) -> None:
    ran = parse_stdin(pack(Fields().line()), "-")

    assert (ran.returncode, ran.stderr) == (0, b"")
    assert ran.stdout.splitlines()[1].endswith(b"GET /cart")


@pytest.fixture
def stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that this process has as its standard input."""
    path = tmp_path / "stdin"
    path.touch()
    with path.open(encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        yield path


def test_standard_input_is_read_once(run: Run, stdin: Path) -> None:
    """A second dash finds nothing left, and that is no fault."""
    stdin.write_bytes(gzip.compress(Fields().line()))

    ran = run("alb", "parse", "-", "-")

    assert (ran.code, ran.err, len(ran.out.splitlines())) == (0, "", 2)


def test_damaged_standard_input_is_not_read_again(run: Run, stdin: Path) -> None:
    packed = gzip.compress(Fields().line() + b"\n" + b"\n".join(access_lines(5000)))
    stdin.write_bytes(packed[:-40_000] + b"\xff" * 40_000)

    ran = run("alb", "parse", "-")

    assert ran.code == 1
    assert ran.err.splitlines()[-1].startswith("error: ")
    assert "error: standard input: " in ran.err


def test_standard_input_that_was_cut_off_is_told_by_its_name() -> None:
    ran = parse_stdin(gzip.compress(Fields().line())[:-20], "-")

    assert ran.returncode == 1
    assert ran.stderr.startswith(b"error: standard input: ")
    assert b"Traceback" not in ran.stderr


def test_a_closed_standard_input_is_an_error_to_read() -> None:
    ran = run_program("alb", "parse", "-", shell_suffix="<&-")

    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "error: standard input: it is closed\n"


def test_a_reader_that_went_away_ends_it_quietly(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"\n".join(access_lines(5000)))

    ran = run_program("alb", "parse", str(path), "--json", shell_suffix="| head -1; exit ${PIPESTATUS[0]}")

    assert (ran.returncode, ran.stderr, len(ran.stdout.splitlines())) == (141, "", 1)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    """Ten times the lines, the same memory to within 8 MB."""
    peaks = []
    for megabytes in (4, 40):
        path = tmp_path / f"{megabytes}.log.gz"
        block = b"".join(line + b"\n" for line in access_lines(1500))
        path.write_bytes(gzip.compress(block) * (megabytes * 1_000_000 // len(block)))
        command = [sys.executable, "-m", "xray_grafana", "alb", "parse", str(path), "--trace", "0" * 32]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        peaks.append(usage.ru_maxrss)

    assert peaks[1] - peaks[0] < 8_000


def test_a_file_is_needed(run: Run) -> None:
    ran = run("alb", "parse")

    assert (ran.code, ran.out) == (2, "")
    assert "Missing argument 'FILE...'" in ran.err


def test_help_of_the_group_loads_no_command_of_it() -> None:
    loaded = loaded_by("alb", "--help")

    assert "xray_grafana.cli.alb" in loaded
    assert not {module for module, _ in SUBCOMMANDS.values()} & loaded


def test_parse_loads_nothing_that_sends_or_fetches() -> None:
    assert not {"boto3", "botocore", "numpy", "urllib3", "prometheus_client", "cramjam", "isal"} & loaded_by("alb", "parse", "--help")


def test_help_of_the_group_lists_the_table(run: Run) -> None:
    ran = run("alb", "--help")

    listed = " ".join(ran.out.partition("Commands:\n")[2].split())
    assert listed == " ".join(f"{name} {summary}" for name, (_, summary) in SUBCOMMANDS.items())


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_the_tables_words_for_a_command_are_its_own(name: str) -> None:
    assert isinstance(alb, click.Group)
    command = alb.commands[name]
    assert (command.name, command.get_short_help_str(100)) == (name, SUBCOMMANDS[name][1])


def test_commands_stand_in_the_order_of_the_alphabet() -> None:
    assert list(SUBCOMMANDS) == sorted(SUBCOMMANDS)


def test_a_command_that_does_not_exist_is_a_mistake_with_the_nearest_name(run: Run) -> None:
    ran = run("alb", "prase")

    assert ran.code == 2
    assert "No such command 'prase'. Did you mean 'parse'?" in ran.err


def test_odd_lines_are_shown_in_every_view(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"\n".join(odd.line for odd in ODD_LINES))

    for view in ((), ("--json",), ("--logfmt",), ("--csv",)):
        ran = run("alb", "parse", str(path), *view)
        assert (ran.code, ran.err) == (0, "")
        assert len(ran.out.splitlines()) == len(ODD_LINES) + (view in ((), ("--csv",)))
