"""k8s/sidecars/: the agent as a container inside an application's pod, for Fargate, where no DaemonSet runs.

A strategic-merge patch to copy beside a Deployment. The agent is a native sidecar (an init container that goes on): it starts before the
application, ends after it, and does not keep a Job from finishing. It listens on the pod's loopback only: whoever reaches its TCP port
makes X-Ray calls with the pod's role, and no NetworkPolicy holds on Fargate.
"""

from __future__ import annotations

from typing import Final

from xray_grafana import contract
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names
from xray_grafana.k8s import agent_container, collector
from xray_grafana.k8s.objects import container_security_context, pod_security_context

APPLICATION: Final = "my-application"
_NAME: Final = "xray-agent"

_NOTES: Final = """\
To copy, not applied as it is: write the name of your container in place of {application}, and put under `patches` of your kustomization
  - {{path: {file}, target: {{kind: Deployment, name: YOUR-DEPLOYMENT}}}}
Needs Kubernetes 1.29.
The pod's own ServiceAccount signs the calls, and its role needs the agent's policy: the trust of {role} names the DaemonSet's alone.
"""
_NO_PROBE: Final = """\
No probe: kubelet cannot reach the pod's loopback, and the image has no program to run inside.
"""


def build_sidecars(config: Config) -> tuple[Artifact, ...]:
    """The patch for the kind of agent that the config chooses; empty where no pod runs on Fargate."""
    if config.kubernetes is None or not config.kubernetes.fargate:
        return ()
    names = Names(config)
    kind = names.kubernetes.agent.kind
    file = f"fargate-{kind}.yaml"
    address = agent_container.variable(contract.DAEMON_ADDRESS_VARIABLE, f"{agent_container.LOOPBACK}:{contract.AGENT_PORT}")
    document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": APPLICATION},
        "spec": {
            "template": {"spec": {"initContainers": [_sidecar(names)], "containers": [{"name": APPLICATION, "env": [address]}]}},
        },
    }
    notes = _NOTES.format(application=APPLICATION, file=file, role=names.agent_role) + (_NO_PROBE if kind == "daemon" else "")
    return (Artifact(f"k8s/sidecars/{file}", Format.YAML, document, notes),)


def _sidecar(names: Names) -> Document:
    agent = names.kubernetes.agent
    container: Document = {"name": _NAME, "image": agent_container.image(agent), "restartPolicy": "Always"}
    region = agent_container.variable("AWS_REGION", names.config.aws.region)
    if agent.kind == "adot":
        probe = {"exec": {"command": [collector.HEALTH_PROGRAM]}, "periodSeconds": 5, "timeoutSeconds": 3}
        container |= {
            "env": [
                region,
                agent_container.variable(collector.RESOURCE_VARIABLE, collector.eks_resource(names)),
                agent_container.variable("GOMEMLIMIT", agent_container.go_memory_limit(agent)),
                agent_container.variable(collector.CONTENT_VARIABLE, collector.collector_text(names, collector.SIDECAR)),
            ],
            "startupProbe": {**probe, "failureThreshold": 12},
            "livenessProbe": {**probe, "periodSeconds": 20},
        }
    else:
        container |= {
            "args": agent_container.daemon_loopback_arguments(names),
            "env": [agent_container.from_field("AWS_HOSTNAME", "spec.nodeName"), region],
        }
    # The pod's own security context is the application's: everything that "restricted" asks for stands on the container.
    context = pod_security_context(agent_container.user_id(agent)) | container_security_context()
    return container | {"resources": agent_container.resources(agent), "securityContext": context}
