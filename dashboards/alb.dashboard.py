"""The board `alb` for grafanalib's own command: generate-dashboard dashboards/alb.dashboard.py"""

from xray_grafana.dashboard_file import dashboard_of

dashboard = dashboard_of(__file__)
