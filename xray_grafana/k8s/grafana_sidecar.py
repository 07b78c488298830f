"""ConfigMaps for the sidecars of Grafana's chart, which find them by label and write their files where Grafana reads them.

No provider file is among them: the chart's own provider covers what the sidecar writes, and makes a Grafana folder of each directory
that the folder annotation names (kiwigrid/k8s-sidecar, `FOLDER_ANNOTATION`; chart, `provider.foldersFromFilesStructure`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xray_grafana.bundle.artifact import Artifact
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names
from xray_grafana.k8s.grafana_config_maps import FOLDER, alert_maps, board_maps, file_map
from xray_grafana.k8s.objects import kustomization

# The chart's own label names: values.yaml, sidecar.*.label. The sidecars look for the label alone unless told a value.
DASHBOARD_LABEL: Final = "grafana_dashboard"
DATASOURCE_LABEL: Final = "grafana_datasource"
ALERT_LABEL: Final = "grafana_alert"
FOLDER_ANNOTATION: Final = "grafana_folder"


def build_sidecar(config: Config, dashboards: Sequence[Artifact], datasources: Artifact, alerting: Sequence[Artifact]) -> list[Artifact]:
    """The labelled ConfigMaps and their kustomization."""
    names = Names(config)
    maps = [
        *board_maps(names, dashboards, labels={DASHBOARD_LABEL: "1"}, annotations={FOLDER_ANNOTATION: folder_directory(config)}),
        file_map(names, "datasources", datasources, labels={DATASOURCE_LABEL: "1"}),
        *alert_maps(names, alerting, labels={ALERT_LABEL: "1"}),
    ]
    return [*maps, kustomization(FOLDER, maps)]


def folder_directory(config: Config) -> str:
    """The folder's title as the name of one directory, which becomes the title again.

    A directory that begins with a dot is passed over (Grafana pkg/services/provisioning/dashboards/file_reader.go, validateWalkablePath).
    """
    return config.grafana.folder.lstrip(". ") or config.prefix
