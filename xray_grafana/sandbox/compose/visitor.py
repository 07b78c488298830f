"""Asks an address again and again, so that there is something to trace: `python -m … URL SECONDS`.

What it gets does not matter, an error neither: the services behind the address fail now and then on purpose.
"""

from __future__ import annotations

import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_TIMEOUT_SECONDS: Final = 10.0


def visit(url: str, seconds: float, wait: Callable[[float], object] = time.sleep) -> None:
    """Asks once every `seconds`, for ever: until `wait` raises."""
    while True:
        with suppress(OSError), urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - the address is the Compose file's
            answer.read()
        wait(seconds)


if __name__ == "__main__":
    visit(sys.argv[1], float(sys.argv[2]))
