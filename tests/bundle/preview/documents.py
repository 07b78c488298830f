"""Small boards, alert rules and data sources to draw, and a reader for the page that is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

Json = dict[str, Any]

XRAY = {"type": "grafana-x-ray-datasource", "uid": "${xray}"}
LOKI = {"type": "loki", "uid": "${loki}"}
SHARED = {"type": "datasource", "uid": "-- Dashboard --"}


def panel(panel_id: int, title: str, grid: tuple[int, int, int, int], kind: str = "table", **more: Any) -> Json:
    x, y, w, h = grid
    return {"id": panel_id, "title": title, "type": kind, "gridPos": {"x": x, "y": y, "w": w, "h": h}, **more}


def board(uid: str, title: str, panels: Sequence[Json], **more: Any) -> Json:
    return {"uid": uid, "title": title, "panels": list(panels), **more}


def link(url: str, title: str = "Open") -> Json:
    return {"title": title, "url": url}


def faults(panel_id: int = 1, **more: Any) -> Json:
    target = {
        "refId": "A",
        "datasource": XRAY,
        "queryMode": "X-Ray",
        "queryType": "getTraceSummaries",
        "query": "service() { fault = true }",
    }
    return panel(panel_id, "Latest faults", (0, 0, 12, 8), targets=[target], description="Newest 5xx first.", **more)


def home() -> Json:
    """Two panels at the top, one of them sharing the other's answer, and a folded row with one Loki panel."""
    shared = panel(2, "Count of faults", (12, 0, 12, 8), "stat", targets=[{"refId": "A", "datasource": SHARED, "panelId": 1}])
    lines = panel(
        4,
        "Log lines",
        (0, 9, 24, 6),
        "logs",
        targets=[{"refId": "A", "datasource": LOKI, "queryType": "range", "expr": '{app="till"} |= `boom`'}],
    )
    row = {"id": 3, "type": "row", "title": "Lines", "collapsed": True, "gridPos": {"x": 0, "y": 8, "w": 24, "h": 1}, "panels": [lines]}
    return board(
        "t-home",
        "Overview",
        [faults(links=[link("/d/t-trace/trace?var-traceId=${__value.raw}&${__url_time_range}", "Open trace")]), shared, row],
        description="Is anything wrong?",
        time={"from": "now-1h", "to": "now"},
        refresh="1m",
    )


def trace() -> Json:
    return board("t-trace", "One trace", [panel(1, "Waterfall", (0, 0, 24, 16), "traces", targets=[])])


def pages() -> list[tuple[str, Json]]:
    return [("dashboards/home.json", home()), ("dashboards/trace.json", trace())]


@dataclass(frozen=True)
class Element:
    """A start tag, the text inside it, and the tags around it."""

    tag: str
    attributes: dict[str, str]
    around: tuple[Element, ...]
    pieces: list[str] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    @property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())


class Page(HTMLParser):
    """The elements of a page in document order."""

    _VOID = frozenset({"meta", "input", "link", "br", "img"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open))
        self.elements.append(element)
        if tag not in self._VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open)))

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1].tag == tag:
            self._open.pop()
        else:
            msg = f"</{tag}> closes {self._open[-1].tag if self._open else 'nothing'}"
            raise AssertionError(msg)

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.pieces.append(data)

    def of(self, class_: str) -> list[Element]:
        return [element for element in self.elements if class_ in element.classes]

    def tags(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]

    def by_id(self, id_: str) -> Element:
        (found,) = [element for element in self.elements if element.attributes.get("id") == id_]
        return found
