"""The config sections for Kubernetes, identity, the ALB log pipeline and the demo; a bundle without them has no such part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from xray_grafana.config.types import Form
from xray_grafana.config.types import ServiceName as XRayServiceName
from xray_grafana.contract import LineTimestamp

# RFC 1123 label: what Kubernetes takes for namespaces, Services and ServiceAccounts.
K8sName = Annotated[str, Form("a Kubernetes name: 1 to 63 lower-case letters, digits or -", r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")]
# RFC 1035 label: Services, alone, may not begin with a digit.
ServiceName = Annotated[
    str, Form("a Service name: 1 to 63 lower-case letters, digits or -, beginning with a letter", r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
]
# EKS CreateCluster: 1 to 100 letters, digits, - or _.
ClusterName = Annotated[str, Form("an EKS cluster name: 1 to 100 letters, digits, - or _", r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")]
OidcProvider = Annotated[
    str,
    Form(
        "the cluster's OIDC provider such as oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF",
        r"oidc\.eks\.[a-z0-9-]{1,30}\.amazonaws\.com(\.cn)?/id/[0-9A-F]{32}",
        hint="without https://; aws eks describe-cluster shows it as cluster.identity.oidc.issuer",
    ),
]
RoleName = Annotated[str, Form("an IAM role name: 1 to 64 letters, digits or + = , . @ _ -", r"[A-Za-z0-9+=,.@_-]{1,64}")]
Image = Annotated[
    str,
    Form(
        "an image with a tag or digest, such as registry.example.net/xray/aws-xray-daemon:3.6.6",
        r"(?!.*:latest$)[a-z0-9][a-z0-9._/:-]{0,200}(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}|@sha256:[0-9a-f]{64})",
        hint="latest is no pin",
    ),
]
BucketName = Annotated[
    str, Form("an S3 bucket name: 3 to 63 lower-case letters, digits, . or -", r"(?!xn--|.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
]
KeyPrefix = Annotated[
    str,
    Form(
        "a key prefix without / at its ends, such as alb/prod",
        r"(?!.*//)[A-Za-z0-9!_.*'()-]([A-Za-z0-9!_.*'()/-]{0,198}[A-Za-z0-9!_.*'()-])?",
    ),
]
KmsKeyArn = Annotated[
    str,
    Form(
        "a KMS key ARN such as arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        r"arn:aws(-cn|-us-gov)?:kms:[a-z0-9-]{1,30}:[0-9]{12}:key/[0-9a-f-]{36}",
    ),
]
HostName = Annotated[
    str,
    Form(
        "a host name such as demo.example.net",
        r"(?=.{1,253}$)(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+",
    ),
]
# SQS takes 80 characters; the dead-letter queue needs five of them for its ending.
QueueName = Annotated[str, Form("an SQS queue name: 1 to 75 letters, digits, - or _", r"[A-Za-z0-9_-]{1,75}")]
# As ARNs name them: up to 32 letters, digits and dashes, none at the ends, and AWS's own 16 hexadecimal digits
# (CreateLoadBalancer, CreateTargetGroup).
BalancerName = Annotated[
    str,
    Form(
        "a load balancer or target group: app/NAME, net/NAME or targetgroup/NAME, or with its id app/NAME/0123456789abcdef",
        r"(app|net|targetgroup)/[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?(/[0-9a-f]{16})?",
        hint="as its ARN ends, with or without the id",
    ),
]
# AWS's rule: letters (of any script), digits, blanks and _ . : / = + - @ (ELB API Reference, Tag).
TagKey = Annotated[
    str,
    Form(
        "an AWS tag key: 1 to 128 letters, digits, blanks or _ . : / = + - @",
        r"(?!\s*$)[^\x00-\x1f\x7f-\x9f\u2028\u2029!\"#$%&'()*,;<>?\[\\\]\^`{|}~]{1,128}",
    ),
]
# Annotation keys of X-Ray and resource attributes of OpenTelemetry.
AttributeName = Annotated[str, Form("an attribute name such as order.total", r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")]

AgentKind = Literal["daemon", "adot"]
Routing = Literal["local", "prefer-same-node", "host-port"]
IdentityKind = Literal["irsa", "pod-identity", "node-role"]
GrafanaForm = Literal["helm", "sidecar", "operator", "kustomize"]
KubernetesVersion = Literal["1.29", "1.30", "1.31", "1.32", "1.33", "1.34", "1.35", "1.36", "1.37"]
Consumer = Literal["lambda", "deployment"]
Sdk = Literal["xray", "opentelemetry"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Agent(_Model):
    """What takes trace data from applications and hands it to X-Ray: one pod on each node, behind one Service."""

    kind: AgentKind = Field(
        default="daemon",
        description="daemon: AWS's X-Ray daemon, in maintenance mode since 2026-02-25. adot: the AWS OpenTelemetry collector.",
    )
    service: ServiceName = Field(
        default="aws-xray", description="Name of the Service; applications send to <service>.<namespace>:2000 whatever the kind."
    )
    service_account: K8sName = Field(default="aws-xray", description="Name of the agent's ServiceAccount.")
    routing: Routing = Field(
        default="local",
        description="local: only the pod on the same node answers. prefer-same-node: others as a fallback (Kubernetes 1.34+). "
        "host-port: the node's own port 2000, for clusters that need it; fails Pod Security baseline.",
    )
    image: Image | None = Field(default=None, description="The image from a registry of your own; the public one, pinned, when left out.")
    log_level: Literal["dev", "debug", "info", "warn", "error"] = Field(default="info", description="How much the agent logs.")
    buffer_mb: int = Field(
        default=24, ge=3, le=1024, description="Memory for segments that wait to be sent; the daemon would take 1 % of the node."
    )
    memory_limit_mb: int = Field(
        default=96,
        ge=32,
        le=4096,
        description="Memory limit of the container; the daemon needs 32 MB beside its buffer, the collector gets 256 MB at least.",
    )
    cpu_request_millicores: int = Field(default=50, ge=10, le=4000, description="CPU the container asks for; it has no CPU limit.")
    priority_class: bool = Field(
        default=False, description="True adds a PriorityClass of its own, so that the agent is not the first to go."
    )
    allowed_namespaces: tuple[K8sName, ...] = Field(default=(), description="Namespaces that may send trace data; empty means every one.")
    indexed_attributes: tuple[AttributeName, ...] = Field(
        default=(), description="adot only: attributes that become annotations, which alone can be searched for."
    )
    cluster_metadata: bool = Field(
        default=False, description="adot only: adds pod and cluster names to traces; the agent then gets an API token and may read pods."
    )


class Identity(_Model):
    """How pods get their AWS roles."""

    kind: IdentityKind = Field(
        default="irsa",
        description="irsa: by the cluster's OIDC provider. pod-identity: by the EKS agent on the node, not on Fargate. "
        "node-role: the node's own.",
    )
    node_role: RoleName | None = Field(
        default=None, description="node-role only: the role of the nodes, to which the policies are attached."
    )


class GrafanaOnKubernetes(_Model):
    """How Grafana on the cluster gets the bundle."""

    form: GrafanaForm = Field(
        default="helm",
        description="helm: values for the grafana chart. sidecar: ConfigMaps for its sidecars. operator: objects of the Grafana operator. "
        "kustomize: plain ConfigMaps to mount.",
    )
    namespace: K8sName = Field(default="grafana", description="Where Grafana runs.")
    service_account: K8sName = Field(default="grafana", description="Grafana's ServiceAccount, which gets the role that reads X-Ray.")
    instance_label: K8sName = Field(
        default="grafana", description="operator only: value of the label `dashboards` that the Grafana object has."
    )


class Kubernetes(_Model):
    """The cluster that services run on."""

    cluster: ClusterName = Field(description="Name of the EKS cluster.")
    version: KubernetesVersion = Field(default="1.33", description="Version of the cluster.")
    namespace: K8sName = Field(default="ops-monitoring-ns", description="Where the agent and the log shipper run.")
    create_namespace: bool = Field(default=True, description="Whether the bundle makes that namespace, with Pod Security labels.")
    fargate: bool = Field(default=False, description="True when pods run on Fargate, where no DaemonSet runs: they need the sidecar.")
    oidc_provider: OidcProvider | None = Field(default=None, description="The cluster's OIDC provider; needed for identity.kind: irsa.")
    agent: Agent = Agent()
    identity: Identity = Identity()
    grafana: GrafanaOnKubernetes = GrafanaOnKubernetes()


class AlbLogs(_Model):
    """The way of access logs from load balancers to Loki: S3, a queue, and the shipper."""

    bucket: BucketName = Field(description="The bucket that load balancers write to; in their region.")
    create_bucket: bool = Field(default=True, description="Whether the CloudFormation template makes the bucket, or it is there already.")
    key_prefix: KeyPrefix | None = Field(default=None, description="Key prefix of the logs; AWS adds AWSLogs/<account>/… behind it.")
    queue: QueueName = Field(default="alb-logs", description="Name of the queue; its dead-letter queue gets -dead behind it.")
    queue_kms_key_arn: KmsKeyArn | None = Field(
        default=None, description="Customer key for the queue; S3 must be allowed to use it. Never for the bucket."
    )
    legacy_bucket_policy: bool = Field(
        default=False,
        description="True names the load-balancer account of the region instead of the service; only for regions of before August 2022.",
    )
    consumer: Consumer = Field(default="lambda", description="What runs the shipper: a Lambda function, or a Deployment scaled by KEDA.")
    shipper_image: Image | None = Field(
        default=None, description="Image of the shipper: in ECR of the same region for lambda, in any registry for deployment."
    )
    services: Mapping[BalancerName, XRayServiceName] = Field(
        default={},
        description="The service behind a load balancer or target group, as the X-Ray map names it: the service_name of its lines. "
        "A target group goes before its load balancer, a name with id before one without; else the load balancer's own name.",
    )
    service_tag: TagKey | None = Field(
        default=None,
        description="Key of an AWS tag whose value is the service, where services names neither the target group nor the load balancer: "
        "the target group's tag, else the load balancer's. The shipper may then read their tags.",
    )
    timestamp: LineTimestamp | None = Field(
        default=None,
        description="Which time of an access-log line is its time in Loki: time is when the answer left; request_creation_time, when the "
        "request came, is what the shipper takes when left out.",
    )
    metrics: bool = Field(
        default=False, description="deployment only: True opens port 9090 of the pods, where Prometheus finds the shipper's counters."
    )
    ingress_group: K8sName | None = Field(default=None, description="IngressGroup of the load balancer, where several Ingresses share one.")
    retention_days: int = Field(default=30, ge=1, le=3650, description="After how many days log objects are deleted.")

    def __hash__(self) -> int:
        # Of all fields pydantic would make one; a mapping has none.
        return hash((self.bucket, self.queue, frozenset(self.services.items())))


class Demo(_Model):
    """Two small services with traces, failures and log lines to try everything with."""

    sdk: Sdk = Field(default="xray", description="What the demo is instrumented with; opentelemetry needs agent.kind: adot.")
    namespace: K8sName = Field(default="demo", description="Where the demo runs: a namespace of its own, which the bundle makes.")
    image: Image | None = Field(default=None, description="The built image in your registry; the account's ECR when left out.")
    host: HostName | None = Field(default=None, description="Host name of its Ingress; any when left out.")
    internet_facing: bool = Field(default=False, description="True makes its load balancer reachable from the internet, by plain HTTP.")
