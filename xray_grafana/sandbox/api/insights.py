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
from xray_grafana.sandbox.api.errors import ApiError
from xray_grafana.sandbox.api.graph import minutes_touched, services
from xray_grafana.sandbox.api.group_choice import Group, chosen_group, groups_with_insights
from xray_grafana.sandbox.api.incidents import Incident, Requests, begin_of, incidents_between, requests_between
from xray_grafana.sandbox.api.paging import sized_page
from xray_grafana.sandbox.api.request import needed_text, refuse_token, time_range, unreadable, violation
from xray_grafana.sandbox.api.summary import service_id
from xray_grafana.sandbox.facts.facts import Node
from xray_grafana.sandbox.store.rollups import MINUTE, Series, added_up, rows_between, series_of

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
    page = sized_page(request, _MOST_SUMMARIES)
    now = int(context.now() // MINUTE)
    with context.store.reading() as connection:
        group = chosen_group(context, connection, request)
        series = series_of(connection)
        found: list[Incident] = []
        if group.insights:
            found = incidents_between(connection, series, group.name, *minutes_touched(window), now)
        found = [incident for incident in reversed(found) if state in {None, _state_of(incident)}]
        shown = [
            {**_insight(_Asked(connection, series, group, incident, now)), "LastUpdateTime": _updated(incident, now)}
            for incident in page.of(found)
        ]
    return {"InsightSummaries": shown, "NextToken": page.token(found)}


def get_insight(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """GetInsight."""
    with context.store.reading() as connection:
        return {"Insight": _insight(_asked_for(connection, context, request))}


def get_insight_events(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """GetInsightEvents: a service was noticed to fail, or the insight was closed; newest first."""
    page = sized_page(request, _MOST_EVENTS)
    with context.store.reading() as connection:
        asked = _asked_for(connection, context, request)
        incident = asked.incident
        moments = sorted({each.spell.noticed + 1 for each in incident.services})
        if incident.end is not None:
            moments.append(incident.end + MINUTES_TO_END)
        moments.reverse()
        shown = [_event(asked, moment) for moment in page.of(moments)]
    return {"InsightEvents": shown, "NextToken": page.token(moments)}


def get_insight_impact_graph(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """GetInsightImpactGraph: the failing services and all that call them, directly or not, in a window of at most six hours."""
    window = time_range(request)
    refuse_token(request)
    with context.store.reading() as connection:
        _, series, group, incident, _ = _asked_for(connection, context, request)
        rows = rows_between(connection, group.name, *minutes_touched(window))
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
        raise violation("States", "Member must have length less than or equal to 1", states)
    if states[0] not in {"ACTIVE", "CLOSED"}:
        raise violation("States", "Member must satisfy constraint: [Member must satisfy enum value set: [ACTIVE, CLOSED]]", states)
    return str(states[0])


class _Asked(NamedTuple):
    """One insight and what else is needed to show it: all series by number, and the minute it is."""

    connection: Connection
    series: Mapping[int, Series]
    group: Group
    incident: Incident
    now: int


def _asked_for(connection: Connection, context: Context, request: Mapping[str, Any]) -> _Asked:
    """The insight of that id. The id tells when it began, so only that block of time is looked through."""
    insight_id = needed_text(request, "InsightId")
    if not re.fullmatch(_ID_PATTERN, insight_id):
        raise violation("InsightId", f"Member must satisfy regular expression pattern: {_ID_PATTERN}", insight_id)
    now = int(context.now() // MINUTE)
    begin = begin_of(insight_id)
    series = series_of(connection)
    for group in groups_with_insights(context, connection):
        for incident in incidents_between(connection, series, group.name, begin, begin + 1, now):
            if incident.id == insight_id.lower():
                return _Asked(connection, series, group, incident, now)
    raise ApiError("Insight not found.")


def _insight(asked: _Asked) -> dict[str, Any]:
    incident = asked.incident
    impact = _impact(asked, incident.end or asked.now)
    return {
        "InsightId": incident.id,
        "GroupARN": asked.group.arn,
        "GroupName": asked.group.name,
        "RootCauseServiceId": service_id(incident.services[0].node),
        "Categories": [CATEGORY],
        "State": _state_of(incident),
        "StartTime": incident.begin * MINUTE,
        "EndTime": _end(incident),
        "Summary": _summary(incident, impact.root_cause),
        **impact.members,
        "TopAnomalousServices": [{"ServiceId": service_id(each.node)} for each in incident.services],
    }


def _event(asked: _Asked, moment: int) -> dict[str, Any]:
    incident = asked.incident
    known = [each for each in incident.services if each.spell.noticed < moment]
    new = [each.node.name for each in known if each.spell.noticed + 1 == moment]
    impact = _impact(asked, min(moment, asked.now))
    closed = incident.end is not None and moment == incident.end + MINUTES_TO_END
    return {
        "Summary": "No further faults were noticed. The insight was closed." if closed else f"{_listed(new)} began to fail.",
        "EventTime": moment * MINUTE,
        **impact.members,
        "TopAnomalousServices": [{"ServiceId": service_id(each.node)} for each in known],
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


def _impact(asked: _Asked, end: int) -> _Impact:
    connection, series, group, incident, _ = asked
    clients = [number for number, each in series.items() if each.callee is not None and each.role == "client"]
    root_cause = [number for number, each in series.items() if each.callee is None and each.node == incident.services[0].node]
    return _Impact(
        requests_between(connection, group.name, clients, incident.begin, end),
        requests_between(connection, group.name, root_cause, incident.begin, end),
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
