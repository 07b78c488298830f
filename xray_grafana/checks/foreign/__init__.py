"""Rules over files that somebody else wrote: Kubernetes manifests, Helm values, policies, ECS tasks, configs of daemon and collector.

Each finding names file, line and column, why it bites, and what to write instead; some carry a certain mend. Bytes in, findings out: pure.
Groups: XF10x any file, XF11x the daemon's address, XF12x Services, XF13x and XF14x the daemon's pod and settings, XF15x its config and
chart, XF16x IAM, XF17x access logs of load balancers, XF18x ServiceAccounts, XF19x the collector.
"""

from xray_grafana.checks.foreign.finding import Fix, ForeignFinding, ForeignRule
from xray_grafana.checks.foreign.mend import mend
from xray_grafana.checks.foreign.registry import FOREIGN_RULES, check_files, has_rules
from xray_grafana.checks.foreign.source import MAX_BYTES, SourceFile, Span

__all__ = ["FOREIGN_RULES", "MAX_BYTES", "Fix", "ForeignFinding", "ForeignRule", "SourceFile", "Span", "check_files", "has_rules", "mend"]
