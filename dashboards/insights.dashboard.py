"""The board `insights` for grafanalib's own command: generate-dashboard dashboards/insights.dashboard.py"""

from xray_grafana.dashboard_file import dashboard_of

dashboard = dashboard_of(__file__)
