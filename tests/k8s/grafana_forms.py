"""The forms in which Grafana gets a bundle, built from a config, and what stands in them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.examples import example
from xray_grafana.bundle.artifact import Artifact, Bundle, Format
from xray_grafana.bundle.build import build_bundle
from xray_grafana.bundle.render import render
from xray_grafana.config import Config
from xray_grafana.config.deploy import GrafanaOnKubernetes, Kubernetes
from xray_grafana.k8s.grafana import build_grafana

FORMS = ("helm", "sidecar", "kustomize", "operator")
KUBECTL = Path(sys.executable).with_name("kubectl")


def in_form(form: str, *overrides: str) -> Config:
    """The example config with another form of Grafana."""
    account = ("kubernetes.grafana.service_account=grafana-sa",) if form == "operator" else ()
    return example(f"kubernetes.grafana.form={form}", *account, *overrides)


def on_cluster(config: Config, form: Any) -> Config:
    """A config without a cluster, on one."""
    cluster = Kubernetes(
        cluster="shop", oidc_provider="oidc.eks.eu-west-1.amazonaws.com/id/" + "A" * 32, grafana=GrafanaOnKubernetes(form=form)
    )
    return config.model_copy(update={"kubernetes": cluster})


@cache
def sources_of(config: Config) -> Bundle:
    """The boards and provisioning files that every form is made from."""
    return build_bundle(config, ("dashboards", "provisioning"))


@cache
def grafana(config: Config) -> tuple[Artifact, ...]:
    """What `build_grafana` makes of a config."""
    return grafana_of(config, sources_of(config))


def grafana_of(config: Config, files: Bundle) -> tuple[Artifact, ...]:
    """What `build_grafana` makes of files that are not the config's own."""
    folder = {name: [file for file in files if file.path.startswith(f"{name}/")] for name in ("dashboards", "provisioning/alerting")}
    (datasources,) = [file for file in files if file.path.startswith("provisioning/datasources/")]
    (providers,) = [file for file in files if file.path.startswith("provisioning/dashboards/")]
    return build_grafana(config, folder["dashboards"], datasources, providers, folder["provisioning/alerting"])


def named(artifacts: Iterable[Artifact], path: str) -> Artifact:
    """The artifact at a path."""
    (found,) = [artifact for artifact in artifacts if artifact.path == path]
    return found


def objects(artifacts: Iterable[Artifact], kind: str) -> list[dict[str, Any]]:
    """The documents of one kind that a kustomization lists."""
    return [
        artifact.document
        for artifact in artifacts
        if artifact.format is Format.YAML and "/patches/" not in artifact.path and artifact.document.get("kind") == kind
    ]


def write(root: Path, artifacts: Iterable[Artifact]) -> None:
    """The artifacts as files."""
    for artifact in artifacts:
        path = root / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(render(artifact))


def kustomize(folder: Path) -> list[dict[str, Any]]:
    """What `kubectl apply -k` would send."""
    done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.load_all(done.stdout, yaml.CSafeLoader) if document]


@dataclass
class Content:
    """What Grafana is given, each entry by its uid; a uid that comes twice has two entries."""

    boards: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    datasources: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    rules: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def uids(self) -> dict[str, list[str]]:
        """The uids of each kind, sorted."""
        return {kind: sorted(uid for uid, _ in getattr(self, kind)) for kind in ("boards", "datasources", "rules")}


def content_of(documents: Iterable[dict[str, Any]]) -> Content:
    """The boards, data sources and rules inside ConfigMaps, operator objects, and the files themselves."""
    found = Content()
    for document in documents:
        match document.get("kind"):
            case "ConfigMap":
                for name, text in document["data"].items():
                    _add_file(found, json.loads(text) if name.endswith(".json") else yaml.load(text, yaml.CSafeLoader))
            case "GrafanaDashboard":
                _add_file(found, json.loads(document["spec"]["json"]))
            case "GrafanaDatasource":
                found.datasources.append((document["spec"]["uid"], document["spec"]["datasource"]))
            case "GrafanaAlertRuleGroup":
                found.rules += [(rule["uid"], rule) for rule in document["spec"]["rules"]]
    return found


def content_of_bundle(bundle: Bundle) -> Content:
    """The boards, data sources and rules of the files themselves."""
    found = Content()
    for artifact in bundle:
        _add_file(found, artifact.document)
    return found


def _add_file(found: Content, document: dict[str, Any]) -> None:
    if "panels" in document:
        found.boards.append((document["uid"], document))
    found.datasources += [(source["uid"], source) for source in document.get("datasources", [])]
    found.rules += [(rule["uid"], rule) for group in document.get("groups", []) for rule in group["rules"]]
