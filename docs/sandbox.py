"""The parts of the documentation about the sandbox."""

from __future__ import annotations

from docs.markdown import cell, code, table
from xray_grafana.sandbox.api.operations import OPERATIONS


def sandbox_coverage() -> str:
    """Every operation, and how much of it the sandbox has."""
    rows = []
    for operation in sorted(OPERATIONS, key=lambda each: (each.coverage == "not", each.name)):
        verdict, _, rest = operation.coverage.partition(": ")
        rows.append((code(operation.name), code(f"{operation.method} {operation.path}"), verdict, cell(rest)))
    return table(("Operation", "Request", "Is", "But"), rows)
