from __future__ import annotations

from xray_grafana.cli.alb.waits import WaitNotes


def test_a_loki_that_makes_everybody_wait_is_told_of_once_and_not_at_each_wait() -> None:
    notes: list[str] = []
    waits = WaitNotes(notes.append)

    for seconds in (0.25, 0.5, 1.0):
        waits("503 the ring is empty", seconds)

    assert notes == ["waiting 0.2 s for Loki: 503 the ring is empty"]
