"""What the process may use of the machine: cores, the threads of OpenBLAS, freed memory.

OpenBLAS starts as many threads as there are cores. If other programs need these, the threads wait
for each other, busily: a small product can take 50 times as long. It counts neither the load nor
what a container is allowed; `choose_threads` does.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from autograd import keep_memory

__all__ = ["OpenBLAS", "choose_threads", "cores", "is_glibc", "load", "quota", "settle"]

#: Those that set the threads of a BLAS, before it is loaded.
VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
MOST = 4  #: More than these gain little in products of the size of a small network's.
KEEP = 1e9  #: Bytes of freed memory to keep in a process of our own.


def choose_threads(
    total: int, allowed: int, quota: float, load: float, environment: Mapping[str, str]
) -> int | None:
    """How many threads BLAS should have: as many as there are idle cores, 1 to 4.

    Parameters
    ----------
    total
        the cores of the machine.
    allowed
        those the process may run on.
    quota
        how many cores' time its container may take; inf for any.
    load
        how many programs run or want to, on the whole machine.

    Returns
    -------
    int | None
        int; None if `environment` says how many.
    """
    if set_by(environment):
        return None
    return max(1, int(min(allowed, quota, total - round(load), MOST)))


def set_by(environment: Mapping[str, str]) -> str | None:
    """The variable that says how many threads there are."""
    return next((name for name in VARIABLES if environment.get(name)), None)


def cores() -> tuple[int, int]:
    """The cores of the machine, and those the process may run on."""
    total = os.cpu_count() or 1
    return total, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else total


def quota(root: str = "/sys/fs/cgroup", own: str = "/proc/self/cgroup") -> float:
    """How many cores' time the container of the process may take: the cpu.max of cgroup v2."""
    found, groups = [np.inf], []
    with suppress(OSError):
        lines = Path(own).read_text().splitlines()
        groups = [Path(root, line[4:]) for line in lines if line.startswith("0::")]
    for group in groups:
        for folder in (group, *group.parents):
            if folder.is_relative_to(root):
                with suppress(OSError, ValueError):  # "max 100000" is no number
                    share, period = (folder / "cpu.max").read_text().split()
                    found.append(float(share) / float(period))
    return min(found)


def load() -> float:
    """How many programs ran or wanted to in the last minute; 0 where it is not known."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return 0.0


def is_glibc() -> bool:
    """Whether the C library is glibc, which `keep_memory` is about."""
    return platform.libc_ver()[0] == "glibc"


class OpenBLAS:
    """The OpenBLAS that NumPy has loaded.

    Its functions are public ones of OpenBLAS; NumPy's wheels and distributions differ in what they
    put before and after the names.
    """

    def __init__(self, library: Any, name: str) -> None:
        self._library, self._name = library, name

    @staticmethod
    @cache
    def find() -> OpenBLAS | None:
        """It; None if NumPy has another BLAS, or hides it."""
        folders = Path(np.__file__).parent / ".dylibs", Path(np.__file__).parents[1] / "numpy.libs"
        paths = [str(path) for folder in folders for path in folder.glob("*openblas*")]
        with suppress(AttributeError, KeyError):  # what this is linked to is found through it
            paths.append(str(sys.modules["numpy._core._multiarray_umath"].__file__))
        for path in paths:
            with suppress(OSError):
                library = ctypes.CDLL(path)
                for name in ("scipy_openblas_{}64_", "openblas_{}64_", "openblas_{}"):
                    if hasattr(library, name.format("set_num_threads")):
                        return OpenBLAS(library, name)
        return None

    def _call(self, name: str, kind: Any, *args: Any) -> Any:
        function = getattr(self._library, self._name.format(name))
        function.restype = kind
        return function(*args)

    @property
    def threads(self) -> int:
        """How many threads share a product. Set it at any time."""
        return int(self._call("get_num_threads", ctypes.c_int))

    @threads.setter
    def threads(self, count: int) -> None:
        self._call("set_num_threads", None, ctypes.c_int(count))

    @property
    def kernel(self) -> str:
        """The kind of CPU that its kernels are for."""
        return str(self._call("get_corename", ctypes.c_char_p).decode())

    @property
    def version(self) -> str:
        """As it says: "OpenBLAS 0.3.31"."""
        text = self._call("get_config", ctypes.c_char_p).decode()
        return " ".join(text.split()[:2])


def settle() -> str:
    """Choose threads and memory for a process that is ours alone, and say what, in a line."""
    (total, allowed), busy = cores(), load()
    count, blas = choose_threads(total, allowed, quota(), busy, os.environ), OpenBLAS.find()
    if count is None:
        name = set_by(os.environ) or ""
        text = f"{name}={os.environ[name]}"
    elif blas is None:
        text = "threads as BLAS chooses"
    else:
        blas.threads = count
        s = "" if count == 1 else "s"
        text = f"{count} thread{s} of BLAS ({min(allowed, quota()):g} cores, load {busy:.1f})"
    if is_glibc() and not os.environ.get("PLAINGRAD_KEEP_MEMORY"):
        keep_memory(KEEP)
        text += "; up to 1 GB of freed memory is kept"
    return text
