"""k8s/helm/aws-xray-values.yaml: values of the public chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.examples import odd
from tests.k8s.configs import FORMS, agent, cluster
from tests.k8s.objects_of import agent_object, pod_of, read
from xray_grafana.config import Config
from xray_grafana.k8s.chart_values import CHART_KEYS
from xray_grafana.k8s.helm import build_agent_values

DAEMONS = [form for form, config in FORMS.items() if config.kubernetes and config.kubernetes.agent.kind == "daemon"]


def values_of(config: Config) -> dict[str, Any]:
    (artifact,) = build_agent_values(config)
    return read(artifact)


def notes_of(config: Config) -> str:
    (artifact,) = build_agent_values(config)
    return artifact.notes


def unknown_keys(values: Mapping[str, Any]) -> Iterator[str]:
    """Dotted keys that the chart does not read."""
    sections = {key.partition(".")[0] for key in CHART_KEYS if "." in key}
    for key, value in values.items():
        if key in sections and isinstance(value, Mapping):
            yield from (f"{key}.{inner}" for inner in value if f"{key}.{inner}" not in CHART_KEYS)
        elif key not in CHART_KEYS:
            yield key


@pytest.mark.parametrize("config", [odd("minimal"), FORMS["adot"]])
def test_the_chart_is_for_the_daemon_alone(config: Config) -> None:
    assert build_agent_values(config) == ()


@pytest.mark.parametrize("form", DAEMONS)
def test_the_chart_reads_every_key(form: str) -> None:
    assert list(unknown_keys(values_of(FORMS[form]))) == []


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"xray": {"regoin": "eu-west-1"}}, ["xray.regoin"]),
        ({"hostNetwork": False}, ["hostNetwork"]),
        ({"serviceAccount": {"roleArn": "a"}, "image": {"tag": "1"}}, ["serviceAccount.roleArn"]),
        ({"image": "a:1"}, ["image"]),
    ],
)
def test_a_key_that_it_does_not_read_is_found(values: dict[str, Any], found: list[str]) -> None:
    assert list(unknown_keys(values)) == found


def test_the_table_has_the_22_values_of_the_chart() -> None:
    assert len(CHART_KEYS) == 22
    assert CHART_KEYS["xray.loglevel"] == "prod"
    assert CHART_KEYS["serviceAccount.create"] is True


def test_region_level_and_image_are_the_bundles() -> None:
    values = values_of(agent(log_level="warn"))

    assert values["xray"] == {"region": "eu-west-1", "loglevel": "warn"}
    assert values["image"] == {"repository": "public.ecr.aws/xray/aws-xray-daemon", "tag": "3.6.6"}


@pytest.mark.parametrize(
    ("image", "repository", "tag"),
    [
        ("registry.example.net:5000/xray:3.6.6", "registry.example.net:5000/xray", "3.6.6"),
        (f"registry.example.net/xray@sha256:{'a' * 64}", "registry.example.net/xray@sha256", "a" * 64),
    ],
)
def test_an_image_is_cut_where_the_chart_puts_a_colon(image: str, repository: str, tag: str) -> None:
    assert values_of(agent(image=image))["image"] == {"repository": repository, "tag": tag}


@pytest.mark.parametrize("form", DAEMONS)
def test_service_account_and_service_have_the_names_that_the_rest_of_the_bundle_says(form: str) -> None:
    values, config = values_of(FORMS[form]), FORMS[form]
    account = agent_object(config, "ServiceAccount")["metadata"]

    assert values["fullnameOverride"] == agent_object(config, "Service")["metadata"]["name"]
    assert values["serviceAccount"]["create"] is True
    assert values["serviceAccount"]["name"] == account["name"]
    assert values["serviceAccount"].get("annotations") == account.get("annotations")


def test_irsa_is_an_annotation_and_the_other_identities_need_none() -> None:
    role = {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/shop-xray-agent"}

    assert values_of(agent())["serviceAccount"]["annotations"] == role
    assert "annotations" not in values_of(cluster(identity={"kind": "pod-identity"}))["serviceAccount"]


def test_pods_are_secured_and_placed_as_the_bundles_own() -> None:
    values, pod = values_of(agent()), pod_of(agent())
    (container,) = pod["containers"]

    assert values["podSecurityContext"] == pod["securityContext"]
    assert values["securityContext"] == container["securityContext"]
    assert (values["affinity"], values["tolerations"]) == (pod["affinity"], pod["tolerations"])


def test_there_is_no_memory_limit_because_the_chart_sets_no_buffer() -> None:
    assert values_of(agent())["resources"] == {"requests": {"cpu": "50m", "memory": "96Mi"}}


def test_a_priority_class_is_named_and_said_to_be_applied() -> None:
    assert values_of(agent(priority_class=True))["priorityClassName"] == "ops-monitoring-ns-aws-xray"
    assert "Do apply priorityclass.yaml" in notes_of(agent(priority_class=True))
    assert "priorityClassName" not in values_of(agent())
    assert "priorityclass" not in notes_of(agent())


def test_the_file_says_the_command_the_one_owner_and_what_the_chart_cannot_do() -> None:
    notes = notes_of(cluster(namespace="tracing", agent={"service": "xray", "service_account": "xray-account"}))

    assert "helm -n tracing install xray okgolove/aws-xray --version 5.0.0 -f aws-xray-values.yaml" in notes
    assert "do not apply daemonset.yaml, service.yaml, serviceaccount.yaml and networkpolicy.yaml" in notes
    assert "the chart makes the ServiceAccount xray-account" in notes
    assert "hostNetwork" in notes
    assert "the namespace tracing must have the label pod-security.kubernetes.io/enforce=privileged" in notes
