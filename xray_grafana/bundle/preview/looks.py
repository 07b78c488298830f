"""Units, thresholds and panel types as Grafana's users know them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from xray_grafana.bundle.artifact import Document, JsonValue
from xray_grafana.bundle.preview.fields import object_at, objects, text, value

# The base shades of Grafana's palette: packages/grafana-data/src/themes/createVisualizationColors.ts, dark theme.
_PALETTE: Final = {
    "red": "#f2495c",
    "orange": "#ff9830",
    "yellow": "#fade2a",
    "green": "#73bf69",
    "blue": "#5794f2",
    "purple": "#b877d9",
}
_NEUTRAL: Final = "#8e8e99"
_SHADE: Final = re.compile(r"^(super-light|light|semi-dark|dark)-")
_HEX: Final = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")

# Unit ids of Grafana: packages/grafana-data/src/valueFormats/categories.ts.
_UNITS: Final = {
    "percentunit": "percent, 1 is 100 %",
    "percent": "percent, 100 is 100 %",
    "s": "seconds",
    "ms": "milliseconds",
    "m": "minutes",
    "h": "hours",
    "short": "number",
    "none": "plain number",
    "string": "text",
    "bytes": "bytes",
    "decbytes": "bytes",
    "Bps": "bytes/s",
    "reqps": "requests/s",
    "reqpm": "requests/min",
    "cps": "counts/s",
    "cpm": "counts/min",
    "dateTimeAsIso": "date and time",
    "dateTimeAsIsoNoDateIfToday": "date and time",
    "dateTimeFromNow": "time ago",
}
_SUFFIXES: Final = {
    "percent": " %",
    "s": " s",
    "ms": " ms",
    "m": " min",
    "h": " h",
    "reqps": "/s",
    "reqpm": "/min",
    "cps": "/s",
    "cpm": "/min",
}

_SIGNS: Final = {"percentunit": "%", "percent": "%", "s": "s", "ms": "ms"}

# Panel plugin ids with a drawing of their own: id of the drawing, name.
_TYPES: Final = {
    "stat": ("stat", "Stat"),
    "gauge": ("stat", "Gauge"),
    "timeseries": ("line", "Time series"),
    "table": ("table", "Table"),
    "logs": ("logs", "Logs"),
    "nodeGraph": ("map", "Node graph"),
    "traces": ("waterfall", "Trace waterfall"),
    "text": ("text", "Text"),
    "histogram": ("histogram", "Histogram"),
    "barchart": ("histogram", "Bar chart"),
    "xychart": ("scatter", "Scatter"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One threshold: its colour as CSS and from which value on it holds."""

    colour: str
    label: str


@dataclass(frozen=True, slots=True)
class FieldLook:
    """What an override says about one field."""

    name: str
    unit: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...]


def drawing_of(panel_type: str) -> str:
    """The name of the drawing for a panel type."""
    return _TYPES.get(panel_type, ("other", ""))[0]


def type_name(panel_type: str) -> str:
    """A panel type in words; an unknown one by its id."""
    return _TYPES.get(panel_type, ("", panel_type))[1]


def unit_name(unit: str) -> str:
    """A Grafana unit id in words; an unknown one as it stands."""
    return _UNITS.get(unit, unit)


def unit_sign(unit: str) -> str:
    """A unit as short as a small card needs it."""
    return _SIGNS.get(unit) or unit_name(unit)


def css_colour(name: str) -> str:
    """A Grafana colour as a CSS one. Anything else becomes grey, so that no foreign text reaches a style."""
    if _HEX.fullmatch(name):
        return name.lower()
    return _PALETTE.get(_SHADE.sub("", name), _NEUTRAL)


def threshold_steps(thresholds: Document, unit: str) -> tuple[Step, ...]:
    """The steps of a threshold setting. A single base step colours everything alike and is no threshold."""
    steps = objects(thresholds, "steps")
    if len(steps) < 2:  # noqa: PLR2004 - a base and one limit
        return ()
    return tuple(Step(css_colour(text(step, "color")), _limit(value(step, "value"), unit)) for step in steps)


def _limit(limit: JsonValue, unit: str) -> str:
    if isinstance(limit, bool) or not isinstance(limit, (int, float)):
        return "base"
    if unit == "percentunit":
        return f"≥ {limit * 100:g} %"
    return f"≥ {limit:g}{_SUFFIXES.get(unit, '')}"


def field_looks(panel: Document) -> tuple[FieldLook, ...]:
    """The fields that overrides name, with their units, thresholds and what else a reader would notice."""
    return tuple(look for look in map(_field_look, objects(panel, "fieldConfig", "overrides")) if look.unit or look.steps or look.notes)


def _field_look(override: Document) -> FieldLook:
    properties = {text(prop, "id"): value(prop, "value") for prop in objects(override, "properties")}
    found: Document = dict(properties)
    unit = text(found, "unit")
    notes: list[str] = []
    if shown_as := text(found, "displayName"):
        notes.append(f"shown as {shown_as}")
    if "links" in found and found["links"] is None:
        notes.append("the plugin's own links are taken away")
    if found.get("custom.hidden") is True or "custom.hideFrom" in found:
        notes.append("hidden")
    if mappings := objects(found, "mappings"):
        notes.append(f"{len(mappings)} value mapping{'s' if len(mappings) > 1 else ''}")
    name = text(override, "matcher", "options", default=text(override, "matcher", "id", default="?"))
    return FieldLook(name, unit_name(unit), threshold_steps(object_at(found, "thresholds"), unit), tuple(notes))
