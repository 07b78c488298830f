"""Contradictions in the sections on Kubernetes, ALB logs and the demo. The rules read what `inconsistency` says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from xray_grafana import contract
from xray_grafana.config.elb_accounts import ELB_ACCOUNTS
from xray_grafana.config.inconsistency import Claim, Inconsistency, Section, doubles, is_set, section_at, valid_text
from xray_grafana.config.nodes import Loc
from xray_grafana.config.partition import dns_suffix, partition
from xray_grafana.config.shipper_services import LAMBDA_BYTES, lambda_bytes, services_variable
from xray_grafana.config.wording import quoted

_CLUSTER: Final = ("kubernetes",)
_AGENT: Final = ("kubernetes", "agent")
_IDENTITY: Final = ("kubernetes", "identity")
_ALB_LOGS: Final = ("alb_logs",)

_PREFER_SAME_NODE_SINCE: Final = (1, 34)
# What the daemon needs beside its buffer: 14 to 17 MB idle, 30 MB under load (its README and runs of our own).
_BESIDE_BUFFER_MB: Final = 32
# aws-xray-daemon CHANGELOG: 3.0.0 brought the TCP port for sampling rules, 3.2.0 IRSA, 3.6.0 the SDK that knows Pod Identity.
_LEAST_DAEMON: Final = {"node-role": (3, 0), "irsa": (3, 2), "pod-identity": (3, 6)}
_VERSION_TAG: Final = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})(?![0-9])")


def deploy_inconsistencies(tree: Section) -> Iterator[Inconsistency]:
    """Everything in these sections that contradicts something else in the config."""
    if is_set(tree, "kubernetes"):
        yield from _oidc_provider(tree)
        yield from _identity(tree)
        yield from _agent(tree)
        yield from _adot_only(tree)
        yield from _daemon_image(tree)
        yield from _service_accounts(tree)
        yield from _operator_account(tree)
    if is_set(tree, "alb_logs"):
        yield from _bucket(tree)
        yield from _queue_key(tree)
        yield from _shipper(tree)
        yield from _shipper_services(tree)
        yield from _shipper_metrics(tree)
    if is_set(tree, "demo"):
        yield from _demo(tree)


def _text(tree: Section, *loc: str) -> str | None:
    """The text of a key if there is one and its form is right."""
    return valid_text(section_at(tree, *loc[:-1]), loc[:-1], loc[-1])


def _number(tree: Section, *loc: str) -> int | None:
    value = section_at(tree, *loc[:-1]).get(loc[-1])
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _at(loc: Loc, got: str | None, expected: str, hint: str | None = None) -> Inconsistency:
    return Inconsistency(loc, "nothing" if got is None else quoted(got), expected, hint)


def _oidc_provider(tree: Section) -> Iterator[Inconsistency]:
    loc, region = (*_CLUSTER, "oidc_provider"), _text(tree, "aws", "region")
    if _text(tree, *_IDENTITY, "kind") == "irsa" and not is_set(section_at(tree, *_CLUSTER), "oidc_provider"):
        hint = "aws eks describe-cluster shows it as cluster.identity.oidc.issuer"
        yield _at(loc, None, "the cluster's OIDC provider, because kubernetes.identity.kind is irsa", hint)
    provider = _text(tree, *loc)
    if provider and region and not provider.startswith(start := f"oidc.eks.{region}.{dns_suffix(region)}/"):
        yield _at(loc, provider, f"a provider that begins with {start}, because aws.region is {region}")


def _identity(tree: Section) -> Iterator[Inconsistency]:
    kind, has_role = _text(tree, *_IDENTITY, "kind"), is_set(section_at(tree, *_IDENTITY), "node_role")
    loc = (*_IDENTITY, "node_role")
    if kind == "node-role" and not has_role:
        yield _at(loc, None, "the name of the nodes' role, because kubernetes.identity.kind is node-role")
    if kind not in {None, "node-role"} and has_role:
        yield Inconsistency(loc, "a role", f"nothing, because kubernetes.identity.kind is {kind}", "node_role goes with kind: node-role")
    if kind not in {None, "irsa"} and section_at(tree, *_CLUSTER).get("fargate") is True:
        hint = {"pod-identity": "the Pod Identity agent does not run on Fargate", "node-role": "pods on Fargate have no node role"}
        yield _at((*_IDENTITY, "kind"), kind, "irsa, because kubernetes.fargate is true", hint[str(kind)])


def _agent(tree: Section) -> Iterator[Inconsistency]:
    version = _text(tree, *_CLUSTER, "version")
    routing = _text(tree, *_AGENT, "routing")
    if version and routing == "prefer-same-node" and tuple(map(int, version.split("."))) < _PREFER_SAME_NODE_SINCE:
        expected = f"local or host-port, because kubernetes.version is {version}"
        yield _at((*_AGENT, "routing"), routing, expected, "prefer-same-node needs Kubernetes 1.34")
    for loc in ((*_AGENT, "service"), (*_CLUSTER, "namespace")):
        name = _text(tree, *loc)
        if name and ("udp" in name or "tcp" in name):
            yield _at(
                loc, name, "a name without udp or tcp", "applications send to <service>.<namespace>, and the Node SDK refuses such names"
            )
    buffer, limit = _number(tree, *_AGENT, "buffer_mb"), _number(tree, *_AGENT, "memory_limit_mb")
    if _text(tree, *_AGENT, "kind") == "daemon" and buffer and limit and limit < buffer + _BESIDE_BUFFER_MB:
        expected = f"at least {buffer + _BESIDE_BUFFER_MB}, because buffer_mb is {buffer}"
        hint = f"the daemon needs {_BESIDE_BUFFER_MB} MB beside its buffer"
        yield Inconsistency((*_AGENT, "memory_limit_mb"), str(limit), expected, hint)


def _adot_only(tree: Section) -> Iterator[Inconsistency]:
    agent = section_at(tree, *_AGENT)
    if _text(tree, *_AGENT, "kind") != "daemon":
        return
    for key, got in (("indexed_attributes", "attributes"), ("cluster_metadata", "true")):
        if agent.get(key) is True or (isinstance(agent.get(key), tuple) and agent.get(key)):
            yield Inconsistency((*_AGENT, key), got, "nothing, because kubernetes.agent.kind is daemon", f"{key} goes with kind: adot")


def _daemon_image(tree: Section) -> Iterator[Inconsistency]:
    """A tag that is no version, such as a digest or `3.x`, says nothing about the daemon inside."""
    image, identity = _text(tree, *_AGENT, "image"), _text(tree, *_IDENTITY, "kind")
    if image is None or identity is None or _text(tree, *_AGENT, "kind") != "daemon":
        return
    tag = image.rpartition("/")[2].partition(":")[2]
    version = _VERSION_TAG.match(tag)
    least = _LEAST_DAEMON[identity]
    if version and (int(version[1]), int(version[2])) < least:
        hint = "an older daemon has no TCP port 2000" if identity == "node-role" else "an older daemon takes the node's role without a word"
        expected = f"a daemon of {least[0]}.{least[1]}.0 or newer, because kubernetes.identity.kind is {identity}"
        yield _at((*_AGENT, "image"), image, expected, hint)


def _service_accounts(tree: Section) -> Iterator[Inconsistency]:
    """Each ServiceAccount has one owner, which alone writes its annotations."""
    home, grafana = _text(tree, *_CLUSTER, "namespace"), _text(tree, *_CLUSTER, "grafana", "namespace")
    claims = []
    if _text(tree, *_ALB_LOGS, "consumer") == "deployment":
        claims.append(Claim(f"{home}/{contract.SHIPPER_SERVICE_ACCOUNT}", _ALB_LOGS, "the log shipper"))
    for namespace, section in ((home, "agent"), (grafana, "grafana")):
        loc = (*_CLUSTER, section, "service_account")
        if namespace and (name := _text(tree, *loc)):
            claims.append(Claim.of_key(f"{namespace}/{name}", loc))
    yield from doubles(claims, "a ServiceAccount of its own in its namespace")


def _operator_account(tree: Section) -> Iterator[Inconsistency]:
    """A role trusts a ServiceAccount by its name, and the operator gives Grafana's its name."""
    loc = (*_CLUSTER, "grafana", "service_account")
    name = _text(tree, *loc)
    by_name = _text(tree, *_IDENTITY, "kind") != "node-role"
    if _text(tree, *_CLUSTER, "grafana", "form") == "operator" and by_name and name and not name.endswith("-sa"):
        expected = "a name that ends in -sa, because kubernetes.grafana.form is operator"
        yield _at(loc, name, expected, "the operator calls the ServiceAccount of a Grafana object NAME-sa, and takes no other")


