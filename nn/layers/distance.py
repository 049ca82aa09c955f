"""How alike two vectors are, and how far apart: functions and layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs import door, floats
from ..module import Module

__all__ = [
    "CosineSimilarity",
    "PairwiseDistance",
    "cosine_similarity",
    "normalize",
    "pairwise_distance",
]


@door(wide=True)
def cosine_similarity(x1: Any, x2: Any, axis: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between two vectors, (x1 · x2) / (max(|x1|, eps) * max(|x2|, eps)).

    Parameters
    ----------
    x1, x2
        arrays of vectors along `axis`, of shapes that broadcast.
    axis
        of the two together, broadcast.
    eps
        vectors shorter than this count as this long; one of zeros has similarity 0 to all. (For
        them the gradient is that of this formula. PyTorch's is another, as if their length still
        changed the result.)

    Returns
    -------
    array
        The shape of the two together, without `axis`.

    Raises
    ------
    ValueError
        the shapes do not broadcast.
    """
    _check_broadcast("cosine_similarity", x1, x2)
    a, b = (normalize(x, 2.0, axis, eps) for x in np.broadcast_arrays(x1, x2))
    return (a * b).sum(axis=axis)


@door(wide=True)
def normalize(x: Any, p: float = 2.0, axis: int = 1, eps: float = 1e-12) -> Any:
    """Vectors along `axis`, divided by their p-norm: x / max(|x|, eps).

    Parameters
    ----------
    x
        floats, any shape with this axis.
    p
        of the norm, sum(|x|^p)^(1/p); may be inf.
    eps
        vectors shorter than this are divided by this.

    Returns
    -------
    array
        The shape of `x`.
    """
    x = floats(x)
    return x / np.maximum(np.linalg.vector_norm(x, ord=p, axis=axis, keepdims=True), eps)


@door(wide=True)
def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False
) -> Any:
    """The p-norm of x1 - x2 + eps along the last axis: of one pair of vectors each.

    Parameters
    ----------
    x1, x2
        shapes (..., features) that broadcast.
    p
        of the norm, sum(|d|^p)^(1/p); may be 0 or inf.
    eps
        added to each difference, so that the slope exists where x1 = x2.
    keepdims
        True to keep the last axis, of length 1.

    Raises
    ------
    ValueError
        the shapes do not broadcast.
    """
    _check_broadcast("pairwise_distance", x1, x2)
    return np.linalg.vector_norm(floats(x1) - floats(x2) + eps, axis=-1, keepdims=keepdims, ord=p)


def _check_broadcast(who: str, x1: Any, x2: Any) -> None:
    try:
        np.broadcast_shapes(np.shape(x1), np.shape(x2))
    except ValueError:
        raise ValueError(
            f"{who}: got x1 of shape {np.shape(x1)} and x2 of shape {np.shape(x2)}, expected "
            "shapes that broadcast"
        ) from None


class CosineSimilarity(Module):
    """The cosine of the angle between the vectors along `axis` of two inputs.

    Vectors shorter than `eps` count as that long.
    """

    def __init__(self, axis: int = 1, eps: float = 1e-8) -> None:
        self.axis, self.eps = axis, eps

    def forward(self, x1: Any, x2: Any) -> Any:
        """Apply `functional.cosine_similarity`."""
        return cosine_similarity(x1, x2, self.axis, self.eps)


class PairwiseDistance(Module):
    """The p-norm of x1 - x2 + eps along the last axis."""

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdims: bool = False) -> None:
        self.p, self.eps, self.keepdims = p, eps, keepdims

    def forward(self, x1: Any, x2: Any) -> Any:
        """Apply `functional.pairwise_distance`."""
        return pairwise_distance(x1, x2, self.p, self.eps, self.keepdims)
