"""Times of requests as X-Ray shows them: bins with counts become a list of entries, thinned out where there are many."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

# X-Ray answered 1024 different times with about 150 entries and 256 with about 110 (captured answers; it gives no limit).
MOST_ENTRIES: Final = 100


def entries(bins: Mapping[int, int]) -> list[dict[str, Any]]:
    """`[{"Value": seconds, "Count": requests}]`, shortest time first, from milliseconds → requests. Bins without requests are left out.

    Up to 100 bins are entries of their own. Of more, neighbours are put together at their mean, few at the ends, many in the middle, after
    "Computing Extremely Accurate Quantiles Using t-Digests" (Dunning and Ertl), scale function k1. Counts add up to the same.
    """
    counted = sorted((place, count) for place, count in bins.items() if count > 0)
    if len(counted) > MOST_ENTRIES:
        counted = _thinned(counted)
    return [{"Value": place / 1000, "Count": count} for place, count in counted]


def _thinned(counted: list[tuple[int, int]]) -> list[tuple[int, int]]:
    total = sum(count for _, count in counted)
    merged: dict[int, int] = {}
    before = held = weighted = 0
    limit = _scale(0.0) + 1
    for place, count in counted:
        if held and _scale((before + held + count) / total) > limit:
            _put(merged, weighted, held)
            before += held
            held = weighted = 0
            limit = _scale(before / total) + 1
        held += count
        weighted += place * count
    _put(merged, weighted, held)
    return sorted(merged.items())


def _put(merged: dict[int, int], weighted: int, held: int) -> None:
    mean = round(weighted / held)
    merged[mean] = merged.get(mean, 0) + held


def _scale(quantile: float) -> float:
    """Spans MOST_ENTRIES / 2, so that no two entries in a row fit into one step: at most MOST_ENTRIES come out."""
    return MOST_ENTRIES / (2 * math.pi) * math.asin(2 * min(quantile, 1.0) - 1)
