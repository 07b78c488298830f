"""Plain ConfigMaps to mount into a Grafana that runs already, and the patches that mount them.

They are written out instead of made by `configMapGenerator`: kustomize takes no file from outside its folder, and the patches lie outside
the build and name them, so names must not carry a hash. A checksum in the patch restarts Grafana where it reads files at its start alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names
from xray_grafana.k8s.grafana_config_maps import FOLDER, alert_maps, board_maps, file_map, minified
from xray_grafana.k8s.grafana_settings import allowed_auth_providers, environment, plugin_pin, role_annotations, secret_keys, secret_source
from xray_grafana.k8s.objects import CHECKSUM_ANNOTATION, checksum, kustomization
from xray_grafana.provisioning.providers import DASHBOARDS_PATH

PATCHES: Final = f"{FOLDER}/patches"
# Name of the Deployment and of its container that the patches are written for.
WORKLOAD: Final = "grafana"
PROVISIONING_PATH: Final = "/etc/grafana/provisioning"

_PATCH_NOTES: Final = "A strategic merge patch for an object of yours; the kustomization does not list it. README.md says how to apply it."
_BOARDS_VOLUME: Final = "xray-grafana-boards"
_PROVISIONING_VOLUME: Final = "xray-grafana-provisioning"


def build_kustomize(
    config: Config, dashboards: Sequence[Artifact], datasources: Artifact, providers: Artifact, alerting: Sequence[Artifact]
) -> list[Artifact]:
    """The ConfigMaps with their kustomization, and the patches, which the kustomization leaves to the reader."""
    names = Names(config)
    boards = board_maps(names, dashboards)
    provisioning = {
        "datasources": [file_map(names, "datasources", datasources)],
        "dashboards": [file_map(names, "provider", providers)],
        "alerting": alert_maps(names, alerting),
    }
    maps = [*boards, *(item for items in provisioning.values() for item in items)]
    return [*maps, kustomization(FOLDER, maps), _deployment(names, boards, provisioning), *_service_account(names)]


def _deployment(names: Names, boards: Sequence[Artifact], provisioning: dict[str, list[Artifact]]) -> Artifact:
    """A strategic merge patch. Provisioning files are mounted one by one, so that files of others beside them stay."""
    files = [(f"{folder}/{name}", name, item) for folder, items in provisioning.items() for item in items for name in item.document["data"]]
    mounts = [{"name": _BOARDS_VOLUME, "mountPath": DASHBOARDS_PATH, "readOnly": True}]
    mounts += [
        {"name": _PROVISIONING_VOLUME, "mountPath": f"{PROVISIONING_PATH}/{path}", "subPath": path, "readOnly": True}
        for path, _, _ in files
    ]
    boards_volume = [_source(item) for item in boards]
    provisioning_volume = [_source(item, [{"key": name, "path": path}]) for path, name, item in files]
    pod = {
        "serviceAccountName": names.kubernetes.grafana.service_account,
        "containers": [{"name": WORKLOAD, "env": _variables(names.config), "volumeMounts": mounts}],
        "volumes": [
            {"name": _BOARDS_VOLUME, "projected": {"sources": boards_volume}},
            {"name": _PROVISIONING_VOLUME, "projected": {"sources": provisioning_volume}},
        ],
    }
    annotations = {CHECKSUM_ANNOTATION: checksum("".join(minified(item.document["data"]) for _, _, item in files))}
    document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": WORKLOAD, "namespace": names.kubernetes.grafana.namespace},
        "spec": {"template": {"metadata": {"annotations": annotations}, "spec": pod}},
    }
    return Artifact(f"{PATCHES}/deployment.yaml", Format.YAML, document, _PATCH_NOTES)


def _source(item: Artifact, files: list[Document] | None = None) -> Document:
    """A ConfigMap as part of a projected volume: its files under their own names, or under the paths given."""
    source = {"name": item.document["metadata"]["name"]}
    return {"configMap": source | ({"items": files} if files else {})}


def _variables(config: Config) -> list[Document]:
    plain = {"GF_PLUGINS_PREINSTALL_SYNC": plugin_pin(config), **environment(config)}
    if (allowed := allowed_auth_providers(config)) is not None:
        plain["GF_AWS_ALLOWED_AUTH_PROVIDERS"] = allowed
    return [
        *({"name": name, "value": value} for name, value in plain.items()),
        *({"name": name, "valueFrom": secret_source(key)} for name, key in secret_keys(config).items()),
    ]


def _service_account(names: Names) -> list[Artifact]:
    annotations = role_annotations(names)
    if not annotations:
        return []
    grafana = names.kubernetes.grafana
    document = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": grafana.service_account, "namespace": grafana.namespace, "annotations": annotations},
    }
    return [Artifact(f"{PATCHES}/service-account.yaml", Format.YAML, document, _PATCH_NOTES)]
