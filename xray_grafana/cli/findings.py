"""Findings and config mistakes in the forms that people, programs and GitHub read."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from xray_grafana.errors import ConfigError

if TYPE_CHECKING:
    from xray_grafana.checks import Finding
    from xray_grafana.cli.output import Style
    from xray_grafana.errors import ConfigProblem, XRayGrafanaError

_STYLES: Final[dict[str, Style]] = {"error": "red", "warning": "yellow"}
_CONFIG_RULE: Final = "config"


def finding_text(finding: Finding, colour: Callable[[str, Style], str]) -> str:
    """A finding for people: where, what, and what to do, each on a line of its own."""
    place = f"{finding.path} {finding.place}".rstrip()
    severity = colour(finding.severity, _STYLES[finding.severity])
    return f"{severity} {finding.rule} {place}\n  {finding.message}\n  do: {finding.remedy}"


def as_data(error: XRayGrafanaError) -> dict[str, Any]:
    """What went wrong, for programs."""
    problems = error.problems if isinstance(error, ConfigError) else ()
    return {
        "error": error.summary,
        "where": error.where,
        "hint": error.hint,
        "problems": [dataclasses.asdict(problem) for problem in problems],
    }


def json_text(config_file: Path, problems: Iterable[ConfigProblem], findings: Iterable[Finding]) -> str:
    """Everything as one JSON document."""
    result = {
        "config": str(config_file),
        "problems": [dataclasses.asdict(problem) for problem in problems],
        "findings": [dataclasses.asdict(finding) for finding in findings],
    }
    return json.dumps(result, indent=2)


def github_lines(config_file: Path, problems: Sequence[ConfigProblem], findings: Iterable[Finding]) -> list[str]:
    """Workflow commands, which GitHub shows beside the lines of a pull request.

    A finding of the bundle is shown at the config, which is where it is mended.
    Source: GitHub Docs, "Workflow commands for GitHub Actions"; escapes as in actions/toolkit, packages/core/src/command.ts.
    """
    return [
        *(_problem_command(problem) for problem in problems),
        *(
            workflow_command(
                finding.severity,
                {"file": str(config_file), "line": "1", "title": finding.rule},
                f"{finding.path} {finding.place}: {finding.message}\n{finding.remedy}",
            )
            for finding in findings
        ),
    ]


def _problem_command(problem: ConfigProblem) -> str:
    text = str(dataclasses.replace(problem, source="", line=None, column=None)).strip()
    if problem.line is None:
        return workflow_command("error", {"title": _CONFIG_RULE}, f"{problem.source}: {text}")
    return workflow_command(
        "error", {"file": problem.source, "line": str(problem.line), "col": str(problem.column), "title": _CONFIG_RULE}, text
    )


def workflow_command(kind: str, properties: dict[str, str], message: str) -> str:
    """One workflow command; `kind` is error, warning or notice."""
    written = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
    return f"::{kind} {written}::{_escape(message)}"


def _escape(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")
