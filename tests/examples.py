"""The configs that many tests build: the example, and the odd ones under `tests/golden/configs/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from xray_grafana.config import Config, parse_config
from xray_grafana.config.example import example_text

CONFIGS = Path(__file__).with_name("golden") / "configs"
ODD = tuple(sorted(path.stem for path in CONFIGS.glob("*.yaml")))


def example(*overrides: str) -> Config:
    """The example config, with `key=value` overrides."""
    return parse_config(example_text(), "bundle.yaml", overrides=overrides)


def odd(name: str) -> Config:
    """One of the odd configs."""
    path = CONFIGS / f"{name}.yaml"
    return parse_config(path.read_text(encoding="utf-8"), path.name)


def flat_panels(board: dict[str, Any], *, visible: bool = False) -> list[dict[str, Any]]:
    """All panels of a board but rows, those inside rows included; with `visible` only what a load asks for."""
    found = []
    for panel in board["panels"]:
        if panel["type"] != "row":
            found.append(panel)
        elif not (visible and panel["collapsed"]):
            found += flat_panels(panel)
    return found


def panel_of(board: dict[str, Any], id_: int) -> dict[str, Any]:
    """The panel with an id."""
    (found,) = [panel for panel in flat_panels(board) if panel["id"] == id_]
    return found
