"""Work that may take only so long, such as reading an answer that comes a byte at a time: with each a socket's time-out begins anew."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")


class OutOfPatienceError(Exception):
    """The work was not done in time."""


class _Kept:
    """Keeps what is raised within it."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        self.error = error
        return True


def within(seconds: float, work: Callable[[], T]) -> T:
    """What the work returns or raises. Raises OutOfPatienceError when it takes longer; left behind, it keeps no program from ending."""
    results: list[T] = []
    kept = _Kept()

    def run() -> None:
        with kept:
            results.append(work())

    thread = Thread(target=run, name="patience", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise OutOfPatienceError
    if kept.error is not None:
        raise kept.error
    return results[0]
