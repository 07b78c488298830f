from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from tests.aws.deploys import IDENTITIES, deploy, identity_overrides
from tests.k8s.configs import VERSIONS
from tests.k8s.objects_of import kustomize, objects, write
from tests.k8s.pod_security import violations
from tests.k8s.rules import findings
from xray_grafana import contract
from xray_grafana.bundle.render import render
from xray_grafana.k8s.shipper import build_shipper

QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/alb-logs"


def shipper(*overrides: str, region: str = "eu-west-1") -> dict[str, dict[str, Any]]:
    """The shipper's documents by kind."""
    artifacts = build_shipper(deploy("alb_logs.consumer=deployment", *overrides, region=region))
    return {document["kind"]: document for document in objects(artifacts)}


def pod(*overrides: str) -> dict[str, Any]:
    spec: dict[str, Any] = shipper(*overrides)["Deployment"]["spec"]["template"]["spec"]
    return spec


def container(*overrides: str) -> dict[str, Any]:
    (found,) = pod(*overrides)["containers"]
    assert isinstance(found, dict)
    return found


def test_the_command_names_queue_and_loki() -> None:
    made = container()
    assert made["command"][:7] == ["xray-grafana", "alb", "work", "--queue", QUEUE_URL, "--loki", "http://loki.example.net:3100"]
    assert made["image"] == "111122223333.dkr.ecr.eu-west-1.amazonaws.com/xray-grafana:0.1.0"


def test_what_is_done_is_noted_where_the_next_container_of_the_pod_finds_it() -> None:
    assert container()["command"][7:] == ["--checkpoint", "/var/lib/xray-grafana/checkpoint.db"]
    (mount,) = container()["volumeMounts"]
    (volume,) = pod()["volumes"]
    assert mount == {"name": volume["name"], "mountPath": "/var/lib/xray-grafana"}
    assert volume["emptyDir"] == {"sizeLimit": "64Mi"}


def test_nothing_listens_unless_metrics_are_asked_for() -> None:
    made = shipper()
    assert "ports" not in container()
    assert "annotations" not in made["Deployment"]["spec"]["template"]["metadata"]
    assert made["NetworkPolicy"]["spec"]["ingress"] == []


def test_metrics_are_one_port_in_command_container_annotation_and_policy() -> None:
    made = shipper("alb_logs.metrics=true")
    assert container("alb_logs.metrics=true")["command"][9:] == ["--metrics", "0.0.0.0:9090"]
    assert container("alb_logs.metrics=true")["ports"] == [{"name": "metrics", "containerPort": 9090, "protocol": "TCP"}]
    assert made["Deployment"]["spec"]["template"]["metadata"]["annotations"] == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "9090",
        "prometheus.io/path": "/metrics",
    }
    assert made["NetworkPolicy"]["spec"]["ingress"] == [{"ports": [{"port": 9090, "protocol": "TCP"}]}]
    assert violations(made["Deployment"]["spec"]["template"]) == []
    assert findings(list(made.values())) == []


def test_the_services_behind_load_balancers_are_a_json_text() -> None:
    assert container("alb_logs.services.app/web=storefront", "alb_logs.services.app/api/50dc6c495c0c9188=api")["env"] == [
        {"name": "AWS_REGION", "value": "eu-west-1"},
        {"name": "AWS_DEFAULT_REGION", "value": "eu-west-1"},
        {"name": "ALB_SERVICES", "value": '{"app/api/50dc6c495c0c9188":"api","app/web":"storefront"}'},
    ]


def test_the_tag_that_names_services_is_a_variable_and_needs_no_more_of_the_network() -> None:
    assert container("alb_logs.service_tag=app.kubernetes.io/name")["env"] == [
        {"name": "AWS_REGION", "value": "eu-west-1"},
        {"name": "AWS_DEFAULT_REGION", "value": "eu-west-1"},
        {"name": "ALB_SERVICE_TAG", "value": "app.kubernetes.io/name"},
    ]
    assert egress("alb_logs.service_tag=service") == egress()


