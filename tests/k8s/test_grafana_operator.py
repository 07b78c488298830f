import re
from typing import Any

import pytest

from tests.examples import odd
from tests.k8s.grafana_forms import content_of_bundle, grafana, in_form, named, objects, on_cluster, sources_of
from tests.k8s.known_fields import OPERATOR_REQUIRED, OPERATOR_SPECS, RULE_REQUIRED, unknown_fields
from xray_grafana.config import Config

KEYS = (
    "xray.sources.0.auth=keys",
    "xray.sources.0.access_key=secret:aws/key.id",
    "xray.sources.0.secret_key=secret:aws/secret",
    "logs.bearer_token=secret:loki/token",
    "logs.tenant=shop",
)
# The pattern of the custom resources' durations: Go's units.
GO_DURATION = re.compile(r"([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+")
STATES = {"execErrState": {"OK", "Alerting", "Error", "KeepLast"}, "noDataState": {"Alerting", "NoData", "OK", "KeepLast"}}


def specs(config: Config, kind: str) -> list[dict[str, Any]]:
    return [document["spec"] for document in objects(grafana(config), kind)]


def datasource(uid: str, *overrides: str) -> dict[str, Any]:
    (found,) = [spec for spec in specs(in_form("operator", *overrides), "GrafanaDatasource") if spec["uid"] == uid]
    return found


def faults(kind: str, spec: dict[str, Any]) -> list[str]:
    """Fields that the operator does not know, and required ones that are missing."""
    missing = [f"{field} missing" for field in sorted(OPERATOR_REQUIRED[kind] - spec.keys())]
    for rule in spec.get("rules", []):
        missing += [f"{rule.get('uid')}: {field} missing" for field in sorted(RULE_REQUIRED - rule.keys())]
    return [*unknown_fields(spec, OPERATOR_SPECS[kind]), *missing]


CONFIGS = [in_form("operator"), in_form("operator", *KEYS, "alerts.contact_point=on-call"), on_cluster(odd("china"), "operator")]


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("kind", OPERATOR_SPECS)
def test_objects_have_fields_that_the_operator_knows(config: Config, kind: str) -> None:
    found = specs(config, kind)
    assert found
    assert [fault for spec in found for fault in faults(kind, spec)] == []


def test_a_field_that_the_operator_does_not_know_is_seen() -> None:
    group = next(spec for spec in specs(in_form("operator"), "GrafanaAlertRuleGroup") if spec["rules"][0]["uid"] == "xray-silent-xray")
    rule = {key: value for key, value in group["rules"][0].items() if key != "for"} | {"notification_settings": {"receiver": "x"}}
    assert faults("GrafanaAlertRuleGroup", group | {"rules": [rule]}) == [
        "rules.0.notification_settings",
        "xray-silent-xray: for missing",
    ]
    source = datasource("xray")
    assert faults("GrafanaDatasource", source | {"datasource": source["datasource"] | {"correlations": []}}) == ["datasource.correlations"]


def test_every_object_looks_for_the_instance_in_its_namespace() -> None:
    config = in_form("operator", "kubernetes.grafana.instance_label=main", "kubernetes.grafana.namespace=monitoring")
    for kind in OPERATOR_SPECS:
        for document in objects(grafana(config), kind):
            assert document["apiVersion"] == "grafana.integreatly.org/v1beta1"
            assert document["metadata"]["namespace"] == "monitoring"
            assert document["spec"]["instanceSelector"] == {"matchLabels": {"dashboards": "main"}}
    patch = named(grafana(config), "k8s/operator/patches/grafana.yaml").document
    assert patch["metadata"]["labels"] == {"dashboards": "main"}


def test_references_to_folders_lead_to_folders() -> None:
    artifacts = grafana(in_form("operator"))
    folders = {document["metadata"]["name"]: document["spec"] for document in objects(artifacts, "GrafanaFolder")}
    assert {name: (spec["uid"], spec["title"]) for name, spec in folders.items()} == {
        "xray-boards": ("xray-boards", "AWS X-Ray"),
        "xray-alerts": ("xray-alerts", "AWS X-Ray alerts"),
    }
    assert {document["spec"]["folderRef"] for document in objects(artifacts, "GrafanaDashboard")} == {"xray-boards"}
    assert {document["spec"]["folderRef"] for document in objects(artifacts, "GrafanaAlertRuleGroup")} == {"xray-alerts"}


def test_without_rules_there_is_no_folder_for_them() -> None:
    assert [spec["uid"] for spec in specs(in_form("operator", "alerts.enabled=false"), "GrafanaFolder")] == ["xray-boards"]


