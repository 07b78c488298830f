"""The components that switch access logs on and off, put on an Ingress by kustomize itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.aws.deploys import deploy
from tests.k8s.objects_of import kustomize, write
from xray_grafana.k8s.ingress import build_ingress_patches

ATTRIBUTES = "alb.ingress.kubernetes.io/load-balancer-attributes"
GROUP = "alb.ingress.kubernetes.io/group.name"


def patched(component: str, folder: Path, *overrides: str) -> dict[str, Any]:
    """The objects of a small kustomization with one of the components, by kind."""
    write(build_ingress_patches(deploy(*overrides)), folder)
    shop = folder / "shop"
    shop.mkdir()
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "storefront", "annotations": {"alb.ingress.kubernetes.io/scheme": "internal", ATTRIBUTES: "idle_timeout=1"}},
    }
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "storefront"}}
    kustomization = {"resources": ["ingress.yaml", "service.yaml"], "components": [f"../k8s/ingress/{component}"]}
    for name, document in {"ingress": ingress, "service": service, "kustomization": kustomization}.items():
        (shop / f"{name}.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return {document["kind"]: document for document in kustomize(shop)}


def test_logs_are_switched_on_for_every_ingress_and_nothing_else_is_touched(tmp_path: Path) -> None:
    objects = patched("access-logs-on", tmp_path, "alb_logs.key_prefix=alb/prod")
    assert objects["Ingress"]["metadata"] == {
        "name": "storefront",
        "annotations": {
            "alb.ingress.kubernetes.io/scheme": "internal",
            ATTRIBUTES: "access_logs.s3.enabled=true,access_logs.s3.bucket=shop-alb-logs,access_logs.s3.prefix=alb/prod",
        },
    }
    assert "annotations" not in objects["Service"]["metadata"]


def test_logs_are_switched_off_by_saying_so(tmp_path: Path) -> None:
    """A load balancer whose annotation is taken away goes on writing."""
    annotations = patched("access-logs-off", tmp_path)["Ingress"]["metadata"]["annotations"]
    assert annotations[ATTRIBUTES] == "access_logs.s3.enabled=false"


def test_without_a_prefix_none_is_given(tmp_path: Path) -> None:
    annotations = patched("access-logs-on", tmp_path)["Ingress"]["metadata"]["annotations"]
    assert annotations[ATTRIBUTES] == "access_logs.s3.enabled=true,access_logs.s3.bucket=shop-alb-logs"
    assert GROUP not in annotations


def test_a_group_is_named_with_the_attributes_that_it_shares(tmp_path: Path) -> None:
    annotations = patched("access-logs-on", tmp_path, "alb_logs.ingress_group=public")["Ingress"]["metadata"]["annotations"]
    assert annotations[GROUP] == "public"


def test_without_alb_logs_there_is_no_component() -> None:
    assert build_ingress_patches(deploy("alb_logs=null")) == ()