def test_another_time_of_a_line_is_a_variable() -> None:
    assert container("alb_logs.timestamp=time")["env"][2:] == [{"name": "ALB_TIMESTAMP", "value": "time"}]


def test_china_has_its_own_queue_address() -> None:
    (made,) = shipper(region="cn-north-1")["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/alb-logs" in made["command"]


def test_the_tenant_and_the_user_are_plain() -> None:
    made = container("logs.tenant=shop", "logs.basic_user=writer", "logs.basic_password=secret:loki/password")
    assert made["env"] == [
        {"name": "AWS_REGION", "value": "eu-west-1"},
        {"name": "AWS_DEFAULT_REGION", "value": "eu-west-1"},
        {"name": "LOKI_TENANT", "value": "shop"},
        {"name": "LOKI_USER", "value": "writer"},
        {"name": "LOKI_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "loki", "key": "password"}}},
    ]


@pytest.mark.parametrize("reference", ["$__env{LOKI_TOKEN}", "$__file{/run/secrets/loki}"])
def test_what_only_grafana_can_read_becomes_a_secret_of_the_shippers(reference: str) -> None:
    assert container(f"logs.bearer_token={reference}")["env"][2:] == [
        {"name": "LOKI_BEARER_TOKEN", "valueFrom": {"secretKeyRef": {"name": "alb-shipper-loki", "key": "bearer_token"}}},
    ]


def test_the_pod_passes_pod_security_restricted_and_has_no_token() -> None:
    made = shipper()
    assert violations(made["Deployment"]["spec"]["template"]) == []
    assert pod()["automountServiceAccountToken"] is False
    assert made["ServiceAccount"]["automountServiceAccountToken"] is False
    assert container()["securityContext"]["readOnlyRootFilesystem"] is True


def test_a_pod_has_time_to_end_a_request_to_a_slow_loki_and_a_limit_of_memory() -> None:
    assert pod()["terminationGracePeriodSeconds"] == 90
    assert container()["resources"] == {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}


def test_keda_alone_says_how_many_pods_there_are() -> None:
    made = shipper()
    assert "replicas" not in made["Deployment"]["spec"]
    scaled = made["ScaledObject"]["spec"]
    assert (scaled["scaleTargetRef"], scaled["minReplicaCount"], scaled["maxReplicaCount"]) == ({"name": "alb-shipper"}, 0, 4)
    (trigger,) = scaled["triggers"]
    assert trigger == {
        "type": "aws-sqs-queue",
        "metadata": {"queueURL": QUEUE_URL, "queueLength": "10", "awsRegion": "eu-west-1", "scaleOnInFlight": "true"},
        "authenticationRef": {"name": made["TriggerAuthentication"]["metadata"]["name"]},
    }
    assert made["TriggerAuthentication"]["spec"] == {"podIdentity": {"provider": "aws"}}


def test_irsa_annotates_the_service_account_and_other_identities_do_not() -> None:
    account = shipper()["ServiceAccount"]
    assert account["metadata"]["name"] == "alb-shipper"
    assert account["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/shop-alb-shipper"}
    for kind in ("pod-identity", "node-role"):
        assert "annotations" not in shipper(*identity_overrides(kind))["ServiceAccount"]["metadata"]


def egress(*overrides: str) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = shipper(*overrides)["NetworkPolicy"]["spec"]["egress"]
    return rules


def test_nobody_reaches_the_shipper_and_it_reaches_dns_aws_and_loki() -> None:
    policy = shipper()["NetworkPolicy"]["spec"]
    assert (policy["policyTypes"], policy["ingress"]) == (["Ingress", "Egress"], [])
    assert egress() == [
        {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]},
        {"ports": [{"protocol": "TCP", "port": 443}]},
        {"ports": [{"protocol": "TCP", "port": 3100}]},
    ]


@pytest.mark.parametrize(("url", "namespace"), [("http://loki-gateway.logging.svc", "logging"), ("http://loki:3100", "ops-monitoring-ns")])
def test_a_loki_behind_a_service_is_reached_at_whatever_port_its_pods_have(url: str, namespace: str) -> None:
    """A policy is about pods: the gateway's Service has port 80 before a container with 8080."""
    peer = {"namespaceSelector": {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": [namespace]}]}}
    assert egress(f"logs.url={url}")[-1] == {"to": [peer], "ports": [{"protocol": "TCP"}]}


@pytest.mark.parametrize(
    ("url", "port"), [("https://loki.example.net", 443), ("http://loki.example.net", 80), ("https://loki.example.net:8443/x", 8443)]
)
def test_lokis_port_follows_from_its_address(url: str, port: int) -> None:
    assert egress(f"logs.url={url}")[-1] == {"ports": [{"protocol": "TCP", "port": port}]}


@pytest.mark.parametrize(("kind", "address"), [("pod-identity", "169.254.170.23/32"), ("node-role", "169.254.169.254/32")])
def test_credentials_over_plain_http_come_from_one_address(kind: str, address: str) -> None:
    assert egress(*identity_overrides(kind))[2] == {
        "to": [{"ipBlock": {"cidr": address}}],
        "ports": [{"protocol": "TCP", "port": 80}],
    }


def test_nothing_is_wrong_between_the_objects() -> None:
    assert findings(list(shipper("logs.bearer_token=secret:loki/token").values())) == []


def test_a_selector_that_finds_no_pod_is_noticed() -> None:
    made = copy.deepcopy(shipper())
    made["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] = {"app.kubernetes.io/name": "shipper"}
    assert findings(list(made.values())) != []


def test_a_collectors_copies_of_the_shippers_lines_are_not_counted_beside_those_it_pushes_itself() -> None:
    labels = shipper()["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == "xray-alb-shipper"
    assert labels["app.kubernetes.io/name"] != contract.SHIPPER_SERVICE


def test_the_file_says_what_it_runs_and_which_secrets_it_needs() -> None:
    artifacts = build_shipper(deploy("alb_logs.consumer=deployment", "logs.bearer_token=secret:loki/token"))
    (text,) = [render(artifact).decode() for artifact in artifacts if artifact.path.endswith("/deployment.yaml")]
    assert "# Runs `xray-grafana alb work` of the image; KEDA sets the number of pods.\n" in text
    assert "# It needs the key token of the Secret loki in this namespace.\n" in text


@pytest.mark.parametrize("override", ["alb_logs.consumer=lambda", "alb_logs=null"])
def test_without_a_deployment_there_is_no_folder(override: str) -> None:
    assert build_shipper(deploy(override)) == ()


@pytest.mark.parametrize("kind", IDENTITIES)
def test_kustomize_builds_the_folder_into_its_namespace(kind: str, tmp_path: Path) -> None:
    write(build_shipper(deploy("alb_logs.consumer=deployment", *identity_overrides(kind))), tmp_path)
    built = {document["kind"]: document["metadata"]["namespace"] for document in kustomize(tmp_path / "k8s" / "alb-shipper")}
    kinds = ("ServiceAccount", "Deployment", "TriggerAuthentication", "ScaledObject", "NetworkPolicy")
    assert built == dict.fromkeys(kinds, "ops-monitoring-ns")


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_object_of_its_own(version: str) -> None:
    made = shipper("alb_logs.metrics=true", *identity_overrides("pod-identity"))
    for kind in ("ServiceAccount", "Deployment", "NetworkPolicy"):
        kubernetes_validate.validate(made[kind], version, strict=True)


def misspell_grace(deployment: dict[str, Any]) -> None:
    deployment["spec"]["template"]["spec"]["terminationGracePeriod"] = 60


def drop_selector(deployment: dict[str, Any]) -> None:
    del deployment["spec"]["selector"]


@pytest.mark.parametrize("plant", [misspell_grace, drop_selector])
def test_a_planted_mistake_is_not_taken(plant: Callable[[dict[str, Any]], None]) -> None:
    deployment = copy.deepcopy(shipper()["Deployment"])
    plant(deployment)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment, "1.33", strict=True)
