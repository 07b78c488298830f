"""Rules that an old bundle had and a new one neither has nor deletes are found by their uids."""

from __future__ import annotations

import pytest

from xray_grafana.bundle.artifact import Artifact, Bundle, Document, Format
from xray_grafana.cli.fallen_rules import fallen_rules

OLD = {
    "provisioning/alerting/one.yaml": b"groups:\n  - rules:\n      - uid: a\n      - uid: b\n  - rules:\n      - uid: c\n",
    "provisioning/alerting/two.yaml": b"groups:\n  - rules: [{uid: d}]\n",
    "provisioning/datasources/x.yaml": b"groups: [{rules: [{uid: not-a-rule}]}]\n",
}


def bundle(*documents: Document) -> Bundle:
    return Bundle.of(Artifact(f"provisioning/alerting/{number}.yaml", Format.YAML, document) for number, document in enumerate(documents))


def test_rules_that_are_gone_are_named_and_sorted() -> None:
    assert fallen_rules(OLD, {}, bundle({"groups": [{"rules": [{"uid": "b"}]}]})) == ("a", "c", "d")


def test_a_rule_that_moved_to_another_file_or_group_is_not_gone() -> None:
    new = bundle({"groups": [{"rules": [{"uid": "d"}, {"uid": "c"}]}]}, {"groups": [{"rules": [{"uid": "a"}]}, {"rules": [{"uid": "b"}]}]})

    assert fallen_rules(OLD, {}, new) == ()


def test_a_rule_that_the_new_bundle_deletes_is_not_named() -> None:
    new = bundle({"groups": [], "deleteRules": [{"orgId": 1, "uid": "a"}, {"orgId": 1, "uid": "b"}]})

    assert fallen_rules(OLD, {}, new) == ("c", "d")


def test_without_old_files_nothing_is_gone() -> None:
    assert fallen_rules({}, {}, bundle({"groups": []})) == ()


@pytest.mark.parametrize(
    "content", [b"", b"a: [", b"\xff", b"- 1", b"groups: 1", b"groups: [1]", b"groups: [{rules: 1}]", b"groups: [{rules: [1, {uid: 1}]}]"]
)
def test_a_file_that_somebody_else_wrote_holds_no_rules(content: bytes) -> None:
    assert fallen_rules({"provisioning/alerting/x.yaml": content}, {}, bundle({"groups": []})) == ()


def test_a_file_that_stays_as_it_is_loses_no_rule() -> None:
    assert fallen_rules(OLD, OLD, bundle({"groups": []})) == ()
