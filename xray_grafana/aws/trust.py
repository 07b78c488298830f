"""Who may take a role: trust policies for IRSA, EKS Pod Identity and Lambda.

IRSA names the ServiceAccount (`sub`) beside the audience (`aud`): with the audience alone, every pod of the cluster could take the role
(https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html).
Pod Identity gives the same names as session tags, which the trust policy asks for
(https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html).
"""

from __future__ import annotations

from typing import Final

from xray_grafana.aws.policies import policy
from xray_grafana.bundle.artifact import Document
from xray_grafana.config.deploy import IdentityKind
from xray_grafana.config.names import Names

_POD_IDENTITY_SERVICE: Final = "pods.eks.amazonaws.com"
_LAMBDA_SERVICE: Final = "lambda.amazonaws.com"


def irsa_trust(names: Names, namespace: str, service_account: str) -> Document:
    """Only pods with this ServiceAccount of the cluster, by the cluster's OIDC provider. Raises ValueError without a provider."""
    provider = names.oidc_provider
    subject = f"system:serviceaccount:{namespace}:{service_account}"
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"Federated": names.oidc_provider_arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{provider}:aud": "sts.amazonaws.com", f"{provider}:sub": subject}},
        }
    )


def pod_identity_trust(names: Names, namespace: str, service_account: str) -> Document:
    """Only pods with this ServiceAccount of the cluster, by the EKS Pod Identity agent."""
    tags = {"eks-cluster-arn": names.cluster_arn, "kubernetes-namespace": namespace, "kubernetes-service-account": service_account}
    return policy(
        {
            "Effect": "Allow",
            "Principal": {"Service": _POD_IDENTITY_SERVICE},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {"StringEquals": {f"aws:RequestTag/{tag}": value for tag, value in tags.items()}},
        }
    )


def lambda_trust() -> Document:
    """Lambda, for the functions that were given the role."""
    return policy({"Effect": "Allow", "Principal": {"Service": _LAMBDA_SERVICE}, "Action": "sts:AssumeRole"})


def pod_trust(names: Names, kind: IdentityKind, namespace: str, service_account: str) -> Document | None:
    """Who may take a pod's role; None where pods have their node's role, whose trust is not theirs."""
    match kind:
        case "irsa":
            return irsa_trust(names, namespace, service_account)
        case "pod-identity":
            return pod_identity_trust(names, namespace, service_account)
        case "node-role":
            return None
