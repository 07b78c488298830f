"""Every rule over foreign files, in the order of its id, and the call that runs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xray_grafana.checks.foreign import (
    accounts,
    address,
    agent_pod,
    agent_settings,
    alb,
    chart,
    collector,
    contents,
    grafana,
    identity,
    services,
)
from xray_grafana.checks.foreign.finding import ForeignFinding, ForeignRule
from xray_grafana.checks.foreign.kinds import UNRULED_KINDS
from xray_grafana.checks.foreign.load import load_context
from xray_grafana.checks.foreign.source import SourceFile

FOREIGN_RULES: Final[tuple[ForeignRule, ...]] = tuple(
    sorted(
        (
            *contents.RULES,
            *address.RULES,
            *services.RULES,
            *agent_pod.RULES,
            *agent_settings.RULES,
            *chart.RULES,
            *identity.RULES,
            *alb.RULES,
            *accounts.RULES,
            *collector.RULES,
            *grafana.RULES,
        ),
        key=lambda rule: rule.id,
    )
)


def check_files(files: Sequence[SourceFile]) -> tuple[ForeignFinding, ...]:
    """All findings in files that belong together, sorted by file and place; a file that cannot be read is a finding too.

    Pure: the files' bytes come in with them. Raises nothing, whatever the bytes are.
    """
    context = load_context(files)
    return tuple(sorted({finding for rule in FOREIGN_RULES for finding in rule.check(context)}))


def has_rules(files: Sequence[SourceFile]) -> bool:
    """Whether any document of the files is of a kind that rules know."""
    return any(kind not in UNRULED_KINDS for kind in load_context(files).kinds)
