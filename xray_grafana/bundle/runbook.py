"""RUNBOOK.md: what was generated, how to mount it, what each board answers, what each alert means and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from xray_grafana import contract
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.bundle.template import text_from
from xray_grafana.config.models import Config, source_region
from xray_grafana.config.secret_references import secret_key, secret_references
from xray_grafana.dashboards.alert_guide import GUIDES
from xray_grafana.dashboards.links import board_uid
from xray_grafana.dashboards.registry import boards_of
from xray_grafana.provisioning.alerting import alert_folder
from xray_grafana.provisioning.providers import DASHBOARDS_PATH
from xray_grafana.provisioning.secrets import secret


@dataclass(frozen=True, slots=True)
class SecretNeed:
    """One secret that Grafana must be given: the config key it stands for, how Grafana reads it, and where it comes from."""

    key: str
    read_as: str
    origin: str


def build_runbook(config: Config, groups: list[Document]) -> Artifact:
    """The runbook of a bundle; `groups` are its alert-rule groups, whose rules are listed."""
    text = text_from(
        "xray_grafana.bundle",
        "runbook.md.j2",
        config=config,
        plugin_id=contract.XRAY_PLUGIN_ID,
        boards=[(entry, board_uid(config, entry.suffix)) for entry in boards_of(config)],
        guides=GUIDES,
        rules=[rule for group in groups for rule in group["rules"]],
        alert_folder=alert_folder(config),
        sources=[(source, source_region(config, source)) for source in config.xray.sources],
        secrets=_secrets(config),
        auth_types=sorted({source.auth for source in config.xray.sources} - {"default", "keys", "credentials"}),
        dashboards_path=DASHBOARDS_PATH,
    )
    return Artifact("RUNBOOK.md", Format.TEXT, text)


def _secrets(config: Config) -> list[SecretNeed]:
    needs = []
    for key, reference in secret_references(config):
        entry = secret_key(reference)
        if entry is None:
            origin = "a file mounted into Grafana" if reference.startswith("$__file") else "an environment variable of Grafana"
        else:
            origin = f"key `{entry.key}` of the Kubernetes Secret `{entry.name}`, given to Grafana as that environment variable"
        needs.append(SecretNeed(key, secret(reference), origin))
    return needs
