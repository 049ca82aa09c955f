"""Flatten: several axes as one."""

from __future__ import annotations

import math
from typing import Any

from .module import Module

__all__ = ["Flatten", "flatten"]


def flatten(x: Any, start_axis: int = 0, end_axis: int = -1) -> Any:
    """`x` with the axes from `start_axis` to `end_axis`, both included, as one.

    A 0-d array becomes one of shape (1,).

    Raises
    ------
    ValueError : there are no such axes, or they are in the wrong order.
    """
    ndim = max(x.ndim, 1)
    first, last = start_axis % ndim, end_axis % ndim
    if not (-ndim <= start_axis < ndim and -ndim <= end_axis < ndim and first <= last):
        raise ValueError(
            f"flatten: no axes {start_axis} to {end_axis} in shape {x.shape}, or they are in the "
            "wrong order"
        )
    middle = math.prod(x.shape[first : last + 1])
    return x.reshape(*x.shape[:first], middle, *x.shape[last + 1 :])


class Flatten(Module):
    """Make the axes from `start_axis` to `end_axis` one: all but the batch, unless told.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Flatten()(np.zeros((32, 28, 28))).shape
    (32, 784)
    """

    def __init__(self, start_axis: int = 1, end_axis: int = -1) -> None:
        self.start_axis, self.end_axis = start_axis, end_axis

    def forward(self, x: Any) -> Any:
        """Apply `functional.flatten`."""
        return flatten(x, self.start_axis, self.end_axis)

    def extra_repr(self) -> str:
        """The arguments, where not the defaults."""
        default = (self.start_axis, self.end_axis) == (1, -1)
        return "" if default else f"start_axis={self.start_axis}, end_axis={self.end_axis}"
