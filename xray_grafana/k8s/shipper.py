"""The log shipper as a Deployment that KEDA scales with the queue: `xray-grafana alb work` takes messages until there are none.

It calls AWS and Loki, never the Kubernetes API. KEDA looks at the queue with its operator's own role: to be used for that, the role of the
shipper would have to trust the operator, which this bundle does not know (https://keda.sh/docs/latest/authentication-providers/aws/).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from xray_grafana import contract
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.loki_address import service_namespace
from xray_grafana.config.models import Config, Logs
from xray_grafana.config.names import Names
from xray_grafana.config.secret_references import secret_key
from xray_grafana.config.shipper_services import services_variable
from xray_grafana.k8s.network import aws_egress, from_namespaces
from xray_grafana.k8s.objects import (
    ROLE_ANNOTATION,
    container_security_context,
    kustomization,
    labels,
    metadata,
    pod_security_context,
    selector,
)

_FOLDER: Final = "k8s/alb-shipper"
_COMPONENT: Final = "alb-shipper"
_NAME: Final = contract.SHIPPER_SERVICE_ACCOUNT
# The image belongs to the user and may name no user: any number but root's will do.
_USER_ID: Final = 65532
# Told to end, the shipper begins no request to Loki any more. One that is under way is given up when Loki is silent for 30 s, a read of S3
# after 10 s, a poll of SQS ends within 20 s; then each rest of an object is sent to the queue.
_GRACE_SECONDS: Final = 90
# How far each object is shipped. It outlives the container and ends with the pod: then the message comes back to another.
_CHECKPOINT_FOLDER: Final = "/var/lib/xray-grafana"
_CHECKPOINT_VOLUME: Final[Document] = {"name": "checkpoint", "emptyDir": {"sizeLimit": "64Mi"}}
_METRICS_PORT: Final = 9090
# Read by the scrape config of Prometheus's own chart: https://github.com/prometheus-community/helm-charts, charts/prometheus.
_METRICS_ANNOTATIONS: Final = {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": str(_METRICS_PORT),
    "prometheus.io/path": "/metrics",
}
_RESOURCES: Final = {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}
_MESSAGES_PER_POD: Final = 10
_PODS_MAX: Final = 4
_POLL_SECONDS: Final = 30
_COOLDOWN_SECONDS: Final = 300
# Where the Secret is that holds what the config gives by Grafana's own environment or files, which no other pod has.
_SECRET: Final = "alb-shipper-loki"  # noqa: S105 - the name of a Secret
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_KEDA_API: Final = "keda.sh/v1alpha1"
_KEDA_ROLE: Final = """\
KEDA asks for the queue's length with its operator's own role: give that role aws/iam/keda-policy.json.
"""


def build_shipper(config: Config) -> tuple[Artifact, ...]:
    """The Deployment and what belongs to it; none unless the config has an image and wants a Deployment."""
    alb_logs, logs = config.alb_logs, config.logs
    if config.kubernetes is None or alb_logs is None or logs is None or alb_logs.shipper_image is None or alb_logs.consumer != "deployment":
        return ()
    names = Names(config)
    artifacts = (
        _artifact("serviceaccount", _service_account(names)),
        _artifact("deployment", _deployment(names, logs, alb_logs.shipper_image), _deployment_notes(logs)),
        _artifact("triggerauthentication", _trigger_authentication(names), _KEDA_ROLE),
        _artifact("scaledobject", _scaled_object(names)),
        _artifact("networkpolicy", _network_policy(names, logs)),
    )
    return (*artifacts, kustomization(_FOLDER, artifacts))


def _artifact(name: str, document: Document, notes: str = "") -> Artifact:
    return Artifact(f"{_FOLDER}/{name}.yaml", Format.YAML, document, notes)


def _deployment_notes(logs: Logs) -> str:
    """What the pod runs, and the Secrets it needs in its own namespace."""
    secrets = [_secret_key(key, reference) for key, reference in _references(logs).items()]
    needs = [f"It needs the key {secret['key']} of the Secret {secret['name']} in this namespace." for secret in secrets]
    return "\n".join([f"Runs `{' '.join(contract.SHIPPER_COMMAND)}` of the image; KEDA sets the number of pods.", *needs])


def _metadata(names: Names, annotations: dict[str, str] | None = None) -> Document:
    return metadata(_NAME, names.kubernetes.namespace, _COMPONENT, annotations=annotations)


def _service_account(names: Names) -> Document:
    annotations = {ROLE_ANNOTATION: names.role_arn(names.shipper_role)} if names.kubernetes.identity.kind == "irsa" else None
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(names, annotations),
        "automountServiceAccountToken": False,
    }


def _deployment(names: Names, logs: Logs, image: str) -> Document:
    """No `replicas`: KEDA sets them, and applying the file again must not set them back."""
    metrics = names.alb_logs.metrics
    container: Document = {"name": _NAME, "image": image, "command": _command(names, logs), "env": _environment(names, logs)}
    if metrics:
        container["ports"] = [{"name": "metrics", "containerPort": _METRICS_PORT, "protocol": "TCP"}]
    container |= {
        "resources": _RESOURCES,
        "securityContext": container_security_context(),
        "volumeMounts": [{"name": _CHECKPOINT_VOLUME["name"], "mountPath": _CHECKPOINT_FOLDER}],
    }
    pod: Document = {
        "serviceAccountName": names.shipper_service_account,
        "automountServiceAccountToken": False,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "securityContext": pod_security_context(_USER_ID),
        "containers": [container],
        "volumes": [_CHECKPOINT_VOLUME],
    }
    pod_metadata: Document = {"labels": labels(_COMPONENT)}
    if metrics:
        pod_metadata["annotations"] = dict(_METRICS_ANNOTATIONS)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(names),
        "spec": {
            "selector": {"matchLabels": selector(_COMPONENT)},
            "template": {"metadata": pod_metadata, "spec": pod},
        },
    }


def _command(names: Names, logs: Logs) -> list[str]:
    """Nothing listens unless the config asks for it."""
    metrics = ["--metrics", f"0.0.0.0:{_METRICS_PORT}"] if names.alb_logs.metrics else []
    checkpoint = f"{_CHECKPOINT_FOLDER}/checkpoint.db"
    return [*contract.SHIPPER_COMMAND, "--queue", names.queue_url, "--loki", logs.url, "--checkpoint", checkpoint, *metrics]


def _environment(names: Names, logs: Logs) -> list[Document]:
    # boto3 reads the second name alone.
    plain = dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), names.config.aws.region)
    if logs.tenant is not None:
        plain[contract.SHIPPER_VARIABLES["tenant"]] = logs.tenant
    if logs.basic_user is not None:
        plain[contract.SHIPPER_VARIABLES["user"]] = logs.basic_user
    if (services := services_variable(names.alb_logs.services)) is not None:
        plain[contract.SERVICES_VARIABLE] = services
    if names.alb_logs.service_tag is not None:
        plain[contract.SERVICE_TAG_VARIABLE] = names.alb_logs.service_tag
    if names.alb_logs.timestamp is not None:
        plain[contract.TIMESTAMP_VARIABLE] = names.alb_logs.timestamp
    return [
        *({"name": name, "value": value} for name, value in plain.items()),
        *(
            {"name": contract.SHIPPER_VARIABLES[key], "valueFrom": {"secretKeyRef": _secret_key(key, reference)}}
            for key, reference in _references(logs).items()
        ),
    ]


def _references(logs: Logs) -> dict[str, str]:
    """The references to Loki's secrets that are set, by the entry of SHIPPER_VARIABLES."""
    references = {"password": logs.basic_password, "bearer_token": logs.bearer_token}
    return {key: reference for key, reference in references.items() if reference is not None}


