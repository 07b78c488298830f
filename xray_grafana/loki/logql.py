"""Every LogQL query of the bundle as a function of plain values.

A *selector* is the text of a stream selector. Ranges are Grafana's own variables (`$__auto` for charts, `$__range` for one number
over the whole range) or a duration for alert rules, which know no variables. Each function says what a row or value means and its unit.
ALB fields are taken with `pattern`, which survives raw spaces in URIs, empty protocols and fields that AWS appends; the pattern is as
short as the query allows, because its cost grows with each capture. A stream may hold other lines too (health checks, connections):
numbers are taken only where the text is one, because one line that is none fails a whole metric query in Loki.
"""

from __future__ import annotations

from typing import Final

from xray_grafana import contract
from xray_grafana.loki.selector import Matcher, Selector, parse_selector

CHART: Final = "$__auto"
WHOLE: Final = "$__range"

# Fields 6 to 10 of an access-log line (see contract.ALB_PATTERN); -1 stands for "never dispatched" or "no answer".
_SERVER_ERROR: Final = "| status=~`5[0-9]{2}`"
_TRACED: Final = f"`Root={contract.XRAY_TRACE_ID_PATTERN}`"
_TIMES: Final = "| pattern `<_> <_> <_> <_> <_> <rpt> <tpt> <resp> <status> <tstatus> <_>`"
_STATUS: Final = "| pattern `<_> <_> <_> <_> <_> <_> <_> <_> <status> <tstatus> <_>`"
_BYTES: Final = "| pattern `<_> <_> <_> <_> <_> <_> <_> <_> <_> <_> <rx> <tx> <_>`"
_ALL: Final = f"| pattern `{contract.ALB_PATTERN}`"

# Path of the request line without query, ids in it replaced so that one route is one row.
_PATH: Final = (
    '| label_format path=`{{ regexReplaceAll "^\\\\S+ [a-z]+://[^/ ]*([^? ]*).*$" .request "${1}" }}` '
    '| label_format path=`{{ regexReplaceAll "/([^/]*[0-9]{3}[^/]*|[0-9a-fA-F-]{16,}|[0-9]{1,2}\\\\b)" .path "/:id" }}`'
)


def requests_per_second(selector: str, window: str = CHART) -> str:
    """Requests that load balancers answered; requests per second."""
    return f"sum(rate({selector} [{window}]))"


def requests_by_status(selector: str, window: str = CHART) -> str:
    """One series for each status of the load balancer; requests per second."""
    return f"sum by (status) (rate({selector} {_STATUS} [{window}]))"


def failures_by_maker(selector: str, window: str = CHART) -> str:
    """5xx answers by load-balancer and target status; requests per second. A target status of `-`: the load balancer answered itself."""
    return f"sum by (status, tstatus) (rate({selector} {_STATUS} {_SERVER_ERROR} [{window}]))"


def server_error_ratio(selector: str, window: str = WHOLE) -> str:
    """Share of answers that are 5xx; 0 to 1, no value without requests."""
    failed = f"{selector} {_STATUS} {_SERVER_ERROR}"
    return f"(sum(count_over_time({failed} [{window}])) or vector(0)) / (sum(count_over_time({selector} [{window}])) > 0)"


def server_error_ratio_by(label: str, selector: str, window: str, enough: int) -> str:
    """The same for each value of a label; no value for one without a failure or with fewer than `enough` requests."""
    return _ratio_by(label, f"{selector} {_STATUS} {_SERVER_ERROR}", selector, window, enough)


def processing_time_quantile(selector: str, quantile: float, field: str = "tpt", window: str = CHART, by: str = "") -> str:
    """A quantile of one of the three processing times (`rpt`, `tpt`, `resp`), for each value of a label if one is named; seconds."""
    return f"quantile_over_time({quantile:g}, {selector} {_TIMES} {_is_time(field)} | unwrap {field} [{window}]) by ({by})"


def processing_time_quantile_by(label: str, selector: str, quantile: float, window: str, enough: int) -> str:
    """The quantile of the target time for each value of a label; seconds, no value for one with fewer than `enough` requests."""
    busy = f"sum by ({label}) (count_over_time({selector} [{window}])) >= {enough}"
    return f"{processing_time_quantile(selector, quantile, window=window, by=label)} and on ({label}) ({busy})"


