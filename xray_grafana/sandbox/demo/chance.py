"""Chance that repeats itself: a seed and what it is for in, the same draws out on every machine and in every process."""

from __future__ import annotations

import math
import random
from typing import Final

# No draw of a duration is more than so many times its median, so that every request ends in time.
_LONGEST: Final = 4.0
_SPREAD: Final = 0.45


def chance_of(seed: int, *purpose: object) -> random.Random:
    """The generator for one purpose, such as one second. Python seeds it from the text, whatever the hash seed of the process."""
    return random.Random("/".join(map(str, (seed, *purpose))))  # noqa: S311 — nothing is kept secret by it


def arrivals(chance: random.Random, mean: float) -> int:
    """A count from the Poisson distribution of that mean, by Knuth's product of uniform draws: fit for means below some hundreds."""
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


def seconds_around(chance: random.Random, median: float) -> float:
    """A duration in seconds, log-normal around the median and at most four times as long."""
    return median * min(_LONGEST, chance.lognormvariate(0.0, _SPREAD))


def hex_id(chance: random.Random, digits: int) -> str:
    """So many hex digits."""
    return f"{chance.getrandbits(4 * digits):0{digits}x}"
