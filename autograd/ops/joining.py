"""Joining arrays into one and splitting one into several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from ..core.dispatch import as_array, implements, stop_gradient
from ..core.op import op
from .shapes import atleast_1d, atleast_2d, atleast_3d

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for

# Joining


@op(constant_slope=True)
def _concatenate(*arrays, axis=0, dtype=None):
    """Gradient: `split(g, cumsum([a.shape[axis] for a in arrays]), axis)[i]`, the part of the i-th
    array.
    """
    out = np.concatenate(arrays, axis=axis, dtype=dtype)
    ends = list(accumulate(a.shape[axis] for a in arrays))
    lead = (slice(None),) * (axis % out.ndim)

    def part(start: int, end: int) -> Any:
        return lambda g: g[(*lead, slice(start, end))]

    return out, *map(part, [0, *ends], ends)


@implements(np.concatenate, np.concat)
def concatenate(arrays: Sequence[Any], axis: int | None = 0, *, dtype: Any = None) -> Any:
    if axis is None:
        arrays, axis = [np.reshape(a, -1) for a in arrays], 0
    return _concatenate(*map(as_array, arrays), axis=axis, dtype=dtype)


@implements(np.stack)
def stack(arrays: Sequence[Any], axis: int = 0, *, dtype: Any = None) -> Any:
    return concatenate([np.expand_dims(a, axis) for a in arrays], axis, dtype=dtype)


@implements(np.hstack)
def hstack(tup: Sequence[Any], *, dtype: Any = None) -> Any:
    arrays = [atleast_1d(a) for a in tup]
    return concatenate(arrays, axis=0 if arrays[0].ndim == 1 else 1, dtype=dtype)


@implements(np.vstack)
def vstack(tup: Sequence[Any], *, dtype: Any = None) -> Any:
    return concatenate([atleast_2d(a) for a in tup], axis=0, dtype=dtype)


@implements(np.dstack)
def dstack(tup: Sequence[Any]) -> Any:
    return concatenate([atleast_3d(a) for a in tup], axis=2)


@implements(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Any:
    return concatenate([a if np.ndim(a) > 1 else np.reshape(a, (-1, 1)) for a in tup], axis=1)


@implements(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return concatenate((as_array(arr), as_array(values)), axis)


@implements(np.block)
def block(arrays: Any) -> Any:
    depth = _depth(arrays)

    def leaves(part: Any) -> Any:
        return [x for p in part for x in leaves(p)] if isinstance(part, list) else [part]

    ndim = max(depth, *map(np.ndim, leaves(arrays)))

    def join(part: Any, axis: int) -> Any:
        if isinstance(part, list):
            return concatenate([join(p, axis + 1) for p in part], axis)
        return np.reshape(part, (1,) * (ndim - np.ndim(part)) + np.shape(part))

    return join(arrays, ndim - depth)


def _depth(part: Any) -> int:
    """How deep the lists of `np.block` are nested: everywhere the same."""
    if not isinstance(part, list):
        return 0
    depths = set(map(_depth, part))
    if len(depths) != 1:
        raise ValueError("np.block: an empty list, or lists nested to different depths")
    return 1 + depths.pop()


# Splitting


@op(constant_slope=True)
def _pieces(x, split=np.array_split, where=1, axis=0):
    """What `split` gives; its inverse is to concatenate."""
    return tuple(split(x, where, axis)), lambda g: np.concatenate(g, axis)


@implements(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    return _split(np.split, ary, indices_or_sections, axis)


@implements(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    return _split(np.array_split, ary, indices_or_sections, axis)


def _split(how: Callable[..., Any], x: Any, where: Any, axis: int) -> list[Any]:
    where = stop_gradient(where)
    if np.ndim(where):
        n, lead = x.shape[axis], (slice(None),) * (axis % x.ndim)
        ends = [*(slice(i).indices(n)[1] for i in where), n]
        if ends != sorted(ends):  # overlapping pieces
            starts = [0, *ends[:-1]]
            return [x[(*lead, slice(i, j))] for i, j in zip(starts, ends, strict=True)]
    return list(_pieces(x, how, where, axis))


def _split_along(function: Callable[..., Any], ndim: int, axis: int) -> Callable[..., list[Any]]:
    """`split` along one axis, of an array that must have enough of them."""

    @implements(function)
    def split_along(ary: Any, indices_or_sections: Any) -> list[Any]:
        if ary.ndim < ndim:
            raise ValueError(
                f"np.{function.__name__}: got {ary.ndim} axes, expected at least {ndim}"
            )
        return split(ary, indices_or_sections, min(axis, ary.ndim - 1))

    return split_along


hsplit = _split_along(np.hsplit, 1, 1)
vsplit = _split_along(np.vsplit, 2, 0)
dsplit = _split_along(np.dsplit, 3, 2)


@op(constant_slope=True)
def _unstack(x, axis=0):
    return tuple(np.moveaxis(x, axis, 0)), lambda g: np.stack(g, axis)


def unstack(x: Any, /, *, axis: int = 0) -> Any:
    return _unstack(x, axis)


if hasattr(np, "unstack"):  # NumPy 2.1
    implements(np.unstack)(unstack)
