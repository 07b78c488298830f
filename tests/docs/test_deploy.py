"""The reference of the deploy parts names every file that any choice of the config makes, every derived name, and every rule."""

from __future__ import annotations

import re

import pytest

from docs.deploy import FILES, VARIANTS, deploy_paths, patterns_of
from tests.docs.pages import ROOT
from xray_grafana.checks.foreign import FOREIGN_RULES
from xray_grafana.config.names import Names

DEPLOY = (ROOT / "docs/reference/deploy.md").read_text(encoding="utf-8")
RULES_PAGE = (ROOT / "docs/reference/foreign-rules.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("overrides", VARIANTS.values(), ids=VARIANTS)
def test_every_file_fits_one_description(overrides: tuple[str, ...]) -> None:
    paths = deploy_paths(overrides)
    assert len(paths) > 40
    assert {path: patterns_of(path) for path in paths if len(patterns_of(path)) != 1} == {}


def test_a_file_without_a_description_would_be_found() -> None:
    assert patterns_of("k8s/agent/secret.yaml") == []


def test_every_description_stands_once_in_the_reference() -> None:
    listed = re.findall(r"^\| `((?:k8s|aws)/[^`]+)` \|", DEPLOY, re.MULTILINE)
    assert listed[-len(FILES) :] == [pattern for pattern, _ in FILES]


def test_a_file_that_only_a_choice_brings_says_which() -> None:
    made_with = dict(re.findall(r"^\| `((?:k8s|aws)/[^`]+)` \| .* \| ?([^|]*) \|$", DEPLOY, re.MULTILINE))
    assert made_with["k8s/agent/service.yaml"].strip() == ""
    assert made_with["k8s/agent/configmap.yaml"] == "`kubernetes.agent.kind: adot`"
    assert made_with["aws/attach-bucket.sh"] == "`alb_logs.create_bucket: false`"


def test_every_derived_name_is_in_the_reference() -> None:
    derived = {name for name, member in vars(Names).items() if isinstance(member, property)}
    assert {"agent_address", "queue_url", "grafana_role"} <= derived
    listed = re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", DEPLOY, re.MULTILINE)
    assert {name for name, _ in listed} == derived
    assert dict(listed)["agent_address"] == "`aws-xray.ops-monitoring-ns:2000`"


def test_every_foreign_rule_and_no_other_is_in_the_reference() -> None:
    assert re.findall(r"^\| `(XF\d{3})` \|", RULES_PAGE, re.MULTILINE) == [rule.id for rule in FOREIGN_RULES]


def test_every_foreign_rule_says_what_to_write() -> None:
    rows = re.findall(r"^\| `XF\d{3}` \| (.+) \|$", RULES_PAGE, re.MULTILINE)
    assert [row for row in rows if any(len(cell) < 4 for cell in re.split(r"(?<!\\) \| ", row))] == []