def _is_time(field: str) -> str:
    """Leaves out the -1 of requests that no target answered."""
    return f"| {field}=~`[0-9.]+`"


def received_bytes(selector: str, window: str = WHOLE) -> str:
    """Bytes that clients sent, headers included; bytes."""
    return f"sum(sum_over_time({selector} {_BYTES} | rx=~`[0-9]+` | unwrap rx [{window}]))"


def traced_ratio(selector: str, window: str = WHOLE) -> str:
    """Share of lines whose X-Amzn-Trace-Id held a valid Root; 0 to 1."""
    traced = f"sum(count_over_time({selector} |~ {_TRACED} [{window}])) or vector(0)"
    return f"({traced}) / (sum(count_over_time({selector} [{window}])) > 0)"


def untraced_ratio_by(label: str, selector: str, window: str, enough: int) -> str:
    """Share of lines without a usable trace id for each value of a label; 0 to 1, no value where all have one or there are too few."""
    return _ratio_by(label, f"{selector} !~ {_TRACED}", selector, window, enough)


def _ratio_by(label: str, counted: str, whole: str, window: str, enough: int) -> str:
    count = f"sum by ({label}) (count_over_time"
    return f"{count}({counted} [{window}])) / ({count}({whole} [{window}])) >= {enough})"


def busiest_paths(selector: str, count: int) -> str:
    """The paths with most requests over the range; requests."""
    return f"topk({count}, sum by (path) (count_over_time({selector} {_ALL} {_PATH} [{WHOLE}])))"


def failing_paths(selector: str, count: int) -> str:
    """The paths with most 5xx answers over the range; requests."""
    return f"topk({count}, sum by (path) (count_over_time({selector} {_ALL} {_SERVER_ERROR} {_PATH} [{WHOLE}])))"


def slow_paths(selector: str, count: int) -> str:
    """The paths with the highest 99th percentile of target time; seconds."""
    return f"topk({count}, quantile_over_time(0.99, {selector} {_ALL} {_is_time('tpt')} {_PATH} | unwrap tpt [{WHOLE}]) by (path))"


def busiest_clients(selector: str, count: int) -> str:
    """The client addresses with most requests over the range; requests."""
    client = '| label_format client=`{{ regexReplaceAll ":[0-9]+$" .client "" }}`'
    return f"topk({count}, sum by (client) (count_over_time({selector} | pattern `<_> <_> <_> <client> <_>` {client} [{WHOLE}])))"


def failed_or_slow(selector: str, slow_seconds: float) -> str:
    """Lines that are 5xx or took the target longer than that; a log query with every field of the line as a label."""
    return f"{selector} {_ALL} {_failed_or_slow(slow_seconds)}"


def raw_failed_or_slow(selector: str, slow_seconds: float) -> str:
    """The same lines without their fields."""
    return f"{selector} {_TIMES} {_failed_or_slow(slow_seconds)} | drop rpt, tpt, resp, status, tstatus"


def _failed_or_slow(slow_seconds: float) -> str:
    return f"| tpt=~`-?[0-9.]+` {_SERVER_ERROR} or tpt > {slow_seconds:g}"


def _trace_labels(trace_id: str) -> str:
    """Labels `w3c` and `xid` with both forms of an id given in either; drops every line when it is no id at all."""
    return (
        f'| label_format w3c=`{{{{ replace "-" "" (trimPrefix "1-" "{trace_id}") }}}}` '
        f"| w3c=~`{contract.W3C_TRACE_ID_PATTERN}` "
        "| label_format xid=`1-{{ substr 0 8 .w3c }}-{{ substr 8 32 .w3c }}` "
    )


def lines_of_trace(selector: str, trace_id: str) -> str:
    """Lines that carry a trace id, in X-Ray's form or in the W3C form, in the line or in metadata; a log query.

    `trace_id` may be a Grafana variable and either form. It reads every line of the selector in the range: keep ranges short.
    """
    return (
        f"{selector} {_trace_labels(trace_id)}"
        f"| label_format hit=`{{{{ or (contains .w3c __line__) (contains .xid __line__) "
        f"(eq .{contract.METADATA_TRACE_ID} .w3c) (eq .{contract.METADATA_TRACE_ID} .xid) }}}}` "
        "| hit=`true` | drop hit, w3c, xid"
    )


