"""What a `NAME.dashboard.py` file calls, so that grafanalib's own commands write the same bytes as `xray-grafana generate`."""

from __future__ import annotations

import os
from pathlib import Path

from xray_grafana.config import load_config
from xray_grafana.dashboards.board import Board
from xray_grafana.dashboards.registry import build_board

CONFIG_NAME = "bundle.yaml"


def dashboard_of(definition: str) -> Board:
    """The board that a definition file is named after, by the `bundle.yaml` beside the folder it stands in.

    `definition` is the file's own path (`__file__`).
    Raises ConfigError as `generate` does, KeyError for a board that the config leaves out.
    """
    path = Path(definition).resolve()
    config = load_config(path.parent.parent / CONFIG_NAME, environ=os.environ)
    return build_board(config, path.name.removesuffix(".dashboard.py"))
