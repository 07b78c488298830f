from typing import Any

import pytest

from tests.examples import odd
from tests.k8s.grafana_forms import grafana, in_form, named, objects, on_cluster
from tests.k8s.known_fields import CHART_VALUES, unknown_fields
from xray_grafana.bundle.render import render
from xray_grafana.config import Config

PATH = "k8s/helm/grafana-values.yaml"


def values(config: Config) -> dict[str, Any]:
    return named(grafana(config), PATH).document


@pytest.mark.parametrize("config", [in_form("helm"), on_cluster(odd("everything"), "helm"), on_cluster(odd("china"), "helm")])
def test_values_have_keys_of_the_chart_alone(config: Config) -> None:
    assert list(unknown_fields(values(config), CHART_VALUES)) == []


def test_a_key_that_the_chart_does_not_have_is_seen() -> None:
    wrong = values(in_form("helm"))
    wrong = wrong | {"serviceAccount": {"annotations": {"name": {"nested": "x"}}}, "sideCar": {}}
    assert list(unknown_fields(wrong, CHART_VALUES)) == ["serviceAccount.annotations", "sideCar"]


def test_plugin_image_and_environment_are_pinned() -> None:
    found = values(in_form("helm"))
    assert found["image"] == {"tag": "12.4.0"}
    assert found["plugins"] == ["grafana-x-ray-datasource@2.17.1"]
    assert found["env"] == {"AWS_REGION": "eu-west-1", "GF_PLUGINS_FORWARD_HOST_ENV_VARS": "grafana-x-ray-datasource"}


def test_cloudwatch_sees_the_environment_where_it_is_a_plugin() -> None:
    variable = "GF_PLUGINS_FORWARD_HOST_ENV_VARS"
    inside = values(in_form("helm", "cloudwatch.enabled=true"))
    outside = values(in_form("helm", "cloudwatch.enabled=true", "grafana.version=13.2"))
    assert inside["env"][variable] == "grafana-x-ray-datasource"
    assert outside["env"][variable] == "grafana-x-ray-datasource,cloudwatch"
    assert outside["image"] == {"tag": "13.2.0"}


@pytest.mark.parametrize(
    ("region", "provider", "partition"),
    [
        ("eu-west-1", "amazonaws.com", "aws"),
        ("cn-north-1", "amazonaws.com.cn", "aws-cn"),
        ("us-gov-west-1", "amazonaws.com", "aws-us-gov"),
    ],
)
def test_the_service_account_has_the_role_of_the_partition(region: str, provider: str, partition: str) -> None:
    config = in_form(
        "helm",
        f"aws.region={region}",
        f"xray.groups.0.arn=arn:{partition}:xray:{region}:111122223333:group/checkout",
        f"kubernetes.oidc_provider=oidc.eks.{region}.{provider}/id/{'A' * 32}",
    )
    assert values(config)["serviceAccount"] == {
        "create": True,
        "name": "grafana",
        "annotations": {"eks.amazonaws.com/role-arn": f"arn:{partition}:iam::111122223333:role/shop-grafana-xray"},
    }


@pytest.mark.parametrize("identity", [("pod-identity",), ("node-role", "kubernetes.identity.node_role=nodes")])
def test_other_identities_need_no_annotation(identity: tuple[str, ...]) -> None:
    kind, *further = identity
    config = in_form("helm", f"kubernetes.identity.kind={kind}", *further, "kubernetes.grafana.service_account=boards")
    assert values(config)["serviceAccount"] == {"create": True, "name": "boards"}


def test_secrets_become_environment_variables_by_reference() -> None:
    found = values(on_cluster(odd("everything"), "helm"))
    assert found["envValueFrom"] == {"XRAY_SESSION_TOKEN": {"secretKeyRef": {"name": "xray", "key": "session-token"}}}
    assert "envValueFrom" not in values(in_form("helm"))


def test_ways_to_sign_in_that_grafana_refuses_by_default_are_allowed() -> None:
    found = values(on_cluster(odd("everything"), "helm"))
    assert found["grafana.ini"] == {"aws": {"allowed_auth_providers": "default,keys,credentials,ec2_iam_role,grafana_assume_role"}}
    assert "grafana.ini" not in values(in_form("helm"))


def test_the_sidecars_look_for_the_labels_and_the_annotation_that_the_config_maps_have() -> None:
    artifacts = grafana(in_form("helm"))
    sidecar = named(artifacts, PATH).document["sidecar"]
    carried = [document["metadata"]["labels"] for document in objects(artifacts, "ConfigMap")]
    assert [sum(sidecar[kind]["label"] in labels for labels in carried) for kind in ("dashboards", "datasources", "alerts")] == [9, 1, 2]
    boards = [document for document in objects(artifacts, "ConfigMap") if sidecar["dashboards"]["label"] in document["metadata"]["labels"]]
    assert {document["metadata"]["annotations"][sidecar["dashboards"]["folderAnnotation"]] for document in boards} == {"AWS X-Ray"}
    assert sidecar["dashboards"]["provider"] == {"foldersFromFilesStructure": True}
    assert all(sidecar[kind]["enabled"] for kind in ("dashboards", "datasources", "alerts"))


def test_data_sources_are_written_before_grafana_starts() -> None:
    """A native sidecar lets the next container start only when its startup probe passes."""
    datasources = values(in_form("helm"))["sidecar"]["datasources"]
    assert (datasources["initDatasources"], datasources["restartPolicy"]) == (True, "Always")
    assert datasources["startupProbe"]["httpGet"] == {"path": "/healthz", "port": 8082}


def test_nothing_in_the_values_is_a_template() -> None:
    assert "{{" not in render(named(grafana(on_cluster(odd("everything"), "helm")), PATH)).decode()
