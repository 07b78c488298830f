"""Dashboards through the TypeScript compiler, against the types that Grafana publishes as @grafana/schema."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from tests.node_tools import NodeToolError, node_modules, run_tsc

Schema = Literal["schema-12", "schema-13"]
SCHEMAS: tuple[Schema, ...] = ("schema-12", "schema-13")
TYPES = ("dashboard.ts", "queries.ts", "transformations.ts")
DIAGNOSTIC = re.compile(r"^(?P<file>[^\s(]+)\((?P<line>\d+),\d+\): error (?P<message>.*)$")
HEADER = 'import type { Dashboard } from "./dashboard";\n'


def _project(schema: Schema) -> dict[str, Any]:
    types = node_modules() / schema / "dist" / "types"
    return {
        "compilerOptions": {
            "strict": True,
            "noEmit": True,
            "target": "es2022",
            "module": "esnext",
            "moduleResolution": "bundler",
            "skipLibCheck": True,
            "types": [],
            "paths": {"@grafana/schema": [str(types / "index.d.ts")], "schema/*": [str(types / "*")]},
        },
        "files": [*TYPES],
    }


def check_dashboards(dashboards: Mapping[str, Mapping[str, Any]], schema: Schema) -> list[str]:
    """Compile each dashboard as a value of that schema's type; one tsc run for all. No finding means an empty list.

    A finding reads `<name>:<line>: <JSON on that line>: <what tsc says>`; lines count in the dashboard as JSON with an indent of 2.
    Raises NodeToolError when tsc itself fails, ValueError for a number that JSON does not have.
    """
    project = _project(schema)
    sources: dict[str, tuple[str, list[str]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in TYPES:
            shutil.copyfile(Path(__file__).with_name(name), folder / name)
        for number, (name, dashboard) in enumerate(dashboards.items()):
            text = json.dumps(dashboard, ensure_ascii=False, allow_nan=False, indent=2)
            (folder / f"board{number}.ts").write_text(f"{HEADER}export const board: Dashboard =\n{text};\n", encoding="utf-8")
            sources[f"board{number}.ts"] = (name, text.split("\n"))
        project["files"] += sources
        (folder / "tsconfig.json").write_text(json.dumps(project), encoding="utf-8")
        code, output = run_tsc(folder)
    findings = read_findings(output, sources)
    if bool(findings) != bool(code):
        raise NodeToolError(f"tsc against {schema} ended with exit {code}:\n{output}")
    return findings


def read_findings(output: str, sources: Mapping[str, tuple[str, list[str]]]) -> list[str]:
    """The errors of one tsc run, each with the lines that explain it. Raises NodeToolError for one outside the dashboards."""
    findings: list[str] = []
    for line in output.splitlines():
        if found := DIAGNOSTIC.match(line):
            if found["file"] not in sources:
                raise NodeToolError(f"the types themselves do not compile:\n{output}")
            name, text = sources[found["file"]]
            number = int(found["line"]) - 2
            findings.append(f"{name}:{number}: {text[max(number, 1) - 1].strip()}: {found['message']}")
        elif line.startswith(" ") and findings:
            findings[-1] += f"\n{line}"
        elif line.strip():
            raise NodeToolError(f"tsc said something unforeseen:\n{output}")
    return findings
