"""Products where the table of ops does not look: complex factors, letters of einsum, NumPy's
manners, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import NoGradientRuleError, Tensor, gradcheck, gradgradcheck, gradients

RNG = np.random.default_rng(0)
L = np.linalg


def leaf(*shape: int, dtype: Any = np.float64) -> Tensor:
    return Tensor(RNG.standard_normal(shape).astype(dtype), requires_grad=True)


def grads(f: Callable[..., Any], *xs: Any) -> list[Any]:
    tensors = [Tensor(np.asarray(x, float), requires_grad=True) for x in xs]
    f(*tensors).sum().backward()
    return [t.grad for t in tensors]


# Complex factors: the chain rule through real and imaginary parts

PRODUCTS: list[tuple[Any, tuple[int, ...], tuple[int, ...]]] = [
    (np.matmul, (2, 3), (3, 2)),
    (np.matmul, (2, 2, 3), (3, 2)),
    (np.dot, (3,), (3,)),
    (np.inner, (2, 3), (2, 3)),
    (np.outer, (2,), (3,)),
    (np.vdot, (2, 3), (6,)),
    (np.vecdot, (2, 3), (3,)),
    (L.vecdot, (2, 3), (2, 3)),
    (np.tensordot, (2, 3, 2), (3, 2)),
    (np.kron, (2, 2), (1, 3)),
    (np.cross, (2, 3), (3,)),
    (np.convolve, (4,), (2,)),
    (np.correlate, (2,), (5,)),
    (lambda a, b: np.correlate(a, b, "same"), (3,), (4,)),
    (lambda a, b: np.einsum("ij,jk", a, b), (2, 3), (3, 2)),
    (lambda a, b: np.einsum("ii,i...->...", a, b), (3, 3), (3, 2)),
    (lambda a, b: L.multi_dot([a, b, a]), (2, 3), (3, 2)),
    (lambda a, b: L.matrix_power(a, 3) + b, (2, 2), (2, 2)),
    (lambda a, b: L.matrix_power(a, -2) + b, (2, 2), (2, 2)),
    (np.polyval, (3,), (2,)),
]
if hasattr(np, "matvec"):
    PRODUCTS += [(np.matvec, (2, 2, 3), (3,)), (np.vecmat, (2, 3), (3, 2))]


@pytest.mark.parametrize(("f", "a", "b"), PRODUCTS)
def test_complex_factors(f: Any, a: Any, b: Any) -> None:
    w = RNG.standard_normal(40) + 1j * RNG.standard_normal(40)

    def loss(*parts: Any) -> Any:
        z = np.ravel(f(parts[0] + 1j * parts[1], parts[2] + 1j * parts[3]))
        return (z * z * w[: z.size]).real.sum()

    parts = [RNG.standard_normal(s) for s in (a, a, b, b)]
    values = loss(*parts), loss(*map(Tensor, parts)).item()
    assert values[0] == pytest.approx(values[1])
    assert gradcheck(loss, *parts)
    assert gradgradcheck(loss, *parts, rtol=1e-4, atol=1e-6)


# einsum


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("i,i", [(2,), (1,)]),
        ("i,i->i", [(1,), (3,)]),
        ("ij->", [(2, 3)]),
        ("ij->j", [(2, 3)]),
        ("ii", [(3, 3)]),
        ("ii->i", [(3, 3)]),
        ("iji->ij", [(3, 2, 3)]),
        ("iiii->i", [(2, 2, 2, 2)]),
        ("iijj", [(2, 2, 3, 3)]),
        ("ii,ij,jj->j", [(2, 2), (2, 3), (3, 3)]),
        ("ij,kj->", [(2, 3), (4, 3)]),
        (",i->i", [(), (3,)]),
        ("->", [()]),
        ("...", [(2, 3)]),
        ("...->...", [()]),
        ("...i,i", [(2, 3), (3,)]),
        ("i...,i...->...", [(2, 1, 3), (2, 4, 1)]),
        ("...i,...i->...", [(2, 1, 3), (4, 3)]),
        ("...ii->...i", [(2, 3, 3)]),
        ("ab...,b...c->...ca", [(2, 3, 1), (3, 4, 2)]),
        ("ba", [(2, 3)]),
        ("Ba", [(2, 3)]),
        (" i j , j k -> i k ", [(2, 3), (3, 2)]),
        ("ij,ij,ij->i", [(2, 3), (1, 3), (2, 1)]),
        ("ij,jk", [(0, 3), (3, 2)]),
        ("ij,jk", [(2, 0), (0, 2)]),
    ],
)
@pytest.mark.parametrize("optimize", [False, True])
def test_einsum(subscripts: str, shapes: Any, optimize: bool) -> None:
    arrays = [RNG.standard_normal(s) for s in shapes]
    expected = np.einsum(subscripts, *arrays, optimize=optimize)

    def f(*xs: Any) -> Any:
        return np.einsum(subscripts, *xs, optimize=optimize)

    out = f(*(Tensor(x, requires_grad=True) for x in arrays))
    assert out.shape == expected.shape
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-13, atol=1e-13)
    assert gradcheck(f, *arrays)
    assert gradgradcheck(f, *arrays)


def test_a_broadcast_letter_is_summed_to_its_operand() -> None:
    a, b = grads(lambda x, y: np.einsum("i,i", x, y), [1, 2], [3])
    assert a.tolist() == [3, 3]
    assert b.tolist() == [3]


def test_einsum_by_lists() -> None:
    x, y = leaf(2, 3), leaf(3, 4)
    expected = np.einsum("ij,jk->ki", x.data, y.data)
    for call in (
        lambda: np.einsum(x, [0, 1], y, [1, 2], [2, 0]),
        lambda: np.einsum(x, (30, 1), y, (1, 2), (2, 30)),
        lambda: np.einsum(x, [Ellipsis, 1], y, [1, 2], [2, Ellipsis]),
    ):
        np.testing.assert_allclose(call().detach().numpy(), expected)
    transposed = np.einsum(x, [1, 0])  # the letters' order makes the result's
    np.testing.assert_array_equal(transposed.detach().numpy(), x.data.T)


def test_an_explicit_path_serves_forward_only() -> None:
    x, y, z = leaf(2, 3), leaf(3, 4), leaf(4, 2)
    path, _ = np.einsum_path("ij,jk,kl", x, y, z)
    np.einsum("ij,jk,kl->", x, y, z, optimize=path).backward()
    np.testing.assert_allclose(y.grad, x.data.sum(0)[:, None] * z.data.sum(1))


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk", [(2, 3)]),
        ("ij->k", [(2, 3)]),
        ("ij->ijj", [(2, 3)]),
        ("ii", [(2, 3)]),
        ("i", [(2, 3)]),
        ("ijk", [(2, 3)]),
        ("iij", [(2, 3)]),
        ("i...->i", [(2, 3)]),
        ("ij,jk", [(2, 3), (2, 3)]),
        ("i.j", [(2, 3)]),
    ],
)
def test_wrong_subscripts_are_an_error(subscripts: str, shapes: Any) -> None:
    arrays = [np.ones(s) for s in shapes]
    with pytest.raises(ValueError):
        np.einsum(subscripts, *arrays)
    with pytest.raises(ValueError):
        np.einsum(subscripts, *(Tensor(x, requires_grad=True) for x in arrays))


# NumPy's manners


def test_float32_stays() -> None:
    x, y = leaf(3, 3, dtype=np.float32), leaf(3, 3, dtype=np.float32)
    for f in (np.dot, np.inner, np.outer, np.kron, np.tensordot, np.cross, np.vdot, np.vecdot):
        out = f(x, y)
        assert out.dtype == np.float32, f
        for g in gradients(out, [x, y], np.ones(out.shape), create_graph=True):
            assert g.dtype == np.float32, f


def test_numbers_and_lists_are_factors_too() -> None:
    x = leaf(3)
    for f in (np.dot, np.inner, np.outer, np.kron, np.multiply):
        np.testing.assert_array_equal(f(x, 2.0).detach().numpy(), f(x.data, 2.0))
        np.testing.assert_array_equal(f(2.0, x).detach().numpy(), f(2.0, x.data))
    np.testing.assert_allclose(np.dot([1.0, 2, 3], x).item(), np.dot([1.0, 2, 3], x.data))
    np.testing.assert_allclose(np.cross([1.0, 2, 3], x).tolist(), np.cross([1.0, 2, 3], x.data))
    np.testing.assert_allclose(np.convolve(x, 2.0).tolist(), 2 * x.data)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 40), min_size=3, max_size=7))
def test_multi_dot_takes_numpys_value(sides: list[int]) -> None:
    arrays = [RNG.standard_normal((m, n)) for m, n in pairwise(sides)]
    got = L.multi_dot([Tensor(a, requires_grad=True) for a in arrays])
    np.testing.assert_allclose(got.detach().numpy(), L.multi_dot(arrays), rtol=1e-9, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=4, max_size=6))
def test_multi_dot_takes_the_cheapest_order(sides: list[int]) -> None:
    def cost(node: Any) -> int:  # of the products below a node: rows x columns x what is summed
        parents = [parent for _, parent, _ in node.edges or ()]
        below = sum(map(cost, parents))
        return below + (node.shape[0] * node.shape[1] * parents[0].shape[1] if parents else 0)

    def least(i: int, j: int) -> int:  # of all the ways to set the parentheses
        return min(
            (least(i, k) + least(k, j) + sides[i] * sides[k] * sides[j] for k in range(i + 1, j)),
            default=0,
        )

    out = L.multi_dot([leaf(m, n) for m, n in pairwise(sides)])
    assert cost(out._node) == least(0, len(sides) - 1)


def test_multi_dot_of_a_vector_takes_the_cheap_order() -> None:
    shapes = []
    node = L.multi_dot([leaf(50, 2), leaf(2, 50), leaf(50)])._node
    while node.edges:
        shapes.append(node.shape)
        node = node.edges[-1][1]
    assert shapes == [(50,), (2,)]  # a (b c), never the 50 by 50 of a b


@pytest.mark.parametrize(
    "shapes", [[(2, 2)], [(2, 2), (2,), (2, 2)], [(2, 2), (2, 2, 2)], [()] * 2]
)
def test_multi_dot_wants_matrices(shapes: Any) -> None:
    with pytest.raises(L.LinAlgError, match="multi_dot"):
        L.multi_dot([leaf(*s) for s in shapes])


def test_the_power_zero_is_constant() -> None:
    a = leaf(2, 2, dtype=np.float32)
    one = L.matrix_power(a * np.inf, 0)
    assert one.dtype == np.float32
    np.testing.assert_array_equal(one.detach().numpy(), np.eye(2))
    L.matrix_power(a, 0).sum().backward()
    assert a.grad.tolist() == [[0, 0], [0, 0]]
    assert L.matrix_power(leaf(3, 2, 2), 0).shape == (3, 2, 2)


@pytest.mark.parametrize("n", [0, 1, 2, -1])
def test_powers_are_of_square_matrices_and_whole(n: int) -> None:
    with pytest.raises(L.LinAlgError, match="not square"):
        L.matrix_power(leaf(2, 3), n)
    with pytest.raises(TypeError, match="integer"):
        L.matrix_power(leaf(2, 2), 0.5)


def test_matrix_power_minus_one_is_the_inverse() -> None:
    a = RNG.standard_normal((3, 3)) + 3 * np.eye(3)
    assert gradcheck(lambda x: L.matrix_power(x, -3), a)
    np.testing.assert_allclose(
        L.matrix_power(Tensor(a), -3).numpy(), L.matrix_power(a, -3), rtol=1e-9
    )


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda x: np.cross(x[:, :2], x[:, :2]), ValueError, "length 2"),
        (lambda x: np.dot(x, x, out=np.ones((3, 3))), TypeError, "out"),
        (lambda x: np.einsum("ij->", x, out=np.ones(())), TypeError, "out"),
        (lambda x: np.einsum("ij->", x, dtype=np.float32), TypeError, "dtype"),
        (lambda x: np.vecdot(x, x[0, 0]), ValueError, "vecdot: got 0 axes for argument 1"),
        (lambda x: L.outer(x, x), ValueError, "outer"),
        (lambda x: np.tensordot(x, x, axes=x), TypeError, "tensordot"),
        (lambda x: np.tensordot(x, x, axes=([0], [0, 1])), ValueError, "shape"),
        (lambda x: np.tensordot(x, x, axes=(2, 0)), ValueError, "axis 2"),
        (lambda x: np.vander(x), ValueError, "vander"),
        (lambda x: np.convolve(x, x), ValueError, "too deep"),
        (lambda x: np.convolve(x[0], x[0], "sam"), ValueError, "mode"),
        (lambda x: np.convolve(x[0], x[0, :0]), ValueError, "empty"),
        (lambda x: np.polyfit(x[0], x[1], 1), NoGradientRuleError, "polyfit"),
        (lambda x: x @ x[0, 0], ValueError, "matmul"),
    ],
)
def test_what_cannot_be_is_refused(call: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        call(leaf(3, 3))


@pytest.mark.skipif(not hasattr(np, "matvec"), reason="new in NumPy 2.2")
def test_matrices_and_vectors_have_enough_axes() -> None:
    x = leaf(3, 3)
    for call, match in [
        (lambda: np.matvec(x[0], x[0]), "matvec: got 1 axes for argument 0, expected at least 2"),
        (lambda: np.matvec(x, x[0, 0]), "matvec: got 0 axes for argument 1"),
        (lambda: np.vecmat(x[0, 0], x), "vecmat: got 0 axes for argument 0"),
        (lambda: np.vecmat(x[0], x[0]), "vecmat: got 1 axes for argument 1, expected at least 2"),
    ]:
        with pytest.raises(ValueError, match=match):
            call()
