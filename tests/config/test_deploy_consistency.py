from __future__ import annotations

import pytest

from tests.config.mistakes import AWS, mistakes

ID = "0123456789ABCDEF0123456789ABCDEF"
OIDC = f"oidc.eks.eu-west-1.amazonaws.com/id/{ID}"
IRSA = f"cluster: shop, oidc_provider: {OIDC}"
NODES = "cluster: shop, identity: {kind: node-role, node_role: nodes}"
POD_IDENTITY = "cluster: shop, identity: {kind: pod-identity}"
LOGS = "logs: {url: 'http://loki'}\n"
ECR = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/xray-grafana:0.1.0"
KMS = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
NODE_SDK = "applications send to <service>.<namespace>, and the Node SDK refuses such names"
OWN = "a ServiceAccount of its own in its namespace"
LAMBDA_IMAGE = "an image of <account>.dkr.ecr.eu-west-1.amazonaws.com/…, because alb_logs.consumer is lambda"
LAMBDA_HINT = "Lambda takes images from ECR in its own region only"


def cluster(keys: str, *, aws: str = AWS) -> str:
    return f"{aws}kubernetes: {{{keys}}}\n"


def alb(keys: str = "", *, aws: str = AWS, rest: str = "") -> str:
    return f"{aws}{rest}alb_logs: {{bucket: shop-alb-logs{', ' if keys else ''}{keys}}}\n"


def demo(keys: str = "", *, agent: str = "") -> str:
    return cluster(f"{IRSA}, agent: {{{agent}}}") + f"demo: {{{keys}}}\n"


def services(count: int) -> str:
    """Entries such as `"app/balancer-000":"service-000000000000",`: 42 bytes, and 4 for quotes that a JSON text escapes."""
    return "services: {" + ", ".join(f"app/balancer-{number:03}: service-{number:012}" for number in range(count)) + "}"


def region(name: str) -> str:
    return AWS.replace("eu-west-1", name)


