"""What all objects have in common."""

from __future__ import annotations

from xray_grafana.bundle.artifact import Artifact, Format
from xray_grafana.k8s.objects import checksum, kustomization, labels, metadata, selector


def test_an_object_says_what_it_is_what_it_belongs_to_and_who_made_it() -> None:
    assert metadata("front", "shop", "demo", labels={"a": "b"}, annotations={"c": "d"}) == {
        "name": "front",
        "namespace": "shop",
        "labels": {
            "app.kubernetes.io/name": "xray-demo",
            "app.kubernetes.io/component": "demo",
            "app.kubernetes.io/part-of": "xray-grafana",
            "app.kubernetes.io/managed-by": "xray-grafana",
            "a": "b",
        },
        "annotations": {"c": "d"},
    }


def test_what_belongs_to_the_cluster_has_no_namespace_and_no_empty_annotations() -> None:
    assert set(metadata("front", None, "demo")) == {"name", "labels"}


def test_a_pod_bears_the_labels_that_it_is_selected_by() -> None:
    assert selector("demo").items() <= labels("demo").items()


def test_the_agents_log_stream_is_the_one_that_boards_read_and_the_shippers_is_not() -> None:
    """Loki names a stream after the pod's name label; boards ask for xray-daemon, and for xray-grafana-alb, which the shipper pushes."""
    assert selector("agent") == {"app.kubernetes.io/name": "xray-daemon"}
    assert selector("alb-shipper") == {"app.kubernetes.io/name": "xray-alb-shipper"}


def test_a_kustomization_lists_the_files_of_its_own_folder_in_order() -> None:
    files = [Artifact(path, Format.YAML, {}) for path in ("k8s/a/two.yaml", "k8s/a/one.yaml", "k8s/b/three.yaml", "k8s/a/deep/four.yaml")]

    made = kustomization("k8s/a", files)

    assert made.path == "k8s/a/kustomization.yaml"
    assert made.document["resources"] == ["two.yaml", "one.yaml"]


def test_a_checksum_is_the_sha_256_of_the_text() -> None:
    assert checksum("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
