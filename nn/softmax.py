"""Softmax, its logarithm, and the logarithm of its denominator: functions and layers.

All subtract the largest value along the axis first, so that no exp overflows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor, op

from .module import Module

__all__ = ["LogSoftmax", "Softmax", "log_softmax", "logsumexp", "softmax"]

Axis = int | tuple[int, ...] | None


def peak(x: Any, axis: Axis) -> Any:
    """The largest value along `axis`, which is kept; always an array.

    The functions that subtract it do not depend on it, so it is a constant to their derivatives.
    """
    x = x.detach().numpy() if isinstance(x, Tensor) else x
    if not x.size:
        return 0.0
    top = x.max(axis=axis, keepdims=True)
    return top if top.dtype.kind == "f" else top.astype(float)  # unsigned x - top would wrap around


@op
def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along `axis`: positive numbers that sum to 1."""
    e = np.exp(x - peak(x, axis))
    y = e / e.sum(axis=axis, keepdims=True)
    return y, lambda g: y * (g - (g * y).sum(axis=axis, keepdims=True))


@op
def log_softmax(x, axis=-1):
    """log(softmax(x)), as x - logsumexp(x), which keeps the digits of small probabilities."""
    shifted = x - peak(x, axis)
    y = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return y, lambda g: g - np.exp(y) * g.sum(axis=axis, keepdims=True)


@op
def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))) along `axis`, or over everything.

    Where all values are -inf so is the result, and the gradient is 0.
    """
    top = peak(x, axis)
    top = np.where(np.isfinite(top), top, 0)  # -inf - -inf would be NaN
    e = np.exp(x - top)
    total = e.sum(axis=axis, keepdims=True)
    with np.errstate(divide="ignore"):
        y = np.log(total) + top
    return (
        y if keepdims else np.squeeze(y, axis),
        lambda g: g.reshape(total.shape) * (e / np.where(total == 0, 1, total)),
    )


class Softmax(Module):
    """exp(x) / sum(exp(x)) along `axis`: the last unless told (PyTorch would guess, and warn)."""

    def __init__(self, axis: Axis = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        """Apply `functional.softmax`."""
        return softmax(x, self.axis)

    def extra_repr(self) -> str:
        """The argument."""
        return f"axis={self.axis}"


class LogSoftmax(Module):
    """log(softmax(x)) along `axis`: the last one unless told."""

    def __init__(self, axis: Axis = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        """Apply `functional.log_softmax`."""
        return log_softmax(x, self.axis)

    def extra_repr(self) -> str:
        """The argument."""
        return f"axis={self.axis}"
