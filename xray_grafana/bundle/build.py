"""A whole bundle from a config: pure, so that the same config gives the same bytes anywhere."""

from __future__ import annotations

from xray_grafana.bundle.artifact import Artifact, Bundle, Format
from xray_grafana.bundle.preview import build_preview
from xray_grafana.bundle.runbook import build_runbook
from xray_grafana.config.models import Config
from xray_grafana.dashboards.board import Kit
from xray_grafana.dashboards.registry import boards_of
from xray_grafana.provisioning.alerting import alert_groups, build_alerting
from xray_grafana.provisioning.datasources import build_datasources
from xray_grafana.provisioning.providers import build_providers


def build_bundle(config: Config) -> Bundle:
    """Every file of the bundle: dashboards, provisioning, runbook and preview."""
    kit = Kit(config)
    dashboards = [Artifact(f"dashboards/{entry.suffix}.json", Format.JSON, entry.build(kit).to_json_data()) for entry in boards_of(config)]
    datasources = build_datasources(config)
    alerting = build_alerting(config)
    groups = alert_groups(alerting)
    preview = build_preview(
        config.name,
        [(artifact.path, artifact.document) for artifact in dashboards],
        datasources.document,
        {"groups": groups},
    )
    return Bundle.of([*dashboards, datasources, build_providers(config), *alerting, build_runbook(config, groups), preview])
