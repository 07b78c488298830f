"""Panels in the house style: grafanalib's classes where it has them, own ones in its idiom where it has not.

Every function takes the panel's id, which is fixed by hand so that links and alert rules can name it, a title, a description that ends in
what to do, and its targets. Where a panel lies is `layout`'s business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias

import attr
from grafanalib import core as G  # noqa: N812 - grafanalib's own convention

from xray_grafana.dashboards.targets import SharedTarget, XRayTarget, grafana_class
from xray_grafana.dashboards.thresholds import RED, Steps, plain, threshold_config
from xray_grafana.dashboards.transformations import Transformation, sort_by

Override = dict[str, Any]
Target: TypeAlias = Any  # a grafanalib target

NO_DATA: Final = "No data"
# Without it Grafana takes an xychart for one of the format before 11.1 and its migration draws "Err".
_XYCHART_FORMAT: Final = "12.4.0"
# A node graph lower than this has its legend over the nodes; a waterfall lower than that shows no spans.
MAP_MIN_HEIGHT: Final = 12
WATERFALL_HEIGHT: Final = 16


def override(field: str, *properties: tuple[str, Any]) -> Override:
    """Properties of one field, matched by its display name, in the order given."""
    return {"matcher": {"id": "byName", "options": field}, "properties": [{"id": key, "value": value} for key, value in properties]}


def colour(field: str, fixed: str, *properties: tuple[str, Any]) -> Override:
    """A fixed colour for one field."""
    return override(field, ("color", {"mode": "fixed", "fixedColor": fixed}), *properties)


@grafana_class
class NodeGraph(G.Panel):
    """Grafana's node graph."""

    overrides: list[Override] = attr.Factory(list)

    def to_json_data(self) -> dict[str, Any]:
        options = {"zoomMode": "cooperative", "layoutAlgorithm": "layered", "nodes": {}, "edges": {}}
        return _panel(self, "nodeGraph", options, overrides=self.overrides)


@grafana_class
class Traces(G.Panel):
    """Grafana's waterfall. It must own its target: fed by another panel it loses the log icon of every span."""

    def to_json_data(self) -> dict[str, Any]:
        return _panel(self, "traces", {})


@grafana_class
class Histogram(G.Panel):
    """Grafana's histogram (grafanalib's own writes the form before Grafana 8)."""

    unit: str
    bucketCount: int = 30  # noqa: N815 - Grafana's key

    def to_json_data(self) -> dict[str, Any]:
        options = {"bucketCount": self.bucketCount, "legend": _legend(shown=False), "tooltip": {"mode": "multi", "sort": "none"}}
        defaults = {"unit": self.unit, "custom": {"fillOpacity": 60, "lineWidth": 1}}
        return _panel(self, "histogram", options, defaults=defaults)


@grafana_class
class XYChart(G.Panel):
    """One dot a row: two fields of one frame against each other, coloured by a third."""

    x: str
    y: str
    colored_by: str
    overrides: list[Override] = attr.Factory(list)

    def to_json_data(self) -> dict[str, Any]:
        def field(name: str) -> dict[str, Any]:
            return {"matcher": {"id": "byName", "options": name}}

        series = {
            "frame": {"matcher": {"id": "byIndex", "options": 0}},
            "x": field(self.x),
            "y": field(self.y),
            "color": field(self.colored_by),
        }
        options = {"mapping": "manual", "series": [series], "legend": _legend(shown=False), "tooltip": {"mode": "single", "sort": "none"}}
        defaults = {"custom": {"show": "points", "pointSize": {"fixed": 6}, "fillOpacity": 50}}
        return _panel(self, "xychart", options, defaults=defaults, overrides=self.overrides) | {"pluginVersion": _XYCHART_FORMAT}


def _legend(*, shown: bool) -> dict[str, Any]:
    return {"showLegend": shown, "displayMode": "list", "placement": "bottom", "calcs": []}


def _panel(
    panel: G.Panel,
    kind: str,
    options: dict[str, Any],
    *,
    defaults: dict[str, Any] | None = None,
    overrides: Sequence[Override] = (),
) -> dict[str, Any]:
    made: dict[str, Any] = panel.panel_json(
        {"type": kind, "options": options, "fieldConfig": {"defaults": defaults or {}, "overrides": list(overrides)}}
    )
    return made


def stat(
    id_: int,
    title: str,
    description: str,
    targets: Sequence[Target],
    *,
    unit: str,
    steps: Steps,
    calc: Literal["sum", "mean", "count", "lastNotNull"],
    field: str = "",
    decimals: int | None = None,
    transformations: Sequence[Transformation] = (),
    links: Sequence[dict[str, Any]] = (),
) -> G.Stat:
    """One number. `field` is the display name of the field it is taken from; empty takes every numeric one."""
    return G.Stat(
        id=id_,
        title=title,
        description=description,
        dataSource=_datasource(targets),
        targets=list(targets),
        format=unit,
        decimals=decimals,
        noValue=NO_DATA,
        color={"mode": "thresholds"},
        colorMode="value",
        graphMode="none",
        reduceCalc=calc,
        fields=f"/^{field}$/" if field else "",
        transformations=list(transformations),
        extraJson={
            "fieldConfig": {"defaults": {"thresholds": threshold_config(steps), "links": list(links)}},
            "options": {"wideLayout": True, "percentChangeColorMode": "standard", "showPercentChange": False},
        },
    )


