from __future__ import annotations

import pytest

from tests.checks.foreign.planted import PLANTED
from tests.checks.foreign.planting import RULE_IDS, Planted, files_of, findings_in, places_of, unmarked
from xray_grafana.checks.foreign import FOREIGN_RULES, ForeignRule, check_files, mend

IDS = [f"{planted.rule} {planted.case}".rstrip() for planted in PLANTED]


@pytest.mark.parametrize("planted", PLANTED, ids=IDS)
def test_a_planted_mistake_is_found_at_its_line_and_column(planted: Planted) -> None:
    text, places = unmarked(planted.bad)
    assert places

    found = findings_in(text, planted.beside)

    assert places_of(planted.rule, found) == places
    assert all(planted.message in finding.message for finding in found if finding.rule == planted.rule), found


@pytest.mark.parametrize("planted", PLANTED, ids=IDS)
def test_what_is_nearly_a_mistake_is_not_found(planted: Planted) -> None:
    found = findings_in(planted.good, planted.beside)

    assert places_of(planted.rule, found) == []
    assert {"XF100", "XF101"} & {finding.rule for finding in found} <= ({"XF101"} if "XF101" not in planted.rule else set())


@pytest.mark.parametrize("planted", PLANTED, ids=IDS)
def test_a_fix_writes_what_is_expected_and_is_offered_nowhere_else(planted: Planted) -> None:
    text, _ = unmarked(planted.bad)
    files = files_of(text, planted.beside)
    own = [finding for finding in check_files(files) if finding.rule == planted.rule and finding.path == "given"]

    mended = mend(files[0], own).content.decode()

    assert mended == (text if planted.mended is None else planted.mended)
    assert any(finding.fixes for finding in own) == (planted.mended is not None)
    if planted.mended is not None:
        assert places_of(planted.rule, findings_in(mended, planted.beside)) == []


def test_every_rule_has_a_planted_mistake() -> None:
    assert {planted.rule for planted in PLANTED} == set(RULE_IDS)


def test_rules_stand_in_the_order_of_their_ids_and_each_id_stands_once() -> None:
    assert sorted(set(RULE_IDS)) == RULE_IDS
    assert len(RULE_IDS) >= 25


@pytest.mark.parametrize("rule", FOREIGN_RULES, ids=RULE_IDS)
def test_a_rule_says_what_holds_what_happens_otherwise_and_what_to_write(rule: ForeignRule) -> None:
    for text in (rule.title, rule.reason, rule.remedy):
        assert len(text) > 15
        assert not text.endswith(".")
    assert rule.title[0].isupper()
