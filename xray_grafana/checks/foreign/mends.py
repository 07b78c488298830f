"""Mends that several rules make: a value replaced, a key in its right letters."""

from __future__ import annotations

import re

from xray_grafana.checks.foreign.finding import Fix
from xray_grafana.checks.foreign.source import Span
from xray_grafana.checks.foreign.tree import Mapping, Scalar
from xray_grafana.config.wording import nearest, one_of


def replaced(node: Scalar, text: str) -> Fix:
    """The text of a scalar replaced, its quotes kept."""
    quote = node.style or ""
    return Fix(node.span, f"{quote}{text}{quote}")


def replaced_within(node: Scalar, start: int, end: int, text: str) -> tuple[Fix, ...]:
    """A part of a scalar's text replaced; none where the file has not, letter for letter, the text as it is read."""
    shift = 1 if node.style else 0
    if not node.mendable or node.span.end - node.span.start != len(node.text) + 2 * shift:
        return ()
    first = node.span.start + shift
    return (Fix(Span(first + start, first + end), text),)


def entry_before(mapping: Mapping, key: Scalar, name: str, value: str) -> tuple[Fix, ...]:
    """An entry `name: value` written before a key of the mapping, in the form of that key."""
    if not key.mendable:
        return ()
    line_start = key.source.content[: key.span.start].rpartition("\n")[2]
    is_json_line = mapping.flow and not line_start.strip()
    separator = f",\n{line_start}" if is_json_line else ", " if mapping.flow else "\n" + " " * len(line_start)
    quote = key.style or ""
    return (Fix(Span(key.span.start, key.span.start), f"{quote}{name}{quote}: {value}{separator}"),)


def offered(key: str, known: frozenset[str]) -> str:
    """The key that was meant, or else all there are."""
    by_lower = {name.lower(): name for name in sorted(known)}
    meant = nearest(key, by_lower)
    return by_lower[meant] if meant else one_of(sorted(known))


def renamed(key: Scalar, mapping: Mapping, known: frozenset[str]) -> tuple[Fix, ...]:
    """The key in the letters of the one known key that differs from it only in case, - and _."""
    plain = re.sub(r"[-_]", "", key.text).lower()
    meant = [name for name in known if name.lower() == plain]
    return (replaced(key, meant[0]),) if len(meant) == 1 and meant[0] not in mapping.entries and key.mendable else ()
