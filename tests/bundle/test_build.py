"""Whole bundles: their bytes, that the bytes depend on the config alone, and that other readers read the same."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ruamel.yaml import YAML

from tests.examples import ODD, example, odd
from tests.goldens import Golden
from xray_grafana.bundle.artifact import Artifact, Bundle, Format
from xray_grafana.bundle.build import PART_NAMES, build_bundle
from xray_grafana.bundle.render import render
from xray_grafana.config import Config

ROOT = Path(__file__).parents[2]
# The preview draws what the other files say and is tested in a browser; as a golden file it would repeat each change.
DRAWN = "preview.html"
COMMITTED = ("aws/", "dashboards/", "k8s/", "provisioning/")

DIGEST = """
import hashlib, sys
from tests.examples import example, odd, ODD
from xray_grafana.bundle.build import build_bundle
from xray_grafana.bundle.render import render
for config in (example(), *(odd(name) for name in ODD)):
    for artifact in build_bundle(config):
        print(artifact.path, hashlib.sha256(render(artifact)).hexdigest())
"""


def rendered(config: Config) -> dict[str, bytes]:
    return {artifact.path: render(artifact) for artifact in build_bundle(config) if artifact.path != DRAWN}


@pytest.mark.parametrize("name", ODD)
def test_odd_bundles_are_what_was_agreed(name: str, golden: Golden) -> None:
    golden.check(name, rendered(odd(name)))


def test_the_runbook_of_the_example_is_what_was_agreed(golden: Golden) -> None:
    """The rest of the example's bundle is committed as it is rendered, see below."""
    golden.check("example", {"RUNBOOK.md": rendered(example())["RUNBOOK.md"]})


def test_the_committed_render_is_that_of_the_example() -> None:
    """`make render` writes it; files that no one wrote, and those that are missing, show here too."""
    made = {path: content for path, content in rendered(example()).items() if path.startswith(COMMITTED)}
    kept = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for folder in COMMITTED
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and not path.name.endswith((".dashboard.py", ".pyc"))
    }
    assert kept == made


def test_bytes_depend_on_the_config_alone(tmp_path: Path) -> None:
    """Not on locale, time zone, hash seed or working folder."""

    def digest(**environment: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    first = digest(LC_ALL="C", TZ="UTC", PYTHONHASHSEED="1")
    second = digest(LC_ALL="C.UTF-8", LANG="tr_TR.UTF-8", TZ="Asia/Kathmandu", PYTHONHASHSEED="2", PYTHONUTF8="0")
    assert first == second
    assert first.count("\n") > 60


@pytest.mark.parametrize("name", ODD)
def test_two_readers_read_the_same_yaml(name: str) -> None:
    """PyYAML reads YAML 1.1, ruamel 1.2; a text that one takes for a number would differ."""
    for artifact in build_bundle(odd(name)):
        if artifact.format is Format.YAML:
            text = render(artifact).decode()
            assert yaml.safe_load(text) == artifact.document
            assert YAML(typ="safe").load(io.StringIO(text)) == artifact.document


def test_two_readers_would_show_a_difference() -> None:
    """The gate above can fail: `no` is a boolean to one reader and text to the other."""
    assert yaml.safe_load("a: no") != YAML(typ="safe").load(io.StringIO("a: no"))


@pytest.mark.parametrize("name", ODD)
def test_dashboards_are_json_that_reads_back(name: str) -> None:
    for artifact in build_bundle(odd(name)):
        if artifact.format is Format.JSON:
            assert json.loads(render(artifact)) == artifact.document


def test_grafanalibs_own_command_writes_the_same_bytes(tmp_path: Path) -> None:
    out = tmp_path / "service.json"
    program = Path(sys.executable).with_name("generate-dashboard")
    command: list[str | Path] = [program, "-o", out, ROOT / "dashboards" / "service.dashboard.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert out.read_bytes() == (ROOT / "dashboards" / "service.json").read_bytes()


def test_every_board_of_the_example_has_a_definition_file() -> None:
    definitions = {path.name.removesuffix(".dashboard.py") for path in (ROOT / "dashboards").glob("*.dashboard.py")}
    assert definitions == {path.stem for path in (ROOT / "dashboards").glob("*.json")}


def test_no_file_outgrows_what_a_config_map_holds() -> None:
    assert max(len(content) for content in rendered(example()).values()) < 262_144


def test_a_path_made_twice_is_a_fault_of_ours() -> None:
    twice = [Artifact("a.md", Format.TEXT, "1"), Artifact("a.md", Format.TEXT, "2")]
    with pytest.raises(ValueError, match=r"made twice: a\.md"):
        Bundle.of(twice)


def test_parts_are_the_folders_and_the_files_at_the_top() -> None:
    assert {artifact.part for artifact in build_bundle(example())} == set(PART_NAMES)
    assert {artifact.part for artifact in build_bundle(example(), ["dashboards"])} == {"dashboards"}


def test_a_part_alone_is_what_it_is_in_the_whole() -> None:
    whole = build_bundle(example())
    for name in PART_NAMES:
        assert tuple(build_bundle(example(), [name])) == tuple(artifact for artifact in whole if artifact.part == name)


def test_a_name_that_is_no_part_is_refused() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        build_bundle(example(), ["nowhere"])


def test_text_is_not_a_document() -> None:
    with pytest.raises(TypeError, match=r"a\.md is text"):
        _ = Artifact("a.md", Format.TEXT, "1").document


def test_an_unknown_path_is_not_in_a_bundle() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        build_bundle(odd("minimal"))["nowhere"]
