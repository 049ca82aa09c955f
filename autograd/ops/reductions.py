"""Ops that reduce axes: sums, means, products, extremes, and their twins that skip NaN."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.arrays import over, wide
from ..core.dispatch import as_array, implements
from ..core.op import op
from .common import NOT_GIVEN, axes_of, count, expand, kept, refuse, refuse_integers, without_nan

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


@op(np.sum, constant_slope=True)
def sum(x, axis=None, dtype=None, out=None, keepdims=False, initial=NOT_GIVEN, where=True):
    """Gradient: `expand(g, x.shape, axis)`, g for each element that was added."""
    if out is not None or dtype is not None:
        refuse("sum", out=out)
        refuse_integers("sum", x, dtype)
    shape = x.shape
    closure = lambda g: expand(g, shape, axis)  # noqa: E731
    return x.sum(axis, dtype, None, keepdims, initial, where), _masked(closure, where)


@op(np.mean, constant_slope=True)
def mean(x, axis=None, dtype=None, out=None, keepdims=False, *, where=True):
    """Gradient: `expand(g, x.shape, axis) * y.size / x.size`, g shared out among the elements."""
    if out is not None or dtype is not None:
        refuse("mean", out=out)
        refuse_integers("mean", x, dtype)
    shape, n = x.shape, count(x.shape, axis, where)
    if where is True:
        closure = lambda g: expand(over(g, n), shape, axis)  # noqa: E731
    else:
        some = np.maximum(n, 1)
        closure = lambda g: expand(g, shape, axis) / some.astype(wide(g.dtype))  # noqa: E731
    return x.mean(axis, dtype, None, keepdims, where=where), _masked(closure, where)


def _masked(closure: Any, where: Any) -> Any:
    """`closure`, and zeros for what a mask left out."""
    return closure if where is True else lambda g: np.where(where, closure(g), 0)


@op(np.prod)
def prod(x, axis=None, dtype=None, out=None, keepdims=False, initial=NOT_GIVEN, where=True):
    """The product. Its derivative is the product of the others: right where elements are 0.

    Gradient: `expand(g * y, x.shape, axis) / x`, computed without the division.
    """
    refuse("prod", out=out)
    refuse_integers("prod", x, dtype)
    shape, factor = x.shape, 1 if initial is NOT_GIVEN else initial

    def closure(g: Any) -> Any:
        others = _product_of_others(x if where is True else np.where(where, x, 1), axis)
        return g.reshape(kept(shape, axis)) * (others * factor)

    y = np.prod(x, axis, dtype, None, keepdims, initial, where)
    return y, _masked(closure, where)


def _product_of_others(x: Any, axis: Any) -> Any:
    """For each element the product of the others along `axis`: those before times those after."""
    shape, axes = x.shape, axes_of(axis, x.ndim)
    order = [i for i in range(x.ndim) if i not in axes] + list(axes)
    n = math.prod(shape[a] for a in axes)
    rows = x.transpose(order).reshape(-1 if n else 0, n)
    one = np.ones_like(rows[:, :1])
    before = np.cumprod(np.concatenate([one, rows[:, :-1]], axis=1), axis=1)
    after = np.cumprod(np.concatenate([one, rows[:, :0:-1]], axis=1), axis=1)[:, ::-1]
    others = (before * after).reshape([shape[i] for i in order])
    return others.transpose(np.argsort(order))


@op(np.max, np.amax)
def max(x, axis=None, out=None, keepdims=False, initial=NOT_GIVEN, where=True):
    """The largest element. Ties share the gradient evenly; a NaN takes it.

    Gradient: `expand(g, x.shape, axis) * hit / sum(hit, axis=axis, keepdims=True)` where
    `hit = x == expand(y, x.shape, axis)`.
    """
    refuse("max", out=out)
    return _extreme(x, x.max(axis, None, True, initial, where), axis, keepdims, initial, where)


@op(np.min, np.amin)
def min(x, axis=None, out=None, keepdims=False, initial=NOT_GIVEN, where=True):
    """The smallest element. Ties share the gradient evenly; a NaN takes it.

    Gradient: `expand(g, x.shape, axis) * hit / sum(hit, axis=axis, keepdims=True)` where
    `hit = x == expand(y, x.shape, axis)`.
    """
    refuse("min", out=out)
    return _extreme(x, x.min(axis, None, True, initial, where), axis, keepdims, initial, where)


@op(np.nanmax)
def nanmax(x, axis=None, out=None, keepdims=False, initial=NOT_GIVEN, where=True):
    """Gradient: `expand(g, x.shape, axis) * hit / sum(hit, axis=axis, keepdims=True)` where
    `hit = x == expand(y, x.shape, axis)`.
    """
    refuse("nanmax", out=out)
    best = np.nanmax(x, axis, None, True, initial, where)
    return _extreme(x, best, axis, keepdims, initial, where)


@op(np.nanmin)
def nanmin(x, axis=None, out=None, keepdims=False, initial=NOT_GIVEN, where=True):
    """Gradient: `expand(g, x.shape, axis) * hit / sum(hit, axis=axis, keepdims=True)` where
    `hit = x == expand(y, x.shape, axis)`.
    """
    refuse("nanmin", out=out)
    best = np.nanmin(x, axis, None, True, initial, where)
    return _extreme(x, best, axis, keepdims, initial, where)


def _extreme(x: Any, best: Any, axis: Any, keepdims: bool, initial: Any, where: Any) -> Any:
    def closure(g: Any) -> Any:
        hit = x == best
        nan = np.isnan(best)
        if nan.any():  # a NaN wins, and equals nothing
            hit = hit | (np.isnan(x) & nan)
        if where is not True:
            hit = hit & where
        ties = hit.sum(axis=axis, keepdims=True)
        if initial is not NOT_GIVEN:  # takes part as one more element
            ties = ties + (best == initial)
        return g.reshape(ties.shape) * (hit / ties.astype(wide(g.dtype)))

    if keepdims:
        return best, closure
    axes = axes_of(axis, x.ndim)
    return best.reshape(tuple([n for i, n in enumerate(x.shape) if i not in axes])), closure


@implements(np.nansum)
def nansum(a: Any, *args: Any, **kwargs: Any) -> Any:
    return np.sum(without_nan(a, 0), *args, **kwargs)


@implements(np.nanprod)
def nanprod(a: Any, *args: Any, **kwargs: Any) -> Any:
    return np.prod(without_nan(a, 1), *args, **kwargs)


@implements(np.nanmean)
def nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False,
    *, where: Any = True,
) -> Any:  # fmt: skip
    a = as_array(a)
    inside = wide(a.dtype) if dtype is None and a.dtype.kind in "fc" else dtype
    total = np.sum(without_nan(a, 0), axis, inside, out, keepdims, where=where)
    numbers = np.sum(~np.isnan(a), axis, keepdims=keepdims, where=where)
    mean = total / numbers.astype(total.dtype)
    wanted = a.dtype if dtype is None and a.dtype.kind in "fc" else dtype
    return mean if wanted is None or mean.dtype == wanted else mean.astype(wanted)
