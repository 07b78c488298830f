"""k8s/helm/aws-xray-values.yaml: the same daemon through the public chart, for those who prefer it."""

from __future__ import annotations

from typing import Final

from xray_grafana import contract
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names
from xray_grafana.k8s import agent_container
from xray_grafana.k8s.agent import linux_outside_fargate
from xray_grafana.k8s.objects import ROLE_ANNOTATION, container_security_context, pod_security_context

PATH: Final = "k8s/helm/aws-xray-values.yaml"

_NOTES: Final = """\
For the chart {chart} {version}, instead of k8s/agent:
  helm repo add okgolove https://okgolove.github.io/helm-charts/
  helm -n {namespace} install {release} {chart} --version {version} -f aws-xray-values.yaml
Each object has one owner. With the chart, do not apply daemonset.yaml, service.yaml, serviceaccount.yaml and networkpolicy.yaml of
k8s/agent: the chart makes the ServiceAccount {account}, the DaemonSet and the Service {release}.{priority}
What the chart cannot do:
- Its pods always use hostNetwork and port {port} of the node. Pod Security baseline refuses them and no NetworkPolicy holds for them:
  the namespace {namespace} must have the label pod-security.kubernetes.io/enforce=privileged.
- Its buffer is 1 % of the node's memory, whatever a limit says: with a memory limit a burst ends the pod, so there is none here.
- A change of region or log level restarts nothing: `kubectl -n {namespace} rollout restart daemonset {release}`.
- Its Service is headless: the Go SDK keeps the address of one pod for good. It has no probes.
"""
_PRIORITY: Final = """
Do apply priorityclass.yaml, which the chart's pods name."""


def build_agent_values(config: Config) -> tuple[Artifact, ...]:
    """The values; empty without a kubernetes section, and for the collector, which the chart does not know."""
    if config.kubernetes is None or config.kubernetes.agent.kind != "daemon":
        return ()
    names = Names(config)
    kubernetes, agent = names.kubernetes, names.kubernetes.agent
    notes = _NOTES.format(
        chart=contract.DAEMON_CHART,
        version=contract.DAEMON_CHART_VERSION,
        namespace=kubernetes.namespace,
        release=agent.service,
        account=agent.service_account,
        port=contract.AGENT_PORT,
        priority=_PRIORITY if agent.priority_class else "",
    )
    return (Artifact(PATH, Format.YAML, _values(names), notes),)


def _values(names: Names) -> Document:
    kubernetes, agent = names.kubernetes, names.kubernetes.agent
    # The chart writes repository:tag, so a digest is split like a tag: at its last colon.
    repository, _, tag = agent_container.image(agent).rpartition(":")
    account: Document = {"create": True, "name": agent.service_account}
    if kubernetes.identity.kind == "irsa":
        account["annotations"] = {ROLE_ANNOTATION: names.role_arn(names.agent_role)}
    requests = agent_container.resources(agent)["requests"]
    values: Document = {
        "fullnameOverride": agent.service,
        "image": {"repository": repository, "tag": tag},
        "xray": {"region": names.config.aws.region, "loglevel": agent.log_level},
        "serviceAccount": account,
        "resources": {"requests": requests},
        "podSecurityContext": pod_security_context(contract.DAEMON_USER_ID),
        "securityContext": container_security_context(),
        "affinity": linux_outside_fargate(),
        "tolerations": [{"operator": "Exists"}],
    }
    return values | ({"priorityClassName": names.agent_priority_class} if agent.priority_class else {})
