"""Links between boards: every uid, variable and panel they name is checked by the rules, so none is dead.

Time range and data sources travel along every link. Literal parts are percent-encoded here; placeholders stay for Grafana to fill,
with `:percentencode`, because it would put them in raw.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from xray_grafana.config.models import Config
from xray_grafana.xray import filters

TIME_RANGE: Final = "${__url_time_range}"
CELL: Final = "${__value.raw:percentencode}"
NODE_NAME: Final = "${__data.fields.title:percentencode}"
CALLER_NAME: Final = "${__data.fields.sourceName:percentencode}"
CALLED_NAME: Final = "${__data.fields.targetName:percentencode}"

_PLACEHOLDER: Final = re.compile(r"(\$\{[^}]+\})")

SLUGS: Final = {
    "home": "x-ray-overview",
    "map": "x-ray-service-map",
    "service": "x-ray-service",
    "traces": "x-ray-trace-search",
    "trace": "x-ray-trace",
    "causes": "x-ray-root-causes",
    "insights": "x-ray-insights",
    "alb": "alb-access-logs",
    "slo": "application-signals",
    "pipeline": "x-ray-pipeline-health",
}


# Boards that show nothing of Loki and link to no board that does.
WITHOUT_LOKI: Final = frozenset({"insights", "slo"})


def board_uid(config: Config, suffix: str) -> str:
    """The uid of a board: `<prefix>-<suffix>`, at most 29 characters."""
    return f"{config.prefix}-{suffix}"


def encoded(template: str) -> str:
    """Percent-encode all of a text but its `${…}` placeholders."""
    parts = _PLACEHOLDER.split(template)
    return "".join(part if index % 2 else quote(part, safe="") for index, part in enumerate(parts))


@dataclass(frozen=True, slots=True)
class Links:
    """The links of one config's boards."""

    config: Config

    def url(self, suffix: str, variables: dict[str, str]) -> str:
        """Path of a board with its variables, the data sources and the time range. Values may hold placeholders."""
        has_loki = self.config.logs is not None and suffix not in WITHOUT_LOKI
        sources = {"xray": "${xray}"} | ({"loki": "${loki}"} if has_loki else {})
        query = "&".join(f"var-{name}={encoded(value)}" for name, value in (variables | sources).items())
        return f"/d/{board_uid(self.config, suffix)}/{SLUGS[suffix]}?{query}&{TIME_RANGE}"

    def to(self, title: str, suffix: str, variables: dict[str, str]) -> dict[str, Any]:
        """A data link to a board."""
        return {"title": title, "url": self.url(suffix, variables), "targetBlank": False}

    def to_traces(self, title: str, expression: str) -> dict[str, Any]:
        """A data link to the trace search with a filter expression in place of the service."""
        return self.to(title, "traces", {"svc": expression, "status": "duration >= 0", "min": "0", "more": ""})

    def to_trace(self, trace_id: str = CELL) -> dict[str, Any]:
        """A data link from a trace id to its board."""
        return self.to("Open trace", "trace", {"traceId": trace_id})

    def on_map(self) -> list[dict[str, Any]]:
        """Overrides of a node graph: the plugin's own fourteen links to Explore go, ours come on nodes and edges.

        `null` on `id` takes the plugin's links off nodes and edges alike; a title with a slash puts the link under a heading of the menu.
        """
        node = [
            self.to("Service/Open its board", "service", {"service": NODE_NAME}),
            self.to_traces("Service/Its failed traces", filters.service(NODE_NAME, filters.FAULT)),
            self.to_traces("Service/All its traces", filters.service(NODE_NAME)),
            self.to("Service/Root causes in its traces", "causes", {"svc": filters.service(NODE_NAME)}),
        ]
        call = [
            self.to_traces("Call/Traces of this call", filters.edge(CALLER_NAME, CALLED_NAME)),
            self.to_traces("Call/Failed traces of this call", filters.edge(CALLER_NAME, CALLED_NAME, filters.FAULT)),
        ]
        return [_links("id", None), _links("title", node), _links("sourceName", call)]


def _links(field: str, links: list[dict[str, Any]] | None) -> dict[str, Any]:
    return {"matcher": {"id": "byName", "options": field}, "properties": [{"id": "links", "value": links}]}
