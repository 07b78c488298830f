"""`generate` writes the bundle, says what it did and what is next, and compares without writing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.bundle.files.folders import put, tree
from tests.cli.conftest import Run
from tests.cli.program import run_program
from xray_grafana.bundle.build import build_bundle
from xray_grafana.bundle.render import render_bundle
from xray_grafana.config.example import example_text
from xray_grafana.config.load import parse_config

EXAMPLE = parse_config(example_text(), "example")


def bundle_in(folder: Path) -> dict[str, bytes | str]:
    return {path: content for path, content in tree(folder).items() if not path.startswith(".")}


def test_the_folder_holds_the_render_of_the_config(work: Path) -> None:
    assert bundle_in(work / "out") == render_bundle(build_bundle(EXAMPLE))


def test_what_was_written_and_what_is_next_is_said(run: Run, work: Path) -> None:
    (work / "out/dashboards/home.json").unlink()

    ran = run("generate")

    lines = ran.out.splitlines()
    assert (ran.code, ran.err) == (0, "")
    assert lines[0].startswith("out: 1 new, 69 unchanged; the bundle has 70 files, ")
    assert lines[1].split()[:2] == ["new", "dashboards/home.json"]
    assert lines[1].endswith(" KiB")
    assert f"-v {work}/out/provisioning:/etc/grafana/provisioning:ro -v {work}/out/dashboards:/var/lib/grafana/dashboards:ro" in ran.out
    assert "out/RUNBOOK.md" in ran.out
    assert "out/preview.html" in ran.out


def test_removed_and_changed_files_are_said(run: Run, work: Path) -> None:
    ran = run("generate", "--set", "grafana.folder=Ops", "--set", "alerts.enabled=false")

    states = {line.split()[1]: line.split()[0] for line in ran.out.splitlines() if line.startswith(("  changed", "  removed"))}
    assert ran.code == 0
    assert states["provisioning/dashboards/xray.yaml"] == "changed"
    assert states["provisioning/alerting/xray-source-xray.yaml"] == "removed"
    assert not (work / "out/provisioning/alerting/xray-source-xray.yaml").exists()


def test_a_second_time_nothing_is_left_to_do(run: Run, work: Path) -> None:
    before = tree(work)

    ran = run("generate")

    assert ran.code == 0
    assert ran.out.startswith("out is up to date: 70 files, ")
    assert len(ran.out.splitlines()) == 1
    assert tree(work) == before


def test_the_result_as_json(run: Run, work: Path) -> None:
    (work / "out/RUNBOOK.md").unlink()
    put(work, {"out/dashboards/home.json": b"edited", "out/dashboards/mine.json": b""})

    result = json.loads(run("generate", "--json", "--force").out)

    assert result["output"] == "out"
    assert (result["new"], result["changed"]) == (["RUNBOOK.md"], [])
    assert (result["overwritten"], result["removed"]) == (["dashboards/home.json"], ["dashboards/mine.json"])
    assert len(result["unchanged"]) == 68
    assert result["bytes"]["RUNBOOK.md"] == (work / "out/RUNBOOK.md").stat().st_size
    assert result["fallen_rules"] == []


def test_only_the_parts_that_were_asked_for_are_written(run: Run, work: Path) -> None:
    ran = run("generate", "dashboards", "RUNBOOK.md", "-o", "parts")

    assert ran.code == 0
    assert {path.partition("/")[0] for path in bundle_in(work / "parts")} == {"dashboards", "RUNBOOK.md"}
    assert "provisioning" not in ran.out


def test_an_unknown_part_is_refused_with_the_nearest_and_all(run: Run, work: Path) -> None:
    before = tree(work)

    ran = run("generate", "dashbords")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        "error: the bundle has no part 'dashbords'\n"
        "  hint: did you mean dashboards? Parts: RUNBOOK.md, aws, dashboards, k8s, preview.html, provisioning\n"
    )
    assert run("generate", "zzz").err.endswith("hint: Parts: RUNBOOK.md, aws, dashboards, k8s, preview.html, provisioning\n")
    assert tree(work) == before


@pytest.mark.parametrize("flags", [["--check", "--diff"], ["--check", "--force"], ["--diff", "--force"]])
def test_flags_that_contradict_each_other_are_refused(run: Run, work: Path, flags: list[str]) -> None:
    before = tree(work)

    ran = run("generate", *flags)

    assert (ran.code, ran.out) == (2, "")
    assert "--check, --diff and --force exclude each other" in ran.err
    assert tree(work) == before


def test_mistakes_in_the_config_are_all_shown_and_nothing_is_written(run: Run, empty: Path) -> None:
    put(empty, {"bundle.yaml": b'aws:\n  account: "12"\n  region: nowhere\n'})

    ran = run("generate")

    assert (ran.code, ran.out) == (2, "")
    assert "bundle.yaml:2:12 aws.account: got " in ran.err
    assert "bundle.yaml:3:11 aws.region: got " in ran.err
    assert "2 mistakes in the config; nothing was written" in ran.err
    assert set(tree(empty)) == {"bundle.yaml"}


def test_a_missing_config_is_an_error_to_read(run: Run, empty: Path) -> None:
    ran = run("generate", "-c", "missing.yaml")

    assert (ran.code, ran.out) == (2, "")
    assert "missing.yaml config file: got no such file" in ran.err
    assert not list(empty.iterdir())


def test_the_environment_and_flags_override_the_file(run: Run, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XRAY_GRAFANA__GRAFANA__FOLDER", "From the environment")
    assert run("generate").code == 0
    assert "folder: From the environment" in (work / "out/provisioning/dashboards/xray.yaml").read_text(encoding="utf-8")

    assert run("generate", "--set", "grafana.folder=From a flag").code == 0
    assert "folder: From a flag" in (work / "out/provisioning/dashboards/xray.yaml").read_text(encoding="utf-8")


def test_edited_files_are_refused_until_forced(run: Run, work: Path) -> None:
    put(work, {"out/dashboards/home.json": b"mine"})

    refused = run("generate")
    assert (refused.code, refused.out) == (1, "")
    assert "  dashboards/home.json\n" in refused.err
    assert (work / "out/dashboards/home.json").read_bytes() == b"mine"

    forced = run("generate", "--force")
    assert forced.code == 0
    assert "  overwritten dashboards/home.json" in forced.out


def test_an_output_that_is_a_file_is_refused(run: Run, work: Path) -> None:
    put(work, {"file": b""})

    ran = run("generate", "-o", "file")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "error: file: is not a folder\n  hint: name another with --output\n"


def test_another_working_folder_gives_the_same_bytes(work: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()

    ran = run_program("generate", "-c", "../work/bundle.yaml", "-o", "../out2", cwd=tmp_path / "elsewhere")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert tree(tmp_path / "out2") == tree(work / "out")


def test_check_of_a_folder_that_holds_the_bundle_is_quiet(run: Run, work: Path) -> None:
    assert (work / "out").exists()
    assert run("generate", "--check") == (0, "", "out is up to date\n")


def test_check_shows_a_stale_file_as_a_diff_that_applies(run: Run, work: Path) -> None:
    before = tree(work)

    ran = run("generate", "--check", "--set", "grafana.folder=Ops")

    assert ran.code == 3
    assert "-  folder: AWS X-Ray\n+  folder: Ops\n" in ran.out
    assert "out differs from the bundle: " in ran.err
    assert tree(work) == before

    subprocess.run(["git", "apply", "--unsafe-paths", "-p1", "-"], cwd=work / "out", input=ran.out.encode(), check=True)
    assert run("generate", "--check", "--set", "grafana.folder=Ops").code == 0


def test_check_names_a_file_too_few(run: Run, work: Path) -> None:
    (work / "out/dashboards/home.json").unlink()

    assert run("generate", "--check") == (3, "missing: dashboards/home.json\n", "out differs from the bundle: 1 missing\n")


@pytest.mark.parametrize("extra", ["dashboards/mine.json", "stranger.txt"])
def test_check_names_a_file_too_many(run: Run, work: Path, extra: str) -> None:
    put(work / "out", {extra: b""})

    assert run("generate", "--check") == (3, f"extra: {extra}\n", "out differs from the bundle: 1 extra\n")


def test_check_names_an_edited_file_and_shows_the_edit(run: Run, work: Path) -> None:
    runbook = (work / "out/RUNBOOK.md").read_bytes()
    put(work, {"out/RUNBOOK.md": runbook + b"my note\n"})

    ran = run("generate", "--check")

    assert (ran.code, ran.err) == (3, "out differs from the bundle: 1 changed, 1 edited\n")
    assert ran.out.startswith("edited: RUNBOOK.md\n--- a/RUNBOOK.md\n+++ b/RUNBOOK.md\n@@ ")
    assert ran.out.endswith("\n-my note\n")


def test_check_without_a_folder_misses_everything_and_makes_nothing(run: Run, work: Path) -> None:
    ran = run("generate", "--check", "-o", "nowhere")

    assert (ran.code, ran.err) == (3, "nowhere differs from the bundle: 70 missing\n")
    assert len(ran.out.splitlines()) == 70
    assert not (work / "nowhere").exists()


def test_check_of_parts_looks_at_nothing_else(run: Run, work: Path) -> None:
    put(work / "out", {"RUNBOOK.md": b"edited", "stranger": b""})

    assert run("generate", "--check", "dashboards", "provisioning").code == 0


def test_check_as_json(run: Run, work: Path) -> None:
    put(work / "out", {"stranger": b"", "RUNBOOK.md": b"edited\n"})

    ran = run("generate", "--check", "--json")

    result = json.loads(ran.out)
    assert ran.code == 3
    assert (result["up_to_date"], result["missing"], result["extra"], result["edited"]) == (False, [], ["stranger"], ["RUNBOOK.md"])
    assert list(result["diffs"]) == ["RUNBOOK.md"]
    assert json.loads(run("generate", "--check", "--json", "dashboards").out)["up_to_date"] is True


def test_diff_shows_the_change_without_making_it(run: Run, work: Path) -> None:
    before = tree(work)

    ran = run("generate", "--diff", "--set", "grafana.folder=Ops")

    assert ran.code == 0
    assert "+  folder: Ops\n" in ran.out
    assert tree(work) == before


@pytest.mark.parametrize("flags", [[], ["--check"], ["--diff"]])
def test_alert_rules_that_fall_away_are_named_with_what_to_put_where(run: Run, work: Path, flags: list[str]) -> None:
    """The example watches cart in the source xray; a service of another name takes its place."""
    assert (work / "out").exists()

    ran = run("generate", "--set", "services.1.name=basket", *flags)

    assert ran.err.endswith(
        "  put this into bundle.yaml and generate again\n"
        "    alerts:\n"
        "      deleted_rules:\n"
        "        - xray-fault-xray-cart\n"
        "        - xray-latency-xray-cart\n"
        "        - xray-throttle-xray-cart\n"
        "        - xray-traffic-xray-cart\n"
    )
    assert "4 alert rules fell away" in ran.err


def test_alert_rules_that_the_config_deletes_are_not_named(run: Run, work: Path) -> None:
    kinds = ("fault", "latency", "throttle", "traffic")
    deleted = [flag for number, kind in enumerate(kinds) for flag in ("--set", f"alerts.deleted_rules.{number}=xray-{kind}-xray-cart")]

    ran = run("generate", "--set", "services.1.name=basket", *deleted)

    assert (ran.code, ran.err) == (0, "")
    assert (work / "out").exists()


def test_an_empty_output_is_refused(run: Run, work: Path) -> None:
    """An unset shell variable must not mean the working folder."""
    before = tree(work)

    ran = run("generate", "-o", "", "--force")

    assert (ran.code, ran.out) == (2, "")
    assert "it is empty; name a folder" in ran.err
    assert tree(work) == before


def test_a_part_may_be_named_twice_and_with_a_slash(run: Run, work: Path) -> None:
    assert run("generate", "-o", "boards", "dashboards/", "dashboards").code == 0
    assert {path.partition("/")[0] for path in tree(work / "boards")} == {"dashboards", ".xray-grafana.json"}


@pytest.mark.usefixtures("work")
def test_a_part_that_the_config_has_nothing_for_is_refused(run: Run) -> None:
    ran = run("generate", "--set", "kubernetes=null", "--set", "demo=null", "k8s")

    assert (ran.code, ran.out) == (2, "")
    assert "the config has nothing for the part 'k8s'" in ran.err


def test_files_of_somebody_else_are_named_and_kept(run: Run, work: Path) -> None:
    put(work, {"out/dashboards/mine.json": b"{}"})

    ran = run("generate")

    assert ran.code == 0
    assert "1 file of somebody else kept; --force removes: dashboards/mine.json" in ran.err
    assert (work / "out/dashboards/mine.json").read_bytes() == b"{}"


def test_what_force_would_remove_is_listed_before(run: Run, work: Path) -> None:
    put(work, {"out/dashboards/mine.json": b"{}", "out/RUNBOOK.md": b"mine"})

    ran = run("generate")

    assert ran.code == 1
    assert "  RUNBOOK.md\nand files that it did not write, which --force removes:\n  dashboards/mine.json\n" in ran.err


def test_failures_are_json_too(run: Run, work: Path) -> None:
    put(work, {"out/RUNBOOK.md": b"mine"})

    edited = run("generate", "--json")
    mistaken = run("generate", "--json", "--set", "grafana.refresh=1s")

    assert edited.code == 1
    assert "RUNBOOK.md" in json.loads(edited.out)["error"]
    assert mistaken.code == 2
    assert [problem["key"] for problem in json.loads(mistaken.out)["problems"]] == ["grafana.refresh"]
