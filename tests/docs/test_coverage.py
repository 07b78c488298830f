"""Every row of docs/coverage.md names what exists: files of the bundle, rules, and tests; and the runbook's commands fit the bundle."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import NamedTuple

import pytest

from tests.docs.pages import ROOT, all_blocks, links_of
from tests.examples import example
from xray_grafana.bundle.build import build_bundle
from xray_grafana.checks import RULES
from xray_grafana.checks.foreign import FOREIGN_RULES

PAGE = ROOT / "docs/coverage.md"
RUNBOOK = ROOT / "docs/how-to/no-traces-arrive.md"
PARTS = ("aws/", "dashboards/", "k8s/", "provisioning/")
RULE_IDS = {rule.id for rule in RULES} | {rule.id for rule in FOREIGN_RULES}
PROOF = "`tests/docs/test_coverage.py::test_there_are_47_rows_in_their_order`"
SELECTOR = re.compile(r"(?<= -l )[^\s|]+")


class Row(NamedTuple):
    number: int
    shown: str
    covered: str
    overrides: tuple[str, ...]
    tests: tuple[str, ...]


def rows_of(text: str) -> list[Row]:
    """The rows of the table, in their order."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if re.match(r"\| \d", line)]
    return [Row(int(number), shown, covered, spans(overrides), spans(tests)) for number, shown, covered, overrides, tests in cells]


def spans(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", text))


@cache
def paths_of(overrides: tuple[str, ...]) -> frozenset[str]:
    return frozenset(artifact.path for artifact in build_bundle(example(*overrides)))


@cache
def functions_in(path: str) -> frozenset[str]:
    """The test functions of a file."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def missing(row: Row) -> list[str]:
    """What a row names and is not there; a row that is covered or proved by nothing says so."""
    artifacts = [span for span in spans(row.covered) if span.startswith(PARTS)]
    rules = re.findall(r"\bX[FG]\d{3}\b", row.covered)
    found = [path for path in artifacts if path not in paths_of(row.overrides)]
    found += [rule for rule in rules if rule not in RULE_IDS]
    found += [test for test in row.tests if test.partition("::")[2] not in functions_in(test.partition("::")[0])]
    if not (artifacts or rules or links_of(row.covered)):
        found.append("nothing covers it")
    if not row.tests:
        found.append("nothing proves it")
    return found


ROWS = rows_of(PAGE.read_text(encoding="utf-8"))


def test_there_are_47_rows_in_their_order() -> None:
    assert [row.number for row in ROWS] == list(range(1, 48))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_everything_a_row_names_exists(row: Row) -> None:
    assert missing(row) == []


@pytest.mark.parametrize(
    ("covered", "overrides", "tests", "found"),
    [
        ("`k8s/agent/service.yml`", "", PROOF, ["k8s/agent/service.yml"]),
        ("`k8s/agent/configmap.yaml`", "", PROOF, ["k8s/agent/configmap.yaml"]),
        ("`k8s/agent/configmap.yaml`", "`kubernetes.agent.kind=adot`", PROOF, []),
        ("`XF999`", "", PROOF, ["XF999"]),
        ("`XF110`", "", "`tests/docs/test_coverage.py::test_nothing`", ["tests/docs/test_coverage.py::test_nothing"]),
        ("`XF110`", "", "`tests/docs/nowhere.py::test_nothing`", ["tests/docs/nowhere.py::test_nothing"]),
        ("a sentence", "", "", ["nothing covers it", "nothing proves it"]),
    ],
    ids=["no such file", "not in the example", "in the variant", "no such rule", "no such test", "no such file of tests", "empty"],
)
def test_what_does_not_exist_is_found(covered: str, overrides: str, tests: str, found: list[str]) -> None:
    (row,) = rows_of(f"| 1 | a thing | {covered} | {overrides} | {tests} |\n")
    assert missing(row) == found


def test_the_runbook_walks_the_whole_chain() -> None:
    """From the application's address to what X-Ray indexes, each step with commands of its own or a page that has them."""
    text = RUNBOOK.read_text(encoding="utf-8")
    steps = re.findall(r"^## (\d)\. (.+?)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert [int(number) for number, _, _ in steps] == list(range(1, 9))
    assert [title for _, title, body in steps if "```sh" not in body and "](" not in body] == []
    for command in (
        "env | grep -E 'AWS_XRAY",
        "get endpointslices",
        "spec.nodeName=",
        "logs -l app.kubernetes.io/name=xray-daemon",
        "get-caller-identity",
        "simulate-principal-policy",
        "get-sampling-rules",
        "get-trace-summaries",
        "batch-get-traces",
        "get-trace-segment-destination",
    ):
        assert command in text, command


def selectors(body: str) -> list[str]:
    """The label selectors of kubectl's calls in a block of commands."""
    return [selector for line in body.splitlines() if "kubectl" in line for selector in SELECTOR.findall(line)]


def pod_labels() -> set[str]:
    """`key=value` of every label that pods, and the slices of a Service, have in the example."""
    labels = {"kubernetes.io/service-name=aws-xray", "app=checkout"}
    for artifact in build_bundle(example()):
        if artifact.path.startswith("k8s/") and artifact.path.endswith(("daemonset.yaml", "deployment.yaml")):
            labels |= {f"{key}={value}" for key, value in artifact.document["spec"]["template"]["metadata"]["labels"].items()}
    return labels


def test_commands_of_the_docs_use_labels_that_pods_have() -> None:
    used = {selector for block in all_blocks("sh") for selector in selectors(block.body)}
    assert "app.kubernetes.io/name=xray-daemon" in used
    assert used <= pod_labels()


def test_a_label_that_no_pod_has_is_found() -> None:
    assert set(selectors("kubectl -n tracing logs -l app=xray-daemon --tail=5\nls -l x")) - pod_labels() == {"app=xray-daemon"}


def test_each_language_of_the_sdks_has_its_note() -> None:
    text = (ROOT / "docs/reference/daemon-address.md").read_text(encoding="utf-8")
    languages = {"Go", "Node.js", "Python", "Java", ".NET", "Ruby"}
    assert languages <= set(re.findall(r"^\| (\S+) \| `host:port` \| .{20,} \|$", text, re.MULTILINE))
