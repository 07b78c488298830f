"""GetTimeSeriesServiceStatistics: how many requests ended how, minute by minute or by five minutes.

Requests are placed by their time of receipt and a bucket is stamped with its end; the newest comes first. A bucket is there when anything
at all was counted in it, without statistics when the selector matches none of it, and once it is over: the current minute is not.
Source: captured answers of X-Ray.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from xray_grafana.contract import SELECTOR_MAX_LENGTH
from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.graph import statistics
from xray_grafana.sandbox.api.group_choice import chosen_group
from xray_grafana.sandbox.api.histogram import entries
from xray_grafana.sandbox.api.paging import page
from xray_grafana.sandbox.api.request import text, time_range, unreadable
from xray_grafana.sandbox.store.rollups import MINUTE, Row, Series, busy_minutes, minutes_between, series_of, tally_of
from xray_grafana.sandbox.store.tally import Tally
from xray_grafana.xray.expression import ExpressionError, Selector, parse_selector
from xray_grafana.xray.expression.tree import ServiceSelect

PERIODS: Final = (60, 300)
# Ours: X-Ray's own page length is not known. Six hours of minutes are four pages.
PAGE: Final = 100


def get_time_series_service_statistics(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """GetTimeSeriesServiceStatistics. `ForecastStatistics` is accepted and changes nothing: no forecast is made."""
    window = time_range(request)
    period = _period(request)
    selector = _selector(request)
    asked = page(request, PAGE)
    # A bucket is kept when start <= its end < end, in whole seconds, and it is over.
    first_end = -(-int(window.start) // period) * period
    last_end = min(-(-int(window.end) // period) * period - period, int(context.now()) // period * period)
    first, end = (first_end - period) // MINUTE, last_end // MINUTE
    with context.store.reading() as connection:
        group = chosen_group(context, connection, request)
        busy = busy_minutes(connection, group.name, first, end)
        stamps = sorted({_stamp(minute, period) for minute in busy}, reverse=True)
        shown = asked.of(stamps)
        rows: list[Row] = []
        if shown:
            wanted = [number for number, series in series_of(connection).items() if _is_meant(series, selector)]
            rows = minutes_between(connection, group.name, (shown[-1] - period) // MINUTE, shown[0] // MINUTE, wanted)
    tallies = _by_stamp(rows, period)
    member = "ServiceSummaryStatistics" if isinstance(selector, ServiceSelect) else "EdgeSummaryStatistics"
    return {
        "TimeSeriesServiceStatistics": [_bucket(stamp, tallies, member) for stamp in shown],
        "ContainsOldGroupVersions": group.changed_after(window.start),
        "NextToken": asked.token(stamps),
    }


def _period(request: Mapping[str, Any]) -> int:
    period = request.get("Period")
    if period is None:
        return PERIODS[0]
    if not isinstance(period, int) or isinstance(period, bool):
        raise unreadable("Period")
    if period not in PERIODS:
        raise ApiError("Time period must be one of [60, 300]")
    return period


def _selector(request: Mapping[str, Any]) -> Selector | None:
    expression = text(request, "EntitySelectorExpression", longest=SELECTOR_MAX_LENGTH)
    if expression is None:
        return None
    try:
        return parse_selector(expression)
    except ExpressionError as error:
        raise ApiError(str(error)) from error


def _is_meant(series: Series, selector: Selector | None) -> bool:
    """Without a selector the requests of clients count, each once, at the edge where they come in."""
    if selector is None:
        return series.callee is not None and series.role == "client"
    if isinstance(selector, ServiceSelect):
        return series.callee is None and selector.id.matches(series.node)
    return series.callee is not None and selector.caller.matches(series.node) and selector.callee.matches(series.callee)


def _stamp(minute: int, period: int) -> int:
    return minute * MINUTE // period * period + period


def _by_stamp(rows: Iterable[Row], period: int) -> dict[int, Tally]:
    tallies: dict[int, Tally] = {}
    for row in rows:
        tallies.setdefault(_stamp(row.slot, period), Tally()).add(tally_of(row))
    return tallies


def _bucket(stamp: int, tallies: Mapping[int, Tally], member: str) -> dict[str, Any]:
    tally = tallies.get(stamp)
    return {
        "Timestamp": stamp,
        "EdgeSummaryStatistics": None,
        "ServiceSummaryStatistics": None,
        **({} if tally is None else {member: statistics(tally)}),
        "ServiceForecastStatistics": {},
        "ResponseTimeHistogram": [] if tally is None else entries(tally.bins),
    }
