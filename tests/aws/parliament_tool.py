"""parliament, a linter for identity policies, in a folder of its own: it needs a setuptools that nothing else here should have.

Installed once per requirements file and Python into `build/parliament/<sha256>/`; after that nothing here needs a network.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
REQUIREMENTS = Path(__file__).with_name("parliament-requirements.txt")
INSTALLS = ROOT / "build" / "parliament"
TIMEOUT_SECONDS = 300

_PROGRAM = """
import json, sys
import parliament
found = []
for policy in json.load(sys.stdin):
    analysed = parliament.analyze_policy_string(json.dumps(policy))
    found.append([[finding.issue, str(finding.detail)] for finding in analysed.findings])
json.dump(found, sys.stdout)
"""


class ParliamentError(Exception):
    """parliament could not be installed or run; the text holds its whole output."""


@dataclass(frozen=True)
class Finding:
    """What parliament holds against a policy: the issue's name, and the actions or text it is about."""

    issue: str
    detail: str


def install(requirements: Path, installs: Path) -> Path:
    """Install the requirements below `installs` unless they are there already; returns the folder to import from.

    A half-done installation is never seen: it is made beside and renamed, under a lock that other test runs wait for.
    Raises ParliamentError with pip's output when pip fails.
    """
    key = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    home = installs / key
    if home.is_dir():
        return home
    installs.mkdir(parents=True, exist_ok=True)
    with (installs / ".lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if home.is_dir():
            return home
        with tempfile.TemporaryDirectory(prefix=".installing-", dir=installs) as scratch:
            beside = Path(scratch) / "home"
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            done = _run([*pip, "--target", str(beside), "--requirement", str(requirements)], dict(os.environ))
            if done.returncode != 0:
                raise ParliamentError(f"pip install of {requirements} failed (exit {done.returncode}):\n{done.stdout}{done.stderr}")
            beside.rename(home)
    return home


def _run(command: list[str], environment: dict[str, str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=environment, input=stdin, capture_output=True, check=False, encoding="utf-8", timeout=TIMEOUT_SECONDS
    )


def findings(policies: list[dict[str, Any]]) -> list[list[Finding]]:
    """What parliament finds in each policy. Raises ParliamentError unless it ran to its end."""
    home = install(REQUIREMENTS, INSTALLS)
    done = _run([sys.executable, "-W", "ignore", "-c", _PROGRAM], {**os.environ, "PYTHONPATH": str(home)}, json.dumps(policies))
    if done.returncode != 0:
        raise ParliamentError(f"parliament failed (exit {done.returncode}):\n{done.stdout}{done.stderr}")
    return [[Finding(*finding) for finding in found] for found in json.loads(done.stdout)]
