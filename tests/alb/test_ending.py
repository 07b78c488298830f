from __future__ import annotations

import os
import signal
import threading

import pytest

from tests.alb.aws import until
from xray_grafana.alb.ending import ending_on_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks_for_an_end(number: signal.Signals) -> None:
    """What the second does is seen at a process of its own: it ends it."""
    stop, notes = threading.Event(), list[str]()
    before = signal.getsignal(number)
    with ending_on_signals(stop, notes.append):
        assert not stop.is_set()
        os.kill(os.getpid(), number)
        until(lambda: notes, "the signal is noticed")
        assert stop.is_set()
    assert notes == [f"{number.name}: what is in hand is finished or handed over; a second signal ends at once"]
    assert signal.getsignal(number) is before


def test_other_signals_are_left_to_others() -> None:
    stop, notes, seen = threading.Event(), list[str](), list[int]()
    before = signal.signal(signal.SIGUSR1, lambda number, _: seen.append(number))
    try:
        with ending_on_signals(stop, notes.append):
            os.kill(os.getpid(), signal.SIGUSR1)
            until(lambda: seen, "the other handler is called")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert (stop.is_set(), notes) == (False, [])
