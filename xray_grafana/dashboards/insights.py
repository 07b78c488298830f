"""Insights: what did X-Ray itself flag?"""

from __future__ import annotations

from xray_grafana import contract
from xray_grafana.dashboards import draw
from xray_grafana.dashboards.board import CHECK_XRAY, Board, Kit
from xray_grafana.dashboards.layout import band
from xray_grafana.dashboards.panels import shared
from xray_grafana.dashboards.targets import XRayTarget

TITLE = "X-Ray / Insights"
ANSWERS = "What did X-Ray itself flag?"

_ACTIVE, _CLOSED = 1, 2


def build(kit: Kit) -> Board:
    """Active and closed insights of all groups from one question: one AWS call for the groups and one for each of them."""
    everything = XRayTarget(queryType="getInsights", group=dict(contract.ALL_GROUPS), state="All")
    active = draw.insights_table(
        _ACTIVE,
        "Active",
        "Anomalies that go on now. Empty is good; open the root-cause service's board if not.",
        everything,
        narrow=False,
        state="Active",
    )
    closed = draw.insights_table(
        _CLOSED,
        "Closed",
        "Anomalies that ended in the range. Compare their start with your releases.",
        shared(_ACTIVE)[0],
        narrow=False,
        state="Closed",
    )
    return kit.board(
        "insights",
        TITLE,
        ANSWERS,
        [band(9, (24, active)), band(13, (24, closed))],
        default_range=f"{contract.XRAY_RANGE_MAX_HOURS}h",
        advice=(
            "- **Always empty**: insights must be switched on for each group (`InsightsConfiguration`), also for Default; X-Ray needs a "
            "day of traffic to learn what is normal.\n"
        )
        + CHECK_XRAY,
    )
