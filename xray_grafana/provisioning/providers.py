"""The dashboard-provider file: where Grafana finds the boards and into which folder they go."""

from __future__ import annotations

from typing import Final

from xray_grafana.bundle.artifact import Artifact, Format
from xray_grafana.config.models import Config
from xray_grafana.provisioning.secrets import escape_dollars

# Where the boards are mounted in Grafana's container.
DASHBOARDS_PATH: Final = "/var/lib/grafana/dashboards"


def build_providers(config: Config) -> Artifact:
    """One provider for the folder of boards; the folder's uid is fixed, so renaming the folder moves nothing."""
    provider = {
        "name": f"{config.prefix} boards",
        "orgId": 1,
        "folder": escape_dollars(config.grafana.folder),
        "folderUid": f"{config.prefix}-boards",
        "type": "file",
        "disableDeletion": False,
        "allowUiUpdates": False,
        "updateIntervalSeconds": 30,
        "options": {"path": DASHBOARDS_PATH, "foldersFromFilesStructure": False},
    }
    return Artifact(f"provisioning/dashboards/{config.prefix}.yaml", Format.YAML, {"apiVersion": 1, "providers": [provider]})
