"""The direction of imports is held, and the contract that holds it can break."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def lint(folder: Path) -> tuple[int, str]:
    """Exit code and report of lint-imports over the package in a folder."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "xray_grafana", tmp_path / "xray_grafana", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_go_one_way_and_builders_are_pure(copy: Path) -> None:
    code, report = lint(copy)
    assert (code, "Contracts: 3 kept, 0 broken." in report) == (0, True), report


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("provisioning/rules.py", "import random", "Builders are pure"),
        ("bundle/build.py", "import os", "Builders are pure"),
        ("k8s/agent.py", "import subprocess", "Builders are pure"),
        ("dashboards/board.py", "import xray_grafana.provisioning.alerting", "Imports go one way"),
        ("config/models.py", "import xray_grafana.cli.main", "Imports go one way"),
        ("sandbox/intake/ingest.py", "import xray_grafana.sandbox.api.errors", "Within the sandbox"),
    ],
)
def test_an_import_against_the_contract_is_reported(copy: Path, module: str, line: str, contract: str) -> None:
    path = copy / "xray_grafana" / module
    path.write_text(path.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    code, report = lint(copy)
    assert code == 1
    assert f"{contract}" in report.split("Broken contracts", maxsplit=1)[1]
