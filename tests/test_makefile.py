from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORDS = ["help", "bundle", "test", "check", "fmt", "render", "bench", "docs"]


def _make(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A make of its own: nothing of the one that may be running the tests."""
    environ = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    return subprocess.run(["make", "--silent", *arguments], cwd=cwd, env=environ, capture_output=True, text=True, check=False)


def test_help_is_the_default_and_explains_every_word() -> None:
    done = _make()
    assert (done.returncode, done.stderr) == (0, "")
    assert re.findall(r"^ +make (\w+) +\S", done.stdout, re.MULTILINE) == WORDS


def test_the_guide_for_contributors_explains_the_same_words() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert [word for word in WORDS if f"| `make {word}` |" not in guide] == []


@pytest.mark.parametrize(
    ("python", "said"),
    [
        ("no-such-python", "make: no no-such-python here; install Python 3.11 or newer"),
        ("./old", "make: /old/python is Python 3.10; 3.11 or newer is needed"),
    ],
    ids=["missing", "too old"],
)
def test_an_unfit_python_is_refused_with_the_remedy(python: str, said: str, tmp_path: Path) -> None:
    """The fake is this Python under a `sitecustomize` that gives it another version."""
    (tmp_path / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "sitecustomize.py").write_text(
        "import sys; sys.version_info = (3, 10, 0); sys.executable = '/old/python'", encoding="utf-8"
    )
    fake = tmp_path / "old"
    fake.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path}" exec python3 "$@"\n', encoding="utf-8")
    fake.chmod(0o755)
    done = _make("bundle", f"PYTHON={python}", cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "make PYTHON=/path/to/python" in done.stderr
    assert not (tmp_path / ".venv").exists()
