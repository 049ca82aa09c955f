"""Integer labels of classes: what they must be, and which of them count."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor, scatter_add

from .base import LossShapeError, constant, first_true

__all__ = [
    "class_weights",
    "integer_labels",
    "labels_that_count",
    "rows_and_labels",
    "with_ignored_rows",
]


def rows_and_labels(who: str, x: Any, y: Any, ignore_index: int | None) -> tuple[Any, Any, Any]:
    """Input (M, C) and labels (M,) without the ignored rows; a mask of those that count.

    The mask is None if all do.
    """
    if x.ndim == 0:
        raise LossShapeError(f"{who}: input of shape () has no axis of classes")
    expected = x.shape[:1] + x.shape[2:] if x.ndim > 1 else ()
    labels = integer_labels(who, y)
    if labels.shape != expected:
        raise LossShapeError(
            f"{who}: input has shape {x.shape}, target {labels.shape}; expected labels of shape "
            f"{expected}{_label_hint(labels.shape, expected, x.shape)}"
        )
    if x.ndim != 2:  # the axis of classes goes last, the others become one
        n_classes = x.shape[1] if x.ndim > 1 else x.shape[0]
        if x.ndim > 2:
            x = np.transpose(x, (0, *range(2, x.ndim), 1))
        x = x.reshape(labels.size, n_classes)
    labels, counted = labels_that_count(who, labels, x.shape[1], ignore_index)
    return (x, labels, None) if counted is None else (x[counted], labels, counted)


def _label_hint(shape: tuple[int, ...], expected: tuple[int, ...], logits: tuple[int, ...]) -> str:
    if shape == logits:
        return ". One-hot rows? Write np.argmax(target, axis=1)"
    for axis, n in enumerate(shape):
        if n == 1 and shape[:axis] + shape[axis + 1 :] == expected:
            return f". Write target.squeeze({axis})"
    return ""


def integer_labels(who: str, labels: Any) -> NDArray[Any]:
    """Labels as an array of integers; anything else is refused."""
    y = labels if isinstance(labels, Tensor) else np.asarray(labels)
    if y.dtype.kind not in "iu":
        hint = "np.argmax(target, axis=1)" if y.ndim > 1 else "target.astype(int)"
        if y.dtype.kind not in "bf":  # names of classes
            hint = "names, target = np.unique(target, return_inverse=True)"
        raise TypeError(f"{who}: labels are {y.dtype}, expected integers; write {hint}")
    return constant(y)


def labels_that_count(
    who: str, labels: NDArray[Any], n_classes: int, ignore_index: int | None
) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """The labels that count, flat, and a mask of them; None if all do."""
    flat = labels.reshape(-1).astype(np.intp, copy=False)
    may_ignore = ignore_index is not None and 0 <= ignore_index < n_classes
    if not may_ignore and (not flat.size or (flat.min() >= 0 and flat.max() < n_classes)):
        return flat, None
    counted = flat != ignore_index
    wrong = counted & ((flat < 0) | (flat >= n_classes))  # NumPy would take -1 for the last class
    if wrong.any():
        at = first_true(wrong.reshape(labels.shape))
        raise IndexError(
            f"{who}: label {labels[at]} at position {at}: expected labels from 0 to "
            f"{n_classes - 1}" + ("" if ignore_index is None else f", or {ignore_index} to ignore")
        )
    return (flat, None) if counted.all() else (flat[counted], counted)


def class_weights(who: str, x: Any, weight: Any, n_classes: int | None = None) -> NDArray[Any]:
    """A weight for each class, in the dtype of `x`, whose classes are those of axis 1."""
    n_classes = x.shape[1] if n_classes is None else n_classes
    w = constant(weight).astype(x.dtype)
    if w.shape != (n_classes,):
        raise LossShapeError(
            f"{who}: weight has shape {w.shape}, expected one for each of {n_classes} classes"
        )
    return w


def with_ignored_rows(terms: Any, counted: NDArray[Any] | None) -> Any:
    """The terms at their places among all rows; 0 where a row was ignored."""
    return terms if counted is None else scatter_add(terms, counted.shape, counted)
