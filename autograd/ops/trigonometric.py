"""Angles: trigonometric and hyperbolic ops, their inverses, and what goes with them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.op import op
from .common import same

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


@op(np.sin)
def sin(x):
    return np.sin(x), lambda g: g * np.cos(x)


@op(np.cos)
def cos(x):
    return np.cos(x), lambda g: -g * np.sin(x)


@op(np.tan)
def tan(x):
    y = np.tan(x)
    return y, lambda g: g * (1 + y * y)


@op(np.sinh)
def sinh(x):
    return np.sinh(x), lambda g: g * np.cosh(x)


@op(np.cosh)
def cosh(x):
    return np.cosh(x), lambda g: g * np.sinh(x)


@op(np.tanh)
def tanh(x):
    y = np.tanh(x)
    return y, lambda g: g * (1 - y * y)


# Inverses. Those of sin, cos, cosh and tanh have an infinite derivative at the ends of their range.


@op(np.arcsin)
def arcsin(x):
    return np.arcsin(x), lambda g: g / np.sqrt((1 - x) * (1 + x))


@op(np.arccos)
def arccos(x):
    return np.arccos(x), lambda g: -g / np.sqrt((1 - x) * (1 + x))


@op(np.arctan)
def arctan(x):
    return np.arctan(x), lambda g: g / (1 + x * x)


@op(np.arcsinh)
def arcsinh(x):
    return np.arcsinh(x), lambda g: g / np.sqrt(1 + x * x)


@op(np.arccosh)
def arccosh(x):
    return np.arccosh(x), lambda g: g / (np.sqrt(x - 1) * np.sqrt(x + 1))


@op(np.arctanh)
def arctanh(x):
    return np.arctanh(x), lambda g: g / ((1 - x) * (1 + x))


# Sides and angles of right-angled triangles


@op(np.hypot)
def hypot(x, y):
    """sqrt(x**2 + y**2). The gradient at (0, 0) is 0, as that of a norm.

    Gradient by x: `g * x / out`.
    Gradient by y: `g * y / out`.
    """
    z = np.hypot(x, y)
    return z, lambda g: g * (x / _radius(z)), lambda g: g * (y / _radius(z))


@op(np.arctan2)
def arctan2(y, x):
    """The angle of the point (x, y). The gradient at (0, 0), which has no angle, is 0.

    Gradient by y: `g * x / (x**2 + y**2)`.
    Gradient by x: `-g * y / (x**2 + y**2)`.
    """

    def slope(side: Any) -> Any:
        r = _radius(np.hypot(x, y))
        return side / r / r

    return np.arctan2(y, x), lambda g: g * slope(x), lambda g: -g * slope(y)


def _radius(r: Any) -> Any:
    """Lengths to divide by: infinite in place of 0, so that the quotient is 0."""
    return np.where(r == 0, np.inf, r)


# Units of angles


@op(np.deg2rad, np.radians, constant_slope=True)
def deg2rad(x):
    return np.deg2rad(x), lambda g: np.deg2rad(g)


@op(np.rad2deg, np.degrees, constant_slope=True)
def rad2deg(x):
    return np.rad2deg(x), lambda g: np.rad2deg(g)


@op(np.unwrap, constant_slope=True)
def unwrap(p, discont=None, axis=-1, *, period=2 * np.pi):
    return np.unwrap(p, discont, axis, period=period), same


# sin(pi * x) / (pi * x)


@op(np.sinc)
def sinc(x):
    """Gradient: `g * (cos(pi * x) - y) / x`, 0 where x = 0."""
    return np.sinc(x), lambda g: g * _sinc_derivative(x, 1)


@op
def _sinc_derivative(x, order=1):
    """A derivative of np.sinc, exact at 0 as well, where the quotient is 0/0.

    With z = pi * x, s(z) = sin(z) / z has z * s'(z) + s(z) = cos(z), and so on for higher orders.
    Far from 0 that is solved for the derivative; near 0 its Taylor series is summed.

    Gradient: g times the next derivative of sinc.
    """
    z = np.pi * x
    far = np.abs(z) > order + 1
    at, near = np.where(far, z, 1), np.where(far, 0, z)
    s = np.sin(at) / at
    for k in range(1, order + 1):
        s = (np.sin(at + k * np.pi / 2) - k * s) / at
    start = (order + 1) // 2
    term = (-1) ** start * near ** (2 * start - order)
    series = term / (2 * start + 1)
    for j in range(start + 1, order + 15):
        term = term * near * near * (-1 / (2 * j - order) / (2 * j - order - 1))
        series = series + term / (2 * j + 1)
    value = np.pi**order * np.where(far, s, series)
    return value, lambda g: g * _sinc_derivative(x, order + 1)
