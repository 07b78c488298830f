"""XG22x and XG24x: what every dashboard must have, and what makes Grafana load it wrongly or ask twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from xray_grafana import contract
from xray_grafana.checks.boards import UID, Board, Panel, Target, referenced
from xray_grafana.checks.context import Context
from xray_grafana.checks.documents import JsonValue, Path, documents_at, pointer, shown, text_at, value_at
from xray_grafana.checks.rule import Fault, Place, rule
from xray_grafana.checks.variables import references

_NUMERIC_PANELS: Final = frozenset({"timeseries", "stat", "gauge", "bargauge", "histogram", "xychart"})
_JUDGING_PANELS: Final = frozenset({"stat", "gauge", "bargauge"})
_RELATIVE: Final = re.compile(r"now(?:-(\d+)([smhdw]))?")
_DURATION: Final = re.compile(r"(\d+)([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_REFRESH_MIN_SECONDS: Final = 10


@rule(
    "XG220",
    "Panel ids of a board are unique",
    reason="links, alert rules and shared answers find the wrong panel, and Grafana draws one of the two twice",
    remedy="give each panel an id of its own",
)
def _duplicate_panel_id(context: Context) -> Iterator[Fault]:
    for board in context.boards:
        for panel in board.panels:
            if panel.id is None:
                yield Fault(panel.place, f"has id {shown(value_at(panel.content, 'id'))}, expected a whole number")
            elif board.by_id[panel.id] is not panel:
                yield Fault(panel.place, f"has the id of {board.by_id[panel.id].place.pointer}, expected one of its own")


@rule(
    "XG221",
    "Targets of a panel have distinct refIds",
    reason="Grafana answers by refId, so one query takes the other's result",
    remedy="give each target of the panel a refId of its own",
)
def _duplicate_ref_id(context: Context) -> Iterator[Fault]:
    for _, panel in context.panels:
        ref_ids = [target.ref_id for target in panel.targets]
        for ref_id in sorted({ref_id for ref_id in ref_ids if not ref_id or ref_ids.count(ref_id) > 1}):
            yield Fault(panel.place, f"has {ref_ids.count(ref_id)} targets with refId {shown(ref_id)}, expected distinct names")


@rule(
    "XG222",
    "Boards have distinct uids and titles",
    reason="Grafana's provisioning stops writing every board of the folder when two share a uid or a title",
    remedy="rename one of the boards",
)
def _duplicate_board(context: Context) -> Iterator[Fault]:
    for key in ("uid", "title"):
        first: dict[str, Board] = {}
        for board in context.boards:
            name = text_at(board.content, key)
            if name and first.setdefault(name, board) is not board:
                yield Fault(board.place, f"{key} {shown(name)} is that of {first[name].path}, expected one of its own")


@rule(
    "XG223",
    "A board's uid is one that Grafana takes",
    reason="Grafana refuses the board, or makes up a uid at each load and every link to it breaks",
    remedy="use 1 to 40 letters, digits, - or _",
)
def _board_uid(context: Context) -> Iterator[Fault]:
    for board in context.boards:
        uid = value_at(board.content, "uid")
        if not isinstance(uid, str) or not UID.fullmatch(uid):
            yield Fault(board.place, f"uid is {shown(uid)}, expected 1 to {contract.UID_MAX_LENGTH} letters, digits, - or _")


@rule(
    "XG224",
    "Boards, rows and panels have a title",
    reason="nobody can tell what an untitled panel answers, and its menu hides",
    remedy="set title",
)
def _title_missing(context: Context) -> Iterator[Fault]:
    for board in context.boards:
        for place, content in ((board.place, board.content), *((panel.place, panel.content) for panel in board.panels)):
            if not text_at(content, "title").strip():
                yield Fault(place, f"title is {shown(value_at(content, 'title'))}, expected words")


@rule(
    "XG225",
    "Panels describe themselves in sentences",
    reason="at night nobody knows what the number means or what to do about it",
    remedy="set description to sentences that say what is shown and what to do",
)
def _description_missing(context: Context) -> Iterator[Fault]:
    for _, panel in context.panels:
        if not text_at(panel.content, "description").rstrip().endswith("."):
            got = text_at(panel.content, "description")
            yield Fault(
                panel.place,
                f"description ends in {shown(got[-20:])}, expected a full stop" if got else "has no description, expected sentences",
            )


@rule(
    "XG226",
    "Panels that draw numbers have a unit",
    reason="0.5 can be seconds, a share or requests; a reader guesses",
    remedy="set fieldConfig.defaults.unit, or a unit in an override",
)
def _unit_missing(context: Context) -> Iterator[Fault]:
    yield from _setting_missing(context, _NUMERIC_PANELS, "unit")


@rule(
    "XG227",
    "Panels that show one value say which values are bad",
    reason="Grafana's own thresholds turn every value from 80 on red",
    remedy="set fieldConfig.defaults.thresholds; one step is enough for a value that cannot be bad",
)
def _threshold_missing(context: Context) -> Iterator[Fault]:
    yield from _setting_missing(context, _JUDGING_PANELS, "thresholds")


def _setting_missing(context: Context, kinds: frozenset[str], setting: str) -> Iterator[Fault]:
    for _, panel in context.panels:
        if panel.type in kinds and not value_at(panel.content, "fieldConfig", "defaults", setting):
            properties = [item for override in panel.overrides for item in documents_at(override, "properties")]
            if not any(text_at(item, "id") == setting and value_at(item, "value") for item in properties):
                yield Fault(panel.place, f"a {panel.type} panel without {setting}, expected {setting} in the defaults or an override")


@rule(
    "XG240",
    "No query runs twice on a board",
    reason="each copy is another call to AWS at every refresh, billed and throttled like the first",
    remedy='share the first panel\'s answer: data source "-- Dashboard --" with its panelId',
)
def _repeated_query(context: Context) -> Iterator[Fault]:
    for board in context.boards:
        first: dict[tuple[str, str], Place] = {}
        for panel in board.panels:
            row = panel.row.place.pointer if panel.row else ""
            for target in panel.targets:
                if _asks(target):
                    before = first.setdefault((row, _question(panel, target)), target.place)
                    if before is not target.place:
                        yield Fault(target.place, f"asks the same as {before.pointer}, expected its answer to be shared")


def _asks(target: Target) -> bool:
    return not target.is_shared and target.source_uid != contract.EXPRESSION_DATASOURCE_UID and value_at(target.content, "hide") is not True


def _question(panel: Panel, target: Target) -> str:
    """Everything that decides the answer, as one text."""
    asked: dict[str, JsonValue] = {key: value for key, value in target.content.items() if key not in {"refId", "datasource", "hide"}}
    drawn: list[JsonValue] = [value_at(panel.content, key) for key in ("interval", "maxDataPoints", "timeFrom", "timeShift", "repeat")]
    return json.dumps([target.source_type, target.source_uid, asked, drawn], sort_keys=True)


@rule(
    "XG241",
    "A shared answer comes from a panel that asks itself, as soon as the board opens",
    reason="the panel stays empty, or stays empty until somebody opens a row",
    remedy="share from a panel that has a query of its own and lies outside collapsed rows, or in the same row",
)
def _shared_from_nowhere(context: Context) -> Iterator[Fault]:
    for board, panel, target in context.targets:
        if target.is_shared:
            source = board.shared_from(target)
            got = shown(value_at(target.content, "panelId"))
            if source is None:
                yield Fault(target.place, f"shares panel {got}, expected the id of a panel of this board")
            elif not any(not origin.is_shared for origin in source.targets):
                yield Fault(target.place, f"shares panel {got}, which has no query of its own, expected one that has")
            elif source.row is not None and source.row is not panel.row:
                yield Fault(
                    target.place, f"shares panel {got}, which lies in {source.row.place.pointer}, expected one that is always drawn"
                )


@rule(
    "XG242",
    "A board opens with at most six hours",
    reason="X-Ray refuses longer ranges for service graphs and statistics, so the board opens with errors",
    remedy="set time to now-6h or shorter, ending now; no longer timeFrom on X-Ray panels",
)
def _long_range(context: Context) -> Iterator[Fault]:
    limit = contract.XRAY_RANGE_MAX_HOURS * _SECONDS["h"]
    for board in context.boards:
        start, end = (_ago_seconds(text_at(board.content, "time", key)) for key in ("from", "to"))
        if start is None or end is None or not 0 < start - end <= limit:
            got = f"{shown(value_at(board.content, 'time', 'from'))} to {shown(value_at(board.content, 'time', 'to'))}"
            yield Fault(board.place, f"opens with {got}, expected at most {contract.XRAY_RANGE_MAX_HOURS} hours before now")
    for _, panel in context.panels:
        own_range = _DURATION.fullmatch(text_at(panel.content, "timeFrom"))
        if own_range and any(target.is_xray for target in panel.targets) and int(own_range[1]) * _SECONDS[own_range[2]] > limit:
            yield Fault(panel.place, f"timeFrom is {own_range[0]}, expected at most {contract.XRAY_RANGE_MAX_HOURS}h")


def _ago_seconds(text: str) -> int | None:
    match = _RELATIVE.fullmatch(text)
    if match is None:
        return None
    return int(match[1]) * _SECONDS[match[2]] if match[1] else 0


@rule(
    "XG243",
    "A board refreshes every ten seconds at most",
    reason="X-Ray throttles, and Grafana refuses a refresh below its own minimum of 5s or 10s",
    remedy="set refresh to 10s or more, or leave it empty",
)
def _fast_refresh(context: Context) -> Iterator[Fault]:
    for board in context.boards:
        refresh = value_at(board.content, "refresh")
        if refresh in (None, "", False):
            continue
        match = _DURATION.fullmatch(refresh) if isinstance(refresh, str) else None
        if match is None or int(match[1]) * _SECONDS[match[2]] < _REFRESH_MIN_SECONDS:
            yield Fault(board.place, f"refresh is {shown(refresh)}, expected {_REFRESH_MIN_SECONDS}s or more, or nothing")


@rule(
    "XG244",
    "Boards are written in the schema version of the bundle",
    reason="Grafana migrates an older board when it loads it, so what is drawn is not what was reviewed",
    remedy=f"set schemaVersion to {contract.SCHEMA_VERSION}",
)
def _schema_version(context: Context) -> Iterator[Fault]:
    for board in context.boards:
        if (got := value_at(board.content, "schemaVersion")) != contract.SCHEMA_VERSION:
            yield Fault(board.place, f"schemaVersion is {shown(got)}, expected {contract.SCHEMA_VERSION}")


@rule(
    "XG245",
    "A null stands only where it means something",
    reason="Grafana takes null for a chosen value, not for the default, and some panels fail on it",
    remedy="leave the key out",
)
def _null_value(context: Context) -> Iterator[Fault]:
    for board in context.boards:
        for place, panel, leaf in board.located_leaves:
            if leaf.value is None and not _null_means_something(panel.content if panel else board.content, leaf.path):
                yield Fault(place, f"{pointer(leaf.path)} is null, expected a value or no key")


def _null_means_something(content: JsonValue, path: Path) -> bool:
    """The first threshold step, an open end of a value mapping's range, and an override that unsets links."""
    if path[-1] == "value" and path[-3:-1] == ("steps", 0):
        return True
    if path[-1] in {"from", "to"} and path[-2:-1] == ("options",):
        return True
    return path[-1] == "value" and path[-3:-2] == ("properties",) and text_at(content, *path[:-1], "id") == "links"


