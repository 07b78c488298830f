"""Objects as a cluster gets them: read back from the bytes of the files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from xray_grafana.bundle.artifact import Artifact
from xray_grafana.bundle.render import render
from xray_grafana.config import Config
from xray_grafana.k8s.agent import build_agent

Object = dict[str, Any]


def read(artifact: Artifact) -> Object:
    document: Object = yaml.safe_load(render(artifact))
    return document


def objects(artifacts: Iterable[Artifact]) -> list[Object]:
    """Every Kubernetes object; a kustomization is none."""
    return [document for document in map(read, artifacts) if document["kind"] != "Kustomization"]


def agent_objects(config: Config) -> list[Object]:
    return objects(build_agent(config))


def of_kind(documents: Iterable[Object], kind: str) -> Object:
    """The only object of a kind."""
    (found,) = [document for document in documents if document["kind"] == kind]
    return found


def agent_object(config: Config, kind: str) -> Object:
    return of_kind(agent_objects(config), kind)


def template_of(config: Config) -> Object:
    """The pod template of the agent's DaemonSet."""
    template: Object = agent_object(config, "DaemonSet")["spec"]["template"]
    return template


def pod_of(config: Config) -> Object:
    """The pod that the agent's DaemonSet makes."""
    spec: Object = template_of(config)["spec"]
    return spec


def container_of(config: Config) -> Object:
    (container,) = pod_of(config)["containers"]
    assert isinstance(container, dict)
    return container


def write(artifacts: Iterable[Artifact], folder: Path) -> None:
    for artifact in artifacts:
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(render(artifact))


def kustomize(folder: Path) -> list[Object]:
    """What `kubectl kustomize` makes of a folder. Raises CalledProcessError when it refuses."""
    kubectl = Path(sys.executable).with_name("kubectl")
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, check=True, timeout=60)
    return list(yaml.safe_load_all(done.stdout))
