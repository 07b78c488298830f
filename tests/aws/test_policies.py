from __future__ import annotations

import pytest

from tests.aws.deploys import actions, build, deploy, document
from xray_grafana.config import Config, parse_config

SEND = {"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets"}
READ = {
    "xray:BatchGetTraces",
    "xray:GetTraceSummaries",
    "xray:GetTraceGraph",
    "xray:GetGroups",
    "xray:GetTimeSeriesServiceStatistics",
    "xray:GetInsightSummaries",
    "xray:GetServiceGraph",
}
# Actions without resource types in the Service Authorization Reference: AWS takes them on "*" alone.
WITHOUT_RESOURCE_TYPES = (
    SEND
    | READ
    | {
        "application-signals:ListServices",
        "application-signals:ListServiceOperations",
        "application-signals:ListServiceDependencies",
        "application-signals:ListServiceLevelObjectives",
        "cloudwatch:GetMetricData",
        "cloudwatch:ListMetrics",
        "logs:DescribeLogGroups",
        "logs:StopQuery",
        "logs:GetQueryResults",
        "oam:ListSinks",
        "elasticloadbalancing:DescribeTags",
    }
)
EVERYTHING = (
    "xray.application_signals=true",
    "cloudwatch.enabled=true",
    "aws.linked_accounts.0=444455556666",
    "xray.sources.0.uid=xray",
    "xray.sources.0.name=X-Ray",
    "xray.sources.0.assume_role_arn=arn:aws:iam::444455556666:role/grafana-xray",
    "alb_logs.queue_kms_key_arn=arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "alb_logs.service_tag=service",
)


def grafana_actions(*overrides: str) -> set[str]:
    return actions(document(deploy(*overrides), "aws/iam/grafana-policy.json"))


def resources(config: Config, part: str) -> dict[str, list[str]]:
    return {statement["Sid"]: statement["Resource"] for statement in document(config, f"aws/iam/{part}-policy.json")["Statement"]}


@pytest.mark.parametrize("kind", ["daemon", "adot"])
def test_either_agent_may_send_traces_and_nothing_else(kind: str) -> None:
    assert actions(document(deploy(f"kubernetes.agent.kind={kind}"), "aws/iam/agent-policy.json")) == SEND


def test_grafana_may_do_what_the_plugin_calls() -> None:
    assert grafana_actions() == READ


@pytest.mark.parametrize(
    ("override", "added"),
    [
        (
            "xray.application_signals=true",
            {
                "application-signals:ListServices",
                "application-signals:ListServiceOperations",
                "application-signals:ListServiceDependencies",
                "application-signals:ListServiceLevelObjectives",
            },
        ),
        (
            "cloudwatch.enabled=true",
            {
                "cloudwatch:GetMetricData",
                "cloudwatch:ListMetrics",
                "logs:DescribeLogGroups",
                "logs:GetLogEvents",
                "logs:GetLogGroupFields",
                "logs:GetQueryResults",
                "logs:StartQuery",
                "logs:StopQuery",
            },
        ),
        ("aws.linked_accounts.0=444455556666", {"oam:ListSinks", "oam:ListAttachedLinks"}),
    ],
)
def test_grafana_gets_more_only_for_what_is_switched_on(override: str, added: set[str]) -> None:
    assert grafana_actions(override) - READ == added


def test_grafana_may_take_the_roles_of_its_sources_and_no_others() -> None:
    text = """
aws: {account: "111122223333", region: eu-west-1}
kubernetes: {cluster: shop, oidc_provider: oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF}
xray:
  sources:
    - {uid: b, name: B, assume_role_arn: "arn:aws:iam::444455556666:role/b"}
    - {uid: a, name: A, assume_role_arn: "arn:aws:iam::444455556666:role/a"}
    - {uid: again, name: Again, region: eu-north-1, assume_role_arn: "arn:aws:iam::444455556666:role/a"}
    - {uid: own, name: Own}
"""
    (statement,) = [
        statement
        for statement in document(parse_config(text, "b.yaml"), "aws/iam/grafana-policy.json")["Statement"]
        if statement["Action"] == ["sts:AssumeRole"]
    ]
    assert statement["Resource"] == ["arn:aws:iam::444455556666:role/a", "arn:aws:iam::444455556666:role/b"]


def test_the_shipper_may_read_logs_work_off_the_queue_put_messages_aside_and_no_more() -> None:
    config = deploy("alb_logs.consumer=deployment", "alb_logs.key_prefix=alb/prod")
    assert actions(document(config, "aws/iam/shipper-policy.json")) == {
        "s3:GetObject",
        "s3:GetObjectVersion",
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
        "sqs:ChangeMessageVisibility",
        "sqs:GetQueueAttributes",
        "sqs:SendMessage",
    }
    assert resources(config, "shipper") == {
        "ReadLogObjects": ["arn:aws:s3:::shop-alb-logs/alb/prod/AWSLogs/111122223333/*"],
        "WorkQueue": ["arn:aws:sqs:eu-west-1:111122223333:alb-logs"],
        "ParkMessages": ["arn:aws:sqs:eu-west-1:111122223333:alb-logs-dead"],
    }


