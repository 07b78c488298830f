"""What the README and the changelog say about the program is true."""

from __future__ import annotations

import json
import re
import struct
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest

import xray_grafana
from tests.docs.pages import PAGES, ROOT
from xray_grafana import contract
from xray_grafana.config.deploy import KubernetesVersion
from xray_grafana.config.models import Grafana

README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
PICTURES = sorted((ROOT / "docs/pictures").glob("*.png"))
PICTURE_BYTES_MAX = 300 * 1024


def project() -> dict[str, object]:
    read: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return read


def newest_version(changelog: str) -> str:
    """The first version heading that is not Unreleased."""
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    assert versions
    return str(versions[0])


def test_the_newest_version_of_the_changelog_is_the_program_s() -> None:
    assert newest_version(CHANGELOG) == xray_grafana.__version__


def test_a_heading_for_what_is_not_released_is_passed_over() -> None:
    assert newest_version("## [Unreleased]\n\n## [2.0.0] - 2027-01-02\n\n## [1.0.0] - 2026-01-01\n") == "2.0.0"


def test_the_changelog_uses_the_headings_of_keep_a_changelog() -> None:
    assert set(re.findall(r"^### (.+)$", CHANGELOG, re.MULTILINE)) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_config_error_is_what_the_program_prints(tmp_path: Path) -> None:
    (tmp_path / "bundle.yaml").write_bytes((ROOT / "docs/examples/mistakes.yaml").read_bytes())
    program = Path(sys.executable).with_name("xray-grafana")
    done = subprocess.run([program, "generate"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"$ xray-grafana generate\n{done.stderr}$ echo $?\n2\n" in README
    assert [path.name for path in tmp_path.iterdir()] == ["bundle.yaml"]


def test_no_page_shows_the_secret_of_the_config_with_mistakes() -> None:
    assert "hunter2" in (ROOT / "docs/examples/mistakes.yaml").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if "hunter2" in page.read_text(encoding="utf-8")] == []


def test_the_versions_are_those_of_the_code() -> None:
    """Grafana and plugin from the config's choices, the schemas from the tests' lock file, Python from the package's classifiers."""
    versions = dict(re.findall(r"^\| (Grafana|X-Ray plugin|Loki|Kubernetes|X-Ray agent|Python) \| ([^|]+?) \|", README, re.MULTILINE))
    assert re.findall(r"\d+\.\d+", versions["Grafana"]) == ["12.4", "13.2"]
    assert list(get_args(Grafana.model_fields["version"].annotation)) == ["12.4", "13.2"]
    assert versions["X-Ray plugin"] == contract.XRAY_PLUGIN_VERSION
    assert re.findall(r"\d+\.\d+\.\d+", versions["X-Ray agent"]) == [contract.DAEMON_VERSION, contract.ADOT_VERSION]
    kubernetes = get_args(KubernetesVersion)
    assert versions["Kubernetes"] == f"{kubernetes[0]} to {kubernetes[-1]}"
    classifiers = project()["classifiers"]
    assert isinstance(classifiers, list)
    assert re.findall(r"3\.\d+", versions["Python"]) == [
        name.rpartition(" ")[2] for name in classifiers if re.search(r"Python :: 3\.\d", name)
    ]
    wanted = json.loads((ROOT / "tests/node/package.json").read_text(encoding="utf-8"))["dependencies"]
    schemas = sorted(re.findall(r"\d+\.\d+\.\d+$", text)[0] for name, text in wanted.items() if "schema" in name)
    assert schemas == sorted(re.findall(r"(?<=schema )\d+\.\d+\.\d+", README))


def test_the_first_commands_are_words_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    words = set(re.findall(r"[`$ ]make ([a-z]+)(?=[`\n])", README))
    assert {"bundle", "test", "bench"} <= words
    assert [word for word in sorted(words) if not re.search(rf"^{word}:", makefile, re.MULTILINE)] == []


def test_make_bundle_runs_the_command_whose_output_is_shown() -> None:
    shown = subprocess.run(["make", "-n", "-o", ".venv/.runtime", "bundle"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "xray-grafana generate -c bundle.yaml -o build/bundle" in shown


def test_figures_name_the_command_that_prints_them() -> None:
    figures = README[README.index("## Figures") :]
    named = set(re.findall(r"bench/(\w+)\.py", figures))
    assert named
    assert [name for name in sorted(named) if not (ROOT / f"bench/{name}.py").is_file()] == []


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_pictures_are_small_and_1280_pixels_wide(picture: Path) -> None:
    content = picture.read_bytes()
    width, height = struct.unpack(">II", content[16:24])
    assert (width, len(content) <= PICTURE_BYTES_MAX) == (1280, True)
    assert height <= 1000


def test_every_picture_is_shown() -> None:
    shown = {Path(name).name for page in PAGES for name in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", page.read_text(encoding="utf-8"))}
    assert shown == {path.name for path in (ROOT / "docs/pictures").iterdir()}
    assert shown
