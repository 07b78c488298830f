"""A folder with the example config and its bundle, and the program called in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from xray_grafana.cli.main import main


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> Ran:
        capsys.readouterr()
        code = main(arguments)
        return Ran(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def example_work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds bundle.yaml, bundle.schema.json and out/ as `init` and `generate` write them."""
    folder = tmp_path_factory.mktemp("work")
    assert main(["init", "-o", str(folder / "bundle.yaml")]) == 0
    assert main(["generate", "-c", str(folder / "bundle.yaml"), "-o", str(folder / "out")]) == 0
    return folder


@pytest.fixture
def work(example_work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, as the working folder."""
    folder = tmp_path / "work"
    shutil.copytree(example_work, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
