"""SIGTERM and SIGINT to an event: the first asks for an orderly end, the second ends the process at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
# What a shell shows for a process that a signal ended.
_SIGNALLED: Final = 128


@contextmanager
def ending_on_signals(stop: threading.Event, note: Callable[[str], None]) -> Iterator[None]:
    """Sets `stop` when the process is told to end. For the main thread.

    The signals are handled by a thread of its own: a handler runs between any two steps of the main thread, where setting an event can wait
    for a lock that this very thread holds, and printing can be refused.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    thread = threading.Thread(target=_watch, args=(reader, stop, note), name="signals", daemon=True)
    thread.start()
    wakeup_before = signal.set_wakeup_fd(writer)
    before = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup_before)
        os.close(writer)
        thread.join()
        os.close(reader)


def _watch(reader: int, stop: threading.Event, note: Callable[[str], None]) -> None:
    """Python writes the number of each signal into the pipe."""
    is_ending = False
    while number := os.read(reader, 1):
        if number[0] not in _SIGNALS:
            continue
        if is_ending:
            os._exit(_SIGNALLED + number[0])
        is_ending = True
        stop.set()
        note(f"{signal.Signals(number[0]).name}: what is in hand is finished or handed over; a second signal ends at once")
