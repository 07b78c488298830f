"""Spans of OpenTelemetry made into segment documents."""
