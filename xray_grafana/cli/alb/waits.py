"""What is said while Loki takes nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

_QUIET_SECONDS: Final = 30.0


class WaitNotes:
    """Says that Loki is waited for: at once, and then again no sooner than half a minute later. For any thread."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._lock = threading.Lock()
        self._next = 0.0

    def __call__(self, reason: str, seconds: float) -> None:
        """`reason` is what Loki said, `seconds` how long the wait is."""
        with self._lock:
            now = time.monotonic()
            if now < self._next:
                return
            self._next = now + _QUIET_SECONDS
        self._note(f"waiting {seconds:.1f} s for Loki: {reason}")
