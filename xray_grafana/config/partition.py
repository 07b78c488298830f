"""Which AWS partition a region belongs to: ARNs begin with its name, addresses end as it has them."""

from __future__ import annotations

from typing import Literal

Partition = Literal["aws", "aws-cn", "aws-us-gov"]


def partition(region: str) -> Partition:
    """The partition of a checked region; the config takes no region of any other partition (botocore partitions.json)."""
    if region.startswith("cn-"):
        return "aws-cn"
    if region.startswith("us-gov-"):
        return "aws-us-gov"
    return "aws"


def dns_suffix(region: str) -> str:
    """What the names of AWS's addresses in a checked region end in: China has its own."""
    return "amazonaws.com.cn" if partition(region) == "aws-cn" else "amazonaws.com"


def partition_of_arn(arn: str) -> str:
    """The partition that an ARN names: its second part."""
    return arn.split(":")[1]
