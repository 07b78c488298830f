from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.examples import odd
from tests.k8s.grafana_forms import grafana, grafana_of, in_form, kustomize, named, objects, on_cluster, sources_of, write
from xray_grafana.bundle.artifact import Artifact, Bundle, Format
from xray_grafana.config import Config

DEPLOYMENT = "k8s/grafana/patches/deployment.yaml"
SERVICE_ACCOUNT = "k8s/grafana/patches/service-account.yaml"
PLAIN_GRAFANA = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: grafana, namespace: grafana}
spec:
  selector: {matchLabels: {app: grafana}}
  template:
    metadata: {labels: {app: grafana}}
    spec:
      containers:
        - name: grafana
          image: grafana/grafana:12.4.0
          env: [{name: GF_SERVER_ROOT_URL, value: https://grafana.example.net}]
          volumeMounts: [{name: storage, mountPath: /var/lib/grafana}]
      volumes: [{name: storage, emptyDir: {}}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: grafana, namespace: grafana}
"""
OVERLAY = f"""
resources: [k8s/grafana, grafana.yaml]
patches: [{{path: {DEPLOYMENT}}}, {{path: {SERVICE_ACCOUNT}}}]
"""


@pytest.fixture(scope="module")
def patched(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """A plain Grafana with the bundle's ConfigMaps and patches, by kind."""
    root = tmp_path_factory.mktemp("overlay")
    write(root, grafana(in_form("kustomize")))
    (root / "grafana.yaml").write_text(PLAIN_GRAFANA)
    (root / "kustomization.yaml").write_text(OVERLAY)
    found: dict[str, list[dict[str, Any]]] = {}
    for document in kustomize(root):
        found.setdefault(document["kind"], []).append(document)
    return found


def pod_of(deployment: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return spec


def patch(config: Config) -> dict[str, Any]:
    return named(grafana(config), DEPLOYMENT).document


def checksum(document: dict[str, Any]) -> str:
    found: str = document["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
    return found


def test_the_patched_deployment_is_what_kubernetes_takes_and_keeps_its_own(patched: dict[str, list[dict[str, Any]]]) -> None:
    (deployment,) = patched["Deployment"]
    for version in ("1.29", "1.37"):
        kubernetes_validate.validate(deployment, version, strict=True)
    (container,) = pod_of(deployment)["containers"]
    assert {"name": "storage", "mountPath": "/var/lib/grafana"} in container["volumeMounts"]
    assert {"name": "GF_SERVER_ROOT_URL", "value": "https://grafana.example.net"} in container["env"]
    assert container["image"] == "grafana/grafana:12.4.0"


def test_every_config_map_is_mounted_where_grafana_reads_its_file(patched: dict[str, list[dict[str, Any]]]) -> None:
    """Follows each mount to the volume, the ConfigMap and the key behind it."""
    pod = pod_of(patched["Deployment"][0])
    keys = {document["metadata"]["name"]: set(document["data"]) for document in patched["ConfigMap"]}
    volumes = {volume["name"]: volume.get("projected", {}).get("sources", []) for volume in pod["volumes"]}
    files = set()
    for mount in pod["containers"][0]["volumeMounts"]:
        for source in (item["configMap"] for item in volumes[mount["name"]]):
            items = source.get("items", [{"key": key, "path": key} for key in keys[source["name"]]])
            for item in items:
                assert item["key"] in keys[source["name"]]
                if mount.get("subPath") in {None, item["path"]}:
                    files.add(mount["mountPath"] if "subPath" in mount else f"{mount['mountPath']}/{item['path']}")
    suffixes = ("home", "map", "service", "traces", "trace", "causes", "insights", "alb", "pipeline")
    assert files == {
        *(f"/var/lib/grafana/dashboards/xray-{suffix}.json" for suffix in suffixes),
        "/etc/grafana/provisioning/datasources/xray.yaml",
        "/etc/grafana/provisioning/dashboards/xray.yaml",
        "/etc/grafana/provisioning/alerting/xray-source-xray.yaml",
        "/etc/grafana/provisioning/alerting/xray-load-balancers.yaml",
    }


def test_no_two_files_of_a_volume_have_one_path() -> None:
    """The data-source file and the provider file have the same name."""
    for volume in pod_of(patch(in_form("kustomize")))["volumes"]:
        paths = [item["path"] for source in volume["projected"]["sources"] for item in source["configMap"].get("items", [])]
        assert len(paths) == len(set(paths))
    assert "dashboards/xray.yaml" in paths
    assert "datasources/xray.yaml" in paths


def test_the_provider_reads_where_boards_are_mounted(patched: dict[str, list[dict[str, Any]]]) -> None:
    (provider,) = [document for document in patched["ConfigMap"] if document["metadata"]["name"] == "xray-provider"]
    path = yaml.safe_load(provider["data"]["xray.yaml"])["providers"][0]["options"]["path"]
    assert path in {mount["mountPath"] for mount in pod_of(patched["Deployment"][0])["containers"][0]["volumeMounts"]}


def test_the_service_account_gets_its_role_and_the_pod_that_account(patched: dict[str, list[dict[str, Any]]]) -> None:
    (account,) = patched["ServiceAccount"]
    assert account["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/shop-grafana-xray"}
    assert pod_of(patched["Deployment"][0])["serviceAccountName"] == account["metadata"]["name"]


def test_without_irsa_there_is_nothing_to_annotate() -> None:
    paths = {artifact.path for artifact in grafana(in_form("kustomize", "kubernetes.identity.kind=pod-identity"))}
    assert DEPLOYMENT in paths
    assert SERVICE_ACCOUNT not in paths


def test_the_container_gets_plugin_settings_and_secrets() -> None:
    (container,) = pod_of(patch(on_cluster(odd("everything"), "kustomize")))["containers"]
    assert container["env"] == [
        {"name": "GF_PLUGINS_PREINSTALL_SYNC", "value": "grafana-x-ray-datasource@2.17.1"},
        {"name": "AWS_REGION", "value": "eu-west-1"},
        {"name": "GF_PLUGINS_FORWARD_HOST_ENV_VARS", "value": "grafana-x-ray-datasource,cloudwatch"},
        {"name": "GF_AWS_ALLOWED_AUTH_PROVIDERS", "value": "default,keys,credentials,ec2_iam_role,grafana_assume_role"},
        {"name": "XRAY_SESSION_TOKEN", "valueFrom": {"secretKeyRef": {"name": "xray", "key": "session-token"}}},
    ]


def test_grafana_restarts_for_what_it_reads_at_its_start_alone() -> None:
    config = in_form("kustomize")
    before = checksum(patch(config))
    assert checksum(patch(in_form("kustomize", "logs.url=http://other:3100"))) != before
    assert checksum(patch(in_form("kustomize", "alerts.fault_ratio=0.5"))) != before
    files = [
        Artifact(file.path, Format.JSON, file.document | {"description": "other"}) if file.path == "dashboards/home.json" else file
        for file in sources_of(config)
    ]
    assert checksum(named(grafana_of(config, Bundle.of(files)), DEPLOYMENT).document) == before


def test_patches_are_left_out_of_the_kustomization_and_say_so(tmp_path: Path) -> None:
    artifacts = grafana(in_form("kustomize"))
    write(tmp_path, artifacts)
    assert {document["kind"] for document in kustomize(tmp_path / "k8s/grafana")} == {"ConfigMap"}
    assert len(objects(artifacts, "ConfigMap")) == 9 + 1 + 1 + 2
    for path in (DEPLOYMENT, SERVICE_ACCOUNT):
        assert "the kustomization does not list it" in (tmp_path / path).read_text().splitlines()[1]
