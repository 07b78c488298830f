"""The parts of the documentation about the sandbox."""

from __future__ import annotations

from docs.markdown import cell, code, table
from xray_grafana.sandbox.api.operations import OPERATIONS


def sandbox_coverage() -> str:
    """Every operation, and how much of it the sandbox has."""
    listed = sorted(OPERATIONS, key=lambda each: (each.handler is None, each.name))
    rows = [(code(each.name), code(f"{each.method} {each.path}"), each.coverage, cell(each.missing or "")) for each in listed]
    return table(("Operation", "Request", "Is", "But"), rows)
