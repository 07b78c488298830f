"""Planted mistakes in what Grafana's container is given."""

from __future__ import annotations

from tests.checks.foreign.given import app
from tests.checks.foreign.planting import Planted

_FORWARD = "{name: GF_PLUGINS_FORWARD_HOST_ENV_VARS, value: grafana-x-ray-datasource}"

GRAFANA = (
    Planted(
        "XF200",
        app(f"{{name: grafana, image: 'grafana/grafana:12.4.0', env: [{_FORWARD}, {{name: →AWS_CA_BUNDLE, value: /etc/ca.pem}}]}}"),
        app(f"{{name: grafana, image: 'grafana/grafana:12.4.0', env: [{_FORWARD}]}}"),
        "AWS_CA_BUNDLE beside GF_PLUGINS_FORWARD_HOST_ENV_VARS",
    ),
    Planted(
        "XF200",
        app(f"{{name: grafana, image: 'grafana/grafana:12.4.0', env: [{{name: →AWS_CA_BUNDLE, value: /etc/ca.pem}}, {_FORWARD}]}}"),
        app(
            "{name: grafana, image: 'grafana/grafana:12.4.0', env: [{name: AWS_CA_BUNDLE, value: /etc/ca.pem}, "
            "{name: GF_PLUGINS_FORWARD_HOST_ENV_VARS, value: cloudwatch}]}"
        ),
        "AWS_CA_BUNDLE beside GF_PLUGINS_FORWARD_HOST_ENV_VARS",
        case="other plugin",
    ),
)
