"""Ops that move, repeat, sort, drop and insert elements."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index
from numpy.lib.stride_tricks import sliding_window_view

from ..core.dispatch import as_array, implements, stop_gradient
from ..core.op import op
from ..errors import NoGradientRuleError
from .indexing import along_axis, getitem, numbered, read, scatter_add

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


def _rearranged(function: Callable[..., Any], x: Any, *config: Any) -> Any:
    """`function(x, *config)`, which only picks elements of x, and the way back.

    The same function run on the numbers of the elements says which went where.
    """
    shape, size = x.shape, x.size

    def back(g: Any) -> Any:
        numbers = function(np.arange(size).reshape(shape), *config)
        return scatter_add(g, (size,), numbers).reshape(shape)

    return function(x, *config), back


# Turning


@op(np.flip, constant_slope=True)
def flip(m, axis=None):
    return np.flip(m, axis), lambda g: np.flip(g, axis)


@op(np.fliplr, constant_slope=True)
def fliplr(m):
    return np.fliplr(m), lambda g: np.fliplr(g)


@op(np.flipud, constant_slope=True)
def flipud(m):
    return np.flipud(m), lambda g: np.flipud(g)


@op(np.rot90, constant_slope=True)
def rot90(m, k=1, axes=(0, 1)):
    return np.rot90(m, k, axes), lambda g: np.rot90(g, -k, axes)


@op(np.roll, constant_slope=True)
def roll(a, shift=0, axis=None):
    back = np.negative(shift)
    return np.roll(a, shift, axis), lambda g: np.roll(g, back, axis)


# Repeating and enlarging


@op(np.repeat, constant_slope=True)
def repeat(a, repeats=1, axis=None):
    """Gradient: the sum of g over the copies of each element."""
    shape = a.shape
    long = (a.size,) if axis is None or not shape else shape
    k = 0 if axis is None else normalize_axis_index(axis, a.ndim or 1)
    times = np.array(repeats, int)

    def back(g: Any) -> Any:
        if times.size == 1:  # one more axis to sum: piece by piece, if it is a short one
            n = int(times.item())
            copies = np.moveaxis(g.reshape((*long[: k + 1], n, *long[k + 1 :])), k + 1, 0)
            total = reduce(np.add, copies) if 0 < n <= 8 else np.sum(copies, axis=0)
            return total.reshape(shape)
        index = (slice(None),) * k + (np.repeat(np.arange(long[k]), times),)
        return scatter_add(g, long, index).reshape(shape)

    return np.repeat(a, repeats, axis), back


@implements(np.tile)
def tile(A: Any, reps: Any) -> Any:
    A, reps = as_array(A), tuple(np.atleast_1d(reps))
    ndim = max(A.ndim, len(reps))
    shape = (1,) * (ndim - A.ndim) + A.shape
    reps = (1,) * (ndim - len(reps)) + reps
    rows = np.reshape(A, [m for n in shape for m in (1, n)])
    copies = np.broadcast_to(rows, [m for pair in zip(reps, shape, strict=True) for m in pair])
    return np.reshape(copies, [r * n for r, n in zip(reps, shape, strict=True)])


@op(np.resize, constant_slope=True)
def resize(a, new_shape=()):
    """Gradient: the sum of g over the copies of each element."""
    if not a.size:  # repeated to zeros
        shape = a.shape
        return np.resize(a, new_shape), lambda g: np.zeros(shape, g.dtype)
    return _rearranged(np.resize, a, new_shape)


@op(np.pad, constant_slope=True)
def pad(array, pad_width=0, mode="constant", *, constant_values=0, reflect_type="even"):
    """Gradient: g without its margins; under other modes, what they repeat is added where it came
    from.
    """
    widths = _widths(pad_width, array.ndim)
    pad_width = widths if array.ndim else 0  # of no axes NumPy takes no pairs
    if mode == "constant":
        out = np.pad(array, pad_width, constant_values=constant_values)
        inner = tuple(slice(b, b + n) for (b, _), n in zip(widths, array.shape, strict=True))
        return out, lambda g: g[inner]
    if mode not in ("edge", "reflect", "symmetric", "wrap") or reflect_type != "even":
        raise NoGradientRuleError(
            f"np.pad on a Tensor: mode={mode!r}, reflect_type={reflect_type!r} has no gradient "
            "rule: it makes new values. Use 'constant', 'edge', 'reflect', 'symmetric' or 'wrap'."
        )
    return _rearranged(np.pad, array, pad_width, mode)


def _widths(pad_width: Any, ndim: int) -> Any:
    """`pad_width` as a pair (before, after) for each axis."""
    if isinstance(pad_width, dict):
        given = {axis % ndim: width for axis, width in pad_width.items()}
        pad_width = [np.broadcast_to(given.get(axis, 0), 2) for axis in range(ndim)]
    return np.broadcast_to(pad_width, (ndim, 2))


# Sorting


@implements(np.sort)
def sort(a: Any, axis: int | None = -1, kind: Any = None, *, stable: bool | None = None) -> Any:
    return _ordered(a, axis, lambda x: np.argsort(x, axis, kind, stable=stable))


@implements(np.partition)
def partition(a: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect") -> Any:
    return _ordered(a, axis, lambda x: np.argpartition(x, kth, axis, kind))


def _ordered(a: Any, axis: int | None, order_of: Callable[..., Any]) -> Any:
    if axis is None:
        a, axis = np.reshape(a, -1), 0
    index = along_axis(a.shape, order_of(a._array), axis)
    return getitem(a, index, once=True)


# Dropping and inserting


@implements(np.delete)
def delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    if axis is None:
        arr, axis = np.reshape(arr, -1), 0
    axis = normalize_axis_index(axis, arr.ndim)
    left = np.delete(np.arange(arr.shape[axis]), stop_gradient(obj))
    return getitem(arr, (slice(None),) * axis + (left,), once=True)


@implements(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    arr, values = as_array(arr), as_array(values)
    values = values if values.dtype == arr.dtype else values.astype(arr.dtype)
    old, new = numbered(arr, values)
    return read(np.insert(old, stop_gradient(obj), new, axis), arr, values)


# Diagonals and triangles


@op(np.tril, constant_slope=True)
def tril(m, k=0):
    return np.tril(m, k), lambda g: np.tril(g, k)


@op(np.triu, constant_slope=True)
def triu(m, k=0):
    return np.triu(m, k), lambda g: np.triu(g, k)


@op(np.diagonal, constant_slope=True)
def diagonal(a, offset=0, axis1=0, axis2=1):
    """Gradient: zeros with g on the diagonal."""
    where = a.shape, offset, axis1, axis2
    return np.diagonal(a, offset, axis1, axis2), lambda g: _on_diagonal(g, *where)


@op(constant_slope=True)
def _on_diagonal(g, shape=(), offset=0, axis1=0, axis2=1):
    """Zeros of `shape` with `g` on a diagonal: the transpose of reading it."""
    out = np.zeros(shape, g.dtype)
    view = np.diagonal(out, offset, axis1, axis2)
    view.flags.writeable = True  # NumPy's precaution, needless here
    view[...] = g
    return out, lambda h: np.diagonal(h, offset, axis1, axis2)


@implements(np.linalg.diagonal)
def matrix_diagonal(x: Any, /, *, offset: int = 0) -> Any:
    return diagonal(x, offset, -2, -1)


@implements(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    if v.ndim == 1:
        n = v.size + abs(k)
        return _on_diagonal(v, (n, n), k)
    if v.ndim == 2:
        return diagonal(v, k)
    raise ValueError(f"np.diag: expected 1 or 2 axes, got {v.ndim}")


@implements(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    return diag(np.reshape(v, -1), k)


@implements(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    on = diagonal(a, offset, axis1, axis2)
    return np.sum(on if dtype is None else on.astype(dtype), axis=-1)


@implements(np.linalg.trace)
def matrix_trace(x: Any, /, *, offset: int = 0, dtype: Any = None) -> Any:
    return trace(x, offset, -2, -1, dtype)


# Windows


@implements(sliding_window_view)
def windows(
    x: Any,
    window_shape: Any,
    axis: Any = None,
    *,
    subok: bool = False,  # noqa: ARG001
    writeable: bool = False,
) -> Any:
    """`sliding_window_view`: a value of its own, so that `writeable` has no meaning."""
    if writeable:
        raise NoGradientRuleError("sliding_window_view on a Tensor: writeable=True has no meaning")
    return _windows(x, window_shape, axis)


@op(constant_slope=True)
def _windows(x, window_shape=(), axis=None):
    """Gradient: each window of g, added where it came from."""
    shape = x.shape
    return sliding_window_view(x, window_shape, axis), lambda g: _overlap(
        g, shape, window_shape, axis
    )


@op(constant_slope=True)
def _overlap(g, shape=(), window_shape=(), axis=None):
    """The transpose of reading windows: each is added where it came from."""
    out = np.zeros(shape, g.dtype)
    views = sliding_window_view(out, window_shape, axis, writeable=True)
    for place in np.ndindex(views.shape[len(shape) :]):
        views[(..., *place)] += g[(..., *place)]  # no element comes twice at one place of a window
    return out, lambda h: sliding_window_view(h, window_shape, axis)
