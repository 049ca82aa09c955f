"""Dropout (Srivastava et al., JMLR 15, 2014): of elements, of whole channels, and for SELU.

The masks are made outside of the op, because its body may run again for a second derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import numpy as np

from autograd import op

from ..inputs import door, expect
from ..random import generator as _generator
from .families import image_shapes, per_axes
from .inplace import InPlace

__all__ = [
    "AlphaDropout",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "FeatureAlphaDropout",
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
]

Rng: TypeAlias = "np.random.Generator | int | None"


@op(constant_slope=True)
def scaled(x, by=None):
    """`x` times an array that has no gradient."""
    return x * by, lambda g: g * by


def _check_p(who: str, p: float) -> None:
    if not 0 <= p <= 1 or isinstance(p, bool):  # `dropout(x, self.training)` would drop all
        raise ValueError(f"{who}: got p={p}, expected a probability, from 0 to 1")


def _kept(who: str, x: Any, p: float, shape: tuple[int, ...], generator: Rng) -> Any:
    """1 with probability 1 - p, else 0, in the dtype of `x`."""
    expect(who, x, True, "floats", "fc")
    return (_generator(generator).random(shape, np.float32) >= p).astype(x.dtype)


# Elements and channels


@door
def dropout(x: Any, p: float = 0.5, training: bool = True, *, generator: Rng = None) -> Any:
    """Set each element to 0 with probability `p`, and multiply the others by 1/(1 - p).

    The expected value stays the same, so that nothing has to be done in evaluation.

    Parameters
    ----------
    x
        floats, any shape.
    p
        from 0 to 1; at 1 all is 0.
    training
        False to return `x` as it is.
    generator
        where the mask comes from; the library's own if None.

    Raises
    ------
    ValueError
        `p` is not between 0 and 1.
    TypeError
        `x` is of integers.
    """
    return _dropout("dropout", x, p, np.shape(x), training, generator)


def _dropout(
    who: str, x: Any, p: float, shape: tuple[int, ...], training: bool, generator: Rng
) -> Any:
    """`shape` is that of the mask; where it is 1, what lies along the axis shares its fate."""
    _check_p(who, p)
    if not training or p == 0:
        return x
    mask = _kept(who, x, p, shape, generator)
    if p < 1:
        mask *= 1 / (1 - p)
    return scaled(x, by=mask)


IMAGES = "(batch, channels, height, width) or (batch, channels, length)"


def _dropout_nd(
    n: int, x: Any, p: float = 0.5, training: bool = True, *, generator: Rng = None
) -> Any:
    """`dropout` of whole channels (Tompson et al., 2015) of signals, images or volumes.

    Parameters
    ----------
    x
        shape (batch, channels, *size), or without the batch. But three axes given to `dropout2d`
        are (batch, channels, length), and not one image, as in PyTorch.
    p, training, generator
        as for `dropout`.

    Raises
    ------
    ValueError
        `x` has another number of axes; `p` is not between 0 and 1.
    TypeError
        `x` is of integers.
    """
    who, ndim = f"dropout{n}d", x.ndim
    if ndim not in (n + 1, n + 2):
        shapes = image_shapes(n) if n != 2 else IMAGES
        raise ValueError(f"{who}: got input of shape {x.shape}, expected {shapes}")
    lead = 2 if n == 2 or ndim == n + 2 else 1
    return _dropout(who, x, p, (*x.shape[:lead], *(1,) * (ndim - lead)), training, generator)


dropout1d, dropout2d, dropout3d = per_axes(_dropout_nd)


# For SELU

FLOOR = -1.7580993408473766  # what selu tends to on the left, -scale * alpha


@door
def alpha_dropout(x: Any, p: float = 0.5, training: bool = False, *, generator: Rng = None) -> Any:
    """Dropout that keeps mean 0 and variance 1 (Klambauer et al., 2017): for use with `selu`.

    With probability `p` an element becomes f = -1.7581, the lowest value of selu, instead of 0.
    All are then mapped to a * x + b, with a = 1/sqrt((1 - p) * (1 + p * f**2)) and b = -a * p * f.

    Parameters
    ----------
    x
        floats, any shape.
    p
        from 0 to 1; at 1 all is 0.
    training
        True to drop, False to return `x` as it is.
    generator
        where the mask comes from; the library's own if None.

    Raises
    ------
    ValueError
        `p` is not between 0 and 1.
    TypeError
        `x` is of integers.
    """
    return _alpha_dropout("alpha_dropout", x, p, np.shape(x), training, generator)


@door
def feature_alpha_dropout(
    x: Any, p: float = 0.5, training: bool = False, *, generator: Rng = None
) -> Any:
    """`alpha_dropout` of whole channels.

    Parameters
    ----------
    x
        shape (batch, channels, ...); the first two axes are taken for these, as in PyTorch.
    p, training, generator
        as for `alpha_dropout`.

    Raises
    ------
    ValueError
        `x` has fewer than two axes; `p` is not between 0 and 1.
    """
    shape = np.shape(x)
    if len(shape) < 2:
        raise ValueError(
            f"feature_alpha_dropout: got input of shape {shape}, expected (batch, channels, ...)"
        )
    shape = *shape[:2], *(1,) * (len(shape) - 2)
    return _alpha_dropout("feature_alpha_dropout", x, p, shape, training, generator)


def _alpha_dropout(
    who: str, x: Any, p: float, shape: tuple[int, ...], training: bool, generator: Rng
) -> Any:
    _check_p(who, p)
    if not training or p == 0:
        return x
    kept = _kept(who, x, p, shape, generator)
    if p == 1:
        return scaled(x, by=kept)
    a = 1 / math.sqrt((1 - p) * (1 + p * FLOOR**2))
    return scaled(x, by=a * kept) + a * FLOOR * (1 - p - kept)


# Layers


class Dropout(InPlace):
    """In training, set each element to 0 with probability `p` and multiply the others by 1/(1-p).

    Parameters
    ----------
    p
        from 0 to 1.
    inplace
        change the input itself, see `InPlace`.
    generator
        a `numpy.random.Generator` of its own, or a seed for one; else the library's.

    Raises
    ------
    ValueError
        `p` is not between 0 and 1.
    """

    _function: ClassVar[Callable[..., Any]] = staticmethod(dropout)

    def __init__(self, p: float = 0.5, inplace: bool = False, *, generator: Rng = None) -> None:
        super().__init__(inplace)
        _check_p(type(self).__name__, p)
        self.p = p
        # A seed makes one generator here: in forward it would make the same mask every time.
        self.generator = None if generator is None else _generator(generator)

    def forward(self, x: Any) -> Any:
        """Apply the function of the same name, if `self.training`."""
        return self._put(x, self._function(x, self.p, self.training, generator=self.generator))


class Dropout1d(Dropout):
    """`Dropout` of whole channels of (batch, channels, length), or without the batch."""

    _function = staticmethod(dropout1d)


class Dropout2d(Dropout):
    """`Dropout` of whole channels of (batch, channels, height, width) or (batch, channels, length).

    Neighbours in an image tell nearly the same, so that dropping single ones hides little.
    """

    _function = staticmethod(dropout2d)


class Dropout3d(Dropout):
    """`Dropout` of whole channels of (batch, channels, depth, height, width), or without batch."""

    _function = staticmethod(dropout3d)


class AlphaDropout(Dropout):
    """Dropout that keeps mean 0 and variance 1, for use with `SELU`."""

    _function = staticmethod(alpha_dropout)


class FeatureAlphaDropout(Dropout):
    """`AlphaDropout` of whole channels of (batch, channels, ...)."""

    _function = staticmethod(feature_alpha_dropout)
