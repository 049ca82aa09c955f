"""Losses of numbers and distributions: known values, kinks, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, gradcheck, gradgradcheck, gradients

X = np.array([-3.0, -0.5, 0.0, 0.5, 2.0])
ZERO = np.zeros(5)


def slope(f: Any, x: Any, *rest: Any) -> Any:
    t = Tensor(np.asarray(x, float), requires_grad=True)
    return gradients(f(t, *rest).sum(), t)[0]


def test_huber_is_square_near_and_straight_far() -> None:
    np.testing.assert_allclose(F.huber_loss(X, ZERO, "none"), [2.5, 0.125, 0, 0.125, 1.5])
    np.testing.assert_allclose(F.huber_loss(X, ZERO, "none", 2.0), [4, 0.125, 0, 0.125, 2])
    np.testing.assert_allclose(slope(F.huber_loss, X, ZERO, "sum"), [-1, -0.5, 0, 0.5, 1])
    # At the seam both sides have the same slope.
    np.testing.assert_allclose(slope(F.huber_loss, [1.0, -1.0], [0, 0], "sum"), [1, -1])


@pytest.mark.parametrize("beta", [0.25, 1.0, 3.0])
def test_smooth_l1_is_huber_by_beta(beta: float) -> None:
    smooth = F.smooth_l1_loss(X, ZERO, "none", beta)
    np.testing.assert_allclose(smooth, F.huber_loss(X, ZERO, "none", beta) / beta)
    np.testing.assert_array_equal(F.smooth_l1_loss(X, ZERO, "none", 0.0), abs(X))


def test_poisson_is_the_log_of_the_mass_function() -> None:
    rate, counts = np.array([0.5, 3.0, 7.0]), np.array([0.0, 1, 20])
    mass = np.exp(-rate) * rate**counts / [math.factorial(int(k)) for k in counts]
    ours = F.poisson_nll_loss(rate, counts, log_input=False, full=True, reduction="none")
    # Stirling's formula is 1/(12 k) off.
    np.testing.assert_allclose(ours, -np.log(mass), atol=1 / (12 * 20))
    logs = F.poisson_nll_loss(np.log(rate), counts, full=True, reduction="none")
    np.testing.assert_allclose(logs, ours, atol=1e-6)
    some = np.array([0.5, 3, 20])
    gradcheck(lambda x, y: F.poisson_nll_loss(x, y, full=True), rate, some)
    zero = slope(lambda y: F.poisson_nll_loss(rate, y, full=True, reduction="none"), counts)
    assert np.isfinite(zero).all()


def test_gaussian_is_the_log_of_the_density() -> None:
    mean, x, var = np.array([0.0, 1.0]), np.array([0.5, -1.0]), np.array([0.25, 4.0])
    density = np.exp(-((x - mean) ** 2) / (2 * var)) / np.sqrt(2 * np.pi * var)
    ours = F.gaussian_nll_loss(mean, x, var, full=True, reduction="none")
    np.testing.assert_allclose(ours, -np.log(density))


def test_gaussian_of_small_variance() -> None:
    one = np.ones(1)
    at_eps = F.gaussian_nll_loss(one, one + 1, 0.01 * one, eps=0.01)
    for v in (0.0, 0.005):
        assert F.gaussian_nll_loss(one, one + 1, v * one, eps=0.01) == at_eps
        # The gradient is that at eps, so that a variance can leave 0.
        s = slope(lambda v: F.gaussian_nll_loss(one, one + 1, v, eps=0.01), v * one)
        np.testing.assert_allclose(s, 0.5 * (1 / 0.01 - 1 / 0.01**2))


def test_one_variance_for_many() -> None:
    x, y, v = np.random.default_rng(0).random((3, 2, 4, 5)) + 0.1
    full = F.gaussian_nll_loss(x, y, np.broadcast_to(v[:, :1], v.shape), reduction="none")
    np.testing.assert_array_equal(F.gaussian_nll_loss(x, y, v[:, :1], reduction="none"), full)
    np.testing.assert_array_equal(
        F.gaussian_nll_loss(x, y, v[..., 0]), F.gaussian_nll_loss(x, y, v[..., :1])
    )
    assert F.gaussian_nll_loss(x, y, 0.5) == F.gaussian_nll_loss(x, y, np.full(x.shape, 0.5))
    for shape in [(5,), (1, 1), (1, 4), (4, 5, 1), (3,)]:
        with pytest.raises(nn.LossShapeError, match=r"gaussian_nll_loss: var has shape"):
            F.gaussian_nll_loss(x, y, np.ones(shape))
    with pytest.raises(ValueError, match=r"var is negative at position \(1, 2\)"):
        F.gaussian_nll_loss(np.ones((2, 3)), np.ones((2, 3)), [[1, 1, 1], [1, 1, -1]])


def test_divergence() -> None:
    p, q = np.array([[0.5, 0.5, 0.0]]), np.array([[0.25, 0.25, 0.5]])
    assert F.kl_div(np.log(q), p, "batchmean") == pytest.approx(np.log(2))
    assert F.kl_div(np.log(q), p) == pytest.approx(np.log(2) / 3)
    assert F.kl_div(np.log(q), np.log(q), "sum", log_target=True) == 0
    gradcheck(lambda x, y: F.kl_div(x, y), np.log(q), q)
    gradgradcheck(lambda x, y: F.kl_div(x, y), np.log(q), q)
    np.testing.assert_array_equal(slope(F.kl_div, np.log(q), p, "sum"), -p)
    with pytest.raises(nn.LossShapeError, match="no batch"):
        F.kl_div(np.array(0.0), np.array(1.0), "batchmean")
    with pytest.raises(ValueError, match="'mean', 'batchmean', 'sum' or 'none', got 'avg'"):
        nn.KLDivLoss("avg")
    with pytest.raises(ValueError, match="reduction must be 'mean', 'sum' or 'none'"):
        nn.MSELoss("batchmean")


def test_weights() -> None:
    x, w = np.array([1.0, -2, 3]), np.array([1.0, 2, 0])
    zero = np.zeros(3)
    assert F.mse_loss(x, zero, weight=w) == 9 / 3
    assert F.l1_loss(x, zero, weight=w) == 5 / 3
    assert F.huber_loss(x, zero, weight=w) == pytest.approx(3.5 / 3)
    for f in (F.mse_loss, F.l1_loss, F.huber_loss):
        assert f(x, zero, "sum", weight=w) == f(x, zero, "none", weight=w).sum()
        with pytest.raises(nn.LossShapeError, match=rf"{f.__name__}: input has .* weight \(1,\)"):
            f(x, zero, weight=np.ones(1))


def test_refusals() -> None:
    with pytest.raises(ValueError, match="delta must be above 0, got 0"):
        F.huber_loss(X, ZERO, delta=0)
    with pytest.raises(ValueError, match="beta must be at least 0, got -1"):
        F.smooth_l1_loss(X, ZERO, beta=-1)
    with pytest.raises(TypeError, match="poisson_nll_loss: input is int64"):
        F.poisson_nll_loss(np.arange(3), np.arange(3))


def test_repr_has_what_is_not_default() -> None:
    assert repr(nn.HuberLoss()) == "HuberLoss()"
    assert repr(nn.HuberLoss(delta=0.5)) == "HuberLoss(delta=0.5)"
    assert repr(nn.KLDivLoss("sum", True)) == "KLDivLoss(reduction='sum', log_target=True)"
    assert (
        repr(nn.BCELoss(np.ones(3), "sum"))
        == "BCELoss(weight=Buffer of shape (3,), reduction='sum')"
    )
