"""Initial values: moments by the formulas, in place, in the tensor's dtype."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from nn import init

SHAPE = (1000, 10)  # fan in 10, fan out 1000


@pytest.mark.parametrize(
    ("fill", "std"),
    [
        (lambda w, g: init.uniform_(w, -1, 1, g), 1 / 3**0.5),
        (lambda w, g: init.normal_(w, 0, 0.3, g), 0.3),
        (lambda w, g: init.xavier_uniform_(w, 2, g), 2 * (2 / 1010) ** 0.5),
        (lambda w, g: init.xavier_normal_(w, 2, g), 2 * (2 / 1010) ** 0.5),
        (lambda w, g: init.kaiming_uniform_(w, generator=g), 0.2**0.5),
        (lambda w, g: init.kaiming_normal_(w, generator=g), 0.2**0.5),  # .447
        (lambda w, g: init.kaiming_normal_(w, mode="fan_out", generator=g), 0.002**0.5),
        (lambda w, g: init.kaiming_normal_(w, 1.0, generator=g), 0.1**0.5),
        (lambda w, g: init.kaiming_uniform_(w, 5**0.5, generator=g), 1 / 30**0.5),
        (
            lambda w, g: init.kaiming_normal_(w, nonlinearity="tanh", generator=g),
            5 / 3 / 10**0.5,
        ),
    ],
)
def test_moments(fill: Callable[..., Any], std: float) -> None:
    w = nn.Parameter(np.empty(SHAPE, np.float32))
    assert fill(w, 0) is w
    assert w.dtype == np.float32
    assert w.requires_grad
    # 10,000 draws: the standard errors are 1 % of std for the mean, 0.7 % for std, or less
    assert abs(w.data.mean()) < 0.04 * std
    assert w.data.std() == pytest.approx(std, rel=0.03)
    again = fill(nn.Parameter(np.empty(SHAPE, np.float32)), 0)
    np.testing.assert_array_equal(w.data, again.data)


def test_uniform_ends_where_the_formula_says() -> None:
    w = init.xavier_uniform_(np.empty(SHAPE), generator=0)
    bound = math.sqrt(6 / 1010)
    assert 0.99 * bound < abs(w).max() <= bound
    a = init.uniform_(np.empty(10_000), 2, 5, 0)
    assert 2 <= a.min() < 2.01
    assert 4.99 < a.max() <= 5


def test_fans_of_a_convolution() -> None:
    w = init.kaiming_normal_(np.empty((64, 16, 3, 5)), generator=0)
    assert w.std() == pytest.approx((2 / (16 * 15)) ** 0.5, rel=0.02)
    w = init.kaiming_normal_(np.empty((64, 16, 3, 5)), mode="fan_out", generator=0)
    assert w.std() == pytest.approx((2 / (64 * 15)) ** 0.5, rel=0.02)


def test_constants() -> None:
    p = nn.Parameter(np.empty(3, np.float32))
    assert init.constant_(p, 0.5) is p
    assert p.tolist() == [0.5] * 3
    assert init.ones_(p).tolist() == [1] * 3
    assert init.zeros_(p).tolist() == [0] * 3


def test_trunc_normal() -> None:
    w = init.trunc_normal_(np.empty(20_000), 1.0, 2.0, 0.0, 2.0, 0)
    assert 0 <= w.min() < 0.01
    assert 1.99 < w.max() <= 2
    # Between -1/2 and 1/2 standard deviations: variance 1 - 2 t phi(t) / P(abs(z) < t)
    t = 0.5
    phi = math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
    variance = 4 * (1 - 2 * t * phi / math.erf(t / math.sqrt(2)))
    assert w.std() == pytest.approx(math.sqrt(variance), rel=0.02)
    with pytest.raises(ValueError, match="hardly any"):
        init.trunc_normal_(np.empty(3), 0, 1, 5, 6)


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3), (4, 2, 3)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    w = init.orthogonal_(np.empty(shape), 2.0, 0).reshape(shape[0], -1)
    short = w if w.shape[0] <= w.shape[1] else w.T
    np.testing.assert_allclose(short @ short.T, 4 * np.eye(len(short)), atol=1e-12)


def test_what_has_no_fans() -> None:
    for fill in (
        init.xavier_uniform_, init.xavier_normal_, init.kaiming_uniform_, init.kaiming_normal_
    ):  # fmt: skip
        with pytest.raises(ValueError, match=r"\(out, in, \*kernel\), got \(5,\)"):
            fill(np.empty(5))
    with pytest.raises(ValueError, match="two axes"):
        init.orthogonal_(np.empty(5))


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match="'swish'; one of linear, conv, sigmoid"):
        init.calculate_gain("swish")
    with pytest.raises(ValueError, match="'fan_in' or 'fan_out', got 'in'"):
        init.kaiming_normal_(np.empty(SHAPE), mode="in")


def test_filling_leaves_an_earlier_graph_alone() -> None:
    p = nn.Parameter([1.0, 2.0])
    y = (p * p).sum()
    init.zeros_(p)
    assert y.item() == 5


def test_eye() -> None:
    np.testing.assert_array_equal(init.eye_(np.empty((2, 3))), [[1, 0, 0], [0, 1, 0]])
    with pytest.raises(ValueError, match="two axes"):
        init.eye_(np.empty(3))


@pytest.mark.parametrize("kernel", [(3,), (3, 5), (1, 3, 3)])
def test_dirac_is_the_identity_of_convolution(kernel: tuple[int, ...]) -> None:
    w = init.dirac_(np.empty((4, 4, *kernel)))
    x = np.random.default_rng(0).standard_normal((2, 4, *(5,) * len(kernel)))
    conv = getattr(nn.functional, f"conv{len(kernel)}d")
    np.testing.assert_allclose(conv(x, w, padding="same"), x)
    in_groups = conv(x, init.dirac_(np.empty((4, 2, *kernel)), groups=2), padding="same", groups=2)
    np.testing.assert_allclose(in_groups, x)
    with pytest.raises(ValueError, match="groups=3"):
        init.dirac_(np.empty((4, 2, 3)), groups=3)
    with pytest.raises(ValueError, match="3 to 5 axes"):
        init.dirac_(np.empty((4, 2)))


def test_sparse_has_its_share_of_zeros_in_each_column() -> None:
    w = init.sparse_(np.empty((20, 300)), sparsity=0.33, std=0.5, generator=0)
    zeros = w == 0
    assert set(zeros.sum(axis=0)) == {7}  # ceil(6.6)
    assert zeros.sum(axis=1).min() > 60  # of 105 expected: no row is spared
    assert abs(w[~zeros].std() - 0.5) < 0.02
    with pytest.raises(ValueError, match="share"):
        init.sparse_(np.empty((2, 2)), sparsity=2)


@pytest.mark.parametrize(
    ("fill", "low", "high", "std"),
    [
        (lambda w: init.uniform_(w, generator=0), 0, 1, 12**-0.5),
        (lambda w: init.normal_(w, generator=0), None, None, 1),
        (lambda w: init.trunc_normal_(w, generator=0), -2, 2, 0.8796),
        (lambda w: init.xavier_uniform_(w, generator=0), -((6 / 1010) ** 0.5), None, 1 / 505**0.5),
        (lambda w: init.xavier_normal_(w, generator=0), None, None, 1 / 505**0.5),
        (lambda w: init.kaiming_uniform_(w, generator=0), -(0.6**0.5), 0.6**0.5, 0.2**0.5),
        (lambda w: init.sparse_(w, 0, generator=0), None, None, 0.01),
        (lambda w: init.orthogonal_(w, generator=0), None, None, 1000**-0.5),
    ],
)
def test_what_holds_unless_something_else_is_said(
    fill: Any, low: float | None, high: float | None, std: float
) -> None:
    w = fill(np.empty(SHAPE))
    middle = (low + high) / 2 if low is not None and high is not None else 0
    assert w.mean() == pytest.approx(middle, abs=0.04 * std)
    assert w.std() == pytest.approx(std, rel=0.03)
    if low is not None:
        assert low <= w.min() < low + 0.02 * abs(std - low)
    if high is not None:
        assert high - 0.02 * abs(std + high) < w.max() <= high


def test_gains() -> None:
    expected = {"linear": 1, "conv2d": 1, "conv_transpose1d": 1, "sigmoid": 1, "tanh": 5 / 3,
                "relu": 2**0.5, "leaky_relu": (2 / 1.0001) ** 0.5, "selu": 0.75}  # fmt: skip
    assert {name: init.calculate_gain(name) for name in expected} == pytest.approx(expected)
    assert init.calculate_gain("leaky_relu", 0) == pytest.approx(2**0.5)
    assert init.calculate_gain("leaky_relu", 3) == pytest.approx(0.2**0.5)


def test_the_ends_of_what_is_allowed() -> None:
    assert not init.sparse_(np.ones((3, 4)), 1, generator=0).any()
    assert init.sparse_(np.zeros((3, 4)), 0, generator=0).all()
    with pytest.raises(ValueError, match="share"):
        init.sparse_(np.empty((2, 2)), -0.1)
    # N(0, 1) lies above 3.09 in 1.0008 of a thousand draws, above 3.0903 in 0.9997
    assert init.trunc_normal_(np.empty(3), 0, 1, 3.09, 50, 0).min() >= 3.09
    with pytest.raises(ValueError, match="hardly any"):
        init.trunc_normal_(np.empty(3), 0, 1, 3.0903, 50)


def test_dirac_of_more_inputs_than_outputs_in_a_group_and_of_fewer() -> None:
    w = init.dirac_(np.empty((4, 3, 4)), groups=2)  # groups of 2 outputs from 3 inputs each
    assert np.argwhere(w).tolist() == [[0, 0, 2], [1, 1, 2], [2, 0, 2], [3, 1, 2]]
    w = init.dirac_(np.empty((3, 1, 1)))
    assert np.argwhere(w).tolist() == [[0, 0, 0]]
