from __future__ import annotations

import pytest

from xray_grafana.config import parse_config
from xray_grafana.config.names import Names

CONFIG = """
aws: {account: "111122223333", region: REGION}
kubernetes: {cluster: CLUSTER, identity: {kind: pod-identity}}
alb_logs: {bucket: shop-alb-logs}
"""


def names(region: str = "eu-west-1", cluster: str = "shop", *overrides: str) -> Names:
    return Names(parse_config(CONFIG.replace("REGION", region).replace("CLUSTER", cluster), "b.yaml", overrides=overrides))


def bare() -> Names:
    return Names(parse_config('prefix: ops\naws: {account: "111122223333", region: eu-west-1}\n', "b.yaml"))


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        ("eu-west-1", "aws", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
    ],
)
def test_arns_have_the_partition_and_addresses_the_ending_of_the_region(region: str, partition: str, suffix: str) -> None:
    these = names(region)
    assert (these.partition, these.dns_suffix) == (partition, suffix)
    assert these.role_arn("a") == f"arn:{partition}:iam::111122223333:role/a"
    assert these.bucket_arn == f"arn:{partition}:s3:::shop-alb-logs"
    assert these.queue_arn == f"arn:{partition}:sqs:{region}:111122223333:alb-logs"
    assert these.dead_letter_queue_arn == f"arn:{partition}:sqs:{region}:111122223333:alb-logs-dead"
    assert these.queue_url == f"https://sqs.{region}.{suffix}/111122223333/alb-logs"
    assert these.registry == f"111122223333.dkr.ecr.{region}.{suffix}"


def test_applications_are_given_host_and_port_of_the_agent() -> None:
    assert names().agent_address == "aws-xray.ops-monitoring-ns:2000"
    assert names("eu-west-1", "shop", "kubernetes.agent.service=traces", "kubernetes.namespace=ops").agent_address == "traces.ops:2000"


def test_roles_are_named_after_the_cluster_and_their_purpose() -> None:
    assert (names().agent_role, names().grafana_role, names().shipper_role) == ("shop-xray-agent", "shop-grafana-xray", "shop-alb-shipper")


@pytest.mark.parametrize("length", [1, 52, 53, 100])
def test_no_role_name_is_longer_than_iam_takes(length: int) -> None:
    """IAM takes 64 characters, EKS cluster names of 100."""
    these = names(cluster="c" * length)
    roles = [these.agent_role, these.grafana_role, these.shipper_role]
    assert [role for role in roles if len(role) > 64] == []
    assert len(set(roles)) == 3
    assert [role.lstrip("c") for role in roles] == ["-xray-agent", "-grafana-xray", "-alb-shipper"]


def test_without_a_cluster_roles_are_named_after_the_prefix() -> None:
    assert bare().shipper_role == "ops-alb-shipper"


@pytest.mark.parametrize(
    ("overrides", "prefix"),
    [((), "AWSLogs/111122223333/"), (("alb_logs.key_prefix=alb/prod",), "alb/prod/AWSLogs/111122223333/")],
)
def test_log_objects_lie_below_the_prefix_and_the_account(overrides: tuple[str, ...], prefix: str) -> None:
    these = names("eu-west-1", "shop", *overrides)
    assert these.log_key_prefix == prefix
    assert these.log_objects_arn == f"arn:aws:s3:::shop-alb-logs/{prefix}*"


def test_the_dead_letter_queue_fits_where_the_queue_does() -> None:
    """SQS takes 80 characters."""
    assert names().dead_letter_queue == "alb-logs-dead"
    assert len(names("eu-west-1", "shop", f"alb_logs.queue={'q' * 75}").dead_letter_queue) == 80


def test_asking_for_what_has_no_section_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match=r"^the config has no kubernetes section$"):
        _ = bare().agent_address
    with pytest.raises(ValueError, match=r"^the config has no alb_logs section$"):
        _ = bare().queue_url
