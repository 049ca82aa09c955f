"""Functions made of pieces: choices between values, interpolation, rounding, signs.

The derivative is that of the piece a value lies in; steps have derivative 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.dispatch import as_array, implements, operand, stop_gradient
from ..core.op import op
from ..core.tensor import Tensor
from .common import refuse, zero

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


# The larger or smaller of two


@op(np.maximum)
def maximum(x, y):
    """The larger of two. At a tie each gets half of the gradient.

    Gradient by x: `g * ((x > y) + (x == y) / 2)`.
    Gradient by y: `g * ((y > x) + (x == y) / 2)`.
    """
    return (
        np.maximum(x, y),
        lambda g: g * _wins(x > y, x < y, g),
        lambda g: g * _wins(y > x, y < x, g),
    )


@op(np.minimum)
def minimum(x, y):
    """The smaller of two. At a tie each gets half of the gradient.

    Gradient by x: `g * ((x < y) + (x == y) / 2)`.
    Gradient by y: `g * ((y < x) + (x == y) / 2)`.
    """
    return (
        np.minimum(x, y),
        lambda g: g * _wins(x < y, x > y, g),
        lambda g: g * _wins(y < x, y > x, g),
    )


@op(np.fmax)
def fmax(x, y):
    """The larger of two; of a number and a NaN the number.

    Gradient by x: `g * ((x > y) + (x == y) / 2)`, g where y is NaN.
    Gradient by y: `g * ((y > x) + (x == y) / 2)`, g where x is NaN.
    """
    return (
        np.fmax(x, y),
        lambda g: g * _wins((x > y) | np.isnan(y), (x < y) | np.isnan(x), g),
        lambda g: g * _wins((y > x) | np.isnan(x), (y < x) | np.isnan(y), g),
    )


@op(np.fmin)
def fmin(x, y):
    """The smaller of two; of a number and a NaN the number.

    Gradient by x: `g * ((x < y) + (x == y) / 2)`, g where y is NaN.
    Gradient by y: `g * ((y < x) + (x == y) / 2)`, g where x is NaN.
    """
    return (
        np.fmin(x, y),
        lambda g: g * _wins((x < y) | np.isnan(y), (x > y) | np.isnan(x), g),
        lambda g: g * _wins((y < x) | np.isnan(x), (y > x) | np.isnan(y), g),
    )


def _wins(wins: Any, loses: Any, g: Any) -> Any:
    """1 where won, 0 where lost, 1/2 at a tie; where neither for a NaN, 1/2 too."""
    return (wins.astype(g.dtype) + ~loses) / 2


@op
def _clip(x, low, high):
    """At a bound the gradient goes to the bound, as relu's derivative at 0 is 0."""
    low_, high_ = -np.inf if low is None else low, np.inf if high is None else high
    return (
        np.clip(x, low, high),
        lambda g: g * ((x > low_) & (x < high_)),
        lambda g: g * ((x <= low_) & (low_ < high_)),
        lambda g: g * (np.maximum(x, low_) >= high_),
    )


@implements(np.clip)
def clip(
    a: Any, a_min: Any = None, a_max: Any = None, out: Any = None,
    *, min: Any = None, max: Any = None,
) -> Any:  # fmt: skip
    refuse("clip", out=out)
    return _clip(a, a_min if min is None else min, a_max if max is None else max)


# Choices by a condition


@op(constant_slope=True)
def _where(condition, x, y):
    return (
        np.where(condition, x, y),
        None,
        lambda g: np.where(condition, g, 0),  # selected, not multiplied: 0 * inf would be NaN
        lambda g: np.where(condition, 0, g),
    )


@implements(np.where)
def where(condition: Any, *choices: Any) -> Any:
    """`np.where`; with the condition alone, the plain indices where it holds."""
    return _where(condition, *choices) if choices else np.nonzero(condition)


