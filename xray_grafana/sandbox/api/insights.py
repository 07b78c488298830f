"""The four calls of Insights, answered from incidents: spells in which services failed more than they used to (`anomaly` has the rule).

Only groups with insights enabled have any; Default can be enabled as well. The Grafana plugin reads a root cause, at least one anomalous
service and a Summary with a full stop unasked, so each insight has them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from sqlite3 import Connection
from typing import Any, Final, Literal, NamedTuple

from xray_grafana.sandbox.api.anomaly import MINUTES_TO_END
from xray_grafana.sandbox.api.context import Context
from xray_grafana.sandbox.api.errors import ApiError, validation_error
from xray_grafana.sandbox.api.graph import minutes_touched, services
from xray_grafana.sandbox.api.group_choice import arn_of, chosen_group, groups_with_insights
from xray_grafana.sandbox.api.incidents import Incident, Requests, begin_of, incidents_between, requests_between
from xray_grafana.sandbox.api.request import needed_text, page, refuse_token, time_range, unreadable, whole
from xray_grafana.sandbox.facts.facts import Node
from xray_grafana.sandbox.store.rollups import MINUTE, added_up, rows_between, series_of

CATEGORY: Final = "FAULT"
_DAY: Final = 86_400
_OLDEST_DAYS: Final = 30
_MOST_SUMMARIES: Final = 100
_MOST_EVENTS: Final = 50
_ID_PATTERN: Final = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"


def get_insight_summaries(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """GetInsightSummaries: those that began in the window, newest first."""
    window = time_range(request, None)
    if request.get("GroupName") is None and request.get("GroupARN") is None:
        raise ApiError("GroupName or GroupARN required")
    if context.now() - window.start > _OLDEST_DAYS * _DAY + MINUTE:
        raise ApiError(f"Start time cannot be more than {_OLDEST_DAYS} days old")
    state = _state(request)
    most = whole(request, "MaxResults", least=1, most=_MOST_SUMMARIES) or _MOST_SUMMARIES
    begin = page(request)
    now = int(context.now() // MINUTE)
    with context.store.reading() as connection:
        group = chosen_group(connection, request).name
        found: list[Incident] = []
        if group in groups_with_insights(connection):
            found = incidents_between(connection, group, *minutes_touched(window), now)
        found = [incident for incident in reversed(found) if state in {None, _state_of(incident)}]
        arn = arn_of(connection, group, context.region, context.account)
        shown = [_insight(connection, incident, arn, now) for incident in found[begin : begin + most]]
    return {
        "InsightSummaries": [
            {**insight, "LastUpdateTime": _updated(incident, now)} for insight, incident in zip(shown, found[begin:], strict=False)
        ],
        "NextToken": str(begin + most) if begin + most < len(found) else None,
    }


def get_insight(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """GetInsight."""
    with context.store.reading() as connection:
        incident, now = _asked_for(connection, context, request)
        arn = arn_of(connection, incident.group, context.region, context.account)
        return {"Insight": _insight(connection, incident, arn, now)}


def get_insight_events(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """GetInsightEvents: a service was noticed to fail, or the insight was closed; newest first."""
    most = whole(request, "MaxResults", least=1, most=_MOST_EVENTS) or _MOST_EVENTS
    begin = page(request)
    with context.store.reading() as connection:
        incident, now = _asked_for(connection, context, request)
        moments = sorted({each.spell.noticed + 1 for each in incident.services})
        if incident.end is not None:
            moments.append(incident.end + MINUTES_TO_END)
        moments.reverse()
        shown = [_event(connection, incident, moment, now) for moment in moments[begin : begin + most]]
    return {"InsightEvents": shown, "NextToken": str(begin + most) if begin + most < len(moments) else None}


def get_insight_impact_graph(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """GetInsightImpactGraph: the failing services and all that call them, directly or not, in a window of at most six hours."""
    window = time_range(request)
    refuse_token(request)
    with context.store.reading() as connection:
        incident, _ = _asked_for(connection, context, request)
        rows = rows_between(connection, incident.group, *minutes_touched(window))
        series = series_of(connection)
    return {
        "InsightId": incident.id,
        "StartTime": incident.begin * MINUTE,
        "EndTime": _end(incident),
        "ServiceGraphStartTime": window.start,
        "ServiceGraphEndTime": window.end,
        "Services": _impacted(services(added_up(rows, series)), {each.node for each in incident.services}),
        "NextToken": None,
    }


def _state(request: Mapping[str, Any]) -> str | None:
    states = request.get("States")
    if not states:
        return None
    if not isinstance(states, list):
        raise unreadable("States")
    if len(states) > 1:
        raise validation_error(
            f"Value '{states}' at 'states' failed to satisfy constraint: Member must have length less than or equal to 1"
        )
    if states[0] not in {"ACTIVE", "CLOSED"}:
        raise validation_error(
            f"Value '{states}' at 'states' failed to satisfy constraint: "
            "Member must satisfy constraint: [Member must satisfy enum value set: [ACTIVE, CLOSED]]"
        )
    return str(states[0])


def _asked_for(connection: Connection, context: Context, request: Mapping[str, Any]) -> tuple[Incident, int]:
    """The insight of that id, and the minute it is. The id tells when it began, so only that block of time is looked through."""
    insight_id = needed_text(request, "InsightId")
    if not re.fullmatch(_ID_PATTERN, insight_id):
        raise validation_error(
            f"Value '{insight_id}' at 'insightId' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {_ID_PATTERN}"
        )
    now = int(context.now() // MINUTE)
    begin = begin_of(insight_id)
    for group in groups_with_insights(connection):
        for incident in incidents_between(connection, group, begin, begin + 1, now):
            if incident.id == insight_id.lower():
                return incident, now
    raise ApiError("Insight not found.")


def _insight(connection: Connection, incident: Incident, arn: str, now: int) -> dict[str, Any]:
    impact = _impact(connection, incident, incident.end or now)
    return {
        "InsightId": incident.id,
        "GroupARN": arn,
        "GroupName": incident.group,
        "RootCauseServiceId": _service_id(incident.services[0].node),
        "Categories": [CATEGORY],
        "State": _state_of(incident),
        "StartTime": incident.begin * MINUTE,
        "EndTime": _end(incident),
        "Summary": _summary(incident, impact.root_cause),
        **impact.members,
        "TopAnomalousServices": [{"ServiceId": _service_id(each.node)} for each in incident.services],
    }


def _event(connection: Connection, incident: Incident, moment: int, now: int) -> dict[str, Any]:
    known = [each for each in incident.services if each.spell.noticed < moment]
    new = [each.node.name for each in known if each.spell.noticed + 1 == moment]
    impact = _impact(connection, incident, min(moment, now))
    closed = incident.end is not None and moment == incident.end + MINUTES_TO_END
    return {
        "Summary": "No further faults were noticed. The insight was closed." if closed else f"{_listed(new)} began to fail.",
        "EventTime": moment * MINUTE,
        **impact.members,
        "TopAnomalousServices": [{"ServiceId": _service_id(each.node)} for each in known],
    }


class _Impact(NamedTuple):
    clients: Requests
    root_cause: Requests

    @property
    def members(self) -> dict[str, Any]:
        """As the API names them."""
        return {
            "ClientRequestImpactStatistics": _counts(self.clients),
            "RootCauseServiceRequestImpactStatistics": _counts(self.root_cause),
        }


def _impact(connection: Connection, incident: Incident, end: int) -> _Impact:
    series = series_of(connection).values()
    clients = [each for each in series if each.callee is not None and each.role == "client"]
    root_cause = [each for each in series if each.callee is None and each.node == incident.services[0].node]
    return _Impact(
        requests_between(connection, incident.group, clients, incident.begin, end),
        requests_between(connection, incident.group, root_cause, incident.begin, end),
    )


def _counts(requests: Requests) -> dict[str, int]:
    return {"FaultCount": requests.faults, "OkCount": requests.ok, "TotalCount": requests.total}


def _summary(incident: Incident, requests: Requests) -> str:
    """The Grafana plugin shows the second sentence of a closed insight, up to a full stop: it has the numbers, and no name with stops."""
    cause = incident.services[0]
    span = f"from {_clock(incident.begin)}" + ("" if incident.end is None else f" to {_clock(incident.end)}")
    share, before = _percent(requests.faults / max(requests.total, 1)), _percent(cause.spell.baseline)
    return f"Faults rose. {share} of its requests failed {span} UTC, {before} before. The root cause is {cause.node.name}."


def _impacted(graph: list[dict[str, Any]], failing: set[Node]) -> list[dict[str, Any]]:
    kept = {each["ReferenceId"] for each in graph if Node(each["Name"], each["Type"], each["AccountId"]) in failing}
    found = kept
    while found:
        found = {each["ReferenceId"] for each in graph if any(edge["ReferenceId"] in found for edge in each["Edges"])} - kept
        kept = kept | found
    return [
        {
            **{name: each[name] for name in ("ReferenceId", "Type", "Name", "Names", "AccountId")},
            "Edges": [{"ReferenceId": edge["ReferenceId"]} for edge in each["Edges"] if edge["ReferenceId"] in kept],
        }
        for each in graph
        if each["ReferenceId"] in kept
    ]


def _service_id(node: Node) -> dict[str, Any]:
    return {"Name": node.name, "Names": [node.name], "AccountId": node.account, "Type": node.type}


def _state_of(incident: Incident) -> Literal["ACTIVE", "CLOSED"]:
    return "ACTIVE" if incident.end is None else "CLOSED"


def _end(incident: Incident) -> int | None:
    return None if incident.end is None else incident.end * MINUTE


def _updated(incident: Incident, now: int) -> int:
    return (now if incident.end is None else incident.end + MINUTES_TO_END) * MINUTE


def _clock(minute: int) -> str:
    return f"{datetime.fromtimestamp(minute * MINUTE, UTC):%H:%M}"


def _percent(share: float) -> str:
    return f"{round(share * 100)}%"


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
