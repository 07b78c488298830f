"""XG25x: links between boards. A link is a path that begins with /d/, alone, behind Grafana's public address, or in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from xray_grafana.checks.context import Context
from xray_grafana.checks.documents import documents_at, shown, text_at, value_at
from xray_grafana.checks.rule import Fault, rule

_VARIABLE: Final = re.compile(r"[?&]var-(\w+)=")
_QUERY_PARAMETER: Final = re.compile(r"\$\{(\w+):queryparam\}")
_PANEL: Final = re.compile(r"[?&](?:viewPanel|editPanel)=(?:panel-)?([^&#]*)")
_TIME: Final = re.compile(r"\$\{?__url_time_range\b|[?&]from=")


@rule(
    "XG250",
    "Links lead to boards of the bundle",
    reason="the click ends at Dashboard not found",
    remedy="use the uid of a board in dashboards/",
)
def _unknown_board(context: Context) -> Iterator[Fault]:
    for link in context.links:
        if link.uid not in context.board_by_uid and not link.uid.startswith("$"):
            known = ", ".join(sorted(context.board_by_uid)) or "none"
            yield Fault(link.place, f"{shown(link.url)} leads to board {shown(link.uid)}, expected one of {known}")


@rule(
    "XG251",
    "Links pass variables that the target board has",
    reason="Grafana ignores the others, so the board opens on its default instead of what was clicked",
    remedy="pass a variable of the target board, or leave it out",
)
def _unknown_link_variable(context: Context) -> Iterator[Fault]:
    for link in context.links:
        board = context.board_by_uid.get(link.uid)
        if board is not None:
            for name in dict.fromkeys([*_VARIABLE.findall(link.url), *_QUERY_PARAMETER.findall(link.url)]):
                if name not in board.variables:
                    known = ", ".join(sorted(board.variables)) or "none"
                    yield Fault(link.place, f"passes var-{name} to {board.uid}, expected one of {known}")


@rule(
    "XG252",
    "Links to a panel name one that exists",
    reason="the board opens with an empty page instead of the panel",
    remedy="use the id of a panel of the target board",
)
def _unknown_link_panel(context: Context) -> Iterator[Fault]:
    for link in context.links:
        board = context.board_by_uid.get(link.uid)
        for number in _PANEL.findall(link.url):
            if board is not None and not board.has_panel(number):
                yield Fault(link.place, f"shows panel {shown(number)} of {board.uid}, expected the id of a panel there")


@rule(
    "XG253",
    "Links carry the time range",
    reason="the board opens on its own default range, where what was clicked may not be",
    remedy="end the url in &${__url_time_range}; set keepTime on a link to boards by tag",
)
def _time_range_lost(context: Context) -> Iterator[Fault]:
    for link in context.links:
        if link.needs_time and not _TIME.search(link.url):
            yield Fault(link.place, f"{shown(link.url)} has no time range, expected ${{__url_time_range}} or from= and to=")
    for board in context.boards:
        for index, item in enumerate(documents_at(board.content, "links")):
            if text_at(item, "type") == "dashboards" and value_at(item, "keepTime") is not True:
                yield Fault(board.place.within(f"links[{index}]"), f"keepTime is {shown(value_at(item, 'keepTime'))}, expected true")


RULES: Final = (_unknown_board, _unknown_link_variable, _unknown_link_panel, _time_range_lost)
