"""aws/ecs: the agent as a container of an ECS task."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.examples import odd
from tests.k8s.configs import agent, cluster
from xray_grafana.aws.ecs import build_ecs
from xray_grafana.bundle.render import render
from xray_grafana.config import Config

Document = dict[str, Any]


def container_of(config: Config) -> Document:
    (artifact,) = build_ecs(config)
    document: Document = json.loads(render(artifact))
    return document


def test_without_a_kubernetes_section_no_agent_is_chosen() -> None:
    assert build_ecs(odd("minimal")) == ()


def test_the_daemon_is_this() -> None:
    (artifact,) = build_ecs(agent(log_level="warn", cpu_request_millicores=500))

    assert artifact.path == "aws/ecs/xray-agent-container.json"
    assert json.loads(render(artifact)) == {
        "name": "xray-agent",
        "image": "public.ecr.aws/xray/aws-xray-daemon:3.6.6",
        "essential": False,
        "cpu": 512,
        "memory": 96,
        "memoryReservation": 64,
        "user": "10001",
        "readonlyRootFilesystem": True,
        "linuxParameters": {"capabilities": {"drop": ["ALL"]}},
        "command": ["-o", "-n", "eu-west-1", "-m", "24", "-l", "warn"],
        "environment": [{"name": "AWS_REGION", "value": "eu-west-1"}],
        "portMappings": [{"containerPort": 2000, "protocol": "udp"}, {"containerPort": 2000, "protocol": "tcp"}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": "/ecs/xray-agent", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "xray-daemon"},
        },
    }


def test_the_collector_brings_its_config_and_is_asked_from_inside() -> None:
    container = container_of(agent(kind="adot", indexed_attributes=["tenant"]))
    environment = {each["name"]: each["value"] for each in container["environment"]}
    config = yaml.safe_load(environment["AOT_CONFIG_CONTENT"])

    assert config["receivers"]["awsxray"]["proxy_server"]["endpoint"] == "0.0.0.0:2000"
    assert config["exporters"]["awsxray"]["indexed_attributes"] == ["tenant"]
    assert environment["OTEL_RESOURCE_ATTRIBUTES"] == "cloud.provider=aws,cloud.platform=aws_ecs"
    assert container["healthCheck"]["command"] == ["CMD", "/healthcheck"]
    assert container["user"] == "4317"
    assert "command" not in container
    assert [port["containerPort"] for port in container["portMappings"]] == [2000, 2000, 4317, 4318]


def test_the_region_is_the_configs() -> None:
    container = container_of(cluster(region="cn-north-1"))

    assert container["command"][:3] == ["-o", "-n", "cn-north-1"]
    assert container["logConfiguration"]["options"]["awslogs-region"] == "cn-north-1"


def capitalised(node: Any) -> Any:
    """A container definition as CloudFormation writes it: the same keys with a capital, but for the log driver's own options."""
    if isinstance(node, list):
        return [capitalised(item) for item in node]
    if isinstance(node, dict):
        return {key if "-" in key else key[0].upper() + key[1:]: capitalised(value) for key, value in node.items()}
    return node


def lint(folder: Path, containers: list[Document]) -> subprocess.CompletedProcess[str]:
    """What cfn-lint says of a task with an application and these containers."""
    application = {"Name": "shop", "Image": "shop:1", "Essential": True}
    properties = {"Family": "shop", "Memory": "512", "ContainerDefinitions": [application, *containers]}
    task = {"Type": "AWS::ECS::TaskDefinition", "Properties": properties}
    template = folder / "task.json"
    template.write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {"Task": task}}), encoding="utf-8")
    program = Path(sys.executable).with_name("cfn-lint")
    return subprocess.run([program, "--regions", "eu-west-1", "--", template], capture_output=True, check=False, text=True, timeout=120)


def test_cfn_lint_takes_both_forms(tmp_path: Path) -> None:
    containers = [capitalised(container_of(config)) for config in (agent(), agent(kind="adot"))]
    containers[1]["Name"] = "collector"

    done = lint(tmp_path, containers)

    assert (done.returncode, done.stdout) == (0, "")


def test_cfn_lint_finds_a_wrong_key_and_a_wrong_value(tmp_path: Path) -> None:
    planted = {"ReadOnlyRootFilesystem": True, "MemoryReservation": "lots"}

    done = lint(tmp_path, [capitalised(container_of(agent())) | planted])

    assert done.returncode != 0
    assert "'ReadOnlyRootFilesystem' was unexpected" in done.stdout
    assert "'lots' is not of type 'integer'" in done.stdout
