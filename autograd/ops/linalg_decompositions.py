"""Decompositions of matrices: Cholesky, QR, eigenvectors, singular values.

Several of them leave something open, and a gradient is defined for a loss that does not depend on
it: the sign of an eigenvector or singular vector (for complex ones, the phase), and the basis of
the space of an eigenvalue that occurs more than once. As in PyTorch and JAX the gradient through
vectors divides by the gaps between eigenvalues: it grows as they close, and is infinite or NaN
where two are equal. The gradient through the values alone is finite everywhere.

A matrix that NumPy takes for symmetric (Hermitian) gets the gradient among such matrices, which
is symmetric itself, although NumPy reads one triangle only.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..core.op import op
from ..errors import NoGradientRuleError
from .common import conj, used

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for

EigResult: Any = type(np.linalg.eig(np.eye(1)))
EighResult: Any = type(np.linalg.eigh(np.eye(1)))
QRResult: Any = type(np.linalg.qr(np.eye(1)))
SVDResult: Any = type(np.linalg.svd(np.eye(1)))


@op(np.linalg.cholesky)
def cholesky(a, *, upper=False):
    """I. Murray, *Differentiation of the Cholesky decomposition*, 2016.

    Gradient: inv(L).T @ h @ inv(L), made symmetric; h = tril(L.T @ g) with half of its diagonal.
    """
    factor = np.linalg.cholesky(a, upper=upper)
    low = _adjoint(factor) if upper else factor

    def closure(g: Any) -> Any:
        inverse = np.linalg.inv(low)
        half = _lower_half(low.mT @ (_adjoint(g) if upper else g))
        ga = inverse.mT @ half @ conj(inverse)
        return (ga + _adjoint(ga)) / 2

    return factor, closure


@op
def _qr(a):
    """S. Walter and L. Lehmann, *Algorithmic differentiation of linear algebra functions with
    application in optimum experimental design*, 2010.

    A wide matrix is [a1 a2] with a1 square: q and r1 are those of a1, and r2 = q' @ a2.

    Gradient: (gq + q @ (h + h.T)) @ inv(r).T, h = tril(r @ gr.T - gq.T @ q) with half of its
    diagonal, if a is no wider than high.
    """
    q, r = np.linalg.qr(a)
    m = a.shape[-2]
    a2, r1 = a[..., m:], r[..., :m]

    def closure(g: Any) -> Any:
        gq, gr = g
        gr1, gr2 = gr[..., :m], gr[..., m:]
        gq = gq + conj(a2 @ gr2.mT)
        half = _lower_half(conj(r1 @ gr1.mT - gq.mT @ q))
        ga1 = gq + conj(q) @ (half + _adjoint(half))
        return np.concatenate([np.linalg.solve(r1, ga1.mT).mT, conj(q) @ gr2], axis=-1)

    return (q, r), closure


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """`np.linalg.qr`. The first columns, as many as there are rows, must be independent."""
    if mode not in ("reduced", "r") and not (mode == "complete" and a.shape[-2] <= a.shape[-1]):
        raise NoGradientRuleError(
            f"np.linalg.qr: mode={mode!r} has no gradient rule for shape {a.shape}; use 'reduced' "
            "or 'r'."
        )
    q, r = _qr(a)
    return r if mode == "r" else QRResult(q, r)


@op
def _eigh(a, UPLO="L"):
    """Gradient: v @ (diag(gw) + (v.T @ gv - gv.T @ v) / 2 / gaps) @ v.T, gaps[i, j] = w[j] - w[i],
    for eigenvalues that differ.
    """
    w, v = np.linalg.eigh(a, UPLO)

    def closure(g: Any) -> Any:
        gw, gv = g
        unit = np.eye(w.shape[-1], dtype=bool)
        inner = unit * gw[..., None, :]
        if used(gv):
            x = v.mT @ gv
            inner = inner + (x - _adjoint(x)) / (2 * _gaps(w, unit))
        return conj(v) @ inner @ v.mT

    return (w, v), closure


def _gaps(w: Any, unit: Any) -> Any:
    """The differences w_j - w_i, infinite on the diagonal, to divide by."""
    return np.where(unit, np.inf, w[..., None, :] - w[..., :, None])


@implements(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    return EighResult(*_eigh(a, UPLO=UPLO))


@implements(np.linalg.eigvalsh)
def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    return _eigh(a, UPLO=UPLO)[0]


@op
def _eig(a):
    """C. Boeddeker et al., *On the computation of complex-valued gradients*, 2017, section 4; the
    term with `lengths` is there because NumPy's eigenvectors have length 1.

    Gradient: inv(v).T @ (diag(gw) + x / gaps) @ v.T, gaps[i, j] = w[j] - w[i], x = v.T @ gv
    without what would change the eigenvectors' lengths.
    """
    w, v = np.linalg.eig(a)

    def closure(g: Any) -> Any:
        gw, gv = g
        unit = np.eye(w.shape[-1], dtype=bool)
        inner = unit * gw[..., None, :]
        if used(gv):
            x = v.mT @ gv
            lengths = np.real(np.sum(unit * x, axis=-2, keepdims=True))
            inner = inner + (x - v.mT @ conj(v) * lengths) / _gaps(w, unit)
        return np.linalg.solve(v.mT, inner @ v.mT)

    return (w, v), closure


@implements(np.linalg.eig)
def eig(a: Any) -> Any:
    return EigResult(*_eig(a))


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    return _eig(a)[0]


@op
def _svd(a, full_matrices=True):
    """J. Townsend, *Differentiating the singular value decomposition*, 2016; Z. Wan and S. Zhang,
    *Automatic differentiation for complex valued SVD*, 2019.

    Gradient: u @ diag(gs) @ vh, and for gu and gvh terms divided by the differences of s**2.
    """
    u, s, vh = np.linalg.svd(a, full_matrices)
    k = s.shape[-1]

    def closure(g: Any) -> Any:
        gu, gs, gvh = g
        u1, vh1, row, column = u[..., :k], vh[..., :k, :], s[..., None, :], s[..., :, None]
        unit = np.eye(k, dtype=bool)
        inner = unit * gs[..., None, :]
        if not (used(gu) or used(gvh)):
            return conj(u1) @ inner @ conj(vh1)
        # The further vectors of full bases move only to stay orthogonal to the first k.
        gu = gu[..., :k] - conj(u[..., k:]) @ _adjoint(gu[..., k:]) @ conj(u1)
        gvh = gvh[..., :k, :] - conj(vh1) @ _adjoint(gvh[..., k:, :]) @ conj(vh[..., k:, :])
        x, y = u1.mT @ gu, conj(vh1) @ _adjoint(gvh)
        x, y = x - _adjoint(x), y - _adjoint(y)
        inner = inner + (x * row + column * y) / _gaps(s * s, unit)
        if x.dtype.kind == "c":  # the phase that u and vh share
            inner = inner + unit * x / (2 * row)
        ga = conj(u1) @ inner @ conj(vh1)
        if a.shape[-2] > k and used(gu):  # out of the space of u1
            gu = gu / row
            ga = ga + (gu - conj(u1) @ (u1.mT @ gu)) @ conj(vh1)
        if a.shape[-1] > k and used(gvh):  # out of the space of vh1
            gvh = gvh / column
            ga = ga + conj(u1) @ (gvh - gvh @ vh1.mT @ conj(vh1))
        return ga

    return (u, s, vh), closure


@implements(np.linalg.svd)
def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    if hermitian:
        u, s, vh = _svd_by_eigh(a)
    else:
        u, s, vh = _svd(a, full_matrices=full_matrices and compute_uv)
    return SVDResult(u, s, vh) if compute_uv else s


def _svd_by_eigh(a: Any) -> tuple[Any, Any, Any]:
    """Of a symmetric matrix: singular values are eigenvalues without their signs."""
    w, v = _eigh(a)
    sign = np.where(w < 0, -1, 1).astype(w.dtype)
    s = sign * w
    order = np.argsort(s)[..., ::-1]
    s, sign = np.take_along_axis(s, order, -1), np.take_along_axis(sign, order, -1)
    u = np.take_along_axis(v, order[..., None, :], -1)
    return u, s, _adjoint(u * sign[..., None, :])


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    return _svd(x, full_matrices=False)[1]


def _adjoint(x: Any) -> Any:
    return conj(x).mT


def _lower_half(x: Any) -> Any:
    """The lower triangle, with half of the diagonal: x = half + half' for a symmetric x."""
    n = x.shape[-1]
    return x * (np.tri(n) - np.eye(n) / 2).astype(np.finfo(x.dtype).dtype)
