"""Reading and writing through an index, in every form NumPy has."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Any

import numpy as np

from ..core.arrays import wide
from ..core.op import op
from ..core.tensor import Tensor
from ..errors import IntegerGradientError


@op(constant_slope=True)
def getitem(x, index=(), once=None):
    """x[index]. Elements picked twice get both gradients. `once`: none is; None to find out.

    Gradient: `scatter_add(g, x.shape, index)`.
    """
    index, shape = _frozen(index), x.shape
    return x[index], lambda g: scatter_add(g, shape, index, once)


@op(constant_slope=True)
def scatter_add(g, shape=(), index=(), once=None):
    """Zeros of `shape` with `g` added at `index`: the transpose of reading `x[index]`.

    Where the index repeats an element, what is added to it adds up.

    Gradient: `g[index]`.

    Parameters
    ----------
    g
        of the shape of `x[index]`, for x of `shape`.
    index
        anything that NumPy takes in brackets, of integers, slices and masks.
    once
        that no element is meant twice, which is faster; None to look.
    """
    closure = lambda h: getitem(h, index, once)  # noqa: E731
    if _picks_once(index) if once is None else once:
        out = np.zeros(shape, g.dtype)
        out[index] = g
        return out, closure
    out = np.zeros(shape, wide(g.dtype))
    if g.size > MANY and (along := _only_axis(index, out.ndim)):
        _add_along(out, g, *along)
    else:
        np.add.at(out, index, g)  # += would add a repeated element only once
    return out.astype(g.dtype, copy=False), closure


@op(constant_slope=True)
def setitem(x, value, index=()):
    """A copy of x with `value` at `index`; where an index repeats, the last value stays.

    Gradient by x: `setitem(g, 0, index)`.
    Gradient by value: `g[index]`, 0 for a value that a later one at its place replaced.
    """
    if x.dtype.kind not in "fc":
        raise IntegerGradientError(
            f"t[i] = v: v requires gradients, and would lose them in a tensor of {x.dtype}. Start "
            "from a float tensor, or write v.detach()."
        )
    index, shape, value_shape = _frozen(index), x.shape, np.shape(value)
    out = np.array(x)  # a copy, and an array where x is a NumPy scalar
    out[index] = value

    def for_value(g: Any) -> Any:
        gv = g[index]
        if not _picks_once(index):
            position, order = np.empty(shape, int), np.arange(gv.size).reshape(gv.shape)
            position[index] = order
            gv = np.where(position[index] == order, gv, 0)
        extra = max(0, len(value_shape) - gv.ndim)  # NumPy drops leading axes of length 1
        return gv.reshape((1,) * extra + gv.shape)

    return out, lambda g: setitem(g, 0.0, index), for_value


def _frozen(index: Any) -> Any:
    """The index with lists as arrays, and arrays copied: the closures keep it."""
    if isinstance(index, tuple):
        return tuple(_frozen(i) for i in index)
    if isinstance(index, list):
        return np.array(index) if index else np.array(index, int)
    return index.copy() if isinstance(index, np.ndarray) else index


def _picks_once(index: Any) -> bool:
    """Whether no element can be picked twice: slices, integers, a boolean mask."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(not isinstance(i, np.ndarray) or i.dtype == bool or i.ndim == 0 for i in parts)


def _only_axis(index: Any, ndim: int) -> tuple[int, Any] | None:
    """The axis that is read through integers while all others are taken whole, and the integers."""
    parts = index if isinstance(index, tuple) else (index,)
    whole = [i is Ellipsis or (isinstance(i, slice) and i == slice(None)) for i in parts]
    if whole.count(False) != 1:
        return None
    k = whole.index(False)
    if not isinstance(parts[k], np.ndarray) or parts[k].dtype == bool:
        return None
    return (ndim - len(parts) + k if Ellipsis in parts[:k] else k), parts[k]


MANY = 1000  # numbers from which on `_add_along` is worth its preparation

# The sum of two complex numbers is two sums at once.
TWO_AS_ONE = {np.dtype("f4"): "c8", np.dtype("f8"): "c16"}


def _add_along(out: Any, g: Any, axis: int, rows: Any) -> None:
    """`np.add.at(out, (:, ..., rows), g)` in a fifth of the time: it is fast in one dimension."""
    if out.ndim == 1:
        np.add.at(out, rows.reshape(-1), g.reshape(-1))
        return
    n, width = out.shape[axis], math.prod(out.shape[axis + 1 :])
    rows = rows.reshape(-1).astype(np.intp) % n  # a negative one counts from the end
    if axis == 0 and width > 1000:  # rows are long: add one after the other
        for row, row_of_g in zip(rows, g.reshape(len(rows), width), strict=True):
            out.reshape(n, width)[row] += row_of_g
        return
    flat, numbers = out.reshape(-1), np.ascontiguousarray(g, out.dtype).reshape(-1)
    if width % 2 == 0 and (two := TWO_AS_ONE.get(out.dtype)):
        flat, numbers, width = flat.view(two), numbers.view(two), width // 2
    first = np.arange(0, flat.size, n * width)[:, None, None] + rows[:, None] * width
    np.add.at(flat, (first + np.arange(width)).reshape(-1), numbers)


def plain_index(index: Any) -> Any:
    """An index whose Tensors are arrays."""
    if isinstance(index, Tensor):
        return index._array
    return tuple(plain_index(i) for i in index) if isinstance(index, tuple) else index


def along_axis(shape: tuple[int, ...], indices: Any, axis: int) -> tuple[Any, ...]:
    """The index that reads `indices` along `axis`, and the same place along the others."""
    if indices.ndim != len(shape):
        raise ValueError(
            f"np.take_along_axis: indices of {indices.ndim} axes for an array of {len(shape)}"
        )
    index = [np.arange(n).reshape(-1, *(1,) * (len(shape) - 1 - i)) for i, n in enumerate(shape)]
    index[axis] = indices
    return tuple(index)


# A function that only moves elements tells where to by moving their numbers instead.


def numbered(*arrays: Any) -> list[Any]:
    """For each array, one of its shape that counts on through the elements of all: 0, 1, 2, ..."""
    shapes = [np.shape(a) for a in arrays]
    ends = list(accumulate(map(math.prod, shapes)))
    return [
        np.arange(start, end).reshape(shape)
        for start, end, shape in zip([0, *ends], ends, shapes, strict=False)
    ]


def read(numbers: Any, *arrays: Any) -> Any:
    """The elements of `arrays` with these numbers."""
    flat = [np.reshape(a, -1) for a in arrays]
    return (np.concatenate(flat) if len(flat) > 1 else flat[0])[numbers]
