"""Colours and where they change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

GREEN: Final = "green"
YELLOW: Final = "#EAB839"
RED: Final = "red"
PURPLE: Final = "purple"
BLUE: Final = "blue"
ORANGE: Final = "orange"
PLAIN: Final = "text"


@dataclass(frozen=True, slots=True)
class Step:
    """From this value on (in the unit of what is shown; None: from the bottom) a value has this colour."""

    value: float | None
    color: str

    def to_json_data(self) -> dict[str, Any]:
        return {"color": self.color, "value": self.value}


Steps: TypeAlias = tuple[Step, ...]


def plain(color: str = BLUE) -> Steps:
    """One colour for every value: a figure that can be large or small, but not bad."""
    return (Step(None, color),)


def worsening(warn: float, bad: float, *, start: str = GREEN, bad_color: str = RED) -> Steps:
    """Green, yellow from `warn`, red from `bad`: the higher the worse."""
    return (Step(None, start), Step(warn, YELLOW), Step(bad, bad_color))


def improving(bad_below: float, warn_below: float) -> Steps:
    """Red below the first value, yellow below the second, green above: the higher the better."""
    return (Step(None, RED), Step(bad_below, YELLOW), Step(warn_below, GREEN))


def threshold_config(steps: Steps) -> dict[str, Any]:
    """Grafana's `thresholds` object."""
    return {"mode": "absolute", "steps": [step.to_json_data() for step in steps]}
