"""XF14x: what the daemon is told: buffer, addresses, region, log level, config file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from xray_grafana.checks.foreign.context import AGENT_PORT, EmbeddedConfig, ForeignContext
from xray_grafana.checks.foreign.finding import Fault, Fix, rule
from xray_grafana.checks.foreign.kinds import DAEMON_KEYS
from xray_grafana.checks.foreign.manifests import Container, memory_bytes
from xray_grafana.checks.foreign.mends import entry_before, offered, renamed, replaced
from xray_grafana.checks.foreign.tree import Mapping, Scalar, at, is_true, number_at, scalar_at, text_at, whole_number
from xray_grafana.config.wording import one_of, quoted

# aws-xray-daemon pkg/logger/log_config.go matches exactly, so INFO is as unknown as pro.
DAEMON_LOG_LEVELS: Final = ("dev", "debug", "info", "warn", "error", "prod")
_MEANT_LEVELS: Final = {"pro": "prod", "production": "prod", "warning": "warn", "information": "info", "err": "error"}
_BUFFER_FLAGS: Final = ("-m", "-buffer-memory", "--buffer-memory")
_CONFIG_FLAGS: Final = ("-c", "-config", "--config")
_REGION_FLAGS: Final = ("-n", "-region", "--region")
_LOCAL_FLAGS: Final = ("-o", "-local-mode", "--local-mode")
_LEVEL_FLAGS: Final = ("-l", "-log-level", "--log-level")
_UDP_FLAGS: Final = ("-b", "-bind", "--bind")
_TCP_FLAGS: Final = ("-t", "-bind-tcp", "--bind-tcp")
_BUFFER_MINIMUM_MB: Final = 3
_MEGABYTE: Final = 1_000_000
_MEBIBYTE: Final = 2**20
# What an idle daemon takes without its buffer (aws-xray-daemon README, 17 MB on a small instance).
_OWN_BYTES: Final = 16 * _MEBIBYTE
_LOOPBACK: Final = re.compile(r"127\.\d{1,3}\.\d{1,3}\.\d{1,3}:.*|localhost:.*|\[::1\]:.*")


@rule(
    "XF140",
    "The daemon's buffer is set and fits its memory limit",
    reason="unset or 0 means 1 % of the node's memory, not of the container's: on a node of 64 GiB a burst grows to 655 MB and the "
    "kernel kills the daemon at its limit; below 3 the daemon ends at start",
    remedy="write -m 24 (TotalBufferSizeMB: 24) with a memory limit of 64Mi or more",
)
def _buffer(context: ForeignContext) -> Iterator[Fault]:
    for container in (*context.daemons, *(each for each in context.task_containers if each.is_daemon)):
        limit = _memory_limit(container)
        flag = container.flag(*_BUFFER_FLAGS)
        if flag:
            yield from _wrong_buffer(flag.node, flag.value, limit)
        elif container.flag(*_CONFIG_FLAGS) is None and limit is not None:
            yield Fault(container.root, "a memory limit without -m, expected a buffer size")
    for config in context.daemon_configs:
        users = [daemon for daemon in context.daemons if config in context.configs_of(daemon)]
        if users and all(daemon.flag(*_BUFFER_FLAGS) for daemon in users):
            continue
        size = scalar_at(config.root, "TotalBufferSizeMB")
        limits = [limit for daemon in users if (limit := _memory_limit(daemon)) is not None]
        if size:
            yield from _wrong_buffer(size, size.text, min(limits, default=None))
        else:
            yield Fault(config.root, "TotalBufferSizeMB is missing, expected a size in MB")


def _wrong_buffer(node: Scalar, value: str | None, limit: int | None) -> Iterator[Fault]:
    size = whole_number(value)
    if size is None:
        return
    if size < _BUFFER_MINIMUM_MB:
        yield Fault(node, f"the buffer is {size} MB, expected {_BUFFER_MINIMUM_MB} or more")
    elif limit is not None and size * _MEGABYTE + _OWN_BYTES > limit:
        message = f"a buffer of {size} MB beside the daemon's own 16 MiB, expected both within the limit of {limit // _MEBIBYTE} MiB"
        yield Fault(node, message)


def _memory_limit(container: Container) -> int | None:
    """Bytes; of an ECS task the hard limit, which is written in MiB."""
    task_limit = number_at(container.root, "memory")
    if container.workload is None:
        return task_limit * _MEBIBYTE if task_limit else None
    return memory_bytes(text_at(container.root, "resources", "limits", "memory"))


@rule(
    "XF141",
    "The daemon listens to more than itself",
    reason="the image's own entry point binds 0.0.0.0; a command replaces it, and the daemon then listens on 127.0.0.1 where no other "
    "pod reaches it",
    remedy=f"use args instead of command, or add -b 0.0.0.0:{AGENT_PORT} -t 0.0.0.0:{AGENT_PORT} (Socket.UDPAddress and TCPAddress)",
)
def _binds(context: ForeignContext) -> Iterator[Fault]:
    for daemon in context.daemons:
        if not daemon.workload or daemon.workload.manifest.kind != "DaemonSet":
            continue
        flags = {name: daemon.flag(*names) for name, names in (("-b", _UDP_FLAGS), ("-t", _TCP_FLAGS))}
        for flag in flags.values():
            if flag and flag.value and _LOOPBACK.fullmatch(flag.value):
                yield Fault(flag.node, f"the daemon binds {quoted(flag.value)}, expected 0.0.0.0:{AGENT_PORT}")
        missing = [name for name, flag in flags.items() if flag is None]
        if daemon.command and missing and daemon.flag(*_CONFIG_FLAGS) is None:
            yield Fault(daemon.command[0], f"the command has no {' and no '.join(missing)}, expected both with 0.0.0.0:{AGENT_PORT}")
        elif daemon.command and missing:
            yield from _config_binds(context, daemon, flags.keys() & set(missing))


def _config_binds(context: ForeignContext, daemon: Container, flags: set[str]) -> Iterator[Fault]:
    for config in context.configs_of(daemon):
        for flag, key in (("-b", "UDPAddress"), ("-t", "TCPAddress")):
            address = scalar_at(config.root, "Socket", key)
            if flag not in flags:
                continue
            if address is None:
                yield Fault(at(config.root, "Socket") or config.root, f"Socket.{key} is missing, expected 0.0.0.0:{AGENT_PORT}")
            elif _LOOPBACK.fullmatch(address.text):
                yield Fault(address, f"Socket.{key} is {quoted(address.text)}, expected 0.0.0.0:{AGENT_PORT}")


@rule(
    "XF142",
    "The daemon is told its region",
    reason="without one it asks the instance metadata service, which pods on EKS do not reach (hop limit 1): it ends with 'Cannot fetch "
    "region variable'; in local mode (-o) it does not even ask",
    remedy="write -n REGION, or the variable AWS_REGION",
)
def _region(context: ForeignContext) -> Iterator[Fault]:
    for daemon in context.daemons:
        configs = context.configs_of(daemon)
        has_config = daemon.flag(*_CONFIG_FLAGS) is not None
        local = daemon.flag(*_LOCAL_FLAGS)
        told = (
            daemon.flag(*_REGION_FLAGS)
            or daemon.variable("AWS_REGION")
            or "envFrom" in daemon.root.entries
            or (has_config and (not configs or any(text_at(config.root, "Region") for config in configs)))
        )
        on_node = daemon.workload is not None and is_true(daemon.workload.pod, "hostNetwork")
        if not told and (local or not on_node):
            yield Fault(local.node if local else daemon.root, "neither -n nor AWS_REGION is set, expected the region")


@rule(
    "XF144",
    "The log level is one that the daemon knows",
    reason="an unknown level in the config file or in the chart's values is not refused: the daemon logs at its most verbose, each "
    "segment a line",
    remedy=f"write {one_of(DAEMON_LOG_LEVELS)}",
)
def _log_level(context: ForeignContext) -> Iterator[Fault]:
    nodes = [scalar_at(config.root, "Logging", "LogLevel") for config in context.daemon_configs]
    nodes += [scalar_at(values, "xray", "loglevel") for values in context.chart_values]
    for node in nodes:
        if node and node.text and node.text not in DAEMON_LOG_LEVELS:
            yield Fault(node, f"the log level is {quoted(node.text)}, expected {one_of(DAEMON_LOG_LEVELS)}", _level_meant(node, node.text))
    for container in (*context.daemons, *(each for each in context.task_containers if each.is_daemon)):
        flag = container.flag(*_LEVEL_FLAGS)
        if flag and flag.value and flag.value not in DAEMON_LOG_LEVELS:
            fixes = _level_meant(flag.node, flag.value) if flag.node.text == flag.value else ()
            yield Fault(flag.node, f"the log level is {quoted(flag.value)}, expected {one_of(DAEMON_LOG_LEVELS)}", fixes)


def _level_meant(node: Scalar, value: str) -> tuple[Fix, ...]:
    lower = value.lower()
    meant = _MEANT_LEVELS.get(lower, lower if lower in DAEMON_LOG_LEVELS else None)
    return (replaced(node, meant),) if meant and node.mendable else ()


@rule(
    "XF150",
    "The daemon's config names its version",
    reason="the daemon ends at start with 'Config Version is missing' or 'Config Version Setting is not correct'",
    remedy="write Version: 2",
)
def _version(context: ForeignContext) -> Iterator[Fault]:
    for config in context.daemon_configs:
        version = scalar_at(config.root, "Version")
        if version is None:
            yield Fault(config.root, "Version is missing, expected 2", _version_first(config))
        elif version.text not in {"1", "2"}:
            yield Fault(version, f"Version is {quoted(version.text)}, expected 2")


def _version_first(config: EmbeddedConfig) -> tuple[Fix, ...]:
    """A line before the first key; not where Version stands empty, and not where the text is in quotes."""
    root = config.root
    first = next((entry.key for entry in root.entries.values()), None)
    return entry_before(root, first, "Version", "2") if first and "Version" not in root.entries else ()


@rule(
    "XF151",
    "The daemon's config has no unknown key",
    reason="the daemon ends at start with '… flag is invalid' for any key it does not know, in other case too",
    remedy="write the key as the daemon has it, or take it out",
)
def _unknown_key(context: ForeignContext) -> Iterator[Fault]:
    for config in context.daemon_configs:
        yield from _unknown(config.root, frozenset(DAEMON_KEYS))
        for section, keys in DAEMON_KEYS.items():
            inner = at(config.root, section)
            if keys and isinstance(inner, Mapping):
                yield from _unknown(inner, keys, f"{section}.")


def _unknown(mapping: Mapping, known: frozenset[str], section: str = "") -> Iterator[Fault]:
    for key, entry in mapping.entries.items():
        if key not in known:
            yield Fault(
                entry.key, f"the key {quoted(section + key)} is unknown, expected {offered(key, known)}", renamed(entry.key, mapping, known)
            )


RULES: Final = (_buffer, _binds, _region, _log_level, _version, _unknown_key)
