"""Findings whose mend is certain, carried out as edits of the text: comments and layout stay as they are."""

from __future__ import annotations

from collections.abc import Iterable

from xray_grafana.checks.foreign.finding import Fix, ForeignFinding
from xray_grafana.checks.foreign.source import SourceFile, text_of


def mend(file: SourceFile, findings: Iterable[ForeignFinding]) -> SourceFile:
    """The file with the fixes of its own findings made. Where fixes overlap, the first is made; the others wait for a next run."""
    accepted: list[Fix] = []
    for finding in findings:
        if finding.path == file.name and not any(_overlap(fix, other) for fix in finding.fixes for other in accepted):
            accepted.extend(finding.fixes)
    if not accepted:
        return file
    text = text_of(file)
    content = text.content
    for fix in sorted(accepted, reverse=True):
        content = content[: fix.span.start] + fix.replacement + content[fix.span.end :]
    return SourceFile(file.name, text.with_content(content))


def _overlap(fix: Fix, other: Fix) -> bool:
    """Whether two fixes touch the same characters, or write in the same place: the order of two insertions would be chance."""
    return fix.span == other.span or (fix.span.start < other.span.end and other.span.start < fix.span.end)
