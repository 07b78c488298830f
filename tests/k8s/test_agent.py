"""k8s/agent: the daemon or the collector on each node, behind the same Service."""

from __future__ import annotations

from typing import Any

import pytest

from tests.examples import odd
from tests.k8s.configs import FORMS, agent, cluster
from tests.k8s.objects_of import agent_object, agent_objects, container_of, pod_of, read
from xray_grafana.config import Config
from xray_grafana.k8s.agent import build_agent


def notes_of(config: Config, file: str) -> str:
    (found,) = [artifact.notes for artifact in build_agent(config) if artifact.path == f"k8s/agent/{file}.yaml"]
    return found


def checksum_of(config: Config) -> str:
    template = agent_object(config, "DaemonSet")["spec"]["template"]
    (value,) = template["metadata"]["annotations"].values()
    assert isinstance(value, str)
    return value


def test_without_a_cluster_there_is_no_agent() -> None:
    assert build_agent(odd("minimal")) == ()


def test_the_daemon_is_told_everything_by_arguments_behind_the_entrypoint() -> None:
    container = container_of(agent(buffer_mb=48, log_level="warn"))

    assert container["image"] == "public.ecr.aws/xray/aws-xray-daemon:3.6.6"
    assert container["args"] == ["-o", "-n", "eu-west-1", "-m", "48", "-l", "warn"]
    assert "command" not in container
    assert container["env"] == [
        {"name": "AWS_HOSTNAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "AWS_REGION", "value": "eu-west-1"},
    ]


@pytest.mark.parametrize("probe", ["readinessProbe", "livenessProbe"])
def test_the_daemon_is_asked_by_a_connection_alone_for_a_request_would_reach_aws(probe: str) -> None:
    asked = container_of(agent())[probe]

    assert asked["tcpSocket"] == {"port": "xray-tcp"}
    assert "httpGet" not in asked


@pytest.mark.parametrize("probe", ["readinessProbe", "livenessProbe"])
def test_the_collector_is_asked_at_its_health_check(probe: str) -> None:
    assert container_of(agent(kind="adot"))[probe]["httpGet"] == {"path": "/", "port": "health"}


def test_the_collector_reads_its_config_from_the_config_map() -> None:
    config = agent(kind="adot", service="tracing")
    container = container_of(config)

    assert container["image"] == "public.ecr.aws/aws-observability/aws-otel-collector:v0.49.0"
    assert container["args"] == ["--config=/etc/xray-grafana/config.yaml"]
    assert container["volumeMounts"] == [{"name": "config", "mountPath": "/etc/xray-grafana", "readOnly": True}]
    assert pod_of(config)["volumes"] == [{"name": "config", "configMap": {"name": "tracing-config"}}]
    assert list(agent_object(config, "ConfigMap")["data"]) == ["config.yaml"]


def test_the_collector_knows_its_pod_its_cloud_and_its_memory() -> None:
    environment = {each["name"]: each.get("value") or each["valueFrom"] for each in container_of(agent(kind="adot"))["env"]}

    assert environment == {
        "MY_POD_IP": {"fieldRef": {"fieldPath": "status.podIP"}},
        "AWS_REGION": "eu-west-1",
        "OTEL_RESOURCE_ATTRIBUTES": "cloud.provider=aws,cloud.platform=aws_eks,k8s.cluster.name=shop",
        "GOMEMLIMIT": "204MiB",
    }


@pytest.mark.parametrize(("kind", "user"), [("daemon", 10001), ("adot", 4317)])
def test_the_user_of_the_image_is_given_by_number(kind: str, user: int) -> None:
    context = pod_of(agent(kind=kind))["securityContext"]

    assert (context["runAsUser"], context["runAsGroup"]) == (user, user)


@pytest.mark.parametrize(
    ("settings", "memory"),
    [
        ({}, "96Mi"),
        ({"memory_limit_mb": 200, "buffer_mb": 100}, "200Mi"),
        ({"kind": "adot"}, "256Mi"),
        ({"kind": "adot", "memory_limit_mb": 512}, "512Mi"),
    ],
)
def test_memory_is_asked_for_in_full_and_cpu_has_no_limit(settings: dict[str, Any], memory: str) -> None:
    assert container_of(agent(**settings))["resources"] == {"requests": {"cpu": "50m", "memory": memory}, "limits": {"memory": memory}}


def test_an_image_of_ones_own_takes_the_place_of_the_public_one() -> None:
    assert container_of(agent(image="registry.example.net/xray:3.6.6"))["image"] == "registry.example.net/xray:3.6.6"


def test_it_runs_on_every_linux_node_that_is_not_fargate() -> None:
    pod = pod_of(agent())

    assert pod["tolerations"] == [{"operator": "Exists"}]
    (term,) = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [
        {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
        {"key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate"]},
    ]


def test_nodes_are_changed_one_at_a_time_and_pods_may_send_what_they_have() -> None:
    spec = agent_object(agent(), "DaemonSet")["spec"]

    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == 30


@pytest.mark.parametrize(("kind", "numbers"), [("daemon", [2000, 2000]), ("adot", [2000, 2000, 4317, 4318])])
def test_applications_find_the_same_ports_whatever_answers(kind: str, numbers: list[int]) -> None:
    service = agent_object(agent(kind=kind), "Service")
    ports = service["spec"]["ports"]

    assert (service["metadata"]["name"], service["metadata"]["namespace"]) == ("aws-xray", "ops-monitoring-ns")
    assert [port["port"] for port in ports] == numbers
    assert [port["protocol"] for port in ports[:2]] == ["UDP", "TCP"]
    assert service["metadata"]["annotations"] == {"xray-grafana/agent-address": "AWS_XRAY_DAEMON_ADDRESS=aws-xray.ops-monitoring-ns:2000"}


def test_by_default_only_the_pod_of_the_same_node_answers() -> None:
    spec = agent_object(agent(), "Service")["spec"]

    assert spec["type"] == "ClusterIP"
    assert "clusterIP" not in spec
    assert spec["internalTrafficPolicy"] == "Local"
    assert "trafficDistribution" not in spec


def test_the_node_may_be_a_preference() -> None:
    spec = agent_object(FORMS["prefer-same-node"], "Service")["spec"]

    assert spec["trafficDistribution"] == "PreferSameNode"
    assert "internalTrafficPolicy" not in spec


@pytest.mark.parametrize(("form", "numbers"), [("host-port", [2000, 2000]), ("adot-host-port", [2000, 2000, 4317, 4318])])
def test_a_host_port_opens_the_applications_ports_alone_and_says_how_they_are_found(form: str, numbers: list[int]) -> None:
    ports = container_of(FORMS[form])["ports"]

    assert [port["hostPort"] for port in ports if "hostPort" in port] == numbers
    assert "hostNetwork" not in pod_of(FORMS[form])
    address = agent_object(FORMS[form], "Service")["metadata"]["annotations"]["xray-grafana/agent-address"]
    assert address == "AWS_XRAY_DAEMON_ADDRESS=$(HOST_IP):2000 with HOST_IP from status.hostIP, set before it"
    assert '- {name: AWS_XRAY_DAEMON_ADDRESS, value: "$(HOST_IP):2000"}' in notes_of(FORMS[form], "daemonset")


def test_no_other_routing_opens_a_port_of_the_node() -> None:
    opened = {form for form in FORMS for port in container_of(FORMS[form])["ports"] if "hostPort" in port}

    assert opened == {"host-port", "adot-host-port"}


@pytest.mark.parametrize(("routing", "level"), [("local", "restricted"), ("host-port", "privileged")])
def test_the_namespace_says_its_pod_security_in_all_three_modes(routing: str, level: str) -> None:
    metadata = agent_object(agent(routing=routing), "Namespace")["metadata"]
    security = {key: value for key, value in metadata["labels"].items() if key.startswith("pod-security")}

    assert security == {
        "pod-security.kubernetes.io/enforce": level,
        "pod-security.kubernetes.io/enforce-version": "latest",
        "pod-security.kubernetes.io/warn": level,
        "pod-security.kubernetes.io/warn-version": "latest",
        "pod-security.kubernetes.io/audit": level,
        "pod-security.kubernetes.io/audit-version": "latest",
    }


def test_a_privileged_namespace_says_why() -> None:
    metadata = agent_object(FORMS["host-port"], "Namespace")["metadata"]

    reason = "privileged, because agent.routing is host-port and Pod Security baseline forbids hostPort"
    assert metadata["annotations"] == {"xray-grafana/pod-security": reason}
    assert notes_of(FORMS["host-port"], "namespace") == "P" + reason[1:] + "."


def test_a_namespace_of_somebody_else_is_not_made() -> None:
    assert "Namespace" not in {each["kind"] for each in agent_objects(FORMS["foreign-namespace"])}
    assert agent_object(FORMS["foreign-namespace"], "DaemonSet")["metadata"]["namespace"] == "tracing"


@pytest.mark.parametrize(
    ("form", "arn"),
    [
        ("daemon", "arn:aws:iam::111122223333:role/shop-xray-agent"),
        ("china", "arn:aws-cn:iam::111122223333:role/shop-xray-agent"),
        ("gov", "arn:aws-us-gov:iam::111122223333:role/shop-xray-agent"),
    ],
)
def test_irsa_names_the_role_on_the_service_account(form: str, arn: str) -> None:
    assert agent_object(FORMS[form], "ServiceAccount")["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": arn}


@pytest.mark.parametrize("form", ["pod-identity", "node-role"])
def test_other_identities_leave_no_trace_on_the_service_account(form: str) -> None:
    assert "annotations" not in agent_object(FORMS[form], "ServiceAccount")["metadata"]


@pytest.mark.parametrize("form", FORMS)
def test_only_the_collector_with_metadata_gets_an_api_token_and_rights(form: str) -> None:
    objects = agent_objects(FORMS[form])
    kinds = {each["kind"] for each in objects}
    account, pod = agent_object(FORMS[form], "ServiceAccount"), pod_of(FORMS[form])
    has_token = form == "adot-metadata"

    assert account["automountServiceAccountToken"] is has_token
    assert pod["automountServiceAccountToken"] is has_token
    assert ({"ClusterRole", "ClusterRoleBinding"} <= kinds) is has_token
    assert ({"ClusterRole", "ClusterRoleBinding"}.isdisjoint(kinds)) is not has_token


def test_the_rights_are_to_read_pods_and_namespaces() -> None:
    rules = agent_object(FORMS["adot-metadata"], "ClusterRole")["rules"]

    assert rules == [{"apiGroups": [""], "resources": ["namespaces", "pods"], "verbs": ["get", "list", "watch"]}]


def test_a_priority_class_of_its_own_on_demand() -> None:
    config = agent(priority_class=True)

    assert pod_of(config)["priorityClassName"] == "ops-monitoring-ns-aws-xray"
    priority = agent_object(config, "PriorityClass")
    assert (priority["value"], priority["globalDefault"]) == (1_000_000, False)
    assert "priorityClassName" not in pod_of(agent())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (agent(kind="adot"), agent(kind="adot", indexed_attributes=["tenant"])),
        (agent(kind="adot"), agent(kind="adot", log_level="debug")),
        (agent(kind="adot"), agent(kind="adot", cluster_metadata=True)),
        (agent(), cluster(cluster="other")),
        (agent(), cluster(identity={"kind": "pod-identity"})),
    ],
    ids=["attributes", "level", "metadata", "role", "identity"],
)
def test_what_a_pod_reads_only_at_its_start_changes_the_checksum(before: Config, after: Config) -> None:
    assert checksum_of(before) != checksum_of(after)


