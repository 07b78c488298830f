"""XG3xx: provisioned data sources, their correlations and derived fields.

Facts: Grafana 12.4 pkg/services/provisioning (values, datasources), public/app/features/{explore/TraceView,correlations}, the Loki plugin;
each start-up failure was seen. Texts here are as in the file: `as_loaded` gives what Grafana makes of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from xray_grafana import contract
from xray_grafana.bundle.artifact import Document
from xray_grafana.checks.boards import UID
from xray_grafana.checks.context import Context, DataSource, as_loaded, is_expanded, without_escapes
from xray_grafana.checks.documents import document_at, documents_at, is_one_of, leaves, pointer, shown, text_at, value_at
from xray_grafana.checks.javascript import RegexError, compile_javascript
from xray_grafana.checks.rule import Fault, Place, rule

# Types that Grafana's TraceView builds log links for: public/app/features/explore/TraceView/createSpanLink.tsx.
_LOG_TYPES: Final = (
    "loki",
    "elasticsearch",
    "grafana-opensearch-datasource",
    "grafana-splunk-datasource",
    "grafana-falconlogscale-datasource",
    "googlecloud-logging-datasource",
    "victoriametrics-logs-datasource",
)
_TO_LOGS: Final = ("tracesToLogsV2", "tracesToLogs")
_TRACE_LINKS: Final = (*_TO_LOGS, "tracesToMetrics")
_EMPTY_ON_SUBSEGMENTS: Final = "__span.traceId"
_CORRELATION_TYPES: Final = ("query", "external")
_TRANSFORMATIONS: Final = ("regex", "logfmt")
_PLACEHOLDER: Final = re.compile(r"\$\{?([A-Za-z_][\w.]*)")
_LINK_VALUES: Final = frozenset({"__value.raw", "__url_time_range", "__from", "__to", "__data.fields.Line"})
# A load balancer's own id before the trace's: a header that an upstream load balancer has written.
_SELF_ID: Final = "1-67891234-12456789abcdef0123456789"
_ALB_HEADER: Final = f'"Self={_SELF_ID};Root=1-67891233-abcdef012345678912345678"'


@rule(
    "XG301",
    "Dollars are doubled where Grafana expands them",
    reason="Grafana puts an environment variable in its place, mostly an empty one, and the text loses a part without a word",
    remedy="write $$ for $; only $__env{…} and $__file{…} keep one",
)
def _single_dollar(context: Context) -> Iterator[Fault]:
    expanded = {artifact.path for artifact in (*context.datasource_files, *context.provider_files)}
    for artifact in (*context.datasource_files, *context.provider_files, *context.alert_files):
        for leaf in leaves(artifact.document):
            if not leaf.value or not (artifact.path in expanded or is_expanded(leaf.path)):
                continue
            if "$" in leaf.value and "$" in (rest := without_escapes(leaf.value)):
                where = rest[rest.index("$") :][:20]
                yield Fault(Place(artifact.path, pointer(leaf.path)), f"holds {shown(where)} with one dollar, expected $$")


@rule(
    "XG302",
    "Correlations have a label and a description",
    reason="Grafana does not start when either is missing or no text, and an empty one leaves a menu row without words",
    remedy="set label and description to texts",
)
def _correlation_words(context: Context) -> Iterator[Fault]:
    for _, place, item in _correlations(context):
        for key in ("label", "description"):
            value = value_at(item, key)
            if not isinstance(value, str) or not value.strip():
                yield Fault(place, f"{key} is {shown(value)}, expected words")


def _correlations(context: Context) -> Iterator[tuple[DataSource, Place, Document]]:
    return ((source, place, item) for source in context.datasources for place, item in source.correlations)


@rule(
    "XG303",
    "Correlations lead to a data source of the bundle",
    reason="Grafana does not start: target data source does not exist",
    remedy="set targetUID to the uid of a provisioned data source",
)
def _correlation_target(context: Context) -> Iterator[Fault]:
    for _, place, item in _correlations(context):
        uid = value_at(item, "targetUID")
        if not is_one_of(uid, context.datasource_types) and not (uid is None and text_at(item, "type") == "external"):
            yield Fault(place, f"targetUID is {shown(uid)}, expected one of {_known(context)}")


def _known(context: Context) -> str:
    return ", ".join(sorted(context.datasource_types)) or "none"


@rule(
    "XG304",
    "A correlation's type stands beside its config",
    reason="Grafana does not start with any config.type but query, nor with a type it does not know",
    remedy="set type to query or external beside config, and leave config.type out",
)
def _correlation_type(context: Context) -> Iterator[Fault]:
    for _, place, item in _correlations(context):
        inner, outer = value_at(item, "config", "type"), value_at(item, "type")
        if inner not in (None, "query"):
            yield Fault(place, f"config.type is {shown(inner)}, expected none")
        if outer is not None and outer not in _CORRELATION_TYPES:
            yield Fault(place, f"type is {shown(outer)}, expected query or external")


@rule(
    "XG305",
    "A correlation's transformations stand inside its config",
    reason="Grafana does not start when they stand beside it",
    remedy="move transformations into config",
)
def _correlation_transformations(context: Context) -> Iterator[Fault]:
    for _, place, item in _correlations(context):
        if "transformations" in item:
            yield Fault(place, "transformations stand beside config, expected inside it")


@rule(
    "XG306",
    "A correlation's regular expression can be used",
    reason="Grafana does not start without an expression, and one that does not compile gives no variables and no link",
    remedy="set expression to a JavaScript regular expression without slashes, named groups as (?<name>…)",
)
def _correlation_regex(context: Context) -> Iterator[Fault]:
    for _, place, item in _correlations(context):
        for index, step in enumerate(documents_at(item, "config", "transformations")):
            where = place.within(f"transformation {index}")
            kind, expression = text_at(step, "type"), text_at(step, "expression")
            if kind not in _TRANSFORMATIONS:
                yield Fault(where, f"type is {shown(value_at(step, 'type'))}, expected regex or logfmt")
            elif kind == "regex" and not expression:
                yield Fault(where, "has no expression, expected a regular expression")
            elif kind == "regex" and (problem := _problem(expression)):
                yield Fault(where, problem)


def _problem(expression: str) -> str | None:
    try:
        compile_javascript(as_loaded(expression))
    except RegexError as error:
        return f"{shown(expression)} does not compile: {error}, expected a JavaScript regular expression"
    return None


@rule(
    "XG307",
    "Correlations between the same two sources differ in their label",
    reason="Grafana makes one of the two, without a word",
    remedy="give each correlation a label of its own",
)
def _correlation_twins(context: Context) -> Iterator[Fault]:
    first: dict[tuple[str, str, str], Place] = {}
    for source, place, item in _correlations(context):
        key = (source.uid, text_at(item, "targetUID"), text_at(item, "label"))
        if first.setdefault(key, place) != place:
            yield Fault(place, f"label {shown(key[2])} is that of {first[key].pointer}, expected one of its own")


@rule(
    "XG308",
    "A correlation says on which field it stands and what it asks",
    reason="Grafana takes one without a field or target and never shows it",
    remedy="set config.field and config.target",
)
def _correlation_config(context: Context) -> Iterator[Fault]:
    for _, place, item in _correlations(context):
        if not text_at(item, "config", "field"):
            yield Fault(place, f"config.field is {shown(value_at(item, 'config', 'field'))}, expected a field of the source's answers")
        if not document_at(item, "config", "target"):
            yield Fault(place, f"config.target is {shown(value_at(item, 'config', 'target'))}, expected a query")


@rule(
    "XG310",
    "Span logs are looked for in a source that Grafana can ask",
    reason="Grafana's trace view builds no link for other types, CloudWatch among them: the log icons are missing",
    remedy=f"set datasourceUid to a source of one of these types: {', '.join(_LOG_TYPES)}",
)
def _ignored_log_source(context: Context) -> Iterator[Fault]:
    for link in _trace_links(context):
        kind = context.datasource_types.get(text_at(link.settings, "datasourceUid"))
        if link.key in _TO_LOGS and kind is not None and kind not in _LOG_TYPES:
            yield Fault(link.place, f"leads to a data source of type {kind}, expected one of {', '.join(_LOG_TYPES)}")


class _TraceLink(NamedTuple):
    source: DataSource
    key: str
    place: Place
    settings: Document


def _trace_links(context: Context) -> Iterator[_TraceLink]:
    for source in context.datasources:
        for key in _TRACE_LINKS:
            if settings := document_at(source.settings, key):
                yield _TraceLink(source, key, source.place.within(f"jsonData.{key}"), settings)


@rule(
    "XG311",
    "Span links use the trace id that every span has",
    reason="an X-Ray subsegment has no trace id of its own, so the query asks for an empty text and finds every line",
    remedy="write $${__trace.traceId}",
)
def _empty_span_variable(context: Context) -> Iterator[Fault]:
    for link in _trace_links(context):
        if link.source.type == contract.XRAY_PLUGIN_ID:
            for leaf in leaves(link.settings):
                if _EMPTY_ON_SUBSEGMENTS in (leaf.value or ""):
                    yield Fault(link.place, f"{pointer(leaf.path)} uses {_EMPTY_ON_SUBSEGMENTS}, expected __trace.traceId")


@rule(
    "XG312",
    "Span logs of X-Ray are filtered by a query of their own",
    reason="filterByTraceID uses the span's own id, which a subsegment lacks: Grafana then drops the filter without a word",
    remedy="set filterByTraceID false, customQuery true and a query with $${__trace.traceId}",
)
def _filter_by_trace_id(context: Context) -> Iterator[Fault]:
    for link in _trace_links(context):
        if link.source.type == contract.XRAY_PLUGIN_ID and value_at(link.settings, "filterByTraceID") is True:
            yield Fault(link.place, "filterByTraceID is true, expected false")


@rule(
    "XG313",
    "A span query is switched on",
    reason="Grafana ignores the query without customQuery and asks for labels that X-Ray spans do not have",
    remedy="set customQuery true beside query",
)
def _query_switched_off(context: Context) -> Iterator[Fault]:
    for link in _trace_links(context):
        if link.key in _TO_LOGS and bool(text_at(link.settings, "query")) != (value_at(link.settings, "customQuery") is True):
            got = shown(value_at(link.settings, "customQuery"))
            has = "a query" if text_at(link.settings, "query") else "no query"
            yield Fault(link.place, f"has {has} and customQuery {got}, expected both or neither")


@rule(
    "XG320",
    "Data sources lead to data sources of the bundle",
    reason="the link is missing or opens an empty pane",
    remedy="use the uid of a provisioned data source",
)
def _unknown_reference(context: Context) -> Iterator[Fault]:
    for source in context.datasources:
        references = [(source.place.within("jsonData"), "tracingDatasourceUid", source.settings)]
        references += [(place, "datasourceUid", item) for place, item in source.derived_fields]
        references += [(link.place, "datasourceUid", link.settings) for link in _trace_links(context) if link.source is source]
        for place, key, item in references:
            uid = value_at(item, key)
            if uid is not None and not is_one_of(uid, context.datasource_types):
                yield Fault(place, f"{key} is {shown(uid)}, expected one of {_known(context)}")


@rule(
    "XG321",
    "A derived field's regular expression finds something",
    reason="Grafana takes the first group of the match: without one, or when the expression does not compile, no line gets the link",
    remedy="set matcherRegex to a JavaScript regular expression with one group round the id, or matcherType to label",
)
def _derived_field_regex(context: Context) -> Iterator[Fault]:
    for place, item in _derived_fields(context):
        expression = text_at(item, "matcherRegex")
        if not expression:
            yield Fault(place, f"matcherRegex is {shown(value_at(item, 'matcherRegex'))}, expected a regular expression")
        elif problem := _problem(expression):
            yield Fault(place, problem)
        elif text_at(item, "matcherType") != "label" and not compile_javascript(as_loaded(expression)).groups:
            yield Fault(place, f"{shown(expression)} has no group, expected one round the id")


def _derived_fields(context: Context) -> Iterator[tuple[Place, Document]]:
    return (field for source in context.datasources for field in source.derived_fields)


@rule(
    "XG322",
    "A derived field's link uses only what Grafana fills in there",
    reason="labels and board variables are unknown in Explore: Grafana hides the link, or writes undefined into it",
    remedy=f"use only {', '.join(sorted(_LINK_VALUES))}; give each X-Ray source a derived field of its own",
)
def _derived_field_variable(context: Context) -> Iterator[Fault]:
    for place, item in _derived_fields(context):
        for name in dict.fromkeys(_PLACEHOLDER.findall(as_loaded(text_at(item, "url")))):
            if name not in _LINK_VALUES:
                yield Fault(place, f"url uses {name}, expected one of {', '.join(sorted(_LINK_VALUES))}")


@rule(
    "XG323",
    "A derived field does not take a load balancer's Self id",
    reason="Self is the load balancer's own id, not the trace's: the link opens a trace that does not exist",
    remedy="put (?<!Self=) before the id, or use matcherType label on the metadata",
)
def _self_id(context: Context) -> Iterator[Fault]:
    for place, item in _derived_fields(context):
        expression = text_at(item, "matcherRegex")
        if text_at(item, "matcherType") != "label" and expression and not _problem(expression):
            match = compile_javascript(as_loaded(expression)).search(_ALB_HEADER)
            if match is not None and match.re.groups and _SELF_ID in (match[1] or ""):
                yield Fault(place, f"{shown(expression)} takes the id after Self=, expected the one after Root= or none")


@rule(
    "XG330",
    "Data sources have distinct uids and names",
    reason="Grafana overwrites the one with the other, or refuses to start",
    remedy="give each data source a uid and a name of its own",
)
def _duplicate_source(context: Context) -> Iterator[Fault]:
    for key in ("uid", "name"):
        first: dict[str, Place] = {}
        for source in context.datasources:
            value = text_at(source.content, key)
            if value and first.setdefault(value, source.place) != source.place:
                yield Fault(source.place, f"{key} {shown(value)} is that of {first[value].pointer}, expected one of its own")


@rule(
    "XG331",
    "Data sources have a uid that Grafana takes",
    reason="Grafana makes up a uid, so boards, alert rules and correlations do not find the source",
    remedy="set uid to 1 to 40 letters, digits, - or _",
)
def _source_uid(context: Context) -> Iterator[Fault]:
    for source in context.datasources:
        uid = value_at(source.content, "uid")
        if not isinstance(uid, str) or not UID.fullmatch(uid):
            yield Fault(source.place, f"uid is {shown(uid)}, expected 1 to {contract.UID_MAX_LENGTH} letters, digits, - or _")


@rule(
    "XG332",
    "At most one data source is the default",
    reason="Grafana does not start: only one data source per organization can be marked as default",
    remedy="set isDefault true on one data source",
)
def _several_defaults(context: Context) -> Iterator[Fault]:
    defaults = [source for source in context.datasources if value_at(source.content, "isDefault") is True]
    for source in defaults[1:]:
        yield Fault(source.place, f"isDefault is true beside {defaults[0].place.pointer}, expected one default")


@rule(
    "XG333",
    "X-Ray data sources say their region",
    reason="the plugin signs with an empty region and AWS refuses every call",
    remedy="set jsonData.defaultRegion",
)
def _region_missing(context: Context) -> Iterator[Fault]:
    for source in context.datasources:
        if source.type == contract.XRAY_PLUGIN_ID and not text_at(source.settings, "defaultRegion"):
            got = shown(value_at(source.settings, "defaultRegion"))
            yield Fault(source.place, f"jsonData.defaultRegion is {got}, expected an AWS region")


RULES: Final = (
    _single_dollar,
    _correlation_words,
    _correlation_target,
    _correlation_type,
    _correlation_transformations,
    _correlation_regex,
    _correlation_twins,
    _correlation_config,
    _ignored_log_source,
    _empty_span_variable,
    _filter_by_trace_id,
    _query_switched_off,
    _unknown_reference,
    _derived_field_regex,
    _derived_field_variable,
    _self_id,
    _duplicate_source,
    _source_uid,
    _several_defaults,
    _region_missing,
)
