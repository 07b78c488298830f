"""Lines of a trace as values: those of load balancers and those of services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from xray_grafana.alb.access import AccessLine

# More lines of services than that are not shown.
LINES_MAX: Final = 500
NANOS_PER_SECOND: Final = 1_000_000_000


class AlbLine(NamedTuple):
    """The line of a load balancer, as it is written and as it is understood."""

    text: str
    access: AccessLine


class LogLine(NamedTuple):
    """A line of a service. `time_ns`: nanoseconds since 1970. `span_id`: 16 hex digits, where the line's metadata has one."""

    time_ns: int
    service: str | None
    span_id: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Lines:
    """What Loki has of a trace, in order of time. `is_cut`: there are more lines than were asked for."""

    alb: tuple[AlbLine, ...]
    logs: tuple[LogLine, ...]
    is_cut: bool = False