def _secret_key(key: str, reference: str) -> Document:
    """The Secret that the config names, in the shipper's namespace; one to be made where it names a variable or file of Grafana's."""
    named = secret_key(reference)
    return {"name": _SECRET, "key": key} if named is None else {"name": named.name, "key": named.key}


def _trigger_authentication(names: Names) -> Document:
    return {
        "apiVersion": _KEDA_API,
        "kind": "TriggerAuthentication",
        "metadata": _metadata(names),
        "spec": {"podIdentity": {"provider": "aws"}},
    }


def _scaled_object(names: Names) -> Document:
    """Messages in work count too, so that no pod is taken away from under one."""
    trigger: Document = {
        "type": "aws-sqs-queue",
        "metadata": {
            "queueURL": names.queue_url,
            "queueLength": str(_MESSAGES_PER_POD),
            "awsRegion": names.config.aws.region,
            "scaleOnInFlight": "true",
        },
        "authenticationRef": {"name": _NAME},
    }
    return {
        "apiVersion": _KEDA_API,
        "kind": "ScaledObject",
        "metadata": _metadata(names),
        "spec": {
            "scaleTargetRef": {"name": _NAME},
            "minReplicaCount": 0,
            "maxReplicaCount": _PODS_MAX,
            "pollingInterval": _POLL_SECONDS,
            "cooldownPeriod": _COOLDOWN_SECONDS,
            "triggers": [trigger],
        },
    }


def _network_policy(names: Names, logs: Logs) -> Document:
    """Nobody talks to the shipper, except for its metrics; it talks to DNS, AWS, Loki, and whoever gives it credentials."""
    metrics: Document = {"ports": [{"port": _METRICS_PORT, "protocol": "TCP"}]}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": _metadata(names),
        "spec": {
            "podSelector": {"matchLabels": selector(_COMPONENT)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [metrics] if names.alb_logs.metrics else [],
            "egress": [*aws_egress(names.kubernetes.identity), _to_loki(logs, names.kubernetes.namespace)],
        },
    }


def _to_loki(logs: Logs, home: str) -> Document:
    """A policy sees the port of the pod behind a Service, which the address does not tell: then the namespace is opened, not a port."""
    if (namespace := service_namespace(logs.url, home)) is not None:
        return {"to": [from_namespaces([namespace])], "ports": [{"protocol": "TCP"}]}
    parts = urlsplit(logs.url)
    return {"ports": [{"port": parts.port or _DEFAULT_PORTS[parts.scheme], "protocol": "TCP"}]}
