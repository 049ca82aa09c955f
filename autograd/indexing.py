"""Reading and writing through an index, in every form NumPy has."""

from __future__ import annotations

from typing import Any

import numpy as np

from .op import op
from .tensor import Tensor


@op(linear=True)
def getitem(x, index=()):
    """x[index]. Elements picked twice get both gradients."""
    index, shape = _frozen(index), x.shape
    return x[index], lambda g: scatter(g, shape, index)


@op(linear=True)
def scatter(g, shape=(), index=()):
    """Zeros of `shape` with `g` added at `index`: the transpose of reading."""
    out = np.zeros(shape, g.dtype)
    if _picks_once(index):
        out[index] = g
    else:
        np.add.at(out, index, g)  # += would add a repeated element only once
    return out, lambda h: h[index]


@op(linear=True)
def setitem(x, value, index=()):
    """A copy of x with `value` at `index`; where an index repeats, the last value stays."""
    index, shape, value_shape = _frozen(index), x.shape, np.shape(value)
    out = x.copy()
    out[index] = value

    def for_x(g: Any) -> Any:
        keep = np.ones(shape, g.dtype)
        keep[index] = 0
        return g * keep

    def for_value(g: Any) -> Any:
        gv = g[index]
        if not _picks_once(index):
            position, order = np.empty(shape, int), np.arange(gv.size).reshape(gv.shape)
            position[index] = order
            gv = gv * (position[index] == order)
        extra = max(0, len(value_shape) - gv.ndim)  # NumPy drops leading axes of length 1
        return gv.reshape((1,) * extra + gv.shape)

    return out, for_x, for_value


def _frozen(index: Any) -> Any:
    """The index with Tensors as arrays, and arrays copied: the closures keep it."""
    if isinstance(index, tuple):
        return tuple(_frozen(i) for i in index)
    if isinstance(index, list):
        return np.array(index) if index else np.array(index, int)
    return index.copy() if isinstance(index, np.ndarray) else index


def _picks_once(index: Any) -> bool:
    """Whether no element can be picked twice: slices, integers, a boolean mask."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(not isinstance(i, np.ndarray) or i.dtype == bool or i.ndim == 0 for i in parts)


def plain_index(index: Any) -> Any:
    """An index whose Tensors are arrays."""
    if isinstance(index, Tensor):
        return index._data
    return tuple(plain_index(i) for i in index) if isinstance(index, tuple) else index
