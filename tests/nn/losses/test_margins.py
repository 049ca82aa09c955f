"""Losses with a margin: known values, kinks, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, TrackedArrayError, gradcheck, gradients

RNG = np.random.default_rng(0)


def slope(f: Any, x: Any, *rest: Any) -> Any:
    t = Tensor(np.asarray(x, float), requires_grad=True)
    return gradients(f(t, *rest).sum(), t)[0]


def test_known_values() -> None:
    x, y = np.array([0.2, 0.2, 3.0]), np.array([1, -1, -1])
    np.testing.assert_allclose(F.hinge_embedding_loss(x, y, reduction="none"), [0.2, 0.8, 0])
    np.testing.assert_allclose(F.soft_margin_loss(x, y, "none"), np.log1p(np.exp(-y * x)))
    ranked = F.margin_ranking_loss(x, np.array([0.0, 0.0, 3.5]), y, 0.5, "none")
    np.testing.assert_allclose(ranked, [0.3, 0.7, 0])
    scores = np.array([[0.1, 0.2, 0.4, 0.8]])
    assert F.multi_margin_loss(scores, [3]) == pytest.approx((0.3 + 0.4 + 0.6) / 4)
    # labels 3 and 0 against classes 1 and 2
    expected = (0.4 + 0.6 + 1.1 + 1.3) / 4
    assert F.multilabel_margin_loss(scores, [[3, 0, -1, 1]]) == pytest.approx(expected)
    a, b = np.array([[1.0, 0], [1, 0], [3, 4]]), np.array([[2.0, 0], [0, 1], [4, 3]])
    cosine = F.cosine_embedding_loss(a, b, [1, 1, -1], 0.5, "none")
    np.testing.assert_allclose(cosine, [0, 1, 24 / 25 - 0.5], atol=1e-9)
    triplet = F.triplet_margin_loss(a[:1], b[:1], b[1:2], eps=0.0)
    assert triplet == pytest.approx(1 + 1 - np.sqrt(2))


def test_nothing_overflows() -> None:
    assert F.soft_margin_loss(np.array([1e4]), [-1]) == 1e4
    assert F.multilabel_soft_margin_loss(np.array([1e4, -1e4]), [0.0, 1.0]) == 1e4
    zero = np.zeros((1, 3))
    assert np.isfinite(slope(F.cosine_embedding_loss, zero, zero, [1])).all()


@pytest.mark.filterwarnings("ignore:invalid value")
def test_infinite_scores() -> None:
    # What a label is compared with is the others: that inf - inf is nan does not matter.
    for own, expected in (np.inf, 0.0), (-np.inf, np.inf):
        x = np.array([[own, 1.0, 2.0]])
        assert F.multi_margin_loss(x, [0]) == expected
        assert F.multilabel_margin_loss(x, [[0, -1, -1]]) == expected
        assert F.multilabel_margin_loss(x, [[-1, -1, -1]]) == 0


def test_no_labels_at_all() -> None:
    x = RNG.standard_normal((2, 3))
    nothing = np.full((2, 3), -1)
    np.testing.assert_array_equal(F.multilabel_margin_loss(x, nothing, "none"), [0, 0])
    np.testing.assert_array_equal(slope(F.multilabel_margin_loss, x, nothing), np.zeros((2, 3)))


def test_slope_where_just_apart() -> None:
    # As PyTorch has it: 1 at the kink, but 0 for the losses of many classes.
    assert slope(F.hinge_embedding_loss, [1.0], [-1]) == -1
    np.testing.assert_array_equal(slope(F.margin_ranking_loss, [0.5], [0.5], [1]), [-1])
    np.testing.assert_array_equal(slope(F.multi_margin_loss, [[1.0, 0.0]], [0]), [[0, 0]])
    np.testing.assert_array_equal(
        slope(F.multilabel_margin_loss, [[1.0, 0.0]], [[0, -1]]), [[0, 0]]
    )


def test_swap_takes_the_nearer_negative() -> None:
    a, p, n = np.array([[0.0, 0]]), np.array([[2.0, 0]]), np.array([[3.0, 0]])
    assert F.triplet_margin_loss(a, p, n, eps=0.0) == 0
    assert F.triplet_margin_loss(a, p, n, eps=0.0, swap=True) == 1 + 2 - 1


def test_any_distance() -> None:
    def city(x: Any, y: Any) -> Any:
        return np.abs(x - y).sum(axis=-1)

    xs = RNG.standard_normal((3, 4, 2))
    loss = nn.TripletMarginWithDistanceLoss(distance_function=city, margin=2.0)
    np.testing.assert_allclose(loss(*xs), F.triplet_margin_loss(*xs, 2.0, 1.0, 0.0))
    gradcheck(loss, *xs)
    assert repr(loss) == "TripletMarginWithDistanceLoss(distance_function=city, margin=2.0)"


def test_weights_of_classes() -> None:
    x, y = RNG.standard_normal((3, 4)), np.array([0, 3, 1])
    w = np.array([0.5, 1, 2, 3])
    each = F.multi_margin_loss(x, y, reduction="none")
    weighted = nn.MultiMarginLoss(weight=w)(x, y)
    np.testing.assert_allclose(weighted, (each * w[y]).sum() / 3)
    with pytest.raises(nn.LossShapeError, match="4 classes"):
        F.multi_margin_loss(x, y, weight=np.ones(3))
    with pytest.raises(nn.LossShapeError, match="weight of shape"):
        F.multilabel_soft_margin_loss(x, (x > 0), np.ones(3))


def test_targets_that_are_not_1_or_minus_1() -> None:
    x, y = RNG.standard_normal(3), np.array([1, 0, 1])
    for f, args in [
        (F.hinge_embedding_loss, (x,)),
        (F.soft_margin_loss, (x,)),
        (F.margin_ranking_loss, (x, x)),
        (F.cosine_embedding_loss, (x[:, None], x[:, None])),
    ]:
        with pytest.raises(ValueError, match=rf"{f.__name__}: target 0 at position 1: .* 2 \* tar"):
            f(*args, y)
        with pytest.raises(ValueError, match=r"target 0.5 at position 2: expected 1 or -1$"):
            f(*args, [1, -1, 0.5])
        with pytest.raises(nn.LossShapeError, match=r"target has shape \(3, 1\), expected \(3,\)"):
            f(*args, [[1], [1], [-1]])
        with pytest.raises(TrackedArrayError):
            f(*args, Tensor([1.0, -1, 1], requires_grad=True))


def test_labels_out_of_range() -> None:
    x = RNG.standard_normal((2, 3))
    for bad in (-1, 3):
        with pytest.raises(IndexError, match=f"multi_margin_loss: label {bad} at position 1"):
            F.multi_margin_loss(x, [0, bad])
    with pytest.raises(IndexError, match=r"label 3 at position \(1, 0\): .* 0 to 2, then -1"):
        F.multilabel_margin_loss(x, [[0, -1, -1], [3, -1, -1]])
    with pytest.raises(IndexError, match=r"label -2 at position 2"):
        F.multilabel_margin_loss(x[0], [0, -1, -2])
    with pytest.raises(TypeError, match="expected integers"):
        F.multilabel_margin_loss(x, x)


def test_shapes_that_do_not_fit() -> None:
    x, column = np.ones(3), np.ones((3, 1))
    with pytest.raises(nn.LossShapeError, match=r"input1 has .* input2 .*input1\[:, None\]"):
        F.margin_ranking_loss(x, column, np.ones(3))
    with pytest.raises(nn.LossShapeError, match="cosine_embedding_loss: input1"):
        F.cosine_embedding_loss(column, x, np.ones(3))
    with pytest.raises(nn.LossShapeError, match=r"expected \(N, D\) or \(D,\)"):
        F.cosine_embedding_loss(np.ones((2, 2, 2)), np.ones((2, 2, 2)), np.ones((2, 2)))
    for f in (F.triplet_margin_loss, F.triplet_margin_with_distance_loss):
        with pytest.raises(nn.LossShapeError, match=f"{f.__name__}: anchor .* negative"):
            f(column, column, x)
        with pytest.raises(nn.LossShapeError, match="no axis"):
            f(np.array(1.0), np.array(1.0), np.array(1.0))
    with pytest.raises(nn.LossShapeError, match=r"expected labels of shape \(3,\)"):
        F.multi_margin_loss(column, [[0], [0], [0]])
    with pytest.raises(nn.LossShapeError, match="multilabel_margin_loss"):
        F.multilabel_margin_loss(column, [0, 0, 0])
    with pytest.raises(nn.LossShapeError, match="multilabel_soft_margin_loss"):
        F.multilabel_soft_margin_loss(column, x)


def test_settings_that_make_no_sense() -> None:
    x = RNG.standard_normal((3, 2, 2))
    with pytest.raises(ValueError, match="p must be 1 or 2, got 3"):
        F.multi_margin_loss(x[0], [0, 1], p=3)
    for f in (F.triplet_margin_loss, F.triplet_margin_with_distance_loss):
        with pytest.raises(ValueError, match="margin must be above 0, got 0"):
            f(*x, margin=0)
    with pytest.raises(ValueError, match="SoftMarginLoss: reduction must be"):
        nn.SoftMarginLoss("average")


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_dtype_is_that_of_the_input(dtype: Any) -> None:
    x, y = RNG.standard_normal((2, 3)).astype(dtype), np.array([[1, -1, 1], [1, 1, -1]])
    assert F.hinge_embedding_loss(x, y.astype(float)).dtype == dtype
    assert F.margin_ranking_loss(x, np.ones((2, 3)), y, 0.5).dtype == dtype
    assert F.multi_margin_loss(x, [0, 1], 2, 0.5, np.ones(3)).dtype == dtype
    assert F.cosine_embedding_loss(x, x, y[:, 0], 0.1).dtype == dtype
    assert F.triplet_margin_loss(x, x, x).dtype == dtype


def test_nan_stays() -> None:
    nan, one = np.array([np.nan]), np.array([1.0])
    assert np.isnan(F.hinge_embedding_loss(nan, [-1]))
    assert np.isnan(F.margin_ranking_loss(nan, one, [1]))
    assert np.isnan(F.multi_margin_loss(np.array([[np.nan, 0.0]]), [0]))
    assert np.isnan(F.triplet_margin_loss(nan, one, one))
