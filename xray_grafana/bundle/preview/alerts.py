"""Alert rules as rows of a table: rules that differ in nothing but their name share one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xray_grafana import contract
from xray_grafana.bundle.artifact import Document
from xray_grafana.bundle.preview.boards import Board
from xray_grafana.bundle.preview.fields import integer, object_at, objects, text, texts, value
from xray_grafana.bundle.preview.queries import compact

# Evaluators of Grafana's threshold expression: pkg/expr/threshold.go.
_EVALUATORS: Final = {
    "gt": "above {0}",
    "lt": "below {0}",
    "gte": "at least {0}",
    "lte": "at most {0}",
    "eq": "equal to {0}",
    "ne": "other than {0}",
    "within_range": "between {0} and {1}",
    "outside_range": "outside {0} to {1}",
}
_REFERENCE: Final = re.compile(r"\$\{?(\w+)\}?")
_SHOWN_TITLES: Final = 12
# Deeper than any expression chain a rule needs; ends a chain that refers to itself.
_DEPTH: Final = 8


@dataclass(frozen=True, slots=True)
class _Steps:
    """A rule's queries and expressions by their letters, and whether its queries look at different times."""

    models: Mapping[str, Document]
    windows_differ: bool


@dataclass(frozen=True, slots=True)
class PanelLink:
    """The panel a rule names: `words` is its title, or what is wrong with the reference when `anchor` is None."""

    words: str
    uid: str
    anchor: str | None


@dataclass(frozen=True, slots=True)
class AlertRow:
    """Rules alike: the first titles, how many more there are, and what they have in common."""

    titles: tuple[str, ...]
    more: int
    severity: str
    condition: str
    window: str
    holds: str
    without_data: str
    panel: PanelLink | None

    @property
    def count(self) -> int:
        """How many rules the row stands for."""
        return len(self.titles) + self.more


def read_alerts(document: Document, boards: Sequence[Board]) -> tuple[AlertRow, ...]:
    """The rules of an alerting document, in its order, rules alike gathered at the place of the first."""
    panels = {(board.uid, panel.id): (panel.anchor, f"{board.title} › {panel.title}") for board in boards for panel in board.panels}
    gathered: dict[tuple[str, str, str, str, str, PanelLink | None], list[str]] = {}
    for group in objects(document, "groups"):
        interval = text(group, "interval")
        for rule in objects(group, "rules"):
            severity = text(rule, "labels", "severity", default="none")
            condition, window = _condition(rule)
            key = (severity, condition, window, _holds(rule, interval), _states(rule), _panel(rule, panels))
            gathered.setdefault(key, []).append(text(rule, "title", default="Untitled rule"))
    return tuple(AlertRow(tuple(titles[:_SHOWN_TITLES]), max(0, len(titles) - _SHOWN_TITLES), *key) for key, titles in gathered.items())


def _holds(rule: Document, interval: str) -> str:
    lasting = text(rule, "for", default="0s")
    start = "at once" if lasting in {"0", "0s"} else f"for {lasting}"
    return f"{start}, asked every {interval}" if interval else start


def _states(rule: Document) -> str:
    return f"no data: {text(rule, 'noDataState', default='NoData')}, error: {text(rule, 'execErrState', default='Error')}"


def _panel(rule: Document, panels: Mapping[tuple[str, int], tuple[str, str]]) -> PanelLink | None:
    uid = text(rule, "annotations", "__dashboardUid__") or text(rule, "dashboardUid")
    written = text(rule, "annotations", "__panelId__") or str(integer(rule, "panelId", default=0))
    if not uid:
        return None
    found = panels.get((uid, int(written))) if written.isdecimal() else None
    if found is None:
        return PanelLink(f"panel {written} of {uid} is not in this bundle", uid, None)
    return PanelLink(found[1], uid, found[0])


def _condition(rule: Document) -> tuple[str, str]:
    """The condition in words, and the time that all its queries look at; empty when they differ, for then each says its own."""
    models = {text(step, "refId"): {**step, **object_at(step, "model")} for step in objects(rule, "data")}
    windows = {_window(model) for model in models.values() if not _is_expression(model)}
    words = _expression(text(rule, "condition"), _Steps(models, len(windows) > 1), 0)
    return words, f"over {windows.pop()}" if len(windows) == 1 else ""


def _is_expression(model: Document) -> bool:
    return text(model, "datasourceUid") == contract.EXPRESSION_DATASOURCE_UID


def _expression(ref: str, steps: _Steps, depth: int) -> str:
    """An expression in words, with the queries it is made from in place of their letters."""
    model = steps.models.get(ref)
    if model is None or depth > _DEPTH:
        return ref or "no condition"
    below = depth + 1
    match text(model, "type") if _is_expression(model) else "query":
        case "threshold":
            return f"{_expression(text(model, 'expression'), steps, below)} {_limits(model)}"
        case "math":
            return _REFERENCE.sub(lambda found: _operand(found[1], steps, below), text(model, "expression"))
        case "reduce":
            return f"{text(model, 'reducer')}({_expression(text(model, 'expression'), steps, below)})"
        case "query":
            return _query(ref, model, steps)
        case other:
            return f"{other} of {ref}"


def _operand(ref: str, steps: _Steps, depth: int) -> str:
    """A reference inside a formula: in brackets when it is a formula itself."""
    words = _expression(ref, steps, depth)
    return f"({words})" if text(steps.models.get(ref, {}), "type") == "math" else words


def _limits(model: Document) -> str:
    evaluator = next((object_at(condition, "evaluator") for condition in objects(model, "conditions")), {})
    params = value(evaluator, "params")
    numbers = [number for number in params if isinstance(number, int | float)] if isinstance(params, list) else []
    pattern = _EVALUATORS.get(text(evaluator, "type"))
    if pattern is None or len(numbers) < pattern.count("{"):
        return compact(evaluator)
    return pattern.format(*(f"{number:g}" for number in numbers))


def _query(ref: str, model: Document, steps: _Steps) -> str:
    window = f"[{_window(model)}]" if steps.windows_differ else ""
    columns = [contract.STATISTICS_FIELDS.get(column, column) for column in texts(model, "columns")]
    if columns:
        return ", ".join(columns) + window
    return f"{'log query' if text(model, 'expr') else 'query'} {ref}{window}"


def _window(model: Document) -> str:
    """The time a query looks at: `15m`, or `6h to 15m ago` when it ends before now."""
    start, end = (_span(integer(model, "relativeTimeRange", key, default=0)) for key in ("from", "to"))
    return start if end == "0s" else f"{start} to {end} ago"


def _span(seconds: int) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
