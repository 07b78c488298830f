"""A process that is killed again and again, wherever it is, and started anew: no line is lost, and what arrives twice is the same bytes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.alb.lines import KEY, access_lines
from tests.alb.shipping import LABELS, expected, packed
from tests.push.loki_fake import NO_LIMITS, LokiFake

pytestmark = pytest.mark.enable_socket

ROOT = Path(__file__).parents[2]
# A hundred take a little more than a minute.
KILLS = int(os.environ.get("XRAY_GRAFANA_KILLS", "25"))
LINES = list(access_lines(30_000, seed=31))
ENTRIES = expected(LINES)


@dataclass
class Run:
    """One object on its way to a Loki of its own."""

    loki: LokiFake
    folder: Path
    kills: int = 0

    @property
    def pushes(self) -> list[bytes]:
        """The bodies of the object's pushes; the shipper's own lines are not among them."""
        requests = list(self.loki.requests)
        return [request.body for request in requests if request.streams and 'log_type="access"' in request.streams[0][0]]

    def start(self) -> subprocess.Popen[bytes]:
        """The program, as a user starts it."""
        return subprocess.Popen(
            [sys.executable, "-m", "xray_grafana", "alb", "ship", self.object, "--loki", self.loki.url, "--checkpoint", self.checkpoint],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder)},
        )

    @property
    def object(self) -> Path:
        return self.folder / Path(KEY).name

    @property
    def checkpoint(self) -> Path:
        return self.folder / "shipped.db"

    def kill_after(self, seconds: float) -> bool:
        """Kills the program then; whether it was still running."""
        with self.start() as process:
            time.sleep(seconds)
            was_running = process.poll() is None
            process.kill()
            said = process.stdout.read() if process.stdout else b""
            assert was_running or process.wait() == 0, said.decode()
        self.kills += was_running
        return was_running

    def finish(self) -> str:
        """Lets the program come to its end; what it says."""
        with self.start() as process:
            said, _ = process.communicate(timeout=60)
            assert process.returncode == 0, said.decode()
        return said.decode()


@contextmanager
def run_in(folder: Path) -> Iterator[Run]:
    folder.mkdir()
    with LokiFake(NO_LIMITS) as loki:
        run = Run(loki, folder)
        run.object.write_bytes(packed(LINES))
        yield run


def test_no_kill_loses_a_line_or_changes_one(tmp_path: Path) -> None:
    with run_in(tmp_path / "undisturbed") as run:
        begun = time.monotonic()
        run.finish()
        longest_seconds = time.monotonic() - begun
        undisturbed = run.pushes
        assert run.loki.taken(LABELS) == ENTRIES
    assert len(undisturbed) == len(set(undisturbed)) > 5
    chance = random.Random(KILLS)  # noqa: S311 - not for secrets
    killed, numbers = 0, count()

    while killed < KILLS:
        with run_in(tmp_path / str(next(numbers))) as run:
            while killed + run.kills < KILLS and run.kill_after(chance.uniform(0.0, longest_seconds)):
                pass
            said = run.finish()
            counts = Counter(run.pushes)
            assert set(counts) == set(undisturbed)
            assert counts.total() - len(counts) <= run.kills
            assert set(run.loki.taken(LABELS)) == set(ENTRIES)
            assert "1 shipped in" in said or "1 skipped in" in said
            assert "1 skipped in" in run.finish()
            assert len(run.pushes) == counts.total()
            killed += run.kills
