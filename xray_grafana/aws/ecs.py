"""aws/ecs/: the agent as a container of an ECS task, to put under `containerDefinitions` of a task definition.

Applications in the same task send to 127.0.0.1:2000 (network mode awsvpc). The task role needs the agent's policy, the execution role the
right to write its log group, which must exist.
"""

from __future__ import annotations

from typing import Final

from xray_grafana import contract
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names
from xray_grafana.k8s import agent_container, collector

PATH: Final = "aws/ecs/xray-agent-container.json"
LOG_GROUP: Final = "/ecs/xray-agent"
# ECS counts 1024 CPU units to a core, Kubernetes 1000.
_CPU_UNITS: Final = 1024
_MILLICORES: Final = 1000


def build_ecs(config: Config) -> tuple[Artifact, ...]:
    """The container definition for the kind of agent that the config chooses; empty without a kubernetes section."""
    if config.kubernetes is None:
        return ()
    names = Names(config)
    agent = names.kubernetes.agent
    memory = agent_container.memory_mb(agent)
    environment = {"AWS_REGION": names.config.aws.region}
    container: Document = {
        "name": "xray-agent",
        "image": agent_container.image(agent),
        # A lost agent must not end the task.
        "essential": False,
        "cpu": agent.cpu_request_millicores * _CPU_UNITS // _MILLICORES,
        "memory": memory,
        # ECS wants the limit above what is reserved: ContainerDefinition, memoryReservation.
        "memoryReservation": memory * 2 // 3,
        "user": str(agent_container.user_id(agent)),
        "readonlyRootFilesystem": True,
        "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
        "portMappings": [{"containerPort": port.number, "protocol": port.protocol.lower()} for port in agent_container.ports(agent)],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": LOG_GROUP,
                "awslogs-region": names.config.aws.region,
                "awslogs-stream-prefix": contract.AGENT_SERVICE,
            },
        },
    }
    if agent.kind == "adot":
        environment |= {
            collector.RESOURCE_VARIABLE: collector.ecs_resource(),
            "GOMEMLIMIT": agent_container.go_memory_limit(agent),
            collector.CONTENT_VARIABLE: collector.collector_text(names, collector.TASK),
        }
        container["healthCheck"] = {"command": ["CMD", collector.HEALTH_PROGRAM], "interval": 30, "timeout": 5, "startPeriod": 10}
    else:
        container["command"] = agent_container.daemon_arguments(names)
    container["environment"] = [{"name": name, "value": value} for name, value in environment.items()]
    return (Artifact(PATH, Format.JSON, container),)
