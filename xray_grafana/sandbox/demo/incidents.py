"""What goes wrong in the shop and when: a seed and a time in, the incident of that time out.

Time is cut into slots of twenty minutes. Each has one incident of six minutes somewhere in it, and four slots in a row have all four kinds.
Every other one makes requests fail with faults, so that one of these begins within every hour, and insights have something to show.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from xray_grafana.sandbox.demo.chance import chance_of

SLOT_SECONDS: Final = 1200
LENGTH_SECONDS: Final = 360
# An incident is never nearer to the edge of its slot, so that two never touch.
_EDGE_SECONDS: Final = 60


class Effects(NamedTuple):
    """What is different while an incident lasts; the defaults are an ordinary day. Shares are from 0 to 1.

    table_slowdown     how many times as long the inventory's table takes
    provider_failures  share of payments that the outside provider does not take
    throttled          share of the carts table's calls that DynamoDB throttles
    checkout_failures  share of orders that a mistake in checkout's code ends
    checkout_version   the version of checkout that runs
    """

    table_slowdown: float = 1.0
    provider_failures: float = 0.004
    throttled: float = 0.001
    checkout_failures: float = 0.0
    checkout_version: str = "2.7.3"


class Incident(NamedTuple):
    """A kind of trouble: its name, what there is to see of it, and what it changes."""

    name: str
    description: str
    effects: Effects


FAULTS: Final = (
    Incident("failing provider", "the payment provider fails 6 of 10 payments", Effects(provider_failures=0.6)),
    Incident(
        "bad deploy", "checkout 2.8.0 fails half of the orders by an exception", Effects(checkout_failures=0.5, checkout_version="2.8.0")
    ),
)
OTHERS: Final = (
    Incident("slow table", "DynamoDB table inventory takes 80 times as long", Effects(table_slowdown=80.0)),
    Incident("throttling", "DynamoDB throttles half of the calls to table carts", Effects(throttled=0.5)),
)
NOTHING: Final = Effects()


class Occurrence(NamedTuple):
    """An incident from `start` until right before `end`, whole seconds since 1970."""

    incident: Incident
    start: int
    end: int


@lru_cache(maxsize=1024)
def occurrence_of(seed: int, slot: int) -> Occurrence:
    """The one incident of a slot; slots are numbered from 1970 on."""
    faults, others = list(FAULTS), list(OTHERS)
    chance = chance_of(seed, "incidents")
    chance.shuffle(faults)
    chance.shuffle(others)
    order = (faults[0], others[0], faults[1], others[1])
    latest = SLOT_SECONDS - LENGTH_SECONDS - _EDGE_SECONDS
    start = slot * SLOT_SECONDS + chance_of(seed, "incident", slot).randint(_EDGE_SECONDS, latest)
    return Occurrence(order[slot % len(order)], start, start + LENGTH_SECONDS)


def active_at(seed: int, time: float) -> Occurrence | None:
    """The incident of that time, if there is one."""
    occurrence = occurrence_of(seed, int(time // SLOT_SECONDS))
    return occurrence if occurrence.start <= time < occurrence.end else None


def effects_at(seed: int, time: float) -> Effects:
    """What is different at that time."""
    occurrence = active_at(seed, time)
    return NOTHING if occurrence is None else occurrence.incident.effects
