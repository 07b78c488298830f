"""grafanalib's JSON brought to Grafana's current dashboard schema (42).

grafanalib 0.7.1 writes keys that Grafana dropped years ago and `null` for every option left alone; Grafana's own schema knows neither.
The work is a list of small steps, each from one document to the next.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from grafanalib._gen import DashboardEncoder

Json: TypeAlias = dict[str, Any]

_DEAD_BOARD_KEYS: Final = ("__inputs", "gnetId", "hideControls", "id", "rows", "sharedCrosshair", "style")
_DEAD_PANEL_KEYS: Final = (
    "cacheTimeout",
    "color",
    "columns",
    "editable",
    "error",
    "fontSize",
    "height",
    "mappings",
    "minSpan",
    "span",
    "mode",
    "content",
)
_DEAD_FIELD_KEYS: Final = ("displayMode",)
# Options that say nothing when they have this value.
_PANEL_DEFAULTS: Final[Json] = {
    "hideTimeOverride": False,
    "links": [],
    "maxDataPoints": 100,
    "targets": [],
    "transformations": [],
    "transparent": False,
}


def plain(dashboard: Any) -> Json:
    """What grafanalib's own command would write, as plain dicts and lists."""
    document: Json = json.loads(json.dumps(dashboard, cls=DashboardEncoder))
    return document


def _drop_dead_board_keys(board: Json) -> Json:
    kept = {key: value for key, value in board.items() if key not in _DEAD_BOARD_KEYS}
    kept["timepicker"] = {key: value for key, value in board["timepicker"].items() if key == "refresh_intervals"}
    return kept


def _add_board_defaults(board: Json) -> Json:
    return board | {"fiscalYearStartMonth": 0, "liveNow": False, "preload": False, "weekStart": ""}


def _drop_unset(board: Json) -> Json:
    """`null` means something in two places only: the bottom threshold, and an override that takes links away."""
    without: Json = _without_nulls(board)
    return without


def _without_nulls(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        keeps_null = key in {"steps", "properties"}
        return {name: _without_nulls(item, name) for name, item in value.items() if item is not None or (keeps_null and name == "value")}
    if isinstance(value, list):
        return [_without_nulls(item, key) for item in value]
    return value


def _panels(step: Callable[[Json], Json]) -> Callable[[Json], Json]:
    """A step on a panel as a step on the board, rows' own panels included."""

    def on_panel(panel: Json) -> Json:
        changed = step(panel)
        if "panels" in changed:
            changed = changed | {"panels": [on_panel(inner) for inner in changed["panels"]]}
        return changed

    return lambda board: board | {"panels": [on_panel(panel) for panel in board["panels"]]}


def _drop_dead_panel_keys(panel: Json) -> Json:
    return {key: value for key, value in panel.items() if key not in _DEAD_PANEL_KEYS}


def _drop_panel_defaults(panel: Json) -> Json:
    return {key: value for key, value in panel.items() if key not in _PANEL_DEFAULTS or value != _PANEL_DEFAULTS[key]}


def _complete_field_config(panel: Json) -> Json:
    """Rows have none; others need both halves, and no empty thresholds, mappings or units."""
    if panel["type"] == "row":
        return {key: panel[key] for key in ("collapsed", "gridPos", "id", "panels", "title", "type")}
    config = panel.get("fieldConfig", {})
    defaults = {key: value for key, value in config.get("defaults", {}).items() if value not in ("", [], {})}
    if not defaults.get("thresholds", {}).get("steps"):
        defaults.pop("thresholds", None)
    if "custom" in defaults:
        defaults["custom"] = {key: value for key, value in defaults["custom"].items() if key not in _DEAD_FIELD_KEYS}
    return panel | {"fieldConfig": {"defaults": defaults, "overrides": config.get("overrides", [])}}


STEPS: Final[tuple[Callable[[Json], Json], ...]] = (
    _drop_dead_board_keys,
    _add_board_defaults,
    _drop_unset,
    _panels(_drop_dead_panel_keys),
    _panels(_drop_panel_defaults),
    _panels(_complete_field_config),
)


def normalise(dashboard: Any) -> Json:
    """A grafanalib dashboard, or what its `to_json_data` gives, as a document of the current schema."""
    document = plain(dashboard)
    for step in STEPS:
        document = step(document)
    return document