def access_lines_of_trace(selector: str, trace_id: str) -> str:
    """Access-log lines of a trace, by the metadata that the shipper wrote; a log query. Takes both forms of the id."""
    return (
        f"{selector} | {contract.METADATA_TRACE_ID}=~`{contract.XRAY_TRACE_ID_PATTERN}` {_trace_labels(trace_id)}"
        f"| label_format hit=`{{{{ eq .{contract.METADATA_TRACE_ID} .xid }}}}` | hit=`true` | drop hit, w3c, xid"
    )


def parsed_access_lines_of_trace(selector: str, trace_id: str) -> str:
    """The same with every field of the line as a label."""
    return f"{access_lines_of_trace(selector, trace_id)} {_ALL}"


def exact_access_line(selector: str, trace_id: str) -> str:
    """Access-log lines of a trace given in X-Ray's form: a line filter to prune, the metadata to be exact; a log query."""
    return f"{selector} |= `{trace_id}` | {contract.METADATA_TRACE_ID}=`{trace_id}`"


_SHIPPER: Final = f'{{{contract.LABEL_SERVICE}="{contract.SHIPPER_SERVICE}"}}'
_OBJECTS: Final = f"{_SHIPPER} | logfmt | event=`{contract.SHIPPER_EVENT_OBJECT}`"


def shipper_count(count: str, window: str = CHART) -> str:
    """Lines that the shipper counted as `count` (one of contract.SHIPPER_COUNTS) in each step; lines."""
    return f"sum(sum_over_time({_OBJECTS} | unwrap {count} [{window}]))"


def shipper_lag_seconds(window: str = CHART) -> str:
    """Age of the oldest line of an object when it was shipped, the worst of each step; seconds."""
    return f"max(max_over_time({_OBJECTS} | unwrap {contract.SHIPPER_LAG_FIELD} [{window}]))"


def found_ratio() -> str:
    """Share of sampled load-balancer ids that X-Ray knew, by the last reports of the range; 0 to 1."""
    report = f"{_SHIPPER} | logfmt | event=`{contract.SHIPPER_EVENT_REPORT}`"
    found, checked = contract.SHIPPER_REPORT_FOUND, contract.SHIPPER_REPORT_CHECKED
    return f"sum(sum_over_time({report} | unwrap {found} [{WHOLE}])) / (sum(sum_over_time({report} | unwrap {checked} [{WHOLE}])) > 0)"


def shipper_problems() -> str:
    """Objects with lines that were rejected or could not be read; a log query."""
    return f"{_OBJECTS} | rejected > 0 or unreadable > 0"


def agent_lines() -> str:
    """What the X-Ray agent says; a log query."""
    return f'{{{contract.LABEL_SERVICE}="{contract.AGENT_SERVICE}"}}'


def of_service(selector: str, service: str) -> str:
    """A selector of access lines narrowed to one service; `service` may be a Grafana variable."""
    return _with(selector, Matcher(contract.LABEL_SERVICE, "=", service))


def of_load_balancer(selector: str, load_balancer: str) -> str:
    """A selector of access lines narrowed to load balancers by regular expression; may be a Grafana variable."""
    return _with(selector, Matcher(contract.LABEL_LOAD_BALANCER, "=~", load_balancer))


def of_any_service(pattern: str) -> str:
    """A per-service selector pattern widened to all services."""
    return str(parse_selector(pattern).widened("${service}"))


def lines_when(selector: str, variable: str, value: str) -> str:
    """Lines of a selector, but only while a Grafana variable has a value; a log query."""
    return f"{selector} | label_format chosen=`{variable}` | chosen=`{value}` | drop chosen"


def _with(selector: str, matcher: Matcher) -> str:
    parsed = parse_selector(selector)
    return str(Selector((*(kept for kept in parsed.matchers if kept.label != matcher.label), matcher)))


def lines_with(selector: str, text: str) -> str:
    """Lines that hold a text which is never empty; a log query."""
    return f"{selector} |= `{text}`"


def lines_matching(selector: str, pattern: str) -> str:
    """Lines that match a pattern which is never empty; a log query."""
    return f"{selector} |~ `{pattern}`"
