from __future__ import annotations

import copy
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.checks.planted_provisioning import fake
from tests.checks.small_bundle import CONFIG, HOME, RUNBOOK, Documents, as_bundle, findings_of, panel, small_bundle, source, target
from xray_grafana.bundle.artifact import Bundle
from xray_grafana.checks import Finding, check_bundle

ODD_VALUES: tuple[Any, ...] = (None, True, -1, 10**9, 0.5, "", "$", "$x", "{", [], [None], ["$y"], {}, {"id": []}, {"value": None})


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path into a document."""
    found = [path] if path else []
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        found += places(child, (*path, key))
    return found


def has(node: Any, key: Any) -> bool:
    """Whether an earlier change has left the key where it was."""
    return key in node if isinstance(node, dict) else isinstance(node, list) and isinstance(key, int) and key < len(node)


PLACES = [(name, *path) for name, content in small_bundle().items() if name != RUNBOOK for path in places(content)]


@settings(max_examples=200, deadline=None)
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(ODD_VALUES)), min_size=1, max_size=4))
def test_no_document_makes_a_rule_fail(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    documents = small_bundle()
    for (*way, last), value in changes:
        node: Any = documents
        for key in way:
            node = node[key] if has(node, key) else None
        if has(node, last):
            node[last] = copy.deepcopy(value)
    assert all(isinstance(finding, Finding) for finding in findings_of(documents))


def test_empty_bundle_lacks_only_the_sources_of_the_config() -> None:
    assert [finding.rule for finding in check_bundle(CONFIG, Bundle.of([]))] == ["XG610"]


def test_findings_are_sorted_and_each_stands_once() -> None:
    documents = small_bundle()
    documents[HOME]["schemaVersion"] = 1
    target(documents, 20).pop("group")
    panel(documents, 12).pop("title")
    found = findings_of(documents)
    assert [finding.rule for finding in found] == ["XG101", "XG224", "XG244"]
    assert len(set(found)) == len(found)


def test_severity_and_remedy_come_from_the_rule() -> None:
    documents = small_bundle()
    documents[HOME]["templating"]["list"].append({"type": "custom", "name": "idle", "query": "a"})
    (finding,) = findings_of(documents)
    assert finding == Finding(
        rule="XG247",
        severity="warning",
        path=HOME,
        place="variable idle",
        message="nothing mentions $idle, expected a query, title or link that does",
        remedy="use the variable or remove it",
    )


def test_no_finding_repeats_a_secret() -> None:
    secret = fake("AK", "IA", "ABCDEFGH23456789")
    documents = small_bundle()
    source(documents, "xray")["secureJsonData"]["accessKey"] = secret
    source(documents, "loki")["url"] = f"http://user:{secret}@loki:3100"
    documents[RUNBOOK] += secret
    found = findings_of(documents)
    assert {finding.rule for finding in found} == {"XG601", "XG602"}
    assert not any(secret in str(finding) for finding in found)


def copies(count: int) -> Documents:
    """The small bundle's home board again and again, under other names."""
    documents = small_bundle()
    for index in range(count):
        documents[f"dashboards/{index}.json"] = documents[HOME] | {"uid": f"t-{index}", "title": f"Traces / {index}"}
    return documents


def seconds(documents: Documents) -> float:
    bundle = as_bundle(documents)

    def once() -> float:
        start = time.perf_counter()
        assert check_bundle(CONFIG, bundle) == ()
        return time.perf_counter() - start

    return min(once() for _ in range(3))


def test_time_grows_with_the_bundle_and_no_faster() -> None:
    """Eight times the boards take at most sixteen times as long; quadratic work would take sixty-four."""
    assert seconds(copies(80)) < 16 * seconds(copies(10))
