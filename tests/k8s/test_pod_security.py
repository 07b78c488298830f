"""The agent passes Pod Security "restricted", and the rule that says so finds each fault."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.k8s.configs import FORMS, agent
from tests.k8s.objects_of import template_of
from tests.k8s.pod_security import CONTROLS, violations

Object = dict[str, Any]
HOST_PORT = ("host-port", "adot-host-port")


@pytest.mark.parametrize("form", [form for form in FORMS if form not in HOST_PORT])
def test_the_agent_passes_the_restricted_level(form: str) -> None:
    assert violations(template_of(FORMS[form])) == []


def test_a_host_port_is_all_that_keeps_it_from_that_level() -> None:
    assert violations(template_of(FORMS["host-port"])) == ["host_ports: agent: hostPort 2000", "host_ports: agent: hostPort 2000"]


def container(template: Object) -> Object:
    found: Object = template["spec"]["containers"][0]
    return found


def on_container(**context: Any) -> Callable[[Object], None]:
    return lambda template: container(template)["securityContext"].update(context)


def on_pod(**context: Any) -> Callable[[Object], None]:
    return lambda template: template["spec"]["securityContext"].update(context)


def in_spec(**fields: Any) -> Callable[[Object], None]:
    return lambda template: template["spec"].update(fields)


def in_container(**fields: Any) -> Callable[[Object], None]:
    return lambda template: container(template).update(fields)


def without(*path: str) -> Callable[[Object], None]:
    def remove(template: Object) -> None:
        holder = template["spec"]
        for key in path[:-1]:
            holder = holder[int(key)] if isinstance(holder, list) else holder[key]
        del holder[path[-1]]

    return remove


def annotated(template: Object) -> None:
    template["metadata"].setdefault("annotations", {})["container.apparmor.security.beta.kubernetes.io/agent"] = "unconfined"


CONTEXT = ("containers", "0", "securityContext")
FAULTS = [
    ("host_process", on_pod(windowsOptions={"hostProcess": True})),
    ("host_process", on_container(windowsOptions={"hostProcess": True})),
    ("host_namespaces", in_spec(hostNetwork=True)),
    ("host_namespaces", in_spec(hostPID=True)),
    ("host_namespaces", in_spec(hostIPC=True)),
    ("privileged", on_container(privileged=True)),
    ("capabilities", on_container(capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]})),
    ("capabilities", on_container(capabilities={"drop": ["NET_RAW"]})),
    ("capabilities", without(*CONTEXT, "capabilities")),
    ("volume_types", in_spec(volumes=[{"name": "host", "hostPath": {"path": "/"}}])),
    ("volume_types", in_spec(volumes=[{"name": "share", "nfs": {"server": "a", "path": "/"}}])),
    ("host_ports", in_container(ports=[{"name": "a", "containerPort": 1, "hostPort": 1}])),
    ("probe_hosts", in_container(livenessProbe={"tcpSocket": {"port": 1, "host": "10.0.0.1"}})),
    ("probe_hosts", in_container(lifecycle={"preStop": {"httpGet": {"port": 1, "host": "10.0.0.1"}}})),
    ("app_armor", on_container(appArmorProfile={"type": "Unconfined"})),
    ("app_armor", annotated),
    ("selinux", on_pod(seLinuxOptions={"type": "spc_t"})),
    ("selinux", on_container(seLinuxOptions={"user": "system_u"})),
    ("selinux", on_container(seLinuxOptions={"role": "system_r"})),
    ("proc_mount", on_container(procMount="Unmasked")),
    ("sysctls", on_pod(sysctls=[{"name": "kernel.msgmax", "value": "1"}])),
    ("privilege_escalation", on_container(allowPrivilegeEscalation=True)),
    ("privilege_escalation", without(*CONTEXT, "allowPrivilegeEscalation")),
    ("non_root", on_pod(runAsNonRoot=False)),
    ("non_root", without("securityContext", "runAsNonRoot")),
    ("non_root", on_container(runAsNonRoot=False)),
    ("non_root_user", on_pod(runAsUser=0)),
    ("non_root_user", on_container(runAsUser=0)),
    ("seccomp", on_pod(seccompProfile={"type": "Unconfined"})),
    ("seccomp", on_container(seccompProfile={"type": "Unconfined"})),
    ("seccomp", without("securityContext", "seccompProfile")),
    ("privilege_escalation", in_spec(initContainers=[{"name": "first", "securityContext": {"capabilities": {"drop": ["ALL"]}}}])),
    ("capabilities", in_spec(ephemeralContainers=[{"name": "debug", "securityContext": {"allowPrivilegeEscalation": False}}])),
]


@pytest.mark.parametrize(("control", "plant"), FAULTS, ids=[f"{number}-{control}" for number, (control, _) in enumerate(FAULTS)])
def test_each_control_finds_its_fault_and_no_other_does(control: str, plant: Callable[[Object], None]) -> None:
    template = copy.deepcopy(template_of(agent()))
    plant(template)

    assert {found.partition(":")[0] for found in violations(template)} == {control}


def test_every_control_has_a_planted_fault() -> None:
    assert {control.__name__ for control in CONTROLS} == {control for control, _ in FAULTS}
