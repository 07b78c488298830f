"""Every rule, in the order of its id, and the one call that runs them."""

from __future__ import annotations

from typing import Final

from xray_grafana.bundle.artifact import Bundle
from xray_grafana.checks import alerting, dashboards, datasources, layout, links, logql, panels, secrets, xray_targets
from xray_grafana.checks.context import Context
from xray_grafana.checks.rule import Finding, Rule
from xray_grafana.config.models import Config

RULES: Final[tuple[Rule, ...]] = tuple(
    sorted(
        (
            *xray_targets.RULES,
            *panels.RULES,
            *dashboards.RULES,
            *layout.RULES,
            *links.RULES,
            *datasources.RULES,
            *alerting.RULES,
            *logql.RULES,
            *secrets.RULES,
        ),
        key=lambda rule: rule.id,
    )
)


def check_bundle(config: Config, bundle: Bundle) -> tuple[Finding, ...]:
    """All findings of all rules, sorted by rule, artifact and place. Takes time in proportion to the bundle."""
    context = Context(config, bundle)
    return tuple(sorted({finding for rule in RULES for finding in rule.check(context)}))
