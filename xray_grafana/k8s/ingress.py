"""Annotations that make the AWS Load Balancer Controller switch access logs on and off, as kustomize components.

`load-balancer-attributes` is one text and exclusive: all Ingresses of a group carry the same, or one alone does. Taking the annotation
away leaves the load balancer as it is, therefore the second component.
https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
"""

from __future__ import annotations

from typing import Final

from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.deploy import AlbLogs
from xray_grafana.config.models import Config

_ATTRIBUTES: Final = "alb.ingress.kubernetes.io/load-balancer-attributes"
_GROUP: Final = "alb.ingress.kubernetes.io/group.name"

_USE: Final = """\
Nothing applies this: name it under `components` of the kustomization that holds the Ingress.
The annotation takes the place of the load-balancer attributes that the Ingress has: put those beside ours in ingress-patch.yaml.
In a group all Ingresses carry the same attributes, or one alone carries any.
"""
_OFF: Final = """\
A load balancer goes on writing logs when the annotation is taken away; this switches them off.
"""


def build_ingress_patches(config: Config) -> tuple[Artifact, ...]:
    """A component that switches access logs on, and one that switches them off; none without ALB logs."""
    if config.alb_logs is None:
        return ()
    group = {} if config.alb_logs.ingress_group is None else {_GROUP: config.alb_logs.ingress_group}
    return (
        *_component("access-logs-on", access_log_attributes(config.alb_logs) | group, _USE),
        *_component("access-logs-off", _attributes({"access_logs.s3.enabled": "false"}) | group, _OFF + _USE),
    )


def access_log_attributes(alb_logs: AlbLogs) -> dict[str, str]:
    """The annotation that switches access logs on."""
    attributes = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": alb_logs.bucket}
    if alb_logs.key_prefix is not None:
        attributes["access_logs.s3.prefix"] = alb_logs.key_prefix
    return _attributes(attributes)


def _attributes(attributes: dict[str, str]) -> dict[str, str]:
    return {_ATTRIBUTES: ",".join(f"{key}={value}" for key, value in attributes.items())}


def _component(name: str, annotations: dict[str, str], notes: str) -> tuple[Artifact, ...]:
    patch: Document = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "every-ingress", "annotations": annotations},
    }
    component: Document = {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "patches": [{"path": "ingress-patch.yaml", "target": {"kind": "Ingress"}}],
    }
    folder = f"k8s/ingress/{name}"
    return (
        Artifact(f"{folder}/kustomization.yaml", Format.YAML, component, notes),
        Artifact(f"{folder}/ingress-patch.yaml", Format.YAML, patch),
    )