@pytest.mark.parametrize("consumer", ["lambda", "deployment"])
def test_a_shipper_that_goes_by_tags_may_read_them_and_one_that_does_not_may_not(consumer: str) -> None:
    """DescribeTags has no resource types: a policy that named the load balancers would allow nothing."""
    without, config = (deploy(f"alb_logs.consumer={consumer}", *more) for more in ((), ("alb_logs.service_tag=service",)))
    assert actions(document(config, "aws/iam/shipper-policy.json")) - actions(document(without, "aws/iam/shipper-policy.json")) == {
        "elasticloadbalancing:DescribeTags"
    }
    assert resources(config, "shipper") == resources(without, "shipper") | {"ReadServiceTags": ["*"]}


def test_from_the_dead_letter_queue_the_shipper_may_take_nothing() -> None:
    (park,) = [
        statement for statement in document(deploy(), "aws/iam/shipper-policy.json")["Statement"] if statement["Sid"] == "ParkMessages"
    ]
    assert park["Action"] == ["sqs:SendMessage"]


def test_an_encrypted_queue_needs_its_key() -> None:
    key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    config = deploy(f"alb_logs.queue_kms_key_arn={key}")
    assert resources(config, "shipper")["UseQueueKey"] == [key]
    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= actions(document(config, "aws/iam/shipper-policy.json"))
    assert "UseQueueKey" not in resources(deploy(), "shipper")


def test_the_function_may_write_its_own_log_alone() -> None:
    assert resources(deploy(), "shipper")["WriteOwnLog"] == ["arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/shop-alb-shipper:*"]


def test_keda_may_measure_the_queue_of_a_deployment() -> None:
    config = deploy("alb_logs.consumer=deployment")
    assert resources(config, "keda") == {"MeasureQueue": ["arn:aws:sqs:eu-west-1:111122223333:alb-logs"]}
    assert actions(document(config, "aws/iam/keda-policy.json")) == {"sqs:GetQueueAttributes"}
    assert "aws/iam/keda-policy.json" not in build(deploy())


def stars(policies: list[dict[str, list[dict[str, list[str]]]]]) -> set[str]:
    """The actions that a policy allows on everything."""
    return {
        action for policy in policies for statement in policy["Statement"] if "*" in statement["Resource"] for action in statement["Action"]
    }


def test_only_actions_without_resource_types_are_allowed_on_everything() -> None:
    policies = [
        artifact.document for path, artifact in build(deploy(*EVERYTHING)).items() if path.endswith("-policy.json") and "/iam/" in path
    ]
    assert len(policies) == 3
    assert stars(policies) <= WITHOUT_RESOURCE_TYPES
    assert {"oam:ListSinks", "logs:StopQuery", "elasticloadbalancing:DescribeTags"} <= stars(policies)


def test_a_star_on_a_queue_would_be_found() -> None:
    policy = document(deploy(), "aws/iam/shipper-policy.json")
    planted = {"Statement": [statement | {"Resource": ["*"]} for statement in policy["Statement"]]}
    assert "sqs:DeleteMessage" in stars([planted]) - WITHOUT_RESOURCE_TYPES


def test_other_partitions_have_their_own_arns() -> None:
    china = deploy("cloudwatch.enabled=true", "aws.linked_accounts.0=444455556666", region="cn-north-1")
    assert resources(china, "grafana")["QueryLogs"] == [
        "arn:aws-cn:logs:*:111122223333:log-group:*",
        "arn:aws-cn:logs:*:444455556666:log-group:*",
    ]
    assert resources(china, "grafana")["ListLinkedAccounts"] == ["arn:aws-cn:oam:*:111122223333:sink/*"]
    assert resources(deploy(region="us-gov-west-1"), "shipper")["ReadLogObjects"] == [
        "arn:aws-us-gov:s3:::shop-alb-logs/AWSLogs/111122223333/*"
    ]


def test_a_config_without_cluster_and_pipeline_has_nothing_in_aws() -> None:
    assert build(parse_config('aws: {account: "111122223333", region: eu-west-1}', "b.yaml")) == {}


def test_a_pipeline_needs_no_cluster() -> None:
    assert sorted(build(deploy("kubernetes=null"))) == [
        "aws/alb-bucket-policy.json",
        "aws/alb-logs.yaml",
        "aws/iam/shipper-policy.json",
        "aws/iam/trust-shipper.json",
        "aws/shipper/push-image.sh",
    ]
