"""Members of segment documents, whatever came under their names: anybody with credentials can send any JSON, so nothing here raises.

In: an object and a key. Out: the value if it is of the kind asked for, else None or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_FIRST_TOO_LONG: Final = 1 << 31  # an `Integer` of the service model has 32 bits


def block(holder: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under the key, or an empty one."""
    value = holder.get(key)
    return value if isinstance(value, dict) else _NOTHING


def text(holder: Mapping[str, Any], key: str) -> str | None:
    """The text under the key; None if there is none or it is empty."""
    value = holder.get(key)
    return storable(value) if value and isinstance(value, str) else None


def storable(value: str) -> str:
    """The text without lone surrogates: JSON can write them, neither SQLite nor UTF-8 can."""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def whole(holder: Mapping[str, Any], key: str) -> int | None:
    """The whole number under the key, also if it is written as 200.0."""
    value = holder.get(key)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _FIRST_TOO_LONG else None
