"""Pod Security Standards, level "restricted" with the whole of "baseline" in it, as of Kubernetes 1.37.

https://kubernetes.io/docs/concepts/security/pod-security-standards/ - one function for each control there, in the order of the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

Object = dict[str, Any]

_SYSCTLS: Final = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    }
)
_SELINUX_TYPES: Final = frozenset({None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
_VOLUMES: Final = frozenset({"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"})
_PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")
_CONFINED: Final = frozenset({"RuntimeDefault", "Localhost"})


def containers(pod: Object) -> list[Object]:
    return [each for key in ("initContainers", "containers", "ephemeralContainers") for each in pod.get(key, [])]


def _contexts(pod: Object) -> Iterator[tuple[str, Object]]:
    """The security context of the pod and of each container."""
    yield "pod", pod.get("securityContext", {})
    for container in containers(pod):
        yield container["name"], container.get("securityContext", {})


def host_process(pod: Object) -> Iterator[str]:
    for where, context in _contexts(pod):
        if context.get("windowsOptions", {}).get("hostProcess"):
            yield f"{where}: HostProcess"


def host_namespaces(pod: Object) -> Iterator[str]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key):
            yield f"pod: {key}"


def privileged(pod: Object) -> Iterator[str]:
    for where, context in _contexts(pod):
        if context.get("privileged"):
            yield f"{where}: privileged"


def capabilities(pod: Object) -> Iterator[str]:
    for container in containers(pod):
        given = container.get("securityContext", {}).get("capabilities", {})
        if "ALL" not in given.get("drop", []):
            yield f"{container['name']}: does not drop ALL"
        if added := set(given.get("add", [])) - {"NET_BIND_SERVICE"}:
            yield f"{container['name']}: adds {', '.join(sorted(added))}"


def volume_types(pod: Object) -> Iterator[str]:
    """With baseline's hostPath."""
    for volume in pod.get("volumes", []):
        if forbidden := set(volume) - {"name"} - _VOLUMES:
            yield f"volume {volume['name']}: {', '.join(sorted(forbidden))}"


def host_ports(pod: Object) -> Iterator[str]:
    for container in containers(pod):
        for port in container.get("ports", []):
            if port.get("hostPort"):
                yield f"{container['name']}: hostPort {port['hostPort']}"


def probe_hosts(pod: Object) -> Iterator[str]:
    for container in containers(pod):
        handlers = [container.get(probe, {}) for probe in _PROBES] + list(container.get("lifecycle", {}).values())
        for handler in handlers:
            for action in ("httpGet", "tcpSocket"):
                if isinstance(handler, dict) and handler.get(action, {}).get("host"):
                    yield f"{container['name']}: host of a probe or hook"


def app_armor(pod: Object) -> Iterator[str]:
    for where, context in _contexts(pod):
        if context.get("appArmorProfile", {}).get("type") not in {None, *_CONFINED}:
            yield f"{where}: AppArmor"


def selinux(pod: Object) -> Iterator[str]:
    for where, context in _contexts(pod):
        options = context.get("seLinuxOptions", {})
        if options.get("type") not in _SELINUX_TYPES or options.get("user") or options.get("role"):
            yield f"{where}: SELinux"


def proc_mount(pod: Object) -> Iterator[str]:
    for where, context in _contexts(pod):
        if context.get("procMount") not in {None, "Default"}:
            yield f"{where}: procMount"


def sysctls(pod: Object) -> Iterator[str]:
    for setting in pod.get("securityContext", {}).get("sysctls", []):
        if setting["name"] not in _SYSCTLS:
            yield f"pod: sysctl {setting['name']}"


def privilege_escalation(pod: Object) -> Iterator[str]:
    for container in containers(pod):
        if container.get("securityContext", {}).get("allowPrivilegeEscalation") is not False:
            yield f"{container['name']}: allowPrivilegeEscalation"


def non_root(pod: Object) -> Iterator[str]:
    for_all = pod.get("securityContext", {}).get("runAsNonRoot")
    for container in containers(pod):
        if container.get("securityContext", {}).get("runAsNonRoot", for_all) is not True:
            yield f"{container['name']}: runAsNonRoot"


def non_root_user(pod: Object) -> Iterator[str]:
    for where, context in _contexts(pod):
        if context.get("runAsUser") == 0:
            yield f"{where}: runAsUser 0"


def seccomp(pod: Object) -> Iterator[str]:
    """Set for the pod or for every container, and never Unconfined."""
    for_all = pod.get("securityContext", {}).get("seccompProfile", {}).get("type")
    if for_all not in {None, *_CONFINED}:
        yield "pod: seccomp"
    for container in containers(pod):
        if container.get("securityContext", {}).get("seccompProfile", {}).get("type", for_all) not in _CONFINED:
            yield f"{container['name']}: seccomp"


CONTROLS: Final[tuple[Callable[[Object], Iterator[str]], ...]] = (
    host_process,
    host_namespaces,
    privileged,
    capabilities,
    volume_types,
    host_ports,
    probe_hosts,
    app_armor,
    selinux,
    proc_mount,
    sysctls,
    privilege_escalation,
    non_root,
    non_root_user,
    seccomp,
)


def app_armor_annotations(metadata: Object) -> Iterator[str]:
    """The older form of AppArmor."""
    for key, value in metadata.get("annotations", {}).items():
        if key.startswith("container.apparmor.security.beta.kubernetes.io/") and not value.startswith(("runtime/default", "localhost/")):
            yield f"{key}={value}"


def violations(template: Object) -> list[str]:
    """What keeps a pod template from passing "restricted", each with its control."""
    found = [f"{control.__name__}: {problem}" for control in CONTROLS for problem in control(template["spec"])]
    return found + [f"app_armor: {problem}" for problem in app_armor_annotations(template["metadata"])]
