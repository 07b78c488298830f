from __future__ import annotations

import pytest

from tests.checks.foreign.walkthroughs import WALKTHROUGHS, prepared
from xray_grafana.checks.foreign import SourceFile, check_files, mend


def found_in(files: list[SourceFile]) -> list[str]:
    return sorted(f"{finding.path}:{finding.line}:{finding.column} {finding.rule}" for finding in check_files(files))


@pytest.mark.parametrize("name", WALKTHROUGHS)
def test_each_mistake_of_a_walkthrough_is_found_in_its_place_and_nothing_else(name: str) -> None:
    files, expected = prepared(WALKTHROUGHS[name])
    assert found_in(files) == expected


@pytest.mark.parametrize("name", WALKTHROUGHS)
def test_mending_leaves_no_finding_that_could_be_mended_and_makes_no_new_one(name: str) -> None:
    files, _ = prepared(WALKTHROUGHS[name])
    found = check_files(files)
    unmendable = {(finding.path, finding.rule, finding.message) for finding in found if not finding.fixes}
    assert len(unmendable) < len(found)

    left = check_files([mend(file, found) for file in files])

    assert left
    assert {(finding.path, finding.rule, finding.message) for finding in left} <= unmendable
    assert not any(finding.fixes for finding in left)


@pytest.mark.parametrize("name", WALKTHROUGHS)
def test_mending_keeps_every_line_that_no_fix_touches(name: str) -> None:
    files, _ = prepared(WALKTHROUGHS[name])
    found = check_files(files)
    for file in files:
        touched = {
            line
            for finding in found
            if finding.path == file.name
            for fix in finding.fixes
            for line in range(file.content.decode().count("\n", 0, fix.span.start), file.content.decode().count("\n", 0, fix.span.end) + 1)
        }
        kept = [line for number, line in enumerate(file.content.decode().splitlines()) if number not in touched]
        after = iter(mend(file, found).content.decode().splitlines())
        assert all(line in after for line in kept)
