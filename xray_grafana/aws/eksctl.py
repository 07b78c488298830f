"""A piece of an eksctl ClusterConfig that makes the roles and leaves every ServiceAccount to the bundle: two owners would undo each other.

Keys: https://eksctl.io/usage/schema/ (`roleOnly`, `attachPolicy`, `createServiceAccount`, `permissionPolicy`).
"""

from __future__ import annotations

from typing import Final

from xray_grafana.aws.roles import PodRole, cluster_roles
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.deploy import IdentityKind
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names

_ONE_OF_THREE: Final = "It makes the same roles as ../iam/apply.sh and ../iam/roles.yaml: use one of the three.\n"
_NOTES: Final[dict[IdentityKind, str]] = {
    "irsa": "eksctl utils associate-iam-oidc-provider --config-file cluster-config.yaml --approve\n"
    f"eksctl create iamserviceaccount --config-file cluster-config.yaml --approve\n{_ONE_OF_THREE}",
    "pod-identity": "eksctl create addon --config-file cluster-config.yaml\n"
    f"eksctl create podidentityassociation --config-file cluster-config.yaml\n{_ONE_OF_THREE}",
}


def build_eksctl(config: Config) -> tuple[Artifact, ...]:
    """The ClusterConfig; none without a cluster, or where pods have their node's role."""
    if config.kubernetes is None or config.kubernetes.identity.kind == "node-role":
        return ()
    roles = cluster_roles(config)
    document: Document = {
        "apiVersion": "eksctl.io/v1alpha5",
        "kind": "ClusterConfig",
        "metadata": {"name": Names(config).kubernetes.cluster, "region": config.aws.region},
    }
    if config.kubernetes.identity.kind == "irsa":
        document["iam"] = {"withOIDC": True, "serviceAccounts": [_service_account(role) for role in roles]}
    else:
        document["iam"] = {"podIdentityAssociations": [_association(role) for role in roles]}
        document["addons"] = [{"name": "eks-pod-identity-agent"}]
    return (Artifact("aws/eksctl/cluster-config.yaml", Format.YAML, document, _NOTES[config.kubernetes.identity.kind]),)


def _service_account(role: PodRole) -> Document:
    return {
        "metadata": {"name": role.service_account, "namespace": role.namespace},
        "roleName": role.name,
        "roleOnly": True,
        "attachPolicy": role.policy,
    }


def _association(role: PodRole) -> Document:
    return {
        "namespace": role.namespace,
        "serviceAccountName": role.service_account,
        "createServiceAccount": False,
        "roleName": role.name,
        "permissionPolicy": role.policy,
    }
