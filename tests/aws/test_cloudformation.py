"""Both templates, linted by cfn-lint with the resource schemas of the region they are for."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.aws.deploys import IDENTITIES, PLACES, actions, build, deploy, document, identity_overrides, read_yaml, write

TEMPLATES = ("aws/alb-logs.yaml", "aws/iam/roles.yaml")
KEY = "arn:{partition}:kms:{region}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def lint(region: str, *templates: Path) -> list[str]:
    """The rule and message of each finding, warnings included."""
    program = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run(
        [program, "--format", "json", "--regions", region, "--", *map(str, templates)],
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=120,
    )
    found = json.loads(done.stdout or "[]")
    assert (done.returncode == 0) == (found == []), done.stderr
    return [f"{finding['Rule']['Id']} {finding['Message']}" for finding in found]


@pytest.mark.parametrize("region", PLACES)
def test_every_form_of_the_templates_passes_in_its_partition(region: str, tmp_path: Path) -> None:
    key = KEY.format(partition=PLACES[region][0], region=region)
    secrets = ("logs.basic_user=shop", "logs.basic_password=$__env{LOKI_PASSWORD}", "logs.tenant=shop")
    forms = {
        **{f"lambda-{kind}": identity_overrides(kind) for kind in IDENTITIES},
        **{f"deployment-{kind}": ("alb_logs.consumer=deployment", *identity_overrides(kind)) for kind in IDENTITIES},
        "own-key": (f"alb_logs.queue_kms_key_arn={key}", "alb_logs.create_bucket=false"),
        "older-form": ("alb_logs.legacy_bucket_policy=true", "alb_logs.key_prefix=alb/prod", *secrets),
        "no-shipper": ("alb_logs.shipper_image=null", "logs=null"),
    }
    for name, overrides in forms.items():
        write(deploy(*overrides, region=region), tmp_path / name)
    templates = [tmp_path / name / path for name in forms for path in TEMPLATES]
    assert lint(region, *templates) == []


def drop_key_policy(template: dict[str, Any]) -> None:
    template["Resources"]["Queue"]["Properties"]["VisibilityTimout"] = 1


def point_nowhere(template: dict[str, Any]) -> None:
    template["Resources"]["ShipperFeed"]["Properties"]["FunctionName"] = {"Ref": "Shiper"}


def retain_for_a_month_and_a_day(template: dict[str, Any]) -> None:
    template["Resources"]["ShipperLog"]["Properties"]["RetentionInDays"] = 31


@pytest.mark.parametrize(
    ("plant", "finding"),
    [(drop_key_policy, "VisibilityTimout"), (point_nowhere, "Shiper"), (retain_for_a_month_and_a_day, "31")],
)
def test_a_planted_mistake_is_found(plant: Callable[[dict[str, Any]], None], finding: str, tmp_path: Path) -> None:
    write(deploy(), tmp_path)
    template = read_yaml(tmp_path / "aws/alb-logs.yaml")
    plant(template)
    path = tmp_path / "planted.json"
    path.write_text(json.dumps(template), encoding="utf-8")
    assert any(finding in found for found in lint("eu-west-1", path))


@pytest.mark.parametrize("path", TEMPLATES)
def test_a_template_can_be_deployed_to_its_account_and_region_alone(path: str) -> None:
    assertions = document(deploy(region="us-gov-west-1"), path)["Rules"]["Place"]["Assertions"]
    assert [assertion["Assert"]["Fn::Equals"] for assertion in assertions] == [
        [{"Ref": "AWS::AccountId"}, "111122223333"],
        [{"Ref": "AWS::Region"}, "us-gov-west-1"],
    ]


@pytest.mark.parametrize("kind", ["irsa", "pod-identity"])
@pytest.mark.parametrize(("part", "name"), [("agent", "shop-xray-agent"), ("grafana", "shop-grafana-xray")])
def test_a_role_of_the_stack_is_the_role_of_the_files(kind: str, part: str, name: str) -> None:
    made = build(deploy(*identity_overrides(kind)))
    role = made["aws/iam/roles.yaml"].document["Resources"][f"{part.capitalize()}Role"]["Properties"]
    assert role["RoleName"] == name
    assert role["AssumeRolePolicyDocument"] == made[f"aws/iam/trust-{part}.json"].document
    assert [policy["PolicyDocument"] for policy in role["Policies"]] == [made[f"aws/iam/{part}-policy.json"].document]


def test_pod_identity_associates_each_role_with_its_service_account() -> None:
    resources = document(deploy(*identity_overrides("pod-identity")), "aws/iam/roles.yaml")["Resources"]
    assert resources["GrafanaRoleAssociation"]["Properties"] == {
        "ClusterName": "shop",
        "Namespace": "grafana",
        "ServiceAccount": "grafana",
        "RoleArn": {"Fn::GetAtt": ["GrafanaRole", "Arn"]},
    }
    assert resources["AgentRoleAssociation"]["Properties"]["Namespace"] == "ops-monitoring-ns"


def test_the_nodes_role_gets_both_policies_and_no_role_is_made() -> None:
    template = document(deploy(*identity_overrides("node-role")), "aws/iam/roles.yaml")
    assert [(name, resource["Type"]) for name, resource in template["Resources"].items()] == [
        ("AgentRolePolicy", "AWS::IAM::RolePolicy"),
        ("GrafanaRolePolicy", "AWS::IAM::RolePolicy"),
    ]
    agent = template["Resources"]["AgentRolePolicy"]["Properties"]
    assert (agent["RoleName"], agent["PolicyName"]) == ("shop-nodes", "shop-xray-agent")
    assert "xray:PutTraceSegments" in actions(agent["PolicyDocument"])
    assert "Outputs" not in template
