"""Convolution and correlation of vectors: `np.convolve`, `np.correlate`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..core.op import op
from .complex_numbers import conj
from .shapes import atleast_1d

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


@op
def _convolve(a, v, mode="full"):
    out = np.convolve(a, v, mode)
    n, m = len(a), len(v)
    skipped = {"full": 0, "same": (min(n, m) - 1) // 2, "valid": min(n, m) - 1}[mode]

    def with_(other: Any) -> Any:
        """The full gradient times `other`, at every shift at which other lies within it."""
        around = skipped, n + m - 1 - skipped - len(out)
        return lambda g: np.convolve(np.pad(g, around), other[::-1], "valid")

    return out, with_(v), with_(a)


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    return _convolve(atleast_1d(a), atleast_1d(v), mode=mode)


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = atleast_1d(a), conj(atleast_1d(v))
    if len(a) < len(v):  # NumPy's 'same' takes the middle of the turned result
        return _convolve(v, a[::-1], mode=mode)[::-1]
    return _convolve(a, v[::-1], mode=mode)
