"""Linear algebra: inverses, equations, determinants, over stacks of matrices as in NumPy.

Formulas: M. Giles, *Collected matrix derivative results for forward and reverse mode algorithmic
differentiation*, 2008. Decompositions and norms have files of their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.dispatch import as_array, implements
from ..core.op import op
from ..core.results import shared
from .common import conj, used

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for

SlogdetResult: Any = type(np.linalg.slogdet(np.eye(1)))


@op(np.linalg.inv)
def inv(a):
    y = np.linalg.inv(a)
    return y, lambda g: -(y.mT @ g @ y.mT)


@op
def _solve(a, b):
    """Gradient by a: `-(solve(a.mT, g) @ y.mT)`."""
    x = np.linalg.solve(a, b)
    for_b = shared(lambda g: np.linalg.solve(a.mT, g))
    return x, lambda g: -(for_b(g) @ x.mT), for_b


@implements(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    a, b = as_array(a), as_array(b)
    return _solve(a, b[:, None])[..., 0] if b.ndim == 1 else _solve(a, b)


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Sequence[int] | None = None) -> Any:
    a, b = as_array(a), as_array(b)
    if axes is not None:
        a = np.transpose(a, [*(k for k in range(a.ndim) if k not in axes), *axes])
    shape = a.shape[b.ndim :]
    return solve(a.reshape(b.size, math.prod(shape)), b.reshape(-1)).reshape(shape)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    if ind <= 0:
        raise ValueError(f"tensorinv: ind is {ind}, expected a positive number")
    shape = a.shape[ind:] + a.shape[:ind]
    rows, columns = math.prod(a.shape[:ind]), math.prod(a.shape[ind:])
    return np.linalg.inv(a.reshape(rows, columns)).reshape(shape)


@op(np.linalg.pinv)
def pinv(a, rcond=None, hermitian=False, *, rtol=np._NoValue):
    """The pseudo-inverse. Its derivative is that among matrices of the same rank.

    Gradient: with p = pinv(a), that of dp = -p da p + p p' da' (1 - a p) + (1 - p a) da' p' p.
    """
    y = np.linalg.pinv(a, rcond, hermitian, rtol=rtol)
    return y, lambda g: _pinv_closure(a, y, g)


def _pinv_closure(a: Any, y: Any, g: Any) -> Any:
    """Golub and Pereyra, 1973: for y = pinv(a), with ' for the conjugate transpose.

    dy = -y @ da @ y + y @ y' @ da' @ (1 - a @ y) + (1 - y @ a) @ da' @ y' @ y.
    """
    g_, y_ = conj(g).mT, conj(y)
    u, v = g_ @ y_ @ y.mT, y.mT @ y_ @ g_
    return u - conj(a @ y) @ u + v - v @ conj(y @ a) - y.mT @ g @ y.mT


@op
def _lstsq(a, b, rcond=None):
    """Gradient by a: that of pinv(a) @ b.
    Gradient by b: that of pinv(a) @ b.
    """
    x, squares, rank, s = np.linalg.lstsq(a, b, rcond)
    if rcond is None or rcond < 0:  # NumPy computes in float64, whatever the input
        rcond = np.finfo(np.float64).eps * (max(a.shape) if rcond is None else 1)

    @shared
    def both(g: Any) -> Any:
        gx, g_squares, gs, _ = g
        y = np.linalg.pinv(a, rcond)
        ga, gb = _pinv_closure(a, y, gx @ b.mT), y.mT @ gx  # of x = y @ b
        if squares.size:
            rest = 2 * g_squares * conj(b - a @ x)
            ga, gb = ga - rest @ x.mT, gb + rest
        if used(gs):
            u, _, vh = np.linalg.svd(a, full_matrices=False)
            ga = ga + conj(u * gs) @ conj(vh)
        return ga, gb

    return (x, squares, s, np.asarray(rank)), lambda g: both(g)[0], lambda g: both(g)[1]


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """`np.linalg.lstsq`: solution, squared residuals and singular values are differentiable."""
    a, b = as_array(a), as_array(b)
    x, squares, s, rank = _lstsq(a, b[:, None] if b.ndim == 1 else b, rcond)
    return x[..., 0] if b.ndim == 1 else x, squares, np.int32(rank), s


def _det_closure(a: Any, d: Any, cofactors_of_singular: Any) -> Any:
    def closure(g: Any) -> Any:
        regular = (d != 0).all()
        c = d[..., None, None] * np.linalg.inv(a).mT if regular else cofactors_of_singular(a)
        return g[..., None, None] * c

    return closure


@op(np.linalg.det, closures=lambda a: _det_closure(a, np.linalg.det(a), _cofactors_by_polynomial))
def det(a):
    """The determinant. Its derivative, the matrix of cofactors, is right for singular ones too.

    Gradient: `(g * y)[..., None, None] * inv(a).mT`, computed from cofactors.
    """
    d = np.linalg.det(a)
    return d, _det_closure(a, d, _cofactors)


def _cofactors(a: Any) -> Any:
    """From a = u @ s @ vh: products that leave out one singular value each, and divide by none."""
    u, s, vh = np.linalg.svd(a)
    others = np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]).prod(axis=-1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., None, None] * (conj(u) * others[..., None, :]) @ conj(vh)


def _cofactors_by_polynomial(a: Any) -> Any:
    """Faddeev's and Le Verrier's polynomial in a: differentiable at every matrix, as vectors of
    equal singular values are not, but it loses digits (half of float64's at about 30 rows).
    """
    n = a.shape[-1]
    unit = np.eye(n, dtype=a.dtype)
    m = np.broadcast_to(unit, a.shape)
    for k in range(1, n):
        am = a @ m
        m = (am * unit).sum(axis=(-2, -1), keepdims=True) / k * unit - am
    return m.mT


@op
def _slogdet(a):
    """Gradient: `g[1][..., None, None] * inv(a).mT`, if the sign is real."""
    sign, log = np.linalg.slogdet(a)

    def closure(g: Any) -> Any:
        g_sign, g_log = g
        if sign.dtype.kind == "c":  # it turns by the imaginary part of trace(inv(a) @ da)
            g_log = g_log + 1j * np.imag(g_sign * sign)
        return g_log[..., None, None] * np.linalg.inv(a).mT

    return (sign, log), closure


@implements(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    """`np.linalg.slogdet`. There is no derivative at a singular matrix, where the log is -inf."""
    return SlogdetResult(*_slogdet(a))
