"""XF11x: where applications send traces to, the variable AWS_XRAY_DAEMON_ADDRESS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from xray_grafana import contract
from xray_grafana.checks.foreign.context import AGENT_PORT, ForeignContext
from xray_grafana.checks.foreign.finding import Fault, Fix, rule
from xray_grafana.checks.foreign.manifests import Container, Manifest
from xray_grafana.checks.foreign.source import Span
from xray_grafana.checks.foreign.tree import Scalar
from xray_grafana.config.wording import quoted

_HOST: Final = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\.?"
_REFERENCE: Final = r"\$\([A-Za-z_][A-Za-z0-9_]*\)"
_BARE_HOST: Final = re.compile(_HOST)
_PAIR: Final = re.compile(rf"(?P<host>{_HOST}|{_REFERENCE}):(?P<port>[0-9]{{1,5}}|{_REFERENCE})")
_PREFIXED: Final = re.compile(r"(?P<protocol>tcp|udp):(?P<rest>\S+)")
_CLUSTER_SUFFIX: Final = re.compile(r"\.svc(?:\.[a-z0-9.-]+)?\.?")
_PORT_MAX: Final = 65535
_NODE_WORDS: Final = re.compile("udp|tcp")
_EXPECTED: Final = "host:port, or tcp:host:port udp:host:port"


class Target(NamedTuple):
    """A Service as an address names it; `namespace` is None for that of the application itself."""

    service: str
    namespace: str | None
    port: str


class Address(NamedTuple):
    """An address as a container has it."""

    container: Container
    node: Scalar


def _addresses(context: ForeignContext) -> Iterator[Address]:
    for container in (*context.pod_containers, *context.task_containers):
        variable = container.variable(contract.DAEMON_ADDRESS_VARIABLE)
        if variable and (value := variable[1]):
            yield Address(container, value)


def _pairs(text: str) -> list[re.Match[str]] | None:
    """The host:port pairs of an address; None when it has another form."""
    words = text.split(" ")
    if len(words) == 1:
        match = _PAIR.fullmatch(text)
        return [match] if match else None
    prefixed = [_PREFIXED.fullmatch(word) for word in words]
    if sorted(match["protocol"] for match in prefixed if match) != ["tcp", "udp"] or len(words) != len(["tcp", "udp"]):
        return None
    matches = [_PAIR.fullmatch(match["rest"]) for match in prefixed if match]
    return [match for match in matches if match] if all(matches) else None


def _has_valid_ports(pairs: list[re.Match[str]]) -> bool:
    return all(not pair["port"].isdigit() or 1 <= int(pair["port"]) <= _PORT_MAX for pair in pairs)


@rule(
    "XF110",
    "The daemon's address is host:port",
    reason="SDKs refuse an address without a port or with a scheme at start (Node: 'You must specify an ip and port', Python: "
    "InvalidDaemonAddressException), so the application does not come up",
    remedy="write host:port, as in xray-daemon.tracing:2000, or tcp:host:port udp:host:port with one blank between",
)
def _form(context: ForeignContext) -> Iterator[Fault]:
    for address in _addresses(context):
        text = address.node.text
        pairs = _pairs(text)
        if pairs is None or not _has_valid_ports(pairs):
            got = f"{contract.DAEMON_ADDRESS_VARIABLE} is {quoted(text)}, expected {_EXPECTED}"
            yield Fault(address.node, got, _with_port(address.node))


def _with_port(node: Scalar) -> tuple[Fix, ...]:
    """Only a bare host can be mended: every SDK and the daemon itself take port 2000 where none is said."""
    if not node.mendable or not _BARE_HOST.fullmatch(node.text):
        return ()
    end = node.span.end - (1 if node.style else 0)
    return (Fix(Span(end, end), f":{AGENT_PORT}"),)


@rule(
    "XF111",
    "The address leads to a Service of these files",
    reason="UDP to a name that does not exist is lost without an error in most SDKs: no trace arrives, and nothing says so",
    remedy="write SERVICE.NAMESPACE:PORT with the Service's own name, namespace and port",
)
def _leads_somewhere(context: ForeignContext) -> Iterator[Fault]:
    for address in _addresses(context):
        workload = address.container.workload
        if workload is None or not context.agent_services:
            continue
        for pair in _pairs(address.node.text) or ():
            target = _target(pair["host"], pair["port"])
            if target and (problem := _unreachable(target, workload.manifest.namespace, context)):
                yield Fault(address.node, f"{quoted(address.node.text)} {problem}")


def _target(host: str, port: str) -> Target | None:
    """The Service that a host name means; None for names outside the cluster and for references."""
    shortened, suffixes = _CLUSTER_SUFFIX.subn("", host)
    parts = shortened.split(".")
    if host.startswith("$(") or host == "localhost" or parts[0].isdigit() or len(parts) > len(["service", "namespace"]):
        return None
    if suffixes and len(parts) == 1:
        return None
    return Target(parts[0], parts[1] if parts[1:] else None, port)


def _unreachable(target: Target, own_namespace: str | None, context: ForeignContext) -> str | None:
    namespace = target.namespace or own_namespace
    named = [service for service in context.services if service.name == target.service]
    reached = [service for service in named if namespace is None or service.namespace in {None, namespace}]
    offered = ", ".join(sorted({_written(service) for service in named or context.agent_services}))
    if not reached:
        place = f" in the namespace {namespace}" if named else ""
        return f"names the Service {target.service}{place}, which is not in the files, expected {offered}"
    numbers = {port.number for service in reached for port in service.service_ports}
    if numbers and target.port.isdigit() and target.port not in numbers:
        return f"names port {target.port}, expected a port of the Service: {', '.join(sorted(number or '?' for number in numbers))}"
    return None


def _written(service: Manifest) -> str:
    return f"{service.name}.{service.namespace}:{AGENT_PORT}" if service.namespace else f"{service.name}:{AGENT_PORT}"


@rule(
    "XF112",
    "No address of a Node application holds udp or tcp",
    reason="the X-Ray SDK for Node takes an address that holds 'udp' or 'tcp' for the form with protocols and throws at start",
    remedy="give the Service a name without udp and tcp, such as xray-daemon, or write tcp:host:port udp:host:port in full",
)
def _node_words(context: ForeignContext) -> Iterator[Fault]:
    for address in _addresses(context):
        text = address.node.text
        word = _NODE_WORDS.search(text)
        if address.container.is_node and word and " " not in text and _pairs(text):
            yield Fault(address.node, f"{quoted(text)} holds {word.group()!r}, expected a name without it")


@rule(
    "XF113",
    "A variable in the address is set before it",
    reason="Kubernetes replaces $(NAME) only by variables that stand earlier in the list; otherwise the SDK gets the text '$(NAME)' and "
    "refuses it",
    remedy="put HOST_IP (fieldRef status.hostIP) above AWS_XRAY_DAEMON_ADDRESS in the same env list",
)
def _order(context: ForeignContext) -> Iterator[Fault]:
    for address in _addresses(context):
        if address.container.workload is None or "envFrom" in address.container.root.entries:
            continue
        before: set[str] = set()
        for name, _ in address.container.environment:
            if name.text == contract.DAEMON_ADDRESS_VARIABLE:
                break
            before.add(name.text)
        for reference in re.findall(r"\$\(([A-Za-z_][A-Za-z0-9_]*)\)", address.node.text):
            if reference not in before:
                yield Fault(address.node, f"$({reference}) is not set above the address, expected it earlier in the list")


RULES: Final = (_form, _leads_somewhere, _node_words, _order)
