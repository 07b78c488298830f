"""Which boards a bundle has, in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from xray_grafana.config.models import Config
from xray_grafana.dashboards import alb, causes, home, insights, map, pipeline, service, slo, trace, traces  # noqa: A004 - the board's name
from xray_grafana.dashboards.board import Board, Kit


@dataclass(frozen=True, slots=True)
class BoardEntry:
    """One board: the suffix of its uid and file, its title, the question it answers, and when a bundle has it."""

    suffix: str
    title: str
    answers: str
    build: Callable[[Kit], Board]
    is_in: Callable[[Config], bool] = lambda _: True


BOARDS: Final[tuple[BoardEntry, ...]] = (
    BoardEntry("home", home.TITLE, home.ANSWERS, home.build),
    BoardEntry("map", map.TITLE, map.ANSWERS, map.build),
    BoardEntry("service", service.TITLE, service.ANSWERS, service.build),
    BoardEntry("traces", traces.TITLE, traces.ANSWERS, traces.build),
    BoardEntry("trace", trace.TITLE, trace.ANSWERS, trace.build),
    BoardEntry("causes", causes.TITLE, causes.ANSWERS, causes.build),
    BoardEntry("insights", insights.TITLE, insights.ANSWERS, insights.build),
    BoardEntry("alb", alb.TITLE, alb.ANSWERS, alb.build, lambda config: config.logs is not None),
    BoardEntry("slo", slo.TITLE, slo.ANSWERS, slo.build, lambda config: config.xray.application_signals),
    BoardEntry("pipeline", pipeline.TITLE, pipeline.ANSWERS, pipeline.build),
)


def boards_of(config: Config) -> tuple[BoardEntry, ...]:
    """The boards of a bundle, in the order people read them."""
    return tuple(entry for entry in BOARDS if entry.is_in(config))


def build_board(config: Config, suffix: str) -> Board:
    """One board. Raises KeyError for a suffix that this config has no board for."""
    for entry in boards_of(config):
        if entry.suffix == suffix:
            return entry.build(Kit(config))
    raise KeyError(suffix)
