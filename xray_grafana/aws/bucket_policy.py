"""Who may write to the bucket of access logs, in the form that the region asks for.

https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
"""

from __future__ import annotations

import re
from typing import Final

from xray_grafana.aws.policies import policy
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.elb_accounts import ELB_ACCOUNTS
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names

_DELIVERY_SERVICE: Final = "logdelivery.elasticloadbalancing.amazonaws.com"


def delivery_statement(config: Config) -> Document:
    """Load balancers of the config's account and region may write logs below the account's own prefix.

    The older form names the load-balancer account of the region; it knows no condition on the load balancer.
    Raises ValueError for the older form in a region that has no such account.
    """
    names = Names(config)
    statement: Document = {
        "Sid": _delivery_sid(names.alb_logs.key_prefix),
        "Effect": "Allow",
        "Action": "s3:PutObject",
        "Resource": names.log_objects_arn,
    }
    region = config.aws.region
    if not names.alb_logs.legacy_bucket_policy:
        balancers = f"arn:{names.partition}:elasticloadbalancing:{region}:{config.aws.account}:loadbalancer/*"
        return statement | {"Principal": {"Service": _DELIVERY_SERVICE}, "Condition": {"ArnLike": {"aws:SourceArn": balancers}}}
    if region not in ELB_ACCOUNTS:
        raise ValueError(f"{region} has no load-balancer account")
    return statement | {"Principal": {"AWS": f"arn:{names.partition}:iam::{ELB_ACCOUNTS[region]}:root"}}


def _delivery_sid(key_prefix: str | None) -> str:
    """A name of its own for each prefix, so that bundles can share a bucket; AWS takes letters and digits alone."""
    return "WriteLoadBalancerLogs" + re.sub(r"[^A-Za-z0-9]", lambda match: f"{ord(match[0]):02X}", key_prefix or "")


def tls_statement(config: Config) -> Document:
    """Nobody may use the bucket without TLS."""
    bucket = Names(config).bucket_arn
    return {
        "Sid": "RefuseWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket, f"{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def bucket_policy(config: Config) -> Document:
    """The policy of a bucket of our own; a bucket that was there before keeps what it has and gets the delivery alone."""
    delivery = delivery_statement(config)
    return policy(delivery, tls_statement(config)) if Names(config).alb_logs.create_bucket else policy(delivery)


def build_bucket_policy(config: Config) -> tuple[Artifact, ...]:
    """The policy as a file, for those who make the bucket with something else than the template."""
    if config.alb_logs is None:
        return ()
    return (Artifact("aws/alb-bucket-policy.json", Format.JSON, bucket_policy(config)),)
