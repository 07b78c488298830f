"""Which spans are calls to something else, and what calls to AWS are about.

Names of members: X-Ray Developer Guide, "X-Ray segment documents".
"""

from __future__ import annotations

from typing import Final, NamedTuple

from xray_grafana.xray.spans import Span

REMOTE: Final = "remote"
AWS: Final = "aws"
_CALLS: Final = (REMOTE, AWS)


class AwsResource(NamedTuple):
    """What calls to one AWS service are about.

    member     the member of `aws` that names it
    node_type  the type of its node in the service graph; None where X-Ray has no node of its own for it
    separator  after the last of it stands the short name; empty where the name is short as it is
    """

    service: str
    member: str
    node_type: str | None
    separator: str = ""


AWS_RESOURCES: Final = (
    AwsResource("dynamodb", "table_name", "AWS::DynamoDB::Table"),
    AwsResource("s3", "bucket_name", "AWS::S3::Bucket"),
    AwsResource("sqs", "queue_url", "AWS::SQS::Queue", "/"),
    AwsResource("sns", "topic_arn", "AWS::SNS", ":"),
    AwsResource("lambda", "function_name", "AWS::Lambda", ":"),
    AwsResource("kinesis", "stream_name", None),
)


def is_call(span: Span) -> bool:
    """A subsegment that leaves its service: namespace `remote` or `aws` (X-Ray Developer Guide, "Subsegments")."""
    return span.document.get("namespace") in _CALLS and not span.is_segment
