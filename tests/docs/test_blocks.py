"""What the pages show in code works as it stands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.pages import ROOT, Block, all_blocks, blocks_of
from xray_grafana.config import parse_config

RUNNABLE = "runnable"
IN_A_CLONE = "runnable in a clone"
NOT_RUN = "not run: "
NOT_A_CONFIG = "not a config: "
MINIMAL: dict[str, Any] = {"aws": {"account": "111122223333", "region": "eu-west-1"}}

SHELL = [*all_blocks("sh"), *all_blocks("python")]
PAGES = [
    list(blocks) for _, blocks in groupby([block for block in SHELL if block.comment.startswith(RUNNABLE)], key=lambda block: block.page)
]


def merged(base: Any, fragment: Any) -> Any:
    """A fragment over a config: mappings key by key, everything else as a whole."""
    if not (isinstance(base, dict) and isinstance(fragment, dict)):
        return fragment
    return base | {key: merged(base.get(key), value) for key, value in fragment.items()}


def check_fragment(text: str) -> None:
    parse_config(yaml.safe_dump(merged(MINIMAL, yaml.safe_load(text)), allow_unicode=True), "fragment.yaml")


@pytest.mark.parametrize(
    "block", [block for block in all_blocks("yaml") if not block.comment.startswith(NOT_A_CONFIG)], ids=lambda block: block.name
)
def test_config_fragments_are_configs(block: Block) -> None:
    """Laid over the smallest config."""
    check_fragment(block.body)


@pytest.mark.parametrize("text", ["alerts: {fault_rate: 0.1}", "grafana: {default_range: 12h}", "alerts: [1]"])
def test_a_fragment_that_is_no_config_is_found(text: str) -> None:
    with pytest.raises(Exception, match="mistake"):
        check_fragment(text)


def test_what_is_no_config_is_yaml_at_least() -> None:
    others = [block for block in all_blocks("yaml") if block.comment.startswith(NOT_A_CONFIG)]
    assert others
    for block in others:
        assert isinstance(yaml.safe_load(block.body), dict), block.name


def test_every_block_of_commands_is_run_or_says_why_not() -> None:
    unmarked = [block.name for block in SHELL if block.comment not in {RUNNABLE, IN_A_CLONE} and not block.comment.startswith(NOT_RUN)]
    assert unmarked == []


def test_the_comment_before_a_block_is_read() -> None:
    text = "a\n\n<!-- runnable -->\n```sh\nls\n```\n\n```sh\npwd\n```\n\n1. b\n\n   ```sh\n   id\n   ```\n"
    assert [(block.line, block.comment, block.body) for block in blocks_of(ROOT / "x.md", text, "sh")] == [
        (4, "runnable", "ls\n"),
        (8, "", "pwd\n"),
        (14, "", "id\n"),
    ]


def run(blocks: list[Block], folder: Path) -> subprocess.CompletedProcess[str]:
    """One page's blocks, one after the other in one shell, with the program of this environment and nothing else of it."""
    script = "\n".join(block.body if block.language == "sh" else f"python - <<'END_OF_BLOCK'\n{block.body}END_OF_BLOCK" for block in blocks)
    environ = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environ, capture_output=True, text=True, timeout=120, check=False
    )


def clone(folder: Path) -> None:
    """What a reader of a clone has at hand, without the parts that no command of the docs reads."""
    shutil.copy(ROOT / "bundle.yaml", folder)
    shutil.copytree(ROOT / "dashboards", folder / "dashboards")


@pytest.mark.parametrize("blocks", PAGES, ids=lambda blocks: blocks[0].page.stem)
def test_the_commands_of_a_page_work_one_after_the_other(blocks: list[Block], tmp_path: Path) -> None:
    if {block.comment for block in blocks} == {IN_A_CLONE}:
        clone(tmp_path)
    done = run(blocks, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_command_that_fails_is_found(tmp_path: Path) -> None:
    block = Block(ROOT / "x.md", 1, "sh", RUNNABLE, "xray-grafana generate -c nowhere.yaml\ntrue\n")
    done = run([block], tmp_path)
    assert done.returncode == 2
    assert "nowhere.yaml" in done.stderr
