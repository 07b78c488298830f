"""Everything under `k8s/`, and the kustomization that applies it: `kubectl apply -k k8s`."""

from __future__ import annotations

from collections.abc import Sequence

from xray_grafana.bundle.artifact import Artifact, Format
from xray_grafana.config.models import Config
from xray_grafana.k8s.agent import build_agent
from xray_grafana.k8s.demo import build_demo
from xray_grafana.k8s.grafana import build_grafana
from xray_grafana.k8s.helm import build_agent_values
from xray_grafana.k8s.ingress import build_ingress_patches
from xray_grafana.k8s.shipper import build_shipper
from xray_grafana.k8s.sidecars import build_sidecars

# Folders that are applied, in this order; the others hold values, patches and fragments to take from.
_APPLIED = ("agent", "grafana", "alb-shipper", "demo")


def build_kubernetes(
    config: Config, dashboards: Sequence[Artifact], datasources: Artifact, providers: Artifact, alerting: Sequence[Artifact]
) -> tuple[Artifact, ...]:
    """All Kubernetes objects of a bundle; none without a kubernetes section. The rest of the bundle goes into Grafana's ConfigMaps."""
    if config.kubernetes is None:
        return ()
    made = (
        *build_agent(config),
        *build_agent_values(config),
        *build_sidecars(config),
        *build_grafana(config, dashboards, datasources, providers, alerting),
        *build_ingress_patches(config),
        *build_shipper(config),
        *build_demo(config),
    )
    paths = {artifact.path for artifact in made}
    applied = [folder for folder in _APPLIED if f"k8s/{folder}/kustomization.yaml" in paths]
    kustomization = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": applied}
    return (*made, Artifact("k8s/kustomization.yaml", Format.YAML, kustomization))
