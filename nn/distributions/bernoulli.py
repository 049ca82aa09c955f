"""The distribution of a coin."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import stop_gradient

from ..layers.activations import sigmoid
from ..random import generator as _generator
from .categorical import Categorical, one_of
from .distribution import Distribution, Rng, Shape, fitting, parameters, refuse_unless

__all__ = ["Bernoulli"]


class Bernoulli(Distribution):
    """1 with probability `probs`, else 0.

    Parameters
    ----------
    probs
        from 0 to 1.
    logits
        in place of `probs`, which are sigmoid(logits).

    Raises
    ------
    ValueError
        not one of the two is given; a probability is not from 0 to 1; NaN.

    Examples
    --------
    >>> import numpy as np, nn
    >>> coin = nn.distributions.Bernoulli(probs=np.array([0.0, 0.5, 1.0]))
    >>> coin.sample(generator=1)
    array([0., 0., 1.])
    >>> coin.entropy()                  # log(2) for a fair one
    array([0.        , 0.69314718, 0.        ])
    """

    def __init__(self, probs: Any = None, logits: Any = None) -> None:
        name, x = one_of("Bernoulli", {"probs": probs, "logits": logits})
        (x,) = parameters("Bernoulli", **{name: x})
        if name == "probs":
            expected = "a probability, from 0 to 1; for scores write logits="
            refuse_unless(np.greater_equal, "Bernoulli", "probs", x, 0, expected)
            refuse_unless(np.less_equal, "Bernoulli", "probs", x, 1, expected)
        self._given, self._x = name, x
        super().__init__(x.shape)

    @property
    def probs(self) -> Any:
        """The probabilities of 1."""
        return self._x if self._given == "probs" else sigmoid(self._x)

    @property
    def logits(self) -> Any:
        """log(p / (1 - p))."""
        if self._given == "logits":
            return self._x
        with np.errstate(divide="ignore"):
            return np.log(self._x) - np.log1p(-self._x)

    @property
    def mean(self) -> Any:
        """The probabilities of 1."""
        return self.probs

    @property
    def variance(self) -> Any:
        """p (1 - p)."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = (), *, generator: Rng = None) -> NDArray[Any]:
        """Zeros and ones, as floats of shape (*sample_shape, *batch_shape)."""
        p = np.asarray(stop_gradient(self.probs))
        drawn = _generator(generator).random(self._shape(sample_shape)) < p
        return np.asarray(drawn).astype(p.dtype)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability of `value`, which is 0 or 1."""
        value = stop_gradient(fitting(self, value))
        expected = "0 or 1; for a probability as target use F.binary_cross_entropy"
        refuse_unless(
            lambda a, b: np.isin(a, b), "Bernoulli.log_prob", "value", value, (0, 1), expected
        )
        return self._pair().log_prob(value)

    def entropy(self) -> Any:
        """-p log p - (1 - p) log(1 - p)."""
        return self._pair().entropy()

    def _pair(self) -> Categorical:
        """The same as a distribution over the classes 0 and 1."""
        x = self._x
        if self._given == "probs":
            return Categorical(probs=np.stack([1 - x, x], axis=-1))
        return Categorical(logits=np.stack([np.zeros(x.shape, x.dtype), x], axis=-1))
