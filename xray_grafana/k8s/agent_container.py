"""The agent's container, whatever runs it: image, user, ports, arguments and memory. DaemonSet, sidecars, chart and ECS read it here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from xray_grafana import contract
from xray_grafana.bundle.artifact import Document
from xray_grafana.config.deploy import Agent
from xray_grafana.config.names import Names

# ADOT's own template for EKS gives 200 MiB; 115 MB of program and up to 86 MB in use were seen with fewer components than it has.
_ADOT_LEAST_MEMORY_MB: Final = 256
# Go then collects garbage before the limit is reached: https://pkg.go.dev/runtime#hdr-Environment_Variables.
_GO_MEMORY_PERCENT: Final = 80
LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Port:
    """A port that applications send to."""

    name: str
    number: int
    protocol: Literal["UDP", "TCP"]


# Segments come by UDP; sampling rules are asked for by TCP.
_XRAY_PORTS: Final = (Port("xray-udp", contract.AGENT_PORT, "UDP"), Port("xray-tcp", contract.AGENT_PORT, "TCP"))
_OTLP_PORTS: Final = (Port("otlp-grpc", contract.OTLP_GRPC_PORT, "TCP"), Port("otlp-http", contract.OTLP_HTTP_PORT, "TCP"))


def ports(agent: Agent) -> tuple[Port, ...]:
    """The ports that applications send to; the daemon takes no OTLP."""
    return _XRAY_PORTS + (_OTLP_PORTS if agent.kind == "adot" else ())


def image(agent: Agent) -> str:
    """The image, pinned."""
    return agent.image or (contract.ADOT_IMAGE if agent.kind == "adot" else contract.DAEMON_IMAGE)


def user_id(agent: Agent) -> int:
    """The number of the user that the image names."""
    return contract.ADOT_USER_ID if agent.kind == "adot" else contract.DAEMON_USER_ID


def memory_mb(agent: Agent) -> int:
    """The memory limit in MiB."""
    return max(agent.memory_limit_mb, _ADOT_LEAST_MEMORY_MB) if agent.kind == "adot" else agent.memory_limit_mb


def go_memory_limit(agent: Agent) -> str:
    """GOMEMLIMIT of the collector."""
    return f"{memory_mb(agent) * _GO_MEMORY_PERCENT // 100}MiB"


def resources(agent: Agent) -> Document:
    """Memory is asked for in full, so that a full node never takes it away; a CPU limit would only slow the sending."""
    memory = f"{memory_mb(agent)}Mi"
    return {"requests": {"cpu": f"{agent.cpu_request_millicores}m", "memory": memory}, "limits": {"memory": memory}}


def daemon_arguments(names: Names) -> list[str]:
    """Arguments behind the image's entrypoint, which binds to every address: aws-xray-daemon, Dockerfile.

    `-o` keeps it from asking EC2 metadata, which pods cannot reach on most clusters. Without `-m` it takes 1 % of the node's memory,
    whatever the container's limit.
    """
    agent = names.kubernetes.agent
    return ["-o", "-n", names.config.aws.region, "-m", str(agent.buffer_mb), "-l", agent.log_level]


def daemon_loopback_arguments(names: Names) -> list[str]:
    """The same, bound to the pod itself: of a flag given twice the last counts."""
    address = f"{LOOPBACK}:{contract.AGENT_PORT}"
    return ["-b", address, "-t", address, *daemon_arguments(names)]


def from_field(name: str, path: str) -> Document:
    """An environment variable that Kubernetes fills from a field of the pod."""
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def variable(name: str, value: str) -> Document:
    """An environment variable with a value."""
    return {"name": name, "value": value}
