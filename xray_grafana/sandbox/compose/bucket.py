"""Makes the bucket that log objects go to, the queue, and the notification between them: `python -m … BUCKET QUEUE`.

The region and the address of AWS come from the environment, as for every AWS client. What is there already stays.
"""

from __future__ import annotations

import sys
from typing import Any

import boto3


def make(s3: Any, sqs: Any, bucket: str, queue: str) -> str:
    """Bucket and queue, each new object of the one told to the other. Returns the queue's URL."""
    if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        region = s3.meta.region_name
        # The one region that a bucket must not name: S3 API Reference, CreateBucket, LocationConstraint.
        s3.create_bucket(Bucket=bucket, **({} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}))
    url = str(sqs.create_queue(QueueName=queue)["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    told = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [told]})
    return url


if __name__ == "__main__":
    make(boto3.client("s3"), boto3.client("sqs"), *sys.argv[1:])
