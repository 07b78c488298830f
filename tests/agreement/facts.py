"""Names that must be the same in every file of a bundle, and where each stands, taken from the bytes as a reader of them would."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """A name; `places` are (files, expression whose group 1 is the name). A place may be missing in a form of the bundle, not in all."""

    name: str
    places: tuple[tuple[str, str], ...]

    def mentions(self, files: Mapping[str, str]) -> Iterator[tuple[str, int, int]]:
        """Path, start and end of each place where the name stands."""
        for file_pattern, expression in self.places:
            for path, text in files.items():
                if re.fullmatch(file_pattern, path):
                    for found in re.finditer(expression, text, re.MULTILINE):
                        yield path, *found.span(1)


DEPLOY = r"(?:k8s|aws)/.+(?<!\.py)"
REGION = r"\b((?:af|ap|ca|cn|eu|il|me|mx|sa|us|us-gov)-(?:central|east|north|northeast|northwest|south|southeast|southwest|west)-\d)\b"

FACTS = (
    Fact("account", ((DEPLOY, r"""(?:[:=/"' ]|\A)(\d{12})(?=[:./"'\s]|\Z)"""),)),
    Fact("region", ((DEPLOY, REGION), (r"provisioning/datasources/.+", r"defaultRegion: (\S+)"))),
    Fact("partition", ((DEPLOY, r"\barn:(aws[a-z-]*):(?:iam|sqs|s3|elasticloadbalancing|kms):"),)),
    Fact(
        "agent address",
        (
            (r"k8s/demo/.+-deployment\.yaml", r"name: AWS_XRAY_DAEMON_ADDRESS\n\s+value: ([a-z0-9.-]+:\d+)"),
            (r"k8s/agent/service\.yaml", r"AWS_XRAY_DAEMON_ADDRESS=([a-z0-9.-]+:\d+)"),
        ),
    ),
    Fact(
        "agent Service",
        (
            (r"k8s/agent/service\.yaml", r"^metadata:\n  name: (\S+)"),
            (r"k8s/demo/.+-deployment\.yaml", r"name: AWS_XRAY_DAEMON_ADDRESS\n\s+value: ([a-z0-9-]+)\."),
            (r"k8s/helm/aws-xray-values\.yaml", r"helm -n \S+ install (\S+)"),
        ),
    ),
    Fact(
        "namespace",
        (
            (r"k8s/(?:agent|alb-shipper)/.+", r"^  namespace: (\S+)"),
            (r"k8s/agent/namespace\.yaml", r"^  name: (\S+)"),
            (r"k8s/demo/.+-deployment\.yaml", r"name: AWS_XRAY_DAEMON_ADDRESS\n\s+value: [a-z0-9-]+\.([a-z0-9-]+):"),
            (r"k8s/helm/aws-xray-values\.yaml", r"helm -n (\S+) install"),
            (r"aws/iam/trust-(?:agent|shipper)\.json", r"system:serviceaccount:([^:]+):"),
            (r"aws/iam/trust-(?:agent|shipper)\.json", r'kubernetes-namespace": "([^"]+)"'),
            (r"aws/eksctl/.+", r"name: aws-xray\n\s+namespace: (\S+)"),
        ),
    ),
    Fact(
        "agent ServiceAccount",
        (
            (r"k8s/agent/serviceaccount\.yaml", r"^metadata:\n  name: (\S+)"),
            (r"k8s/agent/daemonset\.yaml", r"serviceAccountName: (\S+)"),
            (r"aws/iam/trust-agent\.json", r'system:serviceaccount:[^:]+:([^"]+)"'),
            (r"aws/iam/trust-agent\.json", r'kubernetes-service-account": "([^"]+)"'),
            (r"aws/iam/roles\.yaml", r"Role of the ServiceAccount ops-monitoring-ns/(\S+?)\."),
        ),
    ),
    Fact(
        "agent role",
        (
            (
                r"k8s/(?:agent/serviceaccount|helm/aws-xray-values)\.yaml",
                r"eks\.amazonaws\.com/role-arn: arn:aws[a-z-]*:iam::\d+:role/(\S+)",
            ),
            (r"aws/iam/roles\.yaml", r"AgentRole:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: (\S+)"),
        ),
    ),
    Fact(
        "Grafana's role",
        (
            (r"k8s/helm/grafana-values\.yaml", r"eks\.amazonaws\.com/role-arn: arn:aws[a-z-]*:iam::\d+:role/(\S+)"),
            (r"aws/iam/roles\.yaml", r"GrafanaRole:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: (\S+)"),
        ),
    ),
    Fact(
        "agent port",
        (
            (r"k8s/agent/service\.yaml", r"name: xray-(?:udp|tcp)\n    port: (\d+)"),
            (r"k8s/agent/daemonset\.yaml", r"name: xray-(?:udp|tcp)\n\s+containerPort: (\d+)"),
            (r"k8s/demo/.+-deployment\.yaml", r"name: AWS_XRAY_DAEMON_ADDRESS\n\s+value: \S+:(\d+)"),
            (r"aws/ecs/.+", r'"containerPort": (2\d+)'),
        ),
    ),
    Fact(
        "bucket",
        (
            (DEPLOY, r"arn:aws[a-z-]*:s3:::([a-z0-9.-]+)"),
            (r"aws/alb-logs\.yaml", r"BucketName: (\S+)"),
            (r"k8s/.+", r"access_logs\.s3\.bucket=([a-z0-9.-]+)"),
        ),
    ),
    Fact(
        "queue",
        (
            (DEPLOY, r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d+:(?![A-Za-z0-9_-]+-dead\b)([A-Za-z0-9_-]+)"),
            (r"aws/alb-logs\.yaml", r"QueueName: (\S+)(?<!-dead)$"),
            (r"k8s/alb-shipper/.+", r"https://sqs\.[^/]+/\d+/(\S+)"),
        ),
    ),
    Fact(
        "dead-letter queue",
        (
            (DEPLOY, r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d+:([A-Za-z0-9_-]+-dead)\b"),
            (r"aws/alb-logs\.yaml", r"QueueName: (\S+-dead)$"),
        ),
    ),
    Fact(
        "tag of the shipper's image",
        (
            (r"aws/alb-logs\.yaml", r"ImageUri: \S+:(\S+)"),
            (r"k8s/alb-shipper/deployment\.yaml", r"image: \S+:(\S+)"),
            (r"aws/shipper/push-image\.sh", r"^tag=(\S+)"),
        ),
    ),
    Fact(
        "X-Ray source",
        (
            (r"provisioning/datasources/.+", r"  uid: (\S+)\n  type: grafana-x-ray-datasource"),
            (r"provisioning/datasources/.+", r"datasourceUid: (\S+)\n\s+urlDisplayLabel"),
            (r"provisioning/alerting/.+", r"type: grafana-x-ray-datasource\n\s+uid: (\S+)"),
            (r"k8s/grafana/.+datasources?.*\.yaml", r"\buid: (\S+)\n\s+type: grafana-x-ray-datasource"),
        ),
    ),
    Fact(
        "Loki source",
        (
            (r"provisioning/datasources/.+", r"  uid: (\S+)\n  type: loki"),
            (r"provisioning/datasources/.+", r"targetUID: (\S+)"),
            (r"provisioning/datasources/.+", r"tracesToLogsV2:\n\s+datasourceUid: (\S+)"),
            (r"provisioning/alerting/.+", r"refId: LINES\n\s+datasourceUid: (\S+)"),
            (r"dashboards/.+", r'"text": "Loki",\s+"value": "([^"]+)"'),
        ),
    ),
    Fact(
        "trace board",
        (
            (r"dashboards/trace\.json", r'"uid": "([^"$]+-trace)"'),
            (r"dashboards/.+", r"/d/([a-z0-9-]+)/x-ray-trace\?"),
            (r"provisioning/datasources/.+", r"/d/([a-z0-9-]+)/x-ray-trace\?"),
        ),
    ),
    Fact(
        "label of the kind of log",
        ((r"(?:dashboards|provisioning)/.+", r"""\{([a-z_]+)=\\?"access\\?\""""),),
    ),
)


def values(fact: Fact, files: Mapping[str, str]) -> dict[str, set[str]]:
    """Each value that a name has in the files, and the files that have it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path, start, end in fact.mentions(files):
        found[files[path][start:end].strip("'\"")].add(path)
    return dict(found)


def disagreements(files: Mapping[str, str], facts: Iterable[Fact] = FACTS) -> list[str]:
    """One line for each name that has more than one value: the values and where they stand."""
    lines = []
    for fact in facts:
        found = values(fact, files)
        if len(found) > 1:
            told = "; ".join(f"{value!r} in {', '.join(sorted(paths))}" for value, paths in sorted(found.items()))
            lines.append(f"{fact.name}: {told}")
    return lines
