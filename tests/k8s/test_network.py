"""The agent's NetworkPolicy: applications in, AWS out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.k8s.configs import FORMS, agent
from tests.k8s.objects_of import agent_object
from xray_grafana.config.names import Names
from xray_grafana.k8s.network import build_agent_policy

NAMES_AND_HTTPS = [
    {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]},
    {"ports": [{"port": 443, "protocol": "TCP"}]},
]


def spec_of(form: str) -> dict[str, Any]:
    spec: dict[str, Any] = agent_object(FORMS[form], "NetworkPolicy")["spec"]
    return spec


def notes_of(form: str) -> str:
    return build_agent_policy(Names(FORMS[form])).notes


def test_it_holds_for_the_agents_pods_in_both_directions() -> None:
    spec = spec_of("daemon")

    assert spec["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "xray-daemon"}}
    assert spec["policyTypes"] == ["Ingress", "Egress"]


def test_the_daemon_takes_port_2000_and_nothing_else() -> None:
    assert spec_of("daemon")["ingress"] == [{"ports": [{"port": 2000, "protocol": "UDP"}, {"port": 2000, "protocol": "TCP"}]}]


def test_the_collector_takes_otlp_too() -> None:
    (rule,) = spec_of("adot")["ingress"]

    assert rule["ports"][2:] == [{"port": 4317, "protocol": "TCP"}, {"port": 4318, "protocol": "TCP"}]


def test_only_chosen_namespaces_may_send() -> None:
    (rule,) = spec_of("few-namespaces")["ingress"]

    expression = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop", "demo"]}
    assert rule["from"] == [{"namespaceSelector": {"matchExpressions": [expression]}}]


@pytest.mark.parametrize(
    ("form", "credentials"),
    [
        ("daemon", []),
        ("pod-identity", [{"to": [{"ipBlock": {"cidr": "169.254.170.23/32"}}], "ports": [{"port": 80, "protocol": "TCP"}]}]),
        ("node-role", [{"to": [{"ipBlock": {"cidr": "169.254.169.254/32"}}], "ports": [{"port": 80, "protocol": "TCP"}]}]),
    ],
)
def test_it_may_reach_names_https_and_the_source_of_its_credentials(form: str, credentials: list[object]) -> None:
    assert spec_of(form)["egress"] == NAMES_AND_HTTPS + credentials


def test_it_says_where_it_does_not_hold() -> None:
    assert "enableNetworkPolicy" in notes_of("daemon")
    assert "hostPort" not in notes_of("daemon")
    assert "this policy holds for it too; only hostNetwork would escape it" in notes_of("host-port")


def test_it_says_that_the_collectors_metrics_are_closed() -> None:
    assert "metrics (port 8888) are not open" in notes_of("adot")
    assert all(
        port["port"] != 8888 for rule in agent_object(agent(kind="adot"), "NetworkPolicy")["spec"]["ingress"] for port in rule["ports"]
    )
