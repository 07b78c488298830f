"""Kubernetes objects: agent, network policy, Grafana, log shipper, demo, values for Helm charts."""
