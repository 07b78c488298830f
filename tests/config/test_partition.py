from __future__ import annotations

import pytest

from xray_grafana.config.partition import partition, partition_of_arn


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("eu-west-1", "aws"),
        ("us-east-1", "aws"),
        ("ap-southeast-7", "aws"),
        ("cn-north-1", "aws-cn"),
        ("cn-northwest-1", "aws-cn"),
        ("us-gov-east-1", "aws-us-gov"),
        ("us-gov-west-1", "aws-us-gov"),
    ],
)
def test_a_region_belongs_to_one_partition(region: str, expected: str) -> None:
    assert partition(region) == expected


def test_an_arn_names_its_partition() -> None:
    assert partition_of_arn("arn:aws-cn:iam::111122223333:role/a:b") == "aws-cn"
