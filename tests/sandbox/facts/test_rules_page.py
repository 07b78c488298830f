"""The page of rules names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "reference" / "sandbox-rules.md"
# The name of a file and a test in it, or a test alone: of the file before.
NAMED = re.compile(r"(?:\b([a-z]+): )?`(test_\w+)`")
_COLUMNS = 3  # the table of sources has two


def named() -> list[tuple[str, str]]:
    """File and test, by the name of the file that stands before the test or before an earlier one in its cell."""
    found = []
    for line in PAGE.read_text().splitlines():
        file = ""
        for prefix, test in NAMED.findall(line.rpartition(" | ")[2]):
            file = prefix or file
            found.append((file, test))
    return found


@pytest.mark.parametrize(("file", "test"), named())
def test_a_test_that_a_rule_names_is_there(file: str, test: str) -> None:
    (path,) = [*(ROOT / "tests" / "sandbox").rglob(f"test_{file}.py"), *(ROOT / "tests" / "xray").glob(f"test_{file}.py")]
    assert f"def {test}(" in path.read_text()


def test_every_rule_names_a_test() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    assert [row[0] for row in rows if len(row) == _COLUMNS and not re.search(r"`test_|as above|^Test$|^---$", row[-1])] == []
