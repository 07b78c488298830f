"""`xray-grafana check FILE...`: the mistakes in files that somebody else wrote, and with `--fix` their certain mends."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from xray_grafana.cli.findings import workflow_command
from xray_grafana.cli.output import counted, note, noted, said, say
from xray_grafana.errors import UsageError

if TYPE_CHECKING:
    from xray_grafana.checks.foreign import ForeignFinding, SourceFile
    from xray_grafana.cli.output import Style

_FINDINGS: Final = 3
_UNREADABLE: Final = 2
_UNREADABLE_RULE: Final = "XF100"
_STYLES: Final[dict[str, Style]] = {"error": "red", "warning": "yellow", "note": "cyan"}
_WORKFLOW_KINDS: Final = {"error": "error", "warning": "warning", "note": "notice"}
_STDIN: Final = "-"
_STDIN_NAME: Final = "stdin"

Form = Literal["text", "json", "github"]


def check_foreign(names: Sequence[str], form: Form, *, fix: bool) -> int:
    """Prints what is found and returns the exit code: 0 nothing, 2 a file cannot be read or none is of a known kind, 3 findings.

    With `fix`, prints the change as a unified diff, writes it, and goes on with what is left.
    """
    from xray_grafana.checks.foreign import FOREIGN_RULES, check_files, has_rules

    if fix and _STDIN in names:
        raise UsageError("--fix cannot write to standard input", hint="name the file")
    files = [_read(name) for name in dict.fromkeys(names)]
    found = check_files(files)
    diffs: dict[str, str] = {}
    if fix:
        files, diffs = _mended(files, found, show=form == "text")
        found = check_files(files)
    if form == "json":
        result = {"files": [file.name for file in files], "findings": [each.as_values() for each in found], "mended": diffs}
        say(json.dumps(result, indent=2))
    for each in found:
        if form == "github":
            say(_github_line(each))
        elif form == "text" and each.severity != "note":
            say(foreign_text(each, said))
        elif form == "text":
            note(foreign_text(each, noted))
    broken = [each for each in found if each.severity != "note"]
    fixable = sum(bool(each.fixes) for each in broken)
    hint = f"; --fix mends {fixable}" if fixable else ""
    note(f"{counted(len(files), 'file')}: {counted(len(broken), 'finding')} by {counted(len(FOREIGN_RULES), 'rule')}{hint}")
    if any(each.rule == _UNREADABLE_RULE for each in broken):
        return _UNREADABLE
    if found and not broken and not has_rules(files):
        raise UsageError("no file is of a kind that has rules: nothing was checked", hint="xray-grafana check --help names the kinds")
    return _FINDINGS if broken else 0


def foreign_text(finding: ForeignFinding, colour: Callable[[str, Style], str]) -> str:
    """A finding for people: where, what, why it matters, and what to do, each on a line of its own."""
    severity = colour(finding.severity, _STYLES[finding.severity])
    place = f"{finding.path}:{finding.line}:{finding.column}"
    return f"{severity} {finding.rule} {place}\n  {finding.message}\n  why: {finding.reason}\n  do: {finding.remedy}"


def _github_line(finding: ForeignFinding) -> str:
    properties = {"file": finding.path, "line": str(finding.line), "col": str(finding.column), "title": finding.rule}
    return workflow_command(_WORKFLOW_KINDS[finding.severity], properties, f"{finding.message}\n{finding.reason}\n{finding.remedy}")


def _read(name: str) -> SourceFile:
    """Reads no further than a file may be long."""
    from xray_grafana.checks.foreign import MAX_BYTES, SourceFile

    if name == _STDIN:
        return SourceFile(_STDIN_NAME, sys.stdin.buffer.read(MAX_BYTES + 1))
    try:
        with Path(name).open("rb") as stream:
            return SourceFile(name, stream.read(MAX_BYTES + 1))
    except OSError as error:
        hint = "name its files" if isinstance(error, IsADirectoryError) else None
        raise UsageError(f"cannot be read: {error.strerror}", where=name, hint=hint) from error


def _mended(files: Sequence[SourceFile], found: Sequence[ForeignFinding], *, show: bool) -> tuple[list[SourceFile], dict[str, str]]:
    """The files with certain mends made, on disk too, and the change of each as a unified diff."""
    from xray_grafana.bundle.files.compare import unified_diff
    from xray_grafana.bundle.files.replace import replace_file
    from xray_grafana.checks.foreign import mend

    mended = [mend(file, found) for file in files]
    changed = [(old, new) for old, new in zip(files, mended, strict=True) if old.content != new.content]
    diffs = {old.name: unified_diff(old.name.lstrip("/"), old.content, new.content) for old, new in changed}
    for diff in diffs.values() if show else ():
        say(diff.rstrip("\n"))
    for old, new in changed:
        replace_file(Path(old.name), old.content, new.content)
    note(f"{counted(len(changed), 'file')} mended")
    return mended, diffs
