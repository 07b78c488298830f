"""Dashboards in grafanalib: signals, targets, panels, and one module for each board."""
