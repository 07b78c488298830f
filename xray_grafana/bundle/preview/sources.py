"""Data sources as cards, and how each leads on to traces, lines and boards. Secret values are never read, only their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from xray_grafana import contract
from xray_grafana.bundle.artifact import Document
from xray_grafana.bundle.preview.fields import object_at, objects, text
from xray_grafana.bundle.preview.links import Link, Titles, make_link, safe
from xray_grafana.bundle.preview.queries import Family

_TYPES: Final[dict[str, tuple[Family, str]]] = {
    contract.XRAY_PLUGIN_ID: ("xray", "X-Ray"),
    contract.LOKI_PLUGIN_ID: ("loki", "Loki"),
    contract.CLOUDWATCH_PLUGIN_ID: ("cloudwatch", "CloudWatch"),
}


@dataclass(frozen=True, slots=True)
class Lead:
    """A way from a data source onwards: `on` says where it is clicked. It ends in another source or on a board."""

    label: str
    kind: str
    on: str
    query: str
    source: str
    known: bool
    link: Link | None


@dataclass(frozen=True, slots=True)
class Source:
    """One data source."""

    name: str
    anchor: str
    family: Family
    type: str
    uid: str
    where: str
    secrets: tuple[str, ...]
    leads: tuple[Lead, ...]


def read_sources(document: Document, titles: Titles) -> tuple[Source, ...]:
    """The data sources of a provisioning document, in its order."""
    found = objects(document, "datasources")
    names = {text(source, "uid"): text(source, "name") for source in found}
    return tuple(_source(source, names, titles) for source in found)


def _source(source: Document, names: Mapping[str, str], titles: Titles) -> Source:
    plugin = text(source, "type", default="unknown type")
    family, kind = _TYPES.get(plugin, ("other", plugin))
    uid = text(source, "uid", default="none")
    return Source(
        name=text(source, "name", default="Untitled data source"),
        anchor=f"source-{safe(uid)}",
        family=family,
        type=kind,
        uid=uid,
        where=text(source, "jsonData", "defaultRegion") or text(source, "url"),
        secrets=tuple(object_at(source, "secureJsonData")),
        leads=(*_settings(source, names), *_derived(source, names, titles), *_correlations(source, names, titles)),
    )


def _plain(provisioned: str) -> str:
    """A value as Grafana reads it: in a provisioning file `$$` stands for one dollar."""
    return provisioned.replace("$$", "$")


def _lead(label: str, kind: str, on: str, query: str, uid: str, names: Mapping[str, str]) -> Lead:
    return Lead(label, kind, on, _plain(query), names.get(uid, uid), uid in names, None)


def _settings(source: Document, names: Mapping[str, str]) -> list[Lead]:
    leads = []
    span_logs = object_at(source, "jsonData", "tracesToLogsV2")
    if uid := text(span_logs, "datasourceUid"):
        leads.append(_lead("Logs of the trace", "span logs", "every span", text(span_logs, "query"), uid, names))
    if uid := text(source, "jsonData", "tracingDatasourceUid"):
        leads.append(_lead("Trace of the row", "trace link", "Logs Insights rows", "", uid, names))
    return leads


def _derived(source: Document, names: Mapping[str, str], titles: Titles) -> list[Lead]:
    leads = []
    for field in objects(source, "jsonData", "derivedFields"):
        label = text(field, "urlDisplayLabel") or text(field, "name", default="untitled")
        on = f"{'label' if text(field, 'matcherType') == 'label' else 'text'} {_plain(text(field, 'matcherRegex'))}"
        url = _plain(text(field, "url"))
        if uid := text(field, "datasourceUid"):
            leads.append(_lead(label, "derived field", on, url, uid, names))
        else:
            leads.append(Lead(label, "derived field", on, "", "", known=True, link=make_link(label, on, url, titles)))
    return leads


def _correlations(source: Document, names: Mapping[str, str], titles: Titles) -> list[Lead]:
    leads = []
    for correlation in objects(source, "correlations"):
        label = text(correlation, "label", default="untitled")
        on = f"field {text(correlation, 'config', 'field', default='?')}"
        target = object_at(correlation, "config", "target")
        if uid := text(correlation, "targetUID"):
            leads.append(_lead(label, "correlation", on, text(target, "expr") or text(target, "query"), uid, names))
        else:
            link = make_link(label, on, _plain(text(target, "url")), titles)
            leads.append(Lead(label, "correlation", on, "", "", known=True, link=link))
    return leads
