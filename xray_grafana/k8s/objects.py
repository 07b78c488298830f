"""What every Kubernetes object of the bundle has in common: metadata, the restricted security context, a folder's kustomization."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

from xray_grafana import contract
from xray_grafana.bundle.artifact import Artifact, Document, Format

# Kubernetes recommended labels: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
NAME_LABEL: Final = "app.kubernetes.io/name"
COMPONENT_LABEL: Final = "app.kubernetes.io/component"
MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
# On the pod template: a changed config then makes new pods, which the change of a ConfigMap alone does not.
CHECKSUM_ANNOTATION: Final = "checksum/config"
# IAM roles for service accounts: https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
ROLE_ANNOTATION: Final = "eks.amazonaws.com/role-arn"
# Log collectors name a pod's stream after its name label (Loki, discover_service_name), and boards ask for this one. Not so the shipper's:
# it pushes its lines itself, and a collector's copies under the same name would be counted twice.
_LOG_STREAMS: Final = {"agent": contract.AGENT_SERVICE}


def selector(component: str) -> dict[str, str]:
    """The labels by which a component's pods are found: selectors of a workload cannot be changed later, so they are few."""
    return {NAME_LABEL: _LOG_STREAMS.get(component, f"xray-{component}")}


def labels(component: str) -> dict[str, str]:
    """The labels of everything that belongs to a component, such as `agent`."""
    return {
        **selector(component),
        COMPONENT_LABEL: component,
        contract.PART_OF_LABEL: contract.PART_OF,
        MANAGED_BY_LABEL: contract.PART_OF,
    }


# The keyword is named as the key it fills, and shadows the function inside this one only.
def metadata(
    name: str,
    namespace: str | None,
    component: str,
    *,
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Document:
    """An object's metadata; `namespace` is None for what belongs to the whole cluster, `labels` come on top of the component's."""
    document: Document = {"name": name}
    if namespace is not None:
        document["namespace"] = namespace
    document["labels"] = {**_labels(component), **(labels or {})}
    if annotations:
        document["annotations"] = dict(annotations)
    return document


_labels = labels


def pod_security_context(user_id: int) -> Document:
    """The pod's half of Pod Security "restricted", with the user by number: kubelet refuses `runAsNonRoot` for a user it knows by name."""
    return {"runAsNonRoot": True, "runAsUser": user_id, "runAsGroup": user_id, "seccompProfile": {"type": "RuntimeDefault"}}


def container_security_context() -> Document:
    """The container's half of Pod Security "restricted", and a root file system that cannot be written."""
    return {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}


def checksum(text: str) -> str:
    """The SHA-256 of a config as hexadecimal digits, for CHECKSUM_ANNOTATION."""
    return sha256(text.encode()).hexdigest()


def kustomization(folder: str, artifacts: Iterable[Artifact]) -> Artifact:
    """`kustomization.yaml` of a folder: the artifacts that lie right in it, in their order."""
    names = [artifact.path.rpartition("/")[2] for artifact in artifacts if artifact.path.rpartition("/")[0] == folder]
    document = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": names}
    return Artifact(f"{folder}/kustomization.yaml", Format.YAML, document)
