"""The objects of k8s/agent keep what no schema asks, and each rule that says so finds its fault."""

from __future__ import annotations

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.k8s.configs import FORMS
from tests.k8s.objects_of import agent_objects, of_kind
from tests.k8s.rules import RULES, duplicate_keys, findings, quantity
from xray_grafana.bundle.render import render
from xray_grafana.k8s.agent import build_agent

Object = dict[str, Any]
Plant = Callable[[list[Object]], None]


@pytest.mark.parametrize("form", FORMS)
def test_the_objects_of_every_form_agree_with_one_another(form: str) -> None:
    assert findings(agent_objects(FORMS[form])) == []


@pytest.mark.parametrize("form", FORMS)
def test_no_file_has_a_key_twice(form: str) -> None:
    assert [key for artifact in build_agent(FORMS[form]) for key in duplicate_keys(render(artifact).decode())] == []


def test_a_key_that_stands_twice_is_found_at_any_depth() -> None:
    assert duplicate_keys("a: [{b: 1, c: 2, b: 3}]\n---\nd: 1\nd: 2\n") == ["b", "d"]


def replace(kind: str, path: str, value: Any) -> Plant:
    """Set the field at a dotted path."""

    def plant(objects: list[Object]) -> None:
        *parents, last = path.split(".")
        holder: Any = of_kind(objects, kind)
        for key in parents:
            holder = holder[int(key)] if isinstance(holder, list) else holder[key]
        if isinstance(holder, list):
            holder[int(last)] = value
        else:
            holder[last] = value

    return plant


def missing(kind: str) -> Plant:
    return lambda objects: objects.remove(of_kind(objects, kind))


CONTAINER = "spec.template.spec.containers.0"
FAULTS: list[tuple[str, Plant, str]] = [
    ("names", replace("Service", "metadata.name", "9aws"), "Service/9aws: name"),
    ("names", replace("Namespace", "metadata.name", "a.b"), "Namespace/a.b: name"),
    ("names", replace("ConfigMap", "metadata.namespace", "Ops"), "ConfigMap/aws-xray-config: namespace Ops"),
    ("names", replace("ClusterRole", "metadata.name", "Upper"), "ClusterRole/Upper: name"),
    ("names", replace("DaemonSet", f"{CONTAINER}.name", "x_ray"), "DaemonSet/aws-xray: container x_ray"),
    ("labels_and_annotations", replace("Service", "metadata.labels.a", "b c"), "Service/aws-xray: label a=b c"),
    ("labels_and_annotations", replace("Service", "metadata.annotations.a b", "c"), "Service/aws-xray: annotation a b"),
    ("selectors", replace("DaemonSet", "spec.selector.matchLabels", {"app": "other"}), "DaemonSet/aws-xray: selector"),
    ("selectors", replace("Service", "spec.selector", {"app": "other"}), "Service/aws-xray: selects nothing"),
    ("selectors", replace("NetworkPolicy", "metadata.namespace", "default"), "NetworkPolicy/aws-xray: selects nothing"),
    ("container_ports", replace("DaemonSet", f"{CONTAINER}.ports.4.name", "otlp-http"), "DaemonSet/aws-xray: port twice"),
    ("container_ports", replace("DaemonSet", f"{CONTAINER}.ports.0.protocol", "TCP"), "DaemonSet/aws-xray: port twice"),
    (
        "container_ports",
        replace("DaemonSet", f"{CONTAINER}.ports.5.name", "collector-metrics"),
        "DaemonSet/aws-xray: port name collector-metrics",
    ),
    ("container_ports", replace("DaemonSet", f"{CONTAINER}.ports.5.containerPort", 70000), "DaemonSet/aws-xray: port 70000"),
    ("network_ports", replace("Service", "spec.ports.0.protocol", "udp"), "Service/aws-xray: protocol udp"),
    ("network_ports", replace("NetworkPolicy", "spec.egress.1.ports.0.port", 0), "NetworkPolicy/aws-xray: port 0"),
    ("service_targets", replace("Service", "spec.ports.1.targetPort", "xray-udp"), "Service/aws-xray: targetPort xray-udp"),
    ("service_targets", replace("Service", "spec.ports.1.targetPort", 2001), "Service/aws-xray: targetPort 2001"),
    (
        "probe_ports",
        replace("DaemonSet", f"{CONTAINER}.readinessProbe", {"tcpSocket": {"port": "xray-udp"}}),
        "DaemonSet/aws-xray: readinessProbe port xray-udp",
    ),
    ("quantities", replace("DaemonSet", f"{CONTAINER}.resources.limits.memory", "256MB"), "DaemonSet/aws-xray: no quantity: 256MB"),
    (
        "quantities",
        replace("DaemonSet", f"{CONTAINER}.resources.requests.memory", "1Gi"),
        "DaemonSet/aws-xray: asks for more memory than its limit",
    ),
    ("references", missing("ServiceAccount"), "DaemonSet/aws-xray: ServiceAccount/aws-xray is missing"),
    ("references", missing("ConfigMap"), "DaemonSet/aws-xray: ConfigMap/aws-xray-config is missing"),
    ("references", missing("PriorityClass"), "DaemonSet/aws-xray: PriorityClass/ops-monitoring-ns-aws-xray is missing"),
    (
        "references",
        missing("ClusterRole"),
        "ClusterRoleBinding/ops-monitoring-ns-aws-xray: ClusterRole/ops-monitoring-ns-aws-xray is missing",
    ),
    (
        "references",
        replace("ClusterRoleBinding", "subjects.0.namespace", "default"),
        "ClusterRoleBinding/ops-monitoring-ns-aws-xray: ServiceAccount/aws-xray is missing",
    ),
    ("references", replace("DaemonSet", f"{CONTAINER}.volumeMounts.0.name", "settings"), "DaemonSet/aws-xray: volume settings"),
]


@pytest.mark.parametrize(("rule", "plant", "found"), FAULTS, ids=[f"{number}-{fault[0]}" for number, fault in enumerate(FAULTS)])
def test_each_rule_finds_its_fault(rule: str, plant: Plant, found: str) -> None:
    objects = copy.deepcopy(agent_objects(FORMS["adot-metadata"]))
    plant(objects)
    (finder,) = [each for each in RULES if each.__name__ == rule]

    assert found in list(finder(objects))


def test_every_rule_has_a_planted_fault() -> None:
    assert {rule.__name__ for rule in RULES} == {rule for rule, _, _ in FAULTS}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("50m", Decimal("0.05")),
        ("96Mi", Decimal(100_663_296)),
        ("1Gi", Decimal(1_073_741_824)),
        ("2k", Decimal(2000)),
        ("1.5", Decimal("1.5")),
    ],
)
def test_a_quantity_is_read_as_kubernetes_reads_it(text: str, number: Decimal) -> None:
    assert quantity(text) == number


@pytest.mark.parametrize("text", ["96MB", "1 Gi", "Mi", "", "-1"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no quantity"):
        quantity(text)
