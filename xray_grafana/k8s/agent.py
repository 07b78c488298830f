"""k8s/agent/: one agent on each node behind one Service, whatever its kind. Passes Pod Security "restricted", but for routing host-port.

The daemon never calls the Kubernetes API, so it has no token; the collector has one only for `cluster_metadata`.
"""

from __future__ import annotations

from typing import Final

from xray_grafana import contract
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.bundle.render import render
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names
from xray_grafana.k8s import agent_container, collector
from xray_grafana.k8s.network import build_agent_policy
from xray_grafana.k8s.objects import (
    CHECKSUM_ANNOTATION,
    ROLE_ANNOTATION,
    checksum,
    container_security_context,
    kustomization,
    labels,
    metadata,
    pod_security_context,
    selector,
)

FOLDER: Final = "k8s/agent"
_COMPONENT: Final = "agent"
# Says on the object itself what applications are given.
ADDRESS_ANNOTATION: Final = "xray-grafana/agent-address"
REASON_ANNOTATION: Final = "xray-grafana/pod-security"
_HOST_ADDRESS: Final = f"$(HOST_IP):{contract.AGENT_PORT} with HOST_IP from status.hostIP, set before it"
_HOST_PORT_REASON: Final = "privileged, because agent.routing is host-port and Pod Security baseline forbids hostPort"
# Of all that users may choose, which is at most 1e9, the middle of the road: above what has none, below what the cluster needs to live.
_PRIORITY: Final = 1_000_000
# A daemon that cannot reach X-Ray gives up after 2 s, the collector after 2.4 s; the rest is for a slow node.
_GRACE_SECONDS: Final = 30
_CONFIG_FOLDER: Final = "/etc/xray-grafana"
_CONFIG_FILE: Final = "config.yaml"

# kubectl's patch knows ports by their number alone: https://github.com/kubernetes/kubernetes/issues/39188
_SAME_PORT: Final = f"""\
Port {contract.AGENT_PORT} stands twice, for UDP and TCP. Apply changes with `kubectl apply --server-side`: the client-side patch takes both
for one and can drop either.
"""
_FARGATE: Final = """\
Pods on Fargate have no DaemonSet beside them: give them the container of k8s/sidecars.
"""
_NODE_ROLE: Final = """\
Takes the role of the node from EC2 metadata: pods reach it only where the hop limit of the nodes is 2 or more.
"""
_HOST_PORT: Final = f"""\
Listens on the same ports of each node. Applications set, in this order:
  - {{name: HOST_IP, valueFrom: {{fieldRef: {{fieldPath: status.hostIP}}}}}}
  - {{name: {contract.DAEMON_ADDRESS_VARIABLE}, value: "$(HOST_IP):{contract.AGENT_PORT}"}}
"""


def build_agent(config: Config) -> tuple[Artifact, ...]:
    """The folder with its kustomization; empty without a kubernetes section."""
    if config.kubernetes is None:
        return ()
    names = Names(config)
    kubernetes, agent = names.kubernetes, names.kubernetes.agent
    account, config_map = _service_account(names), _config_map(names)
    read_at_start = [artifact for artifact in (account, config_map) if artifact is not None]
    optional = (
        _namespace(names) if kubernetes.create_namespace else None,
        account,
        _cluster_role(names) if agent.cluster_metadata else None,
        _cluster_role_binding(names) if agent.cluster_metadata else None,
        config_map,
        _priority_class(names) if agent.priority_class else None,
        _daemon_set(names, _checksum(read_at_start)),
        _service(names),
        build_agent_policy(names),
    )
    artifacts = tuple(artifact for artifact in optional if artifact is not None)
    return (kustomization(FOLDER, artifacts), *artifacts)


def _yaml(name: str, document: Document, notes: str = "") -> Artifact:
    return Artifact(f"{FOLDER}/{name}.yaml", Format.YAML, document, notes)


def _checksum(artifacts: list[Artifact]) -> str:
    """Of what a pod reads only when it starts: the config, and the role, which is written into a pod when it is made."""
    return checksum("".join(render(artifact).decode() for artifact in artifacts))


