"""What a document is, told by its content: the names of files say nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Final, Literal, TypeAlias

from xray_grafana.checks.foreign.read import Document, Window, read_documents
from xray_grafana.checks.foreign.source import Span
from xray_grafana.checks.foreign.tree import Mapping, Node, Scalar, at, entries_at, every_node, mappings_at, mappings_in, text_at
from xray_grafana.k8s.chart_values import CHART_KEYS

DocumentKind: TypeAlias = Literal[
    "Kubernetes object",
    "eksctl cluster config",
    "kustomization",
    "IAM policy",
    "ECS task definition",
    "values of the aws-xray chart",
    "collector config",
    "daemon config",
    "CloudFormation template",
    "bucket encryption",
    "pod identity association",
    "unknown",
]

UNRULED_KINDS: Final[frozenset[DocumentKind]] = frozenset({"kustomization", "unknown"})

# Keys of cfg.yaml (aws-xray-daemon pkg/cfg/cfg.go, type Config); the daemon matches them exactly.
DAEMON_KEYS: Final[dict[str, frozenset[str]]] = {
    "TotalBufferSizeMB": frozenset(),
    "Concurrency": frozenset(),
    "Endpoint": frozenset(),
    "Region": frozenset(),
    "Socket": frozenset({"UDPAddress", "TCPAddress"}),
    "Logging": frozenset({"LogRotation", "LogLevel", "LogPath"}),
    "LocalMode": frozenset(),
    "ResourceARN": frozenset(),
    "RoleARN": frozenset(),
    "Profile": frozenset(),
    "NoVerifySSL": frozenset(),
    "ProxyAddress": frozenset(),
    "Version": frozenset(),
    "proxyserver": frozenset({"idleconntimeout", "maxidleconns", "maxidleconnsperhost"}),
}
# Keys that hardly any other program has; Logging and Version are everywhere.
_DAEMON_SIGNS: Final = frozenset({"TotalBufferSizeMB", "NoVerifySSL", "ResourceARN", "RoleARN", "ProxyAddress", "LocalMode"})
_DAEMON_NEIGHBOURS: Final = frozenset(DAEMON_KEYS) - {"Logging", "Version"}
_KUSTOMIZE_SIGNS: Final = frozenset(
    {"resources", "bases", "configMapGenerator", "secretGenerator", "patches", "patchesStrategicMerge", "components", "namePrefix"}
)
_KUSTOMIZE_KEYS: Final = _KUSTOMIZE_SIGNS | {"namespace", "generatorOptions", "images", "commonLabels", "labels", "replicas", "nameSuffix"}
_CHART_SECTIONS: Final = frozenset(key.partition(".")[0] for key in CHART_KEYS)
_XRAY_VALUES: Final = tuple(key.removeprefix("xray.").lower() for key in CHART_KEYS if key.startswith("xray."))
# A text with all words of one line is a config of the daemon or of a collector; others are not parsed.
_EMBEDDED_SIGNS: Final = (
    ("receivers", "exporters", "pipelines"),
    ("TotalBufferSizeMB",),
    ("UDPAddress",),
    ("TCPAddress",),
    ("NoVerifySSL",),
)


def kind_of(root: Node) -> DocumentKind:
    """The kind of a document."""
    if not isinstance(root, Mapping):
        return "ECS task definition" if task_containers_in(root) else "unknown"
    return next((kind for kind, fits in _KINDS if fits(root)), "unknown")


def _api_version(root: Mapping) -> str:
    return text_at(root, "apiVersion") or ""


def _is_kustomization(root: Mapping) -> bool:
    keys = root.entries.keys()
    return _api_version(root).startswith("kustomize.config.k8s.io/") or bool(keys & _KUSTOMIZE_SIGNS and keys <= _KUSTOMIZE_KEYS)


def _is_cloudformation(root: Mapping) -> bool:
    types = (text_at(entry.node, "Type") or "" for entry in entries_at(root, "Resources").values())
    return "AWSTemplateFormatVersion" in root.entries or any(each.startswith(("AWS::", "Custom::")) for each in types)


def parts(document: Document) -> Iterator[Document]:
    """A document, or the items of a Kubernetes List."""
    if text_at(document.root, "kind") == "List" and text_at(document.root, "apiVersion") == "v1":
        items = mappings_at(document.root, "items")
        for index, item in enumerate(items):
            yield Document(document.source, item, document.repeated if index == 0 else ())
    else:
        yield document


def embedded(document: Document) -> tuple[Document, ...]:
    """The configs of the daemon and of collectors that a ConfigMap or a collector object holds as text. Raises Refused."""
    return tuple(found for scalar, name in _texts_inside(document.root) for found in read_documents(document.source, _window(scalar), name))


def _texts_inside(root: Node) -> Iterator[tuple[Scalar, str]]:
    name = text_at(root, "metadata", "name") or ""
    match text_at(root, "kind"):
        case "ConfigMap":
            candidates: Iterable[Node] = [entry.node for entry in entries_at(root, "data").values()]
        case "OpenTelemetryCollector":
            candidates = [node for node in [at(root, "spec", "config")] if node]
        case _:
            candidates = []
    for node in candidates:
        if isinstance(node, Scalar) and any(all(word in node.text for word in words) for words in _EMBEDDED_SIGNS):
            yield node, name


def _window(scalar: Scalar) -> Window:
    """A literal block is the text itself, indented; of other forms only the beginning can be pointed at."""
    content = scalar.source.content
    if scalar.style == "|":
        start = content.index("\n", scalar.span.start) + 1
        return Window(content[start : scalar.span.end], start)
    return Window(scalar.text, 0, Span(scalar.span.start, scalar.span.start))


def is_collector(node: Node | None) -> bool:
    """Whether a mapping is the config of an OpenTelemetry collector."""
    return isinstance(at(node, "service"), Mapping) and isinstance(at(node, "receivers") or at(node, "exporters"), Mapping)


def is_daemon_config(root: Mapping) -> bool:
    """Whether a mapping is a config file of the daemon: by a key of its own, its sockets, or a log level beside another of its keys."""
    keys = root.entries.keys()
    sockets = entries_at(root, "Socket").keys() & DAEMON_KEYS["Socket"]
    logs = isinstance(at(root, "Logging", "LogLevel"), Scalar) and keys & _DAEMON_NEIGHBOURS
    return bool(keys & _DAEMON_SIGNS or sockets or logs)


def task_containers_in(root: Node) -> tuple[Mapping, ...]:
    """The containers of an ECS task definition, as it is registered or described, or of a file that holds only some of them."""
    for node in (root, at(root, "taskDefinition")):
        if containers := mappings_at(node, "containerDefinitions"):
            return containers
    containers = mappings_in(root)
    return containers if containers and all(_is_task_container(each) for each in containers) else ()


def _is_task_container(node: Mapping) -> bool:
    return {"image", "name"} <= node.entries.keys() and bool(node.entries.keys() & {"essential", "portMappings", "logConfiguration"})


def policies_in(root: Node) -> Iterator[Mapping]:
    """Every policy document in a tree: alone, in an answer of the AWS CLI, or in an eksctl config."""
    for node in every_node(root):
        statements = at(node, "Statement")
        if isinstance(node, Mapping) and statements and any(at(each, "Effect") for each in every_node(statements)):
            yield node


def chart_values_in(root: Node) -> Mapping | None:
    """Values of the chart aws-xray, by themselves or of a chart that depends on it."""
    return next((node for node in (root, at(root, "aws-xray")) if isinstance(node, Mapping) and _is_chart_values(node)), None)


def _is_chart_values(root: Mapping) -> bool:
    """Whether the daemon's image is named, or a section that is nearly called xray holds nearly one of its values."""
    if "aws-xray-daemon" in (text_at(root, "image", "repository") or ""):
        return True
    sections = [entry.node for key, entry in root.entries.items() if get_close_matches(key.lower(), ["xray"], cutoff=0.85)]
    if any(isinstance(node, Mapping) and not node.entries for node in sections):
        return root.entries.keys() <= _CHART_SECTIONS
    return any(get_close_matches(key.lower(), _XRAY_VALUES, cutoff=0.8) for node in sections for key in entries_at(node))


# The first that fits wins: what says what it is, before what is known by some of its keys.
_KINDS: Final[tuple[tuple[DocumentKind, Callable[[Mapping], bool]], ...]] = (
    ("eksctl cluster config", lambda root: _api_version(root).startswith("eksctl.io/")),
    ("kustomization", _is_kustomization),
    ("Kubernetes object", lambda root: bool(_api_version(root) and text_at(root, "kind"))),
    ("CloudFormation template", _is_cloudformation),
    ("ECS task definition", lambda root: bool(task_containers_in(root))),
    ("IAM policy", lambda root: next(policies_in(root), None) is not None),
    ("collector config", lambda root: is_collector(root) or is_collector(at(root, "config"))),
    ("daemon config", is_daemon_config),
    ("values of the aws-xray chart", lambda root: chart_values_in(root) is not None),
    ("bucket encryption", lambda root: any(at(each, "ApplyServerSideEncryptionByDefault") for each in mappings_at(root, "Rules"))),
    ("pod identity association", lambda root: root.entries.keys() >= {"namespace", "roleArn", "serviceAccount"}),
)
