"""A whole bundle from a config, or some parts of it: pure, so that the same config gives the same bytes anywhere.

A part is a folder or file at the top of the bundle. What only one part needs is imported and made only for it: a dashboard for CI does not
wait for a template engine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from xray_grafana.bundle.artifact import Artifact, Bundle, Format
from xray_grafana.config.models import Config


@dataclass(frozen=True)
class _Parts:
    """The artifacts of each part; each is made once, when it is first asked for."""

    config: Config

    @cached_property
    def dashboards(self) -> tuple[Artifact, ...]:
        from xray_grafana.dashboards.board import Kit
        from xray_grafana.dashboards.registry import boards_of

        kit = Kit(self.config)
        return tuple(
            Artifact(f"dashboards/{entry.suffix}.json", Format.JSON, entry.build(kit).to_json_data()) for entry in boards_of(self.config)
        )

    @cached_property
    def datasources(self) -> Artifact:
        from xray_grafana.provisioning.datasources import build_datasources

        return build_datasources(self.config)

    @cached_property
    def alerting(self) -> tuple[Artifact, ...]:
        from xray_grafana.provisioning.alerting import build_alerting

        return build_alerting(self.config)

    @cached_property
    def providers(self) -> Artifact:
        from xray_grafana.provisioning.providers import build_providers

        return build_providers(self.config)

    @property
    def provisioning(self) -> tuple[Artifact, ...]:
        return (self.datasources, self.providers, *self.alerting)

    @cached_property
    def deployment(self) -> tuple[Artifact, ...]:
        """Two parts, because the demo has files in both."""
        from xray_grafana.aws.bundle import build_aws
        from xray_grafana.k8s.bundle import build_kubernetes

        objects = build_kubernetes(self.config, self.dashboards, self.datasources, self.providers, self.alerting)
        return (*build_aws(self.config), *objects)

    @property
    def runbook(self) -> tuple[Artifact, ...]:
        from xray_grafana.bundle.runbook import build_runbook
        from xray_grafana.provisioning.alerting import alert_groups

        return (build_runbook(self.config, alert_groups(self.alerting)),)

    @property
    def preview(self) -> tuple[Artifact, ...]:
        from xray_grafana.bundle.preview import build_preview
        from xray_grafana.provisioning.alerting import alert_groups

        boards = [(artifact.path, artifact.document) for artifact in self.dashboards]
        rules = {"groups": alert_groups(self.alerting)}
        return (build_preview(self.config.name, boards, self.datasources.document, rules),)


_PARTS: Final[dict[str, Callable[[_Parts], tuple[Artifact, ...]]]] = {
    "RUNBOOK.md": lambda parts: parts.runbook,
    "aws": lambda parts: tuple(artifact for artifact in parts.deployment if artifact.part == "aws"),
    "dashboards": lambda parts: parts.dashboards,
    "k8s": lambda parts: tuple(artifact for artifact in parts.deployment if artifact.part == "k8s"),
    "preview.html": lambda parts: parts.preview,
    "provisioning": lambda parts: parts.provisioning,
}
PART_NAMES: Final = tuple(_PARTS)


def build_bundle(config: Config, only: Collection[str] = PART_NAMES) -> Bundle:
    """The files of some parts, of all unless named. Raises KeyError for a name that is no part."""
    parts = _Parts(config)
    return Bundle.of(artifact for name in sorted(set(only)) for artifact in _PARTS[name](parts))
