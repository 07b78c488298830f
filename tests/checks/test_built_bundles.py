"""The bundles that the program makes break none of its own rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from xray_grafana.bundle.build import build_bundle
from xray_grafana.checks import check_bundle
from xray_grafana.config.example import example_text
from xray_grafana.config.load import parse_config

ODD_CONFIGS = sorted((Path(__file__).parents[1] / "golden" / "configs").glob("*.yaml"))


def findings(text: str, name: str) -> list[str]:
    config = parse_config(text, name)
    found = check_bundle(config, build_bundle(config))
    return [f"{finding.rule} {finding.path} {finding.place}: {finding.message}" for finding in found]


def test_example_has_no_finding() -> None:
    assert findings(example_text(), "example.yaml") == []


@pytest.mark.parametrize("path", ODD_CONFIGS, ids=lambda path: path.stem)
def test_odd_config_has_no_finding(path: Path) -> None:
    assert findings(path.read_text(encoding="utf-8"), path.name) == []
