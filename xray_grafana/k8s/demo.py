"""The demo on Kubernetes: two Deployments with their Services in a namespace of their own, and an Ingress in front.

The AWS Load Balancer Controller makes a load balancer of the Ingress:
https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/
"""

from __future__ import annotations

import json
from typing import Final, Literal

from xray_grafana import contract
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.deploy import Demo
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names
from xray_grafana.k8s.agent_container import from_field, variable
from xray_grafana.k8s.demo_image import PORT, USER_ID, build_ways, ecr_image, image_files
from xray_grafana.k8s.ingress import access_log_attributes
from xray_grafana.k8s.objects import container_security_context, kustomization, labels, metadata, pod_security_context, selector

Role = Literal["front", "back"]

FOLDER: Final = "k8s/demo"
_COMPONENT: Final = "demo"
_ROLES: Final[tuple[Role, ...]] = ("front", "back")
_SERVICE_PORT: Final = 80
_REPLICAS: Final = 2
_RESOURCES: Final = {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}
_HEALTH_PATH: Final = "/healthz"
_HOST_IP_VARIABLE: Final = "HOST_IP"
_ALB: Final = "alb.ingress.kubernetes.io"
_PLAIN_HTTP_ANNOTATION: Final = "xray-grafana/plain-http"
_PLAIN_HTTP: Final = "requests travel unencrypted; for more than a demo add a certificate-arn and listen on HTTPS 443"


def build_demo(config: Config) -> tuple[Artifact, ...]:
    """Manifests, the image's files, and how to build it where it goes to the account's own registry; empty without a demo section."""
    if config.kubernetes is None or config.demo is None:
        return ()
    names, demo = Names(config), config.demo
    ways: tuple[Artifact, ...] = ()
    image = demo.image
    if image is None:
        own = ecr_image(names, demo.sdk)
        image, ways = own.reference, build_ways(names, own)
    documents = {
        "namespace": _namespace(demo),
        **{f"{role}-deployment": _deployment(names, demo, role, image) for role in _ROLES},
        **{f"{role}-service": _service(demo, role) for role in _ROLES},
        "ingress": _ingress(config, demo),
    }
    manifests = tuple(Artifact(f"{FOLDER}/{name}.yaml", Format.YAML, document) for name, document in documents.items())
    return (kustomization(FOLDER, manifests), *manifests, *image_files(demo.sdk), *ways)


def _name(role: Role) -> str:
    """Of Deployment and Service, and what the service is called on the X-Ray map and in log lines."""
    return f"demo-{role}"


def _namespace(demo: Demo) -> Document:
    security: dict[str, str] = {}
    for mode in ("enforce", "warn", "audit"):
        security |= {f"pod-security.kubernetes.io/{mode}": "restricted", f"pod-security.kubernetes.io/{mode}-version": "latest"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata(demo.namespace, None, _COMPONENT, labels=security)}


def _deployment(names: Names, demo: Demo, role: Role, image: str) -> Document:
    component = _name(role)
    probe = {"httpGet": {"path": _HEALTH_PATH, "port": "http"}}
    container = {
        "name": "shop",
        "image": image,
        "env": _environment(names, demo, role),
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "readinessProbe": {**probe, "periodSeconds": 5},
        "livenessProbe": {**probe, "initialDelaySeconds": 10, "periodSeconds": 20},
        "resources": _RESOURCES,
        "securityContext": container_security_context(),
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - inside the container
    }
    pod = {
        "automountServiceAccountToken": False,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "securityContext": pod_security_context(USER_ID),
        "containers": [container],
        "volumes": [{"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(component, demo.namespace, component),
        "spec": {
            "replicas": _REPLICAS,
            "selector": {"matchLabels": selector(component)},
            "template": {"metadata": {"labels": labels(component)}, "spec": pod},
        },
    }


def _environment(names: Names, demo: Demo, role: Role) -> list[Document]:
    """A variable that another refers to stands before it: Kubernetes expands in order."""
    variables = [variable("DEMO_ROLE", role)]
    if role == "front":
        variables.append(variable("DEMO_BACK_URL", f"http://{_name('back')}"))
    address = names.agent_address
    if names.kubernetes.agent.routing == "host-port":
        variables.append(from_field(_HOST_IP_VARIABLE, "status.hostIP"))
        address = f"$({_HOST_IP_VARIABLE}):{contract.AGENT_PORT}"
    if demo.sdk == "xray":
        variables.append(variable(contract.DAEMON_ADDRESS_VARIABLE, address))
    else:
        host = address.rpartition(":")[0]
        variables.append(variable("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{host}:{contract.OTLP_HTTP_PORT}"))
    return [*variables, variable("AWS_REGION", names.config.aws.region)]


def _service(demo: Demo, role: Role) -> Document:
    component = _name(role)
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(component, demo.namespace, component),
        "spec": {
            "selector": selector(component),
            "ports": [{"name": "http", "port": _SERVICE_PORT, "protocol": "TCP", "targetPort": "http"}],
        },
    }


def _ingress(config: Config, demo: Demo) -> Document:
    annotations = {
        f"{_ALB}/scheme": "internet-facing" if demo.internet_facing else "internal",
        f"{_ALB}/target-type": "ip",
        f"{_ALB}/listen-ports": json.dumps([{"HTTP": _SERVICE_PORT}]),
        f"{_ALB}/healthcheck-path": _HEALTH_PATH,
        _PLAIN_HTTP_ANNOTATION: _PLAIN_HTTP,
        **({} if config.alb_logs is None else access_log_attributes(config.alb_logs)),
    }
    path = {
        "path": "/",
        "pathType": "Prefix",
        "backend": {"service": {"name": _name("front"), "port": {"name": "http"}}},
    }
    rule: Document = {"http": {"paths": [path]}}
    if demo.host is not None:
        rule = {"host": demo.host, **rule}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(_COMPONENT, demo.namespace, _name("front"), annotations=annotations),
        "spec": {"ingressClassName": "alb", "rules": [rule]},
    }
