"""What several files of ops use: refusals, axes, and gradients that need no rule of their own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy import ndarray

from ..core.tensor import Tensor
from ..errors import NoGradientRuleError

NOT_GIVEN = np._NoValue

# Gradients


def same(g: Any) -> Any:
    """The gradient of a copy, a cast, a broadcast: `g` itself."""
    return g


def zero(g: Any) -> Any:
    """The gradient of a step function."""
    return np.zeros(g.shape, g.dtype)


def used(g: Any) -> bool:
    """Whether `g` is more than the zeros that stand for the gradient of a result nobody used."""
    return not isinstance(g, np.ndarray) or bool(g.any())


def conj(x: Any) -> Any:
    """The conjugate of `x`; `x` itself if it is real."""
    return np.conjugate(x) if x.dtype.kind == "c" else x


def without_nan(x: Any, instead: float) -> Any:
    """`x` with a number in place of each NaN, which then has no part in the gradient."""
    return np.where(np.isnan(x), instead, x)


# Arguments of NumPy's that an op on Tensors cannot follow


def refuse(function: str, **arguments: Any) -> None:
    """Raise for the first of the arguments that was given."""
    for name, value in arguments.items():
        if value is not None and value is not False:
            raise NoGradientRuleError(
                f"np.{function} on a Tensor: {name}= is not supported: the result is a new Tensor, "
                "and no array is written to."
            )


def refuse_integers(function: str, x: Any, dtype: Any) -> None:
    """Raise where `dtype` would cut the digits, and with them the derivative, off `x`."""
    if dtype is not None and x.dtype.kind in "fc" and np.dtype(dtype).kind not in "fc":
        raise NoGradientRuleError(
            f"np.{function} on a Tensor: dtype={np.dtype(dtype)} of {x.dtype} values has no "
            "gradient; convert the result, as in .detach().numpy().astype(int)."
        )


# Axes that are reduced


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """An axis argument (None, a number, a tuple) as a tuple of axes counted from the front."""
    if axis is None or ndim == 0:
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,)))


def kept(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """`shape` with the reduced axes at length 1, as keepdims=True leaves it."""
    if axis is None:
        return (1,) * len(shape)
    axes = axes_of(axis, len(shape))
    return tuple([1 if i in axes else n for i, n in enumerate(shape)])


def expand(g: Any, shape: tuple[int, ...], axis: Any) -> Any:
    """The gradient of a reduction over `axis`, stretched back over an input of `shape`."""
    g = g.reshape(kept(shape, axis))
    if isinstance(g, Tensor) or not g.flags.c_contiguous:
        return np.broadcast_to(g, shape)
    # The same view, which repeats memory by steps of 0 bytes, made in a fraction of the time.
    steps = [0 if n == 1 else step for n, step in zip(g.shape, g.strides, strict=True)]
    return ndarray(shape, g.dtype, g, 0, steps)


def count(shape: tuple[int, ...], axis: Any, where: Any = True) -> Any:
    """How many elements each result is made from: a number; under a mask, an array of numbers."""
    if where is True:
        return math.prod(shape[a] for a in axes_of(axis, len(shape)))
    return np.broadcast_to(where, shape).sum(axis=axis, keepdims=True)