def _bucket(tree: Section) -> Iterator[Inconsistency]:
    prefix, region = _text(tree, *_ALB_LOGS, "key_prefix"), _text(tree, "aws", "region")
    if prefix and "AWSLogs" in prefix:
        yield _at((*_ALB_LOGS, "key_prefix"), prefix, "a prefix without AWSLogs", "AWS puts AWSLogs/<account>/ behind it")
    if section_at(tree, *_ALB_LOGS).get("legacy_bucket_policy") is True and region and region not in ELB_ACCOUNTS:
        expected = f"false, because {region} has no load-balancer account"
        yield Inconsistency(
            (*_ALB_LOGS, "legacy_bucket_policy"), "true", expected, "regions opened since August 2022 take the service alone"
        )


def _queue_key(tree: Section) -> Iterator[Inconsistency]:
    """The key of a queue lies where the queue lies."""
    arn, region, account = _text(tree, *_ALB_LOGS, "queue_kms_key_arn"), _text(tree, "aws", "region"), _text(tree, "aws", "account")
    if arn and region and account and not arn.startswith(start := f"arn:{partition(region)}:kms:{region}:{account}:"):
        yield _at((*_ALB_LOGS, "queue_kms_key_arn"), arn, f"an ARN that begins with {start}, where the queue is")


