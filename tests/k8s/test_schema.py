"""Every object fits the strict schema of every Kubernetes that a config can name, and kustomize takes the folder."""

from __future__ import annotations

import json
from pathlib import Path

import kubernetes_validate
import pytest

from tests.k8s.configs import FORMS, VERSIONS, cluster
from tests.k8s.objects_of import Object, agent_object, agent_objects, kustomize, write
from xray_grafana.config import Config
from xray_grafana.k8s.agent import build_agent


def validate(document: Object, version: str) -> None:
    """Raises kubernetes_validate.ValidationError; a version without schemas of its own is an error too."""
    assert kubernetes_validate.validate(document, version, strict=True) == version


def configs_of(version: str) -> list[Config]:
    """The forms that a cluster of this version can have."""
    return [
        config for config in FORMS.values() if config.kubernetes and VERSIONS.index(config.kubernetes.version) <= VERSIONS.index(version)
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_fits_the_schema_of_every_version(version: str) -> None:
    different = {json.dumps(document): document for config in configs_of(version) for document in agent_objects(config)}

    for document in different.values():
        validate(document, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_unknown_field_is_refused(version: str) -> None:
    """The planted fault: a field that is misspelt."""
    document = agent_object(cluster(), "DaemonSet")
    document["spec"]["template"]["spec"]["hostnetwork"] = True

    with pytest.raises(kubernetes_validate.ValidationError, match="hostnetwork"):
        validate(document, version)


def test_a_field_that_came_later_is_refused_for_an_older_version() -> None:
    service = agent_object(FORMS["prefer-same-node"], "Service")

    validate(service, "1.34")
    with pytest.raises(kubernetes_validate.ValidationError, match="trafficDistribution"):
        validate(service, "1.29")


def in_order(documents: list[Object]) -> list[str]:
    return sorted(json.dumps(document, sort_keys=True) for document in documents)


@pytest.mark.parametrize("form", ["daemon", "adot-metadata", "foreign-namespace"])
def test_kustomize_gives_every_object_of_the_folder(form: str, tmp_path: Path) -> None:
    write(build_agent(FORMS[form]), tmp_path)

    built = kustomize(tmp_path / "k8s" / "agent")

    assert in_order(built) == in_order(agent_objects(FORMS[form]))
