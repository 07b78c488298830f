"""Contradictions between references to secrets, and between them and the way Grafana is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xray_grafana.config.inconsistency import Inconsistency, Section, section_at, sections_at, valid_text
from xray_grafana.config.nodes import Loc
from xray_grafana.config.secret_references import LOGS_FIELDS, SOURCE_FIELDS, secret_key
from xray_grafana.config.wording import shown_key

_GRAFANA: Final = ("kubernetes", "grafana")


def secret_inconsistencies(tree: Section) -> Iterator[Inconsistency]:
    """References that one variable would stand for, and references that the chosen form of Grafana cannot follow."""
    yield from _variables(tree)
    yield from _operator(tree)


def _references(tree: Section) -> Iterator[tuple[Loc, str]]:
    sections = [(loc, source, SOURCE_FIELDS) for loc, source in sections_at(tree, "xray", "sources")]
    for loc, section, fields in [*sections, (("logs",), section_at(tree, "logs"), LOGS_FIELDS)]:
        for field in fields:
            if (reference := valid_text(section, loc, field)) is not None:
                yield (*loc, field), reference


def _variables(tree: Section) -> Iterator[Inconsistency]:
    """`secret:a-b/c` and `secret:a/b-c` are both A_B_C; whichever came last would be the value of both."""
    first: dict[str, tuple[Loc, str]] = {}
    for loc, reference in _references(tree):
        key = secret_key(reference)
        if key is None:
            continue
        earlier, reference_of_earlier = first.setdefault(key.variable, (loc, reference))
        if reference_of_earlier != reference:
            got = f"a Secret's key that becomes the variable {key.variable}"
            yield Inconsistency(loc, got, "one with a variable of its own", f"another key of {shown_key(earlier)} becomes it already")


def _operator(tree: Section) -> Iterator[Inconsistency]:
    if valid_text(section_at(tree, *_GRAFANA), _GRAFANA, "form") != "operator":
        return
    for loc, reference in _references(tree):
        if secret_key(reference) is None:
            got = "a file in Grafana's container" if reference.startswith("$__file") else "a variable of Grafana's environment"
            expected = "secret:NAME/KEY of a Kubernetes Secret, because kubernetes.grafana.form is operator"
            yield Inconsistency(loc, got, expected, "the operator hands data sources to Grafana's API, which follows no other reference")
