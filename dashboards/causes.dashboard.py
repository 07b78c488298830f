"""The board `causes` for grafanalib's own command: generate-dashboard dashboards/causes.dashboard.py"""

from xray_grafana.dashboard_file import dashboard_of

dashboard = dashboard_of(__file__)
