from typing import Any

import pytest

from tests.examples import odd
from tests.k8s.grafana_forms import content_of_bundle, grafana, in_form, named, objects, on_cluster, sources_of
from xray_grafana.bundle.render import render


def maps(*overrides: str) -> dict[str, dict[str, Any]]:
    return {document["metadata"]["name"]: document for document in objects(grafana(in_form("sidecar", *overrides)), "ConfigMap")}


def test_each_board_has_a_config_map_named_and_filed_by_its_uid() -> None:
    found = maps()
    assert list(found["xray-board-home"]["data"]) == ["xray-home.json"]
    assert found["xray-board-home"]["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert len([name for name in found if name.startswith("xray-board-")]) == 9


def test_boards_are_minified() -> None:
    text = maps()["xray-board-home"]["data"]["xray-home.json"]
    assert "\n" not in text
    assert ": " not in text.partition('"panels"')[0].partition('"description"')[0]
    assert len(text.encode()) < len(render(sources_of(in_form("sidecar"))["dashboards/home.json"])) * 0.6


def test_other_files_keep_their_bytes_and_names() -> None:
    found, files = maps(), sources_of(in_form("sidecar"))
    assert found["xray-datasources"]["data"] == {"xray.yaml": render(files["provisioning/datasources/xray.yaml"]).decode()}
    load_balancers = render(files["provisioning/alerting/xray-load-balancers.yaml"]).decode()
    assert found["xray-alerts-load-balancers"]["data"] == {"xray-load-balancers.yaml": load_balancers}
    assert found["xray-datasources"]["metadata"]["labels"]["grafana_datasource"] == "1"
    assert found["xray-alerts-load-balancers"]["metadata"]["labels"]["grafana_alert"] == "1"


def test_the_chart_brings_the_provider() -> None:
    assert not [document for document in maps().values() if "providers:" in str(document["data"])]


def test_rules_to_delete_have_a_config_map_too() -> None:
    artifacts = grafana(on_cluster(odd("everything"), "sidecar"))
    (document,) = [found for found in objects(artifacts, "ConfigMap") if found["metadata"]["name"] == "full-alerts-deleted-rules"]
    assert "full-fault-xray-keys-cart" in document["data"]["full-deleted-rules.yaml"]


@pytest.mark.parametrize(
    ("folder", "directory"),
    [
        ("AWS X-Ray", "AWS X-Ray"),
        (".hidden", "hidden"),
        ("..", "xray"),
        ("Überwachung", "Überwachung"),
    ],
)
def test_the_folder_is_one_directory_below_the_sidecars_own(folder: str, directory: str) -> None:
    """Grafana passes over a directory that begins with a dot."""
    board = maps(f"grafana.folder={folder}")["xray-board-home"]
    assert board["metadata"]["annotations"] == {"grafana_folder": directory}


def test_the_kustomization_lists_every_config_map_and_nothing_else() -> None:
    artifacts = grafana(in_form("sidecar"))
    listed = named(artifacts, "k8s/grafana/kustomization.yaml").document["resources"]
    assert listed == [artifact.path.removeprefix("k8s/grafana/") for artifact in artifacts if artifact.path.endswith(".yaml")][:-1]
    assert len(listed) == 9 + 1 + 2
    assert len(content_of_bundle(sources_of(in_form("sidecar"))).boards) == 9
