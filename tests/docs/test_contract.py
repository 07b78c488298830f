"""What others may build on: the names of the package, and that importing it costs nothing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import xray_grafana
import xray_grafana.checks
import xray_grafana.config
from xray_grafana import errors

HEAVY = {"attr", "click", "grafanalib", "jinja2", "json", "pydantic", "re", "yaml"}


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a statement loads in a new interpreter without site packages' own start-up files."""
    code = f"import sys; before = set(sys.modules); {statement}; print(*{{name.partition('.')[0] for name in set(sys.modules) - before}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing_else() -> None:
    assert loaded_by("import xray_grafana") == {"xray_grafana"}


def test_importing_the_errors_loads_nothing_heavy() -> None:
    assert not loaded_by("import xray_grafana.errors") & (HEAVY - {"re"})


def test_a_heavy_import_would_be_seen() -> None:
    assert {"xray_grafana", "pydantic", "yaml"} <= loaded_by("import xray_grafana.config")


@pytest.mark.parametrize("arguments", [["--version"], ["--help"]])
def test_asking_the_program_for_its_help_loads_nothing_heavy(arguments: list[str]) -> None:
    statement = f"from xray_grafana.cli.main import main; sys.stdout, out = sys.stderr, sys.stdout; main({arguments}); sys.stdout = out"
    assert loaded_by(statement) & HEAVY == set()


def test_public_names() -> None:
    assert sorted(xray_grafana.config.__all__) == ["Config", "load_config", "parse_config"]
    assert sorted(xray_grafana.checks.__all__) == ["Context", "Finding", "Place", "RULES", "Rule", "Severity", "check_bundle"]


@pytest.mark.parametrize("module", [xray_grafana.config, xray_grafana.checks])
def test_every_public_name_exists(module: object) -> None:
    assert [name for name in module.__all__ if not hasattr(module, name)] == []  # type: ignore[attr-defined]


def test_errors_are_drawn_as_they_are() -> None:
    """The tree in the docstring has each class with its exit code, and no other."""
    drawn = {name: int(code) for name, code in re.findall(r"(\w+Error) +exit (\d)", errors.__doc__ or "")}
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.XRayGrafanaError)]
    assert drawn == {each.__name__: each.exit_code for each in classes}


def test_the_package_says_that_it_has_types() -> None:
    assert (Path(xray_grafana.__file__).parent / "py.typed").is_file()