def time_series(
    id_: int,
    title: str,
    description: str,
    targets: Sequence[Target],
    *,
    unit: str,
    overrides: Sequence[Override] = (),
    transformations: Sequence[Transformation] = (),
    steps: Steps = (),
    stacked: bool = False,
    fill: int = 12,
    interval: str = "1m",
) -> G.TimeSeries:
    """Lines over time from zero up. `steps` draw dashed limits; `interval` is the smallest step of a Loki query."""
    drawn = {"mode": "dashed" if steps else "off"}
    return G.TimeSeries(
        id=id_,
        title=title,
        description=description,
        dataSource=_datasource(targets),
        targets=list(targets),
        interval=interval,
        unit=unit,
        valueMin=0,
        fillOpacity=fill,
        showPoints="auto",
        tooltipMode="multi",
        tooltipSort="desc",
        stacking={"mode": "normal" if stacked else "none", "group": "A"},
        overrides=list(overrides),
        transformations=list(transformations),
        extraJson={
            "fieldConfig": {
                "defaults": {"custom": {"thresholdsStyle": drawn}, "thresholds": threshold_config(steps or plain("green"))},
            },
            "options": {"legend": {"showLegend": True}},
        },
    )


def table(
    id_: int,
    title: str,
    description: str,
    targets: Sequence[Target],
    *,
    columns: Sequence[Override],
    transformations: Sequence[Transformation] = (),
    sorted_by: str = "",
    wrap: bool = False,
    links: Sequence[dict[str, Any]] = (),
) -> G.Table:
    """Rows. `sorted_by` names the column whose largest value stands on top; `links` stand in the panel's head."""
    return G.Table(
        id=id_,
        title=title,
        description=description,
        dataSource=_datasource(targets),
        targets=list(targets),
        overrides=list(columns),
        transformations=list(transformations),
        sortBy=[G.TableSortByField(displayName=sorted_by, desc=True)] if sorted_by else [],
        links=list(links),
        extraJson={
            "options": {"cellHeight": "sm"},
            "fieldConfig": {"defaults": {"custom": {"cellOptions": {"type": "auto"}, "inspect": False, "wrapText": wrap}, "noValue": ""}},
        },
    )


def logs(id_: int, title: str, description: str, targets: Sequence[Target], *, oldest_first: bool = False) -> G.Logs:
    """Log lines that open to their fields and links."""
    return G.Logs(
        id=id_,
        title=title,
        description=description,
        dataSource=_datasource(targets),
        targets=list(targets),
        showTime=True,
        wrapLogMessages=True,
        enableLogDetails=True,
        sortOrder="Ascending" if oldest_first else "Descending",
    )


def node_graph(id_: int, title: str, description: str, targets: Sequence[Target], overrides: Sequence[Override]) -> NodeGraph:
    """Nodes and edges; `overrides` carry the links."""
    return NodeGraph(
        id=id_, title=title, description=description, dataSource=_datasource(targets), targets=list(targets), overrides=list(overrides)
    )


def traces(id_: int, title: str, description: str, target: XRayTarget) -> Traces:
    """The waterfall of one trace."""
    return Traces(id=id_, title=title, description=description, dataSource=_datasource([target]), targets=[target])


def text(id_: int, title: str, description: str, markdown: str) -> G.Text:
    """Words, in Markdown."""
    return G.Text(
        id=id_,
        title=title,
        description=description,
        extraJson={
            "options": {
                "mode": "markdown",
                "content": markdown,
                "code": {"language": "plaintext", "showLineNumbers": False, "showMiniMap": False},
            }
        },
    )


def row(id_: int, title: str, *, collapsed: bool = True) -> G.RowPanel:
    """A heading. A collapsed one holds its panels and asks nothing until it is opened."""
    return G.RowPanel(id=id_, title=title, collapsed=collapsed)


def newest_first_to_last(field: str = "Time") -> Transformation:
    """X-Ray answers statistics newest first; what shows one value wants them oldest first."""
    return sort_by(field)


def limit_of(steps: Steps) -> Steps:
    """The red step alone, as a dashed line in a chart."""
    return (steps[0], *(step for step in steps if step.color == RED))


def _datasource(targets: Sequence[Target]) -> dict[str, str]:
    """The data source of a panel is that of its targets: the waterfall and the log links go by the panel's."""
    first: dict[str, str] = targets[0].to_json_data()["datasource"]
    return first


def shared(panel_id: int) -> list[SharedTarget]:
    """The answer of another panel of the same board."""
    return [SharedTarget(panelId=panel_id)]
