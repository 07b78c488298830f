"""Configs with a cluster and a log pipeline, in three partitions, and everything that is made for AWS from one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.k8s.objects_of import write as write_artifacts
from xray_grafana.aws.bundle import build_aws
from xray_grafana.bundle.artifact import Artifact
from xray_grafana.config import Config, parse_config

# Region, the partition of its ARNs, and what its host names end in.
PLACES = {
    "eu-west-1": ("aws", "amazonaws.com"),
    "cn-north-1": ("aws-cn", "amazonaws.com.cn"),
    "us-gov-west-1": ("aws-us-gov", "amazonaws.com"),
}
IDENTITIES = ("irsa", "pod-identity", "node-role")


def config_text(region: str = "eu-west-1") -> str:
    suffix = PLACES[region][1]
    return f"""
aws: {{account: "111122223333", region: {region}}}
logs: {{url: "http://loki.example.net:3100"}}
kubernetes: {{cluster: shop, oidc_provider: oidc.eks.{region}.{suffix}/id/0123456789ABCDEF0123456789ABCDEF}}
alb_logs: {{bucket: shop-alb-logs, shipper_image: "111122223333.dkr.ecr.{region}.{suffix}/xray-grafana:0.1.0"}}
"""


def deploy(*overrides: str, region: str = "eu-west-1") -> Config:
    """The cluster `shop` with IRSA and a Lambda function, unless `overrides` say otherwise."""
    return parse_config(config_text(region), "bundle.yaml", overrides=overrides)


def identity_overrides(kind: str) -> tuple[str, ...]:
    node_role = ("kubernetes.identity.node_role=shop-nodes",) if kind == "node-role" else ()
    return (f"kubernetes.identity.kind={kind}", *node_role)


def build(config: Config) -> dict[str, Artifact]:
    """Path to artifact of everything below aws/."""
    return {artifact.path: artifact for artifact in build_aws(config)}


def document(config: Config, path: str) -> dict[str, Any]:
    return build(config)[path].document


def actions(policy: dict[str, Any]) -> set[str]:
    return {action for statement in policy["Statement"] for action in statement["Action"]}


def write(config: Config, folder: Path) -> None:
    """Everything below aws/ as files in a folder."""
    write_artifacts(build_aws(config), folder)


def read_yaml(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded
