from __future__ import annotations

import threading

import pytest

from xray_grafana.trace.patience import OutOfPatienceError, within


def test_what_the_work_returns_or_raises_is_passed_on() -> None:
    assert within(60, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        within(60, lambda: 1 // 0)


def test_work_that_does_not_end_is_left_behind() -> None:
    over = threading.Event()
    with pytest.raises(OutOfPatienceError):
        within(0, over.wait)
    over.set()