@pytest.mark.parametrize("kind", ["daemon", "adot"])
@pytest.mark.parametrize(
    "settings",
    [
        {"memory_limit_mb": 512},
        {"cpu_request_millicores": 100},
        {"routing": "host-port"},
        {"allowed_namespaces": ["shop"]},
        {"priority_class": True},
        {"image": "registry.example.net/agent:3.6.6"},
        {"buffer_mb": 32},
    ],
)
def test_nothing_else_changes_the_checksum(kind: str, settings: dict[str, Any]) -> None:
    assert checksum_of(agent(kind=kind)) == checksum_of(agent(kind=kind, **settings))


@pytest.mark.parametrize("file", ["daemonset", "service"])
def test_files_with_one_port_twice_say_how_to_apply_a_change(file: str) -> None:
    assert "`kubectl apply --server-side`" in notes_of(agent(), file)


def test_the_daemon_set_says_what_it_does_not_reach() -> None:
    assert "give them the container of k8s/sidecars" in notes_of(FORMS["fargate"], "daemonset")
    assert "hop limit of the nodes is 2 or more" in notes_of(FORMS["node-role"], "daemonset")
    assert "Fargate" not in notes_of(agent(), "daemonset")
    assert "hop limit" not in notes_of(agent(), "daemonset")


@pytest.mark.parametrize("form", FORMS)
def test_the_kustomization_lists_every_file(form: str) -> None:
    first, *others = build_agent(FORMS[form])

    assert read(first)["resources"] == [artifact.path.removeprefix("k8s/agent/") for artifact in others]
