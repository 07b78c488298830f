"""What `docs/generate.py` tells of the deploy parts: files under k8s/ and aws/, names they agree on, rules for foreign files."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache, cached_property
from typing import Final

from docs.markdown import cell, code, table
from xray_grafana.bundle.build import build_bundle
from xray_grafana.checks.foreign import FOREIGN_RULES
from xray_grafana.config import parse_config
from xray_grafana.config.example import example_text
from xray_grafana.config.names import Names

_PARTS: Final = ("aws", "k8s")
_IMAGE: Final = "alb_logs.shipper_image=111122223333.dkr.ecr.eu-west-1.amazonaws.com/xray-grafana:0.1.0"
_KEY: Final = "alb_logs.queue_kms_key_arn=arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

# What a config says to get files that the example has not, and the overrides that say it. The first that brings a file is named with it.
VARIANTS: Final[dict[str, tuple[str, ...]]] = {
    "the example": (),
    "`kubernetes.agent.kind: adot`": ("kubernetes.agent.kind=adot",),
    "`kubernetes.agent.cluster_metadata: true`": ("kubernetes.agent.kind=adot", "kubernetes.agent.cluster_metadata=true"),
    "`kubernetes.agent.priority_class: true`": ("kubernetes.agent.priority_class=true",),
    "`kubernetes.fargate: true`": ("kubernetes.fargate=true",),
    "`kubernetes.fargate: true`, `kubernetes.agent.kind: adot`": ("kubernetes.fargate=true", "kubernetes.agent.kind=adot"),
    "`kubernetes.grafana.form: kustomize`": ("kubernetes.grafana.form=kustomize",),
    "`kubernetes.grafana.form: operator`": ("kubernetes.grafana.form=operator", "kubernetes.grafana.service_account=grafana-sa"),
    "`alb_logs.consumer: deployment`": ("alb_logs.consumer=deployment", _IMAGE),
    "`alb_logs.create_bucket: false`": ("alb_logs.create_bucket=false",),
    "`alb_logs.queue_kms_key_arn`": (_KEY,),
    "`demo.sdk: opentelemetry`": ("demo.sdk=opentelemetry", "kubernetes.agent.kind=adot"),
}

# Every file of every variant fits one of these patterns.
FILES: Final[tuple[tuple[str, str], ...]] = (
    (
        "k8s/kustomization.yaml",
        "lists the folders that `kubectl apply -k k8s` applies; the other folders hold values and patches to take from",
    ),
    ("k8s/agent/kustomization.yaml", "lists the agent's objects"),
    (
        "k8s/agent/namespace.yaml",
        "the agent's namespace, with the Pod Security level it passes; left out by `kubernetes.create_namespace: false`",
    ),
    ("k8s/agent/serviceaccount.yaml", "the agent's ServiceAccount; with IRSA it names the role"),
    ("k8s/agent/daemonset.yaml", "one agent on each Linux node, none on Fargate"),
    ("k8s/agent/service.yaml", "port 2000 for UDP and TCP: where applications send to; with the collector also OTLP on 4317 and 4318"),
    ("k8s/agent/networkpolicy.yaml", "who reaches the agent, and what it reaches"),
    ("k8s/agent/configmap.yaml", "the collector's config"),
    ("k8s/agent/clusterrole.yaml", "lets the collector watch pods and namespaces"),
    ("k8s/agent/clusterrolebinding.yaml", "gives that right to the agent's ServiceAccount"),
    ("k8s/agent/priorityclass.yaml", "a priority above that of pods without one"),
    ("k8s/sidecars/fargate-daemon.yaml", "patch: the daemon as a native sidecar of a pod on Fargate"),
    ("k8s/sidecars/fargate-adot.yaml", "patch: the collector as a native sidecar of a pod on Fargate"),
    (
        "k8s/helm/aws-xray-values.yaml",
        "values for the public chart of the daemon, instead of `k8s/agent`; its head says what the chart cannot do",
    ),
    ("k8s/helm/grafana-values.yaml", "values for the Grafana chart: plugin, environment, sidecars, ServiceAccount"),
    ("k8s/grafana/README.md", "how to apply this form, and what must be there"),
    ("k8s/grafana/kustomization.yaml", "lists the ConfigMaps"),
    ("k8s/grafana/xray-board-*.yaml", "a ConfigMap for each board"),
    ("k8s/grafana/xray-datasources.yaml", "a ConfigMap with the data sources"),
    ("k8s/grafana/xray-alerts-*.yaml", "ConfigMaps with the alert rules"),
    ("k8s/grafana/xray-provider.yaml", "a ConfigMap with the provider of the boards, which the charts' sidecars bring themselves"),
    ("k8s/grafana/patches/deployment.yaml", "patch for a Grafana Deployment of yours: mounts, plugin, environment"),
    ("k8s/grafana/patches/service-account.yaml", "patch for its ServiceAccount: the role"),
    ("k8s/operator/README.md", "how to apply this form, and what must be there"),
    ("k8s/operator/kustomization.yaml", "lists the objects"),
    ("k8s/operator/folder-*.yaml", "a `GrafanaFolder` for boards and one for alert rules"),
    ("k8s/operator/datasource-*.yaml", "a `GrafanaDatasource` for each data source"),
    ("k8s/operator/dashboard-*.yaml", "a `GrafanaDashboard` for each board"),
    ("k8s/operator/alertrulegroup-*.yaml", "a `GrafanaAlertRuleGroup` for each group of alert rules"),
    ("k8s/operator/patches/grafana.yaml", "patch for the Grafana object of yours: label, settings, role"),
    ("k8s/ingress/access-logs-on/*.yaml", "kustomize component: switches access logs on for every Ingress of a kustomization"),
    ("k8s/ingress/access-logs-off/*.yaml", "kustomize component: switches them off, which removing the annotation does not"),
    ("k8s/alb-shipper/kustomization.yaml", "lists the shipper's objects"),
    ("k8s/alb-shipper/deployment.yaml", "the shipper's pods; KEDA says how many"),
    ("k8s/alb-shipper/serviceaccount.yaml", "the shipper's ServiceAccount"),
    ("k8s/alb-shipper/scaledobject.yaml", "KEDA: pods by the length of the queue, none when it is empty"),
    ("k8s/alb-shipper/triggerauthentication.yaml", "KEDA: asks for the queue's length with its operator's own role"),
    (
        "k8s/alb-shipper/networkpolicy.yaml",
        "nobody reaches the shipper, but its metrics with `alb_logs.metrics: true`; it reaches DNS, AWS and Loki",
    ),
    ("k8s/demo/kustomization.yaml", "lists the demo's objects"),
    ("k8s/demo/namespace.yaml", "the demo's namespace, Pod Security *restricted*"),
    ("k8s/demo/*-deployment.yaml", "two services, two pods each"),
    ("k8s/demo/*-service.yaml", "their Services"),
    ("k8s/demo/ingress.yaml", "a load balancer in front, by plain HTTP, with access logs on where there is `alb_logs`"),
    ("k8s/demo/image/Dockerfile", "the demo's image, whose user is not root"),
    ("k8s/demo/image/requirements.txt", "what the demo runs with, pinned"),
    ("k8s/demo/image/demo_app/shop.py", "the two services"),
    ("k8s/demo/image/demo_app/app_xray.py", "the same, traced by the X-Ray SDK"),
    ("k8s/demo/image/demo_app/app_otel.py", "the same, traced by OpenTelemetry"),
    ("aws/iam/agent-policy.json", "what the agent may do: four actions"),
    ("aws/iam/grafana-policy.json", "what Grafana may do: what the data sources of this config call"),
    (
        "aws/iam/shipper-policy.json",
        "what the log shipper may do: read log objects, work off the queue, put aside in the dead-letter queue what cannot be shipped",
    ),
    ("aws/iam/keda-policy.json", "what the KEDA operator may do: measure the queue"),
    ("aws/iam/trust-*.json", "who may take a role; none with `kubernetes.identity.kind: node-role`"),
    ("aws/iam/roles.yaml", "CloudFormation: the roles of agent and Grafana with policies and trust"),
    ("aws/iam/apply.sh", "the same by the AWS CLI; prints what it would do until it is told `--apply`"),
    ("aws/eksctl/cluster-config.yaml", "the same for eksctl"),
    ("aws/ecs/xray-agent-container.json", "the agent as a container of an ECS task definition"),
    ("aws/sampling-rules/*.json", "X-Ray sampling rules for `aws xray create-sampling-rule`"),
    ("aws/alb-logs.yaml", "CloudFormation: bucket, queue, dead-letter queue, and the shipper's function or role"),
    ("aws/alb-bucket-policy.json", "lets load balancers of the account write to the bucket"),
    ("aws/attach-bucket.sh", "gives policy and notification to a bucket that was there; prints until it is told `--apply`"),
    ("aws/alb-notification.json", "the notification of new objects, which that script adds"),
    ("aws/alb-queue-key-policy.json", "the statement that the queue's KMS key needs"),
    (
        "aws/shipper/push-image.sh",
        "builds the shipper's image and puts it into ECR; prints until it is told `--apply`. None for another registry or a digest",
    ),
    ("aws/demo/push-image.sh", "builds the demo's image and puts it into ECR; prints until it is told `--apply`"),
    ("aws/demo/buildspec.yaml", "the same as a CodeBuild project"),
)

_FAMILIES: Final = {
    "XF10x": "Any file",
    "XF11x": "The daemon's address",
    "XF12x": "Services and roles",
    "XF13x": "The daemon's pod",
    "XF14x": "The daemon's settings",
    "XF15x": "The daemon's config and chart",
    "XF16x": "IAM",
    "XF17x": "Access logs of load balancers",
    "XF18x": "ServiceAccounts",
    "XF19x": "The collector",
    "XF20x": "Grafana",
}


@cache
def deploy_paths(overrides: tuple[str, ...]) -> tuple[str, ...]:
    """The paths under k8s/ and aws/ that the example makes with these overrides, sorted."""
    config = parse_config(example_text(), "bundle.yaml", overrides=overrides)
    return tuple(sorted(artifact.path for artifact in build_bundle(config, _PARTS)))


def patterns_of(path: str) -> list[str]:
    """The patterns of FILES that a path fits."""
    return [pattern for pattern, _ in FILES if fnmatchcase(path, pattern)]


def deploy_files() -> str:
    """Every file under k8s/ and aws/, the example's and those of other choices."""
    rows = [(code(pattern), cell(text), _made_with(pattern)) for pattern, text in FILES]
    return table(("File", "What it is", "Made with"), rows)


