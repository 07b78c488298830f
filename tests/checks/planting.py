"""What a planted fault is, and the parts of the small bundle that several faults are planted in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.checks.small_bundle import HOME, Documents, source

Change = Callable[[Documents], object]


@dataclass(frozen=True)
class Planted:
    """A change, the rule it breaks, where the finding must point, and words of its message. `also`: rules that cannot but break with it."""

    rule: str
    place: str
    message: str
    change: Change
    also: tuple[str, ...] = ()


def variables(documents: Documents, path: str = HOME) -> list[Any]:
    found: list[Any] = documents[path]["templating"]["list"]
    return found


def correlation(documents: Documents) -> dict[str, Any]:
    first: dict[str, Any] = source(documents, "xray")["correlations"][0]
    return first


def to_logs(documents: Documents) -> dict[str, Any]:
    link: dict[str, Any] = source(documents, "xray")["jsonData"]["tracesToLogsV2"]
    return link


def derived(documents: Documents, index: int) -> dict[str, Any]:
    item: dict[str, Any] = source(documents, "loki")["jsonData"]["derivedFields"][index]
    return item
