"""The program in a process of its own, as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_program(
    *arguments: str, cwd: Path = ROOT, environ: dict[str, str] | None = None, shell_suffix: str = ""
) -> subprocess.CompletedProcess[str]:
    """`shell_suffix` is what a shell does to the streams, such as `>&-`; standard input is empty."""
    command = [sys.executable, "-m", "xray_grafana", *arguments]
    if shell_suffix:
        command = ["bash", "-o", "pipefail", "-c", f'"$@" {shell_suffix}', "bash", *command]
    return subprocess.run(
        command,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), "PYTHONPATH": str(ROOT), **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
