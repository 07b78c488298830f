"""The board `home` for grafanalib's own command: generate-dashboard dashboards/home.dashboard.py"""

from xray_grafana.dashboard_file import dashboard_of

dashboard = dashboard_of(__file__)
