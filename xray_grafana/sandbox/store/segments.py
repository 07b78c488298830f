"""The documents of traces, as they came."""

from __future__ import annotations

import re
from sqlite3 import Connection
from typing import Final

from xray_grafana.contract import XRAY_TRACE_ID_PATTERN

_DOCUMENTS: Final = "SELECT document FROM segments WHERE trace_id = ? ORDER BY received, id"
# Segments are taken under ids in capital letters as well, so such a trace must have an answer.
_TRACE_ID: Final = re.compile(XRAY_TRACE_ID_PATTERN, re.IGNORECASE)


def is_trace_id(text: str) -> bool:
    """Whether there may be a trace of that id."""
    return _TRACE_ID.fullmatch(text) is not None


def documents_of(connection: Connection, trace_id: str) -> tuple[str, ...]:
    """The JSON texts of a trace's documents, in order of receipt; none for a trace that is not there."""
    return tuple(document for (document,) in connection.execute(_DOCUMENTS, (trace_id,)))
