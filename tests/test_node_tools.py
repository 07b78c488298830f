from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.node_tools import MANIFESTS, NodeToolError, install, node_modules, run_node, run_tsc


@pytest.fixture
def empty_project(tmp_path: Path) -> Path:
    """A lock file that asks for no package, so that npm needs no network."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "package.json").write_text('{"name": "empty"}', encoding="utf-8")
    lock = {"name": "empty", "lockfileVersion": 3, "requires": True, "packages": {"": {"name": "empty"}}}
    (folder / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    return folder


def test_the_lock_names_no_host_and_pins_every_package() -> None:
    lock = json.loads((MANIFESTS / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if not package.get("integrity", "").startswith("sha512-")] == []
    wanted = json.loads((MANIFESTS / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert {name: version.rpartition("@")[2] for name, version in wanted.items()} == {
        name: packages[f"node_modules/{name}"]["version"] for name in wanted
    }


def test_both_lines_of_grafana_types_are_installed() -> None:
    versions = [
        json.loads((node_modules() / name / "package.json").read_text(encoding="utf-8"))["version"] for name in ("schema-12", "schema-13")
    ]
    assert versions == ["12.4.11", "13.2.3"]


def test_an_installation_is_made_once(tmp_path: Path) -> None:
    """A lock file that was installed before needs no npm: there is no package.json beside this one."""
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    shutil.copyfile(MANIFESTS / "package-lock.json", manifests / "package-lock.json")
    home = node_modules().parent
    assert install(manifests, home.parent) == home / "node_modules"


def test_a_failed_installation_shows_what_npm_said_and_leaves_nothing(empty_project: Path, tmp_path: Path) -> None:
    (empty_project / "package.json").write_text('{"name": "empty", "dependencies": {"not-in-the-lock": "1.0.0"}}', encoding="utf-8")
    with pytest.raises(NodeToolError, match=r"(?s)npm ci of .* failed .*not-in-the-lock"):
        install(empty_project, tmp_path / "installs")
    assert [path.name for path in (tmp_path / "installs").iterdir()] == [".lock"]


def test_a_module_reads_stdin_and_finds_the_packages(tmp_path: Path) -> None:
    script = tmp_path / "echo.mjs"
    script.write_text(
        'import { parser } from "@grafana/lezer-logql";\n'
        'import { readFileSync } from "node:fs";\n'
        'process.stdout.write(`${typeof parser.parse} ${readFileSync(0, "utf8")}`);\n',
        encoding="utf-8",
    )
    assert run_node(script, "grüße") == "function grüße"


def test_a_module_that_fails_shows_its_output(tmp_path: Path) -> None:
    script = tmp_path / "broken.mjs"
    script.write_text('console.log("before"); throw new Error("planted");', encoding="utf-8")
    with pytest.raises(NodeToolError, match=r"(?s)broken\.mjs failed \(exit 1\).*before.*planted"):
        run_node(script, "")


@pytest.mark.parametrize(
    ("source", "code", "output"),
    [
        ("const n: number = 1;", 0, ""),
        ("const n: number = 'x';", 1, "a.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.\n"),
    ],
    ids=["right", "wrong"],
)
def test_the_compiler_tells_right_from_wrong(source: str, code: int, output: str, tmp_path: Path) -> None:
    (tmp_path / "tsconfig.json").write_text(
        '{"compilerOptions": {"strict": true, "noEmit": true, "types": []}, "files": ["a.ts"]}', encoding="utf-8"
    )
    (tmp_path / "a.ts").write_text(source, encoding="utf-8")
    assert run_tsc(tmp_path) == (code, output)
