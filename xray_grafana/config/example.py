"""The commented example config that `xray-grafana init` writes."""

from __future__ import annotations

from importlib.resources import files


def example_text() -> str:
    """The text of example.yaml: it passes as it stands, and names every key with its default."""
    return files("xray_grafana.config").joinpath("example.yaml").read_text(encoding="utf-8")
