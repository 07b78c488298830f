"""Table columns of the frames that X-Ray and Loki answer with: widths that fit a 1280-pixel screen, units, colours and links.

A column without a width takes what is left. Matchers are display names.
"""

from __future__ import annotations

from typing import Any, Final

from xray_grafana.dashboards.links import CELL, Links
from xray_grafana.dashboards.panels import Override, override
from xray_grafana.dashboards.signals import TraceSignal, TraceSignals
from xray_grafana.dashboards.thresholds import GREEN, PLAIN, PURPLE, RED, YELLOW, Step, Steps, threshold_config, worsening

_TEXT_COLOUR: Final = ("custom.cellOptions", {"type": "color-text"})
_BY_THRESHOLD: Final = ("color", {"mode": "thresholds"})
STATUS_STEPS: Final = (Step(None, GREEN), Step(400, YELLOW), Step(500, RED))


def _mapped(pattern: str, text: str) -> tuple[str, Any]:
    """Shorten what is shown; links and filters still see the whole value."""
    return ("mappings", [{"type": "regex", "options": {"pattern": pattern, "result": {"index": 0, "text": text}}}])


# Long resource names by their telling end: a queue URL by its queue, a database host by its first label.
_SHORT_NAME: Final = (
    "mappings",
    [
        {"type": "regex", "options": {"pattern": r"/^https?:\/\/sqs\.[^/]+\/\d+\/(.+)$/", "result": {"index": 0, "text": "$1 (queue)"}}},
        {"type": "regex", "options": {"pattern": r"/^([^@]+)@([^.]+)\.[^ ]*$/", "result": {"index": 1, "text": "$1@$2"}}},
    ],
)
HIDDEN: Final = ("custom.hideFrom", {"legend": True, "tooltip": True, "viz": True})
_SHORT_TYPE: Final = _mapped("/^AWS::(.+)$/", "$1")


def trace_list(links: Links, slow_seconds: float, *, wide: bool) -> list[Override]:
    """Columns of a trace list. `wide` is for a panel as wide as the screen; otherwise ids and URLs are shown short."""
    one_click = [("links", None), ("links", [links.to_trace()])]
    duration = worsening(slow_seconds / 2, slow_seconds, start=PLAIN)
    status = [
        ("displayName", "Status"),
        ("custom.width", 65),
        ("custom.align", "center"),
        _TEXT_COLOUR,
        _threshold(STATUS_STEPS),
        _BY_THRESHOLD,
    ]
    took = [
        ("displayName", "Duration"),
        ("custom.width", 85),
        ("unit", "s"),
        ("decimals", 2),
        _TEXT_COLOUR,
        _threshold(duration),
        _BY_THRESHOLD,
    ]
    shared = [override("Response", *status), override("Response Time", *took)]
    if wide:
        return [
            override("Id", ("custom.width", 290), *one_click),
            override("Start Time", ("custom.width", 165)),
            override("Method", ("custom.width", 80)),
            *shared,
            override("Client IP", ("custom.width", 130)),
            override("Annotations", ("custom.width", 100), ("custom.align", "center")),
        ]
    return [
        override("Id", ("custom.width", 135), _mapped(r"/^1-([0-9a-f]{8})-([0-9a-f]{4}).*$/", "$1-$2…"), *one_click),
        override("Start Time", ("custom.width", 80), ("unit", "time:HH:mm:ss")),
        override("Method", ("custom.width", 70)),
        *shared,
        override("URL", _mapped(r"/^https?:\/\/[^/]+(\/.*)$/", "$1")),
    ]


def _threshold(steps: Steps) -> tuple[str, Any]:
    return ("thresholds", threshold_config(steps))


def service_nodes(links: Links, signals: TraceSignals) -> list[Override]:
    """Columns of the map's nodes: each name leads to its board."""
    return [
        override("Name", ("displayName", "Service"), _SHORT_NAME, ("links", [links.to("Open service", "service", {"service": CELL})])),
        override("Type", ("custom.width", 120), _SHORT_TYPE),
        _share("Fault", "Faults", 72, _tinted(signals.faults)),
        _share("Error", "Errors", 72, _tinted(signals.errors)),
        _share("Throttled", "Throttled", 85, _tinted(signals.throttles, PURPLE)),
        override("Average response time", ("displayName", "Average"), ("unit", "ms"), ("decimals", 0), ("custom.width", 82)),
    ]


def _tinted(signal: TraceSignal, bad: str = RED) -> Steps:
    """The steps of a signal for a table, where what is fine needs no colour."""
    warn, worst = (step.value for step in signal.steps[1:])
    return (Step(None, PLAIN), Step(warn, YELLOW), Step(worst, bad))


def _share(field: str, shown: str, width: int, steps: Steps) -> Override:
    return override(
        field,
        ("displayName", shown),
        ("unit", "percentunit"),
        ("decimals", 1),
        ("custom.width", width),
        _TEXT_COLOUR,
        _BY_THRESHOLD,
        _threshold(steps),
    )


def map_edges(links: Links) -> list[Override]:
    """Columns of the map's edges: each name leads to its board."""
    to_service = ("links", [links.to("Open service", "service", {"service": CELL})])
    return [
        override("sourceName", ("displayName", "Caller"), _SHORT_NAME, to_service),
        override("targetName", ("displayName", "Called"), _SHORT_NAME, to_service),
        override("Response percentage", ("displayName", "Outcome"), ("custom.width", 140)),
    ]


def causes() -> list[Override]:
    """Columns of a root-cause table."""
    bar = ("custom.cellOptions", {"type": "gauge", "mode": "basic"})
    return [
        override("Cause", ("custom.wrapText", True)),
        override("Count", ("custom.width", 70)),
        override("Percent", ("displayName", "Of all traces"), ("custom.width", 120), ("min", 0), ("max", 100), bar),
    ]


def insights(*, narrow: bool) -> list[Override]:
    """Columns of X-Ray's own findings."""
    start = [("custom.width", 80), ("unit", "time:HH:mm:ss")] if narrow else [("custom.width", 165)]
    return [
        override("Start time", *start),
        override("State", ("custom.width", 75)),
        override("Duration", ("unit", "ms"), ("decimals", 0), ("custom.width", 85)),
        override("Categories", ("custom.width", 95)),
        override("Group", ("custom.width", 110)),
    ]


def access_lines(links: Links | None, slow_seconds: float) -> list[Override]:
    """Columns of parsed access-log lines, under the names that `ACCESS_LINE` gives them; with `links` the id leads to its trace."""
    status = [("custom.width", 65), ("custom.align", "center"), _TEXT_COLOUR, _threshold(STATUS_STEPS), _BY_THRESHOLD]
    took = worsening(slow_seconds / 2, slow_seconds, start=PLAIN)
    times = [("unit", "s"), ("decimals", 3), ("custom.width", 85)]
    linked = (
        [override("Trace", ("custom.width", 135), _mapped(r"/^1-([0-9a-f]{8})-([0-9a-f]{4}).*$/", "$1-$2…"), ("links", [links.to_trace()]))]
        if links
        else []
    )
    return [
        *linked,
        override("Time", ("custom.width", 165)),
        override("ALB", *status),
        override("Target", *status),
        override("Wait", *times),
        override("Took", *times, _TEXT_COLOUR, _threshold(took), _BY_THRESHOLD),
        override("Reply", *times),
        override("Client", ("custom.width", 150)),
        override("Sent to", ("custom.width", 150)),
        override("Load balancer", ("custom.width", 170), _mapped(r"/^app\/([^/]+)\/.*$/", "$1")),
    ]
