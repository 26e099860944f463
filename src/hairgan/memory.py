"""How the C library keeps memory, which on a CPU decides how fast networks are."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h of the GNU C library
_LARGEST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Let this process keep the memory that tensors free, for the next ones, instead of handing it to the system.

    glibc maps each large block again, and the kernel clears its pages on first use; a training step on a CPU allocates
    gigabytes that way. The process stays as large as it ever was. For programs, not for libraries: the setting holds
    for the whole process. What it is worth is measured in docs/performance.md.

    Returns:
        whether the C library took it; on others than Linux's nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(_M_MMAP_MAX, 0) and mallopt(_M_TRIM_THRESHOLD, _LARGEST))


def give_back_freed_memory() -> None:
    """Hand memory that is free now to the system, once, whatever `keep_freed_memory` set.

    For work that takes much, seldom, and in several threads: each of them keeps its own.
    """
    if sys.platform.startswith("linux"):
        malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if malloc_trim is not None:
            malloc_trim(0)
