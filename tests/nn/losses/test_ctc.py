"""CTC: against all paths written out, sequences of many lengths, refusals."""

from __future__ import annotations

from itertools import groupby, product
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor, gradcheck, gradgradcheck, gradients

RNG = np.random.default_rng(0)


def by_all_paths(x: np.ndarray, labels: tuple[int, ...], blank: int = 0) -> Any:
    """-log of the sum, over the paths that spell the labels, of their probabilities."""
    total = 0.0
    for path in product(range(x.shape[1]), repeat=len(x)):
        if tuple(c for c, _ in groupby(path) if c != blank) == labels:
            total += np.exp(sum(row[c] for row, c in zip(x, path, strict=True)))
    with np.errstate(divide="ignore"):
        return -np.log(total)


@pytest.mark.parametrize("blank", [0, 2])
@pytest.mark.parametrize("repeat", [False, True])
def test_the_sum_over_all_paths(repeat: bool, blank: int) -> None:
    one, other = (c for c in range(3) if c != blank)
    labels = (one, one if repeat else other)
    for n_frames in range(1, 6):
        x = RNG.standard_normal((n_frames, 3))  # not of log_softmax: nothing is normalised
        for k in range(3):
            loss = F.ctc_loss(x, labels[:k], n_frames, k, blank, "none")
            assert loss.shape == ()
            np.testing.assert_allclose(loss, by_all_paths(x, labels[:k], blank))


LENGTHS = np.array([5, 3, 4, 2]), np.array([2, 1, 0, 2])
PADDED = np.array([[1, 1], [2, 0], [0, 0], [1, 2]])
IN_LINE = np.array([1, 1, 2, 1, 2])


def batch(x: Any, targets: Any = PADDED, reduction: str = "none", **options: Any) -> Any:
    return F.ctc_loss(x, targets, *LENGTHS, reduction=reduction, **options)


def test_each_sequence_is_as_if_alone() -> None:
    x = RNG.standard_normal((5, 4, 3))
    each = batch(x)
    for i, (t, k) in enumerate(zip(*LENGTHS, strict=True)):
        alone = F.ctc_loss(x[:t, i], PADDED[i, :k], t, k)
        np.testing.assert_allclose(each[i], alone * max(k, 1))
    np.testing.assert_array_equal(each, batch(x, IN_LINE))
    junk = np.where(np.arange(2) < LENGTHS[1][:, None], PADDED, -7)
    np.testing.assert_array_equal(each, batch(x, junk))
    np.testing.assert_array_equal(each, batch(x, np.c_[PADDED, PADDED]))
    np.testing.assert_allclose(batch(x, reduction="sum"), each.sum())
    np.testing.assert_allclose(batch(x, reduction="mean"), (each / [2, 1, 1, 2]).mean())


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_derivatives(reduction: str) -> None:
    x = RNG.standard_normal((5, 4, 3))
    gradcheck(lambda x: batch(x, reduction=reduction), x)
    gradgradcheck(lambda x: batch(x, reduction=reduction), x)
    gradgradcheck(lambda x: batch(F.log_softmax(x), reduction=reduction), x)


def test_frames_that_do_not_count_are_not_seen() -> None:
    x = RNG.standard_normal((5, 4, 3))
    unseen = np.arange(5)[:, None] >= LENGTHS[0]
    other = np.where(unseen[..., None], 100 * RNG.standard_normal(x.shape), x)
    t = Tensor(x, requires_grad=True)
    loss = batch(t, reduction="sum")
    loss.backward()
    assert loss.item() == batch(other, reduction="sum")
    np.testing.assert_array_equal(t.grad[unseen], 0)
    # Each frame that counts is on one class in every path.
    np.testing.assert_allclose(t.grad[~unseen].sum(axis=-1), -1)


def test_too_short_for_its_labels() -> None:
    x = Tensor(F.log_softmax(RNG.standard_normal((2, 3, 3))), requires_grad=True)
    frames, targets, counts = [2, 2, 1], [[1, 1], [1, 2], [0, 0]], [2, 2, 0]
    each = F.ctc_loss(x, targets, frames, counts, reduction="none")
    np.testing.assert_array_equal(np.isinf(each.detach().numpy()), [True, False, False])
    slope = gradients(each.sum(), x)[0]
    np.testing.assert_array_equal(slope[:, 0], 0)
    assert np.isfinite(slope).all()
    assert slope[:, 1].any()
    assert F.ctc_loss(x, targets, frames, counts).item() == np.inf
    zeroed = F.ctc_loss(x, targets, frames, counts, reduction="none", zero_infinity=True)
    np.testing.assert_array_equal(zeroed.detach(), np.where([True, False, False], 0, each.detach()))
    gradgradcheck(
        lambda x: F.ctc_loss(x, targets, frames, counts, zero_infinity=True), x.detach().numpy()
    )


