"""Objects of the Grafana operator (grafana.integreatly.org/v1beta1, fields as of 5.24.0), which posts them to Grafana's API.

The API expands no dollar sign, so nothing is doubled here, and `$__env{…}` and `$__file{…}` would be taken as they stand: secrets come from
Kubernetes Secrets alone. A GrafanaDatasource has no correlations: the links from a trace list to log lines are not in this form.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from xray_grafana import contract
from xray_grafana.bundle.artifact import Artifact, Document, Format
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names
from xray_grafana.config.secret_references import SecretKey
from xray_grafana.k8s.grafana_config_maps import COMPONENT, board_suffix, minified, object_name
from xray_grafana.k8s.grafana_settings import allowed_auth_providers, forwarded_plugins, role_annotations, secret_keys, secret_source
from xray_grafana.k8s.objects import kustomization, metadata
from xray_grafana.provisioning.alerting import alert_folder, alert_groups
from xray_grafana.provisioning.datasources import datasource_documents
from xray_grafana.provisioning.secrets import Reference, unescape_dollars

OPERATOR_FOLDER: Final = "k8s/operator"
API_VERSION: Final = "grafana.integreatly.org/v1beta1"
# The label of the Grafana object that all the others look for.
INSTANCE_LABEL: Final = "dashboards"

_ENVIRONMENT: Final = re.compile(r"\$__env\{(\w+)\}")
_HOURS_OF_A_DAY: Final = 24


def build_operator(config: Config, dashboards: Sequence[Artifact], alerting: Sequence[Artifact]) -> list[Artifact]:
    """The objects, their kustomization, and a patch for the Grafana object, which the kustomization leaves to the reader.

    Raises ValueError for a secret that is no key of a Kubernetes Secret, which a checked config does not hold.
    """
    names = Names(config)
    groups = alert_groups(alerting)
    objects = [
        _folder(names, "boards", config.grafana.folder),
        *([_folder(names, "alerts", alert_folder(config))] if groups else []),
        *(_datasource(names, source, secret_keys(config)) for source in datasource_documents(config)),
        *(_dashboard(names, board) for board in dashboards),
        *(_rule_group(names, group) for group in groups),
    ]
    return [*objects, kustomization(OPERATOR_FOLDER, objects), _grafana(names)]


def _object(names: Names, kind: str, name: str, spec: Document) -> Artifact:
    grafana = names.kubernetes.grafana
    selector = {"instanceSelector": {"matchLabels": {INSTANCE_LABEL: grafana.instance_label}}}
    document = {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": metadata(name, grafana.namespace, COMPONENT),
        "spec": {**selector, **spec},
    }
    return Artifact(f"{OPERATOR_FOLDER}/{kind.removeprefix('Grafana').lower()}-{name}.yaml", Format.YAML, document)


def _folder_name(names: Names, purpose: str) -> str:
    return object_name(names.config.prefix, purpose)


def _folder(names: Names, purpose: str, title: str) -> Artifact:
    return _object(names, "GrafanaFolder", _folder_name(names, purpose), {"uid": f"{names.config.prefix}-{purpose}", "title": title})


def _datasource(names: Names, source: dict[str, Any], keys: Mapping[str, SecretKey]) -> Artifact:
    fields = {key: value for key, value in source.items() if key not in {"uid", "correlations", "secureJsonData"}}
    secure, values_from = {}, []
    for field, value in source.get("secureJsonData", {}).items():
        secure[field] = value
        if isinstance(value, Reference):
            found = _ENVIRONMENT.search(value)
            key = keys.get(found[1]) if found else None
            if found is None or key is None:
                raise ValueError(f"secureJsonData.{field} of the data source {source['uid']} is no key of a Kubernetes Secret")
            secure[field] = value.replace(found[0], f"${{{key.key}}}")
            values_from.append({"targetPath": f"secureJsonData.{field}", "valueFrom": secret_source(key)})
    spec: Document = {"uid": source["uid"], "datasource": {**fields, **({"secureJsonData": secure} if secure else {})}}
    if values_from:
        spec["valuesFrom"] = values_from
    if source["type"] == contract.XRAY_PLUGIN_ID:
        spec["plugins"] = [{"name": contract.XRAY_PLUGIN_ID, "version": names.config.grafana.plugin_version}]
    return _object(names, "GrafanaDatasource", object_name(names.config.prefix, "source", source["uid"]), spec)


def _dashboard(names: Names, board: Artifact) -> Artifact:
    name = object_name(names.config.prefix, "board", board_suffix(board))
    return _object(names, "GrafanaDashboard", name, {"folderRef": _folder_name(names, "boards"), "json": minified(board.document)})


def _rule_group(names: Names, group: Document) -> Artifact:
    """The object's name becomes the group's, since a slash in it would break the API's paths. It follows from the group alone and
    not from its rules: under a new name the group would be made anew, and then deleted with the old object.
    """
    spec = {
        "folderRef": _folder_name(names, "alerts"),
        "interval": _go_duration(group["interval"]),
        "rules": [_rule(rule) for rule in group["rules"]],
    }
    return _object(names, "GrafanaAlertRuleGroup", object_name(names.config.prefix, "rules", unescape_dollars(group["name"])), spec)


def _rule(rule: Document) -> Document:
    """A rule of a provisioning file in the object's field names."""
    document = {key: value for key, value in rule.items() if key != "notification_settings"}
    document |= {"title": unescape_dollars(rule["title"]), "for": _go_duration(rule["for"])}
    if "notification_settings" in rule:
        document["notificationSettings"] = {"receiver": unescape_dollars(rule["notification_settings"]["receiver"])}
    return document


def _go_duration(duration: str) -> str:
    """A duration of the config in Go's units, which end at hours."""
    return f"{int(duration[:-1]) * _HOURS_OF_A_DAY}h" if duration.endswith("d") else duration


def _grafana(names: Names) -> Artifact:
    """A merge patch for the Grafana object: the label the others look for, the settings, the ServiceAccount's role."""
    settings: Document = {"plugins": {"forward_host_env_vars": forwarded_plugins(names.config)}}
    if (allowed := allowed_auth_providers(names.config)) is not None:
        settings["aws"] = {"allowed_auth_providers": allowed}
    spec: Document = {"config": settings}
    if annotations := role_annotations(names):
        spec["serviceAccount"] = {"metadata": {"annotations": annotations}}
    document = {
        "apiVersion": API_VERSION,
        "kind": "Grafana",
        "metadata": {"labels": {INSTANCE_LABEL: names.kubernetes.grafana.instance_label}},
        "spec": spec,
    }
    notes = "A merge patch for your Grafana object; the kustomization does not list it. README.md says how to apply it."
    return Artifact(f"{OPERATOR_FOLDER}/patches/grafana.yaml", Format.YAML, document, notes)
