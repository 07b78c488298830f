"""Names that follow from a config and that more than one artifact must agree on: addresses, roles, ARNs, URLs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from xray_grafana import contract
from xray_grafana.config.deploy import AlbLogs, Kubernetes
from xray_grafana.config.models import Config
from xray_grafana.config.partition import dns_suffix, partition


@dataclass(frozen=True)
class Names:
    """Everything derived from the sections on Kubernetes and ALB logs. Asking for what a config has no section for raises ValueError."""

    config: Config

    @cached_property
    def kubernetes(self) -> Kubernetes:
        """The Kubernetes section."""
        if self.config.kubernetes is None:
            raise ValueError("the config has no kubernetes section")
        return self.config.kubernetes

    @cached_property
    def alb_logs(self) -> AlbLogs:
        """The section on ALB logs."""
        if self.config.alb_logs is None:
            raise ValueError("the config has no alb_logs section")
        return self.config.alb_logs

    @property
    def partition(self) -> str:
        """aws, aws-cn or aws-us-gov."""
        return partition(self.config.aws.region)

    @property
    def dns_suffix(self) -> str:
        """amazonaws.com, or China's own."""
        return dns_suffix(self.config.aws.region)

    @property
    def agent_address(self) -> str:
        """What AWS_XRAY_DAEMON_ADDRESS is set to: host:port. Without `.svc.cluster.local`: the cluster's domain does not matter."""
        return f"{self.kubernetes.agent.service}.{self.kubernetes.namespace}:{contract.AGENT_PORT}"

    @property
    def agent_config_map(self) -> str:
        """ConfigMap with the collector's config."""
        return f"{self.kubernetes.agent.service}-config"

    @property
    def agent_priority_class(self) -> str:
        """PriorityClass of the agent; it belongs to the whole cluster, so the namespace is part of its name."""
        return f"{self.kubernetes.namespace}-{self.kubernetes.agent.service}"

    @property
    def agent_cluster_role(self) -> str:
        """ClusterRole and ClusterRoleBinding of the collector; they too belong to the whole cluster."""
        return self.agent_priority_class

    @property
    def agent_role(self) -> str:
        """Role of the agent."""
        return self._role("xray-agent")

    @property
    def grafana_role(self) -> str:
        """Role of Grafana."""
        return self._role("grafana-xray")

    @property
    def shipper_role(self) -> str:
        """Role of the log shipper."""
        return self._role("alb-shipper")

    def _role(self, purpose: str) -> str:
        """At most 64 characters, IAM's limit for role names."""
        cluster = self.kubernetes.cluster if self.config.kubernetes is not None else self.config.prefix
        return f"{cluster[: 63 - len(purpose)]}-{purpose}"

    def role_arn(self, name: str) -> str:
        """The ARN of a role of the account."""
        return f"arn:{self.partition}:iam::{self.config.aws.account}:role/{name}"

    @property
    def cluster_arn(self) -> str:
        """The EKS cluster, as Pod Identity names it in session tags."""
        return f"arn:{self.partition}:eks:{self.config.aws.region}:{self.config.aws.account}:cluster/{self.kubernetes.cluster}"

    @property
    def oidc_provider(self) -> str:
        """The cluster's OIDC provider without https://, which IRSA needs."""
        if self.kubernetes.oidc_provider is None:
            raise ValueError("the config has no kubernetes.oidc_provider")
        return self.kubernetes.oidc_provider

    @property
    def oidc_provider_arn(self) -> str:
        """The OIDC provider as IAM knows it."""
        return f"arn:{self.partition}:iam::{self.config.aws.account}:oidc-provider/{self.oidc_provider}"

    @property
    def node_role(self) -> str:
        """The nodes' own role."""
        if self.kubernetes.identity.node_role is None:
            raise ValueError("the config has no kubernetes.identity.node_role")
        return self.kubernetes.identity.node_role

    @property
    def shipper_function(self) -> str:
        """The Lambda function that runs the log shipper; at most 64 characters, Lambda's limit too."""
        return self.shipper_role

    @property
    def shipper_log_group(self) -> str:
        """Where Lambda writes the shipper's own lines."""
        return f"/aws/lambda/{self.shipper_function}"

    @property
    def shipper_service_account(self) -> str:
        """ServiceAccount of the log shipper."""
        return contract.SHIPPER_SERVICE_ACCOUNT

    @property
    def bucket_arn(self) -> str:
        """The bucket of access logs."""
        return f"arn:{self.partition}:s3:::{self.alb_logs.bucket}"

    @property
    def log_objects_arn(self) -> str:
        """Every object that load balancers of the account write."""
        prefix = f"{self.alb_logs.key_prefix}/" if self.alb_logs.key_prefix else ""
        return f"{self.bucket_arn}/{prefix}AWSLogs/{self.config.aws.account}/*"

    @property
    def log_key_prefix(self) -> str:
        """The key prefix that S3 tells the queue about."""
        prefix = f"{self.alb_logs.key_prefix}/" if self.alb_logs.key_prefix else ""
        return f"{prefix}AWSLogs/{self.config.aws.account}/"

    @property
    def queue_arn(self) -> str:
        """The queue of new log objects."""
        return f"arn:{self.partition}:sqs:{self.config.aws.region}:{self.config.aws.account}:{self.alb_logs.queue}"

    @property
    def queue_url(self) -> str:
        """The queue's address."""
        return f"https://sqs.{self.config.aws.region}.{self.dns_suffix}/{self.config.aws.account}/{self.alb_logs.queue}"

    @property
    def dead_letter_queue(self) -> str:
        """Name of the queue for objects that could not be shipped."""
        return f"{self.alb_logs.queue}-dead"

    @property
    def dead_letter_queue_arn(self) -> str:
        """That queue for policies."""
        return f"{self.queue_arn}-dead"

    @property
    def registry(self) -> str:
        """The account's own image registry (ECR)."""
        return f"{self.config.aws.account}.dkr.ecr.{self.config.aws.region}.{self.dns_suffix}"
