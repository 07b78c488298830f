"""Secrets by reference, and the dollar signs around them.

Grafana expands `$` in data-source files: a literal one must be doubled, or the value silently becomes empty
(pkg/services/provisioning/values).
Only a reference may keep its single dollar, so a reference is a type of its own.
"""

from __future__ import annotations

import re
from typing import Any

_KUBERNETES = "secret:"


class Reference(str):
    """Text whose dollar signs Grafana is meant to expand: `$__env{NAME}` or `$__file{/path}`."""

    __slots__ = ()


def secret_environment_name(reference: str) -> str | None:
    """The environment variable for a Kubernetes Secret's key: `secret:loki/token` is LOKI_TOKEN; None for other references."""
    if not reference.startswith(_KUBERNETES):
        return None
    return re.sub(r"[^A-Z0-9]", "_", reference.removeprefix(_KUBERNETES).upper())


def secret(reference: str) -> Reference:
    """A checked secret reference of the config in Grafana's own form."""
    name = secret_environment_name(reference)
    return Reference(reference if name is None else f"$__env{{{name}}}")


def bearer(reference: str) -> Reference:
    """The value of an Authorization header."""
    return Reference(f"Bearer {secret(reference)}")


def escape_dollars(value: Any) -> Any:
    """The same tree with every dollar sign doubled, but for those of references."""
    if isinstance(value, Reference):
        return str(value)
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: escape_dollars(item) for key, item in value.items()}
    if isinstance(value, list):
        return [escape_dollars(item) for item in value]
    return value
