"""The config as frozen models: every key with its type, its default and what it does.

The description of a field is its documentation: the JSON Schema, `docs/reference/config.md` and the editor's completion
show the same words.
What holds between two keys is checked in `consistency`, on the tree as it was written, so that one run reports every mistake.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from xray_grafana import contract
from xray_grafana.config.deploy import AlbLogs, Demo, Kubernetes
from xray_grafana.config.types import (
    AccountId,
    Duration,
    FilterExpression,
    FolderName,
    GroupArn,
    GroupName,
    HeaderValue,
    Prefix,
    Ratio,
    Region,
    RoleArn,
    Seconds,
    SecretReference,
    ServiceName,
    SourceName,
    StreamSelector,
    Tag,
    Text,
    Uid,
    Url,
)

AuthType = Literal["default", "keys", "credentials", "ec2_iam_role", "grafana_assume_role"]
IdForm = Literal["xray", "w3c"]
GrafanaVersion = Literal["12.4", "13.2"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Aws(_Model):
    """The account that traces are looked at from."""

    account: AccountId = Field(description="The account that Grafana reads X-Ray in.")
    region: Region = Field(description="The region of every source that names none of its own.")
    linked_accounts: tuple[AccountId, ...] = Field(
        default=(), description="Source accounts of a CloudWatch cross-account monitoring account; the map board then filters by account."
    )


class XRaySource(_Model):
    """One X-Ray data source: an account and a region, and how Grafana signs in."""

    uid: Uid = Field(description="The data source's uid; links and alert rules name it, so keep it.")
    name: SourceName = Field(description="The data source's name, shown in the board's X-Ray drop-down.")
    region: Region | None = Field(default=None, description="Where to read; aws.region when left out.")
    auth: AuthType = Field(
        default="default",
        description="How Grafana finds credentials. Grafana allows default, keys and credentials unless allowed_auth_providers says more.",
    )
    profile: Text | None = Field(default=None, description="Profile of the shared credentials file; only with auth: credentials.")
    access_key: SecretReference | None = Field(default=None, description="Reference to the access key id; only with auth: keys.")
    secret_key: SecretReference | None = Field(default=None, description="Reference to the secret access key; only with auth: keys.")
    session_token: SecretReference | None = Field(default=None, description="Reference to a session token; only with auth: keys.")
    assume_role_arn: RoleArn | None = Field(default=None, description="Role to assume for each query, for a source in another account.")
    external_id: HeaderValue | None = Field(default=None, description="External id that the assumed role asks for.")
    endpoint: Url | None = Field(default=None, description="Another address of the X-Ray API: a VPC endpoint, or a local X-Ray.")
    timeout_seconds: int | None = Field(default=None, ge=1, le=300, description="How long Grafana waits for one API call.")


class XRayGroup(_Model):
    """An X-Ray group: it gets a row of its own on the map board."""

    name: GroupName = Field(description="The group's name, as GetGroups gives it.")
    arn: GroupArn = Field(description="The group's ARN, as GetGroups gives it.")
    filter: FilterExpression = Field(
        description="The group's filter expression. Put it in parentheses if it holds OR: the plugin joins it with AND."
    )


class XRay(_Model):
    """Where traces are read, and what the account has switched on."""

    sources: tuple[XRaySource, ...] = Field(
        default=(XRaySource(uid="xray", name="X-Ray"),),
        min_length=1,
        description="The X-Ray data sources; every board works for each of them. The first is the default.",
    )
    groups: tuple[XRayGroup, ...] = Field(default=(), description="X-Ray groups that get a row on the map board.")
    transaction_search: bool = Field(
        default=False, description="True when the account sends spans to Transaction Search: boards then say that only indexed traces show."
    )
    application_signals: bool = Field(default=False, description="True adds the Application Signals board (services, operations, SLOs).")


class ServiceAlerts(_Model):
    """Alert thresholds of one service; what is left out comes from the `alerts` section."""

    enabled: bool = Field(default=True, description="False: no alert rule for this service.")
    fault_ratio: Ratio | None = Field(default=None, description="Share of requests that end in a fault (5xx).")
    latency_seconds: Seconds | None = Field(default=None, description="Average response time.")
    throttle_ratio: Ratio | None = Field(default=None, description="Share of requests that are throttled (429).")
    traffic_loss: bool | None = Field(default=None, description="Whether a fall of traffic alerts.")


class Service(_Model):
    """A service node of the X-Ray map that boards offer by name and alert rules watch."""

    name: ServiceName = Field(description="The service's name on the X-Ray map.")
    slow_seconds: Seconds | None = Field(
        default=None, description="From which response time on a request counts as slow; alerts.latency_seconds when left out."
    )
    alerts: ServiceAlerts = Field(default=ServiceAlerts(), description="Thresholds of this service.")
    log_selector: StreamSelector | None = Field(
        default=None,
        description="Stream selector of this service's own lines, where the pattern of logs.application_selector does not fit.",
    )
    edges: tuple[ServiceName, ...] = Field(default=(), description="Services it calls whose calls are charted on the service board.")
    sources: tuple[Uid, ...] = Field(
        default=(), description="Uids of the X-Ray sources it runs in; empty means all. Fewer rules, fewer calls."
    )


class Logs(_Model):
    """The Loki that holds load-balancer and application lines."""

    uid: Uid = Field(default="loki", description="The Loki data source's uid.")
    name: Text = Field(default="Loki", description="The Loki data source's name.")
    url: Url = Field(description="Loki's address as Grafana reaches it.")
    tenant: HeaderValue | None = Field(default=None, description="Tenant, sent as X-Scope-OrgID.")
    basic_user: Text | None = Field(default=None, description="User of basic authentication.")
    basic_password: SecretReference | None = Field(default=None, description="Reference to the password of basic authentication.")
    bearer_token: SecretReference | None = Field(default=None, description="Reference to a bearer token.")
    alb_selector: StreamSelector = Field(
        default=f'{{{contract.LABEL_LOG_TYPE}="{contract.LOG_TYPE_ACCESS}"}}', description="Stream selector of ALB access-log lines."
    )
    application_selector: StreamSelector = Field(
        default=f'{{{contract.LABEL_SERVICE}="${{service}}", {contract.LABEL_LOG_TYPE}!="{contract.LOG_TYPE_ACCESS}"}}',
        description="Stream selector of one service's lines; ${service} stands for its name.",
    )
    trace_selector: StreamSelector = Field(
        default=f'{{{contract.LABEL_SERVICE}=~".+"}}',
        description="Stream selector of all lines that can belong to a trace; a span's log icon searches them. Narrow it on a large Loki.",
    )
    id_forms: tuple[IdForm, ...] = Field(
        default=("xray", "w3c"),
        min_length=1,
        description="Forms of the trace id that application lines hold: 1-8hex-24hex, 32 hex, or both.",
    )


class CloudWatch(_Model):
    """CloudWatch data sources beside the X-Ray ones: Logs Insights rows then lead to their trace."""

    enabled: bool = Field(
        default=False, description="True adds one CloudWatch data source for each X-Ray source, with the same credentials."
    )


class Alerts(_Model):
    """Alert rules. Contact points and notification policies stay yours unless you name one."""

    enabled: bool = Field(default=True, description="False: no alert rules.")
    contact_point: Text | None = Field(default=None, description="Contact point that takes these alerts; left to your notification policy.")
    interval: Duration = Field(
        default="5m", description="How often each rule is evaluated; every X-Ray rule costs two API calls each time."
    )
    for_: Duration = Field(default="5m", alias="for", description="How long a condition must hold before the alert fires.")
    window: Duration = Field(default="15m", description="Over how much time a ratio or average is taken.")
    min_requests: int = Field(default=20, ge=1, description="A service with fewer requests in the window is quiet and does not alert.")
    fault_ratio: Ratio = Field(default=0.05, description="Share of a service's requests that end in a fault (5xx).")
    latency_seconds: Seconds = Field(default=1.0, description="A service's average response time.")
    throttle_ratio: Ratio = Field(default=0.02, description="Share of a service's requests that are throttled (429).")
    traffic_loss: bool = Field(default=True, description="Alert when a busy service's requests fall below traffic_loss_ratio of before.")
    traffic_loss_ratio: Ratio = Field(
        default=0.1, description="Share of its earlier request rate below which a service has lost its traffic."
    )
    traffic_loss_min_requests: int = Field(
        default=200, ge=1, description="Requests a service must have had in the hours before; a quieter one is never missed."
    )
    silent_source: bool = Field(
        default=False, description="One rule per source that says when X-Ray cannot be asked, or traced no request for five hours."
    )
    alb_5xx_ratio: Ratio = Field(default=0.05, description="Share of a load balancer's answers that are 5xx.")
    alb_p99_seconds: Seconds = Field(default=2.0, description="99th percentile of a load balancer's target processing time.")
    alb_missing_trace_ratio: Ratio = Field(default=0.2, description="Share of a load balancer's lines without a usable trace id.")
    deleted_rules: tuple[Uid, ...] = Field(
        default=(), description="Uids of rules that earlier bundles had and Grafana must delete; generate names them when they fall away."
    )


class Grafana(_Model):
    """How the boards look and where they live."""

    folder: FolderName = Field(
        default="AWS X-Ray", description="Folder of the dashboards; alert rules go to a folder of that name with “ alerts”."
    )
    version: GrafanaVersion = Field(default="12.4", description="The Grafana that loads the bundle.")
    plugin_version: Literal["2.17.1"] = Field(default=contract.XRAY_PLUGIN_VERSION, description="The X-Ray plugin to install.")
    refresh: Duration | None = Field(default="1m", description="How often open boards ask again; null means only when told.")
    default_range: Duration = Field(default="1h", description="Time range a board opens with; at most 6h, which is X-Ray's own limit.")
    tags: tuple[Tag, ...] = Field(default=(), description="Tags of every board, besides the one the boards find each other by.")
    public_url: Url | None = Field(default=None, description="Grafana's address in a browser; alerts then link to boards and the runbook.")
    runbook_url: Url | None = Field(default=None, description="Where RUNBOOK.md is published; left out, alerts link to the runbook panel.")


class Config(_Model):
    """Everything a bundle is made from."""

    name: Text = Field(default="Shop", description="What is being observed; shown in the runbook and the preview.")
    prefix: Prefix = Field(default="xray", description="First part of every dashboard and alert-rule uid. Changing it makes new boards.")
    aws: Aws
    xray: XRay = XRay()
    services: tuple[Service, ...] = Field(default=(), description="Services that boards offer by name and alert rules watch.")
    logs: Logs | None = Field(default=None, description="Loki; without it the bundle has no log panels, log links or ALB board.")
    cloudwatch: CloudWatch = CloudWatch()
    alerts: Alerts = Alerts()
    grafana: Grafana = Grafana()
    kubernetes: Kubernetes | None = Field(default=None, description="The cluster; without it the bundle has no k8s/ and no cluster roles.")
    alb_logs: AlbLogs | None = Field(default=None, description="The way of access logs to Loki; without it the bundle has no pipeline.")
    demo: Demo | None = Field(default=None, description="The demo services; without it the bundle has none.")


def cloudwatch_uid(source: XRaySource) -> str:
    """The uid of the CloudWatch data source that stands beside an X-Ray source."""
    return f"{source.uid}-cloudwatch"


def source_region(config: Config, source: XRaySource) -> str:
    """The region a source reads."""
    return source.region or config.aws.region


def services_of(config: Config, source: XRaySource) -> tuple[Service, ...]:
    """The services that run in a source, in the order of the config."""
    return tuple(service for service in config.services if not service.sources or source.uid in service.sources)
