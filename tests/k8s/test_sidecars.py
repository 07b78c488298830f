"""k8s/sidecars: the agent inside an application's pod on Fargate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.examples import odd
from tests.k8s.configs import VERSIONS, agent, cluster
from tests.k8s.objects_of import Object, kustomize, read, write
from tests.k8s.pod_security import violations
from tests.k8s.rules import findings
from xray_grafana.bundle.artifact import Artifact, Format
from xray_grafana.config import Config
from xray_grafana.k8s.sidecars import build_sidecars

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}
APPLICATION: Object = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "shop-front", "namespace": "shop"},
    "spec": {
        "selector": {"matchLabels": {"app": "my-application"}},
        "template": {
            "metadata": {"labels": {"app": "my-application"}},
            "spec": {
                "containers": [
                    {
                        "name": "my-application",
                        "image": "shop:1",
                        "env": [{"name": "PORT", "value": "8080"}],
                        "securityContext": RESTRICTED,
                    }
                ],
            },
        },
    },
}


def on_fargate(kind: str) -> Config:
    return cluster(fargate=True, agent={"kind": kind})


def patched(kind: str, folder: Path) -> Object:
    """A Deployment with the patch on it, as kustomize puts it there."""
    (sidecar,) = build_sidecars(on_fargate(kind))
    file = sidecar.path.removeprefix("k8s/sidecars/")
    patch = {"path": file, "target": {"kind": "Deployment", "name": "shop-front"}}
    kustomization = {"resources": ["application.yaml"], "patches": [patch]}
    base = Artifact("k8s/sidecars/application.yaml", Format.YAML, APPLICATION)
    write([sidecar, base, Artifact("k8s/sidecars/kustomization.yaml", Format.YAML, kustomization)], folder)
    (deployment,) = kustomize(folder / "k8s" / "sidecars")
    return deployment


def sidecar_of(kind: str) -> dict[str, Any]:
    (artifact,) = build_sidecars(on_fargate(kind))
    (container,) = read(artifact)["spec"]["template"]["spec"]["initContainers"]
    assert isinstance(container, dict)
    return container


@pytest.mark.parametrize("config", [odd("minimal"), agent()])
def test_without_fargate_there_is_no_sidecar(config: Config) -> None:
    assert build_sidecars(config) == ()


@pytest.mark.parametrize("kind", ["daemon", "adot"])
def test_a_deployment_with_the_patch_is_valid_restricted_and_whole(kind: str, tmp_path: Path) -> None:
    deployment = patched(kind, tmp_path)

    for version in VERSIONS:
        assert kubernetes_validate.validate(deployment, version, strict=True) == version
    assert violations(deployment["spec"]["template"]) == []
    assert findings([deployment]) == []


@pytest.mark.parametrize("kind", ["daemon", "adot"])
def test_the_application_keeps_what_it_had_and_sends_to_its_own_pod(kind: str, tmp_path: Path) -> None:
    deployment = patched(kind, tmp_path)
    (application,) = deployment["spec"]["template"]["spec"]["containers"]

    assert deployment["metadata"] == {"name": "shop-front", "namespace": "shop"}
    environment = {each["name"]: each["value"] for each in application["env"]}
    assert environment == {"PORT": "8080", "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000"}
    assert application["image"] == "shop:1"


@pytest.mark.parametrize("kind", ["daemon", "adot"])
def test_it_goes_on_beside_the_application(kind: str) -> None:
    assert sidecar_of(kind)["restartPolicy"] == "Always"


def test_the_daemon_listens_on_loopback_only() -> None:
    container = sidecar_of("daemon")

    assert container["args"] == ["-b", "127.0.0.1:2000", "-t", "127.0.0.1:2000", "-o", "-n", "eu-west-1", "-m", "24", "-l", "info"]
    assert "ports" not in container


def test_the_daemon_has_no_probe_and_says_why() -> None:
    (artifact,) = build_sidecars(on_fargate("daemon"))

    assert not {"startupProbe", "livenessProbe", "readinessProbe"} & set(sidecar_of("daemon"))
    assert "kubelet cannot reach the pod's loopback" in artifact.notes


def test_the_collector_brings_its_config_with_it_and_listens_on_loopback_only() -> None:
    environment = {each["name"]: each["value"] for each in sidecar_of("adot")["env"]}
    config = yaml.safe_load(environment["AOT_CONFIG_CONTENT"])

    assert config["receivers"]["awsxray"]["endpoint"] == "127.0.0.1:2000"
    assert config["receivers"]["awsxray"]["proxy_server"]["endpoint"] == "127.0.0.1:2000"
    assert environment["OTEL_RESOURCE_ATTRIBUTES"] == "cloud.provider=aws,cloud.platform=aws_eks,k8s.cluster.name=shop"


def test_the_collector_is_asked_from_inside() -> None:
    container = sidecar_of("adot")

    assert container["startupProbe"]["exec"] == {"command": ["/healthcheck"]}
    assert container["livenessProbe"]["exec"] == {"command": ["/healthcheck"]}


@pytest.mark.parametrize("kind", ["daemon", "adot"])
def test_the_file_says_how_to_use_it_and_whose_role_it_takes(kind: str) -> None:
    (artifact,) = build_sidecars(on_fargate(kind))

    assert artifact.path == f"k8s/sidecars/fargate-{kind}.yaml"
    assert f"- {{path: fargate-{kind}.yaml, target: {{kind: Deployment, name: YOUR-DEPLOYMENT}}}}" in artifact.notes
    assert "The pod's own ServiceAccount signs the calls" in artifact.notes