CASES = [
    pytest.param(cluster("cluster: shop"), [
        ("kubernetes.oidc_provider: got nothing — expected the cluster's OIDC provider, because kubernetes.identity.kind is irsa "
        "(aws eks describe-cluster shows it as cluster.identity.oidc.issuer)"),
    ], id="irsa without provider"),
    pytest.param(cluster(IRSA, aws=region("eu-west-2")), [
        (f"kubernetes.oidc_provider: got '{OIDC[:60]}…' (68 characters) — expected a provider that begins with "
        "oidc.eks.eu-west-2.amazonaws.com/, because aws.region is eu-west-2"),
    ], id="a provider of another region"),
    pytest.param(cluster(f"cluster: shop, oidc_provider: oidc.eks.cn-north-1.amazonaws.com/id/{ID}", aws=region("cn-north-1")), [
        ("kubernetes.oidc_provider: got 'oidc.eks.cn-north-1.amazonaws.com/id/0123456789ABCDEF0123456…' (69 characters) — expected "
        "a provider that begins with oidc.eks.cn-north-1.amazonaws.com.cn/, because aws.region is cn-north-1"),
    ], id="China's provider without its suffix"),
    pytest.param(cluster("cluster: shop, identity: {kind: node-role}"), [
        "kubernetes.identity.node_role: got nothing — expected the name of the nodes' role, because kubernetes.identity.kind is node-role",
    ], id="node role without role"),
    pytest.param(cluster("cluster: shop, identity: {kind: pod-identity, node_role: nodes}"), [
        ("kubernetes.identity.node_role: got a role — expected nothing, because kubernetes.identity.kind is pod-identity "
        "(node_role goes with kind: node-role)"),
    ], id="a role that nobody asks for"),
    pytest.param(cluster(f"{POD_IDENTITY}, fargate: true"), [
        ("kubernetes.identity.kind: got 'pod-identity' — expected irsa, because kubernetes.fargate is true "
        "(the Pod Identity agent does not run on Fargate)"),
    ], id="Pod Identity on Fargate"),
    pytest.param(cluster(f"{POD_IDENTITY}, grafana: {{form: operator}}"), [
        ("kubernetes.grafana.service_account: got 'grafana' — expected a name that ends in -sa, because kubernetes.grafana.form is "
        "operator (the operator calls the ServiceAccount of a Grafana object NAME-sa, and takes no other)"),
    ], id="the operator's ServiceAccount by another name"),
    pytest.param(cluster(f"{POD_IDENTITY}, grafana: {{form: operator, service_account: main-sa}}"), [], id="the operator's ServiceAccount"),
    pytest.param(cluster(f"{NODES}, grafana: {{form: operator}}"), [], id="the operator with the nodes' role"),
    pytest.param(cluster(f"{NODES}, fargate: true"), [
        ("kubernetes.identity.kind: got 'node-role' — expected irsa, because kubernetes.fargate is true "
        "(pods on Fargate have no node role)"),
    ], id="node role on Fargate"),
    pytest.param(cluster(f"{IRSA}, version: '1.33', agent: {{routing: prefer-same-node}}"), [
        ("kubernetes.agent.routing: got 'prefer-same-node' — expected local or host-port, because kubernetes.version is 1.33 "
        "(prefer-same-node needs Kubernetes 1.34)"),
    ], id="a routing newer than the cluster"),
    pytest.param(cluster(f"{IRSA}, agent: {{service: xray-udp}}"), [
        f"kubernetes.agent.service: got 'xray-udp' — expected a name without udp or tcp ({NODE_SDK})",
    ], id="a Service with udp in its name"),
    pytest.param(cluster(f"{IRSA}, namespace: tcplane"), [
        f"kubernetes.namespace: got 'tcplane' — expected a name without udp or tcp ({NODE_SDK})",
    ], id="a namespace with tcp in its name"),
    pytest.param(cluster(f"{IRSA}, agent: {{buffer_mb: 65}}"), [
        ("kubernetes.agent.memory_limit_mb: got 96 — expected at least 97, because buffer_mb is 65 "
        "(the daemon needs 32 MB beside its buffer)"),
    ], id="a buffer that leaves no memory"),
    pytest.param(cluster(f"{IRSA}, agent: {{indexed_attributes: [tenant], cluster_metadata: true}}"), [
        ("kubernetes.agent.indexed_attributes: got attributes — expected nothing, because kubernetes.agent.kind is daemon "
        "(indexed_attributes goes with kind: adot)"),
        ("kubernetes.agent.cluster_metadata: got true — expected nothing, because kubernetes.agent.kind is daemon "
        "(cluster_metadata goes with kind: adot)"),
    ], id="keys of the collector for the daemon"),
    pytest.param(cluster(f"{POD_IDENTITY}, agent: {{image: 'example.net:5000/xray:3.5.0'}}"), [
        ("kubernetes.agent.image: got 'example.net:5000/xray:3.5.0' — expected a daemon of 3.6.0 or newer, because "
        "kubernetes.identity.kind is pod-identity (an older daemon takes the node's role without a word)"),
    ], id="a daemon older than Pod Identity"),
    pytest.param(cluster(f"{IRSA}, agent: {{image: 'amazon/aws-xray-daemon:v3.1'}}"), [
        ("kubernetes.agent.image: got 'amazon/aws-xray-daemon:v3.1' — expected a daemon of 3.2.0 or newer, because "
        "kubernetes.identity.kind is irsa (an older daemon takes the node's role without a word)"),
    ], id="a daemon older than IRSA"),
    pytest.param(cluster(f"{NODES}, agent: {{image: 'amazon/aws-xray-daemon:2.1.3'}}"), [
        ("kubernetes.agent.image: got 'amazon/aws-xray-daemon:2.1.3' — expected a daemon of 3.0.0 or newer, because "
        "kubernetes.identity.kind is node-role (an older daemon has no TCP port 2000)"),
    ], id="a daemon of version 2"),
    pytest.param(cluster(f"{IRSA}, namespace: ops, agent: {{service_account: sa}}, grafana: {{namespace: ops, service_account: sa}}"), [
        f"kubernetes.grafana.service_account: got 'ops/sa' — expected {OWN} (kubernetes.agent.service_account has it already)",
    ], id="one ServiceAccount for two"),
    pytest.param(
        cluster(f"{IRSA}, agent: {{service_account: alb-shipper}}")
        + LOGS
        + f"alb_logs: {{bucket: shop-alb-logs, consumer: deployment, shipper_image: '{ECR}'}}\n",
        [
            f"kubernetes.agent.service_account: got 'ops-monitoring-ns/alb-shipper' — expected {OWN} (the log shipper has it already)",
        ],
        id="the shipper's ServiceAccount",
    ),
    pytest.param(cluster(f"{IRSA}, agent: {{allowed_namespaces: [a, a]}}"), [
        "kubernetes.agent.allowed_namespaces.1: got 'a' — expected each entry once (kubernetes.agent.allowed_namespaces.0 has it already)",
    ], id="a namespace twice"),
    pytest.param(cluster(f"{IRSA}, agent: {{kind: adot, indexed_attributes: [a, a]}}"), [
        "kubernetes.agent.indexed_attributes.1: got 'a' — expected each entry once (kubernetes.agent.indexed_attributes.0 has it already)",
    ], id="an attribute twice"),
    pytest.param(alb("key_prefix: alb/AWSLogs"), [
        "alb_logs.key_prefix: got 'alb/AWSLogs' — expected a prefix without AWSLogs (AWS puts AWSLogs/<account>/ behind it)",
    ], id="a prefix with AWSLogs"),
    pytest.param(alb("legacy_bucket_policy: true", aws=region("eu-south-2")), [
        ("alb_logs.legacy_bucket_policy: got true — expected false, because eu-south-2 has no load-balancer account "
        "(regions opened since August 2022 take the service alone)"),
    ], id="the older bucket policy in a newer region"),
    pytest.param(alb(f"queue_kms_key_arn: '{KMS.replace('eu-west-1', 'eu-west-2')}'"), [
        ("alb_logs.queue_kms_key_arn: got 'arn:aws:kms:eu-west-2:111122223333:key/1234abcd-12ab-34cd-56…' (75 characters) — expected "
        "an ARN that begins with arn:aws:kms:eu-west-1:111122223333:, where the queue is"),
    ], id="a key of another region"),
    pytest.param(alb(f"queue_kms_key_arn: '{KMS.replace('1111', '4444')}'"), [
        ("alb_logs.queue_kms_key_arn: got 'arn:aws:kms:eu-west-1:444422223333:key/1234abcd-12ab-34cd-56…' (75 characters) — expected "
        "an ARN that begins with arn:aws:kms:eu-west-1:111122223333:, where the queue is"),
    ], id="a key of another account"),
    pytest.param(alb(f"queue_kms_key_arn: '{KMS}'", aws=region("us-gov-west-1")), [
        ("alb_logs.queue_kms_key_arn: got 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56…' (75 characters) — expected "
        "an ARN that begins with arn:aws-us-gov:kms:us-gov-west-1:111122223333:, where the queue is"),
    ], id="a key of another partition"),
    pytest.param(alb(f"consumer: deployment, shipper_image: '{ECR}'", rest=LOGS), [
        "alb_logs.consumer: got 'deployment' — expected lambda, because there is no kubernetes section (kubernetes says where it runs)",
    ], id="a Deployment without cluster"),
    pytest.param(cluster(IRSA) + LOGS + "alb_logs: {bucket: shop-alb-logs, consumer: deployment}\n", [
        "alb_logs.shipper_image: got nothing — expected the shipper's image, because alb_logs.consumer is deployment",
    ], id="a Deployment without image"),
    pytest.param(alb(f"shipper_image: '{ECR}'"), [
        (f"alb_logs.shipper_image: got '{ECR[:60]}…' (63 characters) — expected nothing, because there is no logs section "
        "(logs says where Loki is)"),
    ], id="a shipper without Loki"),
    pytest.param(alb("shipper_image: 'public.ecr.aws/a/b:1'", rest=LOGS), [
        f"alb_logs.shipper_image: got 'public.ecr.aws/a/b:1' — expected {LAMBDA_IMAGE} ({LAMBDA_HINT})",
    ], id="a Lambda from a public registry"),
    pytest.param(alb("shipper_image: '111122223333.dkr.ecr.eu-west-2.amazonaws.com/a:1'", rest=LOGS), [
        f"alb_logs.shipper_image: got '111122223333.dkr.ecr.eu-west-2.amazonaws.com/a:1' — expected {LAMBDA_IMAGE} ({LAMBDA_HINT})",
    ], id="a Lambda from another region's registry"),
    pytest.param(alb(services(67)), [
        ("alb_logs.services: got 67 entries of 3085 bytes — expected at most 3072 bytes, because alb_logs.consumer is lambda, whose "
        "environment holds 4 KB (leave out what is called by its load balancer's name, or let a deployment ship)"),
    ], id="more services than the environment of a function holds"),
    pytest.param(alb("metrics: true"), [
        ("alb_logs.metrics: got true — expected false, because alb_logs.consumer is lambda "
        "(a function has no port; its lines in Loki have the same counts)"),
    ], id="metrics of a function"),
    pytest.param(AWS + "demo: {}\n", [
        "demo: got a section — expected nothing, because there is no kubernetes section (kubernetes says where it runs)",
    ], id="a demo without cluster"),
    pytest.param(demo("sdk: opentelemetry"), [
        ("demo.sdk: got 'opentelemetry' — expected xray, because kubernetes.agent.kind is daemon "
        "(the daemon takes no OTLP; kind: adot does)"),
    ], id="OpenTelemetry and the daemon"),
    pytest.param(demo("namespace: ops-monitoring-ns"), [
        ("demo.namespace: got 'ops-monitoring-ns' — expected another namespace than kubernetes.namespace "
        "(the demo makes and removes its own)"),
    ], id="the demo in the agent's namespace"),
    pytest.param(demo("namespace: grafana"), [
        "demo.namespace: got 'grafana' — expected another namespace than kubernetes.grafana.namespace (the demo makes and removes its own)",
    ], id="the demo in Grafana's namespace"),
    pytest.param(demo(agent="allowed_namespaces: [shop]"), [
        "demo.namespace: got 'demo' — expected an entry of kubernetes.agent.allowed_namespaces (the agent takes no traces from others)",
    ], id="a demo that the agent does not hear"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_contradiction_is_one_mistake_with_its_reason(text: str, expected: list[str]) -> None:
    assert [line.partition(" ")[2] for line in mistakes(text)] == expected


def test_a_mistake_stands_at_the_key_to_change_or_where_its_section_begins() -> None:
    assert [line.partition(" ")[0] for line in mistakes(cluster("cluster: shop, agent: {service: tcp}"))] == ["b.yaml:2:13", "b.yaml:2:46"]


CN = region("cn-north-1")
GOV = region("us-gov-west-1")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(cluster(IRSA), id="irsa"),
        pytest.param(cluster(NODES), id="node role"),
        pytest.param(cluster(POD_IDENTITY), id="Pod Identity"),
        pytest.param(cluster(f"{IRSA}, fargate: true"), id="irsa on Fargate"),
        pytest.param(cluster(f"cluster: shop, oidc_provider: oidc.eks.cn-north-1.amazonaws.com.cn/id/{ID}", aws=CN), id="irsa in China"),
        pytest.param(
            cluster(f"cluster: shop, oidc_provider: oidc.eks.us-gov-west-1.amazonaws.com/id/{ID}", aws=GOV), id="irsa in GovCloud"
        ),
        pytest.param(cluster(f"{IRSA}, version: '1.34', agent: {{routing: prefer-same-node}}"), id="a routing that the cluster has"),
        pytest.param(cluster(f"{IRSA}, agent: {{routing: host-port}}"), id="host port"),
        pytest.param(cluster(f"{IRSA}, agent: {{buffer_mb: 64, memory_limit_mb: 96}}"), id="just enough memory"),
        pytest.param(
            cluster(f"{IRSA}, agent: {{kind: adot, buffer_mb: 90, indexed_attributes: [tenant]}}"), id="the collector has no buffer"
        ),
        pytest.param(cluster(f"{IRSA}, agent: {{kind: adot, cluster_metadata: true}}"), id="the collector with metadata"),
        pytest.param(cluster(f"{POD_IDENTITY}, agent: {{image: 'example.net/xray:3.6.0'}}"), id="the first daemon with Pod Identity"),
        pytest.param(cluster(f"{POD_IDENTITY}, agent: {{image: 'example.net/xray:3.10.0'}}"), id="ten is more than six"),
        pytest.param(cluster(f"{IRSA}, agent: {{image: 'example.net/xray:3.2.0'}}"), id="the first daemon with IRSA"),
        pytest.param(cluster(f"{NODES}, agent: {{image: 'example.net/xray:3.0.0'}}"), id="the first daemon of version 3"),
        pytest.param(cluster(f"{POD_IDENTITY}, agent: {{image: 'example.net/xray:3.x'}}"), id="a tag that is no version"),
        pytest.param(cluster(f"{POD_IDENTITY}, agent: {{image: 'example.net/xray@sha256:{'0' * 64}'}}"), id="a digest"),
        pytest.param(cluster(f"{POD_IDENTITY}, agent: {{kind: adot, image: 'example.net/adot:v0.49.0'}}"), id="the collector's version"),
        pytest.param(cluster(f"{IRSA}, grafana: {{namespace: ops-monitoring-ns}}"), id="Grafana beside the agent"),
        pytest.param(cluster(f"{IRSA}, agent: {{service_account: grafana}}"), id="one ServiceAccount name in two namespaces"),
        pytest.param(cluster(f"{IRSA}, agent: {{service_account: alb-shipper}}"), id="the shipper's ServiceAccount without shipper"),
        pytest.param(alb(), id="a pipeline without shipper"),
        pytest.param(alb("key_prefix: alb/prod, legacy_bucket_policy: true"), id="the older bucket policy"),
        pytest.param(alb(f"queue_kms_key_arn: '{KMS}'"), id="a key of the region"),
        pytest.param(
            alb(f"queue_kms_key_arn: '{KMS.replace('aws', 'aws-cn').replace('eu-west-1', 'cn-north-1')}'", aws=CN), id="China's key"
        ),
        pytest.param(alb(f"shipper_image: '{ECR}'", rest=LOGS), id="a Lambda"),
        pytest.param(alb(f"shipper_image: '{ECR.replace('1111', '4444')}'", rest=LOGS), id="a Lambda from another account's registry"),
        pytest.param(
            alb("shipper_image: '111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/a:1'", aws=CN, rest=LOGS), id="a Lambda in China"
        ),
        pytest.param(
            cluster(IRSA) + LOGS + "alb_logs: {bucket: shop-alb-logs, consumer: deployment, shipper_image: 'ghcr.io/a/b:1'}\n",
            id="a Deployment from any registry",
        ),
        pytest.param(alb(services(66)), id="as many services as the environment of a function holds"),
        pytest.param(
            cluster(IRSA)
            + LOGS
            + f"alb_logs: {{bucket: abc, consumer: deployment, shipper_image: 'a:1', metrics: true, {services(500)}}}\n",
            id="more services and metrics of a Deployment",
        ),
        pytest.param(demo(), id="the demo"),
        pytest.param(demo("sdk: opentelemetry", agent="kind: adot"), id="OpenTelemetry and the collector"),
        pytest.param(demo(agent="allowed_namespaces: [shop, demo]"), id="a demo that the agent hears"),
    ],
)
def test_what_does_not_contradict_passes(text: str) -> None:
    assert mistakes(text) == []


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        pytest.param(cluster("cluster: shop, identity: {kind: irsas}"), ["kubernetes.identity.kind"], id="identity unknown"),
        pytest.param(cluster(f"{IRSA}, version: 1.40, agent: {{routing: prefer-same-node}}"), ["kubernetes.version"], id="version"),
        pytest.param(AWS + "kubernetes: 7\ndemo: {}\n", ["kubernetes"], id="kubernetes"),
        pytest.param(
            cluster(f"{IRSA}, agent: {{buffer_mb: lots, memory_limit_mb: true}}"),
            ["kubernetes.agent.buffer_mb", "kubernetes.agent.memory_limit_mb"],
            id="sizes",
        ),
        pytest.param(
            alb("queue_kms_key_arn: alias/x, shipper_image: x"), ["alb_logs.queue_kms_key_arn", "alb_logs.shipper_image"], id="alb"
        ),
        pytest.param(alb("services: {app/web: 7}, metrics: maybe"), ["alb_logs.services.app/web", "alb_logs.metrics"], id="services"),
        pytest.param(cluster(IRSA, aws="aws: {account: '111122223333', region: x}\n"), ["aws.region"], id="no region to compare with"),
        pytest.param(
            demo("namespace: Demo", agent="allowed_namespaces: 7"), ["kubernetes.agent.allowed_namespaces", "demo.namespace"], id="demo"
        ),
    ],
)
def test_a_malformed_value_is_reported_once_and_takes_part_in_no_rule(text: str, keys: list[str]) -> None:
    assert [line.partition(": got ")[0].partition(" ")[2] for line in mistakes(text)] == keys
