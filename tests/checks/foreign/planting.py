"""Files with planted mistakes: `→` stands where a finding of the rule must show, and is taken out before the file is checked."""

from __future__ import annotations

from typing import NamedTuple

from xray_grafana.checks.foreign import FOREIGN_RULES, ForeignFinding, SourceFile, check_files

MARK = "→"


class Planted(NamedTuple):
    """A rule, a file that breaks it where the marks are, and the same file with the mistake mended or only nearly made.

    `message` is a part of each message. `beside` are further files given along with both. `mended` is the file after the fixes; None where
    the rule has none to offer.
    """

    rule: str
    bad: str
    good: str
    message: str
    mended: str | None = None
    beside: tuple[str, ...] = ()
    case: str = ""


def unmarked(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without its marks, and line and column of each, counted from 1."""
    places = []
    lines = []
    for number, line in enumerate(text.split("\n"), start=1):
        kept = ""
        for index, piece in enumerate(line.split(MARK)):
            if index:
                places.append((number, len(kept) + 1))
            kept += piece
        lines.append(kept)
    return "\n".join(lines), places


def files_of(text: str, beside: tuple[str, ...] = ()) -> list[SourceFile]:
    """A file `given`, and the others beside it."""
    return [SourceFile("given", text.encode()), *(SourceFile(f"beside{index}", each.encode()) for index, each in enumerate(beside))]


def findings_in(text: str, beside: tuple[str, ...] = ()) -> list[ForeignFinding]:
    """What is found in `given`."""
    return [finding for finding in check_files(files_of(text, beside)) if finding.path == "given"]


def places_of(rule: str, findings: list[ForeignFinding]) -> list[tuple[int, int]]:
    """Where a rule found something."""
    return [(finding.line, finding.column) for finding in findings if finding.rule == rule]


RULE_IDS = [rule.id for rule in FOREIGN_RULES]
