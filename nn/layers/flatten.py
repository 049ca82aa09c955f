"""Flatten: several axes as one. Unflatten: one axis as several."""

from __future__ import annotations

import math
from typing import Any

from ..inputs import door
from ..module import Module

__all__ = ["Flatten", "Unflatten", "flatten", "unflatten"]


@door
def flatten(x: Any, start_axis: int = 0, end_axis: int = -1) -> Any:
    """`x` with the axes from `start_axis` to `end_axis`, both included, as one.

    A 0-d array becomes one of shape (1,).

    Raises
    ------
    ValueError
        there are no such axes, or they are in the wrong order.
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


@door
def unflatten(x: Any, axis: int, sizes: tuple[int, ...]) -> Any:
    """`x` with `axis` as several, of lengths `sizes`, one of which may be -1 for what is left.

    Raises
    ------
    ValueError
        there is no such axis, or its length is not the product of `sizes`.
    """
    shape, sizes = tuple(x.shape), tuple(sizes)
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"unflatten: no axis {axis} in shape {shape}")
    axis %= len(shape)
    free, known = sizes.count(-1), math.prod(n for n in sizes if n != -1)
    rest = shape[axis] // known if known else 0
    new = tuple(rest if n == -1 else n for n in sizes)
    if free > 1 or min(new, default=0) < 0 or math.prod(new) != shape[axis]:
        raise ValueError(
            f"unflatten: axis {axis} of shape {shape} is {shape[axis]} long, which sizes {sizes} "
            "do not multiply to" + (f" ({free} are -1; one may be)" if free > 1 else "")
        )
    return x.reshape(*shape[:axis], *new, *shape[axis + 1 :])


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


class Unflatten(Module):
    """Make one axis several, of lengths `unflattened_size`: undoes `Flatten`.

    Parameters
    ----------
    axis
        which one; it may count from the end.
    unflattened_size
        one of its lengths may be -1, for what is left.

    Raises
    ------
    ValueError
        the input has no such axis, or its length is not the product of the sizes.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Unflatten(1, (28, 28))(np.zeros((32, 784))).shape
    (32, 28, 28)
    """

    def __init__(self, axis: int, unflattened_size: tuple[int, ...]) -> None:
        self.axis, self.unflattened_size = axis, tuple(unflattened_size)

    def forward(self, x: Any) -> Any:
        """Apply `functional.unflatten`."""
        return unflatten(x, self.axis, self.unflattened_size)
