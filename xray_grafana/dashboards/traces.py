"""Trace search: which traces match service, status, duration, URL, user, annotation?"""

from __future__ import annotations

from typing import Final

from xray_grafana.config.models import Config, XRayGroup
from xray_grafana.dashboards import draw, panels, variables
from xray_grafana.dashboards import transformations as tf
from xray_grafana.dashboards.board import CHECK_XRAY, Board, Kit
from xray_grafana.dashboards.columns import STATUS_STEPS
from xray_grafana.dashboards.layout import band
from xray_grafana.dashboards.panels import Histogram, XYChart, override, shared
from xray_grafana.dashboards.targets import SHARED
from xray_grafana.dashboards.thresholds import plain, threshold_config
from xray_grafana.dashboards.variables import Variable
from xray_grafana.xray import filters

TITLE = "X-Ray / Trace search"
ANSWERS = "Which traces match service, outcome, duration, URL, user or annotation?"

_FOUND, _DURATIONS, _SCATTER, _LIST = 1, 2, 3, 10

# The four variables put together are one filter expression. An empty part would break it, so "any" is a condition that always holds.
QUERY: Final = "$svc AND $status AND duration >= $min $more"
_OUTCOMES: Final = (
    ("Any outcome", "duration >= 0"),
    ("Faults (5xx)", filters.FAULT),
    ("Errors (4xx)", filters.ERROR),
    ("Throttles (429)", filters.THROTTLE),
    ("OK", filters.OK),
)
_DURATION_CHOICES: Final = (("0 s", "0"), ("100 ms", "0.1"), ("500 ms", "0.5"), ("1 s", "1"), ("3 s", "3"), ("10 s", "10"))


def build(kit: Kit) -> Board:
    """A list and three pictures of it; one AWS call for each page of at most 1,000 traces."""
    found = panels.stat(
        _FOUND,
        "Found",
        "Traces that match; 1,000 means there are more. Narrow the range or the filter then.",
        shared(_LIST),
        unit="short",
        steps=plain(),
        calc="count",
        field="Id",
    )
    durations = Histogram(
        id=_DURATIONS,
        title="Durations",
        description="How long the matching traces took. Two hills are two kinds of requests: split them by URL.",
        dataSource=SHARED,
        targets=shared(_LIST),
        transformations=[tf.only_fields("Response Time")],
        unit="s",
    )
    scatter = XYChart(
        id=_SCATTER,
        title="When and how slow",
        description="One dot a trace: when it began, how long it took; red answered 5xx. A vertical line of dots is an incident: zoom in.",
        dataSource=SHARED,
        targets=shared(_LIST),
        x="Start Time",
        y="Response Time",
        colored_by="Response",
        overrides=[
            override("Response", ("thresholds", threshold_config(STATUS_STEPS)), ("color", {"mode": "thresholds"})),
            override("Response Time", ("unit", "s"), ("displayName", "Duration")),
        ],
    )
    listed = draw.trace_table(
        kit,
        _LIST,
        "Traces",
        f"Newest first. The filter expression sent is: {QUERY}. Click an id for its waterfall.",
        draw.find_traces(QUERY),
        slowest_first=False,
        wide=True,
        rows=0,
    )
    return kit.board(
        "traces",
        TITLE,
        ANSWERS,
        [band(8, (4, found), (10, durations), (10, scatter)), band(18, (24, listed))],
        own_variables=[
            service_filter(kit.config),
            variables.choice("status", "Outcome", "How the request at the root ended", _OUTCOMES, free_text=False),
            variables.choice("min", "Longer than", "Duration of the whole trace", _DURATION_CHOICES, free_text=True),
            variables.text_box(
                "more", "And also", 'Added as it is, for example AND http.url CONTAINS "/cart" or AND annotation[tenant] = "acme"'
            ),
        ],
        advice=(
            "- **A red sign on every panel**: the filter expression is broken; hover over the sign for the column. What you type under "
            "*And also* must begin with AND and have its quotes in pairs.\n"
            "- **Found 0**: annotation keys are case-sensitive; `http.url` is that of the root segment; names must match exactly. Requests "
            "that still run have no duration yet and are not found.\n"
        )
        + CHECK_XRAY,
    )


def service_filter(config: Config) -> Variable:
    """Any service, those of the config and its groups, as filter expressions; any other expression may be typed."""
    services = [(service.name, filters.service(service.name)) for service in config.services]
    groups = [(f"Group {group_title(config, group)}", filters.group(group.name)) for group in config.xray.groups]
    options = [("Any service", filters.ANY_TRACE), *services, *groups]
    return variables.choice("svc", "Service", "A service, a group, or any filter expression typed here", options, free_text=True)


def group_title(config: Config, group: XRayGroup) -> str:
    """A group's name, with its region where there are several sources: on the others it does not exist."""
    return f"{group.name}, {group.arn.split(':')[3]}" if len(config.xray.sources) > 1 else group.name