def _namespace(names: Names) -> Artifact:
    """Pod Security admission: https://kubernetes.io/docs/concepts/security/pod-security-admission/"""
    is_host_port = names.kubernetes.agent.routing == "host-port"
    level = "privileged" if is_host_port else "restricted"
    security: dict[str, str] = {}
    for mode in ("enforce", "warn", "audit"):
        security |= {f"pod-security.kubernetes.io/{mode}": level, f"pod-security.kubernetes.io/{mode}-version": "latest"}
    annotations = {REASON_ANNOTATION: _HOST_PORT_REASON} if is_host_port else None
    document = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": metadata(names.kubernetes.namespace, None, _COMPONENT, labels=security, annotations=annotations),
    }
    return _yaml("namespace", document, f"{_HOST_PORT_REASON[0].upper()}{_HOST_PORT_REASON[1:]}." if is_host_port else "")


def _service_account(names: Names) -> Artifact:
    kubernetes = names.kubernetes
    annotations = {ROLE_ANNOTATION: names.role_arn(names.agent_role)} if kubernetes.identity.kind == "irsa" else None
    document = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(kubernetes.agent.service_account, kubernetes.namespace, _COMPONENT, annotations=annotations),
        "automountServiceAccountToken": kubernetes.agent.cluster_metadata,
    }
    return _yaml("serviceaccount", document)


def _config_map(names: Names) -> Artifact | None:
    """The collector's config; the daemon takes everything as arguments."""
    if names.kubernetes.agent.kind != "adot":
        return None
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(names.agent_config_map, names.kubernetes.namespace, _COMPONENT),
        "data": {_CONFIG_FILE: collector.collector_text(names, collector.POD)},
    }
    return _yaml("configmap", document)


def _cluster_role(names: Names) -> Artifact:
    """What k8s_attributes watches for the attributes it is told to add: contrib, processor/k8sattributesprocessor, README."""
    document = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": metadata(names.agent_cluster_role, None, _COMPONENT),
        "rules": [{"apiGroups": [""], "resources": ["namespaces", "pods"], "verbs": ["get", "list", "watch"]}],
    }
    return _yaml("clusterrole", document)


def _cluster_role_binding(names: Names) -> Artifact:
    account = {"kind": "ServiceAccount", "name": names.kubernetes.agent.service_account, "namespace": names.kubernetes.namespace}
    document = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": metadata(names.agent_cluster_role, None, _COMPONENT),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": names.agent_cluster_role},
        "subjects": [account],
    }
    return _yaml("clusterrolebinding", document)


def _priority_class(names: Names) -> Artifact:
    """One of its own: outside kube-system, clusters may refuse the system classes."""
    document = {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": metadata(names.agent_priority_class, None, _COMPONENT),
        "value": _PRIORITY,
        "globalDefault": False,
        "description": "The X-Ray agent, one on each node: scheduled before what has no priority.",
    }
    return _yaml("priorityclass", document)


def _service(names: Names) -> Artifact:
    """A virtual IP that outlives pods: the Go SDK resolves the name once. By default it leads to the pod of the same node alone."""
    agent = names.kubernetes.agent
    address = _HOST_ADDRESS if agent.routing == "host-port" else names.agent_address
    routing = {"trafficDistribution": "PreferSameNode"} if agent.routing == "prefer-same-node" else {"internalTrafficPolicy": "Local"}
    ports = [
        {"name": port.name, "port": port.number, "protocol": port.protocol, "targetPort": port.name}
        for port in agent_container.ports(agent)
    ]
    annotations = {ADDRESS_ANNOTATION: f"{contract.DAEMON_ADDRESS_VARIABLE}={address}"}
    document = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(agent.service, names.kubernetes.namespace, _COMPONENT, annotations=annotations),
        "spec": {"type": "ClusterIP", **routing, "selector": selector(_COMPONENT), "ports": ports},
    }
    return _yaml("service", document, _SAME_PORT)


