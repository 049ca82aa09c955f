"""Similarity and distance on known numbers and at their limits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nn.functional as F
from autograd import Tensor, gradcheck, gradgradcheck, gradients


def test_cosine_of_known_angles() -> None:
    x1 = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [0.0, 1e3]])
    x2 = np.array([[5.0, 0.0], [0.0, 7.0], [-1.0, 0.0], [1e-3, 1e-3]])
    np.testing.assert_allclose(F.cosine_similarity(x1, x2), [1, 0, -1, math.sqrt(0.5)])
    np.testing.assert_allclose(F.cosine_similarity(x1[0], x2, -1), [1, 0, -1, math.sqrt(0.5)])


def test_short_vectors_count_as_eps_long() -> None:
    x1, x2 = np.array([[0.01, 0.0]]), np.array([[0.03, 0.04]])  # of lengths 0.01 and 0.05
    np.testing.assert_allclose(F.cosine_similarity(x1, x2, eps=0.1), [0.0003 / 0.1**2])
    np.testing.assert_allclose(F.cosine_similarity(x1, x2, eps=0.02), [0.0003 / (0.02 * 0.05)])
    gradcheck(lambda a, b: F.cosine_similarity(a, b, eps=0.02), x1, x2)


def test_cosine_with_zero_is_zero() -> None:
    t = Tensor(np.zeros((1, 3)), requires_grad=True)
    y = F.cosine_similarity(t, np.ones((1, 3)))
    np.testing.assert_array_equal(y.detach().numpy(), [0])
    assert np.isfinite(gradients(y.sum(), t)[0]).all()
    large = np.full((1, 2), 1e150)
    np.testing.assert_allclose(F.cosine_similarity(large, -large), [-1])


def test_distance_of_known_points() -> None:
    x1, x2 = np.array([[3.0, 4.0], [0.0, 0.0]]), np.zeros(2)
    np.testing.assert_allclose(F.pairwise_distance(x1, x2, eps=0.0), [5, 0])
    np.testing.assert_allclose(F.pairwise_distance(x1, x2, 1.0, 0.0), [7, 0])
    np.testing.assert_allclose(F.pairwise_distance(x1, x2, math.inf, 0.0), [4, 0])
    np.testing.assert_allclose(F.pairwise_distance(x1, x2, 0, 0.0), [2, 0])
    assert F.pairwise_distance(x1, x2, keepdims=True).shape == (2, 1)
    # eps goes to the difference: the order matters, and equal points are not at distance 0
    np.testing.assert_allclose(F.pairwise_distance(x1, x2, eps=0.1)[1], 0.1 * math.sqrt(2))
    assert F.pairwise_distance(x1, x2, eps=0.1)[0] > F.pairwise_distance(x2, x1, eps=0.1)[0]


def test_distance_of_equal_points_has_a_slope() -> None:
    t = Tensor(np.ones(2), requires_grad=True)
    (g,) = gradients(F.pairwise_distance(t, np.ones(2)), t)
    np.testing.assert_allclose(g, math.sqrt(0.5))


@pytest.mark.parametrize("f", [F.cosine_similarity, F.pairwise_distance])
def test_dtype_stays(f: Any) -> None:
    y = f(np.ones((2, 3), np.float32), np.ones((2, 3), np.float32))
    assert type(y) is np.ndarray
    assert y.dtype == np.float32


def test_normalize_gives_length_one() -> None:
    np.testing.assert_allclose(F.normalize(np.array([[3.0, 4], [0, 0]])), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(F.normalize(np.array([3.0, 1]), p=1, axis=0), [0.75, 0.25])
    x = np.random.default_rng(0).standard_normal((2, 3, 2))
    gradcheck(F.normalize, x)
    gradgradcheck(lambda x: F.normalize(x, p=3.0, axis=-1), x)
