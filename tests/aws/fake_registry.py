"""Stand-ins for `aws ecr` and `docker` that write down how they are called, and the run of a push script against them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

# `THERE` says what the registry has: nothing, repository or image; or refused. `CALLER` is the account that is signed in.
_PROGRAM = """#!/usr/bin/env bash
printf '%s %s\\n' "${0##*/}" "$*" >>"$CALLS"
case "${0##*/} $1 $2" in
  "aws sts get-caller-identity") echo "${CALLER:-111122223333}" ;;
  "aws ecr describe-repositories")
    [[ $THERE != nothing ]] || { echo 'An error occurred (RepositoryNotFoundException) when calling' >&2; exit 254; }
    [[ $THERE != refused ]] || { echo 'An error occurred (AccessDeniedException) when calling' >&2; exit 254; } ;;
  "aws ecr describe-images") [[ $THERE == image ]] || exit 254 ;;
  "aws ecr get-login-password") echo hunter2 ;;
  "docker login "*) cat >>"$CALLS" ;;
esac
"""
_LOOKING = ("aws sts", "aws ecr describe-")


def push(script: Path, folder: Path, *arguments: str, **variables: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run a script with the stand-ins, which live in `folder`: what it said, and every call."""
    programs = folder / "bin"
    programs.mkdir()
    for name in ("aws", "docker"):
        program = programs / name
        program.write_text(_PROGRAM, encoding="utf-8")
        program.chmod(0o755)
    calls = folder / "calls"
    calls.touch()
    environ = {"PATH": f"{programs}:{os.environ['PATH']}", "CALLS": str(calls), "THERE": "nothing", **variables}
    done = subprocess.run(["bash", script, *arguments], env=environ, capture_output=True, check=False, encoding="utf-8", timeout=30)
    return done, calls.read_text(encoding="utf-8").splitlines()


def changing(calls: list[str]) -> list[str]:
    """The calls that do more than look."""
    return [call for call in calls if not call.startswith(_LOOKING)]
