"""One alert rule as data, and the queries and expressions it is made of.

Facts behind the shapes, all of them seen in Grafana 12.4 with plugin 2.17.1:
statistics come newest first, so only order-free reducers are used; several columns in one query are "duplicate results", so each column is
a query; a service without requests gets no rows, and that is an *Error*, never NoData, so `execErrState` decides what a quiet service does;
alert queries know no variables and no groups. Folders, groups, titles, labels and receivers
of this file are `$`-expanded, annotations and models are not.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from xray_grafana import contract
from xray_grafana.dashboards.alert_guide import Guide
from xray_grafana.dashboards.targets import LokiTarget, XRayTarget

Severity = Literal["critical", "warning", "info"]
ErrorState = Literal["OK", "Alerting", "Error", "KeepLast"]
NoDataState = Literal["OK", "Alerting", "NoData", "KeepLast"]

# X-Ray's statistics settle some minutes after the fact; a window that ends now would always look like a loss of traffic.
SETTLE_SECONDS: Final = 180
# Load balancers write their lines every five minutes, and S3 and the shipper add some.
ALB_DELAY_SECONDS: Final = 600

CONDITION: Final = "CONDITION"


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert rule. `queries` end in an expression named CONDITION."""

    uid: str
    title: str
    severity: Severity
    summary: str
    description: str
    guide: Guide
    board: str
    panel: int
    queries: tuple[dict[str, Any], ...]
    on_error: ErrorState
    on_no_data: NoDataState
    labels: dict[str, str] = field(default_factory=dict)


def rule_uid(prefix: str, kind: str, *names: str) -> str:
    """A stable uid of at most 40 characters: readable where the names allow it, else shortened and made unique by a hash of them."""
    text = "-".join((prefix, kind, *names))
    slug = re.sub(r"[^A-Za-z0-9_-]", "-", text)
    if slug == text and len(slug) <= contract.UID_MAX_LENGTH:
        return slug
    digest = hashlib.sha256("\n".join((prefix, kind, *names)).encode()).hexdigest()[:10]
    return f"{slug[: contract.UID_MAX_LENGTH - len(digest) - 1]}-{digest}"


def statistics(
    ref: str, source_uid: str, selector: str, column: str, from_seconds: int, to_seconds: int = SETTLE_SECONDS
) -> dict[str, Any]:
    """One column of trace statistics from `from_seconds` to `to_seconds` ago."""
    target = XRayTarget(refId=ref, queryType="getTimeSeriesServiceStatistics", query=selector, columns=(column,))
    model = target.to_json_data() | {"datasource": {"type": contract.XRAY_PLUGIN_ID, "uid": source_uid}}
    return _query(ref, source_uid, model, from_seconds, to_seconds)


def loki(ref: str, loki_uid: str, expr: str, from_seconds: int) -> dict[str, Any]:
    """One number for each series of a LogQL metric query, as of when its lines have arrived."""
    target = LokiTarget(refId=ref, expr=expr, queryType="instant")
    model = target.to_json_data() | {"datasource": {"type": contract.LOKI_PLUGIN_ID, "uid": loki_uid}}
    return _query(ref, loki_uid, model, from_seconds + ALB_DELAY_SECONDS, ALB_DELAY_SECONDS)


def _query(ref: str, uid: str, model: dict[str, Any], from_seconds: int, to_seconds: int) -> dict[str, Any]:
    return {"refId": ref, "datasourceUid": uid, "relativeTimeRange": {"from": from_seconds, "to": to_seconds}, "model": model}


def reduce_sum(ref: str, expression: str) -> dict[str, Any]:
    """The sum of a series; 0 for one without values, and NaN points do not count."""
    return _expression(ref, "reduce", expression=expression, reducer="sum", settings={"mode": "dropNN"})


def reduce_count(ref: str, expression: str) -> dict[str, Any]:
    """How many points a series has: in how many minutes there was a request."""
    return _expression(ref, "reduce", expression=expression, reducer="count", settings={"mode": "dropNN"})


def reduce_last(ref: str, expression: str) -> dict[str, Any]:
    """The one value of an instant answer."""
    return _expression(ref, "reduce", expression=expression, reducer="last", settings={"mode": "dropNN"})


def math(ref: str, expression: str) -> dict[str, Any]:
    """Arithmetic on other expressions, named with `$`."""
    return _expression(ref, "math", expression=expression)


def above(expression: str, limit: float) -> dict[str, Any]:
    """The condition: a value greater than a limit."""
    return _threshold(expression, "gt", limit)


def below(expression: str, limit: float) -> dict[str, Any]:
    """The condition: a value less than a limit."""
    return _threshold(expression, "lt", limit)


def _threshold(expression: str, comparison: str, limit: float) -> dict[str, Any]:
    return _expression(CONDITION, "threshold", expression=expression, conditions=[{"evaluator": {"type": comparison, "params": [limit]}}])


def _expression(ref: str, kind: str, **keys: Any) -> dict[str, Any]:
    uid = contract.EXPRESSION_DATASOURCE_UID
    return {"refId": ref, "datasourceUid": uid, "model": {"refId": ref, "datasource": {"type": uid, "uid": uid}, "type": kind, **keys}}
