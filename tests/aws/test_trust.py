from __future__ import annotations

from typing import Any

import pytest

from tests.aws.deploys import build, deploy, document, identity_overrides

PROVIDER = "oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
SERVICE_ACCOUNTS = {
    "agent": ("ops-monitoring-ns", "aws-xray"),
    "grafana": ("grafana", "grafana"),
    "shipper": ("ops-monitoring-ns", "alb-shipper"),
}


def trusts(*overrides: str) -> dict[str, dict[str, Any]]:
    found = build(deploy("alb_logs.consumer=deployment", *overrides))
    return {
        path.removeprefix("aws/iam/trust-").removesuffix(".json"): artifact.document
        for path, artifact in found.items()
        if "/trust-" in path
    }


@pytest.mark.parametrize("part", SERVICE_ACCOUNTS)
def test_irsa_trusts_one_service_account_for_one_audience(part: str) -> None:
    namespace, service_account = SERVICE_ACCOUNTS[part]
    assert trusts()[part] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{PROVIDER}"},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {
                        f"{PROVIDER}:aud": "sts.amazonaws.com",
                        f"{PROVIDER}:sub": f"system:serviceaccount:{namespace}:{service_account}",
                    }
                },
            }
        ],
    }


@pytest.mark.parametrize("part", SERVICE_ACCOUNTS)
def test_pod_identity_trusts_one_service_account_of_one_cluster(part: str) -> None:
    namespace, service_account = SERVICE_ACCOUNTS[part]
    assert trusts(*identity_overrides("pod-identity"))[part] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "pods.eks.amazonaws.com"},
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Condition": {
                    "StringEquals": {
                        "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:eu-west-1:111122223333:cluster/shop",
                        "aws:RequestTag/kubernetes-namespace": namespace,
                        "aws:RequestTag/kubernetes-service-account": service_account,
                    }
                },
            }
        ],
    }


def test_a_nodes_role_has_a_trust_policy_already() -> None:
    assert trusts(*identity_overrides("node-role")) == {}


@pytest.mark.parametrize("kind", ["irsa", "pod-identity", "node-role"])
def test_the_function_has_a_role_for_lambda_whatever_the_pods_have(kind: str) -> None:
    assert document(deploy(*identity_overrides(kind)), "aws/iam/trust-shipper.json") == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }


def test_without_a_shipper_nobody_takes_its_role() -> None:
    assert "aws/iam/trust-shipper.json" not in build(deploy("alb_logs.shipper_image=null"))


def test_the_provider_lies_in_the_clusters_partition() -> None:
    provider = "oidc.eks.cn-north-1.amazonaws.com.cn/id/0123456789ABCDEF0123456789ABCDEF"
    (statement,) = document(deploy(region="cn-north-1"), "aws/iam/trust-agent.json")["Statement"]
    assert statement["Principal"] == {"Federated": f"arn:aws-cn:iam::111122223333:oidc-provider/{provider}"}
    assert statement["Condition"]["StringEquals"][f"{provider}:aud"] == "sts.amazonaws.com"
