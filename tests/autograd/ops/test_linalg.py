"""Linear algebra where the table of ops does not look: singular points, ties, results, refusals."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, gradcheck, gradgradcheck, gradients
from autograd.errors import NoGradientRuleError

L = np.linalg
RNG = np.random.default_rng(0)
A = RNG.standard_normal((3, 3))
TALL = RNG.standard_normal((4, 2))
VECTOR_ORDS = (None, 2, 1, 0, 3, 2.5, 0.5, -1, np.inf, -np.inf)
MATRIX_ORDS = ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)


def g(f: Any, *xs: Any) -> Any:
    leaves = [Tensor(np.asarray(x, np.float64), requires_grad=True) for x in xs]
    f(*leaves).sum().backward()
    return leaves[0].grad if len(leaves) == 1 else [x.grad for x in leaves]


# Determinants


def cofactors(a: np.ndarray) -> np.ndarray:
    """By definition: signed determinants of what is left without a row and a column."""
    out = np.empty_like(a)
    for i, j in np.ndindex(a.shape):
        rest = np.delete(np.delete(a, i, 0), j, 1)
        out[i, j] = (-1) ** (i + j) * L.det(rest)
    return out


def of_rank(rank: int, n: int = 4) -> np.ndarray:
    """A singular matrix of small whole numbers."""
    rng = np.random.default_rng(rank)
    a = np.zeros((n, n))
    a[:rank] = rng.integers(-3, 4, (rank, n))
    return a


@pytest.mark.parametrize("rank", range(5))
def test_the_gradient_of_det_is_the_matrix_of_cofactors_at_every_rank(rank: int) -> None:
    a = of_rank(rank)
    np.testing.assert_allclose(g(L.det, a), cofactors(a), atol=1e-10)


@pytest.mark.parametrize("rank", range(5))
def test_det_of_singular_matrices_has_second_derivatives(rank: int) -> None:
    assert gradgradcheck(L.det, of_rank(rank))


def test_det_in_a_stack_of_regular_and_singular_matrices() -> None:
    a = np.stack([A, np.ones((3, 3)), np.zeros((3, 3))])
    np.testing.assert_allclose(g(L.det, a), [cofactors(x) for x in a], atol=1e-10)
    assert gradgradcheck(L.det, a)


def test_det_of_an_empty_matrix_is_1_and_its_gradient_empty() -> None:
    assert g(L.det, np.zeros((0, 0))).shape == (0, 0)
    assert gradcheck(L.det, [[0.0]])


def test_log_determinant_against_its_formula() -> None:
    np.testing.assert_allclose(g(lambda a: L.slogdet(a).logabsdet, A), L.inv(A).T)
    np.testing.assert_array_equal(g(lambda a: L.slogdet(a).sign, A), np.zeros((3, 3)))


def test_log_determinant_of_a_singular_matrix_has_no_gradient() -> None:
    with pytest.raises(L.LinAlgError):
        g(lambda a: L.slogdet(a).logabsdet, np.ones((2, 2)))


# Norms


@pytest.mark.parametrize("ord", VECTOR_ORDS)
@np.errstate(divide="ignore")  # NumPy warns of 0**-1
def test_norm_of_a_zero_vector_has_gradient_0(ord: Any) -> None:
    np.testing.assert_array_equal(g(lambda x: L.norm(x, ord), np.zeros(3)), np.zeros(3))
    rows = np.array([[0.0, 0.0], [3.0, 4.0]])
    got = g(lambda x: L.norm(x, ord, axis=1), rows)
    np.testing.assert_array_equal(got[0], 0)
    np.testing.assert_allclose(got[1], g(lambda x: L.norm(x, ord), rows[1]))


@pytest.mark.parametrize("ord", [None, *MATRIX_ORDS])
def test_norm_of_a_zero_matrix_has_gradient_0(ord: Any) -> None:
    np.testing.assert_array_equal(g(lambda x: L.norm(x, ord), np.zeros((2, 3))), np.zeros((2, 3)))


@pytest.mark.parametrize("ord", [2, 3, 2.5, 4])
def test_second_derivative_of_a_norm_at_0_is_0_too(ord: float) -> None:
    x = Tensor(np.zeros(3), requires_grad=True)
    (slope,) = gradients(L.norm(x, ord), x, create_graph=True)
    (curve,) = gradients(slope.sum(), x)
    np.testing.assert_array_equal(curve, np.zeros(3))


@pytest.mark.parametrize("ord", [None, 2, 3, 2.5, 1, np.inf])
def test_norm_where_one_element_is_0(ord: Any) -> None:
    x = np.array([3.0, 0.0, -4.0])
    if ord == 1:  # |x| has its kink there: 0
        np.testing.assert_array_equal(g(lambda x: L.norm(x, ord), x), [1, 0, -1])
    else:
        assert gradcheck(lambda x: L.norm(x, ord), x)
    if ord in (None, 2, 3):
        assert gradgradcheck(lambda x: L.norm(x, ord), x)


@np.errstate(divide="ignore")
def test_norms_below_1_give_0_to_an_element_that_is_0() -> None:
    for p in (0.5, -1):
        assert g(lambda x, p=p: L.norm(x, p), [3.0, 0.0])[1] == 0


def test_ties_share_the_gradient_of_a_norm() -> None:
    np.testing.assert_allclose(g(lambda x: L.norm(x, np.inf), [2.0, -2, 1]), [0.5, -0.5, 0])
    np.testing.assert_allclose(g(lambda x: L.norm(x, -np.inf), [2.0, -1, 1]), [0, -0.5, 0.5])
    np.testing.assert_allclose(g(lambda x: L.norm(x, 1), np.ones((2, 2))), np.full((2, 2), 0.5))
    np.testing.assert_allclose(g(lambda x: L.norm(x, 2), np.eye(2)), np.eye(2) / 2)
    np.testing.assert_allclose(g(lambda x: L.norm(x, -2), np.eye(2)), np.eye(2) / 2)


def test_the_nuclear_norm_of_a_matrix_with_equal_singular_values() -> None:
    np.testing.assert_allclose(g(lambda x: L.norm(x, "nuc"), 3 * np.eye(3)), np.eye(3))


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(
    ("shape", "axis"),
    [*product([(), (2,), (0,), (2, 3), (0, 3), (2, 1, 3)], [None, 0, -1, (0, 1)])],
)
@np.errstate(divide="ignore")
def test_norm_gives_what_numpy_gives_or_raises_where_it_does(
    shape: Any, axis: Any, keepdims: bool
) -> None:
    x = RNG.standard_normal(shape)
    for ord in (*VECTOR_ORDS, *MATRIX_ORDS, "nonsense"):
        try:
            expected = L.norm(x, ord, axis, keepdims)
        except ValueError:
            with pytest.raises(ValueError):  # AxisError and LinAlgError are ValueErrors
                L.norm(Tensor(x), ord, axis, keepdims)
        else:
            got = L.norm(Tensor(x), ord, axis, keepdims).numpy()
            np.testing.assert_allclose(got, expected, rtol=1e-12)
            assert got.shape == np.shape(expected)


def test_norm_of_integers_is_a_float() -> None:
    assert L.norm(Tensor([3, 4])).item() == 5
    assert L.norm(Tensor([3, 4]), 1).dtype == np.float64


def test_norm_refuses_an_axis_named_twice() -> None:
    with pytest.raises(ValueError, match="repeated axis"):
        L.norm(Tensor(A), 2, axis=(0, -2))


def test_cond_of_singular_matrices_is_inf() -> None:
    assert L.cond(Tensor(np.zeros((2, 2)))).item() == np.inf
    assert L.cond(Tensor([[1.0, 0.0], [0.0, 0.0]])).item() == np.inf


# Decompositions


def test_results_are_numpys_named_tuples() -> None:
    t = Tensor(A @ A.T + np.eye(3), requires_grad=True)
    for f in (L.eig, L.eigh, L.qr, L.svd, L.slogdet):
        expected, got = f(t.detach().numpy()), f(t)
        assert type(got) is type(expected)
        for name in expected._fields:
            result = getattr(got, name)
            assert isinstance(result, Tensor)
            assert result.requires_grad
            np.testing.assert_array_equal(result.detach().numpy(), getattr(expected, name))


def test_symmetric_matrices_get_symmetric_gradients() -> None:
    a = A @ A.T + np.eye(3)
    for f in (
        L.cholesky,
        lambda a: L.cholesky(a, upper=True),
        lambda a: L.eigh(a).eigenvalues * [1, 2, 3],
        lambda a: L.eigh(a, "U").eigenvectors ** 2 * [[1], [2], [3]] * [1, 2, 3],
    ):
        grad = g(f, a)
        np.testing.assert_allclose(grad, grad.T)
        assert abs(grad).max() > 0.1


def test_cholesky_reads_and_is_differentiable_on_either_triangle() -> None:
    a = A @ A.T + np.eye(3)
    np.testing.assert_allclose(
        g(lambda a: L.cholesky(a, upper=True).mT * A, a), g(lambda a: L.cholesky(a) * A, a)
    )


@pytest.mark.parametrize("f", [L.eigvalsh, lambda a: L.svdvals(a), lambda a: np.real(L.eigvals(a))])
def test_values_of_equal_eigenvalues_have_finite_gradients(f: Any) -> None:
    np.testing.assert_allclose(g(f, np.eye(3)), np.eye(3))


def test_vectors_of_equal_eigenvalues_have_no_finite_gradient() -> None:
    with np.errstate(divide="ignore", invalid="ignore"):
        for f in (lambda a: L.eigh(a).eigenvectors, lambda a: L.svd(a).U):
            assert not np.isfinite(g(f, np.eye(2))).all()


def test_functions_of_a_matrix_through_its_eigenvectors() -> None:
    def power(a: Any) -> Any:
        w, v = L.eigh(a)
        return (v * w**3) @ v.mT

    a = A + A.T
    np.testing.assert_allclose(
        g(lambda a: power(a) * A, a), g(lambda a: a @ a @ a * (A + A.T) / 2, a)
    )


def test_svd_puts_a_matrix_together_again() -> None:
    for shape, full in product([(2, 3), (3, 2), (3, 3)], [True, False]):
        w = RNG.standard_normal(shape)

        def product_of_parts(a: Any, full: bool = full, w: Any = w) -> Any:
            u, s, vh = L.svd(a, full_matrices=full)
            return (u[:, : len(s)] * s) @ vh[: len(s)] * w

        np.testing.assert_allclose(g(product_of_parts, RNG.standard_normal(shape)), w)


def test_svd_of_a_symmetric_matrix_orders_and_signs_as_numpy() -> None:
    a = np.diag([1.0, -3.0, 2.0])
    for ours, numpys in zip(
        L.svd(Tensor(a), hermitian=True), L.svd(a, hermitian=True), strict=True
    ):
        np.testing.assert_array_equal(ours.numpy(), numpys)


def test_modes_of_qr() -> None:
    wide = Tensor(TALL.T, requires_grad=True)
    np.testing.assert_array_equal(L.qr(wide, "complete").R.detach().numpy(), L.qr(TALL.T).R)
    for mode in ("complete", "raw"):
        with pytest.raises(NoGradientRuleError, match=f"qr: mode='{mode}'"):
            L.qr(Tensor(TALL), mode)


# Equations


def test_solve_takes_a_vector_or_matrices_as_numpy_2_does() -> None:
    a, b = RNG.standard_normal((2, 3, 3)), RNG.standard_normal((3, 3))
    assert L.solve(Tensor(a), b[0]).shape == (2, 3)
    np.testing.assert_array_equal(L.solve(Tensor(a), b).numpy(), L.solve(a, b))
    np.testing.assert_array_equal(
        L.solve([[2.0, 0], [0, 4]], Tensor([1.0, 1.0])).numpy(), [0.5, 0.25]
    )


def test_gradients_of_solve_by_formula() -> None:
    b = RNG.standard_normal(3)
    x, back = L.solve(A, b), L.solve(A.T, np.ones(3))
    for got, expected in zip(g(L.solve, A, b), (-np.outer(back, x), back), strict=True):
        np.testing.assert_allclose(got, expected)


def test_lstsq_gives_what_numpy_gives() -> None:
    for a, b in (
        (TALL, RNG.standard_normal((4, 3))),
        (TALL, RNG.standard_normal(4)),
        (TALL.T, [1.0, 2]),
    ):
        expected = L.lstsq(a, b)
        x, squares, rank, s = L.lstsq(Tensor(a, requires_grad=True), b)
        assert rank == expected[2]
        assert type(rank) is type(expected[2])
        for ours, numpys in ((x, expected[0]), (squares, expected[1]), (s, expected[3])):
            np.testing.assert_array_equal(ours.detach().numpy(), numpys)


def test_lstsq_of_a_lower_rank_follows_the_pseudo_inverse() -> None:
    a, b = np.outer([1.0, 2, 3], [1.0, -1]), np.array([1.0, 0, 2])
    by_pinv = g(lambda a, b: L.pinv(a, 1e-10) @ b, a, b)
    for got, expected in zip(g(lambda a, b: L.lstsq(a, b)[0], a, b), by_pinv, strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_pinv_of_an_inverse_is_the_inverse() -> None:
    np.testing.assert_allclose(g(lambda a: L.pinv(a) * A, A), g(lambda a: L.inv(a) * A, A))


def test_singular_matrices_raise() -> None:
    for f in (L.inv, lambda a: L.solve(a, [1.0, 2]), lambda a: L.cond(a, 1)):
        with pytest.raises(L.LinAlgError):
            f(Tensor(np.ones((2, 2)), requires_grad=True))


def test_rank_is_a_plain_number() -> None:
    assert L.matrix_rank(Tensor(np.ones((2, 2)), requires_grad=True)) == 1


def test_configuration_is_no_tensor() -> None:
    for f in (
        lambda t: L.eigh(Tensor(A), t),
        lambda t: L.pinv(Tensor(A), t),
    ):
        with pytest.raises(TypeError):
            f(Tensor(1))
