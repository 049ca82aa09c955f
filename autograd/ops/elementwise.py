"""Elementwise arithmetic, powers, exponentials and logarithms.

At kinks, ties and singular points, here and in the other elementwise files: the subgradient of
least norm where there is one, else the limit, which may be infinite.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..core.dispatch import implements, operand
from ..core.op import op
from .common import same, zero

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


@op(np.add, constant_slope=True)
def add(x, y):
    return x + y, same, same


@op(np.subtract, constant_slope=True)
def subtract(x, y):
    return x - y, same, lambda g: -g


@op(np.multiply, constant_slope=(0, 1))
def multiply(x, y):
    return x * y, lambda g: g * y, lambda g: g * x


@op(np.divide, constant_slope=(0,))
def divide(x, y):
    z = x / y
    return z, lambda g: g / y, lambda g: -g * z / y


@op(np.reciprocal)
def reciprocal(x):
    y = np.reciprocal(x)
    return y, lambda g: -g * y * y


@op(np.negative, constant_slope=True)
def negative(x):
    return -x, lambda g: -g


@op(np.positive, constant_slope=True)
def positive(x):
    return +x, same


# Division with a remainder: x = y * floor(x / y) + remainder, and fmod with the quotient cut off


@op(np.remainder)
def remainder(x, y):
    return np.remainder(x, y), same, lambda g: -g * np.floor_divide(x, y)


@op(np.fmod)
def fmod(x, y):
    z = np.fmod(x, y)
    return z, same, lambda g: -g * np.rint((x - z) / y)


@op(np.floor_divide, constant_slope=True)
def floor_divide(x, y):
    return np.floor_divide(x, y), zero, zero


@implements(np.divmod)
def divmod(x: Any, y: Any) -> Any:
    return np.floor_divide(x, y), np.remainder(x, y)


# Powers and roots


@op(np.power)
def power(x, y):
    """x**y. The derivative by x is 0 where y = 0, that by y is 0 where x = 0 and y >= 0.

    Gradient by x: `g * y * x**(y - 1)`.
    Gradient by y: `g * out * log(x)`.
    """
    z = x**y
    return z, lambda g: g * _power_slope(x, y), lambda g: g * z * _power_log(x, y)


def _power_slope(x: Any, y: Any) -> Any:
    if isinstance(y, int | float):
        return 0 * x if y == 0 else 2 * x if y == 2 else y * x ** (y - 1)
    return y * x ** np.where(y == 0, 1, y - 1)


def _power_log(x: Any, y: Any) -> Any:
    if isinstance(x, int | float) and x > 0:
        return math.log(x)
    x = np.where((x == 0) & (y >= 0), 1, x)
    return np.log(x + 0j if np.iscomplexobj(y) else x)


@implements(np.float_power)
def float_power(x: Any, y: Any) -> Any:
    x, y = operand(x), operand(y)
    dtype = np.result_type(x, y, np.float64)
    return power(*(v.astype(dtype) if hasattr(v, "astype") else v for v in (x, y)))


@op(np.square)
def square(x):
    return np.square(x), lambda g: g * (2 * x)


@op(np.sqrt)
def sqrt(x):
    """The square root. Its derivative at 0 is +inf."""
    y = np.sqrt(x)
    return y, lambda g: g / (2 * y)


@op(np.cbrt)
def cbrt(x):
    """The cube root. Its derivative at 0 is +inf."""
    y = np.cbrt(x)
    return y, lambda g: g / (3 * y * y)


@op(np.frexp, constant_slope=True)
def frexp(x):
    """Splits x = m * 2**n. The integers n are a plain array.

    Gradient: `ldexp(g[0], -y[1])`.
    """
    m, n = np.frexp(x)
    return (m, n), lambda g: np.ldexp(g[0], -n)


@op(np.ldexp, constant_slope=True)
def ldexp(x, n):
    return np.ldexp(x, n), lambda g: np.ldexp(g, n), None


# Exponentials and logarithms


@op(np.exp)
def exp(x):
    y = np.exp(x)
    return y, lambda g: g * y


@op(np.exp2)
def exp2(x):
    y = np.exp2(x)
    return y, lambda g: g * (y * math.log(2))


@op(np.expm1)
def expm1(x):
    y = np.expm1(x)
    return y, lambda g: g * (y + 1)


@op(np.log)
def log(x):
    return np.log(x), lambda g: g / x


@op(np.log2)
def log2(x):
    return np.log2(x), lambda g: g / (x * math.log(2))


@op(np.log10)
def log10(x):
    return np.log10(x), lambda g: g / (x * math.log(10))


@op(np.log1p)
def log1p(x):
    return np.log1p(x), lambda g: g / (1 + x)


@op(np.logaddexp)
def logaddexp(x, y):
    """log(exp(x) + exp(y)). Equal infinities get half of the gradient each.

    Gradient by x: `g * exp(x - out)`.
    Gradient by y: `g * exp(y - out)`.
    """
    return (
        np.logaddexp(x, y),
        lambda g: g * np.exp(-np.logaddexp(0, _gap(y, x))),
        lambda g: g * np.exp(-np.logaddexp(0, _gap(x, y))),
    )


@op(np.logaddexp2)
def logaddexp2(x, y):
    """Gradient by x: `g * exp2(x - out)`.
    Gradient by y: `g * exp2(y - out)`.
    """
    return (
        np.logaddexp2(x, y),
        lambda g: g * np.exp2(-np.logaddexp2(0, _gap(y, x))),
        lambda g: g * np.exp2(-np.logaddexp2(0, _gap(x, y))),
    )


def _gap(x: Any, y: Any) -> Any:
    """The difference x - y, with 0 between equal infinities."""
    with np.errstate(invalid="ignore"):
        gap = x - y
    return np.where((x == y) & np.isinf(x), 0, gap)
