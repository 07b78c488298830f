"""XF152: values of the public chart okgolove/aws-xray, which has no schema of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from xray_grafana import contract
from xray_grafana.checks.foreign.context import ForeignContext
from xray_grafana.checks.foreign.finding import Fault, rule
from xray_grafana.checks.foreign.mends import offered, renamed
from xray_grafana.checks.foreign.tree import Mapping, entries_at
from xray_grafana.config.wording import quoted
from xray_grafana.k8s.chart_values import CHART_KEYS

_TOP: Final = frozenset(key.partition(".")[0] for key in CHART_KEYS)
# What Helm itself and the conditions of a parent chart add.
_OF_HELM: Final = frozenset({"global", "enabled"})
_MISPLACED: Final = ("create", "name")


@rule(
    "XF152",
    "Every value is one that the chart has",
    reason="the chart ignores a value it does not know: name under serviceAccount.annotations becomes an annotation called name, a "
    "misspelt region is no region, and Helm reports success",
    remedy=f"write the value where the chart has it: helm show values {contract.DAEMON_CHART} --version {contract.DAEMON_CHART_VERSION}",
)
def _unknown_value(context: ForeignContext) -> Iterator[Fault]:
    for values in context.chart_values:
        yield from _unknown(values, "", _TOP | (_OF_HELM & values.entries.keys()))
        for section, entry in values.entries.items():
            known = frozenset(key.partition(".")[2] for key in CHART_KEYS if key.startswith(f"{section}."))
            if known and isinstance(entry.node, Mapping):
                yield from _unknown(entry.node, f"{section}.", known)
        for name, entry in entries_at(values, "serviceAccount", "annotations").items():
            if name in _MISPLACED:
                yield Fault(entry.key, f"serviceAccount.annotations.{name} makes an annotation, expected serviceAccount.{name}")


def _unknown(mapping: Mapping, section: str, known: frozenset[str]) -> Iterator[Fault]:
    for name, entry in mapping.entries.items():
        if name not in known:
            message = f"the value {quoted(section + name)} is unknown, expected {section}{offered(name, known)}"
            yield Fault(entry.key, message, renamed(entry.key, mapping, known))


RULES: Final = (_unknown_value,)
