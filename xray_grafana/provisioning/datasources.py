"""The data-source file: X-Ray sources, Loki, CloudWatch.

`prune` makes Grafana delete a source that this bundle had and has no more; sources of other files and of the UI are not touched.
"""

from __future__ import annotations

from typing import Any

from xray_grafana import contract
from xray_grafana.bundle.artifact import Artifact, Format
from xray_grafana.config.models import Config, Logs, XRaySource, cloudwatch_uid, source_region
from xray_grafana.provisioning.correlations import derived_fields, trace_list_correlations, traces_to_logs
from xray_grafana.provisioning.secrets import bearer, escape_dollars, secret


def build_datasources(config: Config) -> Artifact:
    """The data-source file; Grafana expands dollar signs in it, so they are doubled."""
    sources = [escape_dollars(source) for source in datasource_documents(config)]
    return Artifact(f"provisioning/datasources/{config.prefix}.yaml", Format.YAML, {"apiVersion": 1, "prune": True, "datasources": sources})


def datasource_documents(config: Config) -> list[dict[str, Any]]:
    """Every data source of the bundle, in the order of the config, as Grafana's API takes it: nothing doubled, secrets as References."""
    sources = [_xray(config, source) for source in config.xray.sources]
    if config.cloudwatch.enabled:
        sources += [_cloudwatch(config, source) for source in config.xray.sources]
    if config.logs is not None:
        sources.append(_loki(config, config.logs))
    return sources


def _source(name: str, uid: str, kind: str, json_data: dict[str, Any], secure: dict[str, str]) -> dict[str, Any]:
    kept = {key: value for key, value in json_data.items() if value is not None}
    document: dict[str, Any] = {"name": name, "uid": uid, "type": kind, "access": "proxy", "editable": False, "jsonData": kept}
    return document | ({"secureJsonData": secure} if secure else {})


def _aws(config: Config, source: XRaySource) -> tuple[dict[str, Any], dict[str, str]]:
    """How Grafana's AWS plugins sign in: keys of grafana-aws-sdk, pkg/awsds/settings.go."""
    plain = {
        "authType": source.auth,
        "defaultRegion": source_region(config, source),
        "profile": source.profile,
        "assumeRoleArn": source.assume_role_arn,
        "externalId": source.external_id,
    }
    secrets = {"accessKey": source.access_key, "secretKey": source.secret_key, "sessionToken": source.session_token}
    return plain, {key: secret(reference) for key, reference in secrets.items() if reference is not None}


def _xray(config: Config, source: XRaySource) -> dict[str, Any]:
    plain, secure = _aws(config, source)
    plain |= {"endpoint": source.endpoint, "timeout": source.timeout_seconds}
    if config.logs is None:
        return _source(source.name, source.uid, contract.XRAY_PLUGIN_ID, plain, secure)
    plain["tracesToLogsV2"] = traces_to_logs(config.logs)
    document = _source(source.name, source.uid, contract.XRAY_PLUGIN_ID, plain, secure)
    return document | {"correlations": trace_list_correlations(config.logs)}


def _cloudwatch(config: Config, source: XRaySource) -> dict[str, Any]:
    plain, secure = _aws(config, source)
    # A Logs Insights row with @xrayTraceId then links to its trace.
    plain["tracingDatasourceUid"] = source.uid
    return _source(f"{source.name} CloudWatch", cloudwatch_uid(source), contract.CLOUDWATCH_PLUGIN_ID, plain, secure)


def _loki(config: Config, logs: Logs) -> dict[str, Any]:
    plain: dict[str, Any] = {"derivedFields": derived_fields(config, logs)}
    secure: dict[str, str] = {}
    headers = []
    if logs.tenant is not None:
        headers.append(("X-Scope-OrgID", logs.tenant))
    if logs.bearer_token is not None:
        headers.append(("Authorization", bearer(logs.bearer_token)))
    for number, (name, value) in enumerate(headers, start=1):
        plain[f"httpHeaderName{number}"] = name
        secure[f"httpHeaderValue{number}"] = value
    if logs.basic_password is not None:
        secure["basicAuthPassword"] = secret(logs.basic_password)
    document = _source(logs.name, logs.uid, contract.LOKI_PLUGIN_ID, plain, secure)
    document["url"] = logs.url
    if logs.basic_user is not None:
        document |= {"basicAuth": True, "basicAuthUser": logs.basic_user}
    return document
