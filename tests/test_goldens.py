from __future__ import annotations

from pathlib import Path

import pytest

from tests.goldens import Golden, GoldenMismatch

MADE = {"a.txt": b"one\n", "sub/b.txt": b"two\n"}


@pytest.fixture
def kept(tmp_path: Path) -> Golden:
    """Golden files equal to MADE, as a run with the flag leaves them."""
    Golden(tmp_path, update=True).check("example", MADE)
    return Golden(tmp_path, update=False)


def test_equal_files_pass_and_stay_as_they_are(kept: Golden) -> None:
    kept.check("example", MADE)
    assert (kept.root / "example" / "sub" / "b.txt").read_bytes() == b"two\n"


@pytest.mark.parametrize(
    ("made", "reported"),
    [
        pytest.param(MADE | {"a.txt": b"one\r\n"}, ["changed: a.txt", "-one", "+one\r"], id="a changed byte"),
        pytest.param(MADE | {"a.txt": b"one"}, ["changed: a.txt", "+one  (no newline at the end)"], id="a lost newline"),
        pytest.param(MADE | {"c.txt": b""}, ["missing: c.txt"], id="a file more than kept"),
        pytest.param({"a.txt": b"one\n"}, ["unexpected: sub/b.txt"], id="a file fewer than kept"),
        pytest.param({}, ["unexpected: a.txt", "unexpected: sub/b.txt"], id="nothing made at all"),
    ],
)
def test_each_difference_is_reported_and_leaves_the_golden_files_alone(kept: Golden, made: dict[str, bytes], reported: list[str]) -> None:
    with pytest.raises(GoldenMismatch) as raised:
        kept.check("example", made)
    lines = str(raised.value).split("\n")
    assert [text for text in reported if not any(line.startswith(text) for line in lines)] == []
    assert "--update-golden" in lines[0]
    kept.check("example", MADE)


def test_a_folder_without_golden_files_fails(tmp_path: Path) -> None:
    with pytest.raises(GoldenMismatch, match=r"missing: a\.txt"):
        Golden(tmp_path, update=False).check("never-kept", MADE)


def test_the_flag_rewrites_changed_files_and_removes_unexpected_ones(kept: Golden) -> None:
    Golden(kept.root, update=True).check("example", {"a.txt": b"new\n"})
    assert {path.name: path.read_bytes() for path in (kept.root / "example").rglob("*") if path.is_file()} == {"a.txt": b"new\n"}


def test_a_long_difference_is_cut(kept: Golden) -> None:
    with pytest.raises(GoldenMismatch, match=r"… \d+ more lines"):
        kept.check("example", MADE | {"a.txt": b"line\n" * 100})


def test_without_the_flag_the_fixture_compares(golden: Golden, request: pytest.FixtureRequest) -> None:
    assert golden == Golden(Path(__file__).with_name("golden"), update=request.config.getoption("--update-golden"))