def _shipper(tree: Section) -> Iterator[Inconsistency]:
    consumer, image, region = _text(tree, *_ALB_LOGS, "consumer"), _text(tree, *_ALB_LOGS, "shipper_image"), _text(tree, "aws", "region")
    loc = (*_ALB_LOGS, "shipper_image")
    if consumer == "deployment" and not is_set(tree, "kubernetes"):
        yield _at((*_ALB_LOGS, "consumer"), consumer, "lambda, because there is no kubernetes section", "kubernetes says where it runs")
    if consumer == "deployment" and not is_set(section_at(tree, *_ALB_LOGS), "shipper_image"):
        yield _at(loc, None, "the shipper's image, because alb_logs.consumer is deployment")
    if image and not is_set(tree, "logs"):
        yield _at(loc, image, "nothing, because there is no logs section", "logs says where Loki is")
    if image and region and consumer == "lambda":
        registry = f".dkr.ecr.{region}.{dns_suffix(region)}/"
        if not re.match(rf"[0-9]{{12}}{re.escape(registry)}", image):
            expected = f"an image of <account>{registry}…, because alb_logs.consumer is lambda"
            yield _at(loc, image, expected, "Lambda takes images from ECR in its own region only")


def _shipper_services(tree: Section) -> Iterator[Inconsistency]:
    """What fits into the environment of a function."""
    written = section_at(tree, *_ALB_LOGS, "services")
    value = services_variable({key: name for key, name in written.items() if isinstance(name, str)})
    if value is None or _text(tree, *_ALB_LOGS, "consumer") != "lambda":
        return
    if (size := lambda_bytes(value)) > LAMBDA_BYTES:
        expected = f"at most {LAMBDA_BYTES} bytes, because alb_logs.consumer is lambda, whose environment holds 4 KB"
        hint = "leave out what is called by its load balancer's name, or let a deployment ship"
        yield Inconsistency((*_ALB_LOGS, "services"), f"{len(written)} entries of {size} bytes", expected, hint)


def _shipper_metrics(tree: Section) -> Iterator[Inconsistency]:
    """Nothing can ask a function for its counters."""
    if section_at(tree, *_ALB_LOGS).get("metrics") is True and _text(tree, *_ALB_LOGS, "consumer") == "lambda":
        expected = "false, because alb_logs.consumer is lambda"
        yield Inconsistency((*_ALB_LOGS, "metrics"), "true", expected, "a function has no port; its lines in Loki have the same counts")


def _demo(tree: Section) -> Iterator[Inconsistency]:
    if not is_set(tree, "kubernetes"):
        yield Inconsistency(("demo",), "a section", "nothing, because there is no kubernetes section", "kubernetes says where it runs")
        return
    agent, namespace = section_at(tree, *_AGENT), _text(tree, "demo", "namespace")
    loc = ("demo", "namespace")
    if _text(tree, "demo", "sdk") == "opentelemetry" and _text(tree, *_AGENT, "kind") == "daemon":
        expected = "xray, because kubernetes.agent.kind is daemon"
        yield _at(("demo", "sdk"), "opentelemetry", expected, "the daemon takes no OTLP; kind: adot does")
    if namespace is None:
        return
    for owner in ((*_CLUSTER, "namespace"), (*_CLUSTER, "grafana", "namespace")):
        if namespace == _text(tree, *owner):
            yield _at(loc, namespace, f"another namespace than {'.'.join(owner)}", "the demo makes and removes its own")
    allowed = agent.get("allowed_namespaces")
    if isinstance(allowed, tuple) and allowed and namespace not in allowed:
        yield _at(loc, namespace, "an entry of kubernetes.agent.allowed_namespaces", "the agent takes no traces from others")