def _made_with(pattern: str) -> str:
    """The first variant that has such a file; nothing for the example. Raises LookupError for a pattern that fits no file."""
    for name, overrides in VARIANTS.items():
        if any(fnmatchcase(path, pattern) for path in deploy_paths(overrides)):
            return name if overrides else ""
    raise LookupError(f"no file fits the pattern {pattern}")


def deploy_names() -> str:
    """Every derived name: what it is called in the code, the example's value, and what it stands for."""
    names = Names(parse_config(example_text(), "bundle.yaml"))
    return table(("Name", "Example", "Is"), [(code(name), _value(names, name), cell(text)) for name, text in _properties()])


def _properties() -> Iterator[tuple[str, str]]:
    """The text properties of Names in their order; sections of the config are none."""
    for name, member in vars(Names).items():
        if isinstance(member, property) and member.fget is not None:
            yield name, inspect.cleandoc(member.fget.__doc__ or "")
        elif isinstance(member, cached_property) and inspect.signature(member.func).return_annotation == "str":
            yield name, inspect.cleandoc(member.func.__doc__ or "")


def _value(names: Names, name: str) -> str:
    try:
        return code(str(getattr(names, name)))
    except ValueError:
        return "not in the example"


def foreign_rules() -> str:
    """Every rule of `xray-grafana check FILE…`, by family."""
    families: dict[str, list[tuple[str, ...]]] = {}
    for rule in FOREIGN_RULES:
        cells = (code(rule.id), rule.severity, cell(rule.title), cell(rule.reason), cell(rule.remedy))
        families.setdefault(f"{rule.id[:4]}x", []).append(cells)
    heads = ("Rule", "Severity", "Says", "Otherwise", "Write instead")
    return "\n\n".join(f"## {family} {_FAMILIES[family]}\n\n{table(heads, rows)}" for family, rows in families.items())
