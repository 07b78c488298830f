"""From a trace to its lines and from a line to its trace.

A derived field can carry an id and a time range but no label, so there is a pair of links for each X-Ray source: one to Explore, one to the
trace board. Items of one name share one row, and the first one's matcher counts. Both forms of the id are matched strictly: log text is
written by strangers.
"""

from __future__ import annotations

from typing import Any, Final

from xray_grafana import contract
from xray_grafana.config.models import Config, Logs, XRaySource
from xray_grafana.dashboards.links import SLUGS, board_uid
from xray_grafana.loki import logql

# How far around a span its log lines are looked for: lines are stamped outside spans, and clocks differ.
SPAN_MARGIN: Final = "5m"

# An X-Ray id in a line, but not in a load balancer's own line (their id is in metadata) and not the hop's id behind `Self=`.
_NOT_AN_ACCESS_LINE: Final = r"^(?!(?:https?|h2|grpcs?|wss?) \d{4}-\d\d-\d\dT)"
XRAY_ID_IN_LINE: Final = rf"{_NOT_AN_ACCESS_LINE}[\s\S]*?(?<!Self=)\b({contract.XRAY_TRACE_ID_PATTERN})\b"
# trace_id, traceID, TraceId, trace.id, otelTraceID and traceparent, as logfmt, JSON and loggers write them.
_W3C_KEYS: Final = r'(?:otel)?[tT]race[._]?[iI][dD]"?\s*[:=]\s*"?|traceparent"?\s*[:=]\s*"?[0-9a-f]{2}-'
W3C_ID_IN_LINE: Final = rf"\b(?:{_W3C_KEYS})({contract.W3C_TRACE_ID_PATTERN})\b"

_ID_PARTS: Final = "(?<id>1-(?<a>[0-9a-f]{8})-(?<b>[0-9a-f]{24}))"


def traces_to_logs(logs: Logs) -> dict[str, Any]:
    """`tracesToLogsV2`: a span's log icon opens every line of its trace, application and load balancer, whichever form of the id."""
    return {
        "datasourceUid": logs.uid,
        "spanStartTimeShift": f"-{SPAN_MARGIN}",
        "spanEndTimeShift": SPAN_MARGIN,
        "filterByTraceID": False,
        "filterBySpanID": False,
        "customQuery": True,
        "query": _lines_of_span(logs),
    }


def _lines_of_span(logs: Logs) -> str:
    trace_id = "${__trace.traceId}"  # __span.traceId is empty on subsegments
    if logs.id_forms == ("xray",):
        return logql.lines_with(logs.trace_selector, trace_id)
    return logql.lines_of_trace(logs.trace_selector, trace_id)


def trace_list_correlations(logs: Logs) -> list[dict[str, Any]]:
    """Links on the id of a trace list in Explore. Not on spans: a correlation takes the span's own range; access lines lie outside."""
    application = logql.of_any_service(logs.application_selector)
    forms = {"xray": "${id}", "w3c": "${a}${b}"}
    wanted = "|".join(forms[form] for form in logs.id_forms)
    return [
        _on_id(
            logs,
            "ALB line",
            "The access-log line of the load balancer that carried this trace",
            logql.exact_access_line(logs.alb_selector, "${id}"),
        ),
        _on_id(logs, "Log lines", "Application log lines that hold the id of this trace", logql.lines_matching(application, wanted)),
    ]


def _on_id(logs: Logs, label: str, description: str, expr: str) -> dict[str, Any]:
    return {
        "targetUID": logs.uid,
        "label": label,
        "description": description,
        "config": {
            "field": "Id",
            "target": {"expr": expr},
            "transformations": [{"type": "regex", "field": "Id", "expression": _ID_PARTS}],
        },
    }


def derived_fields(config: Config, logs: Logs) -> list[dict[str, Any]]:
    """Links from a log line to its trace: by the shipper's metadata, and by the id in the text of an application line."""
    matchers = [("Trace", "label", f"^{contract.METADATA_TRACE_ID}$")]
    if "xray" in logs.id_forms:
        matchers.append(("Trace in the line", "regex", XRAY_ID_IN_LINE))
    if "w3c" in logs.id_forms:
        matchers.append(("W3C trace in the line", "regex", W3C_ID_IN_LINE))
    return [
        field
        for source in config.xray.sources
        for name, kind, pattern in matchers
        for field in _pair(config, logs, source, {"name": f"{name} ({source.name})", "matcherType": kind, "matcherRegex": pattern})
    ]


def _pair(config: Config, logs: Logs, source: XRaySource, matcher: dict[str, str]) -> list[dict[str, Any]]:
    board = board_uid(config, "trace")
    url = f"/d/{board}/{SLUGS['trace']}?var-traceId=${{__value.raw}}&var-xray={source.uid}&var-loki={logs.uid}&${{__url_time_range}}"
    return [
        matcher | {"url": "${__value.raw}", "datasourceUid": source.uid, "urlDisplayLabel": "Explore trace"},
        matcher | {"url": url, "urlDisplayLabel": "Open trace board"},
    ]
