"""Golden files: what a run must give, byte for byte, kept under `tests/golden/`."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

UPDATE_OPTION = "--update-golden"
DIFF_LINES = 40


class GoldenMismatch(AssertionError):  # noqa: N818 - pytest shows it as the failed assertion it is
    """A folder of golden files and what was made are not the same; the text lists every file and how it differs."""


@dataclass(frozen=True)
class Golden:
    """The golden files below `root`. With `update`, a comparison makes them what they should be instead of failing."""

    root: Path
    update: bool

    def check(self, name: str, files: Mapping[str, bytes]) -> None:
        """Compare `files` (relative POSIX path to content) with the folder `name`.

        Raises GoldenMismatch for missing, unexpected and changed files.
        """
        folder = self.root / name
        if self.update:
            _rewrite(folder, files)
        kept = _read(folder)
        problems = [
            *(f"missing: {path} (was made, is not in {folder})" for path in sorted(files.keys() - kept.keys())),
            *(f"unexpected: {path} (is in {folder}, was not made)" for path in sorted(kept.keys() - files.keys())),
            *(
                f"changed: {path}\n{_diff(kept[path], files[path])}"
                for path in sorted(files.keys() & kept.keys())
                if kept[path] != files[path]
            ),
        ]
        if problems:
            raise GoldenMismatch("\n".join([f"golden files of {name!r} differ; `pytest {UPDATE_OPTION}` accepts what was made", *problems]))


def _read(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _rewrite(folder: Path, files: Mapping[str, bytes]) -> None:
    for path in _read(folder).keys() - files.keys():
        (folder / path).unlink()
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _diff(kept: bytes, made: bytes) -> str:
    lines = list(_diff_lines(kept, made))
    more = [f"… {len(lines) - DIFF_LINES} more lines"] if len(lines) > DIFF_LINES else []
    return "\n".join([*lines[:DIFF_LINES], *more])


def _diff_lines(kept: bytes, made: bytes) -> Iterator[str]:
    before, after = (content.decode("utf-8", errors="backslashreplace").splitlines(keepends=True) for content in (kept, made))
    for line in difflib.unified_diff(before, after, "golden", "made"):
        yield line.removesuffix("\n") if line.endswith("\n") else f"{line}  (no newline at the end)"
