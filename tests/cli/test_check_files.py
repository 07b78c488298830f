"""`check FILE...` finds the mistakes of files that somebody else wrote, and mends with `--fix`."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

from tests.bundle.files.folders import put, tree
from tests.cli.conftest import Run
from tests.cli.program import run_program
from xray_grafana.bundle.files.replace import replace_file
from xray_grafana.checks.foreign import FOREIGN_RULES
from xray_grafana.errors import OutputError

VALUES = b"xray:\n  region: eu-west-1 # ours\n  loglevel: pro\n"
MENDED = b"xray:\n  region: eu-west-1 # ours\n  loglevel: prod\n"
HEADLESS = b"apiVersion: v1\nkind: Service\nmetadata: {name: xray}\nspec:\n  clusterIP: None\n  ports: [{port: 2000, protocol: UDP}]\n"
RULES = len(FOREIGN_RULES)


def test_a_finding_names_file_line_and_column_the_reason_and_the_remedy(run: Run, empty: Path) -> None:
    put(empty, {"values.yaml": VALUES})

    ran = run("check", "values.yaml")

    lines = ran.out.splitlines()
    assert ran.code == 3
    assert lines[0] == "error XF144 values.yaml:3:13"
    assert lines[1] == "  the log level is 'pro', expected dev, debug, info, warn, error or prod"
    assert lines[2].startswith("  why: an unknown level")
    assert lines[3] == "  do: write dev, debug, info, warn, error or prod"
    assert ran.err == f"1 file: 1 finding by {RULES} rules; --fix mends 1\n"
    assert tree(empty) == {"values.yaml": VALUES}


def test_files_without_a_mistake_end_with_0(run: Run, empty: Path) -> None:
    put(empty, {"values.yaml": MENDED})

    ran = run("check", "values.yaml", "values.yaml")

    assert (ran.code, ran.out, ran.err) == (0, "", f"1 file: 0 findings by {RULES} rules\n")


def test_files_are_checked_together(run: Run, empty: Path) -> None:
    app = b"apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, env: [{name: AWS_XRAY_DAEMON_ADDRESS, value: 'x-ray:2000'}]}]}\n"
    put(empty, {"service.yaml": HEADLESS, "app.yaml": app})

    ran = run("check", "service.yaml", "app.yaml")

    assert [line for line in ran.out.splitlines() if line.startswith(("error", "warning"))] == [
        "error XF111 app.yaml:3:76",
        "warning XF120 service.yaml:5:14",
        "error XF121 service.yaml:6:11",
    ]


def test_findings_as_json(run: Run, empty: Path) -> None:
    put(empty, {"values.yaml": VALUES, "notes.yaml": b"a: 1\n"})

    for flags in (["--json"], ["--format", "json"]):
        ran = run("check", "values.yaml", "notes.yaml", *flags)
        result = json.loads(ran.out)
        assert ran.code == 3
        assert (result["files"], result["mended"]) == (["values.yaml", "notes.yaml"], {})
        assert [
            (each["rule"], each["severity"], each["path"], each["line"], each["column"], each["fixable"]) for each in result["findings"]
        ] == [
            ("XF101", "note", "notes.yaml", 1, 1, False),
            ("XF144", "error", "values.yaml", 3, 13, True),
        ]


def test_findings_for_github_stand_at_their_lines(run: Run, empty: Path) -> None:
    put(empty, {"values.yaml": VALUES, "service.yaml": HEADLESS, "notes.yaml": b"a: 1\n"})

    ran = run("check", "values.yaml", "service.yaml", "notes.yaml", "--format", "github")

    assert ran.code == 3
    assert [line.split("::")[1] for line in ran.out.splitlines()] == [
        "notice file=notes.yaml,line=1,col=1,title=XF101",
        "warning file=service.yaml,line=5,col=14,title=XF120",
        "error file=service.yaml,line=6,col=11,title=XF121",
        "error file=values.yaml,line=3,col=13,title=XF144",
    ]


def test_what_has_no_rules_is_said_beside_the_result(run: Run, empty: Path) -> None:
    put(empty, {"values.yaml": MENDED, "notes.yaml": b"a: 1\n"})

    ran = run("check", "values.yaml", "notes.yaml")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("note XF101 notes.yaml:1:1\n")


@pytest.mark.parametrize("content", [b"a: 1\n", b"", b"resources: [a.yaml]\n"], ids=["unknown", "empty", "kustomization"])
def test_with_nothing_that_rules_know_the_check_does_not_pass(run: Run, empty: Path, content: bytes) -> None:
    put(empty, {"notes.yaml": content})

    ran = run("check", "notes.yaml")

    assert ran.code == 2
    assert "no file is of a kind that has rules" in ran.err


@pytest.mark.parametrize("content", [b"\x00", b"a: [1\n", b"a: {{ .Values.a }}\n"], ids=["binary", "broken", "template"])
def test_a_file_that_cannot_be_read_ends_with_2_and_the_others_are_checked(run: Run, empty: Path, content: bytes) -> None:
    put(empty, {"bad.yaml": content, "values.yaml": VALUES})

    ran = run("check", "bad.yaml", "values.yaml")

    assert ran.code == 2
    assert "error XF100 bad.yaml:1:" in ran.out
    assert "error XF144 values.yaml:3:13" in ran.out


def test_a_file_that_is_not_there_is_named(run: Run, empty: Path) -> None:
    ran = run("check", "gone.yaml", str(empty))
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "error: gone.yaml: cannot be read: No such file or directory\n"


def test_a_folder_is_no_file(run: Run, empty: Path) -> None:
    ran = run("check", str(empty))
    assert ran.code == 2
    assert ran.err == f"error: {empty}: cannot be read: Is a directory\n  hint: name its files\n"


def test_standard_input_is_read(run: Run, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(VALUES)))

    ran = run("check", "-")

    assert ran.code == 3
    assert ran.out.startswith("error XF144 stdin:3:13\n")
    assert not list(empty.iterdir())


def test_fix_shows_the_change_and_makes_it(run: Run, empty: Path) -> None:
    put(empty, {"values.yaml": VALUES})
    (empty / "values.yaml").chmod(0o640)

    ran = run("check", "--fix", "values.yaml")

    assert ran.code == 0
    assert ran.out.splitlines() == [
        "--- a/values.yaml",
        "+++ b/values.yaml",
        "@@ -1,3 +1,3 @@",
        " xray:",
        "   region: eu-west-1 # ours",
        "-  loglevel: pro",
        "+  loglevel: prod",
    ]
    assert ran.err == f"1 file mended\n1 file: 0 findings by {RULES} rules\n"
    assert tree(empty) == {"values.yaml": MENDED}
    assert (empty / "values.yaml").stat().st_mode & 0o777 == 0o640


def test_fix_as_json_has_the_change_in_the_result(run: Run, empty: Path) -> None:
    put(empty, {"values.yaml": VALUES})

    ran = run("check", "--fix", "--json", "values.yaml")

    result = json.loads(ran.out)
    assert ran.code == 0
    assert result["findings"] == []
    assert result["mended"]["values.yaml"].endswith("-  loglevel: pro\n+  loglevel: prod\n")


def test_fix_leaves_what_has_no_certain_mend(run: Run, empty: Path) -> None:
    put(empty, {"service.yaml": HEADLESS})

    ran = run("check", "--fix", "service.yaml")

    assert ran.code == 3
    assert ran.out.startswith("warning XF120 service.yaml:5:14\n")
    assert tree(empty) == {"service.yaml": HEADLESS}


def test_fix_follows_a_link(run: Run, empty: Path) -> None:
    put(empty, {"real.yaml": VALUES})
    (empty / "link.yaml").symlink_to("real.yaml")

    run("check", "--fix", "link.yaml")

    assert (empty / "link.yaml").is_symlink()
    assert (empty / "real.yaml").read_bytes() == MENDED


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--fix"], "--fix mends FILEs: name some."),
        (["--fix", "-"], "--fix cannot write to standard input"),
        (["-c", "bundle.yaml", "values.yaml"], "FILEs are checked without a config"),
        (["--set", "a=b", "values.yaml"], "FILEs are checked without a config"),
    ],
)
def test_what_does_not_go_together_is_refused(run: Run, empty: Path, arguments: list[str], message: str) -> None:
    put(empty, {"values.yaml": VALUES})

    ran = run("check", *arguments)

    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert tree(empty) == {"values.yaml": VALUES}


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    put(tmp_path, {"values.yaml": b"new"})

    with pytest.raises(OutputError, match="has changed since it was read"):
        replace_file(tmp_path / "values.yaml", b"old", b"mended")

    assert tree(tmp_path) == {"values.yaml": b"new"}


def test_a_file_in_a_place_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"gone/values\.yaml: cannot be written: No such file or directory"):
        replace_file(tmp_path / "gone/values.yaml", b"old", b"mended")
    assert not list(tmp_path.iterdir())


def test_no_staged_file_is_left_when_it_cannot_be_renamed(tmp_path: Path) -> None:
    put(tmp_path, {"values.yaml": b"old"})
    (tmp_path / f".values.yaml.{os.getpid()}").write_bytes(b"somebody's")

    with pytest.raises(OutputError, match="File exists"):
        replace_file(tmp_path / "values.yaml", b"old", b"mended")

    assert tree(tmp_path) == {"values.yaml": b"old", f".values.yaml.{os.getpid()}": b"somebody's"}


def test_a_rendered_chart_is_read_from_a_pipe(empty: Path) -> None:
    put(empty, {"rendered.yaml": HEADLESS})

    done = run_program("check", "-", cwd=empty, shell_suffix="< rendered.yaml")

    assert done.returncode == 3
    assert done.stdout.startswith("warning XF120 stdin:5:14\n")
