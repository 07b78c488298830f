"""The one config file: its models, how it is read, and its JSON Schema."""

from xray_grafana.config.load import load_config, parse_config
from xray_grafana.config.models import Config

__all__ = ["Config", "load_config", "parse_config"]
