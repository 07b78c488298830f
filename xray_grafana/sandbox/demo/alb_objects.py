"""The load balancer's log objects: lines of five minutes as gzip, named as AWS names them. Same seed and time, same name, same bytes.

AWS writes one object for each node and five minutes, or several for the same five minutes. Here a window that is over when it is first
looked at becomes one object of each node; one that still runs becomes five, one for each minute as it ends, all named by the window's end.
A window of which minutes are there already is finished by minutes, one that is there as a whole is left as it is. Since names follow from
seed and time, who is interrupted and begins again sees from the names what is there: nothing is written twice, and nothing is left out.

Source of the names: Application Load Balancers user guide, "Access logs".
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from xray_grafana.sandbox.demo.access_lines import access_line
from xray_grafana.sandbox.demo.passages import ended_between
from xray_grafana.sandbox.demo.scene import LOAD_BALANCER, NODES, Scene
from xray_grafana.sandbox.demo.sinks import Sink

WINDOW_SECONDS: Final = 300
_MINUTE_SECONDS: Final = 60
_LETTERS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH: Final = 8
_GZIP_LEVEL: Final = 6


class Part(NamedTuple):
    """A span of whole seconds since 1970 in one window: all of it, or one minute."""

    start: int
    end: int


def folder_of(time: int, scene: Scene) -> str:
    """The folder of windows that end on the day of that time."""
    day = datetime.fromtimestamp(time, UTC)
    return f"AWSLogs/{scene.account}/elasticloadbalancing/{scene.region}/{day:%Y/%m/%d}"


def name_of(seed: int, part: Part, node: int, scene: Scene) -> str:
    """Where the object of a part and node goes."""
    window_end = window_of(part.start) + WINDOW_SECONDS
    balancer = LOAD_BALANCER.replace("/", ".")
    end = datetime.fromtimestamp(window_end, UTC)
    source = f"{scene.account}_elasticloadbalancing_{scene.region}_{balancer}"
    return f"{folder_of(window_end, scene)}/{source}_{end:%Y%m%dT%H%MZ}_{NODES[node]}_{_random(seed, part, node)}.log.gz"


def bodies_of(seed: int, part: Part, scene: Scene) -> dict[int, bytes]:
    """The object of each node that has lines, compressed, by the node's number; lines are in the order in which answers were sent."""
    lines: dict[int, list[bytes]] = {}
    for passage in ended_between(seed, part.start, part.end, scene):
        lines.setdefault(passage.node, []).append(access_line(passage, scene) + b"\n")
    return {node: gzip.compress(b"".join(texts), _GZIP_LEVEL, mtime=0) for node, texts in lines.items()}


def window_of(time: float) -> int:
    """The start of the window that a time is in."""
    return int(time // WINDOW_SECONDS) * WINDOW_SECONDS


def _random(seed: int, part: Part, node: int) -> str:
    number = int.from_bytes(hashlib.sha256(f"{seed}/{part.start}/{part.end}/{node}".encode()).digest()[:8], "big")
    letters = []
    for _ in range(_RANDOM_LENGTH):
        number, letter = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[letter])
    return "".join(letters)


class LogObjects:
    """Writes the objects that are due. `since`: the time from which there are traces; what lies before is not logged either."""

    def __init__(self, seed: int, scene: Scene, sink: Sink, since: float) -> None:
        self._seed = seed
        self._scene = scene
        self._sink = sink
        self._since = since
        self._window = window_of(since)
        self._done: set[Part] = set()
        self._folder = ""
        self._known: set[str] = set()

    def skip_to(self, time: float) -> None:
        """Leaves out what was not finished before that time: there is no traffic up to it."""
        self._since = time
        self._window = window_of(time)
        self._done.clear()

    def write_due(self, now: float) -> int:
        """Writes what is over by now. Returns how many objects. Raises XRayGrafanaError; the next call goes on with what is left."""
        written = 0
        while True:
            for part in self._due(now):
                written += self._write(part)
                self._done.add(part)
            if self._window + WINDOW_SECONDS > now:
                return written
            self._window += WINDOW_SECONDS
            self._done.clear()

    def _due(self, now: float) -> Iterator[Part]:
        self._look(self._window)
        whole = Part(self._window, self._window + WINDOW_SECONDS)
        minutes = [Part(start, start + _MINUTE_SECONDS) for start in range(whole.start, whole.end, _MINUTE_SECONDS)]
        is_whole = bool(self._names(whole) & self._known)
        is_begun = any(part in self._done or self._names(part) & self._known for part in minutes)
        is_over = whole.end <= now and whole.start >= self._since
        parts = [whole] if is_whole or (is_over and not is_begun) else minutes
        yield from (part for part in parts if self._since <= part.start and part.end <= now and part not in self._done)

    def _write(self, part: Part) -> int:
        missing = {node: name for node, name in enumerate(self._ordered_names(part)) if name not in self._known}
        if not missing:
            return 0
        bodies = bodies_of(self._seed, part, self._scene)
        written = 0
        for node, name in missing.items():
            if node in bodies:
                self._sink.put(name, bodies[node])
                self._known.add(name)
                written += 1
        return written

    def _look(self, window: int) -> None:
        """What an earlier run left."""
        folder = folder_of(window + WINDOW_SECONDS, self._scene)
        if folder != self._folder:
            self._known = self._sink.names(folder)
            self._folder = folder

    def _names(self, part: Part) -> set[str]:
        return set(self._ordered_names(part))

    def _ordered_names(self, part: Part) -> list[str]:
        return [name_of(self._seed, part, node, self._scene) for node in range(len(NODES))]
