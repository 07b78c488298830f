"""Query targets in grafanalib's idiom, for the data sources it has none for.

Key names and values are those of the plugins' own query models: grafana/x-ray-datasource src/types.ts, and Grafana's Loki and CloudWatch.
grafanalib's Target would add Prometheus keys, so `to_json_data` does not call it.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final, Literal, TypeAlias

import attr
from grafanalib.core import Target

from xray_grafana import contract

# How grafanalib declares its classes, with keyword arguments. Typed as Any because grafanalib has no types: a checker would take the fields
# declared here for all there are.
grafana_class: Any = partial(attr.s, auto_attribs=True, kw_only=True)

XRayQueryType: TypeAlias = Literal[
    "getTrace",
    "getTraceSummaries",
    "getTimeSeriesServiceStatistics",
    "getServiceMap",
    "getInsights",
    "getAnalyticsRootCauseResponseTimeService",
    "getAnalyticsRootCauseResponseTimePath",
    "getAnalyticsRootCauseErrorService",
    "getAnalyticsRootCauseErrorPath",
    "getAnalyticsRootCauseErrorMessage",
    "getAnalyticsRootCauseFaultService",
    "getAnalyticsRootCauseFaultPath",
    "getAnalyticsRootCauseFaultMessage",
    "getAnalyticsUser",
    "getAnalyticsUrl",
    "getAnalyticsStatusCode",
]
ServicesQueryType: TypeAlias = Literal["listServices", "listServiceOperations", "listServiceDependencies", "listServiceLevelObjectives"]

XRAY: Final = {"type": contract.XRAY_PLUGIN_ID, "uid": "${xray}"}
LOKI: Final = {"type": contract.LOKI_PLUGIN_ID, "uid": "${loki}"}
CLOUDWATCH: Final = {"type": contract.CLOUDWATCH_PLUGIN_ID, "uid": "${cloudwatch}"}
SHARED: Final = {"type": "datasource", "uid": contract.DASHBOARD_DATASOURCE_UID}

# Sixty-second buckets; the other value X-Ray takes is 300. Left out, the browser would choose and two panels could differ.
_RESOLUTION_SECONDS: Final = 60


@grafana_class
class XRayTarget(Target):
    """One question to X-Ray. `group` is always written: without it the plugin panics on service maps and insights."""

    refId: str = "A"  # noqa: N815 - Grafana's key
    queryType: XRayQueryType  # noqa: N815
    query: str = ""
    group: dict[str, str] = attr.Factory(lambda: dict(contract.DEFAULT_GROUP))
    columns: tuple[str, ...] = ()
    state: str = ""
    accountIds: tuple[str, ...] = ()  # noqa: N815

    def to_json_data(self) -> dict[str, Any]:
        target: dict[str, Any] = {
            "refId": self.refId,
            "datasource": XRAY,
            "queryMode": "X-Ray",
            "queryType": self.queryType,
            "region": "default",
            "group": self.group,
            "query": self.query,
        }
        if self.columns:
            target |= {"columns": list(self.columns), "resolution": _RESOLUTION_SECONDS}
        if self.state:
            target["state"] = self.state
        if self.accountIds:
            target["accountIds"] = list(self.accountIds)
        return target


@grafana_class
class ServicesTarget(Target):
    """One question to Application Signals. `service` is the key attributes' JSON text, as the plugin's own variable gives it."""

    refId: str = "A"  # noqa: N815
    serviceQueryType: ServicesQueryType  # noqa: N815
    service: str = ""
    operation: str = ""

    def to_json_data(self) -> dict[str, Any]:
        target: dict[str, Any] = {
            "refId": self.refId,
            "datasource": XRAY,
            "queryMode": "Services",
            "serviceQueryType": self.serviceQueryType,
            "region": "default",
            "query": "",
            "includeLinkedAccounts": False,
            "accountId": "",
        }
        if self.service:
            target |= {"serviceName": self.service, "serviceString": self.service}
        if self.operation:
            target["operationName"] = self.operation
        return target


@grafana_class
class LokiTarget(Target):
    """One LogQL query: `range` for charts and lines, `instant` for one number over the whole range."""

    refId: str = "A"  # noqa: N815
    expr: str
    queryType: Literal["range", "instant"] = "range"  # noqa: N815
    legendFormat: str = ""  # noqa: N815
    maxLines: int = 0  # noqa: N815

    def to_json_data(self) -> dict[str, Any]:
        target: dict[str, Any] = {
            "refId": self.refId,
            "datasource": LOKI,
            "editorMode": "code",
            "expr": self.expr,
            "queryType": self.queryType,
        }
        if self.legendFormat:
            target["legendFormat"] = self.legendFormat
        if self.maxLines:
            target["maxLines"] = self.maxLines
        return target


@grafana_class
class CloudWatchTarget(Target):
    """One CloudWatch metric-math expression, typed as code so that a variable's text form can stand in it."""

    refId: str = "A"  # noqa: N815
    expression: str
    label: str

    def to_json_data(self) -> dict[str, Any]:
        return {
            "refId": self.refId,
            "datasource": CLOUDWATCH,
            "queryMode": "Metrics",
            "metricQueryType": 0,
            "metricEditorMode": 1,
            "expression": self.expression,
            "label": self.label,
            "region": "default",
            "id": "",
            "namespace": "",
            "metricName": "",
            "dimensions": {},
            "statistic": "Average",
            "period": "",
        }


@grafana_class
class SharedTarget(Target):
    """The answer of another panel of the board, before its transformations: costs no query."""

    refId: str = "A"  # noqa: N815
    panelId: int  # noqa: N815

    def to_json_data(self) -> dict[str, Any]:
        return {"refId": self.refId, "datasource": SHARED, "panelId": self.panelId, "withTransforms": False}
