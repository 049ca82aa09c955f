"""The distribution over classes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import stop_gradient

from ..layers.softmax import log_softmax, softmax
from ..random import generator as _generator
from .distribution import Distribution, Rng, Shape, fitting, parameters, refuse_unless

__all__ = ["Categorical", "one_of"]


class Categorical(Distribution):
    """One of the classes 0, 1, ..., with given probabilities.

    Parameters
    ----------
    probs
        (..., classes), at least 0; divided by their sum along the last axis.
    logits
        (..., classes), in place of `probs`, which are softmax(logits).

    Raises
    ------
    ValueError
        not one of the two is given; a probability is below 0, or all of a row are 0; NaN; there is
        no axis of classes.

    Examples
    --------
    >>> import numpy as np, nn
    >>> rows = np.array([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5]])
    >>> c = nn.distributions.Categorical(probs=rows)
    >>> c.sample(4, generator=0)        # torch.multinomial(rows, 4, replacement=True).T
    array([[1, 0],
           [1, 2],
           [1, 0],
           [1, 0]])
    >>> np.exp(c.log_prob([1, 2]))
    array([1. , 0.5])
    """

    def __init__(self, probs: Any = None, logits: Any = None) -> None:
        name, x = one_of("Categorical", {"probs": probs, "logits": logits})
        (x,) = parameters("Categorical", **{name: x})
        if not x.ndim or not x.shape[-1]:
            raise ValueError(
                f"Categorical: got {name} of shape {x.shape}, expected (..., classes), with at "
                "least one class"
            )
        self._given = name
        if name == "probs":
            refuse_unless(np.greater_equal, "Categorical", "probs", x, 0, "0 or more")
            total = x.sum(axis=-1, keepdims=True)
            refuse_unless(np.greater, "Categorical", "a row of probs", total, 0, "a sum above 0")
            x = x / total
        else:
            x = log_softmax(x)
        self._x = x
        super().__init__(x.shape[:-1])

    @property
    def probs(self) -> Any:
        """The probabilities, (*batch_shape, classes); they sum to 1."""
        return self._x if self._given == "probs" else softmax(self._x)

    @property
    def logits(self) -> Any:
        """Their logarithms; -inf for what is impossible."""
        if self._given == "logits":
            return self._x
        with np.errstate(divide="ignore"):
            return np.log(self._x)

    @property
    def mode(self) -> NDArray[np.intp]:
        """The likeliest class, of shape batch_shape."""
        return np.argmax(stop_gradient(self._x), axis=-1)

    def sample(self, sample_shape: Shape = (), *, generator: Rng = None) -> NDArray[Any]:
        """Classes, as integers of shape (*sample_shape, *batch_shape).

        The class whose logit plus noise of Gumbel's is largest (Gumbel, 1954).
        """
        logits = np.asarray(stop_gradient(self.logits))
        shape = (*self._shape(sample_shape), logits.shape[-1])
        return np.argmax(logits + _generator(generator).gumbel(size=shape), axis=-1)

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the probability of the classes `value`."""
        value = stop_gradient(fitting(self, value))
        n = self._x.shape[-1]
        known = np.arange(n)
        who, expected = "Categorical.log_prob", f"a class, one of 0 to {n - 1}"
        refuse_unless(lambda a, b: np.isin(a, b), who, "value", value, known, expected)
        shape = np.broadcast_shapes(value.shape, self.batch_shape)
        index = np.broadcast_to(value, shape)[..., None].astype(np.intp)
        rows = np.broadcast_to(self._x, (*shape, n))
        picked = np.take_along_axis(rows, index, axis=-1)[..., 0]
        if self._given == "logits":
            return picked
        with np.errstate(divide="ignore"):  # log(0) is -inf: it was impossible
            return np.log(picked)

    def entropy(self) -> Any:
        """-sum(p log p) over the classes, where 0 log 0 is 0."""
        return 0 - self._expected(self).sum(axis=-1)  # not -0. where one class is certain

    def _expected(self, of: Categorical) -> Any:
        """p log q for each class, for the probabilities q of another; 0 where p is 0."""
        p = self.probs
        possible = np.asarray(stop_gradient(p)) > 0
        if of._given == "logits":
            return p * np.where(possible, of._x, 0)
        with np.errstate(divide="ignore"):
            return p * np.log(np.where(possible, of._x, 1))


def one_of(who: str, arguments: dict[str, Any]) -> tuple[str, Any]:
    """The name and value of the one argument that is given."""
    given = {name: x for name, x in arguments.items() if x is not None}
    if len(given) != 1:
        *names, last = arguments
        got = " and ".join(given) or "none"
        raise ValueError(f"{who}: got {got}, expected one of {', '.join(names)} and {last}")
    return next(iter(given.items()))
