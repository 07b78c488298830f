"""What each kind of alert means and what to do: the words of the runbook panel and of the runbook file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Guide:
    """One kind of alert: how its rules' titles begin, what it means, what to do. `anchor` is its heading's id in the runbook."""

    title: str
    of: str
    meaning: str
    action: str

    @property
    def anchor(self) -> str:
        return self.title.lower().replace(" ", "-")


FAULTS: Final = Guide(
    "Fault ratio",
    "a service",
    "Too many of its requests ended with a fault (5xx).",
    "Open *X-Ray / Service*, then the newest failed trace; the deepest red span is where it began.",
)
LATENCY: Final = Guide(
    "Response time",
    "a service",
    "Its mean response time is over the limit.",
    "Open *X-Ray / Service*, then the slowest trace; look for the longest span without children.",
)
THROTTLES: Final = Guide(
    "Throttling",
    "a service",
    "Too many of its requests were answered 429.",
    "Find who throttles on *X-Ray / Service map* (purple); raise that limit, or slow the caller.",
)
TRAFFIC: Final = Guide(
    "Traffic loss",
    "a service",
    "A service that had requests in most minutes of three hours has nearly none any more. Quiet services and batch jobs never fire this.",
    "Is it up? Then: does its agent run, did a sampling rule change? *X-Ray / Pipeline health* shows the whole source.",
)
SILENCE: Final = Guide(
    "X-Ray says nothing",
    "a source",
    "Grafana gets no answer from X-Ray, or no request was traced for hours. Until then the rules above cannot fire.",
    "Hover over the red sign of any X-Ray panel: it carries the API's own words. Then check role, region, agent and sampling.",
)
ALB_ERRORS: Final = Guide(
    "ALB 5xx ratio",
    "a load balancer",
    "Too many of its answers were 5xx.",
    "Open *ALB / Access logs*; *Who failed* tells targets from the load balancer itself.",
)
ALB_P99: Final = Guide(
    "ALB p99",
    "a load balancer",
    "The slowest hundredth of its requests takes too long.",
    "Open *ALB / Access logs*, *Paths*; then the trace of a slow request.",
)
ALB_IDS: Final = Guide(
    "ALB lines without trace id",
    "a load balancer",
    "Many of its lines have no usable trace id, so they lead to no trace.",
    "A client or a proxy in front rewrites `X-Amzn-Trace-Id`; look at the lines as they were written.",
)

GUIDES: Final = (FAULTS, LATENCY, THROTTLES, TRAFFIC, SILENCE, ALB_ERRORS, ALB_P99, ALB_IDS)


def as_table() -> str:
    """All guides as a Markdown table."""
    rows = "".join(f"| **{guide.title}** of {guide.of} | {guide.meaning} | {guide.action} |\n" for guide in GUIDES)
    return f"| Alert | Meaning | What to do |\n|---|---|---|\n{rows}"
