from __future__ import annotations

import pytest

from tests.checks.planted import PLANTED
from tests.checks.planting import Planted
from tests.checks.small_bundle import findings_of, small_bundle
from xray_grafana.checks import RULES, Rule


def test_small_bundle_breaks_no_rule() -> None:
    assert findings_of(small_bundle()) == ()


@pytest.mark.parametrize("planted", PLANTED, ids=[f"{planted.rule}-{index}" for index, planted in enumerate(PLANTED)])
def test_planted_fault_is_found_in_its_place(planted: Planted) -> None:
    documents = small_bundle()
    planted.change(documents)
    found = findings_of(documents)
    assert {finding.rule for finding in found} == {planted.rule, *planted.also}
    own = [finding for finding in found if finding.rule == planted.rule]
    assert any(planted.place in finding.place and planted.message in finding.message for finding in own), own


def test_every_rule_has_a_planted_fault() -> None:
    assert {rule.id for rule in RULES} == {planted.rule for planted in PLANTED}


def test_rules_stand_in_the_order_of_their_ids_and_each_id_stands_once() -> None:
    ids = [rule.id for rule in RULES]
    assert ids == sorted(set(ids))
    assert len(ids) >= 30


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_states_what_holds_and_what_happens_otherwise(rule: Rule) -> None:
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
    assert len(rule.reason) > 20
    assert not rule.reason.endswith(".")
