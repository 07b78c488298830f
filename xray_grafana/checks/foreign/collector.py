"""XF19x: the config of an OpenTelemetry collector that takes the daemon's place, as ADOT v0.49.0 reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from xray_grafana import contract
from xray_grafana.checks.foreign.context import AGENT_PORT, EmbeddedConfig, ForeignContext
from xray_grafana.checks.foreign.finding import Fault, Fix, rule
from xray_grafana.checks.foreign.manifests import Workload
from xray_grafana.checks.foreign.mends import replaced
from xray_grafana.checks.foreign.tree import (
    Entry,
    Node,
    Scalar,
    at,
    entries_at,
    is_false,
    items_at,
    key_at,
    scalar_at,
    scalars_in,
    text_at,
)
from xray_grafana.config.wording import quoted

_LOOPBACK: Final = re.compile(r"(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost|\[::1\])(?::.*)?")
_SECTIONS: Final = ("receivers", "processors", "exporters", "extensions", "connectors")
# Names since collector contrib 0.156; ADOT before 0.49 knows only the old ones.
_RENAMED: Final = {"k8sattributes": "k8s_attributes", "resourcedetection": "resource_detection", "otlphttp": "otlp_http"}
_FIRST_WITH_NEW_NAMES: Final = (0, 49)
_ADOT: Final = "aws-otel-collector"
_QUEUE_KEYS: Final = ("sending_queue", "retry_on_failure")
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")


def _components(config: EmbeddedConfig, section: str, component: str) -> Iterator[Entry]:
    """The components of a type, with or without a name behind it: awsxray, awsxray/2."""
    for name, entry in entries_at(config.root, section).items():
        if name.partition("/")[0] == component:
            yield entry


def _is_used(config: EmbeddedConfig, section: str, name: str) -> bool:
    """Whether the service runs a component: an extension it lists, or a part of one of its pipelines."""
    if section == "extensions":
        lists: list[Node | None] = [at(config.root, "service", "extensions")]
    else:
        lists = [at(entry.node, section) for entry in entries_at(config.root, "service", "pipelines").values()]
    return any(scalar.text == name for node in lists for scalar in scalars_in(node))


def _is_sidecar(context: ForeignContext, config: EmbeddedConfig) -> bool:
    """Whether every pod that has the config is an application's own: what it binds to itself is then reached."""
    users = context.users_of(config)
    return bool(users) and all(
        workload.manifest.kind != "DaemonSet" and any(not each.is_collector for each in workload.containers) for workload in users
    )


@rule(
    "XF190",
    "The collector listens to more than itself",
    reason="an endpoint left out is localhost in this collector, whatever its readme says: applications in other pods reach nothing, "
    "and UDP does not even fail; sampling goes by proxy_server's own endpoint",
    remedy=f'write endpoint: "0.0.0.0:{AGENT_PORT}" for awsxray and for its proxy_server, "0.0.0.0:4317" and "0.0.0.0:4318" for otlp',
)
def _loopback(context: ForeignContext) -> Iterator[Fault]:
    for config in context.collector_configs:
        if _is_sidecar(context, config):
            continue
        for entry in _components(config, "receivers", "awsxray"):
            if _is_used(config, "receivers", entry.key.text):
                yield from _unreached(entry, (), f"0.0.0.0:{AGENT_PORT}")
                yield from _unreached(entry, ("proxy_server",), f"0.0.0.0:{AGENT_PORT}")
        for entry in _components(config, "receivers", "otlp"):
            for protocol, port in (("grpc", contract.OTLP_GRPC_PORT), ("http", contract.OTLP_HTTP_PORT)):
                if protocol in entries_at(entry.node, "protocols") and _is_used(config, "receivers", entry.key.text):
                    yield from _unreached(entry, ("protocols", protocol), f"0.0.0.0:{port}")
        for entry in _components(config, "extensions", "awsproxy"):
            if _is_used(config, "extensions", entry.key.text):
                yield from _unreached(entry, (), f"0.0.0.0:{AGENT_PORT}")


def _unreached(component: Entry, path: tuple[str, ...], expected: str) -> Iterator[Fault]:
    name = ".".join((component.key.text, *path, "endpoint"))
    endpoint = scalar_at(component.node, *path, "endpoint")
    place = (key_at(component.node, *path) if path else None) or component.key
    if endpoint is None:
        yield Fault(place, f"{name} is missing, which is localhost, expected {expected}")
    elif _LOOPBACK.fullmatch(endpoint.text):
        yield Fault(endpoint, f"{name} is {quoted(endpoint.text)}, expected {expected}")


@rule(
    "XF191",
    "A probe reaches the collector's health check",
    reason="kubelet asks the pod's address; a health check on localhost, its default, refuses, and the pod restarts for ever",
    remedy=f'write endpoint: "${{env:MY_POD_IP}}:{contract.HEALTH_PORT}" with MY_POD_IP from status.podIP',
)
def _health(context: ForeignContext) -> Iterator[Fault]:
    for config in context.collector_configs:
        probed = any(_is_probed(workload) for workload in context.users_of(config))
        for entry in _components(config, "extensions", "health_check") if probed else ():
            yield from _unreached(entry, (), f"${{env:MY_POD_IP}}:{contract.HEALTH_PORT}")