@rule(
    "XG246",
    "Variables that a board mentions are defined on it",
    reason="Grafana leaves the name as it is, so the query asks for a service called $service and finds nothing",
    remedy="define the variable on the board, or correct its name",
)
def _undefined_variable(context: Context) -> Iterator[Fault]:
    for board in context.boards:
        for place, _, leaf in board.located_leaves:
            if leaf.path[0] == "tags" or "current" in leaf.path:
                continue  # names that people chose; Grafana shows them as they are
            for name in dict.fromkeys(references(leaf.value or "")):
                if name not in board.variables:
                    yield Fault(place, f"{pointer(leaf.path)} mentions ${name}, expected one of {_names(board)}")


def _names(board: Board) -> str:
    return ", ".join(f"${name}" for name in board.variables) or "no variable: the board has none"


@rule(
    "XG247",
    "Variables of a board are used",
    reason="a drop-down that changes nothing misleads whoever turns it",
    remedy="use the variable or remove it",
    severity="warning",
)
def _unused_variable(context: Context) -> Iterator[Fault]:
    for board in context.boards:
        used = referenced(board)
        for name in board.variables:
            if name not in used:
                yield Fault(board.place.within(f"variable {name}"), f"nothing mentions ${name}, expected a query, title or link that does")


RULES: Final = (
    _duplicate_panel_id,
    _duplicate_ref_id,
    _duplicate_board,
    _board_uid,
    _title_missing,
    _description_missing,
    _unit_missing,
    _threshold_missing,
    _repeated_query,
    _shared_from_nowhere,
    _long_range,
    _fast_refresh,
    _schema_version,
    _null_value,
    _undefined_variable,
    _unused_variable,
)
