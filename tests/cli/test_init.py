"""`init` writes a config that passes as it stands, and overwrites nothing unasked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bundle.files.folders import put, tree
from tests.cli.conftest import Run
from xray_grafana.bundle.files import write_files
from xray_grafana.config.example import example_text
from xray_grafana.errors import OutputError


def test_a_config_and_its_schema_are_written(run: Run, empty: Path) -> None:
    ran = run("init")

    assert ran == (0, "wrote bundle.schema.json and bundle.yaml\nnext: change it, then run `xray-grafana generate`\n", "")
    assert set(tree(empty)) == {"bundle.yaml", "bundle.schema.json"}
    assert (empty / "bundle.yaml").read_text(encoding="utf-8") == example_text()
    assert (empty / "bundle.schema.json").read_text(encoding="utf-8") == run("schema").out
    assert json.loads((empty / "bundle.schema.json").read_bytes())["type"] == "object"


def test_the_config_passes_as_it_stands(run: Run, work: Path) -> None:
    assert (work / "bundle.yaml").exists()
    assert run("check").code == 0


def test_another_name_puts_the_schema_beside_it_and_into_the_next_command(run: Run, empty: Path) -> None:
    (empty / "conf dir").mkdir()

    ran = run("init", "-o", "conf dir/prod.yaml")

    assert ran.code == 0
    assert "`xray-grafana generate -c 'conf dir/prod.yaml'`" in ran.out
    assert set(tree(empty)) == {"conf dir/prod.yaml", "conf dir/bundle.schema.json"}


def test_a_config_that_is_there_is_kept(run: Run, empty: Path) -> None:
    put(empty, {"bundle.yaml": b"mine"})

    ran = run("init")

    assert (ran.code, ran.out) == (1, "")
    assert (
        ran.err
        == "error: bundle.yaml: exists already; nothing was written\n  hint: name another with --output, or overwrite with --force\n"
    )
    assert tree(empty) == {"bundle.yaml": b"mine"}


def test_force_overwrites_it(run: Run, empty: Path) -> None:
    put(empty, {"bundle.yaml": b"mine", "bundle.schema.json": b"old"})

    assert run("init", "--force").code == 0
    assert (empty / "bundle.yaml").read_text(encoding="utf-8") == example_text()


def test_a_second_time_nothing_is_left_to_do(run: Run, empty: Path) -> None:
    run("init")
    before = (empty / "bundle.yaml").stat()

    ran = run("init")

    assert ran.code == 0
    assert ran.out.startswith("bundle.yaml and bundle.schema.json stand there already\n")
    assert (empty / "bundle.yaml").stat() == before


@pytest.mark.parametrize(
    ("output", "message"), [("missing/bundle.yaml", "No such file or directory"), ("file/bundle.yaml", "Not a directory")]
)
def test_a_place_that_cannot_be_written_is_an_error_to_read(run: Run, empty: Path, output: str, message: str) -> None:
    put(empty, {"file": b""})

    ran = run("init", "-o", output)

    assert (ran.code, ran.out) == (1, "")
    assert f"cannot be written: {message}" in ran.err
    assert tree(empty) == {"file": b""}


def test_a_folder_in_the_files_place_is_left_and_no_staged_file_stays(empty: Path) -> None:
    put(empty, {"a/x": b""})

    with pytest.raises(OutputError, match="a: cannot be written: Is a directory"):
        write_files({empty / "a": b"new"}, force=True)

    assert tree(empty) == {"a/x": b""}


@pytest.mark.parametrize("output", [".", "..", "bundle.schema.json"])
def test_a_name_that_is_none_for_a_config_is_refused(run: Run, empty: Path, output: str) -> None:
    ran = run("init", "-o", output)

    assert (ran.code, ran.out) == (2, "")
    assert "no name for a config" in ran.err
    assert not list(empty.iterdir())
