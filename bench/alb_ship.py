"""`xray-grafana alb ship`, whole: start-up, reading, pushing to a Loki on loopback that keeps nothing, checkpoints.

rival   lambda-promtail 43ed5f4, which neither reads fields nor ids: 400,000 lines of 570 bytes took 4.2 CPU seconds on a machine like this
        one, 95,000 lines for each CPU second. It is a figure taken before, not in this run.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench.alb_encode import bodies, chunks, consume, seconds
from bench.alb_lines import LINES, log_object
from bench.null_loki import null_loki
from xray_grafana.alb.memory import keep_memory

RIVAL_LINES_PER_CPU_SECOND = 95_000
RIVAL_BYTES_PER_CPU_SECOND = 570 * RIVAL_LINES_PER_CPU_SECOND
MANY = 2_000_000
ROUNDS = 3


def ship(url: str, files: Sequence[Path], state: str) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name("xray-grafana")
    command: list[str | Path] = [program, "alb", "ship", "--loki", url, "--checkpoint", state, *files]
    Path(state).unlink(missing_ok=True)
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def shipped(url: str, runs: Sequence[Path]) -> tuple[float, float]:
    """Wall and CPU seconds of as many processes at a time as there are files."""
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    folder = Path("build") / "bench"
    processes = [ship(url, [run], str(folder / f"{number}.db")) for number, run in enumerate(runs)]
    codes = [process.wait() for process in processes]
    assert not any(codes), codes
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - begin, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def row(name: str, lines: int, cpu: float, wall: float, beside: str) -> None:
    print(f"{name:34} {lines / cpu:9,.0f} lines/CPU s  {lines / wall:9,.0f} lines/s  {beside}")


def main() -> None:
    keep_memory()
    path, many = log_object(), log_object(MANY)
    for name in ("LOKI_URL", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)
    with null_loki() as url:
        alone, one, two, large = [], [], [], []
        for _ in range(ROUNDS):
            alone.append(seconds(lambda: consume(bodies(path))))
            one.append(shipped(url, [path]))
            large.append(shipped(url, [many]))
            two.append(shipped(url, [many, many]))
        encode = min(alone)
        wall, cpu = min(wall for wall, _ in one), min(cpu for _, cpu in one)
        row("push bodies alone, 400,000 lines", LINES, encode, encode, "")
        row("alb ship, 400,000 lines", LINES, cpu, wall, f"{encode / cpu:.2f} of push bodies alone, by CPU")
        wall, cpu = min(wall for wall, _ in large), min(cpu for _, cpu in large)
        row("alb ship, 2,000,000 lines", MANY, cpu, wall, f"{MANY / LINES * encode / cpu:.2f} of push bodies alone, by CPU")
        line_bytes = sum(map(len, chunks(path))) / LINES
        by_lines, by_bytes = MANY / cpu / RIVAL_LINES_PER_CPU_SECOND, MANY * line_bytes / cpu / RIVAL_BYTES_PER_CPU_SECOND
        print(f"{'':34} {by_lines:.1f} x the rival's lines, {by_bytes:.1f} x its bytes: lines here have {line_bytes:.0f}")
        wall_two = min(wall for wall, _ in two)
        print(f"{'two processes, 2,000,000 each':34} {2 * MANY / wall_two:9,.0f} lines/s, {2 * wall / wall_two:.2f} x one")


if __name__ == "__main__":
    main()
