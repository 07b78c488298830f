"""XF16x: who may do what: names and ARNs, identity policies, trust policies of IRSA and EKS Pod Identity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from xray_grafana.aws.managed_policies import rightly_cased
from xray_grafana.checks.foreign.context import POD_IDENTITY_SERVICE, ForeignContext
from xray_grafana.checks.foreign.finding import Fault, Fix, rule
from xray_grafana.checks.foreign.mends import replaced_within
from xray_grafana.checks.foreign.source import Span
from xray_grafana.checks.foreign.tree import Mapping, Node, Scalar, Sequence, at, entries_at, key_at, scalars_in, text_at
from xray_grafana.config.partition import partition
from xray_grafana.config.wording import quoted, visible

_MANAGED_NAME: Final = re.compile(r"\bAWSX-?Ray[A-Za-z]+\b", re.IGNORECASE)
_ARN: Final = re.compile(r"\barn:(aws[a-z-]{0,12}):([a-z0-9-]{1,40}):([a-z0-9-]{0,30}):([^:\s\"']{0,100}):")
_REGION: Final = re.compile(r"[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}")
_REGISTRY: Final = re.compile(r"\b(\w{1,40})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com")
_ACCOUNT: Final = re.compile(r"\d{12}")
# What stands where an account id may: AWS's own policies, CloudFront's identities, wildcards, and variables filled in elsewhere.
_NO_ACCOUNT: Final = re.compile(r"|aws|cloudfront|.*[*?${}].*")
# Of these X-Ray has no resource types (Service Authorization Reference, AWS X-Ray).
_UNSCOPED: Final = frozenset(
    f"xray:{action}".lower()
    for action in (
        "PutTraceSegments",
        "PutTelemetryRecords",
        "GetSamplingRules",
        "GetSamplingTargets",
        "GetSamplingStatisticSummaries",
        "BatchGetTraces",
        "GetTraceSummaries",
        "GetTraceGraph",
        "GetServiceGraph",
        "GetGroups",
    )
)
_AUDIENCE: Final = "sts.amazonaws.com"
_WEB_IDENTITY: Final = "sts:assumerolewithwebidentity"


@rule(
    "XF160",
    "AWS's own policies are named in AWS's letters",
    reason="names of AWS's X-Ray policies are cased now XRay, now Xray; an ARN in the wrong case names no policy and attaching it fails "
    "(NoSuchEntity)",
    remedy="write AWSXRayDaemonWriteAccess, AWSXrayWriteOnlyAccess, AWSXrayReadOnlyAccess, AWSXrayFullAccess",
)
def _managed_name(context: ForeignContext) -> Iterator[Fault]:
    for scalar in context.scalars:
        for found in _MANAGED_NAME.finditer(scalar.text):
            right = rightly_cased(found.group())
            if right and right != found.group() and (":policy/" in scalar.text or found.group() == scalar.text):
                yield Fault(
                    scalar, f"the policy is {found.group()}, expected {right}", replaced_within(scalar, found.start(), found.end(), right)
                )


@rule(
    "XF161",
    "An ARN is of its region's partition",
    reason="ARNs of China begin with arn:aws-cn and those of GovCloud with arn:aws-us-gov; another partition's ARN names nothing, and "
    "IAM refuses it",
    remedy="write the partition of the region: aws, aws-cn or aws-us-gov",
)
def _partition(context: ForeignContext) -> Iterator[Fault]:
    expected_of_files = {partition(region) for region in context.regions}
    for scalar in context.scalars:
        for found in _ARN.finditer(scalar.text):
            written, region = found[1], found[3]
            if _REGION.fullmatch(region):
                right = partition(region)
                if right != written:
                    message = f"the partition is {written} in {region}, expected {right}"
                    yield Fault(scalar, message, replaced_within(scalar, found.start(1), found.end(1), right))
            elif not region and len(expected_of_files) == 1 and written not in expected_of_files:
                yield Fault(scalar, f"the partition is {written}, expected {next(iter(expected_of_files))} as of the cluster's region")


@rule(
    "XF162",
    "X-Ray's actions are allowed on *",
    reason="sending and reading traces knows no resource: a statement with an ARN, such as that of an instance profile, allows nothing "
    "at all (AccessDeniedException at the first segment)",
    remedy='write "Resource": "*" for these actions, in a statement of their own',
)
def _scoped(context: ForeignContext) -> Iterator[Fault]:
    for statement in context.statements:
        actions = {scalar.text.lower() for scalar in scalars_in(at(statement, "Action"))}
        resources = scalars_in(at(statement, "Resource"))
        unscoped = actions & _UNSCOPED
        if text_at(statement, "Effect") != "Allow" or not unscoped or any(resource.text == "*" for resource in resources):
            continue
        for resource in resources[:1]:
            whole = at(statement, "Resource") is resource and actions <= _UNSCOPED and resource.mendable
            fixes = (Fix(resource.span, '"*"'),) if whole else ()
            yield Fault(resource, f"Resource is {quoted(resource.text)} for actions of X-Ray, expected '*'", fixes)


@rule(
    "XF163",
    "A web-identity trust names the ServiceAccount",
    reason="with the audience (aud) alone every pod of the cluster can take the role, whatever its ServiceAccount",
    remedy='add "<provider>:sub": "system:serviceaccount:<namespace>:<name>" to StringEquals',
)
def _no_subject(context: ForeignContext) -> Iterator[Fault]:
    for statement in _web_identity(context):
        if not any(key.text.endswith(":sub") for _, key, _ in _conditions(statement)):
            yield Fault(at(statement, "Condition") or statement, "the condition has no :sub, expected the ServiceAccount")


@rule(
    "XF164",
    "The ServiceAccount of a trust has no wildcard",
    reason="StringLike with a wildcard lets every ServiceAccount that fits take the role; in StringEquals a wildcard is a plain "
    "character, and nobody can take it",
    remedy='write one "system:serviceaccount:<namespace>:<name>" each under StringEquals',
    severity="warning",
)
def _wild_subject(context: ForeignContext) -> Iterator[Fault]:
    for statement in _web_identity(context):
        for operator, key, value in _conditions(statement):
            for scalar in scalars_in(value):
                if key.text.endswith(":sub") and re.search(r"[*?]", scalar.text):
                    effect = "lets many take the role" if "like" in operator.lower() else "fits nobody"
                    yield Fault(scalar, f"{operator} {quoted(scalar.text)} {effect}, expected one ServiceAccount")


@rule(
    "XF165",
    "The audience of a web-identity trust is STS",
    reason="the token that EKS gives to pods is for sts.amazonaws.com: with another audience STS refuses it, and without the condition "
    "the trust takes tokens that were made for something else",
    remedy='write "<provider>:aud": "sts.amazonaws.com" under StringEquals',
)
def _audience(context: ForeignContext) -> Iterator[Fault]:
    for statement in _web_identity(context):
        audiences = [value for _, key, value in _conditions(statement) if key.text.endswith(":aud")]
        if not audiences:
            yield Fault(at(statement, "Condition") or statement, f"the condition has no :aud, expected {_AUDIENCE}")
        for scalar in (scalar for value in audiences for scalar in scalars_in(value)):
            if scalar.text not in {_AUDIENCE, f"{_AUDIENCE}.cn"}:
                yield Fault(scalar, f"the audience is {quoted(scalar.text)}, expected {_AUDIENCE}")


@rule(
    "XF166",
    "A trust for EKS Pod Identity allows session tags",
    reason="EKS takes the role with tags of cluster, namespace and ServiceAccount; without sts:TagSession STS refuses, and the pod has "
    "no role",
    remedy='write "Action": ["sts:AssumeRole", "sts:TagSession"]',
)
def _tag_session(context: ForeignContext) -> Iterator[Fault]:
    granting = [each for each in context.statements if _grants_pod_identity(each)]
    allowed = {scalar.text.lower() for statement in granting for scalar in scalars_in(at(statement, "Action"))}
    for statement in granting:
        actions = scalars_in(at(statement, "Action"))
        if any(scalar.text.lower() == "sts:assumerole" for scalar in actions) and not allowed & {"sts:tagsession", "sts:*", "*"}:
            node = at(statement, "Action")
            yield Fault(actions[0], "the action sts:TagSession is missing, expected it beside sts:AssumeRole", _with_tag_session(node))


def _with_tag_session(node: Node | None) -> tuple[Fix, ...]:
    if isinstance(node, Scalar) and node.mendable:
        quote = node.style or ""
        return (Fix(node.span, f"[{quote}{node.text}{quote}, {quote}sts:TagSession{quote}]"),)
    first = node.items[0] if isinstance(node, Sequence) and node.items else None
    if not isinstance(node, Sequence) or not isinstance(first, Scalar) or not first.mendable:
        return ()
    quote = first.style or ""
    line_start = first.source.content[: first.span.start].rpartition("\n")[2]
    separator = f"\n{line_start}" if not line_start.strip(" \t-") else " "
    comma = "," if node.flow else ""
    return (Fix(Span(first.span.start, first.span.start), f"{quote}sts:TagSession{quote}{comma}{separator}"),)


@rule(
    "XF167",
    "An account id has 12 digits",
    reason="an ARN or a registry with another account id names nothing: IAM refuses the policy, kubelet cannot pull the image; ids that "
    "were read as numbers lose their leading zeros",
    remedy="write the 12 digits of the account, zeros in front included: aws sts get-caller-identity shows them",
)
def _account(context: ForeignContext) -> Iterator[Fault]:
    for scalar in context.scalars:
        wrong = [found[4] for found in _ARN.finditer(scalar.text) if not _is_account(found[4])]
        wrong += [found[1] for found in _REGISTRY.finditer(scalar.text) if not _is_account(found[1])]
        for account in dict.fromkeys(wrong):
            digits = f" ({len(account)} digits)" if account.isdigit() else ""
            yield Fault(scalar, f"the account id is '{visible(account)}'{digits}, expected 12 digits")


def _is_account(text: str) -> bool:
    return _ACCOUNT.fullmatch(text) is not None or _NO_ACCOUNT.fullmatch(text) is not None


def _web_identity(context: ForeignContext) -> Iterator[Mapping]:
    """Statements that let pods of an EKS cluster take a role by the cluster's OIDC provider."""
    for statement in context.statements:
        actions = {scalar.text.lower() for scalar in scalars_in(at(statement, "Action"))}
        providers = scalars_in(at(statement, "Principal", "Federated"))
        if text_at(statement, "Effect") == "Allow" and _WEB_IDENTITY in actions and _has_cluster_provider(providers):
            yield statement


def _has_cluster_provider(providers: Iterable[Scalar]) -> bool:
    return any(":oidc-provider/" in provider.text and ("oidc.eks" in provider.text or "$" in provider.text) for provider in providers)


def _conditions(statement: Mapping) -> Iterator[tuple[str, Scalar, Node]]:
    """Operator, key and value of each condition."""
    for operator, tests in entries_at(statement, "Condition").items():
        for name, entry in entries_at(tests.node).items():
            key = key_at(tests.node, name)
            if key:
                yield operator, key, entry.node


def _grants_pod_identity(statement: Mapping) -> bool:
    services = scalars_in(at(statement, "Principal", "Service"))
    return text_at(statement, "Effect") == "Allow" and any(service.text == POD_IDENTITY_SERVICE for service in services)


RULES: Final = (_managed_name, _partition, _scoped, _no_subject, _wild_subject, _audience, _tag_session, _account)
