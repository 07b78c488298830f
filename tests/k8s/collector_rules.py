"""What the collector of contrib 0.156 refuses at its start, or takes and then does not do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

# Aliases that only warn, components that are gone, and keys that are invalid in this version.
OLD_NAMES: Final = frozenset({"k8sattributes", "resourcedetection", "otlphttp", "logging", "jaeger"})
INVALID_KEYS: Final = frozenset({"sending_queue", "retry_on_failure", "indexed_attribute"})
_KINDS: Final = ("receivers", "processors", "exporters")


def _keys(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield key
            yield from _keys(value)
    elif isinstance(node, list):
        for item in node:
            yield from _keys(item)


def _unused(config: Mapping[str, Any]) -> Iterator[str]:
    pipelines = config["service"]["pipelines"].values()
    for kind in _KINDS:
        named = {name for pipeline in pipelines for name in pipeline[kind]}
        yield from (f"{kind}: {name} on one side only" for name in sorted(named ^ set(config[kind])))
    yield from (f"extensions: {name} on one side only" for name in sorted(set(config["extensions"]) ^ set(config["service"]["extensions"])))


def _order(config: Mapping[str, Any]) -> Iterator[str]:
    """Memory first, or it protects nothing; pods before batches, which forget the sender."""
    for pipeline in config["service"]["pipelines"].values():
        names = pipeline["processors"]
        if names[0] != "memory_limiter" or names[-1] != "batch":
            yield "processors: order"


def _addresses(config: Mapping[str, Any]) -> Iterator[str]:
    """Left out, each of these binds to loopback."""
    xray, otlp = config["receivers"]["awsxray"], config["receivers"]["otlp"]["protocols"]
    holders = [xray, xray.get("proxy_server", {}), otlp["grpc"], otlp["http"], config["extensions"]["health_check"]]
    if any("endpoint" not in holder for holder in holders):
        yield "endpoint is missing"


def problems(config: Mapping[str, Any]) -> list[str]:
    """Everything wrong with a config."""
    found = [f"{key}: not a name of this version" for key in _keys(config) if key in OLD_NAMES | INVALID_KEYS]
    if "address" in config["service"]["telemetry"]["metrics"]:
        found.append("service.telemetry.metrics.address: not a key of this version")
    return [*found, *_unused(config), *_order(config), *_addresses(config)]
