"""Pieces of X-Ray's filter-expression language, built from names.

Source: X-Ray Developer Guide, "Using filter expressions". A `service(…)` or `edge(…)` alone is also an entity selector,
the only thing that trace statistics take. Names may hold a board variable (`$service`): X-Ray names cannot hold `$` or `"`.
"""

from __future__ import annotations

from typing import Final

ANY_TRACE: Final = "responsetime >= 0"
FAULT: Final = "fault = true"
ERROR: Final = "error = true"
THROTTLE: Final = "throttle = true"
OK: Final = "ok = true"


def quoted(text: str) -> str:
    """Text as a string of the language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def service(name: str, condition: str = "") -> str:
    """Traces with a node of that name, or in which that node meets a condition."""
    return f"service({quoted(name)}){_braced(condition)}"


def any_service(condition: str) -> str:
    """Traces in which some node meets a condition."""
    return f"service(){_braced(condition)}"


def edge(caller: str, called: str, condition: str = "") -> str:
    """Traces in which one service calls another, or in which that call meets a condition."""
    return f"edge({quoted(caller)}, {quoted(called)}){_braced(condition)}"


def group(name: str) -> str:
    """Traces that belong to an X-Ray group."""
    return f"group.name = {quoted(name)}"


def _braced(condition: str) -> str:
    return f" {{ {condition} }}" if condition else ""