@implements(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(f"np.select: {len(condlist)} conditions, {len(choicelist)} choices")
    choices = [operand(choice) for choice in choicelist]
    # Of one number and another np.where makes float64: the first of them is of the final dtype.
    out = as_array(default).astype(np.result_type(*choices, operand(default)))
    for condition, choice in zip(condlist[::-1], choices[::-1], strict=True):
        condition = as_array(condition)
        if np.result_type(condition).kind != "b":
            raise TypeError("np.select: a condition is not an array of booleans")
        out = np.where(condition, choice, out)
    return out


@implements(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    condlist = stop_gradient(condlist)
    one = np.isscalar(condlist) or (x.ndim and not isinstance(condlist[0], list | np.ndarray))
    conditions = np.asarray([condlist] if one else condlist, bool)
    if len(funclist) == len(conditions) + 1:
        conditions = np.concatenate([conditions, ~conditions.any(axis=0, keepdims=True)])
    y = Tensor(np.zeros(x.shape, x.dtype))
    for condition, f in zip(conditions, funclist, strict=True):
        if not callable(f):
            y[condition] = f
        elif condition.any():
            y[condition] = f(x[condition], *args, **kw)
    return y


@implements(np.interp)
def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: float | None = None
) -> Any:
    """Differentiable by x, xp and fp. From both ends outwards the slope by x is 0."""
    x, xp, fp = (v if isinstance(v, Tensor) else np.asarray(v) for v in (x, xp, fp))
    x, xp, fp = (v.astype(np.result_type(v, np.float64)) for v in (x, xp, fp))
    if period is not None:
        if period == 0:
            raise ValueError("np.interp: period is 0")
        x, xp = np.remainder(x, abs(period)), np.remainder(xp, abs(period))
        order = np.argsort(xp)
        order = np.concatenate([order[-1:], order, order[:1]])
        turns = np.array([-1.0, *[0.0] * (len(order) - 2), 1.0]) * abs(period)
        xp, fp, left, right = xp[order] + turns, fp[order], None, None
    after = np.searchsorted(xp, x, side="right")
    i, j = np.maximum(after - 1, 0), np.minimum(after, len(xp) - 1)
    slope = (fp[j] - fp[i]) / np.where(i == j, 1, xp[j] - xp[i])
    out = slope * (np.clip(x, xp[0], xp[-1]) - xp[i]) + fp[i]
    if left is not None:
        out = np.where(x < xp[0], left, out)
    return out if right is None else np.where(x > xp[-1], right, out)


# Rounding


@op(np.floor, constant_slope=True)
def floor(x):
    return np.floor(x), zero


@op(np.ceil, constant_slope=True)
def ceil(x):
    return np.ceil(x), zero


@op(np.trunc, np.fix, constant_slope=True)
def trunc(x):
    return np.trunc(x), zero


@op(np.rint, constant_slope=True)
def rint(x):
    return np.rint(x), zero


@op(np.round, np.around, constant_slope=True)
def round(x, decimals=0, out=None):
    refuse("round", out=out)
    return np.round(x, decimals), zero


@op(np.modf, constant_slope=True)
def modf(x):
    """The fractional part, whose derivative is 1, and the whole part, whose derivative is 0."""
    return np.modf(x), lambda g: g[0]


# Signs


@op(np.absolute)
def absolute(x):
    """The absolute value. Its derivative at 0 is 0.

    Gradient: `g * sign(x)`, of complex numbers with the conjugate of the sign.
    """
    return np.abs(x), lambda g: g * np.sign(x).conj()


@op(np.fabs)
def fabs(x):
    return np.fabs(x), lambda g: g * np.sign(x)


@op(np.copysign)
def copysign(x, y):
    """abs(x) with the sign of y. The derivative at x = 0 is 0, as that of abs."""
    return (
        np.copysign(x, y),
        lambda g: np.where(np.signbit(x) == np.signbit(y), g, -g) * (x != 0),
        zero,
    )


@op(constant_slope=True)
def _sign(x):
    return np.sign(x), zero


@implements(np.sign)
def sign(x: Any) -> Any:
    """-1, 0 or 1; of a complex x the number of length 1 in its direction."""
    x = as_array(x)
    return _sign(x) if x.dtype.kind != "c" else x / np.where(x == 0, np.inf, np.abs(x))


@op(np.heaviside)
def heaviside(x, y):
    """0 for x < 0, 1 for x > 0, y at 0."""
    return np.heaviside(x, y), zero, lambda g: g * (x == 0)


# Replacing what is not a finite number


@op(np.nan_to_num)
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    refuse("nan_to_num", copy=not copy)
    y = np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
    return y, lambda g: np.where(np.isfinite(x), g, 0)
