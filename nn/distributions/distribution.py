"""What all distributions have in common, and how they look at what they are given."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor, default_dtype, stop_gradient

from ..inputs import given

__all__ = ["Distribution", "Rng", "Shape", "fitting", "parameters", "refuse_unless"]

Rng: TypeAlias = "np.random.Generator | int | None"
Shape: TypeAlias = "int | tuple[int, ...]"


class Distribution:
    """What `Normal`, `Categorical` and the others are, and what one of your own may be.

    Parameters
    ----------
    batch_shape
        the shape of the parameters: so many distributions side by side.
    event_shape
        the shape of one draw from one of them: () for numbers, (n,) for vectors.

    Attributes
    ----------
    has_rsample
        whether gradients go through `rsample`.
    """

    has_rsample = False

    def __init__(
        self, batch_shape: tuple[int, ...] = (), event_shape: tuple[int, ...] = ()
    ) -> None:
        self.batch_shape, self.event_shape = batch_shape, event_shape

    def sample(self, sample_shape: Shape = (), *, generator: Rng = None) -> NDArray[Any]:
        """Draws, as a plain array of shape (*sample_shape, *batch_shape, *event_shape).

        Parameters
        ----------
        sample_shape
            how many, an int or a tuple; () for one.
        generator
            where they come from: a generator, or a seed for one; the library's own if None.
        """
        return np.asarray(stop_gradient(self.rsample(sample_shape, generator=generator)))

    def rsample(self, sample_shape: Shape = (), *, generator: Rng = None) -> Any:
        """Draws that gradients go through to the parameters; arguments and shape as of `sample`.

        Raises
        ------
        NotImplementedError
            the draws are discrete.
        """
        raise NotImplementedError(
            f"{type(self).__name__}.rsample: a discrete draw has no slope. Use sample(), and the "
            "gradient of log_prob(sample) * reward; or nn.functional.gumbel_softmax(logits), a "
            "soft draw"
        )

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, or probability, at `value`.

        Its shape and the distribution's broadcast, so (batch, ...) of values meets parameters of
        shape (...), as in NumPy.

        Raises
        ------
        ValueError
            the shapes do not fit; the value can never be drawn.
        """
        raise NotImplementedError

    def entropy(self) -> Any:
        """The mean of -log_prob over draws, in nats, of shape batch_shape."""
        raise NotImplementedError

    def _shape(self, sample_shape: Shape) -> tuple[int, ...]:
        """The shape of draws."""
        lead = (sample_shape,) if isinstance(sample_shape, int | np.integer) else sample_shape
        return (*lead, *self.batch_shape, *self.event_shape)

    def __repr__(self) -> str:
        event = f", event_shape={self.event_shape}" if self.event_shape else ""
        return f"{type(self).__name__}(batch_shape={self.batch_shape}{event})"


def parameters(who: str, **values: Any) -> list[Any]:
    """The parameters as Tensors or arrays of floats, all of one dtype.

    Numbers and lists take that of the others, as Python's numbers do, or else the default.
    """
    dtypes = [x.dtype for x in values.values() if hasattr(x, "dtype") and x.dtype.kind == "f"]
    dtype = np.result_type(*dtypes) if dtypes else default_dtype.get()
    found = []
    for name, x in values.items():
        x = x if hasattr(x, "dtype") else given(who, name, x)
        if x.dtype.kind not in "fiub":
            raise TypeError(f"{who}: got {x.dtype} for {name}, expected floats")
        x = x if x.dtype == dtype else x.astype(dtype)
        x = x if isinstance(x, Tensor) else np.asarray(x)
        refuse_unless(np.equal, who, name, x, stop_gradient(x), "no NaN")
        found.append(x)
    return found


def refuse_unless(holds: Any, who: str, name: str, x: Any, than: Any, expected: str) -> None:
    """Raise for the first number of `x` of which `holds(number, than)` is not true."""
    array = np.asarray(stop_gradient(x))
    good = np.broadcast_to(holds(array, than), array.shape)
    if not good.all():
        place = tuple(map(int, np.argwhere(~good)[0]))
        where = f" at {list(place)}" if place else ""
        raise ValueError(f"{who}: got {array[place]:.6g}{where} for {name}, expected {expected}")


def fitting(of: Distribution, value: Any, dtype: Any = None) -> Any:
    """A value for `log_prob`, if its shape and the distribution's broadcast.

    dtype: for numbers, lists and integers; None leaves them as they are.
    """
    who, bare = f"{type(of).__name__}.log_prob", not hasattr(value, "dtype")
    if bare:
        value = given(who, "value", value)
    shape = (*of.batch_shape, *of.event_shape)
    n = len(of.event_shape)
    try:
        np.broadcast_shapes(value.shape, shape)
        fits = n == 0 or value.shape[-n:] == of.event_shape
    except ValueError:
        fits = False
    if not fits:
        expected = f"(..., {', '.join(map(str, of.event_shape))})" if n else "what broadcasts"
        raise ValueError(
            f"{who}: got a value of shape {value.shape}, expected {expected}, for parameters of "
            f"batch_shape {of.batch_shape}"
        )
    refuse_unless(np.equal, who, "value", value, stop_gradient(value), "no NaN")
    if dtype is not None and (bare or value.dtype.kind in "iub"):
        value = value.astype(dtype)
    return value
