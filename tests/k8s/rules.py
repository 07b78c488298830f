"""What an API server refuses, or takes and never runs, although it fits the schema of every object."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import yaml

Object = dict[str, Any]
Found = Iterator[str]

_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SERVICE: Final = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_PORT_NAME: Final = re.compile(r"(?=.{1,15}$)(?=.*[a-z])(?!.*--)[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_LABEL_VALUE: Final = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?")
_QUALIFIED: Final = re.compile(r"([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
_QUANTITY: Final = re.compile(r"(\d+(?:\.\d+)?)(m|Ki|Mi|Gi|Ti|k|M|G|T)?")
_UNITS: Final = {
    None: Decimal(1), "m": Decimal("0.001"), "k": Decimal(1000), "M": Decimal(1000) ** 2, "G": Decimal(1000) ** 3,
    "T": Decimal(1000) ** 4, "Ki": Decimal(1024), "Mi": Decimal(1024) ** 2, "Gi": Decimal(1024) ** 3, "Ti": Decimal(1024) ** 4,
}  # fmt: skip
_WORKLOADS: Final = frozenset({"DaemonSet", "Deployment", "StatefulSet", "Job"})
_PROTOCOLS: Final = frozenset({"TCP", "UDP", "SCTP"})
_PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")


def duplicate_keys(text: str) -> list[str]:
    """Keys that stand twice in one mapping of a YAML text: readers take the last and say nothing."""
    found: list[str] = []

    def walk(node: yaml.Node) -> None:
        if isinstance(node, yaml.MappingNode):
            keys = [key.value for key, _ in node.value]
            found.extend(sorted({key for key in keys if keys.count(key) > 1}))
            for _, value in node.value:
                walk(value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                walk(item)

    for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
        walk(document)
    return found


def quantity(text: str) -> Decimal:
    """A quantity as a number. Raises ValueError for what Kubernetes cannot read."""
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"no quantity: {text}")
    return Decimal(match[1]) * _UNITS[match[2]]


def _pods(objects: Sequence[Object]) -> Iterator[tuple[Object, Object]]:
    """Each workload with its pod template."""
    for each in objects:
        if each["kind"] in _WORKLOADS:
            yield each, each["spec"]["template"]


def _containers(template: Object) -> list[Object]:
    spec = template["spec"]
    return [*spec.get("initContainers", []), *spec.get("containers", [])]


def _namespace(each: Object) -> str | None:
    namespace: str | None = each["metadata"].get("namespace")
    return namespace


def _selects(selector: Mapping[str, str], template: Object) -> bool:
    labels: dict[str, str] = template["metadata"]["labels"]
    return selector.items() <= labels.items()


def _title(each: Object) -> str:
    return f"{each['kind']}/{each['metadata']['name']}"


def names(objects: Sequence[Object]) -> Found:
    forms = {"Namespace": _LABEL, "Service": _SERVICE}
    for each in objects:
        if forms.get(each["kind"], _SUBDOMAIN).fullmatch(each["metadata"]["name"]) is None:
            yield f"{_title(each)}: name"
        namespace = _namespace(each)
        if namespace is not None and _LABEL.fullmatch(namespace) is None:
            yield f"{_title(each)}: namespace {namespace}"
    for each, template in _pods(objects):
        for container in _containers(template):
            if _LABEL.fullmatch(container["name"]) is None:
                yield f"{_title(each)}: container {container['name']}"


def labels_and_annotations(objects: Sequence[Object]) -> Found:
    carriers = [(each, each["metadata"]) for each in objects] + [(each, template["metadata"]) for each, template in _pods(objects)]
    for each, metadata in carriers:
        for key, value in metadata.get("labels", {}).items():
            if _QUALIFIED.fullmatch(key) is None or _LABEL_VALUE.fullmatch(value) is None:
                yield f"{_title(each)}: label {key}={value}"
        for key in metadata.get("annotations", {}):
            if _QUALIFIED.fullmatch(key) is None:
                yield f"{_title(each)}: annotation {key}"


def selectors(objects: Sequence[Object]) -> Found:
    """A workload selects its own pods; a Service and a NetworkPolicy select some of the set's."""
    for each, template in _pods(objects):
        if "selector" in each["spec"] and not _selects(each["spec"]["selector"]["matchLabels"], template):
            yield f"{_title(each)}: selector"
    for each in objects:
        if each["kind"] == "Service":
            wanted = each["spec"]["selector"]
        elif each["kind"] == "NetworkPolicy":
            wanted = each["spec"]["podSelector"].get("matchLabels", {})
        else:
            continue
        if not any(_namespace(owner) == _namespace(each) and _selects(wanted, template) for owner, template in _pods(objects)):
            yield f"{_title(each)}: selects nothing"


