"""For each rule, faults planted in the small bundle that trip it, with what the finding must say."""

from tests.checks.planted_boards import DASHBOARDS, LINKS, PANELS
from tests.checks.planted_provisioning import ALERTING, DATASOURCES, SECRETS
from tests.checks.planted_queries import LOGQL, XRAY_TARGETS

PLANTED = (*XRAY_TARGETS, *PANELS, *DASHBOARDS, *LINKS, *DATASOURCES, *ALERTING, *LOGQL, *SECRETS)
