"""Ops that reduce axes: sums, means, extremes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .dispatch import untracked
from .op import op

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


def _expand(g: Any, shape: tuple[int, ...], axis: Any) -> Any:
    """The gradient of a reduction over `axis`, stretched back over an input of `shape`."""
    return np.broadcast_to(g.reshape(_kept(shape, axis)), shape)


def _kept(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """`shape` with the reduced axes at length 1."""
    axes = _axes(axis, len(shape))
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,)))


@op(np.sum, linear=True)
def sum(x, axis=None, keepdims=False):
    shape = x.shape
    return x.sum(axis=axis, keepdims=keepdims), lambda g: _expand(g, shape, axis)


@op(np.mean, linear=True)
def mean(x, axis=None, keepdims=False):
    shape = x.shape
    count = math.prod(shape[a] for a in _axes(axis, len(shape)))
    return x.mean(axis=axis, keepdims=keepdims), lambda g: _expand(g / count, shape, axis)


@op(np.max)
def max(x, axis=None, keepdims=False):
    """The largest. Ties share the gradient evenly."""
    return _extreme(x, x.max(axis=axis, keepdims=True), axis, keepdims)


@op(np.min)
def min(x, axis=None, keepdims=False):
    """The smallest. Ties share the gradient evenly."""
    return _extreme(x, x.min(axis=axis, keepdims=True), axis, keepdims)


def _extreme(x: Any, best: Any, axis: Any, keepdims: bool) -> Any:
    hit = (x == best) | ((x != x) & (best != best))  # a NaN wins, and equals nothing
    shape = x.shape

    def closure(g: Any) -> Any:
        return _expand(g, shape, axis) * (hit / hit.sum(axis=axis, keepdims=True).astype(g.dtype))

    if keepdims:
        return best, closure
    axes = _axes(axis, len(shape))
    return best.reshape(tuple(n for i, n in enumerate(shape) if i not in axes)), closure


untracked(np.argmax, np.argmin, np.argsort, np.any, np.all, np.count_nonzero, np.nonzero)
