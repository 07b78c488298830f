from __future__ import annotations

from pydantic import BaseModel

from xray_grafana.config import deploy, models
from xray_grafana.config.reference import Row, reference_rows

ROWS = {row.key: row for row in reference_rows()}
SECTIONS: dict[str, type[BaseModel]] = {
    "": models.Config,
    "aws.": models.Aws,
    "xray.": models.XRay,
    "xray.sources[].": models.XRaySource,
    "xray.groups[].": models.XRayGroup,
    "services[].": models.Service,
    "services[].alerts.": models.ServiceAlerts,
    "logs.": models.Logs,
    "cloudwatch.": models.CloudWatch,
    "alerts.": models.Alerts,
    "grafana.": models.Grafana,
    "kubernetes.": deploy.Kubernetes,
    "kubernetes.agent.": deploy.Agent,
    "kubernetes.identity.": deploy.Identity,
    "kubernetes.grafana.": deploy.GrafanaOnKubernetes,
    "alb_logs.": deploy.AlbLogs,
    "demo.": deploy.Demo,
}


def test_there_is_a_row_for_every_field_of_every_model() -> None:
    expected = [prefix + (field.alias or name) for prefix, model in SECTIONS.items() for name, field in model.model_fields.items()]
    assert sorted(ROWS) == sorted(expected)


def test_the_list_of_sections_above_is_complete() -> None:
    named = [*vars(models).values(), *vars(deploy).values()]
    defined = {model for model in named if isinstance(model, type) and issubclass(model, BaseModel) and model.model_fields}
    assert defined == set(SECTIONS.values())


def test_no_row_is_without_words() -> None:
    assert [row for row in reference_rows() if not (row.type and row.default and row.description)] == []


def test_rows_say_type_default_and_meaning() -> None:
    assert [ROWS[key] for key in ("aws.account", "alerts.for", "grafana.refresh", "alerts.fault_ratio", "logs.id_forms")] == [
        Row("aws.account", "an AWS account id: 12 digits, as text", "required", "The account that Grafana reads X-Ray in."),
        Row("alerts.for", "a duration such as 30s, 5m or 1h", '"5m"', "How long a condition must hold before the alert fires."),
        Row(
            "grafana.refresh",
            "a duration such as 30s, 5m or 1h, or null",
            '"1m"',
            "How often open boards ask again; null means only when told.",
        ),
        Row("alerts.fault_ratio", "a number above 0 and at most 1", "0.05", "Share of a service's requests that end in a fault (5xx)."),
        Row(
            "logs.id_forms",
            "a list of at least one entry: xray or w3c",
            '["xray", "w3c"]',
            "Forms of the trace id that application lines hold: 1-8hex-24hex, 32 hex, or both.",
        ),
    ]


def test_sections_are_rows_too() -> None:
    assert (ROWS["aws"].type, ROWS["aws"].default) == ("a mapping with account and region", "required")
    assert ROWS["aws"].description == "The account that traces are looked at from."
    assert (ROWS["xray.sources"].type, ROWS["xray.sources"].default) == (
        "a list of at least one entry, each a mapping with uid and name",
        '[{"uid": "xray", "name": "X-Ray"}]',
    )
    assert (ROWS["alerts"].type, ROWS["alerts"].default) == ("a mapping of keys", "{}")
