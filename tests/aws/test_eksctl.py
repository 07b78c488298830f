from tests.aws.deploys import actions, build, deploy, document, identity_overrides

PATH = "aws/eksctl/cluster-config.yaml"


def test_irsa_makes_roles_and_leaves_service_accounts_alone() -> None:
    made = document(deploy(), PATH)
    assert made["metadata"] == {"name": "shop", "region": "eu-west-1"}
    assert made["iam"]["withOIDC"] is True
    agent, grafana = made["iam"]["serviceAccounts"]
    assert {key: value for key, value in agent.items() if key != "attachPolicy"} == {
        "metadata": {"name": "aws-xray", "namespace": "ops-monitoring-ns"},
        "roleName": "shop-xray-agent",
        "roleOnly": True,
    }
    assert grafana["metadata"] == {"name": "grafana", "namespace": "grafana"}
    assert grafana["roleOnly"] is True
    assert "xray:PutTraceSegments" in actions(agent["attachPolicy"])
    assert "xray:GetTraceSummaries" in actions(grafana["attachPolicy"])


def test_pod_identity_makes_associations_and_leaves_service_accounts_alone() -> None:
    made = document(deploy(*identity_overrides("pod-identity")), PATH)
    assert made["addons"] == [{"name": "eks-pod-identity-agent"}]
    agent, grafana = made["iam"]["podIdentityAssociations"]
    assert {key: value for key, value in agent.items() if key != "permissionPolicy"} == {
        "namespace": "ops-monitoring-ns",
        "serviceAccountName": "aws-xray",
        "createServiceAccount": False,
        "roleName": "shop-xray-agent",
    }
    assert grafana["createServiceAccount"] is False
    assert "xray:PutTraceSegments" in actions(agent["permissionPolicy"])


def test_eksctl_has_nothing_to_make_for_the_nodes_role() -> None:
    assert PATH not in build(deploy(*identity_overrides("node-role")))