def test_no_dollar_is_doubled_for_the_api() -> None:
    config = in_form("operator", "alerts.contact_point=on$call", "logs.name=Lo$ki")
    loki = next(spec for spec in specs(config, "GrafanaDatasource") if spec["uid"] == "loki")
    assert loki["datasource"]["name"] == "Lo$ki"
    assert loki["datasource"]["jsonData"]["derivedFields"][0]["url"] == "${__value.raw}"
    receivers = {rule["notificationSettings"]["receiver"] for spec in specs(config, "GrafanaAlertRuleGroup") for rule in spec["rules"]}
    assert receivers == {"on$call"}
    in_file = dict(content_of_bundle(sources_of(config)).rules)
    assert in_file["xray-silent-xray"]["notification_settings"] == {"receiver": "on$$call"}


def test_secrets_come_from_kubernetes_secrets() -> None:
    source = datasource("xray", *KEYS)
    assert source["datasource"]["secureJsonData"] == {"accessKey": "${key.id}", "secretKey": "${secret}"}
    assert source["valuesFrom"] == [
        {"targetPath": "secureJsonData.accessKey", "valueFrom": {"secretKeyRef": {"name": "aws", "key": "key.id"}}},
        {"targetPath": "secureJsonData.secretKey", "valueFrom": {"secretKeyRef": {"name": "aws", "key": "secret"}}},
    ]
    loki = datasource("loki", *KEYS)
    assert loki["datasource"]["secureJsonData"] == {"httpHeaderValue1": "shop", "httpHeaderValue2": "Bearer ${token}"}
    assert [value["targetPath"] for value in loki["valuesFrom"]] == ["secureJsonData.httpHeaderValue2"]
    assert "valuesFrom" not in datasource("loki")


def test_a_secret_that_the_operator_cannot_read_is_not_passed_on_as_text() -> None:
    with pytest.raises(ValueError, match=r"secureJsonData\.accessKey of the data source xray-keys"):
        grafana(on_cluster(odd("everything"), "operator"))


def test_x_ray_sources_bring_the_pinned_plugin_and_have_no_correlations() -> None:
    source = datasource("xray")
    assert source["plugins"] == [{"name": "grafana-x-ray-datasource", "version": "2.17.1"}]
    assert source["datasource"]["jsonData"]["tracesToLogsV2"]["query"].count("$${") == 0
    assert "plugins" not in datasource("loki")


def test_durations_are_in_gos_units() -> None:
    config = in_form("operator", "alerts.for=1d", "alerts.interval=1h")
    for spec in specs(config, "GrafanaAlertRuleGroup"):
        assert spec["interval"] == "1h"
        assert {rule["for"] for rule in spec["rules"]} == {"24h"}
    for spec in specs(in_form("operator"), "GrafanaAlertRuleGroup"):
        for duration in (spec["interval"], *(rule["for"] for rule in spec["rules"])):
            assert GO_DURATION.fullmatch(duration)


def test_rules_keep_to_the_operators_states_and_a_contact_point_is_taken() -> None:
    for spec in specs(in_form("operator", "alerts.contact_point=on-call"), "GrafanaAlertRuleGroup"):
        for rule in spec["rules"]:
            assert all(rule[key] in allowed for key, allowed in STATES.items())
            assert rule["notificationSettings"] == {"receiver": "on-call"}


def test_a_group_is_named_by_its_object_and_no_slash_is_in_it() -> None:
    names = [document["metadata"]["name"] for document in objects(grafana(in_form("operator")), "GrafanaAlertRuleGroup")]
    assert len(names) == len(set(names)) == 1 + 5 + 1
    assert any(name.startswith("xray-rules-x-ray-storefront-") for name in names)
    assert all("name" not in spec for spec in specs(in_form("operator"), "GrafanaAlertRuleGroup"))


def test_the_grafana_object_gets_settings_and_the_role() -> None:
    patch = named(grafana(in_form("operator", "xray.sources.0.auth=ec2_iam_role")), "k8s/operator/patches/grafana.yaml").document
    assert patch["spec"] == {
        "config": {
            "plugins": {"forward_host_env_vars": "grafana-x-ray-datasource"},
            "aws": {"allowed_auth_providers": "default,keys,credentials,ec2_iam_role"},
        },
        "serviceAccount": {"metadata": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/shop-grafana-xray"}}},
    }
    plain = named(grafana(in_form("operator", "kubernetes.identity.kind=pod-identity")), "k8s/operator/patches/grafana.yaml").document
    assert plain["spec"] == {"config": {"plugins": {"forward_host_env_vars": "grafana-x-ray-datasource"}}}
