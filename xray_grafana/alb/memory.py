"""One setting of the C library, for a program that asks for a few megabytes and gives them back, thousands of times."""

from __future__ import annotations

import ctypes
from typing import Final

# malloc.h of glibc. By default what lies free at the end of the heap goes back to the kernel after each block, and every page of it has to
# be made anew for the next one: a seventh of the time. The heap does not grow beyond what is in use at once.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_MMAP_MAX: Final = 32 * 1024 * 1024  # glibc takes no more
_KEPT: Final = 256 * 1024 * 1024


def keep_memory() -> None:
    """Keeps freed memory for the next block. Does nothing where the C library has no such setting."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _MMAP_MAX)
        mallopt(_TRIM_THRESHOLD, _KEPT)
