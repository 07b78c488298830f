"""Every planted mistake."""

from __future__ import annotations

from tests.checks.foreign.planted_addresses import ADDRESSES, SERVICES
from tests.checks.foreign.planted_collectors import COLLECTOR
from tests.checks.foreign.planted_files import ACCOUNTS, ANY_FILE
from tests.checks.foreign.planted_grafana import GRAFANA
from tests.checks.foreign.planted_pods import PODS
from tests.checks.foreign.planted_policies import ALB, IDENTITY
from tests.checks.foreign.planted_settings import CHART, SETTINGS

PLANTED = (
    *ADDRESSES,
    *SERVICES,
    *PODS,
    *SETTINGS,
    *CHART,
    *ANY_FILE,
    *ACCOUNTS,
    *IDENTITY,
    *ALB,
    *COLLECTOR,
    *GRAFANA,
)
