"""Drawing from scores: how a language model chooses the next token."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

import nn


def prompt(name: str, start: Any, length: int) -> NDArray[Any]:
    """The tokens that a text begins with, as an array; ValueError if there are none.

    `length` is how many are to follow: an int, 0 or more.
    """
    if not _is_int(length) or length < 0:
        raise ValueError(f"{name}.generate: got length={length!r}, expected an int, 0 or more")
    text = np.asarray(start)
    if text.ndim not in (1, 2) or not text.size:
        raise ValueError(
            f"{name}.generate: got a start of shape {text.shape}, expected (time,) or "
            "(batch, time), of at least one token"
        )
    return text


def draw(
    logits: NDArray[Any],
    temperature: float = 1.0,
    top_k: int | None = None,
    generator: np.random.Generator | int | None = None,
) -> NDArray[Any]:
    """Indices along the last axis, each with probability softmax(logits / temperature).

    The largest of logits + Gumbel noise is such a draw (Gumbel, 1954), without any sum.

    Parameters
    ----------
    logits
        an array (..., classes).
    temperature
        below 1 for likelier ones more often; at 0 the likeliest always.
    top_k
        draw among the likeliest k only.
    generator
        where the noise comes from; the library's own if None.

    Raises
    ------
    ValueError
        the temperature is not a number of 0 or more; top_k is not an int of 1 or more.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.models.draw(np.array([[0.0, 9.0], [9.0, 0.0]]), temperature=0)
    array([1, 0])
    """
    if isinstance(temperature, bool) or not 0 <= temperature < math.inf:
        raise ValueError(f"draw: got temperature={temperature}, expected a number, 0 or more")
    if top_k is not None and not (_is_int(top_k) and top_k > 0):
        raise ValueError(f"draw: got top_k={top_k!r}, expected an int, 1 or more, or None for all")
    if top_k is not None and top_k < logits.shape[-1]:
        least = np.sort(logits, axis=-1)[..., -top_k, None]
        logits = np.where(logits < least, -np.inf, logits)
    noise = nn.generator(generator).gumbel(size=logits.shape)
    return np.argmax(logits + temperature * noise, axis=-1)


def _is_int(x: Any) -> bool:
    return isinstance(x, int | np.integer) and not isinstance(x, bool)
