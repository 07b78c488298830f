"""Where Loki is, by its address."""

from __future__ import annotations

import pytest

from xray_grafana.config.loki_address import service_namespace


@pytest.mark.parametrize(
    ("url", "namespace"),
    [
        ("http://loki:3100", "home"),
        ("http://loki-gateway.logging.svc", "logging"),
        ("https://loki-gateway.logging.svc.cluster.local:8443/x", "logging"),
        ("https://loki.example.net", None),
        ("https://example.net", None),
        ("https://logs.svc.example.net", None),
        ("http://10.0.0.1:3100", None),
        ("http://[fd00::1]:3100", None),
    ],
)
def test_a_service_is_told_from_a_name_outside_the_cluster(url: str, namespace: str | None) -> None:
    assert service_namespace(url, "home") == namespace
