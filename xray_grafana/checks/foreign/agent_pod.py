"""XF13x: the pod of the X-Ray daemon: its image, its place on the node, its security context and its probes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xray_grafana import contract
from xray_grafana.checks.foreign.context import AGENT_PORT, ForeignContext
from xray_grafana.checks.foreign.finding import Fault, Fix, rule
from xray_grafana.checks.foreign.manifests import SCRATCH_IMAGE, Container, Image, Workload
from xray_grafana.checks.foreign.mends import entry_before
from xray_grafana.checks.foreign.source import Span
from xray_grafana.checks.foreign.tree import (
    Mapping,
    Node,
    Scalar,
    at,
    every_node,
    is_true,
    items_at,
    key_at,
    mappings_at,
    number_at,
    scalar_at,
    text_at,
)
from xray_grafana.config.wording import quoted

_FIRST_WITH_TCP: Final = 3
_POD_IDENTITY_MINIMUM: Final = (3, 6)
_MOVING_TAGS: Final = frozenset({"latest", "alpha"})
_COMPUTE_TYPE: Final = "eks.amazonaws.com/compute-type"
_OS_LABELS: Final = frozenset({"kubernetes.io/os", "beta.kubernetes.io/os"})
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")


def _images(context: ForeignContext) -> Iterator[tuple[Node, Image, str | None]]:
    """Where the image or tag of each daemon stands, the image, and the ServiceAccount of its pod."""
    for container in (*context.daemons, *(each for each in context.task_containers if each.is_daemon)):
        account = text_at(container.workload.pod, "serviceAccountName") if container.workload else None
        if container.image_node:
            yield container.image_node, container.image, account
    for values in context.chart_values:
        tag = scalar_at(values, "image", "tag")
        if tag and tag.text:
            yield tag, Image(SCRATCH_IMAGE, tag.text, None), text_at(values, "serviceAccount", "name")


@rule(
    "XF130",
    "The daemon's image is a version of today",
    reason="daemons of 2.x have no TCP proxy, so no sampling rules and no SDK of today; an image without a fixed tag changes on its own "
    "at the next node, and pods of one DaemonSet then differ",
    remedy=f"write {contract.DAEMON_IMAGE}",
)
def _image(context: ForeignContext) -> Iterator[Fault]:
    for node, image, _ in _images(context):
        version = image.version
        expected = f"expected a fixed tag such as {contract.DAEMON_VERSION}"
        if image.digest:
            continue
        if image.tag is None:
            yield Fault(node, f"the image {quoted(image.repository)} has no tag, {expected}")
        elif image.tag in _MOVING_TAGS:
            yield Fault(node, f"the tag {quoted(image.tag)} moves, {expected}")
        elif version and version[0] < _FIRST_WITH_TCP and (version[0] == _FIRST_WITH_TCP - 1 or image.base == "aws-xray-daemon"):
            yield Fault(node, f"the daemon is {image.tag}, expected {_FIRST_WITH_TCP}.x such as {contract.DAEMON_VERSION}")


@rule(
    "XF131",
    "EKS Pod Identity has a daemon of 3.6.0 or later",
    reason="the AWS SDK in older daemons does not know Pod Identity; they take the node's role instead and say nothing",
    remedy=f"write {contract.DAEMON_IMAGE}, or use IRSA",
)
def _pod_identity(context: ForeignContext) -> Iterator[Fault]:
    for node, image, account in _images(context):
        version = image.version
        by_association = account in context.pod_identity_accounts
        by_trust = context.has_pod_identity_trust and account not in context.web_identity_accounts
        if version and (by_association or by_trust) and version[0] == _FIRST_WITH_TCP and version < _POD_IDENTITY_MINIMUM:
            yield Fault(node, f"the daemon is {image.tag}, expected 3.6.0 or later")


@rule(
    "XF132",
    "The daemon does not use the node's network",
    reason="hostNetwork breaks Pod Security baseline, escapes every NetworkPolicy and takes port 2000 of the node, so that a second "
    "daemon stays Pending; whoever reaches the node's port 2000 has the daemon's rights in X-Ray",
    remedy="take hostNetwork out and send to a ClusterIP Service with internalTrafficPolicy: Local",
)
def _host_network(context: ForeignContext) -> Iterator[Fault]:
    for workload in _daemon_workloads(context):
        node = at(workload.pod, "hostNetwork")
        if node and is_true(workload.pod, "hostNetwork"):
            yield Fault(node, "hostNetwork is true, expected none written")


@rule(
    "XF133",
    "The daemon takes no port of the node",
    reason="hostPort breaks Pod Security baseline, and a pod stays Pending where the port is taken, as by the daemon of another release",
    remedy="take hostPort out and send to a ClusterIP Service with internalTrafficPolicy: Local",
    severity="warning",
)
def _host_port(context: ForeignContext) -> Iterator[Fault]:
    for daemon in context.daemons:
        for port in mappings_at(daemon.root, "ports"):
            node = scalar_at(port, "hostPort")
            if node and number_at(port, "hostPort") and daemon.workload and not is_true(daemon.workload.pod, "hostNetwork"):
                yield Fault(node, f"hostPort is {node.text}, expected none written")


@rule(
    "XF135",
    "No probe asks the daemon by HTTP",
    reason="the daemon signs whatever comes to TCP 2000 and sends it to AWS: each probe becomes a request to X-Ray, and its error "
    "restarts the pod",
    remedy=f"write tcpSocket: {{port: {AGENT_PORT}}}",
)
def _http_probe(context: ForeignContext) -> Iterator[Fault]:
    for daemon in context.daemons:
        for probe in _PROBES:
            key, value = key_at(daemon.root, probe, "httpGet"), at(daemon.root, probe, "httpGet")
            if key and isinstance(value, Mapping):
                yield Fault(key, f"{probe} is an httpGet, expected a tcpSocket", _tcp_socket(key, value))


def _tcp_socket(key: Scalar, value: Mapping) -> tuple[Fix, ...]:
    """The mend of a probe whose port is known and that has no comment to lose."""
    port = scalar_at(value, "port")
    span = Span(key.span.start, value.span.end)
    written = key.source.content[span.start : span.end]
    scalars = [node for node in every_node(value) if isinstance(node, Scalar)]
    if port is None or not port.mendable or "#" in written or value.span.start < key.span.end or not all(node.mendable for node in scalars):
        return ()
    port_text = key.source.content[port.span.start : port.span.end]
    if key.style == '"':
        return (Fix(span, f'"tcpSocket": {{"port": {port_text}}}'),)
    return (Fix(span, f"tcpSocket: {{port: {port_text}}}"),)


@rule(
    "XF136",
    "A probe starts no program that the image lacks",
    reason="the daemon's public image holds nothing but the daemon, not even a shell: an exec probe fails for ever and the pod restarts "
    "for ever",
    remedy=f"write tcpSocket: {{port: {AGENT_PORT}}}",
)
def _exec_probe(context: ForeignContext) -> Iterator[Fault]:
    for daemon in context.daemons:
        for probe in _PROBES:
            key = key_at(daemon.root, probe, "exec")
            if key and daemon.image.repository == SCRATCH_IMAGE:
                yield Fault(key, f"{probe} is an exec, expected a tcpSocket")


@rule(
    "XF137",
    "A daemon that tolerates every taint keeps off Fargate",
    reason="a toleration with operator: Exists also matches Fargate nodes, where no DaemonSet runs: one pod for each stays Pending for "
    "ever",
    remedy=f"add a nodeAffinity: key {_COMPUTE_TYPE}, operator NotIn, values [fargate]",
    severity="warning",
)
def _fargate(context: ForeignContext) -> Iterator[Fault]:
    for workload in _daemon_workloads(context, kind="DaemonSet"):
        for toleration in mappings_at(workload.pod, "tolerations"):
            key = text_at(toleration, "key")
            if text_at(toleration, "operator") == "Exists" and key in {None, _COMPUTE_TYPE} and not _selects(workload, {_COMPUTE_TYPE}):
                yield Fault(toleration, "a toleration with operator: Exists and no affinity against fargate, expected one")
                break


@rule(
    "XF138",
    "The daemon asks for Linux nodes",
    reason="there is no image for Windows: on a Windows node the pod ends in ErrImagePull or CrashLoopBackOff",
    remedy="write nodeSelector: {kubernetes.io/os: linux}",
    severity="warning",
)
def _linux(context: ForeignContext) -> Iterator[Fault]:
    for workload in _daemon_workloads(context, kind="DaemonSet"):
        if not _selects(workload, _OS_LABELS):
            yield Fault(workload.pod, "no selector for the operating system, expected kubernetes.io/os: linux")


@rule(
    "XF139",
    "The daemon's resources are bounded",
    reason="without requests the scheduler counts the daemon as nothing and it is the first to be evicted; without a memory limit a "
    "burst may take 1 % of the node's memory and more",
    remedy="write requests {cpu: 50m, memory: 64Mi} and limits {memory: 96Mi}, with -m 24",
    severity="warning",
)
def _resources(context: ForeignContext) -> Iterator[Fault]:
    for daemon in context.daemons:
        missing = [f"{part}.memory" for part in ("requests", "limits") if text_at(daemon.root, "resources", part, "memory") is None]
        if "limits.memory" in missing:
            place = at(daemon.root, "resources") or daemon.root
            yield Fault(place, f"resources have no {' and no '.join(missing)}, expected both")


@rule(
    "XF134",
    "The user's number stands beside runAsNonRoot",
    reason="the daemon's image names its user by name; kubelet cannot tell whether that is root and refuses: CreateContainerConfigError",
    remedy=f"write runAsUser: {contract.DAEMON_USER_ID} beside runAsNonRoot (collector: {contract.ADOT_USER_ID})",
)
def _user(context: ForeignContext) -> Iterator[Fault]:
    for daemon in context.daemons:
        contexts = [
            node
            for node in (at(daemon.root, "securityContext"), at(daemon.workload.pod if daemon.workload else None, "securityContext"))
            if node
        ]
        if any(at(node, "runAsUser") for node in contexts):
            continue
        for node in contexts:
            key = key_at(node, "runAsNonRoot")
            if key and is_true(node, "runAsNonRoot"):
                yield Fault(key, "runAsNonRoot is true and runAsUser is missing, expected a number", _user_beside(daemon, node, key))
                break


def _user_beside(daemon: Container, node: Node, key: Scalar) -> tuple[Fix, ...]:
    """The public image's user, written before the key; of other images the number is not known."""
    if daemon.image.base != "aws-xray-daemon" or not isinstance(node, Mapping):
        return ()
    return entry_before(node, key, "runAsUser", str(contract.DAEMON_USER_ID))


def _daemon_workloads(context: ForeignContext, kind: str | None = None) -> tuple[Workload, ...]:
    """The workloads with a daemon, each once."""
    workloads = [daemon.workload for daemon in context.daemons if daemon.workload]
    return tuple(dict.fromkeys(each for each in workloads if kind in {None, each.manifest.kind}))


def _selects(workload: Workload, labels: set[str] | frozenset[str]) -> bool:
    """Whether the pod asks for nodes by one of the labels."""
    selector = at(workload.pod, "nodeSelector")
    terms = items_at(workload.pod, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    keys = {text_at(expression, "key") for term in terms for expression in mappings_at(term, "matchExpressions")}
    return bool(labels & (keys | (set(selector.entries) if isinstance(selector, Mapping) else set())))


RULES: Final = (
    _image,
    _pod_identity,
    _host_network,
    _host_port,
    _http_probe,
    _exec_probe,
    _fargate,
    _linux,
    _resources,
    _user,
)
