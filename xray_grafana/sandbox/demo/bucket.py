"""Log objects into a bucket of S3, or of what speaks its API at AWS_ENDPOINT_URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import ClientError

from xray_grafana.alb.aws_errors import AWS_ERRORS, source_error
from xray_grafana.alb.clients import client

_NO_LOCATION: Final = "us-east-1"  # S3 API Reference, CreateBucket, LocationConstraint: the one region that must not be named
_HINT: Final = "see that AWS_ENDPOINT_URL leads to the S3 that is meant, and that the credentials may write there"
_MISSING: Final = "404"
# The demo comes back to what failed: it need not wait long.
_CONFIG: Final = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})


def open_bucket(bucket: str, prefix: str, region: str) -> BucketSink:
    """The bucket, which is made where it is missing. Raises XRayGrafanaError."""
    sink = BucketSink(client("s3", _CONFIG, region, None), bucket, prefix)
    sink.make(region)
    return sink


def create_bucket(client: Any, bucket: str, region: str) -> None:
    """Makes a bucket in that region."""
    place = {} if region == _NO_LOCATION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(Bucket=bucket, **place)


class BucketSink:
    """Objects of a bucket, below a prefix or without one."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""

    def make(self, region: str) -> None:
        """Makes the bucket unless it is there."""
        with self._calling("look for the bucket"):
            try:
                self._client.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != _MISSING:
                    raise
                create_bucket(self._client, self._bucket, region)

    def names(self, folder: str) -> set[str]:
        """What is below a folder, without the prefix."""
        with self._calling("list the bucket"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=f"{self._prefix}{folder}/")
            return {each["Key"].removeprefix(self._prefix) for page in pages for each in page.get("Contents", ())}

    def put(self, name: str, body: bytes) -> None:
        """One PutObject, which S3 shows whole or not at all."""
        with self._calling("write a log object to the bucket"):
            self._client.put_object(Bucket=self._bucket, Key=f"{self._prefix}{name}", Body=body, ContentType="application/octet-stream")

    @contextmanager
    def _calling(self, action: str) -> Iterator[None]:
        try:
            yield
        except AWS_ERRORS as error:
            raise source_error(error, action, f"s3://{self._bucket}/{self._prefix}", _HINT) from error
