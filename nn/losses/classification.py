"""Losses of classifiers: how far probabilities, or logits, are from classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor, default_dtype, op

from ..inputs import door
from ..layers.activations import sigmoid, softplus
from ..layers.softmax import log_softmax, shifted_exp, softmax
from .base import (
    Array,
    Loss,
    LossShapeError,
    check_range,
    float_input,
    in_dtype_of,
    matched_pair,
    reduced,
    reduction_factor,
    scaled_sum,
    weighted,
)
from .labels import (
    class_weights,
    integer_labels,
    labels_that_count,
    rows_and_labels,
    with_ignored_rows,
)

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "NLLLoss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "nll_loss",
    "one_hot",
]


# ------------------------------------------------------------------------- two classes


@door(wide=True)
def binary_cross_entropy_with_logits(
    input: Array,
    target: Array,
    weight: Array | None = None,
    reduction: str = "mean",
    pos_weight: Array | None = None,
) -> Any:
    """-y * log(s) - (1 - y) * log(1 - s), s = sigmoid(x), reduced: no overflow or cancellation.

    Parameters
    ----------
    input
        x, the logits (before any sigmoid); any shape.
    target
        y, from 0 to 1; the same shape.
    weight
        of each term; broadcasts to that shape.
    pos_weight
        of the terms with y; broadcasts to that shape. Above 1 it favours recall.

    Raises
    ------
    LossShapeError
        the shapes do not fit.
    ValueError
        a target is not from 0 to 1.
    """
    who = "binary_cross_entropy_with_logits"
    x, y = matched_pair(who, input, target)
    check_range(who, y, 1)
    scale = reduction_factor(who, reduction, x.size)
    if weight is None and pos_weight is None:
        return bce_with_logits(x, y, scale=scale)
    if pos_weight is None:
        terms = bce_with_logits(x, y)
    else:
        terms = weighted(who, y * softplus(-x), pos_weight) + (1 - y) * softplus(x)
    return scaled_sum(weighted(who, terms, weight), scale)


@op
def bce_with_logits(x, y, scale=None):
    """-y * log(s) - (1 - y) * log(1 - s) with s = sigmoid(x), which is softplus(x) - x * y.

    Gradient by x: `g * s * (sigmoid(x) - y)` where `s = 1 if scale is None else scale`.
    Gradient by y: `-g * s * x` where `s = 1 if scale is None else scale`.
    """
    terms = np.maximum(x, 0) - x * y + np.log1p(np.exp(-np.abs(x)))
    factor = 1.0 if scale is None else scale

    def for_x(g: Any) -> Any:
        slope = sigmoid(x)  # ours, so in place
        slope -= y
        slope *= g * factor
        return slope

    return (
        scaled_sum(terms, scale),
        for_x,
        lambda g: (g * -factor) * x,
    )


@door(wide=True)
def binary_cross_entropy(
    input: Array, target: Array, weight: Array | None = None, reduction: str = "mean"
) -> Any:
    """-y * log(p) - (1 - y) * log(1 - p), reduced, with the logarithms no less than -100.

    Far from p = 1/2 digits are lost that `binary_cross_entropy_with_logits` keeps.

    Parameters
    ----------
    input
        p, probabilities; any shape.
    target
        y, from 0 to 1; the same shape.
    weight
        of each term; broadcasts to that shape.

    Raises
    ------
    LossShapeError
        the shapes do not fit.
    ValueError
        `input` or a target is not from 0 to 1.
    """
    who = "binary_cross_entropy"
    p, y = matched_pair(who, input, target)
    if p.size and (p.min() < 0 or p.max() > 1):
        raise ValueError(
            f"{who}: input goes from {p.min():g} to {p.max():g}, expected probabilities from 0 to "
            "1. For logits there is binary_cross_entropy_with_logits"
        )
    check_range(who, y, 1)
    return reduced(who, reduction, weighted(who, _bce(p, y), weight))


@op
def _bce(p, y):
    """Gradient by p: `g * (p - y) / maximum(p * (1 - p), 1e-12)`.
    Gradient by y: `g * (log(1 - p) - log(p))`, the logs at least -100.
    """
    with np.errstate(divide="ignore"):
        yes, no = np.maximum(np.log(p), -100), np.maximum(np.log1p(-p), -100)
    return (
        -(y * yes + (1 - y) * no),
        lambda g: g * ((p - y) / np.maximum(p * (1 - p), 1e-12)),  # bounded, as in PyTorch
        lambda g: g * (no - yes),
    )


# ------------------------------------------------------------------------- many classes


@door
def one_hot(labels: Array, num_classes: int | None = None) -> NDArray[Any]:
    """Rows of zeros with a 1 at the label.

    Parameters
    ----------
    labels
        integers from 0 to num_classes - 1; any shape.
    num_classes
        the largest label + 1 if None.

    Returns
    -------
    ndarray
        array of shape (*labels.shape, num_classes), in the default dtype.

    Raises
    ------
    IndexError
        a label is out of range.
    TypeError
        labels are not integers.

    Examples
    --------
    >>> import nn
    >>> nn.functional.one_hot([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    y = integer_labels("one_hot", labels)
    if num_classes is None:
        if not y.size:
            raise ValueError("one_hot: no labels to count the classes of; give num_classes")
        num_classes = int(y.max()) + 1
    flat, _ = labels_that_count("one_hot", y, num_classes, None)
    out = np.zeros((y.size, num_classes), default_dtype.get())
    out[np.arange(y.size), flat] = 1
    return out.reshape(*y.shape, num_classes)


@door(wide=True)
def cross_entropy(
    input: Array,
    target: Array,
    weight: Array | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """-log(softmax(input))[target], reduced: the loss of a classifier.

    Parameters
    ----------
    input
        logits (before any softmax), of shape (N, C), or (C,), or (N, C, d1, ...): C classes.
    target
        integer labels from 0 to C - 1, of shape (N,), or (), or (N, d1, ...); or probabilities q,
        floats of the shape of `input`, for -sum(q * log(softmax(input))).
    weight
        of each class, shape (C,). The mean is over the weights of the labels; for probabilities,
        over N * d1 * ...
    ignore_index
        a label that does not count: neither as a term nor in the mean.
    label_smoothing
        e from 0 to 1; the target is taken as (1 - e) * target + e / C.

    Raises
    ------
    IndexError
        a label is out of range.
    TypeError
        labels that are floats.
    LossShapeError
        the shapes do not fit.
    """
    who = "cross_entropy"
    x = float_input(who, input, target=target)
    y = target if isinstance(target, Tensor) else np.asarray(target)
    if 0 in (x.shape[1:2] or x.shape):
        raise LossShapeError(f"{who}: input has shape {x.shape}, expected a class or more")
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{who}: label_smoothing must be from 0 to 1, got {label_smoothing}")
    if y.dtype.kind == "f" and y.ndim == x.ndim > 0:
        if y.shape != x.shape:
            raise LossShapeError(
                f"{who}: input has shape {x.shape}, target {y.shape}; floats are probabilities, "
                "and need the same shape; labels are integers"
            )
        if ignore_index != -100:
            raise ValueError(f"{who}: ignore_index is for labels; the target is probabilities")
        return _soft_cross_entropy(x, in_dtype_of(x, y), weight, reduction, label_smoothing)
    x, labels, counted = rows_and_labels(who, x, y, ignore_index)
    w = None if weight is None else class_weights(who, x, weight)
    scale = reduction_factor(who, reduction, len(labels) if w is None else w[labels].sum())
    if label_smoothing == 0:
        loss = _hard_cross_entropy(
            x, labels=labels, weights=None if w is None else w[labels], scale=scale
        )
    else:
        q = np.full(x.shape, label_smoothing / x.shape[1], x.dtype)
        q[np.arange(len(labels)), labels] += 1 - label_smoothing
        loss = scaled_sum(-(q * log_softmax(x) * (1.0 if w is None else w)).sum(axis=1), scale)
    return with_ignored_rows(loss, counted).reshape(y.shape) if reduction == "none" else loss


def _hard_cross_entropy_closure(x: Any, labels: Any, weights: Any = None, scale: Any = None) -> Any:
    target = np.zeros(x.shape, x.dtype)
    target[np.arange(len(labels)), labels] = 1
    factor = (1.0 if weights is None else weights) * (1.0 if scale is None else scale)
    p = softmax(x, 1)
    return lambda g: (p - target) * np.reshape(g * factor, (-1, 1))


@op(closures=_hard_cross_entropy_closure)
def _hard_cross_entropy(x, labels=None, weights=None, scale=None):
    """-log(softmax(x))[labels], which is log(sum(exp(x))) - x[labels]; d/dx is softmax(x) - target.

    Without the rows of the target, 1 at the label, in memory: the closure's twin above has them.

    Gradient: `reshape(c, (-1, 1)) * (softmax(x, axis=1) - target)` where
    `target = eye(x.shape[1])[labels]`,
    `c = g * (1 if scale is None else scale) * (1 if weights is None else weights)`.
    """
    rows = np.arange(len(labels))
    shifted, e, total = shifted_exp(x, 1)
    terms = np.log(total[:, 0]) - shifted[rows, labels]

    def for_x(g: Any) -> Any:
        g = g if scale is None else g * scale
        g = g if weights is None else g * weights
        slope = e / total  # ours, and as large as the logits: the rest is done in place
        slope[rows, labels] -= 1
        slope *= g.reshape(-1, 1)
        return slope

    return scaled_sum(terms if weights is None else terms * weights, scale), for_x


def _soft_cross_entropy(x: Any, q: Any, weight: Any, reduction: str, label_smoothing: float) -> Any:
    who, axis = "cross_entropy", 0 if x.ndim == 1 else 1
    n_classes = x.shape[axis]
    if label_smoothing:
        q = q * (1 - label_smoothing) + label_smoothing / n_classes
    if weight is not None:
        w = class_weights(who, x, weight, n_classes)
        q = q * w.reshape(-1, *(1,) * (x.ndim - axis - 1))
    terms = -(q * log_softmax(x, axis)).sum(axis=axis)
    return reduced(who, reduction, terms)


@door(wide=True)
def nll_loss(
    input: Array,
    target: Array,
    weight: Array | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Any:
    """-input[target], reduced: the loss of a classifier whose output went through log_softmax.

    Parameters and errors are those of `cross_entropy`, with labels as the target.
    """
    who = "nll_loss"
    y = target if isinstance(target, Tensor) else np.asarray(target)
    x = float_input(who, input, target=target)
    x, labels, counted = rows_and_labels(who, x, y, ignore_index)
    terms, count = -x[np.arange(len(labels)), labels], len(labels)
    if weight is not None:
        weights = class_weights(who, x, weight)[labels]
        terms, count = terms * weights, weights.sum()
    loss = scaled_sum(terms, reduction_factor(who, reduction, count))
    return with_ignored_rows(loss, counted).reshape(y.shape) if reduction == "none" else loss


# ------------------------------------------------------------------------- as layers


class BCEWithLogitsLoss(Loss):
    """The loss of two classes, from logits: `functional.binary_cross_entropy_with_logits`."""

    def __init__(
        self,
        weight: Array | None = None,
        reduction: str = "mean",
        pos_weight: Array | None = None,
    ) -> None:
        super().__init__(reduction)
        self.weight = self._weight_buffer(weight)
        self.pos_weight = self._weight_buffer(pos_weight, "pos_weight")

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of logits and targets from 0 to 1, of one shape."""
        return binary_cross_entropy_with_logits(
            input, target, self.weight, self.reduction, self.pos_weight
        )


class BCELoss(Loss):
    """The loss of two classes, from probabilities: see `functional.binary_cross_entropy`."""

    def __init__(self, weight: Array | None = None, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.weight = self._weight_buffer(weight)

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of probabilities and targets from 0 to 1, of one shape."""
        return binary_cross_entropy(input, target, self.weight, self.reduction)


class CrossEntropyLoss(Loss):
    """The loss of a classifier, from logits: see `functional.cross_entropy`."""

    def __init__(
        self,
        weight: Array | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction)
        self.weight, self.ignore_index = self._weight_buffer(weight, of_classes=True), ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of logits (N, C, ...) and labels (N, ...) or probabilities (N, C, ...)."""
        return cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(Loss):
    """The loss of a classifier, from log-probabilities: see `functional.nll_loss`."""

    def __init__(
        self, weight: Array | None = None, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction)
        self.weight, self.ignore_index = self._weight_buffer(weight, of_classes=True), ignore_index

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of log-probabilities (N, C, ...) and labels (N, ...)."""
        return nll_loss(input, target, self.weight, self.ignore_index, self.reduction)
