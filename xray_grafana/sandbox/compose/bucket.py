"""Makes the bucket that log objects go to, the queue, and the notification between them: `python -m … BUCKET QUEUE`.

The region and the address of AWS come from the environment, as for every AWS client. What is there already stays.
"""

from __future__ import annotations

import sys
from typing import Any

import boto3

from xray_grafana.sandbox.demo.bucket import create_bucket


def make(s3: Any, sqs: Any, bucket: str, queue: str) -> str:
    """Bucket and queue, each new object of the one told to the other. Returns the queue's URL."""
    if bucket not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        create_bucket(s3, bucket, s3.meta.region_name)
    url = str(sqs.create_queue(QueueName=queue)["QueueUrl"])
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    told = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [told]})
    return url


if __name__ == "__main__":
    make(boto3.client("s3"), boto3.client("sqs"), *sys.argv[1:])
