"""Trace ids: text in either of the two forms in, a value that writes both out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from xray_grafana.contract import W3C_TRACE_ID_PATTERN, XRAY_TRACE_ID_PATTERN

_ID: Final = re.compile(f"{XRAY_TRACE_ID_PATTERN}|{W3C_TRACE_ID_PATTERN}")
_XRAY_LENGTH: Final = 35


@dataclass(frozen=True, slots=True)
class TraceId:
    """`epoch`: eight hex digits, the second in which the trace began, if its maker kept to that. `unique`: 24 hex digits.

    Source: X-Ray Developer Guide, "Trace ID". OpenTelemetry writes the same 32 digits without the version and the dashes.
    """

    epoch: str
    unique: str

    @property
    def xray(self) -> str:
        """`1-5759e988-bd862e3fe1be46a994272793`."""
        return f"1-{self.epoch}-{self.unique}"

    @property
    def otel(self) -> str:
        """`5759e988bd862e3fe1be46a994272793`."""
        return self.epoch + self.unique

    @property
    def epoch_seconds(self) -> int:
        """Seconds since 1970. X-Ray does not check it, so that anybody can put any number there."""
        return int(self.epoch, 16)


def parse_trace_id(text: str) -> TraceId | None:
    """The id in a text that is one, in X-Ray's form or OpenTelemetry's, lower case; None for anything else, spaces around it included."""
    if _ID.fullmatch(text) is None:
        return None
    if len(text) == _XRAY_LENGTH:
        return TraceId(text[2:10], text[11:])
    return TraceId(text[:8], text[8:])
