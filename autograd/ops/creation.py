"""Ranges between Tensors, and functions applied along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dispatch import implements, operand, stop_gradient
from ..core.tensor import Tensor
from .common import refuse_integers

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


@implements(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    *,
    axis: int = 0,
) -> Any:
    """`np.linspace`, differentiable by both ends."""
    start, stop = 1.0 * operand(start), 1.0 * operand(stop)
    steps = num - 1 if endpoint else num
    step = (stop - start) / steps if steps else (stop - start) * np.nan
    counts = np.arange(num).reshape(-1, *(1,) * np.ndim(step))
    points = start + counts * step if steps else start + counts * (stop - start)
    if endpoint and num > 1:
        points[-1] = stop
    points = points.astype(np.result_type(_dtype(start), _dtype(stop), 1.0))
    points = np.moveaxis(points, 0, axis)
    return (points, step) if retstep else points


@implements(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    *,
    axis: int = 0,
) -> Any:
    base = operand(base)
    if np.ndim(base) == 0:
        return base ** linspace(start, stop, num, endpoint, axis=axis)
    ndim = max(map(np.ndim, (start, stop, base)))
    start, stop, base = (
        np.reshape(x, (1,) * (ndim - np.ndim(x)) + np.shape(x)) for x in (start, stop, base)
    )
    return np.expand_dims(base, axis) ** linspace(start, stop, num, endpoint, axis=axis)


@implements(np.geomspace)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, *, axis: int = 0) -> Any:
    start, stop = (np.float64(1) * operand(end) for end in (start, stop))  # NumPy's are float64
    if np.any(start == 0) or np.any(stop == 0):
        raise ValueError("np.geomspace: a geometric sequence has no 0 in it")
    sign = np.sign(start)  # of complex numbers, the direction
    points = np.exp(linspace(np.log(start / sign), np.log(stop / sign), num, endpoint)) * sign
    if num:
        points[0] = start
    if endpoint and num > 1:
        points[-1] = stop
    return np.moveaxis(points, 0, axis)


@implements(np.apply_along_axis)
def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any
) -> Any:
    moved = np.moveaxis(arr, axis, -1)
    lead = moved.shape[:-1]
    results = [func1d(row, *args, **kwargs) for row in moved.reshape(-1, moved.shape[-1])]
    stacked = np.stack(results).reshape(lead + results[0].shape)
    at = axis % arr.ndim
    back = range(at, at + results[0].ndim)
    return np.moveaxis(stacked, range(len(lead), stacked.ndim), back)


@implements(np.apply_over_axes)
def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    for axis in np.atleast_1d(axes):
        result = func(a, int(axis))
        a = result if result.ndim == a.ndim else np.expand_dims(result, int(axis))
    return a


def _dtype(x: Any) -> Any:
    return getattr(x, "dtype", x)  # a Python number stays weak


@implements(np.full_like)
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True,
    shape: Any = None, *, device: Any = None,
) -> Any:  # fmt: skip
    """`np.full_like`: a Tensor, if the value is one."""
    a = stop_gradient(a)
    if not isinstance(fill_value, Tensor):
        return np.full_like(a, fill_value, dtype, order, subok, shape, device=device)  # type: ignore[call-overload]
    like = np.empty_like(a, dtype, shape=shape)
    refuse_integers("full_like", fill_value, like.dtype)
    return np.broadcast_to(fill_value, like.shape).astype(like.dtype)
