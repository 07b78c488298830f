"""The tracing header X-Amzn-Trace-Id: its text in, its ids out. A client can send any text at all, so nothing here fails.

Source: Application Load Balancers user guide, "Request tracing". Without a header the balancer makes `Root=…`; to one with a Root it adds
`Self=…;` in front, its own id for this hop in the form of a trace id, and keeps the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from xray_grafana.xray.trace_id import TraceId, parse_trace_id

_PARENT: Final = re.compile("[0-9a-f]{16}")
_XRAY_START: Final = "1-"
_SAMPLED: Final = {"1": True, "0": False}


@dataclass(frozen=True, slots=True)
class TraceHeader:
    """`root`: the trace. `self_id`: the balancer's hop. `parent`: the caller's segment, 16 hex digits. `sampled`: None where it is open.

    `fields` are all pairs as they were sent, in order; parts without a `=` are in none.
    """

    root: TraceId | None = None
    self_id: TraceId | None = None
    parent: str | None = None
    sampled: bool | None = None
    fields: tuple[tuple[str, str], ...] = ()


_EMPTY: Final = TraceHeader()


def parse_header(text: str) -> TraceHeader:
    """Reads a header's text. Of a key that comes twice the first counts, even where it is bad: otherwise a client could choose."""
    fields = []
    first: dict[str, str] = {}
    for part in text.split(";"):
        key, sign, value = part.partition("=")
        if sign:
            fields.append((key, value))
            first.setdefault(key, value)
    if not fields:
        return _EMPTY
    parent = first.get("Parent")
    return TraceHeader(
        _xray_id(first.get("Root")),
        _xray_id(first.get("Self")),
        parent if parent and _PARENT.fullmatch(parent) else None,
        _SAMPLED.get(first.get("Sampled", "")),
        tuple(fields),
    )


def _xray_id(text: str | None) -> TraceId | None:
    """Only X-Ray's form: the header knows no other."""
    return parse_trace_id(text) if text and text.startswith(_XRAY_START) else None
