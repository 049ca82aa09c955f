"""The normal distribution of numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..random import generator as _generator
from .distribution import Distribution, Rng, Shape, fitting, parameters, refuse_unless

__all__ = ["Normal"]


class Normal(Distribution):
    """N(loc, scale²), for each number by itself.

    density = exp(-(x - loc)² / (2 scale²)) / (scale sqrt(2 pi))

    Parameters
    ----------
    loc
        the mean; a Tensor, an array or a number.
    scale
        the standard deviation, above 0. It and `loc` broadcast.

    Raises
    ------
    ValueError
        `scale` is not above 0; a parameter is NaN; the shapes do not broadcast.

    Examples
    --------
    >>> import nn
    >>> from autograd import Tensor
    >>> mean = Tensor([0.0, 3.0], requires_grad=True)
    >>> normal = nn.distributions.Normal(mean, 2.0)
    >>> normal.rsample(5, generator=0).sum().backward()     # loc + scale * noise
    >>> mean.grad
    array([5., 5.], dtype=float32)
    """

    has_rsample = True

    def __init__(self, loc: Any, scale: Any) -> None:
        self.loc, self.scale = parameters("Normal", loc=loc, scale=scale)
        refuse_unless(
            np.greater, "Normal", "scale", self.scale, 0,
            "a standard deviation, above 0; from a free number x make np.exp(x)",
        )  # fmt: skip
        try:
            super().__init__(np.broadcast_shapes(self.loc.shape, self.scale.shape))
        except ValueError:
            raise ValueError(
                f"Normal: got loc of shape {self.loc.shape} and scale of shape "
                f"{self.scale.shape}, which do not broadcast"
            ) from None

    @property
    def mean(self) -> Any:
        """The mean, of shape batch_shape."""
        return np.broadcast_to(self.loc, self.batch_shape)

    @property
    def mode(self) -> Any:
        """The same: where the density is largest."""
        return self.mean

    @property
    def stddev(self) -> Any:
        """The standard deviation, of shape batch_shape."""
        return np.broadcast_to(self.scale, self.batch_shape)

    @property
    def variance(self) -> Any:
        """The square of the standard deviation, of shape batch_shape."""
        return self.stddev**2

    def rsample(self, sample_shape: Shape = (), *, generator: Rng = None) -> Any:
        """loc + scale * noise, of shape (*sample_shape, *batch_shape)."""
        noise = _generator(generator).standard_normal(self._shape(sample_shape))
        return self.loc + self.scale * noise.astype(self.loc.dtype)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density at `value`."""
        z = (fitting(self, value, self.loc.dtype) - self.loc) / self.scale
        return -0.5 * z * z - np.log(self.scale) - 0.5 * math.log(2 * math.pi)

    def entropy(self) -> Any:
        """log(scale) + (1 + log(2 pi)) / 2."""
        return np.log(self.stddev) + 0.5 * (1 + math.log(2 * math.pi))
