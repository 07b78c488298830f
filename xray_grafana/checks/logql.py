"""XG50x: LogQL wherever it stands: boards, their variables, alert rules, correlations and span links.

Facts: Loki's grammar, by `xray_grafana.loki.syntax`; load-balancer fields: AWS's documentation of access-log entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from xray_grafana import contract
from xray_grafana.checks.context import Context, DataSource, as_loaded
from xray_grafana.checks.documents import document_at, text_at
from xray_grafana.checks.rule import Fault, Place, rule
from xray_grafana.checks.variables import names_a_trace_id, references
from xray_grafana.loki.errors import LogqlError
from xray_grafana.loki.syntax import is_metric_query

_ALERT: Final = "alert rule"
_OF_VALUES: Final = frozenset({_ALERT, "timeseries", "stat", "gauge", "bargauge", "histogram"})
_QUOTED: Final = r'(?:`[^`]*`|"(?:[^"\\]|\\.)*")'
_FILTER: Final = re.compile(rf"\|\s*(?:[^|]*?\bor\s+)?(\w+)\s*(!=|=~)\s*({_QUOTED})")
_FROM_TEXT: Final = re.compile(rf"\b(\w+)\s*=\s*({_QUOTED})")
_TIMES: Final = ("rpt", "tpt", "resp")
_UNWRAP: Final = re.compile(rf"\|\s*unwrap\s+({'|'.join(_TIMES)})\b")


class _Query(NamedTuple):
    text: str
    place: Place
    on_board: bool = False
    drawn_as: str = ""


def _queries(context: Context) -> Iterator[_Query]:
    for _, panel, target in context.targets:
        if target.source_type == contract.LOKI_PLUGIN_ID:
            yield _Query(text_at(target.content, "expr"), target.place, on_board=True, drawn_as=panel.type)
    for _, query in context.alert_queries:
        if query.source_type == contract.LOKI_PLUGIN_ID:
            yield _Query(text_at(query.model, "expr"), query.place, drawn_as=_ALERT)
    for source in context.datasources:
        yield from _queries_of_links(context, source)
    for board in context.boards:
        for variable in board.variables.values():
            of_loki = text_at(variable.content, "datasource", "type") == contract.LOKI_PLUGIN_ID
            if of_loki and (stream := text_at(variable.content, "query", "stream")):
                yield _Query(stream, board.place.within(f"variable {variable.name}"))


def _queries_of_links(context: Context, source: DataSource) -> Iterator[_Query]:
    for place, item in source.correlations:
        if _is_loki(context, text_at(item, "targetUID")) and text_at(item, "type") != "external":
            yield _Query(as_loaded(text_at(item, "config", "target", "expr")), place)
    for key in ("tracesToLogsV2", "tracesToLogs"):
        link = document_at(source.settings, key)
        if text_at(link, "query") and _is_loki(context, text_at(link, "datasourceUid")):
            yield _Query(as_loaded(text_at(link, "query")), source.place.within(f"jsonData.{key}"))


def _is_loki(context: Context, uid: str) -> bool:
    return context.datasource_types.get(uid) == contract.LOKI_PLUGIN_ID


@rule(
    "XG501",
    "LogQL parses",
    reason="Loki refuses the query: the panel, rule or link stays empty",
    remedy="mend the query at the column named",
)
def _does_not_parse(context: Context) -> Iterator[Fault]:
    for query in _queries(context):
        answer = _answer(query.text)
        if isinstance(answer, LogqlError):
            yield Fault(query.place, answer.summary)


@lru_cache(maxsize=1024)
def _answer(text: str) -> bool | LogqlError:
    """Whether a query answers with values rather than lines; the error when it does not parse."""
    try:
        return is_metric_query(text)
    except LogqlError as error:
        return error


@rule(
    "XG502",
    "A LogQL query answers with what is drawn",
    reason="a chart, number or alert rule finds no values in log lines, and a log panel no lines in values",
    remedy="count or unwrap the lines over a range, or draw them in a logs or table panel",
)
def _wrong_answer(context: Context) -> Iterator[Fault]:
    for query in _queries(context):
        wants_values = query.drawn_as in _OF_VALUES
        if wants_values or query.drawn_as == "logs":
            has_values = _answer(query.text)
            if isinstance(has_values, bool) and has_values != wants_values:
                got, expected = ("values", "lines") if has_values else ("log lines", "values")
                yield Fault(query.place, f"a {query.drawn_as} asks for {got}, expected {expected}")


@rule(
    "XG503",
    "A log query by trace id finds nothing when the id is empty",
    reason="an empty id matches every line, so a board opened without one floods the panel and reads the whole range",
    remedy="put the variable in a label and drop lines where it is empty: | label_format t=`$traceId` | t!=``",
)
def _unguarded_trace_id(context: Context) -> Iterator[Fault]:
    for query in _queries(context):
        names = {name for name in references(query.text) if names_a_trace_id(name)}
        if query.on_board and names and not _is_guarded(query.text, names):
            yield Fault(query.place, f"searches for ${min(names)} even when it is empty, expected a filter on a label made of it")


def _is_guarded(text: str, names: set[str]) -> bool:
    """Whether a label made of the variable must be something other than empty."""
    made = {label for label, value in _FROM_TEXT.findall(text) if names.intersection(references(value))}
    return any(label in made and _refuses_empty(operator, value[1:-1]) for label, operator, value in _FILTER.findall(text))


def _refuses_empty(operator: str, value: str) -> bool:
    if operator == "!=":
        return value == ""
    try:
        return re.fullmatch(value, "") is None
    except re.error:
        return False


@rule(
    "XG504",
    "Processing times drop the -1 of requests that got no answer",
    reason="the load balancer writes -1 when there was no answer, which pulls averages and quantiles below the truth",
    remedy="take only numbers before unwrap: | tpt=~`[0-9.]+`",
)
def _unanswered_times(context: Context) -> Iterator[Fault]:
    for query in _queries(context):
        start = 0
        for unwrap in _UNWRAP.finditer(query.text):
            field = unwrap[1]
            before = query.text[start : unwrap.start()]
            if not re.search(rf"\b{field}\s*(?:!=\s*[\"`]-1[\"`]|>=?\s*0|=~\s*[\"`]\[0-9\.\]\+[\"`])", before):
                yield Fault(query.place, f"unwraps {field} with its -1 in, expected | {field}=~`[0-9.]+` before it")
            start = unwrap.end()


RULES: Final = (_does_not_parse, _wrong_answer, _unguarded_trace_id, _unanswered_times)
