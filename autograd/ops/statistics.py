"""Means with weights, variances, order statistics, covariances, counts."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dispatch import as_array, implements, stop_gradient
from ..core.op import op
from ..core.tensor import Tensor
from .common import NOT_GIVEN, axes_of, conj, count, kept, refuse, refuse_integers

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


@implements(np.average)
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    a = as_array(a)
    axis = tuple(axis) if isinstance(axis, list) else axis
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        if not returned:
            return mean
        total = np.full(mean.shape, count(a.shape, axis), mean.dtype)
    else:
        w = as_array(weights)
        dtype = np.result_type(a, w, *[np.float64] * (a.dtype.kind in "biu"))
        if dtype.char == "e":  # sums may be larger than float16 holds
            a, w = a.astype(np.float32), w.astype(np.float32)
            both = average(a, axis, w, returned, keepdims=keepdims)
            if not returned:
                return both.astype(np.float16)
            return tuple(x.astype(np.float16) for x in both)
        if dtype.kind in "fc" and w.dtype != dtype:
            w = w.astype(dtype)
        if w.shape != a.shape:
            axes = axes_of(axis, a.ndim)
            if axis is None or w.shape != tuple(a.shape[i] for i in axes):
                raise ValueError(f"np.average: weights of shape {w.shape} for axis {axis}")
            w = np.transpose(w, np.argsort(axes))
            w = w.reshape([n if i in axes else 1 for i, n in enumerate(a.shape)])
        total = np.sum(w, axis=axis, keepdims=keepdims)
        if np.any(total == 0):
            raise ZeroDivisionError("np.average: the weights sum to zero")
        mean = np.sum(a * w, axis=axis, keepdims=keepdims) / total
    return (mean, np.broadcast_to(total, mean.shape)) if returned else mean


@implements(np.ptp)
def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    """The largest element minus the smallest."""
    return np.max(a, axis, out, keepdims) - np.min(a, axis, out, keepdims)


# Variance and standard deviation


@op
def _var(x, axis=None, dtype=None, ddof=0, keepdims=False, where=True, of=np.var):
    """Gradient: `2 * expand(g / n, x.shape, axis) * conj(x - mean(x, axis=axis, keepdims=True))`
    where `n = x.size / y.size - ddof`, of the elements that count.
    """
    refuse_integers(of.__name__, x, dtype)

    def closure(g: Any) -> Any:
        there = where if of is np.var else where & ~np.isnan(x)
        d = x - np.mean(x, axis=axis, keepdims=True, where=there)
        d = d if there is True else np.where(there, d, 0)
        n = np.maximum(count(x.shape, axis, there) - ddof, 0)
        g = np.real(g)  # the variance is real, under a complex dtype= too
        return g.reshape(kept(x.shape, axis)) * (2 / n).astype(g.dtype) * conj(d)

    return of(x, axis, dtype, None, ddof, keepdims, where=where), closure


@implements(np.var)
def var(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0,
    keepdims: Any = False, *, where: Any = True, mean: Any = NOT_GIVEN, correction: Any = NOT_GIVEN,
    of: Any = np.var,
) -> Any:  # fmt: skip
    refuse(of.__name__, out=out)
    if correction is not NOT_GIVEN:
        if ddof != 0:
            raise ValueError(f"np.{of.__name__}: ddof and correction are one argument: give one")
        ddof = correction
    a = as_array(a)
    if a.dtype.char == "e" and dtype is None:  # sums may be larger than float16 holds
        wider = a.astype(np.float32)
        return var(wider, axis, None, None, ddof, keepdims, where=where, mean=mean, of=of).astype(
            a.dtype
        )
    if mean is NOT_GIVEN:
        return _var(a, axis, dtype, ddof, keepdims, where, of)
    if of is np.nanvar:
        where = where & ~np.isnan(a)
    d = a - mean if where is True else np.where(where, a - mean, 0)
    d = np.square(d) if d.dtype.kind != "c" else np.real(d * conj(d))
    n = np.maximum(count(d.shape, axis, where) - ddof, 0)
    total = np.sum(d, axis, dtype, keepdims=True)
    return (total / np.asarray(n, total.dtype)).sum(axis, keepdims=keepdims)


@implements(np.nanvar)
def nanvar(*args: Any, **kwargs: Any) -> Any:
    return var(*args, **kwargs, of=np.nanvar)


@implements(np.std)
def std(a: Any, axis: Any = None, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
    """The root of the variance. Its gradient is 0 where the elements are all equal."""
    refuse("std", out=kwargs.get("out"))
    root = _root(var(a, axis, dtype, *args, **kwargs))
    return root if dtype is None or root.dtype == dtype else root.astype(dtype)  # of integers


@implements(np.nanstd)
def nanstd(*args: Any, **kwargs: Any) -> Any:
    return std(*args, **kwargs, of=np.nanvar)


@op
def _root(x):
    return np.sqrt(x), lambda g: g / (2 * np.sqrt(np.where(x == 0, np.inf, x)))


# Order statistics. Each is a mean of the elements of one or two ranks. Which ones, and how much of
# each, NumPy tells when asked for the same statistic of the ranks 0, 1, 2, ... themselves: for 2.25
# it took 3/4 of the element of rank 2 and 1/4 of that of rank 3.


def _chosen_by_rank(statistic: Callable[..., Any], x: Any, axis: Any, keepdims: bool) -> Any:
    def closure(g: Any) -> Any:
        ranks = _ranks(x, axis)
        position = statistic(ranks, axis=axis, keepdims=True)
        share = np.maximum(1 - np.abs(ranks - position), 0)
        share = np.where(np.isnan(ranks) & ~np.isnan(position), 0, share)
        return g.reshape(np.shape(position)) * share.astype(g.dtype)  # summed over the q's

    return statistic(x, axis=axis, keepdims=keepdims), closure


def _ranks(x: Any, axis: Any) -> Any:
    """The place of each element in the sorted order along `axis`, NaN for NaN."""
    axes = axes_of(axis, x.ndim)
    order = [i for i in range(x.ndim) if i not in axes] + list(axes)
    lead = [x.shape[i] for i in order[: x.ndim - len(axes)]]
    sorting = np.argsort(x.transpose(order).reshape([*lead, count(x.shape, axis)]), axis=-1)
    ranks = np.argsort(sorting, axis=-1).reshape([x.shape[i] for i in order])
    ranks = ranks.transpose(np.argsort(order))
    return np.where(np.isnan(x), np.nan, ranks).astype(np.result_type(x, np.float32))


@op(np.median)
def median(x, axis=None, out=None, overwrite_input=False, keepdims=False):
    """Gradient: g to the element in the middle, or half to each of two."""
    refuse("median", out=out, overwrite_input=overwrite_input)
    return _chosen_by_rank(np.median, x, axis, keepdims)


@op(np.nanmedian)
def nanmedian(x, axis=None, out=None, overwrite_input=False, keepdims=False):
    """Gradient: g to the element in the middle, or half to each of two."""
    refuse("nanmedian", out=out, overwrite_input=overwrite_input)
    return _chosen_by_rank(np.nanmedian, x, axis, keepdims)


def _quantile(function: Any) -> Any:
    def quantile(
        x, q=None, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False,
        *, weights=None,
    ):  # fmt: skip
        """Gradient: g to the elements of the two nearest ranks, shared out as the quantile is made
        of them.
        """
        refuse(function.__name__, out=out, overwrite_input=overwrite_input)

        def statistic(x: Any, **options: Any) -> Any:
            return function(x, q, method=method, weights=weights, **options)

        return _chosen_by_rank(statistic, x, axis, keepdims)

    quantile.__name__ = function.__name__
    return op(function)(quantile)


quantile, percentile = _quantile(np.quantile), _quantile(np.percentile)
nanquantile, nanpercentile = _quantile(np.nanquantile), _quantile(np.nanpercentile)


# Covariance


@implements(np.cov)
def cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None,
    fweights: Any = None, aweights: Any = None, *, dtype: Any = None,
) -> Any:  # fmt: skip
    rows = [_as_rows(v, rowvar) for v in (m, y) if v is not None]  # a row for each variable
    x = np.concatenate(rows)
    refuse_integers("cov", x, dtype)
    x = x.astype(np.result_type(x, np.float64) if dtype is None else dtype)
    if ddof is not None and ddof != int(ddof):
        raise ValueError(f"np.cov: ddof is {ddof}, expected a whole number")
    ddof = (0 if bias else 1) if ddof is None else ddof
    n: Any = x.shape[1]
    if fweights is None and aweights is None:
        d = x - np.mean(x, axis=1, keepdims=True)
        adjoint = conj(d).T
    else:
        f, a = (np.asarray(1.0 if v is None else v, float) for v in (fweights, aweights))
        if f.ndim > 1 or a.ndim > 1 or (f < 0).any() or (a < 0).any() or (f != np.rint(f)).any():
            raise ValueError(
                "np.cov: fweights and aweights are vectors of numbers >= 0, fweights whole ones"
            )
        w = f * a
        d, n = x - np.average(x, axis=1, weights=w, keepdims=True), w.sum()
        adjoint = conj(d * w).T
        ddof = ddof * (1 if aweights is None else (w * a).sum() / n)
    if n - ddof <= 0:
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=2)
    c = d @ adjoint
    return np.squeeze(c * np.true_divide(1, np.maximum(n - ddof, 0)).astype(c.dtype))


def _as_rows(x: Any, rowvar: bool) -> Any:
    x = as_array(x)
    if x.ndim > 2:
        raise ValueError(f"np.cov: got {x.ndim} dimensions, expected 1 or 2")
    if x.ndim < 2:
        return x.reshape(1, -1)
    return x if rowvar else x.T


@implements(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = np.cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    i = np.arange(len(c))
    scale = np.sqrt(c[i, i])
    c = c / scale[:, None] / scale
    return np.clip(c, -1, 1) if c.dtype.kind != "c" else c


# Counts


@op(constant_slope=True)
def _bincount(weights, x=None, minlength=0):
    return np.bincount(x, weights, minlength), lambda g: g[x]


@implements(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    if weights is None:
        return np.bincount(np.asarray(x), minlength=minlength)
    return _bincount(weights, np.asarray(x), minlength)


# Histograms: differentiable by the weights. What lies in which bin is a step; the edges are values.


@implements(np.histogram)
def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    a, bins, range = stop_gradient((a, bins, range))
    if not isinstance(weights, Tensor):
        return np.histogram(a, bins, range, density, weights)
    edges = np.histogram_bin_edges(a, bins, range, weights._array)
    return _weighted_counts([np.ravel(a)], [edges], weights, density, weights.dtype), edges


@implements(np.histogramdd)
def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    sample, bins, range = stop_gradient((sample, bins, range))
    if not isinstance(weights, Tensor):
        return np.histogramdd(sample, bins, range, density, weights)
    if not (isinstance(sample, np.ndarray) and sample.ndim == 2):
        sample = np.atleast_2d(sample).T
    edges = np.histogramdd(sample, bins, range)[1]
    return _weighted_counts(sample.T, edges, weights, density), edges


@implements(np.histogram2d)
def histogram2d(
    x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    x, y, bins, range = stop_gradient((x, y, bins, range))
    if not isinstance(weights, Tensor):
        return np.histogram2d(x, y, bins, range, density, weights)
    _, *edges = np.histogram2d(x, y, bins, range)
    return _weighted_counts([np.asarray(x), np.asarray(y)], edges, weights, density), *edges


def _weighted_counts(
    columns: Any, edges: Any, weights: Tensor, density: Any, dtype: Any = np.float64
) -> Any:
    """The sums of weights in the bins between `edges`, the last of which are closed."""
    w: Any = np.ravel(weights)
    if any(x.shape != w.shape for x in columns):
        raise ValueError(f"np.histogram: weights of shape {w.shape} for {columns[0].shape}")
    sides = [len(e) - 1 for e in edges]
    places = [
        np.searchsorted(e, x, "right") - (x == e[-1]) - 1
        for x, e in zip(columns, edges, strict=True)
    ]
    inside = np.all([(p >= 0) & (p < n) for p, n in zip(places, sides, strict=True)], axis=0)
    flat = np.ravel_multi_index([p[inside] for p in places], sides)
    sums = _bincount(w[inside], flat, math.prod(sides)).reshape(sides).astype(dtype)
    if not density:
        return sums
    total = np.sum(sums)
    for widths in np.ix_(*map(np.diff, edges)):
        sums = sums / widths
    return sums / total
