"""The roles of the bundle: what each may do, who may take it, and which pods it is for."""

from __future__ import annotations

from dataclasses import dataclass

from xray_grafana.aws.policies import agent_policy, grafana_policy, shipper_policy
from xray_grafana.aws.trust import lambda_trust, pod_trust
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.deploy import IdentityKind
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names


@dataclass(frozen=True, slots=True)
class PodRole:
    """The role of the pods of one ServiceAccount; `trust` is None where they have their node's role instead.

    `part` names the role's files, `name` the role, and its policy, wherever that is put.
    """

    part: str
    name: str
    namespace: str
    service_account: str
    policy: Document
    trust: Document | None


def cluster_roles(config: Config) -> tuple[PodRole, ...]:
    """The roles of the agent and of Grafana, which the cluster always needs."""
    names = Names(config)
    kubernetes = names.kubernetes
    return (
        _pod_role(names, "agent", names.agent_role, kubernetes.namespace, kubernetes.agent.service_account, agent_policy()),
        _pod_role(
            names, "grafana", names.grafana_role, kubernetes.grafana.namespace, kubernetes.grafana.service_account, grafana_policy(config)
        ),
    )


def shipper_pod_role(config: Config) -> PodRole:
    """The role of the log shipper, where it runs as a Deployment."""
    names = Names(config)
    return _pod_role(
        names, "shipper", names.shipper_role, names.kubernetes.namespace, names.shipper_service_account, shipper_policy(config)
    )


def _pod_role(names: Names, part: str, name: str, namespace: str, service_account: str, policy: Document) -> PodRole:
    kind: IdentityKind = names.kubernetes.identity.kind
    return PodRole(part, name, namespace, service_account, policy, pod_trust(names, kind, namespace, service_account))


def build_trust(config: Config) -> tuple[Artifact, ...]:
    """The trust policies of the roles that this bundle makes."""
    trusts: dict[str, Document | None] = {}
    if config.kubernetes is not None:
        trusts |= {role.part: role.trust for role in cluster_roles(config)}
    if config.alb_logs is not None and config.alb_logs.shipper_image is not None:
        by_lambda = config.alb_logs.consumer == "lambda"
        trusts["shipper"] = lambda_trust() if by_lambda else shipper_pod_role(config).trust
    return tuple(Artifact(f"aws/iam/trust-{part}.json", Format.JSON, document) for part, document in trusts.items() if document is not None)
