"""The agent's NetworkPolicy. Whoever reaches its TCP port makes X-Ray calls with its role: the agent signs and forwards any path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from xray_grafana import contract
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.deploy import Identity
from xray_grafana.config.names import Names
from xray_grafana.k8s.agent_container import ports
from xray_grafana.k8s.objects import metadata, selector

# EC2's instance metadata, where a pod finds the credentials of the node's role.
INSTANCE_METADATA_ADDRESS: Final = "169.254.169.254"
# Set by Kubernetes on every namespace since 1.22.
NAMESPACE_NAME_LABEL: Final = "kubernetes.io/metadata.name"

_ENFORCED: Final = """\
Holds only where the network plugin enforces policies. The Amazon VPC CNI does so with enableNetworkPolicy, and not on Fargate.
Probes come from the pod's own node, whose traffic a policy cannot refuse.
"""
_HOST_PORT: Final = """\
A pod with a hostPort keeps its own network, so this policy holds for it too; only hostNetwork would escape it.
Traffic that comes through the node's port may bear the address of a node, which no namespace selector matches: where applications are
then refused, add an ipBlock of your nodes. What else reaches that port is up to the nodes' security group.
"""
_METRICS: Final = """\
The collector's own metrics (port {port}) are not open: add an ingress rule for your Prometheus.
"""


def build_agent_policy(names: Names) -> Artifact:
    """The policy: applications in, X-Ray and credentials out."""
    kubernetes = names.kubernetes
    agent = kubernetes.agent
    ingress: Document = {"ports": [{"port": port.number, "protocol": port.protocol} for port in ports(agent)]}
    if agent.allowed_namespaces:
        ingress["from"] = [from_namespaces(agent.allowed_namespaces)]
    document = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(agent.service, kubernetes.namespace, "agent"),
        "spec": {
            "podSelector": {"matchLabels": selector("agent")},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [ingress],
            "egress": aws_egress(kubernetes.identity),
        },
    }
    notes = _ENFORCED
    if agent.routing == "host-port":
        notes += _HOST_PORT
    if agent.kind == "adot":
        notes += _METRICS.format(port=contract.METRICS_PORT)
    return Artifact("k8s/agent/networkpolicy.yaml", Format.YAML, document, notes)


def from_namespaces(namespaces: Iterable[str]) -> Document:
    """A peer: every pod of these namespaces."""
    return {"namespaceSelector": {"matchExpressions": [{"key": NAMESPACE_NAME_LABEL, "operator": "In", "values": list(namespaces)}]}}


def aws_egress(identity: Identity) -> list[Document]:
    """What a pod needs to call AWS: names, HTTPS (also the Kubernetes API and STS), and the address that hands out its credentials."""
    rules: list[Document] = [
        {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]},
        {"ports": [{"port": 443, "protocol": "TCP"}]},
    ]
    credentials = {"pod-identity": contract.POD_IDENTITY_ADDRESS, "node-role": INSTANCE_METADATA_ADDRESS}.get(identity.kind)
    if credentials is not None:
        rules.append({"to": [{"ipBlock": {"cidr": f"{credentials}/32"}}], "ports": [{"port": 80, "protocol": "TCP"}]})
    return rules
