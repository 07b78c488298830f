"""The board `pipeline` for grafanalib's own command: generate-dashboard dashboards/pipeline.dashboard.py"""

from xray_grafana.dashboard_file import dashboard_of

dashboard = dashboard_of(__file__)
