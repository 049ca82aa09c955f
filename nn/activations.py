"""Functions of one number, applied elementwise, and their layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import op
from autograd.elementwise import tanh

from .module import Module

__all__ = [
    "Identity",
    "ReLU",
    "Sigmoid",
    "Tanh",
    "log_sigmoid",
    "relu",
    "sigmoid",
    "softplus",
    "tanh",
]


@op(linear=True)  # no derivative goes through the mask, so a linear op's promises hold
def relu(x):
    """max(x, 0). The derivative at 0 is 0."""
    y = np.maximum(x, 0)
    return y, lambda g: g * (y > 0)


def _sigmoid_again(x: Any) -> Any:
    # The second derivative by way of y: through exp(-x) it would be 0 * inf where that overflows.
    y = sigmoid(x)
    return y, lambda g: g * (y * (1 - y))


@op(plain=_sigmoid_again)
def sigmoid(x):
    """1 / (1 + exp(-x)), to full relative precision on both sides.

    Where exp(-x) overflows, its inf gives the right 0. (By way of tanh it would be faster, but
    wrong where the result is small: 0 instead of 9e-14 at -30.)
    """
    with np.errstate(over="ignore"):
        y = 1 / (1 + np.exp(-1.0 * x))  # not -x, which wraps around for unsigned integers
    return y, lambda g: g * (y * (1 - y))


@op
def log_sigmoid(x):
    """log(sigmoid(x)) = min(x, 0) - log(1 + exp(-abs(x))), which neither overflows nor cancels."""
    y = np.minimum(x, 0) - np.log1p(np.exp(-1.0 * np.abs(x)))
    return y, lambda g: g * sigmoid(-x)


@op
def softplus(x, beta=1.0):
    """log(1 + exp(beta x)) / beta, a smooth relu.

    PyTorch's `threshold`, above which it returns x, is not needed: nothing overflows here.
    """
    z = x * beta
    y = (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))) / beta
    return y, lambda g: g * sigmoid(z)


class Identity(Module):
    """The input, unchanged."""

    def forward(self, x: Any) -> Any:
        """Return `x`."""
        return x


class ReLU(Module):
    """max(x, 0), elementwise. The derivative at 0 is 0."""

    def forward(self, x: Any) -> Any:
        """Apply `functional.relu`."""
        return relu(x)


class Sigmoid(Module):
    """1 / (1 + exp(-x)), elementwise."""

    def forward(self, x: Any) -> Any:
        """Apply `functional.sigmoid`."""
        return sigmoid(x)


class Tanh(Module):
    """The hyperbolic tangent, elementwise."""

    def forward(self, x: Any) -> Any:
        """Apply `functional.tanh`."""
        return tanh(x)
