"""What this program makes itself has none of the mistakes that it finds in the files of others."""

from __future__ import annotations

from itertools import product

import pytest

from xray_grafana.aws.bundle import build_aws
from xray_grafana.bundle.artifact import Artifact, Bundle
from xray_grafana.bundle.build import build_bundle
from xray_grafana.bundle.render import render
from xray_grafana.checks.foreign import SourceFile, check_files
from xray_grafana.config import Config, parse_config
from xray_grafana.k8s.bundle import build_kubernetes

CONFIG = """\
aws: {{account: "111122223333", region: {region}}}
logs: {{url: "http://loki.logs:3100"}}
kubernetes:
  cluster: shop
  version: "1.35"
  oidc_provider: oidc.eks.{region}.{suffix}/id/0123456789ABCDEF0123456789ABCDEF
alb_logs: {{bucket: shop-alb-logs, shipper_image: "111122223333.dkr.ecr.{region}.{suffix}/xray-grafana:0.1.0"}}
demo: {{}}
"""
REGIONS = {"eu-west-1": "amazonaws.com", "cn-north-1": "amazonaws.com.cn", "us-gov-west-1": "amazonaws.com"}


def config(region: str, *overrides: str) -> Config:
    return parse_config(CONFIG.format(region=region, suffix=REGIONS[region]), "bundle.yaml", overrides=overrides)


def under(bundle: Bundle, folder: str) -> list[Artifact]:
    return [artifact for artifact in bundle if artifact.path.startswith(folder)]


def files_of(config: Config) -> list[SourceFile]:
    bundle = build_bundle(config, only=("dashboards", "provisioning"))
    provisioning = "provisioning"
    (datasources,) = under(bundle, f"{provisioning}/datasources/")
    (providers,) = under(bundle, f"{provisioning}/dashboards/")
    made = [
        *build_kubernetes(config, under(bundle, "dashboards/"), datasources, providers, under(bundle, f"{provisioning}/alerting/")),
        *build_aws(config),
    ]
    return [SourceFile(artifact.path, render(artifact)) for artifact in made if artifact.path.endswith((".json", ".yaml"))]


def faults(files: list[SourceFile]) -> list[str]:
    return [f"{each.path}:{each.line}:{each.column} {each.rule} {each.message}" for each in check_files(files) if each.severity != "note"]


VARIANTS = [
    (
        region,
        (
            f"kubernetes.agent.kind={kind}",
            f"kubernetes.identity.kind={identity}",
            f"kubernetes.grafana.form={form}",
            "kubernetes.grafana.service_account=grafana-sa",
        ),
    )
    for (region, kind, identity), form in zip(
        product(REGIONS, ("daemon", "adot"), ("irsa", "pod-identity")), ("helm", "sidecar", "operator", "kustomize") * 3, strict=True
    )
]


@pytest.mark.parametrize(("region", "overrides"), VARIANTS, ids=lambda value: value if isinstance(value, str) else "")
def test_the_bundle_has_no_findings(region: str, overrides: tuple[str, ...]) -> None:
    files = files_of(config(region, *overrides))
    assert {file.name.split("/")[0] for file in files} == {"k8s", "aws"}
    assert "k8s/agent/daemonset.yaml" in {file.name for file in files}
    assert faults(files) == []


@pytest.mark.parametrize(
    "overrides",
    [
        ("kubernetes.fargate=true",),
        ("kubernetes.fargate=true", "kubernetes.agent.kind=adot"),
        ("kubernetes.agent.routing=prefer-same-node",),
        ("kubernetes.agent.kind=adot", "kubernetes.agent.cluster_metadata=true"),
        ("alb_logs.legacy_bucket_policy=true",),
        ("alb_logs.consumer=deployment", "alb_logs.key_prefix=alb/prod"),
        ("demo.sdk=opentelemetry", "kubernetes.agent.kind=adot"),
    ],
    ids=",".join,
)
def test_no_option_of_the_config_makes_a_finding(overrides: tuple[str, ...]) -> None:
    assert faults(files_of(config("eu-west-1", *overrides))) == []


def test_the_one_option_that_gives_up_pod_security_is_told() -> None:
    """Routing by the node's own port is for clusters that need it; two ports are opened."""
    found = check_files(files_of(config("eu-west-1", "kubernetes.agent.routing=host-port")))
    assert [(each.path, each.rule) for each in found if each.severity != "note"] == [("k8s/agent/daemonset.yaml", "XF133")] * 2


@pytest.mark.parametrize(
    ("path", "old", "new", "rule"),
    [
        ("k8s/agent/service.yaml", "selector:\n    app.kubernetes.io/name: ", "selector:\n    app.kubernetes.io/name: other-", "XF122"),
        ("k8s/agent/daemonset.yaml", "aws-xray-daemon:3.6.6", "aws-xray-daemon:latest", "XF130"),
        ("k8s/helm/aws-xray-values.yaml", "loglevel: info", "loglevel: loud", "XF144"),
        ("k8s/demo/front-deployment.yaml", "aws-xray.ops-monitoring-ns", "aws-xray.default", "XF111"),
        ("aws/iam/trust-agent.json", ":sub", ":subject", "XF163"),
        ("aws/iam/agent-policy.json", '"*"', '"arn:aws:iam::111122223333:instance-profile/a"', "XF162"),
        ("aws/alb-bucket-policy.json", '"logdelivery.', '"delivery.', "XF170"),
    ],
)
def test_a_mistake_put_into_the_bundle_is_found(path: str, old: str, new: str, rule: str) -> None:
    files = files_of(config("eu-west-1"))
    (file,) = [file for file in files if file.name == path]
    assert old.encode() in file.content
    spoilt = [SourceFile(each.name, each.content.replace(old.encode(), new.encode()) if each is file else each.content) for each in files]
    assert rule in {finding.rule for finding in check_files(spoilt) if finding.path == path}
