"""Reductions, running sums and statistics where the table of ops does not look."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import numpy as np
import pytest

from autograd import NoGradientRuleError, Tensor, gradients, no_grad
from autograd.ops.common import expand


def leaf(x: Any) -> Tensor:
    return Tensor(np.asarray(x, np.float64), requires_grad=True)


def grad(f: Any, x: Any) -> Any:
    x = leaf(x)
    f(x).sum().backward()
    return x.grad


# Products with zeros


@pytest.mark.parametrize(
    "x", [[2.0, 0, 3], [0.0, 0, 3], [0.0, 0, 0], [2.0, 3, 4], [0.0], [5.0], []]
)
def test_prod_of_zeros_at_three_orders(x: list[float]) -> None:
    """The derivative by elements i, j, ... is the product of the others, 0 if two are the same."""
    t, n = leaf(x), len(x)

    def others(*left_out: int) -> float:
        rest = [v for i, v in enumerate(x) if i not in left_out]
        return float(np.prod(rest)) if len(set(left_out)) == len(left_out) else 0.0

    (g,) = gradients(np.prod(t), t, create_graph=True)
    np.testing.assert_array_equal(g.data, [others(i) for i in range(n)])
    for i in range(n):
        (h,) = gradients(g[i], t, create_graph=True)
        np.testing.assert_array_equal(h.data, [others(i, j) for j in range(n)])
        for j in range(n):
            (third,) = gradients(h[j], t, create_graph=True)
            np.testing.assert_array_equal(third.data, [others(i, j, k) for k in range(n)])


def test_cumprod_of_zeros_at_two_orders() -> None:
    x = np.array([2.0, 0, 3, 0, 5, 7])
    t, v = leaf(x), np.array([1.0, -2, 4, 3, 0.5, 2])

    def expected(left_out: set[int]) -> float:
        terms = [
            v[i] * np.prod([x[j] for j in range(i + 1) if j not in left_out])
            for i in range(len(x))
            if i >= max(left_out)
        ]
        return float(sum(terms))

    (g,) = gradients(np.cumprod(t), t, v, create_graph=True)
    np.testing.assert_allclose(g.data, [expected({i}) for i in range(6)])
    for i in range(6):
        (h,) = gradients(g[i], t, retain_graph=True)
        np.testing.assert_allclose(h, [0 if i == j else expected({i, j}) for j in range(6)])


def test_cumprod_of_many_does_not_divide() -> None:
    x = np.random.default_rng(0).uniform(0.9, 1.1, 1000)
    t = leaf(x)
    np.cumprod(t).sum().backward()
    y = np.cumprod(x)
    np.testing.assert_allclose(t.grad, np.cumsum(y[::-1])[::-1] / x, rtol=1e-12)


# Extremes


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (np.max, [2.0, 2, 1], [0.5, 0.5, 0]),
        (np.amin, [[1.0, 1], [1, 1]], np.full((2, 2), 0.25)),
        (np.max, [1.0, nan, nan], [0, 0.5, 0.5]),
        (np.max, [inf, inf, 1], [0.5, 0.5, 0]),
        (np.nanmax, [1.0, nan, 3, 3], [0, 0, 0.5, 0.5]),
        (np.nanmin, [1.0, nan, 3, 3], [1, 0, 0, 0]),
        (lambda x: np.max(x, initial=5), [1.0, 2], [0, 0]),
        (lambda x: np.max(x, initial=2), [1.0, 2], [0, 0.5]),
        (lambda x: np.max(x, initial=5), [], []),
        (lambda x: np.max(x, initial=-1, where=[True, False]), [1.0, 2], [1, 0]),
        (lambda x: np.min(x, initial=9, where=False), [1.0, 2], [0, 0]),
        (np.ptp, [1.0, 5, 5, 3], [-1, 0.5, 0.5, 0]),
        (np.ptp, [4.0, 4], [0, 0]),
        (lambda x: np.max(x, axis=()), [1.0, 2], [1, 1]),
    ],
)
def test_ties_nan_and_initial(f: Any, x: Any, expected: Any) -> None:
    np.testing.assert_array_equal(grad(f, x), expected)


def test_many_ties_in_half_precision_sum_to_1() -> None:
    x = Tensor(np.zeros(40_000, np.float16), requires_grad=True)
    np.max(x).backward()
    assert x.grad is not None
    assert x.grad.astype(np.float64).sum() == pytest.approx(1, rel=0.2)
    assert (x.grad > 0).all()


def test_nan_of_nothing_warns_as_numpy_does() -> None:
    x = leaf([nan, nan])
    for f in (np.nanmax, np.nanmedian, np.nanvar):
        with pytest.warns(RuntimeWarning):
            assert np.isnan(f(x).item())
    with pytest.warns(RuntimeWarning):
        assert np.isnan(np.nanmean(x).item())
    assert np.nansum(x).item() == 0
    assert np.nanprod(x).item() == 1


def test_what_a_mask_leaves_out_may_be_nan() -> None:
    x, keep = [1.0, nan, 3], [True, False, True]
    for f, expected in (
        (np.sum, [1, 0, 1]), (np.mean, [0.5, 0, 0.5]), (np.prod, [3, 0, 1]),
        (np.var, [-1, 0, 1]), (np.std, [-0.5, 0, 0.5]),
    ):  # fmt: skip
        np.testing.assert_allclose(grad(lambda x, f=f: f(x, where=keep), x), expected)
        (g,) = gradients(f(t := leaf(x), where=keep), t, create_graph=True)
        (h,) = gradients((g * [1.0, 2, 4]).sum(), t) if g.requires_grad else (np.zeros(3),)
        assert np.isfinite(h).all() if h is not None else True


# Shapes, dtypes and what is refused


def test_positional_arguments_are_in_numpys_order() -> None:
    x = leaf([[1.0, 2], [3, 4]])
    assert np.sum(x, 0, np.float32, None, True, 1, [[True], [False]]).data.tolist() == [[2, 3]]
    assert np.sum(x, 0, np.float32).dtype == np.float32
    assert np.prod(x, 1, None, None, False, 2).data.tolist() == [4, 24]
    assert np.max(x, 0, None, True, 9).data.tolist() == [[9, 9]]
    assert np.var(x, 0, None, None, 1, True).data.tolist() == [[2, 2]]
    assert np.cumsum(x, 0, np.float64).data.tolist() == [[1, 2], [4, 6]]
    assert np.quantile(x, 0.5, 0, None, False, "lower", True).data.tolist() == [[1, 2]]


def test_methods_of_ufuncs() -> None:
    x = leaf([1.0, 2, 3])
    np.testing.assert_array_equal(gradients(np.multiply.reduce(x), x)[0], [6, 3, 2])
    np.testing.assert_array_equal(np.multiply.accumulate(x).data, [1, 2, 6])


@pytest.mark.parametrize(
    "f", [np.sum, np.mean, np.prod, np.max, np.nansum, np.var, np.std, np.cumsum, np.median, np.ptp]
)
def test_out_is_refused(f: Any) -> None:
    x = leaf([1.0, 2])
    with pytest.raises(NoGradientRuleError, match="out="):
        f(x, out=np.zeros(()))


@pytest.mark.parametrize("f", [np.sum, np.mean, np.prod, np.cumsum, np.cumprod, np.var])
def test_an_integer_dtype_is_refused_for_floats_only(f: Any) -> None:
    with pytest.raises(NoGradientRuleError, match="dtype=int64"):
        f(leaf([1.5, 2]), dtype=np.int64)
    assert f(Tensor([1, 2]), dtype=np.int64).dtype == f(np.array([1, 2]), dtype=np.int64).dtype


def test_configuration_may_not_be_a_tensor() -> None:
    x = leaf([1.0, 2])
    with pytest.raises(NoGradientRuleError, match="configuration"):
        np.quantile(x, leaf(0.5))
    with pytest.raises(NoGradientRuleError, match="configuration"):
        np.sum(x, initial=leaf(1.0))


def test_empty() -> None:
    x = leaf(np.zeros((0, 3)))
    assert np.sum(x).item() == 0
    assert np.prod(x, axis=0).data.tolist() == [1, 1, 1]
    for f in (np.sum, np.prod, np.cumsum, np.cumprod, np.diff):
        assert grad(f, np.zeros((0, 3))).shape == (0, 3)
    with pytest.raises(ValueError, match="zero-size"):
        np.max(x)


@pytest.mark.parametrize("axis", [None, 0, -1, 1, (0, 2), (), (0, 1, 2)])
@pytest.mark.parametrize("layout", ["plain", "transposed", "read-only"])
def test_expand_is_broadcast_to(axis: Any, layout: str) -> None:
    shape = (2, 3, 4)
    g = np.random.default_rng(0).standard_normal(shape).sum(axis=axis)
    if layout == "transposed":
        g = np.asarray(g).T.copy().T
    elif isinstance(g, np.ndarray):
        g.flags.writeable = False
    kept = np.reshape(g, np.zeros(shape).sum(axis=axis, keepdims=True).shape)
    np.testing.assert_array_equal(expand(g, shape, axis), np.broadcast_to(kept, shape))


def test_ops_give_plain_arrays_for_plain_arrays_and_record_nothing_under_no_grad() -> None:
    x = leaf([1.0, 2])
    with no_grad():
        for f in (np.sum, np.prod, np.cumprod, np.std, np.median, np.gradient):
            assert not f(x).requires_grad


# Variance and order statistics


def test_std_of_constants() -> None:
    np.testing.assert_array_equal(grad(np.std, [1.0, 1, 1]), 0)
    x = leaf([2.0, 2])
    (g,) = gradients(np.std(x), x, create_graph=True)
    np.testing.assert_array_equal(gradients(g.sum(), x)[0], 0)
    np.testing.assert_array_equal(grad(lambda x: np.nanstd(x, axis=0), [[1.0, 2], [1, nan]]), 0)


def test_std_of_as_many_as_ddof_is_nan() -> None:
    with pytest.warns(RuntimeWarning, match="freedom"), np.errstate(invalid="ignore"):
        y = np.std(x := leaf([1.0]), ddof=1)
    assert np.isnan(y.item())
    with np.errstate(all="ignore"):
        y.backward()
    assert np.isnan(x.grad).all()


def test_var_with_the_mean_given_as_a_tensor_or_an_array() -> None:
    x = [1.0, 2, 6]
    whole = grad(np.var, x)
    np.testing.assert_allclose(grad(lambda x: np.var(x, mean=np.mean(x, keepdims=True)), x), whole)
    np.testing.assert_allclose(
        grad(lambda x: np.var(x, mean=np.array([0.0])), x), np.multiply(x, 2 / 3)
    )
    np.testing.assert_allclose(np.var(leaf(x), correction=1).item(), 7)
    with pytest.raises(ValueError, match="ddof"):
        np.var(leaf(x), ddof=1, correction=1)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (np.median, [0, 0.5, 0, 0.5]),
        (lambda x: np.quantile(x, 0.25), [0, 0.75, 0.25, 0]),
        (lambda x: np.percentile(x, [0, 100]), [1, 0, 1, 0]),
        (lambda x: np.quantile(x, 0.4, method="lower"), [0, 1, 0, 0]),
        (lambda x: np.quantile(x, 0.4, method="midpoint"), [0, 0.5, 0, 0.5]),
        (lambda x: np.quantile(x, 0.4, method="hazen"), [0, 0.9, 0, 0.1]),
    ],
)
def test_order_statistics(f: Any, expected: Any) -> None:
    x = [9.0, 2, 1, 5]
    np.testing.assert_allclose(grad(f, x), expected, atol=1e-12)


def test_order_statistics_of_ties_share_1() -> None:
    g = grad(np.median, [3.0, 3, 3, 3, 1])
    assert g.sum() == 1
    assert g[4] == 0


def test_order_statistics_with_nan() -> None:
    x = [1.0, nan, 4, 2]
    np.testing.assert_array_equal(grad(np.nanmedian, x), [0, 0, 0, 1])
    assert np.isnan(np.median(leaf(x)).item())


# Averages, covariances, integrals


def test_average_refuses_weights_that_sum_to_0_or_do_not_fit() -> None:
    with pytest.raises(ZeroDivisionError):
        np.average(leaf([1.0, 2]), weights=[1.0, -1])
    with pytest.raises(ValueError, match="weights of shape"):
        np.average(leaf([[1.0, 2]]), weights=[1.0, 1, 1], axis=1)


def test_covariance_of_one_observation_warns_as_numpy_does() -> None:
    with pytest.warns(RuntimeWarning, match="freedom"), np.errstate(all="ignore"):
        np.cov(leaf([1.0]))
    with pytest.raises(ValueError, match="dimensions"):
        np.cov(leaf(np.ones((1, 1, 1))))
    with pytest.raises(ValueError, match="fweights"):
        np.cov(leaf([1.0, 2]), fweights=[0.5, 1])


def test_correlation_with_itself_is_1_and_does_not_change() -> None:
    x = leaf([1.0, 2, 4])
    np.corrcoef(x, x)[0, 1].backward()
    np.testing.assert_allclose(x.grad, 0, atol=1e-15)


def test_gradient_and_diff_refuse_what_numpy_refuses() -> None:
    x = leaf([1.0, 2, 4])
    with pytest.raises(ValueError, match="edge_order"):
        np.gradient(x, edge_order=3)
    with pytest.raises(ValueError, match="needs more"):
        np.gradient(x[:1])
    with pytest.raises(ValueError, match="coordinates"):
        np.gradient(x, [1.0, 2])
    with pytest.raises(TypeError, match="spacings"):
        np.gradient(x, 1.0, 2.0)
    with pytest.raises(ValueError, match="n is -1"):
        np.diff(x, -1)
    with pytest.raises(ValueError, match="at least one"):
        np.diff(leaf(1.0))
    if hasattr(np, "cumulative_sum"):
        with pytest.raises(ValueError, match="axis="):
            np.cumulative_sum(leaf([[1.0]]))


def test_gradient_of_float32_with_float64_coordinates_is_float32() -> None:
    f = Tensor(np.ones(4, np.float32), requires_grad=True)
    for h in (np.float64(0.5), np.arange(4.0), np.arange(4.0) ** 2):
        assert np.gradient(f, h).dtype == np.gradient(f.data, h).dtype == np.float32
    h = np.arange(4, dtype=np.uint8)[::-1] ** 2
    np.testing.assert_allclose(np.gradient(f, h).data, 0, atol=1e-7)


def test_trapezoid_of_a_tensor_of_points() -> None:
    x = leaf([0.0, 1, 3])
    np.trapezoid([1.0, 2, 4], x).backward()
    np.testing.assert_array_equal(x.grad, [-1.5, -1.5, 3])


def test_the_mean_without_nan_in_a_dtype_that_holds_the_sum() -> None:
    half = np.nanmean(Tensor(np.array([60000, 60000, np.nan, 60000], np.float16)))
    assert (half.dtype, half.item()) == (np.float16, 60000)
    single = Tensor(np.array([2.0**24, 1.0, np.nan], np.float32))
    assert np.nanmean(single).dtype == np.float32
    double = np.nanmean(single, dtype=np.float64)
    assert (double.dtype, double.item()) == (np.float64, (2.0**24 + 1) / 2)
    assert np.nanmean(Tensor([1, 2])).item() == 1.5


def test_bincount_without_weights_counts() -> None:
    assert type(np.bincount(Tensor([1, 1, 2]))) is np.ndarray
    assert np.bincount(Tensor([1, 1, 2]), minlength=5).tolist() == [0, 2, 1, 0, 0]
    assert np.bincount(np.array([0, 2, 2]), leaf([1.0, 2, 3])).data.tolist() == [1, 0, 5]


def test_averages_of_integers_are_in_double_precision() -> None:
    for a in (np.array([1, 2, 4]), np.array([True, False, True]), np.array([1, 2, 4], np.uint8)):
        for w in (np.float16, np.float32, np.int64):
            weights = np.array([1, 2, 3], w)
            expected = np.average(a, weights=weights)
            got = np.average(Tensor(a), weights=Tensor(weights))
            assert got.dtype == expected.dtype == np.float64
            assert got.item() == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    "histogram",
    [
        lambda w: np.histogram([0.1, 0.2], "auto", weights=w),
        lambda w: np.histogram([0.1, 0.2], np.array([0, 1]), weights=w[:1]),
        lambda w: np.histogram([[0.1, 0.2]], weights=w),
    ],
)
def test_histograms_by_weights_refuse_what_numpy_refuses(histogram: Any) -> None:
    weights = np.array([1.0, 2.0])
    with pytest.raises((TypeError, ValueError)) as expected:
        histogram(weights)
    with pytest.raises(expected.type):
        histogram(Tensor(weights, requires_grad=True))
