"""XF17x: access logs of load balancers: the bucket's policy and encryption, and the Ingress that switches them on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from xray_grafana.checks.foreign.context import ForeignContext
from xray_grafana.checks.foreign.finding import Fault, rule
from xray_grafana.checks.foreign.tree import Mapping, Scalar, at, entries_at, mappings_at, scalar_at, scalars_in, text_at
from xray_grafana.config.elb_accounts import ELB_ACCOUNTS
from xray_grafana.config.wording import quoted

_ATTRIBUTES: Final = "alb.ingress.kubernetes.io/load-balancer-attributes"
_DELIVERY_SERVICE: Final = "logdelivery.elasticloadbalancing.amazonaws.com"
# What else writes below AWSLogs of a bucket that is shared, by statements of its own.
_OTHER_WRITERS: Final = frozenset({"cloudtrail.amazonaws.com", "config.amazonaws.com"})
_LOGS: Final = "AWSLogs"
_ACCOUNT_PRINCIPAL: Final = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):root|(\d{12})")
_BALANCER_REGION: Final = re.compile(r"arn:aws[a-z-]*:elasticloadbalancing:([a-z0-9-]+):")
_KMS: Final = frozenset({"aws:kms", "aws:kms:dsse"})
_ENABLED: Final = "access_logs.s3.enabled"
_BUCKET: Final = "access_logs.s3.bucket"
_PREFIX: Final = "access_logs.s3.prefix"


class _Attributes(NamedTuple):
    node: Scalar
    values: dict[str, str]


def _ingress_attributes(context: ForeignContext) -> Iterator[_Attributes]:
    for manifest in context.manifests_of("Ingress"):
        node = scalar_at(manifest.root, "metadata", "annotations", _ATTRIBUTES)
        if node:
            pairs = (pair.strip().partition("=") for pair in node.text.split(","))
            yield _Attributes(node, {name.strip(): value.strip() for name, _, value in pairs})


def _log_statements(context: ForeignContext) -> Iterator[Mapping]:
    """Statements that let somebody write log objects."""
    for statement in context.statements:
        actions = {scalar.text.lower() for scalar in scalars_in(at(statement, "Action"))}
        resources = scalars_in(at(statement, "Resource"))
        writes = bool(actions & {"s3:putobject", "s3:put*", "s3:*"})
        if text_at(statement, "Effect") == "Allow" and writes and any(_LOGS in resource.text for resource in resources):
            yield statement


@rule(
    "XF170",
    "The bucket lets load balancers of its region write",
    reason="with another principal the load balancer refuses to switch logging on (Access Denied for bucket); "
    "delivery.logs.amazonaws.com is for Network Load Balancers, and the older form has one account a region",
    remedy=f'write "Principal": {{"Service": "{_DELIVERY_SERVICE}"}}, or the account of the region in the older form',
)
def _principal(context: ForeignContext) -> Iterator[Fault]:
    statements = list(_log_statements(context))
    granted = any(_lets_balancers_write(statement) for statement in statements)
    for statement in statements:
        for service in scalars_in(at(statement, "Principal", "Service")):
            if not granted and service.text not in _OTHER_WRITERS:
                yield Fault(service, f"the principal is {quoted(service.text)}, expected {_DELIVERY_SERVICE}")
        regions = _regions(statement) or context.regions
        for principal in scalars_in(at(statement, "Principal", "AWS")):
            yield from _wrong_account(principal, regions)


def _lets_balancers_write(statement: Mapping) -> bool:
    services = {service.text for service in scalars_in(at(statement, "Principal", "Service"))}
    accounts = (_ACCOUNT_PRINCIPAL.fullmatch(principal.text) for principal in scalars_in(at(statement, "Principal", "AWS")))
    return _DELIVERY_SERVICE in services or any(each and (each[1] or each[2]) in ELB_ACCOUNTS.values() for each in accounts)


def _wrong_account(principal: Scalar, regions: frozenset[str]) -> Iterator[Fault]:
    match = _ACCOUNT_PRINCIPAL.fullmatch(principal.text)
    account = (match[1] or match[2]) if match else None
    known = {ELB_ACCOUNTS[region]: region for region in regions if region in ELB_ACCOUNTS}
    if principal.text == "*":
        yield Fault(principal, f"everybody may write, expected {_DELIVERY_SERVICE}")
    elif account and account not in ELB_ACCOUNTS.values():
        yield Fault(principal, f"{account} is no account of load balancers, expected {_DELIVERY_SERVICE}")
    elif account and known and account not in known:
        expected = ", ".join(f"{right} ({region})" for right, region in sorted(known.items()))
        yield Fault(principal, f"{account} is the account of another region, expected {expected}")


def _regions(statement: Mapping) -> frozenset[str]:
    """The regions that the conditions on the load balancer name."""
    values = (
        scalar.text for tests in entries_at(statement, "Condition").values() for scalar in scalars_in(at(tests.node, "aws:SourceArn"))
    )
    return frozenset(match[1] for value in values if (match := _BALANCER_REGION.match(value)))


@rule(
    "XF171",
    "The bucket of access logs is encrypted by S3 itself",
    reason="load balancers cannot write to a bucket with a KMS key: logging cannot be switched on, or stops",
    remedy="write SSEAlgorithm: AES256 (SSE-S3) for this bucket",
)
def _kms(context: ForeignContext) -> Iterator[Fault]:
    if any(_log_statements(context)) or any(attributes.values.get(_BUCKET) for attributes in _ingress_attributes(context)):
        for encryption in context.bucket_encryptions:
            for each in mappings_at(encryption, "Rules"):
                algorithm = scalar_at(each, "ApplyServerSideEncryptionByDefault", "SSEAlgorithm")
                if algorithm and algorithm.text in _KMS:
                    yield Fault(algorithm, f"SSEAlgorithm is {algorithm.text}, expected AES256")
    for policy in context.policies:
        if not any(statement in _statements_of(policy) for statement in _log_statements(context)):
            continue
        for statement in _statements_of(policy):
            yield from _demands_kms(statement)


def _statements_of(policy: Mapping) -> tuple[Mapping, ...]:
    node = at(policy, "Statement")
    return mappings_at(policy, "Statement") or ((node,) if isinstance(node, Mapping) else ())


def _demands_kms(statement: Mapping) -> Iterator[Fault]:
    for operator, tests in entries_at(statement, "Condition").items():
        for scalar in scalars_in(at(tests.node, "s3:x-amz-server-side-encryption")):
            if text_at(statement, "Effect") == "Deny" and "NotEquals" in operator and scalar.text in _KMS:
                yield Fault(scalar, f"whatever is not encrypted with {scalar.text} is refused, expected AES256")


@rule(
    "XF172",
    "No prefix of access logs holds AWSLogs",
    reason="AWS puts AWSLogs/<account>/ behind the prefix by itself and refuses a prefix that holds it",
    remedy="write the prefix alone, such as alb/prod; policy and notification then say alb/prod/AWSLogs/<account>/*",
)
def _prefix(context: ForeignContext) -> Iterator[Fault]:
    for attributes in _ingress_attributes(context):
        prefix = attributes.values.get(_PREFIX, "")
        if _LOGS in prefix:
            yield Fault(attributes.node, f"{_PREFIX} is {quoted(prefix)}, expected one without {_LOGS}")
    for statement in _log_statements(context):
        for resource in scalars_in(at(statement, "Resource")):
            if resource.text.count(_LOGS) > 1:
                yield Fault(resource, f"Resource is {quoted(resource.text)}, expected {_LOGS} once")


@rule(
    "XF173",
    "An Ingress that writes access logs names their bucket",
    reason="the load-balancer controller cannot set the attributes and stops reconciling the Ingress: no later change reaches the load "
    "balancer",
    remedy=f"write {_ENABLED}=true,{_BUCKET}=<bucket>,{_PREFIX}=<prefix> in one annotation",
)
def _bucket(context: ForeignContext) -> Iterator[Fault]:
    for node, values in _ingress_attributes(context):
        if values.get(_ENABLED, "").lower() == "true" and not values.get(_BUCKET):
            yield Fault(node, f"{_ENABLED} is true without {_BUCKET}, expected both")
        if values.get(_BUCKET) and _ENABLED not in values:
            yield Fault(node, f"{_BUCKET} is set without {_ENABLED}=true, expected both")


RULES: Final = (_principal, _kms, _prefix, _bucket)
