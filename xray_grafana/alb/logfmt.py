"""A line of names and values that Loki's `logfmt` stage reads."""

from __future__ import annotations

import json
from collections.abc import Mapping


def logfmt(fields: Mapping[str, object]) -> str:
    """`name=value name="another value"`. A value that could end the value or the line stands in quotes, escaped as in JSON."""
    return " ".join(f"{name}={_value(str(value))}" for name, value in fields.items())


def _value(text: str) -> str:
    if text.isprintable() and not set(text) & set(' "=\\'):
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())
