"""Let freed memory stay in the process, for the next training step to use again.

A training step frees what it allocated. glibc, the C library of most Linux systems, gives large
arrays back to the kernel, and the next step gets them page by page, each cleared: a third of the
time of a small convolutional network. But glibc learns. Once a block of at most 32 MiB that came
from the kernel has been freed, blocks of this size come from the heap, and up to twice as much
freed memory stays there. So one such block, never written to, is made and dropped at import.

The environment variable PLAINGRAD_KEEP_MEMORY says how many bytes to keep instead: 0 leaves glibc
as it is.
"""

from __future__ import annotations

import ctypes
import os
import sys

import numpy as np

__all__ = ["keep_memory"]

_LEARNED = 2**25 - 2**13  # the largest block that glibc learns from, less its own bytes
_KEPT = 2**26  # what it then keeps: twice the block
_M_TRIM_THRESHOLD = -1


def keep_memory(size: float) -> None:
    """Keep up to `size` bytes of freed memory in the process, for the next step to use again.

    At import it is 64 MiB. More pays where a step allocates more than that: elementwise work on
    arrays of a million numbers took a third of the time with 1 GB. It costs nothing but the memory,
    which is never more than what the process had in use at once; other programs cannot have it
    until this one ends. Arrays above 32 MiB each are given back all the same.

    This is a setting of glibc's, for the whole process; on other systems nothing happens. It can be
    raised, not lowered: to keep nothing set the environment variable PLAINGRAD_KEEP_MEMORY to 0
    before the import. Any number of bytes may stand there, and is kept from the start.

    Raises
    ------
    ValueError
        `size` is negative.

    References
    ----------
    mallopt(3), under M_MMAP_THRESHOLD and M_TRIM_THRESHOLD.

    Examples
    --------
    >>> import autograd
    >>> autograd.keep_memory(1e9)
    """
    if not size >= 0:
        raise ValueError(f"keep_memory: got {size} bytes, expected 0 or more, such as 1e9")
    if size > 0:
        np.empty(_LEARNED, np.uint8)
    if size > _KEPT and sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):
            libc.mallopt(_M_TRIM_THRESHOLD, int(min(size, 2**31 - 1)))


def _at_import(text: str) -> None:
    try:
        keep_memory(float(text))
    except ValueError:
        raise ValueError(
            f"the environment variable PLAINGRAD_KEEP_MEMORY is {text!r}, expected a number of "
            "bytes, such as 0 or 1e9"
        ) from None


_at_import(os.environ.get("PLAINGRAD_KEEP_MEMORY") or str(_KEPT))
