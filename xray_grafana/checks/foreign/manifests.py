"""Kubernetes objects and ECS tasks seen as what the rules ask about: workloads, containers, flags, ports, images."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

from xray_grafana.checks.foreign.tree import Mapping, Node, Scalar, at, entries_at, mappings_at, scalar_at, scalars_in, text_at

_POD_PATHS: Final = (("spec", "template", "spec"), ("spec", "jobTemplate", "spec", "template", "spec"))
# Other programs are called xray too: a scanner of artifacts, and a proxy that is started by `xray run`.
_DAEMON_IMAGE: Final = re.compile(r"(?:aws-)?x-?ray-?(?:daemon|agent)|aws-x-?ray")
_DAEMON_PROGRAM: Final = re.compile(r"(?:/|/usr/bin/)xray|(?:.*/)?xray-?daemon")
_COLLECTOR_IMAGE: Final = re.compile(r".*(?:otel-collector|opentelemetry-collector|otelcol|adot-collector).*")
_NODE_PROGRAMS: Final = frozenset({"node", "nodejs", "npm", "npx", "yarn", "pnpm", "ts-node"})
_NODE_IMAGE: Final = re.compile(r"(?:^|[^a-z])node(?:js)?(?:$|[^a-z])")
# The one image that is built from scratch; amazon/aws-xray-daemon of Docker Hub is Amazon Linux (aws-xray-daemon, Dockerfile*).
SCRATCH_IMAGE: Final = "public.ecr.aws/xray/aws-xray-daemon"


@dataclass(frozen=True, eq=False)
class Manifest:
    """A Kubernetes object. `namespace` is None when the file leaves it to whoever applies it."""

    root: Mapping

    @cached_property
    def kind(self) -> str:
        """Its kind."""
        return text_at(self.root, "kind") or ""

    @cached_property
    def name(self) -> str | None:
        """Its name."""
        return text_at(self.root, "metadata", "name")

    @cached_property
    def namespace(self) -> str | None:
        """Its namespace, if written."""
        return text_at(self.root, "metadata", "namespace")

    @cached_property
    def service_ports(self) -> tuple[Port, ...]:
        """The ports of a Service."""
        return ports_in(at(self.root, "spec"), "ports", "port")


class Image(NamedTuple):
    """The parts of an image reference."""

    repository: str
    tag: str | None
    digest: str | None

    @property
    def base(self) -> str:
        """The last part of the repository."""
        return self.repository.rpartition("/")[2]

    @property
    def version(self) -> tuple[int, ...] | None:
        """The numbers of a tag such as 3.6.6, v0.49.0 or 2.x; None for other tags."""
        match = re.fullmatch(r"v?(\d{1,6})(?:\.(\d{1,6}|x))?(?:\.(\d{1,6}|x))?(?:-.*)?", self.tag or "")
        return tuple(int(part) for part in match.groups() if part and part.isdigit()) if match else None


def image_of(reference: str) -> Image:
    """The parts of an image reference."""
    named, _, digest = reference.partition("@")
    before, colon, tag = named.rpartition(":")
    if not colon or "/" in tag:
        before, tag = named, ""
    return Image(before, tag or None, digest or None)


class Flag(NamedTuple):
    """A flag of a command line: where its value stands, and the value; None when nothing follows it."""

    node: Scalar
    value: str | None


@dataclass(frozen=True, eq=False)
class Container:
    """A container of a pod or of an ECS task. `workload` is None in a task."""

    root: Mapping
    workload: Workload | None
    image_node: Scalar | None
    command: tuple[Scalar, ...]
    arguments: tuple[Scalar, ...]

    @cached_property
    def image(self) -> Image:
        """Its image; empty when none is written."""
        return image_of(self.image_node.text if self.image_node else "")

    @cached_property
    def name(self) -> str:
        """Its name."""
        return text_at(self.root, "name") or ""

    @cached_property
    def words(self) -> tuple[tuple[str, Scalar], ...]:
        """Command and arguments, a shell's line split into its words, each with where it stands."""
        return tuple((word, node) for node in (*self.command, *self.arguments) for word in node.text.split())

    def flag(self, *names: str) -> Flag | None:
        """The last of a flag's values as Go's flag package reads them: `-m 24`, `-m=24`, `--buffer-memory 24`."""
        found = None
        for index, (word, node) in enumerate(self.words):
            name, equals, value = word.partition("=")
            if name in names:
                after = self.words[index + 1] if index + 1 < len(self.words) and not self.words[index + 1][0].startswith("-") else None
                found = Flag(node, value) if equals else Flag(after[1], after[0]) if after else Flag(node, None)
        return found

    @cached_property
    def is_daemon(self) -> bool:
        """Whether the X-Ray daemon runs in it."""
        first = [word for word, _ in self.words if not word.startswith("-")][:3]
        if _DAEMON_IMAGE.fullmatch(self.image.base):
            return True
        return "run" not in first and any(_DAEMON_PROGRAM.fullmatch(word) for word in first)

    @cached_property
    def is_collector(self) -> bool:
        """Whether an OpenTelemetry collector runs in it."""
        return _COLLECTOR_IMAGE.fullmatch(self.image.base) is not None

    @cached_property
    def is_node(self) -> bool:
        """Whether an application of Node.js runs in it, as far as image, name, command and environment tell."""
        program = self.words[0][0].rpartition("/")[2] if self.words else ""
        hints = f"{self.image.base} {self.image.tag or ''} {self.name}".lower()
        node_variable = any(name.text.startswith("NODE_") and name.text != "NODE_NAME" for name, _ in self.environment)
        return program in _NODE_PROGRAMS or _NODE_IMAGE.search(hints) is not None or node_variable

    @cached_property
    def environment(self) -> tuple[tuple[Scalar, Scalar | None], ...]:
        """Names of variables and their literal values, in order; without a value those that come from elsewhere."""
        pairs = (
            (scalar_at(entry, "name"), scalar_at(entry, "value")) for key in ("env", "environment") for entry in mappings_at(self.root, key)
        )
        return tuple((name, value) for name, value in pairs if name)

    def variable(self, name: str) -> tuple[Scalar, Scalar | None] | None:
        """The variable of that name, if it is set."""
        return next((pair for pair in self.environment if pair[0].text == name), None)


