"""XG40x and XG41x: what alert rules ask, and when they fire.

Facts: Grafana 12.4 pkg/services/{ngalert,provisioning/alerting} and pkg/expr; states seen with plugin 2.17.1. Alert queries run in
Grafana's backend, which knows no board variables; Grafana does not expand models and annotations: a dollar there stands for itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from xray_grafana import contract
from xray_grafana.checks.boards import UID
from xray_grafana.checks.context import AlertQuery, AlertRule, Context, is_expanded
from xray_grafana.checks.documents import documents_at, leaves, list_at, number_at, pointer, shown, text_at, value_at
from xray_grafana.checks.panels import ORDERED_REDUCERS
from xray_grafana.checks.rule import Fault, Place, rule
from xray_grafana.checks.xray_targets import STATISTICS

_VARIABLE: Final = re.compile(r"\$\{?[A-Za-z_]\w*\}?")
_MATH_REFERENCE: Final = re.compile(r"\$(?:(\w+)|\{([^}]+)\})")
_NO_DATA_STATES: Final = ("NoData", "Alerting", "OK", "KeepLast")
_ERROR_STATES: Final = ("Error", "Alerting", "OK", "KeepLast")
_QUIET_STATES: Final = ("OK", "KeepLast")
# pkg/services/ngalert/models: the scheduler's base interval.
_BASE_INTERVAL_SECONDS: Final = 10
_DURATION_PART: Final = re.compile(r"(\d+)([smhdw])")
_DURATION: Final = re.compile(r"(?:\d+[smhdw])+")
_UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SILENT_SOURCE: Final = ("kind", "silent_source")


@rule(
    "XG401",
    "Alert queries hold no variables",
    reason="the backend knows no board variable, so the rule asks for a service called $service and sees nothing",
    remedy="write values and ranges out, one rule for each",
)
def _variable_in_alert(context: Context) -> Iterator[Fault]:
    for _, query in context.alert_queries:
        for leaf in leaves(query.model):
            if leaf.value and (found := _VARIABLE.search(leaf.value)):
                yield Fault(query.place, f"{pointer(leaf.path)} uses {found[0]}, expected a literal value")


@rule(
    "XG402",
    "Dollars in alert queries and annotations are single",
    reason="Grafana does not expand these, so $$ reaches the template and cannot be rendered",
    remedy="write one dollar",
)
def _doubled_dollar(context: Context) -> Iterator[Fault]:
    for artifact in context.alert_files:
        for leaf in leaves(artifact.document):
            if leaf.value and "$$" in leaf.value and not is_expanded(leaf.path):
                yield Fault(
                    Place(artifact.path, pointer(leaf.path)),
                    f"holds {shown(leaf.value[leaf.value.index('$$') :][:30])}, expected one dollar",
                )


@rule(
    "XG403",
    "An alert query asks for one statistics column",
    reason="several columns are several series without labels, and the rule errs: duplicate results with labels {}",
    remedy="list one column; make one query for each",
)
def _several_columns(context: Context) -> Iterator[Fault]:
    for _, query in _statistics(context):
        columns = list_at(query.model, "columns")
        if len(columns) != 1 or columns == ["all"]:
            yield Fault(query.place, f"asks for columns {shown(value_at(query.model, 'columns'))}, expected exactly one")


def _statistics(context: Context) -> Iterator[tuple[AlertRule, AlertQuery]]:
    return ((alert, query) for alert, query in context.alert_queries if _is_statistics(query))


def _is_statistics(query: AlertQuery) -> bool:
    return query.is_xray and text_at(query.model, "queryType") == STATISTICS


@rule(
    "XG404",
    "An alert query does not pretend to filter by group",
    reason="the backend sends no group with statistics, so the rule watches everything",
    remedy="use the Default group and select by service or edge",
)
def _group_without_effect(context: Context) -> Iterator[Fault]:
    for _, query in _statistics(context):
        name = value_at(query.model, "group", "GroupName")
        if name not in (None, contract.DEFAULT_GROUP["GroupName"]):
            yield Fault(query.place, f"group is {shown(name)}, expected Default")


@rule(
    "XG405",
    "X-Ray alerts use trace statistics",
    reason="every other answer of the plugin is no time series, and the rule errs: input data must be a wide series",
    remedy="use queryType getTimeSeriesServiceStatistics",
)
def _not_statistics(context: Context) -> Iterator[Fault]:
    for _, query in context.alert_queries:
        mode, kind = text_at(query.model, "queryMode"), text_at(query.model, "queryType")
        if query.is_xray and (mode not in {"", "X-Ray"} or kind != STATISTICS):
            yield Fault(query.place, f"asks {shown(kind)} in mode {shown(mode or 'X-Ray')}, expected {STATISTICS}")


@rule(
    "XG406",
    "Statistics are reduced without regard to their order",
    reason="X-Ray answers newest first, so last is the oldest minute and the rule reacts a whole window late",
    remedy="reduce by sum, mean, max, min or count",
)
def _ordered_reducer(context: Context) -> Iterator[Fault]:
    for alert in context.alert_rules:
        series = {query.ref_id for query in alert.queries if _is_statistics(query)}
        for expression in alert.expressions:
            if text_at(expression.model, "type") in {"math", "resample"} and series.intersection(_inputs(expression)):
                series.add(expression.ref_id)
        for expression in alert.expressions:
            for reducer in _reducers(expression):
                if reducer in ORDERED_REDUCERS and series.intersection(_inputs(expression)):
                    yield Fault(expression.place, f"reduces statistics by {reducer}, expected sum, mean, max, min or count")


def _reducers(expression: AlertQuery) -> Iterator[str]:
    kind = text_at(expression.model, "type")
    if kind == "reduce":
        yield text_at(expression.model, "reducer")
    elif kind == "classic_conditions":
        yield from (text_at(condition, "reducer", "type") for condition in documents_at(expression.model, "conditions"))


def _inputs(expression: AlertQuery) -> list[str]:
    """The refIds that an expression reads."""
    model = expression.model
    match text_at(model, "type"):
        case "math":
            return [bare or braced for bare, braced in _MATH_REFERENCE.findall(text_at(model, "expression"))]
        case "classic_conditions":
            return [text_at(condition, "query", "params", 0) for condition in documents_at(model, "conditions")]
        case "sql":
            return []
        case _:
            return [text_at(model, "expression").removeprefix("$").strip("{}")]


@rule(
    "XG407",
    "Rules decide what no data and an error mean",
    reason="Grafana's defaults fire alerts for both: every quiet night and every API hiccup pages somebody",
    remedy="set noDataState and execErrState",
)
def _state_missing(context: Context) -> Iterator[Fault]:
    for alert in context.alert_rules:
        for key, states in (("noDataState", _NO_DATA_STATES), ("execErrState", _ERROR_STATES)):
            if (state := value_at(alert.content, key)) not in states:
                yield Fault(alert.place, f"{key} is {shown(state)}, expected one of {', '.join(states)}")


@rule(
    "XG408",
    "A quiet service does not page",
    reason="X-Ray answers no rows for a quiet service, which is an Error there and not NoData, so execErrState Error or Alerting fires",
    remedy="set execErrState OK or KeepLast; a rule that watches for silence itself carries the label kind: silent_source",
)
def _quiet_service_pages(context: Context) -> Iterator[Fault]:
    key, silent = _SILENT_SOURCE
    for alert in context.alert_rules:
        state = value_at(alert.content, "execErrState")
        pages = state in _ERROR_STATES and state not in _QUIET_STATES and text_at(alert.content, "labels", key) != silent
        if pages and any(_is_statistics(query) for query in alert.queries):
            yield Fault(alert.place, f"execErrState is {state} on trace statistics, expected OK or KeepLast")


@rule(
    "XG409",
    "Rules say how bad it is, what it is, and what to do",
    reason="the page at night carries no severity to route by, or no word of what to do",
    remedy="set the label severity and the annotations summary, description and runbook_url",
)
def _words_missing(context: Context) -> Iterator[Fault]:
    wanted = (("labels", "severity"), ("annotations", "summary"), ("annotations", "description"), ("annotations", "runbook_url"))
    for alert in context.alert_rules:
        for path in wanted:
            if not text_at(alert.content, *path).strip():
                yield Fault(alert.place, f"{pointer(path)} is {shown(value_at(alert.content, *path))}, expected words")


@rule(
    "XG410",
    "Rules point to a board and panel that exist",
    reason="the alert's View panel leads nowhere; a number instead of text stops the file from loading",
    remedy="set __dashboardUid__ and __panelId__, both texts, to a board of the bundle and a panel on it",
)
def _unknown_alert_panel(context: Context) -> Iterator[Fault]:
    for alert in context.alert_rules:
        uid, number = (value_at(alert.content, "annotations", key) for key in ("__dashboardUid__", "__panelId__"))
        board = context.board_by_uid.get(uid) if isinstance(uid, str) else None
        if (uid is None) != (number is None):
            yield Fault(alert.place, f"__dashboardUid__ is {shown(uid)} and __panelId__ {shown(number)}, expected both or neither")
        elif uid is not None and board is None:
            yield Fault(
                alert.place, f"__dashboardUid__ is {shown(uid)}, expected one of {', '.join(sorted(context.board_by_uid)) or 'none'}"
            )
        elif board is not None and not (isinstance(number, str) and board.has_panel(number)):
            yield Fault(alert.place, f"__panelId__ is {shown(number)}, expected the id of a panel of {board.uid}, as text")


@rule(
    "XG411",
    "A rule's condition is one of its queries",
    reason="Grafana refuses the file, and with it every rule in it",
    remedy="set condition to the refId of the expression that decides",
)
def _unknown_condition(context: Context) -> Iterator[Fault]:
    for alert in context.alert_rules:
        condition, ref_ids = value_at(alert.content, "condition"), [query.ref_id for query in alert.queries]
        if condition not in ref_ids:
            yield Fault(
                alert.place, f"condition is {shown(condition)}, expected one of {', '.join(ref_ids) or 'none: the rule has no query'}"
            )


@rule(
    "XG412",
    "Expressions read queries of their rule",
    reason="the rule errs at every evaluation: could not find that query or expression",
    remedy="name the refId of a query or expression of the rule",
)
def _unknown_input(context: Context) -> Iterator[Fault]:
    for alert in context.alert_rules:
        ref_ids = {query.ref_id for query in alert.queries}
        for expression in alert.expressions:
            for name in dict.fromkeys(_inputs(expression)):
                if name not in ref_ids or name == expression.ref_id:
                    yield Fault(
                        expression.place, f"reads {shown(name)}, expected one of {', '.join(sorted(ref_ids - {expression.ref_id}))}"
                    )


@rule(
    "XG413",
    "Rules, titles and refIds are distinct",
    reason="Grafana refuses the file, or one rule takes the other's place",
    remedy="rename one of the two",
)
def _duplicate_rule(context: Context) -> Iterator[Fault]:
    uids: dict[str, Place] = {}
    titles: dict[tuple[str, str, str], Place] = {}
    for alert in context.alert_rules:
        if alert.uid and uids.setdefault(alert.uid, alert.place) is not alert.place:
            yield Fault(
                alert.place,
                f"uid {shown(alert.uid)} is that of {uids[alert.uid].pointer} in {uids[alert.uid].path}, expected one of its own",
            )
        key = (alert.folder, alert.group, text_at(alert.content, "title"))
        if titles.setdefault(key, alert.place) is not alert.place:
            yield Fault(
                alert.place,
                f"title {shown(key[2])} is that of {titles[key].pointer}, expected one of its own in group {shown(alert.group)}",
            )
        ref_ids = [query.ref_id for query in alert.queries]
        for ref_id in sorted({ref_id for ref_id in ref_ids if ref_ids.count(ref_id) > 1}):
            yield Fault(alert.place, f"has {ref_ids.count(ref_id)} queries with refId {shown(ref_id)}, expected distinct names")


@rule(
    "XG414",
    "Alert queries look back at most six hours",
    reason="X-Ray refuses a longer range and the rule errs at every evaluation; a query without a range looks at nothing",
    remedy="set relativeTimeRange from and to in seconds, at most 21600 apart for X-Ray",
)
def _alert_range(context: Context) -> Iterator[Fault]:
    limit = contract.XRAY_RANGE_MAX_HOURS * 3600
    for _, query in context.alert_queries:
        start, end = (number_at(query.content, "relativeTimeRange", key) for key in ("from", "to"))
        if start is None or start <= (end or 0) or (query.is_xray and start - (end or 0) > limit):
            got = shown(value_at(query.content, "relativeTimeRange"))
            yield Fault(
                query.place, f"relativeTimeRange is {got}, expected from > to{f' and at most {limit} seconds' if query.is_xray else ''}"
            )


@rule(
    "XG415",
    "Rules are evaluated at times that Grafana can keep",
    reason="Grafana does not start: the interval must be a multiple of its ten seconds, and for a duration",
    remedy="set interval to a multiple of 10s, and for to 0s or a duration",
)
def _evaluation_times(context: Context) -> Iterator[Fault]:
    for artifact in context.alert_files:
        for group in documents_at(artifact.document, "groups"):
            seconds = _seconds(value_at(group, "interval"))
            if not seconds or seconds % _BASE_INTERVAL_SECONDS:
                place = Place(artifact.path, f"group {shown(value_at(group, 'name'))}")
                yield Fault(place, f"interval is {shown(value_at(group, 'interval'))}, expected a multiple of {_BASE_INTERVAL_SECONDS}s")
    for alert in context.alert_rules:
        if _seconds(value_at(alert.content, "for")) is None:
            yield Fault(alert.place, f"for is {shown(value_at(alert.content, 'for'))}, expected a duration such as 5m")


def _seconds(value: object) -> int | None:
    """A duration such as `1h30m` in seconds; None for anything else. Source: github.com/prometheus/common model.ParseDuration."""
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        return None
    return sum(int(count) * _UNIT_SECONDS[unit] for count, unit in _DURATION_PART.findall(value))


@rule(
    "XG416",
    "Alert rules lie in a folder of their own",
    reason="rules and boards are provisioned apart, and at the first start Grafana makes two folders of that title",
    remedy="give the rules' folder a title that no dashboard provider uses",
)
def _shared_folder(context: Context) -> Iterator[Fault]:
    folders = {
        text_at(provider, "folder"): artifact.path
        for artifact in context.provider_files
        for provider in documents_at(artifact.document, "providers")
    }
    for artifact in context.alert_files:
        for group in documents_at(artifact.document, "groups"):
            folder = text_at(group, "folder")
            if folder and folder in folders:
                place = Place(artifact.path, f"group {shown(value_at(group, 'name'))}")
                yield Fault(place, f"folder is {shown(folder)}, which {folders[folder]} gives to boards, expected another title")


@rule(
    "XG417",
    "A rule is not made and deleted at once",
    reason="Grafana deletes the rule at each start, and its state and history with it",
    remedy="take the uid out of deleteRules",
)
def _made_and_deleted(context: Context) -> Iterator[Fault]:
    made = {alert.uid: alert.place for alert in context.alert_rules}
    for artifact in context.alert_files:
        for index, item in enumerate(documents_at(artifact.document, "deleteRules")):
            uid = text_at(item, "uid")
            if uid in made:
                yield Fault(
                    Place(artifact.path, f"deleteRules[{index}]"),
                    f"deletes {shown(uid)}, which is {made[uid].pointer}, expected a rule that is gone",
                )


@rule(
    "XG418",
    "A rule's uid is one that Grafana takes",
    reason="Grafana does not start: the rule file is refused",
    remedy="use 1 to 40 letters, digits, - or _",
)
def _rule_uid(context: Context) -> Iterator[Fault]:
    for alert in context.alert_rules:
        uid = value_at(alert.content, "uid")
        if not isinstance(uid, str) or not UID.fullmatch(uid):
            yield Fault(alert.place, f"uid is {shown(uid)}, expected 1 to {contract.UID_MAX_LENGTH} letters, digits, - or _")


@rule(
    "XG419",
    "Alert queries ask data sources of the bundle",
    reason="the rule errs at every evaluation: data source not found",
    remedy="set datasourceUid to the uid of a provisioned data source",
)
def _unknown_alert_source(context: Context) -> Iterator[Fault]:
    for _, query in context.alert_queries:
        if query.source_uid not in context.datasource_types:
            known = ", ".join(sorted(context.datasource_types)) or "none"
            yield Fault(query.place, f"datasourceUid is {shown(value_at(query.content, 'datasourceUid'))}, expected one of {known}")


RULES: Final = (
    _variable_in_alert,
    _doubled_dollar,
    _several_columns,
    _group_without_effect,
    _not_statistics,
    _ordered_reducer,
    _state_missing,
    _quiet_service_pages,
    _words_missing,
    _unknown_alert_panel,
    _unknown_condition,
    _unknown_input,
    _duplicate_rule,
    _alert_range,
    _evaluation_times,
    _shared_folder,
    _made_and_deleted,
    _rule_uid,
    _unknown_alert_source,
)
