"""The collector's config (AWS OpenTelemetry collector, `agent.kind: adot`) as data, in the names of its version.

Names: opentelemetry-collector-contrib 0.156, which ADOT 0.49 is made of; older ones (`k8sattributes`, `resourcedetection`) only warn.
Every address stands there: left out, receivers and health check bind to loopback (contrib, internal/aws/proxy, receiver/awsxrayreceiver).

The `eks` detector is not used. Since contrib 0.146 a detector that fails keeps the collector from starting, and this one fails where
pods reach neither EC2 metadata nor, for want of the right, ec2:DescribeInstances. What X-Ray needs of it is said by a variable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from xray_grafana import contract
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.bundle.render import render
from xray_grafana.config.names import Names
from xray_grafana.k8s.agent_container import LOOPBACK

POD_IP_VARIABLE: Final = "MY_POD_IP"
NODE_NAME_VARIABLE: Final = "K8S_NODE_NAME"
RESOURCE_VARIABLE: Final = "OTEL_RESOURCE_ATTRIBUTES"
# The whole config in a variable: aws-otel-collector, pkg/config/config_factory.go.
CONTENT_VARIABLE: Final = "AOT_CONFIG_CONTENT"
# Asks the health check on loopback: aws-otel-collector, cmd/healthcheck.
HEALTH_PROGRAM: Final = "/healthcheck"
_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104 - in a pod, behind a NetworkPolicy
# The exporter sends segments in calls of at most 50: X-Ray, PutTraceSegments.
_BATCH_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class Binds:
    """Addresses to listen on: `receivers` for applications, `own` for health check and metrics."""

    receivers: str
    own: str


POD: Final = Binds(_EVERYWHERE, f"${{env:{POD_IP_VARIABLE}}}")
SIDECAR: Final = Binds(LOOPBACK, LOOPBACK)
TASK: Final = Binds(_EVERYWHERE, LOOPBACK)


def collector_config(names: Names, binds: Binds) -> Document:
    """The config for one place to run; only a pod of its own asks the Kubernetes API, and only with `cluster_metadata`."""
    agent, region = names.kubernetes.agent, names.config.aws.region
    with_metadata = agent.cluster_metadata and binds is POD
    processors: Document = {"memory_limiter": {"check_interval": "1s", "limit_percentage": 75, "spike_limit_percentage": 15}}
    if with_metadata:
        processors["k8s_attributes"] = {
            "filter": {"node_from_env_var": NODE_NAME_VARIABLE},
            "extract": {"metadata": ["k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid", "k8s.node.name"]},
            "pod_association": [{"sources": [{"from": "connection"}]}],
        }
    processors["resource_detection"] = {"detectors": ["env"], "timeout": "2s", "override": False}
    processors["batch"] = {"timeout": "1s", "send_batch_size": _BATCH_SIZE}
    return {
        "extensions": {"health_check": {"endpoint": f"{binds.own}:{contract.HEALTH_PORT}"}},
        "receivers": _receivers(region, binds.receivers),
        "processors": processors,
        "exporters": {
            "awsxray": {"region": region, "indexed_attributes": list(agent.indexed_attributes), "index_all_attributes": False},
        },
        "service": {
            "extensions": ["health_check"],
            "telemetry": {
                "logs": {"level": "debug" if agent.log_level == "dev" else agent.log_level},
                "metrics": {"readers": [{"pull": {"exporter": {"prometheus": {"host": binds.own, "port": contract.METRICS_PORT}}}}]},
            },
            "pipelines": {
                "traces": {"receivers": ["awsxray", "otlp"], "processors": list(processors), "exporters": ["awsxray"]},
            },
        },
    }


def _receivers(region: str, address: str) -> Document:
    xray = f"{address}:{contract.AGENT_PORT}"
    return {
        "awsxray": {"endpoint": xray, "transport": "udp", "proxy_server": {"endpoint": xray, "region": region}},
        "otlp": {
            "protocols": {
                "grpc": {"endpoint": f"{address}:{contract.OTLP_GRPC_PORT}"},
                "http": {"endpoint": f"{address}:{contract.OTLP_HTTP_PORT}"},
            }
        },
    }


def collector_text(names: Names, binds: Binds) -> str:
    """The config as the YAML text that the collector reads."""
    return render(Artifact("config.yaml", Format.YAML, collector_config(names, binds))).decode()


def eks_resource(names: Names) -> str:
    """OTEL_RESOURCE_ATTRIBUTES on EKS. Without cloud.platform a segment has no origin, and Grafana's root-cause tables fail on it."""
    return f"cloud.provider=aws,cloud.platform=aws_eks,k8s.cluster.name={names.kubernetes.cluster}"


def ecs_resource() -> str:
    """OTEL_RESOURCE_ATTRIBUTES on ECS."""
    return "cloud.provider=aws,cloud.platform=aws_ecs"