def container_ports(objects: Sequence[Object]) -> Found:
    for each, template in _pods(objects):
        for container in _containers(template):
            given = container.get("ports", [])
            titles = [port["name"] for port in given]
            sockets = [(port["containerPort"], port["protocol"]) for port in given]
            if len(set(titles)) < len(titles) or len(set(sockets)) < len(sockets):
                yield f"{_title(each)}: port twice"
            for port in given:
                if _PORT_NAME.fullmatch(port["name"]) is None:
                    yield f"{_title(each)}: port name {port['name']}"
                yield from _socket(each, port["containerPort"], port["protocol"])


def network_ports(objects: Sequence[Object]) -> Found:
    for each in objects:
        if each["kind"] == "Service":
            given = each["spec"]["ports"]
        elif each["kind"] == "NetworkPolicy":
            both = (*each["spec"].get("ingress", []), *each["spec"].get("egress", []))
            given = [port for rule in both for port in rule.get("ports", [])]
        else:
            continue
        for port in given:
            yield from _socket(each, port["port"], port["protocol"])


def _socket(each: Object, number: int, protocol: str) -> Found:
    if protocol not in _PROTOCOLS:
        yield f"{_title(each)}: protocol {protocol}"
    if number not in range(1, 65536):
        yield f"{_title(each)}: port {number}"


def _open(containers: Sequence[Object]) -> set[tuple[str | int, str]]:
    """Name and number of each port, with its protocol."""
    given = [port for container in containers for port in container.get("ports", [])]
    return {(name, port["protocol"]) for port in given for name in (port["name"], port["containerPort"])}


def service_targets(objects: Sequence[Object]) -> Found:
    """A Service leads to a port that its pods have, by the same protocol."""
    for each in objects:
        if each["kind"] != "Service":
            continue
        chosen = [template for _, template in _pods(objects) if _selects(each["spec"]["selector"], template)]
        for port in each["spec"]["ports"]:
            target = port.get("targetPort", port["port"])
            if any((target, port["protocol"]) not in _open(_containers(template)) for template in chosen):
                yield f"{_title(each)}: targetPort {target}"


def probe_ports(objects: Sequence[Object]) -> Found:
    """A probe asks a TCP port that its container has."""
    for each, template in _pods(objects):
        for container in _containers(template):
            for probe in _PROBES:
                for action in ("httpGet", "tcpSocket"):
                    asked = container.get(probe, {}).get(action, {}).get("port")
                    if asked is not None and (asked, "TCP") not in _open([container]):
                        yield f"{_title(each)}: {probe} port {asked}"


def quantities(objects: Sequence[Object]) -> Found:
    for each, template in _pods(objects):
        for container in _containers(template):
            resources = container.get("resources", {})
            try:
                read = {
                    part: {key: quantity(str(text)) for key, text in resources.get(part, {}).items()} for part in ("requests", "limits")
                }
            except ValueError as error:
                yield f"{_title(each)}: {error}"
                continue
            for key, limit in read["limits"].items():
                if read["requests"].get(key, limit) > limit:
                    yield f"{_title(each)}: asks for more {key} than its limit"


def references(objects: Sequence[Object]) -> Found:
    """What an object names is in the set, and every mount has its volume."""
    there = {(each["kind"], _namespace(each), each["metadata"]["name"]) for each in objects}
    for each, template in _pods(objects):
        spec, home = template["spec"], _namespace(each)
        needed = [("ServiceAccount", home, spec["serviceAccountName"])] if "serviceAccountName" in spec else []
        needed += [("PriorityClass", None, spec["priorityClassName"])] if "priorityClassName" in spec else []
        needed += [("ConfigMap", home, volume["configMap"]["name"]) for volume in spec.get("volumes", []) if "configMap" in volume]
        yield from (f"{_title(each)}: {kind}/{name} is missing" for kind, namespace, name in needed if (kind, namespace, name) not in there)
        volumes = {volume["name"] for volume in spec.get("volumes", [])}
        mounts = {mount["name"] for container in _containers(template) for mount in container.get("volumeMounts", [])}
        yield from (f"{_title(each)}: volume {name}" for name in sorted(volumes ^ mounts))
    for each in objects:
        if each["kind"] == "ClusterRoleBinding":
            needed = [(each["roleRef"]["kind"], None, each["roleRef"]["name"])]
            needed += [(subject["kind"], subject["namespace"], subject["name"]) for subject in each["subjects"]]
            yield from (f"{_title(each)}: {kind}/{name} is missing" for kind, home, name in needed if (kind, home, name) not in there)


RULES: Final[tuple[Callable[[Sequence[Object]], Found], ...]] = (
    names,
    labels_and_annotations,
    selectors,
    container_ports,
    network_ports,
    service_targets,
    probe_ports,
    quantities,
    references,
)


def findings(objects: Sequence[Object]) -> list[str]:
    """Everything wrong with a set of objects that are applied together."""
    return [found for rule in RULES for found in rule(objects)]
