"""Clients of AWS, with retries, time-outs and connections as the shipper needs them."""

from __future__ import annotations

from typing import Any, Final

import boto3
from botocore.config import Config

import xray_grafana
from xray_grafana.contract import PART_OF

_CONNECT_SECONDS: Final = 10
# SQS holds a poll for twenty seconds.
_READ_SECONDS: Final = 60
_TRIES: Final = 5
# Calls beside those of the threads that work: the poll and the heartbeat.
_SPARE_CONNECTIONS: Final = 2


def s3_client(*, threads: int = 1, endpoint_url: str | None = None) -> Any:
    """S3, wherever a bucket is."""
    return _client("s3", threads, endpoint_url, None)


def sqs_client(*, threads: int = 1, endpoint_url: str | None = None, region: str | None = None) -> Any:
    """SQS of a region; None: the region of the environment."""
    return _client("sqs", threads, endpoint_url, region)


def _client(service: str, threads: int, endpoint_url: str | None, region: str | None) -> Any:
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        max_pool_connections=threads + _SPARE_CONNECTIONS,
        user_agent_extra=f"{PART_OF}/{xray_grafana.__version__}",
    )
    return boto3.session.Session().client(service, region_name=region, endpoint_url=endpoint_url, config=config)
