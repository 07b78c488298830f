"""A Loki with lines of a trace: it answers the questions that a trace is looked up with, over a real socket, as Loki answers them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from tests.alb.loki_queries import QUERY_PATH, selects
from tests.push.loki_fake import LokiFake
from xray_grafana.loki.selector import parse_selector

_QUERY: Final = re.compile(r"(\{.*?\})(?: (\|[=~]) `([^`]*)`)?(?: \| trace_id=(~?)`([^`]*)`)?")


class Stored(NamedTuple):
    """`labels` of the stream, `metadata` of the entry, `time_ns` since 1970."""

    time_ns: int
    line: str
    labels: dict[str, str]
    metadata: dict[str, str]


class LokiLines:
    """Answers from `stored`, and keeps the questions in `queries`."""

    def __init__(self, loki: LokiFake, *stored: Stored) -> None:
        self.queries: list[dict[str, str]] = []
        self._stored = stored
        loki.on_get(QUERY_PATH, self._answer)

    def _answer(self, parameters: dict[str, str]) -> dict[str, Any]:
        self.queries.append(parameters)
        matched = _QUERY.fullmatch(parameters["query"])
        assert matched, parameters["query"]
        assert parameters["direction"] == "forward"
        start, end = int(parameters["start"]), int(parameters["end"])
        fits = self._condition(matched)
        found = [each for each in self._stored if start <= each.time_ns < end and fits(each)]
        found = sorted(found, key=lambda each: each.time_ns)[: int(parameters["limit"])]
        streams = [{"stream": each.labels | each.metadata, "values": [[str(each.time_ns), each.line]]} for each in reversed(found)]
        return {"status": "success", "data": {"resultType": "streams", "result": streams}}

    def _condition(self, matched: re.Match[str]) -> Callable[[Stored], bool]:
        selector = parse_selector(matched[1])
        held = re.compile(re.escape(matched[3]) if matched[2] == "|=" else matched[3] or "")
        marked = re.compile(matched[5] if matched[4] else re.escape(matched[5])) if matched[5] else None

        def fits(each: Stored) -> bool:
            return (
                selects(selector, each.labels)
                and held.search(each.line) is not None
                and (marked is None or marked.fullmatch(each.metadata.get("trace_id", "")) is not None)
            )

        return fits
