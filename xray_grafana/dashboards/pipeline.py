"""Pipeline health: does the tracing itself work? Agent, shipper, share of ALB ids found in X-Ray, and what each alert means."""

from __future__ import annotations

from typing import Final

from xray_grafana import contract
from xray_grafana.dashboards import draw, panels
from xray_grafana.dashboards.alert_guide import as_table
from xray_grafana.dashboards.board import CHECK_LOKI, CHECK_XRAY, Board, Kit
from xray_grafana.dashboards.layout import Layout, band
from xray_grafana.dashboards.panels import colour, text
from xray_grafana.dashboards.targets import LokiTarget
from xray_grafana.dashboards.thresholds import BLUE, GREEN, ORANGE, RED, YELLOW, plain, worsening
from xray_grafana.loki import logql

TITLE = "X-Ray / Pipeline health"
ANSWERS = "Does the tracing itself work: agent, shipper, and the ids that join logs to traces?"

# Named by alert rules: runbook links, and the rule for a source that says nothing.
RUNBOOK_PANEL: Final = 90
TRACED_REQUESTS_PANEL: Final = 1

_FOUND, _TRACED, _ALB_REQUESTS = 2, 3, 4
_LAG, _COUNTS, _PROBLEMS, _AGENT = 10, 11, 12, 13

_COUNT_COLOURS: Final = dict(zip(contract.SHIPPER_COUNTS, (GREEN, RED, ORANGE, YELLOW), strict=True))

_LABELS: Final = (
    f'- **Shipper or agent panels stay empty**: they read lines with the labels `{contract.LABEL_SERVICE}="{contract.SHIPPER_SERVICE}"` '
    f'and `{contract.LABEL_SERVICE}="{contract.AGENT_SERVICE}"`; other shippers write other lines.\n'
)


def build(kit: Kit) -> Board:
    """One AWS call; everything else comes from log lines."""
    traced = draw.requests_chart(
        TRACED_REQUESTS_PANEL,
        "Traced requests",
        "Requests a minute that reached X-Ray from this source. Zero while services run: the agent, its role or the sampling rules.",
        kit.traces,
        "",
    )
    layout: Layout = [band(9, (24, traced))]
    if kit.config.logs is not None:
        layout = _with_logs(kit, traced)
    return kit.board(
        "pipeline",
        TITLE,
        ANSWERS,
        [*layout, *([band(12, (24, _runbook()))] if kit.config.alerts.enabled else [])],
        advice=CHECK_XRAY + (CHECK_LOKI + _LABELS if kit.config.logs is not None else ""),
    )


def _with_logs(kit: Kit, traced: object) -> Layout:
    selector = kit.loki.alb_selector
    signals = kit.logs
    found = panels.stat(
        _FOUND,
        "ALB ids found in X-Ray",
        "Share of sampled load-balancer ids that became traces, by the last reports. Far below the sampling rate: services start others.",
        [LokiTarget(expr=logql.found_ratio(), queryType="instant")],
        unit="percentunit",
        steps=plain(),
        calc="lastNotNull",
        decimals=1,
    )
    with_id = draw.log_stat(_TRACED, signals.traced, logql.traced_ratio(selector), "Below 100 %: clients send headers of their own.", 1)
    requests = panels.time_series(
        _ALB_REQUESTS,
        "Requests at the load balancers",
        "Requests a second that load balancers logged; the sampled ones among them are on the left. Compare their shapes.",
        [LokiTarget(expr=logql.requests_per_second(selector), legendFormat="requests")],
        unit="reqps",
        overrides=[colour("requests", BLUE)],
    )
    lag = panels.time_series(
        _LAG,
        "Shipper lag",
        "Age of the oldest line of an object when it was shipped. Ten minutes is normal; rising: the shipper cannot keep up.",
        [LokiTarget(expr=logql.shipper_lag_seconds(), legendFormat="lag")],
        unit="s",
        overrides=[colour("lag", ORANGE)],
        steps=panels.limit_of(worsening(900, 3600)),
    )
    counts = panels.time_series(
        _COUNTS,
        "Lines by outcome",
        "What became of every line the shipper read. Rejected: Loki refused them; unreadable: open the lines on the right.",
        [LokiTarget(refId=count.upper(), expr=logql.shipper_count(count), legendFormat=count) for count in contract.SHIPPER_COUNTS],
        unit="short",
        overrides=[colour(count, paint) for count, paint in _COUNT_COLOURS.items()],
    )
    problems = panels.logs(
        _PROBLEMS,
        "Objects with problems",
        "Log objects with rejected or unreadable lines. Open one for its key and the reason.",
        [LokiTarget(expr=logql.shipper_problems(), maxLines=100)],
    )
    agent = panels.logs(
        _AGENT,
        "Agent log",
        "What the X-Ray agent says. AccessDenied: its role; buffer full: raise its memory.",
        [LokiTarget(expr=logql.agent_lines(), maxLines=100)],
    )
    return [
        band(5, (12, found), (12, with_id)),
        band(8, (12, traced), (12, requests)),
        band(8, (12, lag), (12, counts)),
        band(8, (12, problems), (12, agent)),
    ]


def _runbook() -> object:
    return text(
        RUNBOOK_PANEL,
        "Runbook of the alerts",
        "What each alert of this bundle means. Find yours by its title and do what it says.",
        as_table(),
    )
