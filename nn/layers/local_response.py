"""Local response normalization: channels inhibit their neighbours.

(Krizhevsky, Sutskever and Hinton, NIPS 2012.)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import op

from ..inputs import door, expect, lengths
from ..module import Module
from .sizes import ints

__all__ = ["LocalResponseNorm", "local_response_norm"]


@door(wide=True)
def local_response_norm(
    input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    """Inhibit: x / (k + alpha * s)**beta, with s the mean square over `size` channels around x.

    Channels beyond the first and the last count as 0. With an even `size` one more lies before x.

    Parameters
    ----------
    input
        x, floats of shape (N, C, ...), with at least three axes.
    size
        the number of channels, at least 1.

    Raises
    ------
    ValueError
        too few axes; `size` is less than 1.
    TypeError
        the input is not of floats.
    """
    (size,) = ints("local_response_norm", "size", 1, size)
    expect("local_response_norm", input, len(lengths(input)) >= 3, "(N, C, ...), 3 axes or more")
    return _local_response(input, size=size, alpha=alpha, beta=beta, k=k)


@op
def _local_response(x, size=1, alpha=1e-4, beta=0.75, k=1.0):
    """Gradient: g * d**-beta - (2 * alpha * beta / size) * x * (the sum of g * x * d**(-beta - 1)
    over the neighbours), d = k + (alpha / size) * (the sum of x**2 over the neighbours).
    """
    before, after = size // 2, (size - 1) // 2
    d = k + (alpha / size) * _among(x * x, before, after)
    scale = d**-beta

    def for_x(g: Any) -> Any:  # those that x is a neighbour of lie on the other side
        felt = _among(g * x * scale / d, after, before)
        return g * scale - (2 * alpha * beta / size) * x * felt

    return x * scale, for_x


def _among(x: Any, before: int, after: int) -> Any:
    """The sum over neighbours along axis 1, the element itself between them."""
    sides = [(0, 0)] * x.ndim
    sides[1] = before, after
    padded, n = np.pad(x, sides), x.shape[1]
    total = padded[:, :n]
    for i in range(1, before + after + 1):
        total = total + padded[:, i : i + n]
    return total


class LocalResponseNorm(Module):
    """Inhibit: x / (k + alpha * s)**beta, with s the mean square over `size` channels around x.

    Parameters
    ----------
    size
        the number of channels, x in the middle.
    alpha, beta, k
        of the formula.

    Raises
    ------
    ValueError
        the input has fewer than three axes; `size` is less than 1.
    TypeError
        the input is not of floats.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        (self.size,) = ints("LocalResponseNorm", "size", 1, size)
        self.alpha, self.beta, self.k = alpha, beta, k

    def forward(self, x: Any) -> Any:
        """Apply `functional.local_response_norm`."""
        return local_response_norm(x, self.size, self.alpha, self.beta, self.k)
