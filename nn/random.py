"""Where random numbers come from: one generator for the process, or one you pass."""

from __future__ import annotations

import numpy as np

from autograd import draws_from

__all__ = ["generator", "manual_seed"]

_default: np.random.Generator | None = None  # made when asked for: its import takes long


def manual_seed(seed: int) -> np.random.Generator:
    """Restart the library's random generator from `seed` and return it.

    Weights, dropout masks, shuffles and made-up data all draw from it, unless they are given a
    `numpy.random.Generator` of their own.

    Examples
    --------
    >>> import nn
    >>> _ = nn.manual_seed(0); a = nn.Linear(2, 3)
    >>> _ = nn.manual_seed(0); b = nn.Linear(2, 3)
    >>> bool((a.weight.data == b.weight.data).all())
    True
    """
    global _default
    _default = np.random.default_rng(seed)
    return _default


def generator(rng: np.random.Generator | int | None = None) -> np.random.Generator:
    """The generator to draw from: `rng` itself, one seeded by an int, or the library's own."""
    global _default
    if rng is None:
        rng = _default = _default or np.random.default_rng()
    elif not isinstance(rng, np.random.Generator):
        rng = np.random.default_rng(rng)
    return draws_from(rng)  # a checkpoint draws the same again
