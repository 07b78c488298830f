"""The preview: one page that shows the boards, alert rules and data sources of a bundle without a Grafana."""

from xray_grafana.bundle.preview.page import build_preview

__all__ = ["build_preview"]
