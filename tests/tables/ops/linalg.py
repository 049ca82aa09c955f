"""Rows of the table: linear algebra, decompositions and norms.

The values drawn are standard normals: each row builds from them the matrix it needs, such as a
regular one or one whose eigenvalues lie apart. Vectors that are defined up to a sign or a phase
come as products with their own first element.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from autograd.testing import axes, shapes

from .base import Row

L = np.linalg
BATCHES = st.sampled_from([(), (2,), (1, 2), (0,)])
SIDES = st.integers(0, 3)


@st.composite
def square(draw: Any, min_side: int = 0, **config: Any) -> Any:
    n = draw(st.integers(min_side, 3))
    return ((*draw(BATCHES), n, n),), {k: draw(v) for k, v in config.items()}


@st.composite
def oblong(draw: Any, min_side: int = 0, **config: Any) -> Any:
    side = st.integers(min_side, 3)
    s = (*draw(BATCHES), draw(side), draw(side))
    return (s,), {k: draw(v) for k, v in config.items()}


@st.composite
def equations(draw: Any) -> Any:
    """A matrix and a right side: a vector, or stacks that broadcast."""
    n, k = draw(SIDES), draw(SIDES)
    a = (*draw(BATCHES), n, n)
    b = draw(st.sampled_from([(n,), (n, k), (*a[:-2], n, k), (*([1] * len(a[:-2])), n, k)]))
    return (a, b), {}


@st.composite
def least_squares(draw: Any) -> Any:
    m, n, k = (draw(st.integers(1, 4)) for _ in range(3))
    return ((m, n), draw(st.sampled_from([(m,), (m, k)]))), {
        "rcond": draw(st.sampled_from([None, 1e-6, -1]))
    }


def regular(x: Any) -> Any:
    """A square matrix with a dominant diagonal."""
    n = x.shape[-1]
    return np.tanh(x) / max(n, 1) + 1.5 * np.eye(n, dtype=x.dtype)


def positive(x: Any) -> Any:
    """A symmetric, positive definite matrix."""
    return x @ x.mT + np.eye(x.shape[-2], dtype=x.dtype)


def spread(x: Any) -> Any:
    """A matrix whose singular values, and eigenvalues if it is square, lie apart."""
    m, n = x.shape[-2:]
    return np.tanh(x) / max(m, n, 1) + 2.5 * np.eye(m, n, dtype=x.dtype) * np.arange(
        1, n + 1, dtype=x.dtype
    )


def symmetric(x: Any) -> Any:
    """The same, symmetric, with eigenvalues of both signs."""
    x = spread(x)
    return (x + x.mT) / 2 - 3.7 * np.eye(x.shape[-1], dtype=x.dtype)


def turning(x: Any) -> Any:
    """A matrix with complex eigenvalues, if it has two rows or more."""
    n = x.shape[-1]
    turn = np.zeros((n, n), x.dtype)
    if n > 1:
        turn[:2, :2] = [[1, -2], [2, 1]]
    return np.tanh(x) / max(n, 1) / 2 + turn


def flat(*parts: Any) -> Any:
    """All results in one vector, complex ones as real and imaginary parts."""
    real = [np.reshape(np.real(p), -1) for p in parts]
    return np.concatenate(real + [np.reshape(np.imag(p), -1) for p in parts if np.iscomplexobj(p)])


def columns(v: Any) -> Any:
    """Column vectors without their sign or phase."""
    return v * np.conj(v[..., :1, :])


def _svd(x: Any, how: Callable[[Any], Any] = spread, **config: Any) -> Any:
    u, s, vh = L.svd(how(x), **config)
    k = s.shape[-1]
    u1, u2, v1, v2 = u[..., :k], u[..., k:], vh[..., :k, :], vh[..., k:, :]
    together = u1[..., :1, :] * v1[..., :, :1].mT  # their signs are one
    return flat(columns(u1), u2 @ u2.mT, s, columns(v1.mT), v2.mT @ v2, together)


def _eigh(x: Any, UPLO: str) -> Any:
    w, v = L.eigh(symmetric(x), UPLO)
    return flat(w, columns(v))


def _eig(x: Any, how: Callable[[Any], Any] = spread) -> Any:
    w, v = L.eig(how(x))
    return flat(w, columns(v))


def _tensor(x: Any) -> Any:
    return regular(x).reshape(2, 3, 6)


VECTOR_ORDS = st.sampled_from([None, 2, 1, 0, 3, 2.5, 0.5, -1, np.inf, -np.inf])
MATRIX_ORDS = st.sampled_from([None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
KEEP = st.booleans()


@st.composite
def vectors(draw: Any, *, several: bool) -> Any:
    s = draw(shapes(min_dims=1, min_side=1))
    axis = draw(axes(len(s)) if several else axes(len(s), single=True))
    return (s,), {"ord": draw(VECTOR_ORDS), "axis": axis, "keepdims": draw(KEEP)}


@st.composite
def matrices(draw: Any) -> Any:
    s = draw(shapes(min_dims=2, min_side=1))
    row, column = draw(st.permutations(range(len(s))))[:2]
    ord = draw(st.sampled_from([None, "fro", 1, -1, np.inf, -np.inf]))
    return (s,), {"ord": ord, "axis": (row, column - len(s)), "keepdims": draw(KEEP)}


ROWS = [
    Row("inv", lambda x: L.inv(regular(x)), square(), covers=(L.inv,)),
    Row("solve", lambda x, b: L.solve(regular(x), b), equations(), covers=(L.solve,)),
    Row(
        "tensorsolve",
        lambda x, b, axes: L.tensorsolve(
            _tensor(x) if axes is None else np.transpose(_tensor(x), (2, 0, 1)), b, axes
        ),
        st.sampled_from([None, (0,)]).map(lambda axes: (((6, 6), (2, 3)), {"axes": axes})),
        covers=(L.tensorsolve,),
    ),
    Row(
        "tensorinv",
        lambda x, ind: L.tensorinv(_tensor(x) if ind == 2 else regular(x).reshape(6, 3, 2), ind),
        st.sampled_from([1, 2]).map(lambda ind: (((6, 6),), {"ind": ind})),
        covers=(L.tensorinv,),
    ),
    Row("pinv", lambda x: L.pinv(spread(x)), oblong(min_side=1), covers=(L.pinv,)),
    Row(
        "pinv of a lower rank",
        lambda x, y, **config: L.pinv(x[:, None] * (2 + np.tanh(y)), **config),
        st.sampled_from([{"rcond": 1e-6}, {"rtol": 1e-6}, {"rtol": None}]).map(
            lambda config: (((3,), (2,)), config)
        ),
        ("nonzero", "real"),
    ),
    Row(
        "lstsq",
        lambda x, b, rcond: flat(*(L.lstsq(spread(x), b, rcond)[i] for i in (0, 1, 3))),
        least_squares(),
        covers=(L.lstsq,),
    ),
    Row("det", L.det, square(), covers=(L.det,)),
    Row("slogdet", lambda x: flat(*L.slogdet(regular(x))), square(), covers=(L.slogdet,)),
    Row(
        "cholesky",
        lambda x, upper: L.cholesky(positive(x), upper=upper),
        oblong(upper=st.booleans()),
        covers=(L.cholesky,),
    ),
    Row("qr", lambda x: flat(*L.qr(spread(x))), oblong(), covers=(L.qr,)),
    Row("qr r", lambda x: L.qr(spread(x), mode="r"), oblong()),
    Row("eigh", _eigh, square(UPLO=st.sampled_from("LU")), covers=(L.eigh,)),
    Row(
        "eigvalsh",
        lambda x, UPLO: L.eigvalsh(symmetric(x), UPLO),
        square(UPLO=st.sampled_from("LU")),
        covers=(L.eigvalsh,),
        exact=False,
    ),
    Row("eig", _eig, square(), covers=(L.eig,)),
    Row("eig complex", lambda x: _eig(x, turning), square(min_side=2)),
    Row(
        "eigvals",
        lambda x: flat(L.eigvals(turning(x))),
        square(min_side=2),
        covers=(L.eigvals,),
        exact=False,
    ),
    Row("svd", _svd, oblong(full_matrices=st.booleans()), covers=(L.svd,)),
    Row("svd hermitian", lambda x: _svd(x, symmetric, hermitian=True), square()),
    Row(
        "svd values",
        lambda x, hermitian: L.svd(symmetric(x), compute_uv=False, hermitian=hermitian),
        square(hermitian=st.booleans()),
        exact=False,
    ),
    Row("svdvals", lambda x: L.svdvals(spread(x)), oblong(), covers=(L.svdvals,), exact=False),
    Row("norm", L.norm, vectors(several=False), ("nonzero",), covers=(L.norm,), exact=False),
    Row(
        "norm of all",
        L.norm,
        shapes().map(lambda s: ((s,), {})),
        ("nonzero",),
        exact=False,
    ),
    Row("norm of matrices", L.norm, matrices(), ("nonzero",), exact=False),
    Row(
        "vector_norm",
        L.vector_norm,
        vectors(several=True),
        ("nonzero",),
        covers=(L.vector_norm,),
        exact=False,
    ),
    Row(
        "matrix_norm",
        lambda x, **config: L.matrix_norm(spread(x), **config),
        oblong(1, ord=MATRIX_ORDS, keepdims=KEEP),
        covers=(L.matrix_norm,),
        exact=False,
    ),
    Row(
        "cond",
        lambda x, p: L.cond(spread(x), p),
        square(1, p=MATRIX_ORDS),
        covers=(L.cond,),
        exact=False,
    ),
]
