"""Secrets by reference, and the dollar signs around them.

Grafana expands `$` in data-source files: a literal one must be doubled, or the value silently becomes empty
(pkg/services/provisioning/values).
Only a reference may keep its single dollar, so a reference is a type of its own.
"""

from __future__ import annotations

from typing import Any

from xray_grafana.config.secret_references import secret_key


class Reference(str):
    """Text whose dollar signs Grafana is meant to expand: `$__env{NAME}` or `$__file{/path}`."""

    __slots__ = ()


def secret(reference: str) -> Reference:
    """A checked secret reference of the config in Grafana's own form."""
    key = secret_key(reference)
    return Reference(reference if key is None else f"$__env{{{key.variable}}}")


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


def unescape_dollars(text: str) -> str:
    """A text that `escape_dollars` doubled the dollar signs of, as it was."""
    return text.replace("$$", "$")
