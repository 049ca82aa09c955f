"""A gradient with the shape and dtype of its tensor: what broadcasting stretched is summed.

If y = x + b stretches b of shape (3,) to (2, 3), each element of b went into two of y, so its
gradient is the sum of two: the transpose of copying is adding. The engine does it here, once, so no
op need know.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import GradientShapeError
from .arrays import wide
from .node import Node

__all__ = ["fit", "unbroadcast"]


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum `g` over the axes along which broadcasting stretched an array of `shape`."""
    lead = g.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(
        lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1
    )
    return np.reshape(np.sum(g, axis=axes, dtype=wide(g.dtype)), shape)


def fit(g: Any, node: Node, parent: Node, i: int) -> Any:
    """`g` with the shape and dtype of `parent`, the `i`-th argument of `node`, or an error."""
    if g is None:
        raise GradientShapeError.missing(node, i)
    if not hasattr(g, "shape"):
        g = np.asarray(g)
    if g.shape != parent.shape:
        try:
            could_broadcast = np.broadcast_shapes(g.shape, parent.shape) == g.shape
        except ValueError:
            could_broadcast = False
        if not could_broadcast:
            raise GradientShapeError.of(node, i, g.shape, parent.shape)
        g = unbroadcast(g, parent.shape)
    if g.dtype != parent.dtype:
        if g.dtype.kind == "c" and parent.dtype.kind != "c":
            g = g.real
        g = g.astype(parent.dtype)
    return g
