"""The bundle for a Grafana on the cluster, in the form that `kubernetes.grafana.form` names, and a page on how to apply it."""

from __future__ import annotations

from collections.abc import Sequence

from xray_grafana.bundle.artifact import Artifact, Format
from xray_grafana.bundle.template import text_from
from xray_grafana.config.models import Config
from xray_grafana.config.names import Names
from xray_grafana.config.secret_references import secret_key, secret_references
from xray_grafana.errors import BundleError
from xray_grafana.k8s.grafana_config_maps import FOLDER
from xray_grafana.k8s.grafana_helm import CHART, CHART_REPOSITORY, CHART_VERSION, VALUES_PATH, build_values
from xray_grafana.k8s.grafana_kustomize import PATCHES, WORKLOAD, build_kustomize
from xray_grafana.k8s.grafana_operator import OPERATOR_FOLDER, build_operator
from xray_grafana.k8s.grafana_settings import secret_keys
from xray_grafana.k8s.grafana_sidecar import FOLDER_ANNOTATION, build_sidecar
from xray_grafana.k8s.sizes import OBJECT_LIMIT, oversized


def build_grafana(
    config: Config, dashboards: Sequence[Artifact], datasources: Artifact, providers: Artifact, alerting: Sequence[Artifact]
) -> tuple[Artifact, ...]:
    """The chosen form's objects with their kustomization, values or patches, and README.md.

    Raises BundleError for an object that no API server takes.
    """
    form = Names(config).kubernetes.grafana.form
    match form:
        case "helm":
            artifacts = [build_values(config), *build_sidecar(config, dashboards, datasources, alerting)]
        case "sidecar":
            artifacts = build_sidecar(config, dashboards, datasources, alerting)
        case "kustomize":
            artifacts = build_kustomize(config, dashboards, datasources, providers, alerting)
        case "operator":
            artifacts = build_operator(config, dashboards, alerting)
    large = oversized(artifacts)
    for item in large:
        if item.limit == OBJECT_LIMIT:
            raise BundleError(
                f"{item.size:,} bytes, but Kubernetes stores at most {item.limit:,} in one object",
                where=item.path,
                hint="fewer services or X-Ray sources in one bundle make it smaller",
            )
    return (*artifacts, _readme(config, [item.path for item in large]))


def _readme(config: Config, large: list[str]) -> Artifact:
    """How to apply the form, and what it does not bring along."""
    grafana = Names(config).kubernetes.grafana
    folder = OPERATOR_FOLDER if grafana.form == "operator" else FOLDER
    text = text_from(
        "xray_grafana.k8s",
        "grafana.md.j2",
        config=config,
        grafana=grafana,
        instance=grafana.service_account.removesuffix("-sa") if grafana.service_account.endswith("-sa") else "NAME",
        identity=Names(config).kubernetes.identity.kind,
        role=Names(config).grafana_role,
        folder=folder,
        patches=PATCHES,
        workload=WORKLOAD,
        chart=CHART,
        chart_version=CHART_VERSION,
        chart_repository=CHART_REPOSITORY,
        values=VALUES_PATH,
        folder_annotation=FOLDER_ANNOTATION,
        large=large,
        secrets=list(secret_keys(config).values()),
        given=[(key, reference) for key, reference in secret_references(config) if secret_key(reference) is None],
    )
    return Artifact(f"{folder}/README.md", Format.TEXT, text)
