"""Products of vectors, matrices and stacks of them. Sums with index letters: einsum.py."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from operator import index
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..core.dispatch import as_array, implements
from ..core.op import op
from .common import conj
from .shapes import atleast_1d

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for


def _matmul_closures(x: Any, y: Any) -> Any:
    """A vector is a row on the left, a column on the right; `g` gets the axis back that it lost."""
    if x.ndim == 2 and y.ndim == 2:
        return lambda g: g @ y.T, lambda g: x.T @ g
    if y.ndim == 1:
        for_x, for_column = _matmul_closures(x, y[:, None])
        return lambda g: for_x(g[..., None]), lambda g: for_column(g[..., None])[..., 0]
    if x.ndim == 1:
        for_row, for_y = _matmul_closures(x[None], y)
        return lambda g: for_row(g[..., None, :])[..., 0, :], lambda g: for_y(g[..., None, :])
    if y.ndim == 2 < x.ndim:  # a stack of matrices times one matrix is one long product
        n = math.prod(x.shape[:-1])
        return (
            lambda g: (g.reshape(n, y.shape[1]) @ y.T).reshape(x.shape),
            lambda g: x.reshape(n, x.shape[-1]).T @ g.reshape(n, y.shape[1]),
        )
    return lambda g: g @ y.mT, lambda g: x.mT @ g


@op(np.matmul, np.linalg.matmul, constant_slope=(0, 1), closures=_matmul_closures)
def matmul(x, y):
    """Gradient by x: `g @ y.mT`, y and g with the axis that a vector lacks.
    Gradient by y: `x.mT @ g`, x and g with the axis that a vector lacks.
    """
    return x @ y, *_matmul_closures(x, y)


def _explain_matmul(x: Any, y: Any) -> str:
    """What does not fit in `x @ y`, and what might."""
    a, b = np.shape(x), np.shape(y)
    if not a or not b:
        return f"matmul: {a} @ {b}: a number is no matrix; use x * y"
    inner = a[-1], b[-2] if len(b) > 1 else b[0]
    if inner[0] == inner[1]:
        return f"matmul: {a} @ {b}: the leading axes do not broadcast"
    hint = "; did you mean x @ y.T?" if len(b) == 2 and b[-1] == a[-1] else ""
    return f"matmul: {a} @ {b}: inner {inner[0]} and {inner[1]} differ{hint}"


matmul.explain = _explain_matmul


@implements(np.dot)
def dot(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    if a.ndim == 0 or b.ndim == 0:
        return np.multiply(a, b)
    if b.ndim == 1 or (a.ndim <= 2 and b.ndim == 2):
        return matmul(a, b)
    return tensordot(a, b, (-1, -2))


@implements(np.inner)
def inner(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    return np.multiply(a, b) if a.ndim == 0 or b.ndim == 0 else tensordot(a, b, (-1, -1))


@implements(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    return matmul(conj(np.reshape(a, -1)), np.reshape(b, -1))


@op(np.outer, constant_slope=(0, 1))
def outer(a, b):
    A, B = np.reshape(a, -1), np.reshape(b, -1)
    return np.outer(A, B), lambda g: (g @ B).reshape(a.shape), lambda g: (A @ g).reshape(b.shape)


# NumPy's products of stacks of vectors; those that are new in NumPy 2.2 may be missing.


@implements(np.vecdot)
def vecdot(x1: Any, x2: Any) -> Any:
    _refuse_few_axes("vecdot", (x1, 1), (x2, 1))
    return vecmat(x1, np.expand_dims(x2, -1))[..., 0]


def vecmat(x1: Any, x2: Any) -> Any:
    _refuse_few_axes("vecmat", (x1, 1), (x2, 2))
    return matmul(np.expand_dims(conj(as_array(x1)), -2), x2)[..., 0, :]


def matvec(x1: Any, x2: Any) -> Any:
    _refuse_few_axes("matvec", (x1, 2), (x2, 1))
    return matmul(x1, np.expand_dims(x2, -1))[..., 0]


def _refuse_few_axes(name: str, *needed: tuple[Any, int]) -> None:
    for i, (x, ndim) in enumerate(needed):
        if np.ndim(x) < ndim:
            raise ValueError(
                f"np.{name}: got {np.ndim(x)} axes for argument {i}, expected at least {ndim}"
            )


if hasattr(np, "matvec"):
    implements(np.matvec)(matvec)
    implements(np.vecmat)(vecmat)


@implements(np.linalg.vecdot)
def vecdot_along(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    axis = index(axis)
    return vecdot(np.moveaxis(as_array(x1), axis, -1), np.moveaxis(as_array(x2), axis, -1))


@implements(np.linalg.outer)
def outer_of_vectors(x1: Any, x2: Any, /) -> Any:
    if np.ndim(x1) != 1 or np.ndim(x2) != 1:
        raise ValueError(f"np.linalg.outer: got {np.ndim(x1)} and {np.ndim(x2)} axes, expected 1")
    return outer(x1, x2)


# Over any axes


@op(np.tensordot)
def tensordot(a, b, axes=2):
    """The sum over pairs of axes. A factor's gradient is one of g with the other factor.

    Gradient by a: tensordot of g and b over the axes that are b's alone.
    Gradient by b: tensordot of a and g over the axes that are a's alone.
    """
    na, nb = a.ndim, b.ndim
    if isinstance(axes, int | np.integer):
        axes = range(na - axes, na), range(axes)
    axes_a, axes_b = axes
    A, B = list(normalize_axis_tuple(axes_a, na)), list(normalize_axis_tuple(axes_b, nb))
    free_a = [i for i in range(na) if i not in A]
    free_b = [i for i in range(nb) if i not in B]
    out = np.tensordot(a, b, (A, B))

    def for_a(g: Any) -> Any:
        ga = np.tensordot(g, b, (range(len(free_a), g.ndim), free_b))
        return np.transpose(ga, np.argsort(free_a + [A[B.index(i)] for i in sorted(B)]))

    def for_b(g: Any) -> Any:
        gb = np.tensordot(a, g, (free_a, range(len(free_a))))
        return np.transpose(gb, np.argsort([B[A.index(i)] for i in sorted(A)] + free_b))

    return out, for_a, for_b


@implements(np.linalg.tensordot)
def tensordot_over(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    return tensordot(x1, x2, axes)


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    ndim = max(a.ndim, b.ndim)
    A, B = ((1,) * (ndim - x.ndim) + x.shape for x in (a, b))
    blocks = np.reshape(a, [m for n in A for m in (n, 1)]) * np.reshape(
        b, [m for n in B for m in (1, n)]
    )
    return np.reshape(blocks, [m * n for m, n in zip(A, B, strict=True)])


@op
def _cross(a, b):
    return np.cross(a, b), lambda g: np.cross(b, g), lambda g: np.cross(g, a)


@implements(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError(
            f"np.cross on a Tensor: vectors of length {a.shape[-1]} and {b.shape[-1]}, expected 3"
        )
    return np.moveaxis(_cross(a, b), -1, axisc)


@implements(np.linalg.cross)
def cross_along(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return cross(x1, x2, axis=index(axis))


# Several factors


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any]) -> Any:
    """The product of matrices, in the order that takes the fewest multiplications."""
    ndims = [np.ndim(a) for a in arrays]
    if len(ndims) < 2 or {*ndims[1:-1]} - {2} or {ndims[0], ndims[-1]} - {1, 2}:
        raise np.linalg.LinAlgError(
            f"np.linalg.multi_dot: arrays of {ndims} axes: expected two or more, of 2 axes each, "
            "the first and the last of 1 or 2"
        )
    n = [1 if ndims[0] == 1 else np.shape(arrays[0])[0], *(np.shape(a)[0] for a in arrays[1:])]
    n.append(1 if ndims[-1] == 1 else np.shape(arrays[-1])[1])

    @cache
    def best(i: int, j: int) -> tuple[int, int]:
        """The cost of the product of arrays i to j, and after which of them to part it."""
        ways = [
            (best(i, k)[0] + best(k + 1, j)[0] + n[i] * n[k + 1] * n[j + 1], k) for k in range(i, j)
        ]
        return min(ways, default=(0, i))

    return _product(arrays, best, 0, len(arrays) - 1)


# Not inside of multi_dot: a function that calls itself would keep the arrays in a reference cycle.
def _product(arrays: Sequence[Any], best: Any, i: int, j: int) -> Any:
    if i == j:
        return as_array(arrays[i])
    k = best(i, j)[1]
    return matmul(_product(arrays, best, i, k), _product(arrays, best, k + 1, j))


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """Repeated squaring; of the inverse for n < 0. The derivative of a**0 is 0."""
    n = index(n)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"np.linalg.matrix_power: shape {a.shape} is not square")
    if n == 0:
        return np.where(True, np.eye(a.shape[-1], dtype=a.dtype), a)
    if n < 0:
        a, n = np.linalg.inv(a), -n
    if n == 3:  # as NumPy
        return matmul(matmul(a, a), a)
    square, result = a, None
    while n:
        if n % 2:
            result = square if result is None else matmul(result, square)
        n //= 2
        square = matmul(square, square) if n else square
    return result


# Convolution


@op
def _convolve(a, v, mode="full"):
    """Gradient by a: g correlated with v.
    Gradient by v: g correlated with a.
    """
    out = np.convolve(a, v, mode)
    n, m = len(a), len(v)
    skipped = {"full": 0, "same": (min(n, m) - 1) // 2, "valid": min(n, m) - 1}[mode]

    def correlated_with(other: Any) -> Any:
        """The closure: `g`, padded to its length in mode 'full', correlated with `other`."""
        around = skipped, n + m - 1 - skipped - len(out)
        return lambda g: np.convolve(np.pad(g, around), other[::-1], "valid")

    return out, correlated_with(v), correlated_with(a)


@implements(np.convolve)
def convolve(a: Any, v: Any, mode: str = "full") -> Any:
    return _convolve(atleast_1d(a), atleast_1d(v), mode=mode)


@implements(np.correlate)
def correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = atleast_1d(a), conj(atleast_1d(v))
    if len(a) < len(v):  # NumPy's 'same' takes the middle of the reversed result
        return _convolve(v, a[::-1], mode=mode)[::-1]
    return _convolve(a, v[::-1], mode=mode)


# Polynomials


@implements(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    if x.ndim != 1:
        raise ValueError(f"np.vander: got {x.ndim} axes, expected 1")
    powers = np.arange(x.size if N is None else N)
    return np.power(x[:, None], powers if increasing else powers[::-1])


@implements(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    y = np.zeros_like(x)
    for coefficient in p:
        y = y * x + coefficient
    return y
