"""Norms of vectors and matrices, and the condition number.

Where a norm has a kink its derivative is the subgradient of least norm: 0 at 0. Elements, sums or
singular values that tie for a largest or smallest share the gradient evenly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..core.dispatch import as_array, implements
from ..core.op import op
from .common import conj

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


@op
def _length(x, axis=None, keepdims=False):
    """The 2-norm. Its derivative at 0 is 0.

    Gradient: `expand(g / y, x.shape, axis) * conj(x)`.
    """
    norm = np.linalg.norm if axis is None else np.linalg.vector_norm
    y = norm(x, axis=axis, keepdims=True)

    def closure(g: Any) -> Any:
        return conj(x) * (g.reshape(y.shape) * (y != 0) / np.where(y == 0, 1, y))

    return y if keepdims else np.squeeze(y, axis), closure


@op
def _p_norm(x, p=3.0, axis=None, keepdims=False):
    """sum(|x|**p) ** (1/p). Its derivative is x/|x| * (|x| / norm)**(p - 1), and 0 where x = 0.

    Gradient: `expand(g * y**(1 - p), x.shape, axis) * conj(x) * abs(x)**(p - 2)`.
    """
    y = np.linalg.vector_norm(x, ord=p, axis=axis, keepdims=True)

    def closure(g: Any) -> Any:
        flat = (x == 0) | (y == 0)
        size = np.abs(np.where(flat, 1, x))
        slope = (size / np.where(flat, 1, y)) ** (p - 1)
        return g.reshape(y.shape) * slope * np.where(flat, 0, conj(x)) / size

    return y if keepdims else np.squeeze(y, axis), closure


@op
def _nonzero(x):
    """1 where x is not 0. Its derivative is 0."""
    return (x != 0).astype(np.finfo(x.dtype).dtype), lambda g: 0 * g


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    x = _inexact(x)
    if x.dtype.char == "e":  # squares and sums may be larger than float16 holds
        wider = x.astype(np.float32)
        return vector_norm(wider, axis=axis, keepdims=keepdims, ord=ord).astype(x.dtype)
    if ord is None or ord == 2:
        return _length(x, axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == np.inf:
        return _largest(np.abs(x), axis, keepdims)
    if ord == -np.inf:
        return _smallest(np.abs(x), axis, keepdims)
    if ord == 0:
        return np.sum(_nonzero(x), axis=axis, keepdims=keepdims)
    if isinstance(ord, str):
        raise ValueError(f"norm: ord={ord!r} is for matrices; vectors take a number")
    return _p_norm(x, p=float(ord), axis=axis, keepdims=keepdims)


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return np.linalg.norm(x, ord, axis=(-2, -1), keepdims=keepdims)


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = _inexact(x)
    if x.dtype.char == "e":
        return norm(x.astype(np.float32), ord, axis, keepdims).astype(x.dtype)
    if axis is None and ord is None:
        return _length(x, keepdims=keepdims)
    axes = normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim, "axis")
    if len(axes) == 1:
        return vector_norm(x, axis=axes, keepdims=keepdims, ord=ord)
    if len(axes) != 2:
        raise ValueError(f"norm: over {len(axes)} axes; use one, or two, or np.linalg.vector_norm")
    row, column = axes
    if ord in (None, "fro", "f"):
        return _length(x, axis=axes, keepdims=keepdims)
    if ord in (1, -1, np.inf, -np.inf):
        sums = np.sum(np.abs(x), axis=row if ord in (1, -1) else column, keepdims=True)
        return (_largest if ord > 0 else _smallest)(sums, axes, keepdims)
    if ord not in (2, -2, "nuc"):
        raise ValueError(
            f"norm: ord={ord!r} for matrices; expected 1, 2, inf, their negatives, 'fro' or 'nuc'"
        )
    others = [a for a in range(x.ndim) if a not in (row, column)]
    s = np.abs(np.linalg.svdvals(np.transpose(x, (*others, row, column))))  # abs: 0 at 0
    y = np.sum(s, axis=-1) if ord == "nuc" else (_largest if ord > 0 else _smallest)(s, -1, False)
    return np.expand_dims(y, axes) if keepdims else y


def _largest(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.max(x, axis=axis, keepdims=keepdims, initial=0)


def _smallest(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.min(x, axis=axis, keepdims=keepdims)


@implements(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """`np.linalg.cond`. Of a singular matrix it is inf for p of None, 2, -2; else inv raises."""
    if p in (None, 2, -2):
        s = np.linalg.svdvals(x)
        with np.errstate(divide="ignore", invalid="ignore"):
            r = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
        zero = np.isnan(r) & ~np.isnan(x).any(axis=(-2, -1))  # 0/0
        return np.where(zero, np.inf, r) if zero.any() else r
    axis = (-2, -1)
    return np.linalg.norm(x, p, axis=axis) * np.linalg.norm(np.linalg.inv(x), p, axis=axis)


def _inexact(x: Any) -> Any:
    x = as_array(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)
