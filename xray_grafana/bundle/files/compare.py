"""A bundle and a folder as differences to read. Writes nothing."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xray_grafana.bundle.files.plan import plan_write

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from xray_grafana.bundle.files.plan import Plan


@dataclass(frozen=True, slots=True)
class Differences:
    """What stands between a folder and a bundle; paths are sorted.

    `diffs` has the unified diff, from folder to bundle, of each file that stands in both with different content. `missing` are only in the
    bundle, `extra` only in the folder, and `edited` were changed in the folder by somebody else than the program.
    """

    diffs: Mapping[str, str]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    edited: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the folder holds the bundle and nothing else."""
        return not (self.diffs or self.missing or self.extra or self.edited)


def compare(bundle: Mapping[str, bytes], folder: Path, parts: Collection[str] | None = None) -> Differences:
    """How a folder differs from a bundle; a folder that does not exist lacks every file. Raises OutputError as `plan_write` does."""
    return differences(plan_write(bundle, folder, parts))


def differences(plan: Plan) -> Differences:
    """What a plan found, as differences."""
    both = sorted({*plan.changed, *plan.edited} & plan.bundle.keys() & plan.old.keys())
    return Differences(
        diffs={path: unified_diff(path, plan.old[path], plan.bundle[path]) for path in both},
        missing=plan.new,
        extra=tuple(sorted((*plan.stale, *plan.foreign, *plan.strangers))),
        edited=plan.edited,
    )


def unified_diff(path: str, old: bytes, new: bytes) -> str:
    """The change of one file, from `a/PATH` to `b/PATH`, as `git apply` and `patch -p1` read it."""
    return "".join(_with_line_ends(difflib.unified_diff(_lines(old), _lines(new), f"a/{path}", f"b/{path}")))


def _lines(content: bytes) -> list[str]:
    """Lines that end at line feeds only, so that a carriage return is content; what is not UTF-8 shows as escapes."""
    *whole, last = content.decode(errors="backslashreplace").split("\n")
    return [f"{line}\n" for line in whole] + ([last] if last else [])


def _with_line_ends(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
