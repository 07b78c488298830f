"""Rules over a config and its bundle: each names a fault that Grafana, the X-Ray plugin or Loki would not name, and what to change.

Pure: documents in, findings out. A rule belongs to a group: XG1xx X-Ray queries, XG2xx boards, XG3xx data sources and correlations,
XG4xx alert rules, XG5xx LogQL, XG6xx secrets and config.
"""

from xray_grafana.checks.context import Context
from xray_grafana.checks.registry import RULES, check_bundle
from xray_grafana.checks.rule import Finding, Place, Rule, Severity

__all__ = ["RULES", "Context", "Finding", "Place", "Rule", "Severity", "check_bundle"]
