"""Clients of AWS, with retries, time-outs and connections as the shipper needs them."""

from __future__ import annotations

from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import InvalidRegionError, NoRegionError, ProfileNotFound

import xray_grafana
from xray_grafana.alb.aws_errors import AWS_ERRORS, source_error
from xray_grafana.contract import PART_OF
from xray_grafana.errors import UsageError

_CONNECT_SECONDS: Final = 10
# SQS holds a poll for twenty seconds. What waits for S3 has to end in time when a pod or a function is told to.
_READ_SECONDS: Final = 60
_S3_READ_SECONDS: Final = 10
_TRIES: Final = 5
# As many as the command line takes.
_THREADS_MAX: Final = 64
# Calls beside those of the threads that work: the poll and the heartbeat.
_SPARE_CONNECTIONS: Final = 2


def s3_client(*, threads: int = 1, endpoint_url: str | None = None) -> Any:
    """S3, wherever a bucket is."""
    return _client("s3", threads, endpoint_url, None, _S3_READ_SECONDS)


def sqs_client(*, threads: int = 1, endpoint_url: str | None = None, region: str | None = None) -> Any:
    """SQS of a region; None: the region of the environment."""
    return _client("sqs", threads, endpoint_url, region)


def elb_client(region: str, *, endpoint_url: str | None = None) -> Any:
    """Elastic Load Balancing of a region, for all but Classic load balancers."""
    return _client("elbv2", _THREADS_MAX, endpoint_url, region)


def _client(service: str, threads: int, endpoint_url: str | None, region: str | None, read_seconds: int = _READ_SECONDS) -> Any:
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        max_pool_connections=threads + _SPARE_CONNECTIONS,
        user_agent_extra=f"{PART_OF}/{xray_grafana.__version__}",
    )
    return client(service, config, region, endpoint_url)


def client(
    service: str, config: Config, region: str | None, endpoint_url: str | None, *, region_hint: str = "set AWS_DEFAULT_REGION"
) -> Any:
    """A client of a service. Raises UsageError for what the environment or the command line has wrong, such as a profile that is not there,
    and SourceError when credentials cannot be had just now.
    """
    try:
        return boto3.session.Session().client(service, region_name=region, endpoint_url=endpoint_url, config=config)
    except AWS_ERRORS as error:
        hints = {
            NoRegionError: region_hint,
            InvalidRegionError: f"{region_hint} to the name of a region such as eu-west-1",
            ProfileNotFound: "set AWS_PROFILE to a profile of this machine's AWS config, or unset it",
        }
        found = source_error(error, f"talk to {service} of AWS", "", hints.get(type(error), "look at the AWS config of this shell"))
        if not found.permanent:
            raise found from error
        raise UsageError(found.summary, hint=found.hint) from error
    except ValueError as error:  # not repeated: somebody may have put a password into it
        hint = "--endpoint-url and AWS_ENDPOINT_URL take an address such as https://s3.eu-west-1.amazonaws.com"
        raise UsageError(f"cannot talk to {service} of AWS: its address is no URL", hint=hint) from error
