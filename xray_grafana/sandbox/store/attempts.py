"""Work that a thread does again and again: it goes on after whatever error, as a disk that is full may have room again."""

from __future__ import annotations

from collections.abc import Callable


class Attempts:
    """One kind of work. `tell` gets an error once, and again when the work has succeeded in between."""

    def __init__(self, tell: Callable[[Exception], None]) -> None:
        self._tell = tell
        self._told: str | None = None

    def make(self, work: Callable[[], object]) -> None:
        """Does it once; an Exception ends here."""
        try:
            work()
        except Exception as error:  # noqa: BLE001  # whatever it is: the thread would end, and nobody would do the work any more
            shown = str(error)
            if shown != self._told:
                self._told = shown
                self._tell(error)
        else:
            self._told = None
