"""`check` finds mistakes of the config and broken rules, in the form that was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bundle.files.folders import put, tree
from tests.cli.conftest import Run
from xray_grafana.checks import RULES, Finding, Rule
from xray_grafana.checks.foreign import FOREIGN_RULES, ForeignRule
from xray_grafana.cli.findings import finding_text, github_lines
from xray_grafana.errors import ConfigProblem

BROKEN = ("--set", "alerts.deleted_rules.0=xray-fault-xray-cart")
WRONG = b'aws:\n  account: "12"\n  region: eu-west-1\n'
FINDING = Finding("XG999", "warning", "dashboards/home.json", "panel 3", "is 50% off:\nsee", "turn it, then look")


def test_the_example_has_no_findings(run: Run, work: Path) -> None:
    before = tree(work)

    ran = run("check")

    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"bundle.yaml: 0 findings by {len(RULES)} rules in 70 files\n"
    assert tree(work) == before


def test_a_finding_names_rule_place_reason_and_remedy(run: Run, work: Path) -> None:
    assert (work / "bundle.yaml").exists()

    ran = run("check", *BROKEN)

    first, message, remedy = ran.out.splitlines()
    assert ran.code == 3
    assert first.startswith("error XG4")
    assert "provisioning/alerting/" in first
    assert "xray-fault-xray-cart" in message
    assert remedy.startswith("  do: ")
    assert ran.err.startswith("bundle.yaml: 1 finding by ")


def test_findings_as_json(run: Run, work: Path) -> None:
    assert (work / "bundle.yaml").exists()

    for flags in (["--json"], ["--format", "json"]):
        ran = run("check", *BROKEN, *flags)
        result = json.loads(ran.out)
        assert ran.code == 3
        assert (result["config"], result["problems"]) == ("bundle.yaml", [])
        assert result["findings"][0].keys() == {"rule", "severity", "path", "place", "message", "remedy"}


def test_findings_for_github_stand_at_the_config(run: Run, work: Path) -> None:
    assert (work / "bundle.yaml").exists()

    ran = run("check", *BROKEN, "--format", "github")

    assert ran.code == 3
    assert ran.out.startswith("::error file=bundle.yaml,line=1,title=XG4")
    assert len(ran.out.splitlines()) == 1


@pytest.mark.parametrize(("form", "code"), [("text", 0), ("json", 0), ("github", 0)])
def test_without_findings_every_form_ends_with_0(run: Run, work: Path, form: str, code: int) -> None:
    assert (work / "bundle.yaml").exists()
    assert run("check", "--format", form).code == code


def test_mistakes_in_the_config_as_text(run: Run, empty: Path) -> None:
    put(empty, {"bundle.yaml": WRONG})

    ran = run("check")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("bundle.yaml:2:12 aws.account: got ")


def test_mistakes_in_the_config_as_json(run: Run, empty: Path) -> None:
    put(empty, {"bundle.yaml": WRONG})

    ran = run("check", "--json")

    result = json.loads(ran.out)
    assert ran.code == 2
    assert result["findings"] == []
    assert [(each["source"], each["line"], each["column"], each["key"]) for each in result["problems"]] == [
        ("bundle.yaml", 2, 12, "aws.account")
    ]


def test_mistakes_in_the_config_for_github(run: Run, empty: Path) -> None:
    put(empty, {"bundle.yaml": WRONG})

    ran = run("check", "--format", "github")

    assert ran.code == 2
    assert ran.out.startswith("::error file=bundle.yaml,line=2,col=12,title=config::aws.account: got ")


def test_what_has_a_meaning_in_a_workflow_command_is_escaped() -> None:
    """By hand from actions/toolkit: % first, then line ends; in a property also colon and comma."""
    problem = ConfigProblem("conf,1:2%.yaml", 3, 4, "grafana.url", "a%b", "x,y:z\r\nw", "hint")

    assert github_lines(Path("conf,1.yaml"), [problem], [FINDING]) == [
        "::error file=conf%2C1%3A2%25.yaml,line=3,col=4,title=config::grafana.url: got a%25b — expected x,y:z%0D%0Aw (hint)",
        "::warning file=conf%2C1.yaml,line=1,title=XG999::dashboards/home.json panel 3: is 50%25 off:%0Asee%0Aturn it, then look",
    ]


def test_a_mistake_without_a_line_names_its_source_in_the_message() -> None:
    problem = ConfigProblem("--set", None, None, "grafana.url", "x", "y")

    assert github_lines(Path("bundle.yaml"), [problem], []) == ["::error title=config::--set: grafana.url: got x — expected y"]


def test_a_finding_as_text() -> None:
    assert finding_text(FINDING, lambda text, style: f"<{style}>{text}") == (
        "<yellow>warning XG999 dashboards/home.json panel 3\n  is 50% off:\nsee\n  do: turn it, then look"
    )


def test_every_rule_is_listed_with_its_reason(run: Run, empty: Path) -> None:
    ran = run("check", "--list-rules")

    assert (ran.code, ran.err) == (0, "")
    assert not list(empty.iterdir())
    rules: tuple[Rule | ForeignRule, ...] = (*RULES, *FOREIGN_RULES)
    assert [line.split()[0] for line in ran.out.splitlines() if not line.startswith(" ")] == [rule.id for rule in rules]
    words = " ".join(ran.out.split())
    assert all(" ".join(rule.reason.split()) in words for rule in rules)


def test_rules_as_json(run: Run, empty: Path) -> None:
    listed = json.loads(run("check", "--list-rules", "--json").out)

    assert [rule["id"] for rule in listed] == [*(rule.id for rule in RULES), *(rule.id for rule in FOREIGN_RULES)]
    assert all(rule["title"] and rule["reason"] for rule in listed)
    assert not list(empty.iterdir())
