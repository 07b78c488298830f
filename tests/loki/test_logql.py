"""The bundle's queries: what they ask, and that each is LogQL.

What they answer was tried in Loki 3.7's own engine with lines of both id forms, in text and in metadata, and with ids that are none.
"""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from xray_grafana.loki import logql
from xray_grafana.loki.syntax import is_metric_query

ACCESS = '{log_type="access"}'
# An argument for each parameter name that the functions have.
ARGUMENTS: dict[str, Any] = {
    "selector": ACCESS,
    "pattern": '{service_name="${service}"}',
    "window": "5m",
    "label": "lb",
    "enough": 20,
    "quantile": 0.99,
    "field": "tpt",
    "by": "lb",
    "count": 5,
    "slow_seconds": 0.5,
    "trace_id": "${traceId}",
    "variable": "${service}",
    "value": "cart",
    "text": "1-5759e988-bd862e3fe1be46a994272793",
    "service": "$service",
    "load_balancer": "$lb",
}
QUERIES: dict[str, Callable[..., str]] = {
    name: function
    for name, function in vars(logql).items()
    if inspect.isfunction(function) and not name.startswith("_") and function.__module__ == logql.__name__
}


def called(name: str) -> str:
    function = QUERIES[name]
    special: dict[str, Any] = {"count": "shipped"} if name == "shipper_count" else {"pattern": "a|b"} if name == "lines_matching" else {}
    return function(**{parameter: (ARGUMENTS | special)[parameter] for parameter in inspect.signature(function).parameters})


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_every_query_is_logql(name: str) -> None:
    is_metric_query(called(name))


@pytest.mark.parametrize(
    "name",
    ["requests_per_second", "server_error_ratio", "server_error_ratio_by", "processing_time_quantile", "traced_ratio", "found_ratio"],
)
def test_numbers_are_metric_queries(name: str) -> None:
    assert is_metric_query(called(name))


@pytest.mark.parametrize("name", ["lines_of_trace", "access_lines_of_trace", "failed_or_slow", "lines_when", "agent_lines"])
def test_lines_are_log_queries(name: str) -> None:
    assert not is_metric_query(called(name))


def test_a_ratio_has_a_value_when_nothing_failed() -> None:
    assert logql.server_error_ratio(ACCESS, "1h") == (
        '(sum(count_over_time({log_type="access"} | pattern `<_> <_> <_> <_> <_> <_> <_> <_> <status> <tstatus> <_>` '
        "| status=~`5[0-9]{2}` [1h]))"
        ' or vector(0)) / (sum(count_over_time({log_type="access"} [1h])) > 0)'
    )


def test_an_alerts_ratio_needs_enough_requests() -> None:
    assert logql.untraced_ratio_by("lb", ACCESS, "15m", 20).endswith(' / (sum by (lb) (count_over_time({log_type="access"} [15m])) >= 20)')


def test_times_of_requests_that_no_target_answered_do_not_count() -> None:
    """They are logged as -1, and would pull every percentile down."""
    assert "| tpt=~`[0-9.]+` | unwrap tpt" in logql.processing_time_quantile(ACCESS, 0.5)
    assert "| resp=~`[0-9.]+` | unwrap resp" in logql.processing_time_quantile(ACCESS, 0.5, "resp")
    assert "| tpt=~`[0-9.]+`" in logql.slow_paths(ACCESS, 5)


def test_a_trace_is_looked_for_in_both_forms_and_only_when_it_is_an_id() -> None:
    query = logql.lines_of_trace(ACCESS, "$traceId")
    assert "| w3c=~`[0-9a-f]{32}`" in query
    assert "(contains .w3c __line__) (contains .xid __line__) (eq .trace_id .w3c) (eq .trace_id .xid)" in query
    assert query.endswith("| drop hit, w3c, xid")


def test_selectors_are_narrowed_and_widened() -> None:
    assert logql.of_service(ACCESS, "$service") == '{log_type="access", service_name="$service"}'
    assert logql.of_load_balancer('{log_type="access", lb=~"app/.+"}', "$lb") == '{log_type="access", lb=~"$lb"}'
    assert logql.of_any_service('{app="${service}", env="prod"}') == '{app=~".+", env="prod"}'


def test_other_lines_in_the_stream_fail_no_query() -> None:
    """A health-check line has no status where the pattern looks for one; a comparison with a number would fail the whole query."""
    for name in ("requests_by_status", "failures_by_maker", "server_error_ratio", "failing_paths"):
        assert "status >" not in called(name)
    assert "rx=~`[0-9]+` | unwrap rx" in logql.received_bytes(ACCESS)


def test_an_idle_load_balancer_has_no_percentile_to_alert_on() -> None:
    assert logql.processing_time_quantile_by("lb", ACCESS, 0.99, "15m", 20).endswith(
        ' by (lb) and on (lb) (sum by (lb) (count_over_time({log_type="access"} [15m])) >= 20)'
    )
