"""What a board asks of AWS, counted from its finished document: calls by API operation, and traces read.

Counts are the least of a load: one page of each answer. How the plugin turns a query into calls is read from x-ray-datasource 2.17.1,
pkg/datasource/get*.go and list*.go: a trace is two calls, "all groups" of Insights is one call for the groups and one for each of them,
and an analytics table reads its range in four windows, after one statistics call where it has no filter expression.
Loki and CloudWatch are not counted, nor is what another panel of the board has asked already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from xray_grafana import contract

Json: TypeAlias = dict[str, Any]

# A trace list ends with the page that reaches the first number, an analytics table samples down to the second.
LISTED_TRACES_MAX: Final = 1_000
SAMPLED_TRACES_MAX: Final = 10_000

_ANALYTICS_WINDOWS: Final = 4
_ONE_CALL: Final = {
    "getServiceMap": "GetServiceGraph",
    "getTimeSeriesServiceStatistics": "GetTimeSeriesServiceStatistics",
    "getTraceSummaries": "GetTraceSummaries",
    "listServices": "ListServices",
    "listServiceOperations": "ListServiceOperations",
    "listServiceDependencies": "ListServiceDependencies",
    "listServiceLevelObjectives": "ListServiceLevelObjectives",
    "services": "ListServices",
    "operations": "ListServiceOperations",
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Calls by the name of the API operation, and how many traces they list or sample at most."""

    operations: Counter[str]
    traces: int

    @property
    def calls(self) -> int:
        """All calls together."""
        return self.operations.total()


def load_cost(board: Json, groups: int) -> Cost:
    """What opening a board costs. `groups` is how many X-Ray groups the account has, Default included."""
    return _cost([*_variables(board), *_targets(board["panels"], opened=False)], groups)


def opened_cost(board: Json, groups: int) -> Cost:
    """What a board costs once every row of it has been opened, the load itself included."""
    return _cost([*_variables(board), *_targets(board["panels"], opened=True)], groups)


def _cost(queries: list[Json], groups: int) -> Cost:
    counted = [_query_cost(query, groups) for query in queries]
    return Cost(sum((cost.operations for cost in counted), Counter()), sum(cost.traces for cost in counted))


def _variables(board: Json) -> Iterator[Json]:
    for variable in board["templating"]["list"]:
        if variable["type"] == "query" and _is_xray(variable):
            yield variable["query"]


def _targets(panels: list[Json], *, opened: bool) -> Iterator[Json]:
    for panel in panels:
        if opened or not panel.get("collapsed", False):
            yield from _targets(panel.get("panels", []), opened=opened)
        yield from (target for target in panel.get("targets", []) if _is_xray(target))


def _is_xray(query: Json) -> bool:
    return bool(query["datasource"]["type"] == contract.XRAY_PLUGIN_ID)


def _query_cost(query: Json, groups: int) -> Cost:
    """One query. Raises KeyError for a type that is not known here."""
    kind: str = query.get("serviceQueryType") or query["queryType"]
    if kind == "getTrace":
        return Cost(Counter(BatchGetTraces=1, GetTraceGraph=1), 1)
    if kind == "getInsights":
        everything = query["group"] == contract.ALL_GROUPS
        return Cost(Counter(GetGroups=1, GetInsightSummaries=groups) if everything else Counter(GetInsightSummaries=1), 0)
    if kind.startswith("getAnalytics"):
        rate = {} if query["query"] else {"GetTimeSeriesServiceStatistics": 1}
        return Cost(Counter({**rate, "GetTraceSummaries": _ANALYTICS_WINDOWS}), SAMPLED_TRACES_MAX)
    return Cost(Counter({_ONE_CALL[kind]: 1}), LISTED_TRACES_MAX if kind == "getTraceSummaries" else 0)
