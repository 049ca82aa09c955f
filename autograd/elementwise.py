"""Elementwise ops: arithmetic, powers, exponentials, and choices between values.

At kinks, ties and singular points: the subgradient of least norm where there is one, else the
limit, which may be infinite.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .dispatch import implements, untracked
from .op import op

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


def same(g: Any) -> Any:
    return g


@op(np.add, linear=True)
def add(x, y):
    return x + y, same, same


@op(np.subtract, linear=True)
def subtract(x, y):
    return x - y, same, lambda g: -g


@op(np.multiply)
def multiply(x, y):
    return x * y, lambda g: g * y, lambda g: g * x


@op(np.divide)
def divide(x, y):
    z = x / y
    return z, lambda g: g / y, lambda g: -g * z / y


@op(np.negative, linear=True)
def negative(x):
    return -x, lambda g: -g


@op(np.positive, linear=True)
def positive(x):
    return +x, same


@op(np.power)
def power(x, y):
    """x**y. The derivative by x is 0 where y = 0, that by y is 0 where x = 0 and y >= 0."""
    z = x**y
    return z, lambda g: g * _power_slope(x, y), lambda g: g * z * _power_log(x, y)


def _power_slope(x: Any, y: Any) -> Any:
    if isinstance(y, int | float) and y:
        return 2 * x if y == 2 else y * x ** (y - 1)
    return y * x ** np.where(y == 0, 1, y - 1)


def _power_log(x: Any, y: Any) -> Any:
    return np.log(np.where((x == 0) & (y >= 0), 1, x))


@op(np.square)
def square(x):
    return x * x, lambda g: g * (2 * x)


@op(np.exp)
def exp(x):
    y = np.exp(x)
    return y, lambda g: g * y


@op(np.expm1)
def expm1(x):
    y = np.expm1(x)
    return y, lambda g: g * (y + 1)


@op(np.log)
def log(x):
    return np.log(x), lambda g: g / x


@op(np.log1p)
def log1p(x):
    return np.log1p(x), lambda g: g / (1 + x)


@op(np.sqrt)
def sqrt(x):
    """The square root. Its derivative at 0 is +inf."""
    y = np.sqrt(x)
    return y, lambda g: g / (2 * y)


@op(np.sin)
def sin(x):
    return np.sin(x), lambda g: g * np.cos(x)


@op(np.cos)
def cos(x):
    return np.cos(x), lambda g: -g * np.sin(x)


@op(np.tanh)
def tanh(x):
    y = np.tanh(x)
    return y, lambda g: g * (1 - y * y)


@op(np.absolute)
def absolute(x):
    """The absolute value. Its derivative at 0 is 0."""
    return np.abs(x), lambda g: g * np.sign(x)


@op(np.maximum)
def maximum(x, y):
    """The larger of two. At a tie each gets half of the gradient."""
    return (
        np.maximum(x, y),
        lambda g: g * _wins(x > y, x < y, g),
        lambda g: g * _wins(y > x, y < x, g),
    )


@op(np.minimum)
def minimum(x, y):
    """The smaller of two. At a tie each gets half of the gradient."""
    return (
        np.minimum(x, y),
        lambda g: g * _wins(x < y, x > y, g),
        lambda g: g * _wins(y < x, y > x, g),
    )


def _wins(wins: Any, loses: Any, g: Any) -> Any:
    """1 where won, 0 where lost, 1/2 at a tie; where neither for a NaN, 1/2 too."""
    return (wins.astype(g.dtype) + ~loses) / 2


@op(np.where)
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
    return _where(condition, *choices) if choices else np.nonzero(np.asarray(condition))


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
def clip(x: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    return _clip(x, a_min if min is None else min, a_max if max is None else max)


untracked(
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.logical_and, np.logical_or, np.logical_not, np.logical_xor,
    np.isnan, np.isinf, np.isfinite, np.signbit, np.sign, np.floor, np.ceil, np.rint, np.trunc,
    np.round, np.isclose, np.allclose, np.array_equal, np.iscomplexobj, np.isrealobj,
    np.zeros_like, np.ones_like, np.full_like, np.empty_like, np.result_type, np.can_cast,
)  # fmt: skip
