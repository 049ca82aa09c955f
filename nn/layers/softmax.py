"""Softmax, its logarithm, and the logarithm of its denominator: functions and layers.

All begin with `shifted_exp`: the largest value along the axis is subtracted from the others first,
so that no exp overflows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import op, stop_gradient

from ..inputs import door, given
from ..module import Module
from ..random import generator as _generator

__all__ = [
    "LogSoftmax",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "gumbel_softmax",
    "log_softmax",
    "logsumexp",
    "softmax",
    "softmin",
]

Axis = int | tuple[int, ...] | None


def row_max(x: Any, axis: Axis) -> Any:
    """The largest value along `axis`, which is kept; an array, so a constant to derivatives.

    What subtracts it, as in exp(x - top) / sum(exp(x - top)), does not depend on it.
    """
    x = stop_gradient(x)
    top = x.max(axis=axis, keepdims=True) if x.size else np.zeros((), x.dtype)
    return top if top.dtype.kind == "f" else top.astype(float)  # unsigned x - top would wrap around


def shifted_exp(x: Any, axis: Axis, top: Any = None) -> tuple[Any, Any, Any]:
    """The shifted x - top, its exp, and the sum of that along `axis`; None for row_max(x, axis)."""
    shifted = x - (row_max(x, axis) if top is None else top)
    e = np.exp(shifted)
    return shifted, e, e.sum(axis=axis, keepdims=True)


@door(wide=True)
@op
def softmax(x, axis=-1):
    """exp(x) / sum(exp(x)) along `axis`: positive numbers that sum to 1.

    Gradient: `y * (g - sum(g * y, axis=axis, keepdims=True))`.
    """
    _, y, total = shifted_exp(x, axis)
    y /= total  # ours, so in place
    return y, lambda g: y * (g - (g * y).sum(axis=axis, keepdims=True))


@door(wide=True)
def softmin(x: Any, axis: Axis = -1) -> Any:
    """softmax(-x) along `axis`: large where x is small."""
    return softmax(-1.0 * x, axis)  # not -x, which wraps around for unsigned integers


@door(wide=True)
@op
def log_softmax(x, axis=-1):
    """log(softmax(x)), as x - logsumexp(x), which keeps the digits of small probabilities.

    Gradient: `g - exp(y) * sum(g, axis=axis, keepdims=True)`.
    """
    y, _, total = shifted_exp(x, axis)
    y -= np.log(total)  # ours, so in place
    return y, lambda g: g - np.exp(y) * g.sum(axis=axis, keepdims=True)


@door(wide=True)
@op
def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))) along `axis`, or over everything.

    Where all values are -inf so is the result, and the gradient is 0.

    Gradient: `expand(g, x.shape, axis) * exp(x - expand(y, x.shape, axis))`.
    """
    top = row_max(x, axis)
    top = np.where(np.isfinite(top), top, 0)  # -inf - -inf would be NaN
    _, e, total = shifted_exp(x, axis, top)
    with np.errstate(divide="ignore"):
        y = np.log(total) + top
    return (
        y if keepdims else np.squeeze(y, axis),
        lambda g: g.reshape(total.shape) * (e / np.where(total == 0, 1, total)),
    )


@door(wide=True)
def gumbel_softmax(
    logits: Any,
    tau: float = 1.0,
    hard: bool = False,
    axis: int = -1,
    *,
    generator: np.random.Generator | int | None = None,
) -> Any:
    """A sample of classes that gradients go through: softmax((logits + noise) / tau).

    The noise is Gumbel's, -log(-log(u)): the largest logit plus noise is a sample of the classes
    with the probabilities softmax(logits) (Jang, Gu and Poole, arXiv:1611.01144).

    Parameters
    ----------
    logits
        floats, any shape.
    tau
        the temperature, above 0; the smaller, the nearer to a single 1.
    hard
        return the single 1 itself, with the gradient of the soft sample (straight through).
    axis
        of the classes.
    generator
        where the noise comes from; the library's own if None.

    Raises
    ------
    ValueError
        `tau` is not above 0.
    """
    if not tau > 0:
        raise ValueError(f"gumbel_softmax: tau is a temperature, above 0; got {tau}")
    noise = _generator(generator).gumbel(size=np.shape(logits))
    if logits.dtype.kind == "f":
        noise = noise.astype(logits.dtype)
    soft = softmax((logits + noise) * (1 / tau), axis)
    if not hard:
        return soft
    constant = stop_gradient(soft)
    best = np.argmax(constant, axis=axis, keepdims=True)
    one = np.zeros_like(constant)
    np.put_along_axis(one, best, 1, axis)
    return soft + (one - constant)


class Softmax(Module):
    """exp(x) / sum(exp(x)) along `axis`: the last unless told (PyTorch would guess, and warn)."""

    def __init__(self, axis: Axis = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        """Apply `functional.softmax`."""
        return softmax(x, self.axis)


class Softmax2d(Module):
    """Softmax over the channels, at each place of an image.

    The input has shape (batch, channels, height, width), or without the batch.

    Raises
    ------
    ValueError
        the input does not have 3 or 4 axes.
    """

    def forward(self, x: Any) -> Any:
        """Apply `functional.softmax` along the channels."""
        x = given("Softmax2d", "", x)
        if x.ndim not in (3, 4):
            raise ValueError(
                f"Softmax2d: got input of shape {np.shape(x)}, expected (batch, channels, height, "
                "width) or (channels, height, width); for other shapes use nn.Softmax(axis)"
            )
        return softmax(x, -3)


class Softmin(Module):
    """exp(-x) / sum(exp(-x)) along `axis`: the last unless told."""

    def __init__(self, axis: Axis = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        """Apply `functional.softmin`."""
        return softmin(x, self.axis)


class LogSoftmax(Module):
    """log(softmax(x)) along `axis`: the last unless told."""

    def __init__(self, axis: Axis = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        """Apply `functional.log_softmax`."""
        return log_softmax(x, self.axis)
