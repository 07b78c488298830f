"""AWS X-Ray made usable from Grafana: data sources, dashboards, alert rules and correlations from one config file."""

__version__ = "0.1.0"