@dataclass(frozen=True, eq=False)
class Workload:
    """What runs pods: a Pod, DaemonSet, Deployment, CronJob or the like."""

    manifest: Manifest
    pod: Mapping
    labels: dict[str, str]

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """Its containers, those of initialisation included."""
        return tuple(
            Container(root, self, scalar_at(root, "image"), scalars_in(at(root, "command")), scalars_in(at(root, "args")))
            for key in ("initContainers", "containers")
            for root in mappings_at(self.pod, key)
        )

    @cached_property
    def config_maps(self) -> frozenset[str]:
        """Names of the ConfigMaps it mounts."""
        volumes = mappings_at(self.pod, "volumes")
        projected = [source for volume in volumes for source in mappings_at(volume, "projected", "sources")]
        names = [text_at(source, "configMap", "name") for source in (*volumes, *projected)]
        return frozenset(name for name in names if name)


def workload_of(manifest: Manifest) -> Workload | None:
    """The workload that an object is."""
    root = manifest.root
    if manifest.kind == "Pod":
        pod, template = at(root, "spec"), at(root)
    else:
        path = next((path for path in _POD_PATHS if isinstance(at(root, *path), Mapping)), None)
        pod, template = (at(root, *path), at(root, *path[:-1])) if path else (None, None)
    if not isinstance(pod, Mapping) or not mappings_at(pod, "containers"):
        return None
    labels = {key: text_at(entry.node) or "" for key, entry in entries_at(template, "metadata", "labels").items()}
    return Workload(manifest, pod, labels)


def task_container(root: Mapping) -> Container:
    """A container of an ECS task."""
    return Container(root, None, scalar_at(root, "image"), scalars_in(at(root, "entryPoint")), scalars_in(at(root, "command")))


class Port(NamedTuple):
    """A port of a Service, container or task, with its protocol in capitals."""

    root: Mapping
    number: str | None
    protocol: str


def ports_in(node: Node | None, list_key: str, number_key: str) -> tuple[Port, ...]:
    """The ports of a list; TCP is what Kubernetes and ECS take when no protocol is written."""
    return tuple(
        Port(port, text_at(port, number_key), (text_at(port, "protocol") or "TCP").upper()) for port in mappings_at(node, list_key)
    )


_QUANTITY: Final = re.compile(r"([0-9]{1,15})(?:\.[0-9]{1,9})?(Ki|Mi|Gi|Ti|k|M|G|T)?")
_BYTES: Final = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


def memory_bytes(quantity: str | None) -> int | None:
    """A Kubernetes quantity in bytes, without its fraction; None for a form that memory is not written in."""
    match = _QUANTITY.fullmatch(quantity or "")
    return int(match[1]) * _BYTES[match[2] or ""] if match else None
