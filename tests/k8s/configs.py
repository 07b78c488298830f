"""Configs with a cluster, one for each form that the agent can take."""

from __future__ import annotations

import json
from typing import Any, Final

from xray_grafana.config import Config, parse_config

ACCOUNT: Final = "111122223333"
OIDC: Final = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
VERSIONS: Final = ("1.29", "1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37")


def cluster(*, region: str = "eu-west-1", **kubernetes: Any) -> Config:
    """A config with a kubernetes section; `version` is the oldest that a config can name unless given."""
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    identity = kubernetes.get("identity", {"kind": "irsa"})
    if identity["kind"] == "irsa":
        kubernetes["oidc_provider"] = f"oidc.eks.{region}.{suffix}/id/0123456789ABCDEF0123456789ABCDEF"
    section = {"cluster": "shop", "version": "1.29", **kubernetes}
    return parse_config(json.dumps({"aws": {"account": ACCOUNT, "region": region}, "kubernetes": section}), "bundle.yaml")


def agent(**settings: Any) -> Config:
    """A config with settings of the agent."""
    return cluster(agent=settings)


FORMS: Final = {
    "daemon": agent(),
    "adot": agent(kind="adot", indexed_attributes=["tenant"]),
    "adot-metadata": agent(kind="adot", cluster_metadata=True, priority_class=True),
    "host-port": agent(routing="host-port"),
    "adot-host-port": agent(kind="adot", routing="host-port"),
    "prefer-same-node": cluster(version="1.34", agent={"routing": "prefer-same-node"}),
    "pod-identity": cluster(identity={"kind": "pod-identity"}),
    "node-role": cluster(identity={"kind": "node-role", "node_role": "shop-nodes"}),
    "few-namespaces": agent(allowed_namespaces=["shop", "demo"], priority_class=True),
    "fargate": cluster(fargate=True),
    "foreign-namespace": cluster(create_namespace=False, namespace="tracing"),
    "china": cluster(region="cn-north-1"),
    "gov": cluster(region="us-gov-west-1"),
}
