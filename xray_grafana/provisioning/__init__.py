"""The files Grafana reads at its start: data sources with their correlations, dashboard providers, alert rules."""
