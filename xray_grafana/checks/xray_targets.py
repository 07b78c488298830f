"""XG1xx: what the X-Ray plugin and API refuse, or silently answer wrongly.

Facts: grafana/x-ray-datasource 2.17.1 (pkg/datasource/*.go, src/XRayDataSource.ts), tried in Grafana 12.4.0; limits of the API: botocore's
service model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from xray_grafana import contract
from xray_grafana.checks.context import Context, XRayQuery
from xray_grafana.checks.documents import JsonValue, document_at, is_one_of, leaves, list_at, pointer, shown, text_at, value_at
from xray_grafana.checks.rule import Fault, rule
from xray_grafana.checks.variables import lone_reference, names_a_trace_id, references
from xray_grafana.config.models import source_region

STATISTICS: Final = "getTimeSeriesServiceStatistics"
SERVICE_MAP: Final = "getServiceMap"
TRACE: Final = "getTrace"
TRACE_LIST: Final = "getTraceSummaries"
INSIGHTS: Final = "getInsights"
ANALYTICS_PREFIX: Final = "getAnalytics"
OBJECTIVES: Final = "listServiceLevelObjectives"

_CAUSES: Final = (
    "ResponseTimeService",
    "ResponseTimePath",
    "ErrorService",
    "ErrorPath",
    "ErrorMessage",
    "FaultService",
    "FaultPath",
    "FaultMessage",
)
_XRAY_KINDS: Final = frozenset(
    {STATISTICS, SERVICE_MAP, TRACE, TRACE_LIST, INSIGHTS}
    | {f"{ANALYTICS_PREFIX}RootCause{cause}" for cause in _CAUSES}
    | {f"{ANALYTICS_PREFIX}{what}" for what in ("User", "Url", "StatusCode")}
)
_OF_SERVICE: Final = ("listServiceOperations", "listServiceDependencies", OBJECTIVES)
_SERVICES_KINDS: Final = frozenset({"listServices", *_OF_SERVICE})
_RESOLUTIONS_SECONDS: Final = (60, 300)
_STATES: Final = ("All", "Active", "Closed")
_ALL_COLUMNS: Final = "all"

_INTERPOLATED: Final = ("query", "region", "accountIds", "accountId", "serviceString", "operationName", "datasource")
_LITERAL: Final = ("group", "columns", "resolution", "state", "queryType", "queryMode", "serviceQueryType")

_TEXT: Final = r'"(?:[^"\\]|\\.)*"'
_ID: Final = rf"id\(\s*\w[\w.]*\s*:\s*{_TEXT}(?:\s*,\s*\w[\w.]*\s*:\s*{_TEXT})*\s*\)"
_NODE: Final = rf"(?:{_TEXT}|{_ID})"
_SELECTOR: Final = re.compile(rf"\s*(?:service\(\s*{_NODE}?\s*\)|edge\(\s*{_NODE}\s*,\s*{_NODE}\s*\)|{_ID})\s*|\s*")
_TRACE_ID: Final = re.compile(rf"\s*(?:{contract.XRAY_TRACE_ID_PATTERN}|{contract.W3C_TRACE_ID_PATTERN})\s*")


@rule(
    "XG101",
    "Service maps and insights name a group",
    reason="the plugin panics without it and every X-Ray query of the request fails",
    remedy='set group, for all traces {"GroupName": "Default", "GroupARN": "default"}',
)
def _group_missing(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries_of(SERVICE_MAP, INSIGHTS):
        if not text_at(query.content, "group", "GroupName"):
            got = shown(value_at(query.content, "group"))
            yield Fault(query.place, f"{query.kind} has group {got}, expected one with a GroupName")


@rule(
    "XG102",
    "A service map is of one group",
    reason="only insights know the group All; for the map X-Ray answers that the group is not found",
    remedy="name a group of the account, or Default",
)
def _map_of_all_groups(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries_of(SERVICE_MAP):
        if text_at(query.content, "group", "GroupName") == "All":
            yield Fault(query.place, 'the map has group "All", expected one group')


@rule(
    "XG103",
    "Statistics are asked for one service or one edge",
    reason="X-Ray takes only an entity selector there and refuses a filter expression, so the panel stays empty",
    remedy='write service("…") or edge("…", "…") alone, or leave the query empty for all edges',
)
def _statistics_selector(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries_of(STATISTICS):
        for text in _possible_queries(query):
            if text is None or not _SELECTOR.fullmatch(text):
                got = shown(text_at(query.content, "query"))
                option = "" if text is None or text == text_at(query.content, "query") else f", which can be {shown(text)}"
                yield Fault(query.place, f"the statistics query is {got}{option}, expected one service(…), one edge(…, …) or nothing")


def _possible_queries(query: XRayQuery) -> tuple[str | None, ...]:
    """The texts that can be sent; None where nobody can tell."""
    text = text_at(query.content, "query")
    name = lone_reference(text)
    if name is None or query.board is None:
        return (text,)
    variable = query.board.variables.get(name)
    if variable is None:
        return ()
    return (None,) if variable.values is None else variable.values


@rule(
    "XG104",
    "A statistics selector has at most 500 characters",
    reason="X-Ray refuses a longer one, so the panel stays empty",
    remedy="shorten the names in the selector, or select by service only",
)
def _selector_too_long(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries_of(STATISTICS):
        longest = max((len(text) for text in _possible_queries(query) if text), default=0)
        if longest > contract.SELECTOR_MAX_LENGTH:
            yield Fault(query.place, f"the selector has {longest} characters, expected at most {contract.SELECTOR_MAX_LENGTH}")


@rule(
    "XG105",
    "Statistics columns are those the plugin knows",
    reason="the plugin panics on any other name and every X-Ray query of the request fails",
    remedy=f"use {', '.join(contract.STATISTICS_FIELDS)}",
)
def _unknown_column(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries_of(STATISTICS):
        columns = value_at(query.content, "columns")
        if columns is not None and not isinstance(columns, list):
            yield Fault(query.place, f"columns is {shown(columns)}, expected a list of names")
        named = [] if _takes_all_columns(query) else list_at(query.content, "columns")
        for column in named:
            if not is_one_of(column, contract.STATISTICS_FIELDS):
                yield Fault(query.place, f"column {shown(column)} is unknown, expected one of {', '.join(contract.STATISTICS_FIELDS)}")


@rule(
    "XG106",
    "A panel that shows one value asks for named statistics columns",
    reason="all columns come as six unlabelled series and the panel shows six numbers, or the wrong one",
    remedy="list the columns that the panel reads",
)
def _columns_left_out(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries_of(STATISTICS):
        if query.panel is not None and query.panel.type in {"stat", "gauge", "bargauge"} and _takes_all_columns(query):
            got = shown(value_at(query.content, "columns"))
            yield Fault(query.place, f"columns is {got} on a {query.panel.type} panel, expected names")


def _takes_all_columns(query: XRayQuery) -> bool:
    return list_at(query.content, "columns")[:1] in ([], [_ALL_COLUMNS])


@rule(
    "XG107",
    "A resolution is the number 60 or 300",
    reason="the plugin cannot read text there and fails the query; X-Ray refuses other periods",
    remedy="write 60 or 300 as a number",
)
def _resolution(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries:
        value = value_at(query.content, "resolution")
        if value is not None and (isinstance(value, bool) or value not in _RESOLUTIONS_SECONDS):
            yield Fault(query.place, f"resolution is {shown(value)}, expected the number 60 or 300")


@rule(
    "XG108",
    "Query modes and types are those the plugin knows",
    reason="the plugin answers unknown query type or mode, so the panel stays empty",
    remedy="set queryMode X-Ray with a queryType, or queryMode Services with a serviceQueryType",
)
def _unknown_kind(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries:
        mode = value_at(query.content, "queryMode") or "X-Ray"
        if mode == "X-Ray":
            key, kinds = "queryType", _XRAY_KINDS
        elif mode == "Services":
            key, kinds = "serviceQueryType", _SERVICES_KINDS
        else:
            yield Fault(query.place, f"queryMode is {shown(mode)}, expected X-Ray or Services")
            continue
        if not is_one_of(kind := value_at(query.content, key), kinds):
            yield Fault(query.place, f"{key} is {shown(kind)}, expected one of {', '.join(sorted(kinds))}")


@rule(
    "XG109",
    "A query's region is the data source's",
    reason="the plugin's editor rewrites a region it does not know, and a board that names one does not serve the other sources",
    remedy="write default; choose the region by the data source",
)
def _region(context: Context) -> Iterator[Fault]:
    known = {"", "default", context.config.aws.region} | {source_region(context.config, source) for source in context.config.xray.sources}
    for query in context.xray_queries:
        got = value_at(query.content, "region")
        if got is not None and not is_one_of(got, known) and not (isinstance(got, str) and lone_reference(got)):
            regions = ", ".join(sorted(known - {"", "default"}))
            yield Fault(query.place, f"region is {shown(got)}, expected default, a variable or one of the config ({regions})")


@rule(
    "XG110",
    "A trace id is asked for with getTrace",
    reason="getTraceSummaries takes a filter expression and X-Ray refuses an id there",
    remedy="use queryType getTrace",
)
def _trace_id_in_list(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries_of(TRACE_LIST):
        text = text_at(query.content, "query")
        name = lone_reference(text)
        if _TRACE_ID.fullmatch(text) or (name and names_a_trace_id(name)):
            yield Fault(query.place, f"{TRACE_LIST} has the query {shown(text)}, expected a filter expression")


@rule(
    "XG111",
    "Account filters list account ids",
    reason='the word "all" is no wildcard there, nodes without that account are dropped and the map is empty',
    remedy="leave accountIds out to see every account",
)
def _account_all(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries:
        if "all" in list_at(query.content, "accountIds"):
            yield Fault(query.place, 'accountIds holds "all", expected account ids only')


@rule(
    "XG112",
    "Variables in X-Ray queries have one value",
    reason="Grafana writes several values as {a,b}, which X-Ray refuses and the account filter matches with nothing",
    remedy="make the variable single-value (multi and includeAll false), or repeat the panel by it",
)
def _list_variable(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries:
        if query.board is None or query.panel is None:
            continue
        for key in _INTERPOLATED:
            for name in dict.fromkeys(_names_in(value_at(query.content, key))):
                variable = query.board.variables.get(name)
                if variable is not None and variable.is_list and name not in query.panel.repeated_by:
                    yield Fault(query.place, f"{key} uses ${name}, which can have several values, expected a single-value variable")


def _names_in(node: JsonValue) -> Iterator[str]:
    for leaf in leaves(node):
        yield from references(leaf.value or "")


@rule(
    "XG113",
    "Variables stand only where the plugin replaces them",
    reason="the plugin sends the name of the variable itself, so X-Ray refuses the query or the choice has no effect",
    remedy="write the value out; only query, region, accountIds, accountId, serviceString and operationName take variables",
)
def _variable_not_replaced(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries:
        if query.board is None:
            continue
        for key in _LITERAL:
            for leaf in leaves(value_at(query.content, key), (key,)):
                if references(leaf.value or ""):
                    yield Fault(query.place, f"{pointer(leaf.path)} is {shown(leaf.value)}, expected a literal value")


@rule(
    "XG114",
    "Objectives are asked for one operation",
    reason="the plugin sends an empty operation name and Application Signals refuses it",
    remedy="set operationName, or a variable that always has a value",
)
def _operation_missing(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries_of(OBJECTIVES):
        if not text_at(query.content, "operationName").strip():
            yield Fault(query.place, f"operationName is {shown(value_at(query.content, 'operationName'))}, expected an operation")


@rule(
    "XG115",
    "Operations, dependencies and objectives are asked for one service",
    reason='the plugin answers "Service not set on query", or cannot read text that is no JSON, and the table stays empty',
    remedy="set serviceString to the key attributes' JSON text, or to a variable of the services query",
)
def _service_missing(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries_of(*_OF_SERVICE):
        text = text_at(query.content, "serviceString")
        if not text.strip() or not (references(text) or _is_json_object(text)):
            yield Fault(query.place, f"serviceString is {shown(value_at(query.content, 'serviceString'))}, expected key attributes as JSON")


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


@rule(
    "XG116",
    "Insights are filtered by a state that exists",
    reason="the plugin sends any other word on and X-Ray refuses it",
    remedy="write All, Active or Closed",
)
def _insight_state(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries_of(INSIGHTS):
        state = value_at(query.content, "state")
        if state is not None and state not in _STATES and not references(str(state)):
            yield Fault(query.place, f"state is {shown(state)}, expected one of {', '.join(_STATES)}")


@rule(
    "XG117",
    "A group is named and addressed together",
    reason="the plugin's editor replaces a group without ARN by Default when somebody opens the panel",
    remedy="give the group both GroupName and GroupARN",
    severity="warning",
)
def _group_incomplete(context: Context) -> Iterator[Fault]:
    for query in context.xray_queries:
        group = document_at(query.content, "group")
        if text_at(group, "GroupName") and not text_at(group, "GroupARN"):
            yield Fault(
                query.place, f'group "{text_at(group, "GroupName")}" has GroupARN {shown(value_at(group, "GroupARN"))}, expected its ARN'
            )


RULES: Final = (
    _group_missing,
    _map_of_all_groups,
    _statistics_selector,
    _selector_too_long,
    _unknown_column,
    _columns_left_out,
    _resolution,
    _unknown_kind,
    _region,
    _trace_id_in_list,
    _account_all,
    _list_variable,
    _variable_not_replaced,
    _operation_missing,
    _service_missing,
    _insight_state,
    _group_incomplete,
)
