"""XF12x: the Service in front of the agent, and port 2000 wherever it is opened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xray_grafana.checks.foreign.context import AGENT_PORT, ForeignContext
from xray_grafana.checks.foreign.finding import Fault, rule
from xray_grafana.checks.foreign.manifests import Port, ports_in
from xray_grafana.checks.foreign.tree import Node, at, entries_at, scalar_at, text_at
from xray_grafana.config.wording import quoted
from xray_grafana.k8s.objects import ROLE_ANNOTATION

_BOTH: Final = frozenset({"TCP", "UDP"})


@rule(
    "XF120",
    "The agent's Service has an address of its own",
    reason="a headless Service gives out the addresses of pods; the X-Ray SDK for Go resolves the name once, so after a rollout it "
    "sends to a pod that is gone, and traffic leaves the node whatever the traffic policy says",
    remedy="leave clusterIP out and set internalTrafficPolicy: Local",
    severity="warning",
)
def _headless(context: ForeignContext) -> Iterator[Fault]:
    for service in context.agent_services:
        address = at(service.root, "spec", "clusterIP")
        if address and text_at(service.root, "spec", "clusterIP") == "None":
            yield Fault(address, "clusterIP is None, expected none written")


@rule(
    "XF121",
    "Port 2000 is open for UDP and for TCP",
    reason="segments travel by UDP and sampling rules by TCP: with UDP alone SDKs fall back to local sampling, with TCP alone no trace "
    "arrives; a port without protocol is TCP",
    remedy="list the port twice, once with protocol: UDP and once with protocol: TCP",
)
def _one_protocol(context: ForeignContext) -> Iterator[Fault]:
    for service in context.agent_services:
        yield from _missing_protocol(service.service_ports)
    for daemon in context.daemons:
        yield from _missing_protocol(ports_in(daemon.root, "ports", "containerPort"))
    for container in context.task_containers:
        if container.is_daemon:
            yield from _missing_protocol(ports_in(container.root, "portMappings", "containerPort"))


def _missing_protocol(ports: tuple[Port, ...]) -> Iterator[Fault]:
    ours = [port for port in ports if port.number == AGENT_PORT]
    protocols = {port.protocol for port in ours}
    if ours and not protocols >= _BOTH:
        yield Fault(ours[0].root, f"port {AGENT_PORT} is open for {' and '.join(sorted(protocols))} only, expected UDP and TCP")


@rule(
    "XF122",
    "The agent's Service selects the agent's pods",
    reason="a Service whose selector is missing or matches no pod has no endpoints: everything sent to it is lost",
    remedy="copy the labels of the pod template (spec.template.metadata.labels) to the Service's selector",
)
def _selects_nothing(context: ForeignContext) -> Iterator[Fault]:
    agents = [daemon.workload for daemon in context.daemons if daemon.workload and daemon.workload.manifest.kind == "DaemonSet"]
    for service in context.agent_services:
        near = [agent for agent in agents if agent.manifest.namespace is None or service.namespace in {None, agent.manifest.namespace}]
        if not near or text_at(service.root, "spec", "type") == "ExternalName":
            continue
        selector = {key: text_at(entry.node) for key, entry in entries_at(service.root, "spec", "selector").items()}
        if not selector or not any(selector.items() <= agent.labels.items() for agent in near):
            place: Node = at(service.root, "spec", "selector") or at(service.root, "spec") or service.root
            got = ", ".join(f"{key}={value}" for key, value in selector.items()) or "nothing"
            yield Fault(place, f"the selector is {quoted(got)}, expected labels of the pods of {quoted(near[0].manifest.name or '?')}")


@rule(
    "XF123",
    "A ServiceAccount names a role",
    reason="with anything but a role's ARN in the annotation the webhook's token is refused by STS, and the SDK falls back to the "
    "node's role or none",
    remedy=f"write arn:<partition>:iam::<account>:role/<name> in {ROLE_ANNOTATION}",
)
def _role_annotation(context: ForeignContext) -> Iterator[Fault]:
    annotated = [manifest.root for manifest in context.manifests_of("ServiceAccount")]
    paths = [(root, ("metadata", "annotations")) for root in annotated]
    paths += [(values, ("serviceAccount", "annotations")) for values in context.chart_values]
    for root, path in paths:
        role = scalar_at(root, *path, ROLE_ANNOTATION)
        if role and "${" not in role.text and (not role.text.startswith("arn:") or ":role/" not in role.text):
            yield Fault(role, f"the annotation is {quoted(role.text)}, expected the ARN of a role")


RULES: Final = (_headless, _one_protocol, _selects_nothing, _role_annotation)
