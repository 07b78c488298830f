"""Every dashboard of every example is one that Grafana's published types accept, for both Grafana lines."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from tests.typescript.harness import SCHEMAS, Schema, check_dashboards
from xray_grafana.bundle.artifact import Document
from xray_grafana.bundle.build import build_bundle
from xray_grafana.config import load_config

ROOT = Path(__file__).parents[2]
CONFIGS = (ROOT / "bundle.yaml", *sorted((ROOT / "tests" / "golden" / "configs").glob("*.yaml")))


@cache
def _dashboards() -> dict[str, Document]:
    """`<config>/<path in the bundle>` of every dashboard to its document."""
    return {
        f"{config.stem}/{artifact.path}": artifact.document
        for config in CONFIGS
        for artifact in build_bundle(load_config(config))
        if artifact.path.startswith("dashboards/") and artifact.path.endswith(".json")
    }


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.stem)
def test_each_config_brings_the_boards_that_no_option_turns_off(config: Path) -> None:
    titles = {document["title"] for name, document in _dashboards().items() if name.startswith(f"{config.stem}/")}
    always = {"Overview", "Service map", "Service", "Trace search", "Trace", "Root causes", "Insights", "Pipeline health"}
    assert titles >= {f"X-Ray / {title}" for title in always}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_grafanas_types_accept_every_dashboard(schema: Schema) -> None:
    findings = check_dashboards(_dashboards(), schema)
    assert not findings, "\n".join(findings)
