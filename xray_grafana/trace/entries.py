"""Entries of Loki: a log query and a span of time in, its entries out, in order of time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple, NoReturn, Protocol

from xray_grafana.errors import LokiError
from xray_grafana.push.refusals import excerpt

QUERY_PATH: Final = "/loki/api/v1/query_range"
# Nanoseconds since 1970, as Loki writes them.
_TIME: Final = re.compile(r"[0-9]{1,19}")


class Loki(Protocol):
    """What questions are put to, such as a PushClient."""

    @property
    def settings(self) -> Any:
        """Where it is: `url`."""

    def get_json(self, path: str, params: Mapping[str, str]) -> Any:
        """The answer. Raises LokiError."""


class Entry(NamedTuple):
    """`time_ns`: nanoseconds since 1970. `labels`: of the stream and of the entry itself (structured metadata)."""

    time_ns: int
    line: str
    labels: Mapping[str, str]


class Window(NamedTuple):
    """A span of time in nanoseconds since 1970, its end not in it."""

    start_ns: int
    end_ns: int


def query(loki: Loki, expression: str, window: Window, limit: int) -> list[Entry]:
    """The first `limit` entries. Raises LokiError, also for an answer that is none of Loki."""
    answer = loki.get_json(
        QUERY_PATH,
        {
            "query": expression,
            "start": str(window.start_ns),
            "end": str(window.end_ns),
            "limit": str(limit),
            "direction": "forward",
        },
    )
    match answer:
        case {"status": "success", "data": {"result": list(streams)}}:
            pass
        case _:
            _refuse(loki, answer, "an object with status, data and in it a result")
    return sorted((entry for stream in streams for entry in _entries(loki, stream)), key=lambda entry: entry.time_ns)


def _entries(loki: Loki, stream: object) -> Iterator[Entry]:
    match stream:
        case {"stream": dict(labels), "values": list(values)} if all(isinstance(value, str) for value in labels.values()):
            pass
        case _:
            _refuse(loki, stream, "a stream with labels and values")
    for value in values:
        match value:
            case [str(time_ns), str(line), *_] if _TIME.fullmatch(time_ns):
                yield Entry(int(time_ns), line, labels)
            case _:
                _refuse(loki, value, "a list of a time in nanoseconds and a line")


def _refuse(loki: Loki, got: object, expected: str) -> NoReturn:
    summary = f"the answer to {QUERY_PATH} is not that of Loki: got {excerpt(json.dumps(got))}, expected {expected}"
    raise LokiError(summary, where=loki.settings.url, hint="is there Loki, or something else?")
