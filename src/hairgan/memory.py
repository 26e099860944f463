"""How the C library keeps freed memory, which affects how fast networks run on a CPU."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h of the GNU C library
_LARGEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Make this process keep the memory of freed tensors for the next ones, instead of returning it to the system.

    By default, glibc maps each large block anew, and the kernel clears its pages on first use; a training step on a CPU
    allocates gigabytes that way. The memory of the process then never shrinks. Call this from programs, not from
    libraries: the setting applies to the whole process. The gain is measured in docs/performance.md.

    Returns:
        whether the C library accepted the setting; outside Linux it is never changed.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, _LARGEST))


def give_back_freed_memory() -> None:
    """Return the memory that is currently free to the system, once, regardless of `keep_freed_memory`.

    For work that rarely needs much memory, in several threads, each of which would keep its own.
    """
    if sys.platform.startswith("linux"):
        malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if malloc_trim is not None:
            malloc_trim(0)
