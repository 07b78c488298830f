"""What a panel asks, in words and in the query's own text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from xray_grafana import contract
from xray_grafana.bundle.artifact import Document
from xray_grafana.bundle.preview.fields import integer, object_at, objects, text, texts, value
from xray_grafana.bundle.preview.links import panel_anchor

Family: TypeAlias = Literal["xray", "loki", "cloudwatch", "shared", "other"]

_FAMILIES: Final[dict[str, tuple[Family, str]]] = {
    contract.XRAY_PLUGIN_ID: ("xray", "X-Ray"),
    contract.LOKI_PLUGIN_ID: ("loki", "Loki"),
    contract.CLOUDWATCH_PLUGIN_ID: ("cloudwatch", "CloudWatch"),
}

# Query types of grafana/x-ray-datasource 2.17.1, src/types.ts, by the names its editor shows or near them.
_XRAY_KINDS: Final = {
    "getTrace": "one trace",
    "getTraceSummaries": "trace list",
    "getTimeSeriesServiceStatistics": "trace statistics",
    "getServiceMap": "service map",
    "getInsights": "insights",
    "getAnalyticsRootCauseResponseTimeService": "slow: root-cause services",
    "getAnalyticsRootCauseResponseTimePath": "slow: root-cause paths",
    "getAnalyticsRootCauseErrorService": "errors: root-cause services",
    "getAnalyticsRootCauseErrorPath": "errors: root-cause paths",
    "getAnalyticsRootCauseErrorMessage": "errors: messages",
    "getAnalyticsRootCauseFaultService": "faults: root-cause services",
    "getAnalyticsRootCauseFaultPath": "faults: root-cause paths",
    "getAnalyticsRootCauseFaultMessage": "faults: messages",
    "getAnalyticsUser": "users",
    "getAnalyticsUrl": "URLs",
    "getAnalyticsStatusCode": "status codes",
    "listServices": "services",
    "listServiceOperations": "operations of a service",
    "listServiceDependencies": "dependencies of a service",
    "listServiceLevelObjectives": "service level objectives",
}
_LOKI_KINDS: Final = {"range": "over time", "instant": "one value over the range"}
# Types whose answer a filter expression narrows: without one they cover everything, and the page says so.
_FILTERED: Final = frozenset({"getTraceSummaries", "getTimeSeriesServiceStatistics"})


@dataclass(frozen=True, slots=True)
class SharedPanel:
    """The panel of the same board whose answer is used again; `title` is None when the board has no such panel."""

    id: int
    title: str | None
    anchor: str


@dataclass(frozen=True, slots=True)
class Query:
    """One target of a panel."""

    ref: str
    family: Family
    source: str
    kind: str
    text: str
    facts: tuple[tuple[str, str], ...]
    shared: SharedPanel | None = None
    hidden: bool = False


def compact(part: object) -> str:
    """A piece of JSON on one line."""
    return part if isinstance(part, str) else json.dumps(part, ensure_ascii=False, separators=(", ", ": "))


def read_query(target: Document, panel: Document, uid: str, panel_titles: Mapping[int, str]) -> Query:
    """One target. Its data source is its own or, when it names none, the panel's."""
    source = object_at(target, "datasource") or object_at(panel, "datasource")
    ref = text(target, "refId", default="?")
    hidden = value(target, "hide") is True
    if text(source, "uid") == contract.DASHBOARD_DATASOURCE_UID:
        panel_id = integer(target, "panelId", default=-1)
        shared = SharedPanel(panel_id, panel_titles.get(panel_id), panel_anchor(uid, panel_id))
        after = (("takes", "the rows after its transformations"),) if value(target, "withTransforms") is True else ()
        return Query(ref, "shared", "Shared", "", "", after, shared, hidden)
    plugin = text(source, "type", default="unnamed source")
    family, name = _FAMILIES.get(plugin, ("other", "Expression" if text(source, "uid") == contract.EXPRESSION_DATASOURCE_UID else plugin))
    facts = tuple((label, found) for label, found in _facts(target) if found)
    return Query(ref, family, name, _kind(target, family), _text(target, family), facts, None, hidden)


def _kind(target: Document, family: Family) -> str:
    if family == "xray":
        asked = text(target, "serviceQueryType") if text(target, "queryMode") == "Services" else text(target, "queryType")
        return _XRAY_KINDS.get(asked, asked)
    if family == "loki":
        return _LOKI_KINDS.get(text(target, "queryType"), "")
    return "metric" if family == "cloudwatch" else text(target, "queryType")


def _text(target: Document, family: Family) -> str:
    found = text(target, "query") or text(target, "expr") or text(target, "expression")
    if not found and family == "xray" and text(target, "queryType") in _FILTERED and text(target, "queryMode") != "Services":
        return "(no filter: everything in the range)"
    return found


def _facts(target: Document) -> tuple[tuple[str, str], ...]:
    group = text(target, "group", "GroupName")
    region = text(target, "region")
    bucket = integer(target, "resolution", default=0)
    lines = integer(target, "maxLines", default=0)
    return (
        ("columns", ", ".join(texts(target, "columns"))),
        ("bucket", f"{bucket} s" if bucket else ""),
        ("group", "" if group == contract.DEFAULT_GROUP["GroupName"] else group),
        ("state", text(target, "state")),
        ("service", text(target, "serviceString") or text(target, "serviceName")),
        ("operation", text(target, "operationName")),
        ("region", "" if region == "default" else region),
        ("accounts", ", ".join(texts(target, "accountIds"))),
        ("namespace", text(target, "namespace")),
        ("metric", " ".join(part for part in (text(target, "statistic"), text(target, "metricName")) if text(target, "metricName"))),
        ("legend", text(target, "legendFormat") or text(target, "label")),
        ("at most", f"{lines} lines" if lines else ""),
    )


def transformation_steps(panel: Document) -> tuple[tuple[str, str], ...]:
    """The transformations in order: what each is called and its options on one line."""
    return tuple((text(step, "id", default="?"), compact(object_at(step, "options"))) for step in objects(panel, "transformations"))
