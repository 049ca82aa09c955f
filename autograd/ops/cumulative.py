"""Ops along an axis: running sums and products, differences, slopes, integrals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..core.dispatch import as_array, implements
from ..core.op import op
from ..core.tensor import Tensor
from .common import NOT_GIVEN, kept, refuse, refuse_integers, without_nan
from .shapes import atleast_1d

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


# Running sums and products


@op(np.cumsum, constant_slope=True)
def cumsum(x, axis=None, dtype=None, out=None):
    """Gradient: `flip(cumsum(flip(g, axis), axis), axis).reshape(x.shape)`."""
    refuse("cumsum", out=out)
    refuse_integers("cumsum", x, dtype)
    shape, along = x.shape, axis or 0

    def closure(g: Any) -> Any:
        return _reversed(np.cumsum(_reversed(g, along), along), along).reshape(shape)

    return np.cumsum(x, axis, dtype), closure


@op(np.cumprod)
def cumprod(x, axis=None, dtype=None, out=None):
    """The running product. Its derivative divides by no element: it is right where they are 0.

    Gradient: `flip(cumsum(flip(g * y, axis), axis), axis).reshape(x.shape) / x`, computed without
    the division.
    """
    refuse("cumprod", out=out)
    refuse_integers("cumprod", x, dtype)

    def closure(g: Any) -> Any:
        rows, along = (x.reshape(-1), 0) if axis is None or x.ndim == 0 else (x, axis)
        one = np.ones_like(_part(rows, along, 0, 1))
        before = np.cumprod(np.concatenate([one, _part(rows, along, 0, -1)], along), along)
        return (before * _carried_back(g, rows, along)).reshape(x.shape)

    return np.cumprod(x, axis, dtype), closure


def _carried_back(g: Any, x: Any, axis: int) -> Any:
    """The solution h of h[i] = g[i] + x[i + 1] * h[i + 1], without a loop over i.

    h[i] = g[i] + x[i + 1] * g[i + 1] + x[i + 1] * x[i + 2] * g[i + 2] + ... is summed by doubling:
    h has the first d terms, `run` is the product of the d elements after i, and each step doubles
    d, so that n terms take log2(n) steps.
    """
    n, d = x.shape[axis], 1

    def ahead(a: Any, d: int) -> Any:
        return np.concatenate([_part(a, axis, d, None), np.zeros_like(_part(a, axis, 0, d))], axis)

    h, run = g, ahead(x, 1) if n else x
    while d < n:
        h, run, d = h + run * ahead(h, d), run * ahead(run, d), 2 * d
    return h


@implements(np.nancumsum)
def nancumsum(a: Any, *args: Any, **kwargs: Any) -> Any:
    return np.cumsum(without_nan(a, 0), *args, **kwargs)


@implements(np.nancumprod)
def nancumprod(a: Any, *args: Any, **kwargs: Any) -> Any:
    return np.cumprod(without_nan(a, 1), *args, **kwargs)


def _cumulative(name: str, run: Any, start: int) -> Any:
    """`np.cumulative_sum` or `np.cumulative_prod`, from `np.cumsum` or `np.cumprod`."""

    def cumulative(
        x: Any, *, axis: int | None = None, dtype: Any = None, out: Any = None,
        include_initial: bool = False,
    ) -> Any:  # fmt: skip
        x = atleast_1d(x)
        axis = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
        if x.ndim > 1 and axis is None:
            raise ValueError(f"np.{name}: axis= is needed for {x.ndim} dimensions")
        y = run(x, axis, dtype, out)
        if not include_initial:
            return y
        first = np.full(kept(y.shape, axis), start, y.dtype)
        return np.concatenate([first, y], axis or 0)

    return cumulative


for name, run, start in ("cumulative_sum", np.cumsum, 0), ("cumulative_prod", np.cumprod, 1):
    if hasattr(np, name):  # since NumPy 2.1
        implements(getattr(np, name))(_cumulative(name, run, start))


# Differences, slopes, integrals


@implements(np.diff)
def diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = NOT_GIVEN, append: Any = NOT_GIVEN
) -> Any:
    if n < 0:
        raise ValueError(f"np.diff: n is {n}, expected 0 or more")
    a = as_array(a)
    if n == 0:
        return a[...]
    if a.ndim == 0:
        raise ValueError("np.diff: needs at least one dimension")
    ends = [
        np.broadcast_to(e, (*a.shape[:axis], 1, *a.shape[axis:][1:])) if np.ndim(e) == 0 else e
        for e in (prepend, append)
        if e is not NOT_GIVEN
    ]
    if ends:
        a = np.concatenate([a, *ends] if prepend is NOT_GIVEN else [ends[0], a, *ends[1:]], axis)
    minus = np.not_equal if a.dtype == bool else np.subtract
    for _ in range(n):
        a = minus(_part(a, axis, 1, None), _part(a, axis, None, -1))
    return a


@implements(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    ary = np.ravel(as_array(ary))
    parts = [p if p is None else as_array(p) for p in (to_begin, ary[1:] - ary[:-1], to_end)]
    for part in parts:
        if part is not None and not np.can_cast(part.dtype, ary.dtype, "same_kind"):
            raise TypeError(f"np.ediff1d: cannot put {part.dtype} at an end of {ary.dtype}")
    return np.concatenate([np.ravel(p) for p in parts if p is not None]).astype(ary.dtype)


@implements(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = as_array(y)
    if x is not None:
        x = as_array(x)
        dx = np.diff(x) if np.ndim(x) == 1 else np.diff(x, axis=axis)
        if np.ndim(x) == 1:
            dx = _laid_along(dx, axis, y.ndim)
    return (dx * (_part(y, axis, 1, None) + _part(y, axis, None, -1)) / 2).sum(axis)


def _laid_along(x: Any, axis: int, ndim: int) -> Any:
    """A vector as an array of `ndim` axes, with length 1 along all but `axis`."""
    return x.reshape([-1 if i == axis % ndim else 1 for i in range(ndim)])


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = as_array(f)
    axes = normalize_axis_tuple(range(f.ndim) if axis is None else axis, f.ndim)
    spacings = varargs or (1.0,)
    if len(spacings) == 1 and np.ndim(spacings[0]) == 0:
        spacings *= len(axes)
    if len(spacings) != len(axes):
        raise TypeError(f"np.gradient: {len(varargs)} spacings for {len(axes)} axes")
    if edge_order not in (1, 2):
        raise ValueError(f"np.gradient: edge_order is {edge_order}, expected 1 or 2")
    slopes = tuple(_slope(f, h, a, edge_order) for h, a in zip(spacings, axes, strict=True))
    return slopes[0] if len(slopes) == 1 else slopes


def _slope(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    """Second-order differences inside, one-sided ones of `edge_order` at both ends."""
    n = f.shape[axis]
    if n <= edge_order:
        raise ValueError(
            f"np.gradient: axis {axis} has {n} elements; edge_order={edge_order} needs more"
        )
    steps = _steps(h, n)
    d = [steps] * n if np.ndim(steps) == 0 else steps

    def near(start: int) -> Any:
        return _part(f, axis, start, start + 1 or None)

    if edge_order == 1:
        first, last = (near(1) - near(0)) / d[0], (near(-1) - near(-2)) / d[-1]
    else:
        a, b, c = _one_sided(d[0], d[1])
        first = a * near(0) + b * near(1) + c * near(2)
        a, b, c = _one_sided(-d[-1], -d[-2])
        last = c * near(-3) + b * near(-2) + a * near(-1)
    before, here, after = _part(f, axis, 0, -2), _part(f, axis, 1, -1), _part(f, axis, 2, None)
    if np.ndim(steps) == 0:
        inside = (after - before) / (2.0 * steps)
    else:
        along = _laid_along(steps, axis, f.ndim)
        d1, d2 = _part(along, axis, 0, -1), _part(along, axis, 1, None)
        a, b, c = -d2 / (d1 * (d1 + d2)), (d2 - d1) / (d1 * d2), d1 / (d2 * (d1 + d2))
        inside = a * before + b * here + c * after
    out = np.concatenate([first, inside, last], axis)
    return out.astype(f.dtype) if f.dtype.kind in "fc" else out


def _steps(h: Any, n: int) -> Any:
    """The distances between `n` points: one number if all are the same, and no Tensor."""
    if np.ndim(h) == 0:
        return h
    if np.shape(h) != (n,):
        raise ValueError(f"np.gradient: coordinates of shape {np.shape(h)} for {n} elements")
    if isinstance(h, Tensor):
        return np.diff(h)
    steps = np.diff(np.asarray(h) * 1.0)
    return steps[0] if (steps == steps[0]).all() else steps


def _one_sided(d1: Any, d2: Any) -> tuple[Any, Any, Any]:
    """Weights for the slope at the first of three points that lie d1 and d2 apart."""
    return -(2 * d1 + d2) / (d1 * (d1 + d2)), (d1 + d2) / (d1 * d2), -d1 / (d2 * (d1 + d2))


def _part(x: Any, axis: int, start: int | None, stop: int | None, step: int = 1) -> Any:
    """x[start:stop:step] along an axis."""
    return x[(slice(None),) * normalize_axis_index(axis, x.ndim) + (slice(start, stop, step),)]


def _reversed(x: Any, axis: int) -> Any:
    return _part(x, axis, None, None, -1)