def test_no_frames() -> None:
    x = Tensor(RNG.standard_normal((2, 2, 3)), requires_grad=True)
    loss = F.ctc_loss(x, [[1], [0]], [0, 0], [1, 0], reduction="none")
    np.testing.assert_array_equal(loss.detach(), [np.inf, 0])
    np.testing.assert_array_equal(gradients(loss.sum(), x)[0], 0)


def test_classes_that_cannot_be() -> None:
    x = np.log([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]], where=False, out=np.full((2, 3), -np.inf))
    x[0, :2], x[1, 1] = np.log(0.5), 0
    t = Tensor(x, requires_grad=True)
    loss = F.ctc_loss(t, [1], 2, 1)  # both paths, blank 1 and 1 1, are sure
    assert loss.item() == pytest.approx(0)
    loss.backward()
    np.testing.assert_allclose(t.grad, [[-0.5, -0.5, 0], [0, -1, 0]])


def test_a_path_far_less_likely_than_others() -> None:
    # Three blanks have the probability 1; the one path for the labels exp(-2000), no float.
    x = Tensor(np.array([[0.0, -1000.0]] * 3), requires_grad=True)
    loss = F.ctc_loss(x, [1, 1], 3, 2, reduction="sum")
    assert loss.item() == 2000
    loss.backward()
    np.testing.assert_array_equal(x.grad, [[0, -1], [-1, 0], [0, -1]])


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_dtype_is_that_of_the_input(dtype: Any) -> None:
    x = Tensor(RNG.standard_normal((5, 4, 3)).astype(dtype), requires_grad=True)
    for reduction in ("mean", "sum", "none"):
        for zero in (False, True):
            assert batch(x, reduction=reduction, zero_infinity=zero).dtype == dtype


def test_refusals() -> None:
    x = RNG.standard_normal((5, 4, 3))

    def f(x: Any = x, targets: Any = PADDED, frames: Any = LENGTHS[0], **options: Any) -> Any:
        return F.ctc_loss(x, targets, frames, LENGTHS[1], **options)

    with pytest.raises(IndexError, match=r"label 3 of sequence 3, place 1: expected .* 0 to 2 oth"):
        f(targets=[[1, 1], [2, 9], [9, 9], [1, 3]])
    with pytest.raises(IndexError, match=r"label 0 of sequence 1, place 0: .* than the blank, 0"):
        f(targets=[1, 1, 0, 1, 2])
    with pytest.raises(IndexError, match="label -1 of sequence 0"):
        f(targets=[-1, 1, 1, 1, 2])
    with pytest.raises(IndexError, match="blank=3, expected a class from 0 to 2"):
        f(blank=3)
    for targets in ([1, 1, 2, 1], PADDED[:3], PADDED[:, :1], np.ones((4, 2, 1), int)):
        with pytest.raises(nn.LossShapeError, match=r"expected \(4, at least 2\) or \(5,\)"):
            f(targets=targets)
    with pytest.raises(TypeError, match="float64, expected integers"):
        f(targets=PADDED.astype(float))
    with pytest.raises(ValueError, match=r"input_lengths 6 at position 1: expected 0 to 5"):
        f(frames=[5, 6, 4, 2])
    with pytest.raises(ValueError, match=r"target_lengths -1 at position 0: expected at least 0"):
        F.ctc_loss(x[:, :1], [[1]], [3], [-1])
    with pytest.raises(nn.LossShapeError, match=r"input_lengths has shape \(3,\), .* of 4 seq"):
        f(frames=[5, 3, 4])
    with pytest.raises(nn.LossShapeError, match=r"target_lengths has shape \(\)"):
        F.ctc_loss(x, PADDED, LENGTHS[0], 2)
    with pytest.raises(TypeError, match="input_lengths are float64"):
        f(frames=[5.0, 3, 4, 2])
    for shape in [(5,), (0, 4, 3), (1, 5, 4, 3)]:
        with pytest.raises(nn.LossShapeError, match="log_probs has shape"):
            f(np.zeros(shape))
    with pytest.raises(TypeError, match="log_probs is int64"):
        f(np.zeros((5, 4, 3), int))
    with pytest.raises(ValueError, match="reduction must be"):
        nn.CTCLoss(reduction="average")
    assert repr(nn.CTCLoss(2, zero_infinity=True)) == "CTCLoss(blank=2, zero_infinity=True)"