def _daemon_set(names: Names, config_checksum: str) -> Artifact:
    kubernetes, agent = names.kubernetes, names.kubernetes.agent
    pod: Document = {
        "serviceAccountName": agent.service_account,
        "automountServiceAccountToken": agent.cluster_metadata,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "securityContext": pod_security_context(agent_container.user_id(agent)),
        "affinity": linux_outside_fargate(),
        "tolerations": [{"operator": "Exists"}],
    }
    if agent.priority_class:
        pod["priorityClassName"] = names.agent_priority_class
    pod["containers"] = [_container(names)]
    if agent.kind == "adot":
        pod["volumes"] = [{"name": "config", "configMap": {"name": names.agent_config_map}}]
    document = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": metadata(agent.service, kubernetes.namespace, _COMPONENT),
        "spec": {
            "selector": {"matchLabels": selector(_COMPONENT)},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "template": {
                "metadata": {"labels": labels(_COMPONENT), "annotations": {CHECKSUM_ANNOTATION: config_checksum}},
                "spec": pod,
            },
        },
    }
    notes = _SAME_PORT
    notes += _FARGATE if kubernetes.fargate else ""
    notes += _NODE_ROLE if kubernetes.identity.kind == "node-role" else ""
    notes += _HOST_PORT if agent.routing == "host-port" else ""
    return _yaml("daemonset", document, notes)


def linux_outside_fargate() -> Document:
    """Affinity to nodes that can run the agent: neither image has a Windows form, and a toleration of everything would pick Fargate too."""
    expressions = [
        {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
        {"key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate"]},
    ]
    required = {"nodeSelectorTerms": [{"matchExpressions": expressions}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}


def _container(names: Names) -> Document:
    agent = names.kubernetes.agent
    is_host_port = agent.routing == "host-port"
    ports: list[Document] = [
        {"name": port.name, "containerPort": port.number, "protocol": port.protocol} | ({"hostPort": port.number} if is_host_port else {})
        for port in agent_container.ports(agent)
    ]
    container: Document = {"name": "agent", "image": agent_container.image(agent)}
    if agent.kind == "adot":
        ports += [
            {"name": "health", "containerPort": contract.HEALTH_PORT, "protocol": "TCP"},
            {"name": "metrics", "containerPort": contract.METRICS_PORT, "protocol": "TCP"},
        ]
        container |= {"args": [f"--config={_CONFIG_FOLDER}/{_CONFIG_FILE}"], "env": _collector_environment(names)}
        probe: Document = {"httpGet": {"path": "/", "port": "health"}}
    else:
        environment = [
            agent_container.from_field("AWS_HOSTNAME", "spec.nodeName"),
            agent_container.variable("AWS_REGION", names.config.aws.region),
        ]
        container |= {"args": agent_container.daemon_arguments(names), "env": environment}
        # An HTTP request would be signed and sent on to X-Ray.
        probe = {"tcpSocket": {"port": "xray-tcp"}}
    container |= {
        "ports": ports,
        "readinessProbe": {**probe, "periodSeconds": 10, "timeoutSeconds": 2},
        "livenessProbe": {**probe, "initialDelaySeconds": 10, "periodSeconds": 20, "timeoutSeconds": 2},
        "resources": agent_container.resources(agent),
        "securityContext": container_security_context(),
    }
    if agent.kind == "adot":
        container["volumeMounts"] = [{"name": "config", "mountPath": _CONFIG_FOLDER, "readOnly": True}]
    return container


def _collector_environment(names: Names) -> list[Document]:
    agent = names.kubernetes.agent
    environment = [
        agent_container.from_field(collector.POD_IP_VARIABLE, "status.podIP"),
        agent_container.variable("AWS_REGION", names.config.aws.region),
        agent_container.variable(collector.RESOURCE_VARIABLE, collector.eks_resource(names)),
        agent_container.variable("GOMEMLIMIT", agent_container.go_memory_limit(agent)),
    ]
    if agent.cluster_metadata:
        environment.append(agent_container.from_field(collector.NODE_NAME_VARIABLE, "spec.nodeName"))
    return environment
