"""Dropout: the function and the layer (Srivastava et al., JMLR 15, 2014)."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import op

from .module import Module
from .random import generator as _generator

__all__ = ["Dropout", "dropout"]


def dropout(
    x: Any,
    p: float = 0.5,
    training: bool = True,
    generator: np.random.Generator | int | None = None,
) -> Any:
    """Set each element to 0 with probability `p`, and multiply the others by 1/(1 - p).

    The expected value stays the same, so that nothing has to be done in evaluation.

    Parameters
    ----------
    x : floats, any shape.
    p : from 0 to 1; at 1 all is 0.
    training : False to return `x` as it is.
    generator : where the mask comes from; the library's own if None.

    Raises
    ------
    ValueError : `p` is not between 0 and 1.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p is a probability, from 0 to 1; got {p}")
    if not training or p == 0:
        return x
    # The mask is made out here because the op's body may run again for a second derivative.
    mask = (_generator(generator).random(np.shape(x), np.float32) >= p).astype(x.dtype)
    if p < 1:
        mask *= 1 / (1 - p)
    return _masked(x, mask=mask)


@op(linear=True)
def _masked(x, mask=None):
    return x * mask, lambda g: g * mask


class Dropout(Module):
    """In training, set each element to 0 with probability `p` and multiply the others by 1/(1-p).

    Parameters
    ----------
    p : from 0 to 1.
    generator : a `numpy.random.Generator` of its own, or a seed for one; else the library's.

    Raises
    ------
    ValueError : `p` is not between 0 and 1.
    """

    def __init__(
        self, p: float = 0.5, *, generator: np.random.Generator | int | None = None
    ) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"Dropout: p is a probability, from 0 to 1; got {p}")
        self.p = p
        # A seed makes one generator here: in forward it would make the same mask every time.
        self.generator = None if generator is None else _generator(generator)

    def forward(self, x: Any) -> Any:
        """Apply `functional.dropout`, if `self.training`."""
        return dropout(x, self.p, self.training, self.generator)

    def extra_repr(self) -> str:
        """The argument."""
        return f"p={self.p}"
