"""Requests as they pass the load balancer: a seed and a span of time in, who asked for what, when, and what came of it out.

Every second is made from the seed and its own number alone, so that the same second is the same whichever span it is asked in.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final, NamedTuple

from xray_grafana.sandbox.demo.chance import arrivals, chance_of, hex_id, seconds_around
from xray_grafana.sandbox.demo.incidents import effects_at
from xray_grafana.sandbox.demo.play import Customer, Play, Visit
from xray_grafana.sandbox.demo.scene import NODES, Scene
from xray_grafana.sandbox.demo.shop import ROUTE_WEIGHTS, ROUTES, play_one

# No draw is beyond four times its median. The longest is an order: medians of 0.48 s for the slow table and 0.05 s for all the rest make
# 2.2 s, and the patience with the provider 2.5 s more.
LONGEST_SECONDS: Final = 5
_STATUS_CLIENT_CLOSED: Final = 460  # Application Load Balancers user guide, "Troubleshooting": the client closed the connection
_OWN_ANSWERS: Final = (int(HTTPStatus.SERVICE_UNAVAILABLE), int(HTTPStatus.BAD_GATEWAY), _STATUS_CLIENT_CLOSED)
_OWN_SHARE: Final = 0.006
# Requests that bring a trace header: the load balancer adds its own id for the hop to it.
_HEADER_SHARE: Final = 0.08
_HEADER_TAILS: Final = ("", "", ";Sampled=1", ";Sampled=0", ";CalledFrom=app")
_SAMPLED_SHARE: Final = 0.94
# Of traces whose root's segment never arrives, which leaves them partial.
_LOST_SHARE: Final = 0.003
_HOP_SECONDS: Final = 0.001
_MICROSECONDS: Final = 1_000_000

_AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari",
    "shop-app/5.3 (Android 15)",
    "curl/8.7.1",
)
_TENANTS: Final = ("amber", "blue", "green")
_NAMES: Final = (
    "ann",
    "bo",
    "cem",
    "dora",
    "emil",
    "fay",
    "gus",
    "hana",
    "ivo",
    "jo",
    "kim",
    "lea",
    "max",
    "nia",
    "olaf",
    "pia",
    "quinn",
    "rosa",
)
CUSTOMERS: Final = tuple(
    Customer(name, _TENANTS[number % 3], f"{('203.0.113', '198.51.100')[number % 2]}.{number + 5}", _AGENTS[number % 4])
    for number, name in enumerate(_NAMES)
)


class Passage(NamedTuple):
    """One request.

    sampled  whether its trace is recorded
    header   X-Amzn-Trace-Id as the load balancer sends it on
    port     of the client
    node     number of the load balancer's node that carried it
    start, end  when the load balancer got the request and answered it, seconds since 1970 to the microsecond
    status   what it answered
    method, path
    visits   of the services in order of start, the storefront first; none where the load balancer answered by itself
    lost     the visit whose segment does not arrive
    """

    trace_id: str
    sampled: bool
    header: str
    customer: Customer
    port: int
    node: int
    start: float
    end: float
    status: int
    method: str
    path: str
    visits: tuple[Visit, ...]
    lost: Visit | None


def passages_between(seed: int, start: float, end: float, scene: Scene) -> Iterator[Passage]:
    """Those that begin from `start` until right before `end`, in order of their start."""
    for second in range(math.floor(start), math.ceil(end)):
        for passage in _of_second(seed, second, scene):
            if start <= passage.start < end:
                yield passage


def ended_between(seed: int, start: float, end: float, scene: Scene) -> list[Passage]:
    """Those that end from `start` until right before `end`, in order of their end."""
    begun = passages_between(seed, start - LONGEST_SECONDS, end, scene)
    return sorted((passage for passage in begun if start <= passage.end < end), key=lambda passage: (passage.end, passage.trace_id))


def _of_second(seed: int, second: int, scene: Scene) -> Iterator[Passage]:
    chance = chance_of(seed, "second", second)
    count = arrivals(chance, scene.rate.at(seed, second))
    for micros in sorted(chance.randrange(_MICROSECONDS) for _ in range(count)):
        yield _passage(chance, seed, scene, _to_micros(second + micros / _MICROSECONDS))


def _passage(chance: random.Random, seed: int, scene: Scene, start: float) -> Passage:
    customer = chance.choice(CUSTOMERS)
    trace_id = f"1-{int(start):08x}-{hex_id(chance, 24)}"
    header, tail = _header(chance, trace_id, start)
    route = chance.choices(ROUTES, cum_weights=ROUTE_WEIGHTS)[0]
    port, node = chance.randrange(1024, 65_536), chance.randrange(len(NODES))
    is_refused = chance.random() < _OWN_SHARE
    is_sampled = not is_refused and (tail == ";Sampled=1" or (tail != ";Sampled=0" and chance.random() < _SAMPLED_SHARE))
    if is_refused:
        status = chance.choice(_OWN_ANSWERS)
        end = start + seconds_around(chance, 0.8 if status == _STATUS_CLIENT_CLOSED else 0.002)
        path = route.path.format(item=1, word="lamp", order="A-00001")
        answer = (status, route.method, path)
        return Passage(trace_id, is_sampled, header, customer, port, node, start, _to_micros(end), *answer, (), None)
    play = Play(chance, scene, effects_at(seed, start), customer, start + _HOP_SECONDS)
    first = play_one(play, route)
    lost = first if len(play.visits) > 1 and chance.random() < _LOST_SHARE else None
    end = _to_micros(play.now + _HOP_SECONDS)
    answer = (int(first.status), first.method, first.path)
    return Passage(trace_id, is_sampled, header, customer, port, node, start, end, *answer, tuple(play.visits), lost)


def _header(chance: random.Random, trace_id: str, start: float) -> tuple[str, str]:
    """The header, and what the caller put behind the root."""
    if chance.random() >= _HEADER_SHARE:
        return f"Root={trace_id}", ""
    tail = chance.choice(_HEADER_TAILS)
    return f"Self=1-{int(start):08x}-{hex_id(chance, 24)};Root={trace_id}{tail}", tail


def _to_micros(time: float) -> float:
    return round(time, 6)
