"""Values for Grafana's Helm chart. Files come by the sidecars' ConfigMaps, so the values stay small and hold no braces to escape.

Chart: grafana-community/helm-charts, charts/grafana. It passes what stands under `alerting` through Helm's templating, where the templates
in alert annotations would be lost; the sidecar does not. Ingress, persistence and resources stay with whoever runs Grafana.
"""

from __future__ import annotations

from typing import Any, Final

from xray_grafana.bundle.artifact import Artifact, Format
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names
from xray_grafana.k8s.grafana_settings import (
    allowed_auth_providers,
    environment,
    image_tag,
    plugin_pin,
    role_annotations,
    secret_keys,
    secret_source,
)
from xray_grafana.k8s.grafana_sidecar import ALERT_LABEL, DASHBOARD_LABEL, DATASOURCE_LABEL, FOLDER_ANNOTATION

CHART: Final = "grafana-community/grafana"
CHART_VERSION: Final = "12.11.1"
CHART_REPOSITORY: Final = "https://grafana-community.github.io/helm-charts"
VALUES_PATH: Final = "k8s/helm/grafana-values.yaml"

# The chart's port of this sidecar's health server: templates/_helpers.tpl, grafana.sidecar.datasources.healthPort.
_DATASOURCES_HEALTH_PORT: Final = 8082


def build_values(config: Config) -> Artifact:
    """The values file."""
    names = Names(config)
    annotations = role_annotations(names)
    values: dict[str, Any] = {
        "image": {"tag": image_tag(config)},
        "serviceAccount": {
            "create": True,
            "name": names.kubernetes.grafana.service_account,
            **({"annotations": annotations} if annotations else {}),
        },
        "rbac": {"namespaced": True},
        "plugins": [plugin_pin(config)],
        "env": environment(config),
    }
    if keys := secret_keys(config):
        values["envValueFrom"] = {variable: secret_source(key) for variable, key in keys.items()}
    if (allowed := allowed_auth_providers(config)) is not None:
        values["grafana.ini"] = {"aws": {"allowed_auth_providers": allowed}}
    values["sidecar"] = {"dashboards": _dashboards(), "datasources": _datasources(), "alerts": {"enabled": True, "label": ALERT_LABEL}}
    return Artifact(VALUES_PATH, Format.YAML, values)


def _dashboards() -> dict[str, Any]:
    return {
        "enabled": True,
        "label": DASHBOARD_LABEL,
        "folderAnnotation": FOLDER_ANNOTATION,
        "provider": {"foldersFromFilesStructure": True},
    }


def _datasources() -> dict[str, Any]:
    """Grafana reads data sources once, at its start, so this sidecar must have written them by then and goes on watching after that:
    as a native sidecar (Kubernetes 1.29) whose startup probe passes after the first listing.
    """
    return {
        "enabled": True,
        "label": DATASOURCE_LABEL,
        "initDatasources": True,
        "restartPolicy": "Always",
        "startupProbe": {"httpGet": {"path": "/healthz", "port": _DATASOURCES_HEALTH_PORT}, "periodSeconds": 5, "failureThreshold": 60},
    }
