"""`docker compose up`: Grafana with plugin and bundle, Loki, the sandbox with its demo, two traced services, access logs on their way."""
