"""Fields that outside programs know, written by hand from their sources, and what a document has beyond them.

A table is a mapping of keys to tables; `ANY` takes whatever stands there, `[table]` a list of such, `MAP` any keys with text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

ANY: Final = object()
MAP: Final = object()

_PROBE: Final = {"httpGet": {"path": ANY, "port": ANY}, "initialDelaySeconds": ANY, "periodSeconds": ANY, "failureThreshold": ANY}
_SIDECAR: Final = {
    "enabled": ANY, "env": MAP, "envValueFrom": ANY, "ignoreAlreadyProcessed": ANY, "label": ANY, "labelValue": ANY, "logLevel": ANY,
    "searchNamespace": ANY, "watchMethod": ANY, "resource": ANY, "resourceName": ANY, "reloadURL": ANY, "script": ANY, "skipReload": ANY,
    "extraMounts": ANY, "sizeLimit": ANY, "restartPolicy": ANY, "startupProbe": _PROBE,
}  # fmt: skip

# grafana-community/helm-charts, charts/grafana/values.yaml and templates/_pod.tpl, chart 12.x; what concerns other uses is left out.
CHART_VALUES: Final = {
    "image": {"registry": ANY, "repository": ANY, "tag": ANY, "sha": ANY, "pullPolicy": ANY, "pullSecrets": ANY},
    "serviceAccount": {
        "create": ANY, "name": ANY, "nameTest": ANY, "labels": MAP, "annotations": MAP, "automountServiceAccountToken": ANY,
    },
    "rbac": {"create": ANY, "namespaced": ANY, "extraRoleRules": ANY, "extraClusterRoleRules": ANY},
    "plugins": ANY,
    "env": MAP,
    "envValueFrom": ANY,
    "envFromSecrets": ANY,
    "extraSecretMounts": ANY,
    "grafana.ini": {"aws": MAP, "server": MAP, "plugins": MAP},
    "datasources": ANY,
    "dashboardProviders": ANY,
    "dashboardsConfigMaps": ANY,
    "alerting": ANY,
    "assertNoLeakedSecrets": ANY,
    "sidecar": {
        "dashboards": _SIDECAR | {
            "SCProvider": ANY, "folder": ANY, "defaultFolderName": ANY, "folderAnnotation": ANY, "initDashboards": ANY,
            "provider": {
                "name": ANY, "orgid": ANY, "folder": ANY, "folderUid": ANY, "type": ANY, "disableDelete": ANY, "allowUiUpdates": ANY,
                "foldersFromFilesStructure": ANY,
            },
        },
        "datasources": _SIDECAR | {"initDatasources": ANY},
        "alerts": _SIDECAR | {"initAlerts": ANY},
        "enableUniqueFilenames": ANY,
    },
}  # fmt: skip

_COMMON: Final = {
    "instanceSelector": {"matchLabels": MAP},
    "resyncPeriod": ANY,
    "allowCrossNamespaceImport": ANY,
    "suspend": ANY,
}
_SECRET_KEY: Final = {"secretKeyRef": {"name": ANY, "key": ANY, "optional": ANY}}
_RULE: Final = {
    "uid": ANY, "title": ANY, "condition": ANY, "for": ANY, "noDataState": ANY, "execErrState": ANY, "isPaused": ANY, "labels": MAP,
    "annotations": MAP, "notificationSettings": {"receiver": ANY},
    "data": [{"refId": ANY, "queryType": ANY, "datasourceUid": ANY, "relativeTimeRange": {"from": ANY, "to": ANY}, "model": ANY}],
}  # fmt: skip

# grafana/grafana-operator 5.24.0, api/v1beta1: the spec of each kind; fields that no object of ours could use are left out.
OPERATOR_SPECS: Final[dict[str, dict[str, Any]]] = {
    "GrafanaFolder": _COMMON | {"uid": ANY, "title": ANY, "permissions": ANY, "parentFolderUID": ANY, "parentFolderRef": ANY},
    "GrafanaDashboard": _COMMON | {
        "uid": ANY, "json": ANY, "gzipJson": ANY, "configMapRef": ANY, "folder": ANY, "folderUID": ANY, "folderRef": ANY,
        "plugins": [{"name": ANY, "version": ANY}],
    },
    "GrafanaDatasource": _COMMON | {
        "uid": ANY,
        "plugins": [{"name": ANY, "version": ANY}],
        "valuesFrom": [{"targetPath": ANY, "valueFrom": _SECRET_KEY}],
        "datasource": {
            "name": ANY, "type": ANY, "url": ANY, "access": ANY, "database": ANY, "user": ANY, "isDefault": ANY, "basicAuth": ANY,
            "basicAuthUser": ANY, "editable": ANY, "jsonData": ANY, "secureJsonData": MAP,
        },
    },
    "GrafanaAlertRuleGroup": _COMMON | {"folderUID": ANY, "folderRef": ANY, "interval": ANY, "rules": [_RULE]},
}  # fmt: skip

# What the same sources call required.
OPERATOR_REQUIRED: Final = {
    "GrafanaFolder": {"instanceSelector"},
    "GrafanaDashboard": {"instanceSelector"},
    "GrafanaDatasource": {"instanceSelector", "datasource"},
    "GrafanaAlertRuleGroup": {"instanceSelector", "interval", "rules"},
}
RULE_REQUIRED: Final = {"uid", "title", "condition", "for", "noDataState", "execErrState", "data"}


def unknown_fields(document: Any, table: Any, path: str = "") -> Iterator[str]:
    """The paths of a document that a table does not have, or where a value has another shape."""
    if table is ANY:
        return
    if table is MAP:
        if not isinstance(document, dict) or not all(isinstance(value, str) for value in document.values()):
            yield path
    elif isinstance(table, list):
        if not isinstance(document, list):
            yield path
            return
        for index, item in enumerate(document):
            yield from unknown_fields(item, table[0], f"{path}.{index}")
    elif not isinstance(document, dict):
        yield path
    else:
        for key, value in document.items():
            place = f"{path}.{key}".removeprefix(".")
            if key in table:
                yield from unknown_fields(value, table[key], place)
            else:
                yield place
