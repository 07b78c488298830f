"""Whole processes, timed side by side: the alternatives take turns, so that a busy moment of the machine meets them alike."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


def alternate(commands: Mapping[str, Sequence[str | Path]], rounds: int, cwd: Path | None = None) -> dict[str, float]:
    """The median wall time of each command in milliseconds, after one round that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            begin = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, cwd=cwd)
            if number:
                times[name].append((time.perf_counter() - begin) * 1000)
    return {name: statistics.median(measured) for name, measured in times.items()}


def table(measured: Mapping[str, float], base: str) -> str:
    """One line for each command: milliseconds, and how many times the base's."""
    width = max(map(len, measured))
    return "\n".join(f"{name:<{width}}  {value:8.1f} ms  {value / measured[base]:6.2f} x" for name, value in measured.items())
