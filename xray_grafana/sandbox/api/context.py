"""What a handler works with, and what a handler is: the request's members by AWS's names in, the answer's out, or ApiError."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from xray_grafana.sandbox.intake.ingest import Ingest
from xray_grafana.sandbox.sampling.sampling import Sampling
from xray_grafana.sandbox.store.store import Store


@dataclass(frozen=True)
class Context:
    """The running sandbox as handlers see it. `now` is seconds since 1970; `account` has twelve digits."""

    store: Store
    ingest: Ingest
    sampling: Sampling
    region: str
    account: str
    now: Callable[[], float]


Handler: TypeAlias = Callable[[Context, dict[str, Any]], dict[str, Any]]