def _is_probed(workload: Workload) -> bool:
    return any(at(each.root, probe, "httpGet") for each in workload.containers if each.is_collector for probe in _PROBES)


@rule(
    "XF192",
    "Components have the names of today",
    reason="the collector still takes the old names and warns at each start; a later version will not start with them",
    remedy="write k8s_attributes, resource_detection and otlp_http, here and in the pipelines (ADOT from v0.49.0 on)",
    severity="warning",
)
def _old_names(context: ForeignContext) -> Iterator[Fault]:
    versions = [each.image.version for each in context.pod_containers if each.image.base == _ADOT]
    if any(version is not None and version < _FIRST_WITH_NEW_NAMES for version in versions):
        return
    certain = bool(versions) and all(versions)
    for config in context.collector_configs:
        for section in _SECTIONS:
            for name, entry in entries_at(config.root, section).items():
                new = _RENAMED.get(name.partition("/")[0])
                if new:
                    fixes = _renamed_everywhere(config, section, entry.key, new) if certain else ()
                    yield Fault(entry.key, f"{quoted(name)} is an old name, expected {new}", fixes)


def _renamed_everywhere(config: EmbeddedConfig, section: str, key: Scalar, new: str) -> tuple[Fix, ...]:
    pipelines = entries_at(config.root, "service", "pipelines").values()
    lists = (
        [items_at(config.root, "service", "extensions")]
        if section == "extensions"
        else [items_at(entry.node, side) for entry in pipelines for side in ("receivers", "processors", "exporters")]
    )
    places = [key, *(item for items in lists for item in items if isinstance(item, Scalar) and item.text == key.text)]
    renamed = new + key.text[len(key.text.partition("/")[0]) :]
    if renamed in entries_at(config.root, section) or not all(place.mendable for place in places):
        return ()
    return tuple(replaced(place, renamed) for place in places)


@rule(
    "XF193",
    "One component owns TCP port 2000",
    reason="the receiver awsxray has a TCP proxy of its own; of two on one port the second fails without an error line, and it is "
    "chance which answers",
    remedy="take awsproxy out where there is a receiver awsxray",
)
def _two_proxies(context: ForeignContext) -> Iterator[Fault]:
    for config in context.collector_configs:
        taken = {
            _port(text_at(entry.node, "proxy_server", "endpoint"))
            for entry in _components(config, "receivers", "awsxray")
            if _is_used(config, "receivers", entry.key.text)
        }
        for entry in _components(config, "extensions", "awsproxy"):
            port = _port(text_at(entry.node, "endpoint"))
            if port in taken and _is_used(config, "extensions", entry.key.text):
                yield Fault(entry.key, f"awsproxy on port {port} beside a receiver awsxray on the same, expected one of them")


def _port(endpoint: str | None) -> str:
    return endpoint.rpartition(":")[2] if endpoint else AGENT_PORT


@rule(
    "XF194",
    "The awsxray components have no key that they refuse",
    reason="the collector ends at start with 'has invalid keys': the exporter awsxray knows no queue and no retry settings, and the "
    "receiver takes UDP only",
    remedy="take the key out; the exporter retries twice by itself (max_retries)",
)
def _refused_keys(context: ForeignContext) -> Iterator[Fault]:
    for config in context.collector_configs:
        for entry in _components(config, "exporters", "awsxray"):
            for name in _QUEUE_KEYS:
                key = key_at(entry.node, name)
                if key:
                    yield Fault(key, f"the exporter awsxray has {name}, expected none")
        for entry in _components(config, "receivers", "awsxray"):
            transport = scalar_at(entry.node, "transport")
            if transport and transport.text != "udp":
                yield Fault(transport, f"transport is {quoted(transport.text)}, expected udp")
        address = key_at(config.root, "service", "telemetry", "metrics", "address")
        if address:
            yield Fault(address, "service.telemetry.metrics.address is refused by now, expected readers")


@rule(
    "XF195",
    "The eks detector has an API token",
    reason="the detector asks the Kubernetes API: without a mounted token the collector ends at start (serviceaccount/token: no such file)",
    remedy="take eks out of the detectors, or set automountServiceAccountToken: true with a role that may read",
)
def _eks_detector(context: ForeignContext) -> Iterator[Fault]:
    for config in context.collector_configs:
        if not any(_has_no_token(context, workload) for workload in context.users_of(config)):
            continue
        for name in ("resource_detection", "resourcedetection"):
            for entry in _components(config, "processors", name):
                for detector in scalars_in(at(entry.node, "detectors")):
                    if detector.text == "eks":
                        yield Fault(detector, "the detector eks without an API token, expected one mounted")


def _has_no_token(context: ForeignContext, workload: Workload) -> bool:
    if at(workload.pod, "automountServiceAccountToken"):
        return is_false(workload.pod, "automountServiceAccountToken")
    name = text_at(workload.pod, "serviceAccountName")
    accounts = [each.root for each in context.manifests_of("ServiceAccount") if each.name == name]
    return any(is_false(account, "automountServiceAccountToken") for account in accounts)


RULES: Final = (_loopback, _health, _old_names, _two_proxies, _refused_keys, _eks_detector)
