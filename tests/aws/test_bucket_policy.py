from __future__ import annotations

import pytest

from tests.aws.deploys import deploy, document
from xray_grafana.aws.bucket_policy import delivery_statement
from xray_grafana.config import Config


def statements(config: Config) -> dict[str, dict[str, object]]:
    policy = document(config, "aws/alb-bucket-policy.json")
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_load_balancers_of_the_account_and_region_may_write_below_the_accounts_prefix() -> None:
    assert statements(deploy("alb_logs.key_prefix=alb/1"))["WriteLoadBalancerLogsalb2F1"] == {
        "Sid": "WriteLoadBalancerLogsalb2F1",
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::shop-alb-logs/alb/1/AWSLogs/111122223333/*",
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/*"}},
    }


@pytest.mark.parametrize(
    ("region", "principal"),
    [
        ("eu-west-1", "arn:aws:iam::156460612806:root"),
        ("cn-north-1", "arn:aws-cn:iam::638102146993:root"),
        ("us-gov-west-1", "arn:aws-us-gov:iam::048591011584:root"),
    ],
)
def test_the_older_form_names_the_load_balancer_account_of_the_region(region: str, principal: str) -> None:
    statement = statements(deploy("alb_logs.legacy_bucket_policy=true", region=region))["WriteLoadBalancerLogs"]
    assert statement["Principal"] == {"AWS": principal}
    assert "Condition" not in statement


def test_the_older_form_is_refused_where_there_is_no_such_account() -> None:
    """The config refuses it too; the builder must not name a wrong account if it ever does not."""
    config = deploy("alb_logs.legacy_bucket_policy=true")
    elsewhere = config.model_copy(update={"aws": config.aws.model_copy(update={"region": "il-central-1"})})
    with pytest.raises(ValueError, match="il-central-1 has no load-balancer account"):
        delivery_statement(elsewhere)


def test_a_bucket_of_our_own_takes_tls_alone() -> None:
    assert statements(deploy())["RefuseWithoutTls"] == {
        "Sid": "RefuseWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::shop-alb-logs", "arn:aws:s3:::shop-alb-logs/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_a_bucket_that_was_there_gets_no_new_refusal() -> None:
    assert statements(deploy("alb_logs.create_bucket=false")).keys() == {"WriteLoadBalancerLogs"}
