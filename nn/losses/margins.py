"""Losses with a margin: they ask that scores or distances be apart, not how far they are.

What is already farther apart than the margin costs nothing, and has no gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..inputs import door
from ..layers.activations import softplus
from ..layers.distance import pairwise_distance
from ..layers.rectifiers import relu
from .base import (
    Array,
    Loss,
    LossShapeError,
    check_range,
    constant,
    first_true,
    float_input,
    matched_pair,
    reduced,
    weighted,
)
from .classification import bce_with_logits
from .labels import class_weights, integer_labels, rows_and_labels

__all__ = [
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]

Distance = Callable[[Any, Any], Any]


def _hinge(z: Any) -> Any:
    """max(z, 0). At 0, not yet apart, the derivative is 1, as in PyTorch's losses."""
    return np.where(z < 0, 0, z)


def _signs(who: str, target: Any, x: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """The target, of 1 and -1, as an array of `shape` with the dtype of `x`."""
    y = constant(target)
    if y.shape != shape:
        raise LossShapeError(f"{who}: target has shape {y.shape}, expected {shape}")
    if (wrong := np.asarray(abs(y) != 1)).any():
        at = first_true(wrong)
        hint = "; for labels of 0 and 1 write 2 * target - 1" if y[at] == 0 else ""
        raise ValueError(f"{who}: target {y[at]} at position {at}: expected 1 or -1{hint}")
    return y.astype(x.dtype)


# ------------------------------------------------------------------- one score, two classes


@door(wide=True)
def hinge_embedding_loss(
    input: Array, target: Array, margin: float = 1.0, reduction: str = "mean"
) -> Any:
    """Of distances x: x where y = 1 (alike), max(0, margin - x) where y = -1, reduced.

    Parameters
    ----------
    input
        x, distances; any shape.
    target
        y, 1 or -1; the same shape.

    Raises
    ------
    LossShapeError
        the shapes differ.
    ValueError
        a target is not 1 or -1.
    """
    who = "hinge_embedding_loss"
    x = float_input(who, input)
    y = _signs(who, target, x, x.shape)
    return reduced(who, reduction, np.where(y == 1, x, _hinge(margin - x)))


@door(wide=True)
def soft_margin_loss(input: Array, target: Array, reduction: str = "mean") -> Any:
    """log(1 + exp(-y * x)), reduced, without overflow.

    Parameters
    ----------
    input
        x, scores; any shape.
    target
        y, 1 or -1; the same shape.

    Raises
    ------
    LossShapeError
        the shapes differ.
    ValueError
        a target is not 1 or -1.
    """
    who = "soft_margin_loss"
    x = float_input(who, input)
    terms = softplus(-_signs(who, target, x, x.shape) * x)
    return reduced(who, reduction, terms)


# ----------------------------------------------------------------- a score for each class


@door(wide=True)
def multi_margin_loss(
    input: Array,
    target: Array,
    p: int = 1,
    margin: float = 1.0,
    weight: Array | None = None,
    reduction: str = "mean",
) -> Any:
    """The sum over i != y of max(0, margin - x[y] + x[i])**p, divided by C; reduced.

    Parameters
    ----------
    input
        x, scores of shape (N, C), or (C,): C classes.
    target
        y, integer labels from 0 to C - 1, of shape (N,), or ().
    p
        1 or 2.
    weight
        of each class, shape (C,). The mean is over N, not over weights.

    Raises
    ------
    IndexError
        a label is out of range.
    LossShapeError
        the shapes do not fit.
    ValueError
        p is neither 1 nor 2.
    """
    who = "multi_margin_loss"
    if p not in (1, 2):
        raise ValueError(f"{who}: p must be 1 or 2, got {p}")
    y = constant(target)
    x, labels, _ = rows_and_labels(who, float_input(who, input, target=target), y, None)
    rows = np.arange(len(labels))
    others = np.ones(x.shape, bool)
    others[rows, labels] = False
    z = np.where(others, relu(margin - x[rows, labels][:, None] + x), 0)  # inf - inf stays out
    terms = (z**p).sum(axis=1) / x.shape[1]
    if weight is not None:
        terms = terms * class_weights(who, x, weight)[labels]
    return reduced(who, reduction, terms.reshape(y.shape))


@door(wide=True)
def multilabel_margin_loss(input: Array, target: Array, reduction: str = "mean") -> Any:
    """max(0, 1 - x[j] + x[i]) / C, summed over labels j and classes i that are none; reduced.

    Parameters
    ----------
    input
        x, scores of shape (N, C), or (C,).
    target
        the labels of each row, integers from 0 to C - 1, then -1; the same shape. What comes after
        the first -1 does not count.

    Raises
    ------
    IndexError
        a label is out of range.
    LossShapeError
        the shapes differ, or have another number of axes.
    """
    who = "multilabel_margin_loss"
    x, y = float_input(who, input, target=target), integer_labels(who, target)
    if x.shape != y.shape or x.ndim not in (1, 2):
        raise LossShapeError(
            f"{who}: input has shape {x.shape}, target {y.shape}; expected (N, C) or (C,) for both"
        )
    n_classes = x.shape[-1]
    if not n_classes:
        raise LossShapeError(f"{who}: input has shape {x.shape}, expected a class or more")
    if (wrong := (y < -1) | (y >= n_classes)).any():
        at = first_true(wrong)
        raise IndexError(
            f"{who}: label {y[at]} at position {at}: expected labels from 0 to {n_classes - 1}, "
            "then -1"
        )
    x, labels = x.reshape(-1, n_classes), y.reshape(-1, n_classes)
    given = np.logical_and.accumulate(labels >= 0, axis=1)
    labels, given = labels[:, : (most := given.sum(axis=1).max(initial=0))], given[:, :most]
    rows, _ = np.nonzero(given)
    others = np.ones(x.shape, bool)
    others[rows, labels[given]] = False
    own = np.take_along_axis(x, np.where(given, labels, 0), axis=1)
    z = relu(1 - own[:, :, None] + x[:, None, :])  # (N, labels, C)
    z = np.where(given[:, :, None] & others[:, None, :], z, 0)  # not 0 * z, which may be nan
    terms = z.sum(axis=(1, 2)) / n_classes
    return reduced(who, reduction, terms.reshape(y.shape[:-1]))


@door(wide=True)
def multilabel_soft_margin_loss(
    input: Array, target: Array, weight: Array | None = None, reduction: str = "mean"
) -> Any:
    """`binary_cross_entropy_with_logits`, averaged over the last axis, reduced.

    Parameters
    ----------
    input
        logits of shape (..., C).
    target
        from 0 to 1, the same shape.
    weight
        of each class, shape (C,).

    Raises
    ------
    LossShapeError
        the shapes do not fit.
    ValueError
        a target is not from 0 to 1.
    """
    who = "multilabel_soft_margin_loss"
    x, y = matched_pair(who, input, target)
    if x.ndim == 0:
        raise LossShapeError(f"{who}: input of shape () has no axis of classes")
    check_range(who, y, 1)
    terms = weighted(who, bce_with_logits(x, y), weight).mean(axis=-1)
    return reduced(who, reduction, terms)


# ------------------------------------------------------------------- two or three inputs


@door(wide=True)
def margin_ranking_loss(
    input1: Array, input2: Array, target: Array, margin: float = 0.0, reduction: str = "mean"
) -> Any:
    """max(0, margin - y * (x1 - x2)), reduced: y = 1 where x1 is to rank above x2, -1 where below.

    Parameters
    ----------
    input1, input2
        x1 and x2, scores; the same shape, any.
    target
        y, 1 or -1; the same shape.

    Raises
    ------
    LossShapeError
        the shapes differ.
    ValueError
        a target is not 1 or -1.
    """
    who = "margin_ranking_loss"
    x1, x2 = matched_pair(who, input1, input2, ("input1", "input2"))
    y = _signs(who, target, x1, x1.shape)
    return reduced(who, reduction, _hinge(margin - y * (x1 - x2)))


@door(wide=True)
def cosine_embedding_loss(
    input1: Array, input2: Array, target: Array, margin: float = 0.0, reduction: str = "mean"
) -> Any:
    """1 - c where y = 1 (alike), max(0, c - margin) where y = -1; c is the cosine; reduced.

    Parameters
    ----------
    input1, input2
        vectors of shape (N, D), or (D,).
    target
        y, 1 or -1; shape (N,), or ().
    margin
        from -1 to 1.

    Raises
    ------
    LossShapeError
        the shapes do not fit.
    ValueError
        a target is not 1 or -1.
    """
    who = "cosine_embedding_loss"
    x1, x2 = matched_pair(who, input1, input2, ("input1", "input2"))
    if x1.ndim not in (1, 2):
        raise LossShapeError(f"{who}: inputs have shape {x1.shape}, expected (N, D) or (D,)")
    y = _signs(who, target, x1, x1.shape[:-1])
    eps = 1e-12  # added to both squares, as in PyTorch
    squares = ((x1 * x1).sum(axis=-1) + eps) * ((x2 * x2).sum(axis=-1) + eps)
    cosine = (x1 * x2).sum(axis=-1) / np.sqrt(squares)
    terms = np.where(y == 1, 1 - cosine, _hinge(cosine - margin))
    return reduced(who, reduction, terms)


@door(wide=True)
def triplet_margin_loss(
    anchor: Array,
    positive: Array,
    negative: Array,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """`triplet_margin_with_distance_loss` with `pairwise_distance(p, eps)`.

    Raises
    ------
    LossShapeError
        the shapes differ.
    ValueError
        margin is not above 0.
    """
    who, d = "triplet_margin_loss", lambda x, y: pairwise_distance(x, y, p, eps)
    return _triplet(who, anchor, positive, negative, d, margin, swap, reduction)


@door(wide=True)
def triplet_margin_with_distance_loss(
    anchor: Array,
    positive: Array,
    negative: Array,
    *,
    distance_function: Distance | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """max(0, margin + d(anchor, positive) - d(anchor, negative)), reduced.

    Parameters
    ----------
    anchor, positive, negative
        the same shape, (..., D).
    distance_function
        d, from two of them to distances; the Euclidean one if None.
    margin
        above 0.
    swap
        take d(positive, negative) for the last distance where it is the smaller (Balntas et al.,
        Learning shallow convolutional feature descriptors with triplet losses, 2016).

    Raises
    ------
    LossShapeError
        the shapes differ.
    ValueError
        margin is not above 0.
    """
    who, d = "triplet_margin_with_distance_loss", distance_function or pairwise_distance
    return _triplet(who, anchor, positive, negative, d, margin, swap, reduction)


def _triplet(
    who: str,
    anchor: Any,
    positive: Any,
    negative: Any,
    distance: Distance,
    margin: float,
    swap: bool,
    reduction: str,
) -> Any:
    if margin <= 0:
        raise ValueError(f"{who}: margin must be above 0, got {margin}")
    anchor, positive = matched_pair(who, anchor, positive, ("anchor", "positive"))
    anchor, negative = matched_pair(who, anchor, negative, ("anchor", "negative"))
    if anchor.ndim == 0:
        raise LossShapeError(f"{who}: inputs of shape () have no axis to take distances along")
    far = distance(anchor, negative)
    if swap:
        far = np.minimum(far, distance(positive, negative))
    terms = _hinge(margin + distance(anchor, positive) - far)
    return reduced(who, reduction, terms)


# ------------------------------------------------------------------------- as layers


class HingeEmbeddingLoss(Loss):
    """The loss of distances of pairs, alike or not: see `functional.hinge_embedding_loss`."""

    def __init__(self, margin: float = 1.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of distances and targets of 1 and -1, of one shape."""
        return hinge_embedding_loss(input, target, self.margin, self.reduction)


class SoftMarginLoss(Loss):
    """The loss of scores of two classes: see `functional.soft_margin_loss`."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction)

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of scores and targets of 1 and -1, of one shape."""
        return soft_margin_loss(input, target, self.reduction)


class MultiMarginLoss(Loss):
    """The hinge loss of many classes: see `functional.multi_margin_loss`."""

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Array | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.p, self.margin, self.weight = p, margin, self._weight_buffer(weight, of_classes=True)

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of scores (N, C) and labels (N,)."""
        return multi_margin_loss(input, target, self.p, self.margin, self.weight, self.reduction)


class MultiLabelMarginLoss(Loss):
    """The hinge loss of rows with several labels: see `functional.multilabel_margin_loss`."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction)

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of scores and labels that end with -1, both (N, C)."""
        return multilabel_margin_loss(input, target, self.reduction)


class MultiLabelSoftMarginLoss(Loss):
    """Two classes many times, averaged: see `functional.multilabel_soft_margin_loss`."""

    def __init__(self, weight: Array | None = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.weight = self._weight_buffer(weight)

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of logits and targets from 0 to 1, both (N, C)."""
        return multilabel_soft_margin_loss(input, target, self.weight, self.reduction)


class MarginRankingLoss(Loss):
    """The loss of two scores and which should be above: see `functional.margin_ranking_loss`."""

    def __init__(self, margin: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input1: Array, input2: Array, target: Array) -> Any:
        """The loss of scores, scores and targets of 1 and -1, of one shape."""
        return margin_ranking_loss(input1, input2, target, self.margin, self.reduction)


class CosineEmbeddingLoss(Loss):
    """The loss of pairs of vectors, alike or not: see `functional.cosine_embedding_loss`."""

    def __init__(self, margin: float = 0.0, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.margin = margin

    def forward(self, input1: Array, input2: Array, target: Array) -> Any:
        """The loss of vectors (N, D), vectors (N, D) and targets of 1 and -1, (N,)."""
        return cosine_embedding_loss(input1, input2, target, self.margin, self.reduction)


class TripletMarginLoss(Loss):
    """The anchor is to be nearer to the positive than to the negative.

    See `functional.triplet_margin_loss`.
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap

    def forward(self, anchor: Array, positive: Array, negative: Array) -> Any:
        """The loss of three inputs of one shape, (N, D)."""
        return triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, self.reduction
        )


class TripletMarginWithDistanceLoss(Loss):
    """The same by any distance: see `functional.triplet_margin_with_distance_loss`."""

    def __init__(
        self,
        *,
        distance_function: Distance | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.distance_function, self.margin, self.swap = distance_function, margin, swap

    def forward(self, anchor: Array, positive: Array, negative: Array) -> Any:
        """The loss of three inputs of one shape."""
        return triplet_margin_with_distance_loss(
            anchor, positive, negative,
            distance_function=self.distance_function, margin=self.margin, swap=self.swap,
            reduction=self.reduction,
        )  # fmt: skip
