"""The two questions of a report, answered by the fake Loki from what was pushed to it, as Loki answers them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from tests.push.loki_fake import LokiFake, Stored
from xray_grafana.loki.selector import Selector, parse_selector

QUERY_PATH: Final = "/loki/api/v1/query_range"
BALANCERS_PATH: Final = "/loki/api/v1/label/lb/values"
_QUERY: Final = re.compile(r"(\{.*\}) \| ([a-z_]+)=~`(.*)`")


def selects(selector: Selector, labels: Mapping[str, str]) -> bool:
    """Whether a stream of these labels is one of the selector's. A label that it does not have is empty."""
    return all(_fits(labels.get(matcher.label, ""), matcher.op, matcher.value) for matcher in selector.matchers)


def _fits(value: str, op: str, wanted: str) -> bool:
    match op:
        case "=":
            return value == wanted
        case "!=":
            return value != wanted
        case "=~":
            return re.fullmatch(wanted, value) is not None
    return re.fullmatch(wanted, value) is None


class Questions:
    """Answers a Loki's questions and keeps them."""

    def __init__(self, loki: LokiFake) -> None:
        self._loki = loki
        self.queries: list[dict[str, str]] = []
        loki.on_get(QUERY_PATH, self._query_range)
        loki.on_get(BALANCERS_PATH, self._values)

    def _matching(self, selector: Selector, parameters: dict[str, str]) -> Iterator[tuple[dict[str, str], Stored]]:
        start, end = int(parameters["start"]), int(parameters["end"])
        for text in self._loki.streams:
            labels = {matcher.label: matcher.value for matcher in parse_selector(text).matchers}
            if selects(selector, labels):
                for entry in self._loki.entries(labels):
                    if start <= entry.timestamp_ns < end:
                        yield labels, entry

    def _values(self, parameters: dict[str, str]) -> dict[str, Any]:
        found = {labels["lb"] for labels, _ in self._matching(parse_selector(parameters["query"]), parameters) if "lb" in labels}
        return {"status": "success"} | ({"data": sorted(found)} if found else {})

    def _query_range(self, parameters: dict[str, str]) -> dict[str, Any]:
        self.queries.append(parameters)
        matched = _QUERY.fullmatch(parameters["query"])
        assert matched, parameters["query"]
        selector, name, pattern = parse_selector(matched[1]), matched[2], matched[3]
        found = [
            (labels | dict(entry.metadata), entry)
            for labels, entry in self._matching(selector, parameters)
            if re.fullmatch(pattern, dict(entry.metadata).get(name, ""))
        ]
        newest = sorted(found, key=lambda pair: -pair[1].timestamp_ns)[: int(parameters["limit"])]
        streams = [{"stream": labels, "values": [[str(entry.timestamp_ns), entry.line.decode()]]} for labels, entry in newest]
        return {"status": "success", "data": {"resultType": "streams", "result": streams}}
