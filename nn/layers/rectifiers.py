"""Functions of one number made of pieces, applied elementwise, and their layers.

Where two pieces meet, the derivative is that of the piece that the point itself counts to, as in
PyTorch: 0 for relu at 0 and for hardtanh at both bounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import default_dtype, op

from ..inputs import door
from ..module import Module, Parameter
from ..random import generator as _generator
from .dropout import Rng, scaled
from .inplace import InPlace

__all__ = [
    "CELU",
    "ELU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "Softshrink",
    "Threshold",
    "celu",
    "elu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "softshrink",
    "threshold",
]

# Where the derivative is constant in pieces the op is linear: no derivative goes through the
# mask that tells the pieces apart. Those that networks are full of do without np.where, which
# takes ten times as long as a product (the processor cannot guess a random mask). A product of
# floats takes less than one with booleans, and from LARGE numbers on the maximum of two arrays
# half of what the maximum of an array and a number does.
LARGE = 4096

# relu, and how it may leak


@door
@op(constant_slope=True)
def relu(x):
    """max(x, 0). The derivative at 0 is 0."""
    if x.size < LARGE:
        y = np.maximum(x, 0)
    else:
        y = np.zeros_like(x)
        np.maximum(x, y, out=y)
    return y, lambda g: g * (y > 0).astype(y.dtype)


@door
@op(constant_slope=True)
def leaky_relu(x, negative_slope=0.01):
    """Return x if x > 0, else `negative_slope` * x (Maas et al., 2013).

    Gradient: `g * where(x > 0, 1, negative_slope)`.
    """
    right = (x > 0).astype(x.dtype)
    slope = right + negative_slope * (1 - right)
    return x * slope, lambda g: g * slope


@op
def _prelu(x, slope):
    """Gradient by x: `g * where(x > 0, 1, slope)`."""
    right, left = (x > 0).astype(x.dtype), np.minimum(x, 0)
    return (
        np.maximum(x, 0) + slope * left,
        lambda g: g * (right + slope * (1 - right)),
        lambda g: g * left,
    )


@door(wide=True)
def prelu(x: Any, weight: Any) -> Any:
    """Return x if x > 0, else w * x, with one w for all or for each channel (He et al., 2015).

    Parameters
    ----------
    x
        any shape; with more than one weight (batch, channels, ...).
    weight
        shape (1,) or (channels,).

    Raises
    ------
    ValueError
        there are not as many weights as channels.
    """
    n, shape = np.size(weight), np.shape(x)
    if n != 1 and (len(shape) < 2 or shape[1] != n):
        raise ValueError(
            f"prelu: got {n} weights and input of shape {shape}, expected one weight, or one for "
            "each channel, along axis 1"
        )
    return _prelu(x, weight.reshape([n if i == 1 else 1 for i in range(len(shape))]))


@door
def rrelu(
    x: Any,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    *,
    generator: Rng = None,
) -> Any:
    """Return x if x > 0, else a * x, with a drawn for each element (Xu et al., 2015).

    In training a is uniform from `lower` to `upper`, otherwise it is their mean.
    """
    _check_order("rrelu", "lower", lower, "upper", upper)
    if not training:
        return leaky_relu(x, (lower + upper) / 2)
    slopes = _generator(generator).uniform(lower, upper, np.shape(x)).astype(x.dtype)
    return scaled(x, by=np.where(x > 0, 1, slopes))


# Exponentials on the left


@op
def _elu(x, alpha=1.0, scale=1.0, rate=1.0):
    """`scale` times: x if x > 0, else alpha * (exp(rate * x) - 1).

    Gradient: `g * scale * where(x > 0, 1, alpha * rate * exp(rate * x))`.
    """
    right, left = (x > 0).astype(x.dtype), rate * np.minimum(x, 0)
    steep = scale * alpha * rate  # the slope just left of 0
    return (
        scale * np.maximum(x, 0) + (scale * alpha) * np.expm1(left),  # one of the two is 0
        lambda g: g * (steep * np.exp(left) + (scale - steep) * right),
    )


@door
def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return x if x > 0, else alpha * (exp(x) - 1) (Clevert et al., 2015)."""
    return _elu(x, alpha)


@door
def celu(x: Any, alpha: float = 1.0) -> Any:
    """Return x if x > 0, else alpha * (exp(x / alpha) - 1): never a kink (Barron, 2017)."""
    if alpha == 0:
        raise ValueError("celu: got alpha=0, which x is divided by; expected another number")
    return _elu(x, alpha, rate=1 / alpha)


# The numbers for which mean 0 and variance 1 of the input are kept.
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@door
def selu(x: Any) -> Any:
    """1.0507 elu(x, alpha=1.6733), keeping mean 0 and variance 1 (Klambauer et al., 2017)."""
    return _elu(x, SELU_ALPHA, SELU_SCALE)


# Cut off on both sides


@op(constant_slope=True)
def _clipped(x, low=-1.0, high=1.0):
    y = np.clip(x, low, high)
    return y, lambda g: g * ((y > low) & (y < high)).astype(y.dtype)


@door
def hardtanh(x: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """Cut x off at `min_val` and `max_val`. The derivative at both is 0."""
    _check_order("hardtanh", "min_val", min_val, "max_val", max_val)
    return _clipped(x, min_val, max_val)


@door
def relu6(x: Any) -> Any:
    """min(max(x, 0), 6) (Krizhevsky, 2010). The derivative at 0 and 6 is 0."""
    return _clipped(x, 0.0, 6.0)


@door
def hardsigmoid(x: Any) -> Any:
    """relu6(x + 3) / 6, a sigmoid of three straight lines."""
    return relu6(x + 3.0) / 6  # not 3, which wraps around for small integers


@door
@op
def hardswish(x):
    """Return x * relu6(x + 3) / 6, close to silu (Howard et al., 2019)."""
    s = np.clip(x + 3.0, 0, 6) / 6
    return x * s, lambda g: g * (s + x * ((s > 0) & (s < 1)) / 6)


# Cut out


@door
def threshold(x: Any, threshold: float, value: float) -> Any:
    """Return x if x > `threshold`, else `value`."""
    return _threshold(x, threshold, value)


@op(constant_slope=True)
def _threshold(x, threshold=0.0, value=0.0):
    replaced = x <= threshold
    return np.where(replaced, value, x), lambda g: np.where(replaced, 0, g)


@door
@op(constant_slope=True)
def hardshrink(x, lambd=0.5):
    """Replace what lies from -`lambd` to `lambd`, both included, by 0."""
    cut = (x >= -lambd) & (x <= lambd)
    return np.where(cut, 0, x), lambda g: np.where(cut, 0, g)


@door
def softshrink(x: Any, lambd: float = 0.5) -> Any:
    """Move x towards 0 by `lambd`, to 0 where it would pass it.

    Raises
    ------
    ValueError
        `lambd` is negative.
    """
    _check_lambd("softshrink", lambd)
    return _softshrink(x, lambd)


@op(constant_slope=True)
def _softshrink(x, lambd=0.5):
    y = x - np.clip(x, -lambd, lambd)
    return y, lambda g: g * (y != 0)


def _check_lambd(who: str, lambd: float) -> None:
    if lambd < 0:
        raise ValueError(f"{who}: got lambd={lambd}, expected 0 or more")


def _check_order(who: str, first: str, low: float, second: str, high: float) -> None:
    if low > high:
        raise ValueError(f"{who}: got {first}={low}, which is more than {second}={high}")


# Layers


class ReLU(InPlace):
    """max(x, 0), elementwise. The derivative at 0 is 0."""

    def forward(self, x: Any) -> Any:
        """Apply `functional.relu`."""
        return self._put(x, relu(x))


class LeakyReLU(InPlace):
    """x if x > 0, else `negative_slope` * x, elementwise."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope

    def forward(self, x: Any) -> Any:
        """Apply `functional.leaky_relu`."""
        return self._put(x, leaky_relu(x, self.negative_slope))


class PReLU(Module):
    """x if x > 0, else w * x, with slopes w that are trained.

    Parameters
    ----------
    num_parameters
        1, or the number of channels, which are axis 1.
    init
        what the slopes start from.

    Attributes
    ----------
    weight
        Parameter of shape (num_parameters,). Weight decay would pull it to relu.

    Raises
    ------
    ValueError
        there are not as many slopes as channels.
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        self.init = init
        self.weight = Parameter(np.full(num_parameters, init, default_dtype.get()))

    def forward(self, x: Any) -> Any:
        """Apply `functional.prelu`."""
        return prelu(x, self.weight)

    def extra_repr(self) -> str:
        """The arguments: the first is none of its attributes, for it is a method of Modules."""
        return f"{self.weight.size}" + ("" if self.init == 0.25 else f", init={self.init}")


class RReLU(InPlace):
    """x if x > 0, else a * x, with a drawn for each element.

    Parameters
    ----------
    lower, upper
        in training a is uniform between them; in evaluation it is their mean.
    generator
        a `numpy.random.Generator` of its own, or a seed for one; else the library's.

    Raises
    ------
    ValueError
        `lower` is more than `upper`.
    """

    def __init__(
        self,
        lower: float = 1 / 8,
        upper: float = 1 / 3,
        inplace: bool = False,
        *,
        generator: Rng = None,
    ) -> None:
        super().__init__(inplace)
        _check_order("RReLU", "lower", lower, "upper", upper)
        self.lower, self.upper = lower, upper
        self.generator = None if generator is None else _generator(generator)

    def forward(self, x: Any) -> Any:
        """Apply `functional.rrelu`."""
        return self._put(
            x, rrelu(x, self.lower, self.upper, self.training, generator=self.generator)
        )


class ELU(InPlace):
    """x if x > 0, else alpha * (exp(x) - 1), elementwise."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        """Apply `functional.elu`."""
        return self._put(x, elu(x, self.alpha))


class CELU(InPlace):
    """x if x > 0, else alpha * (exp(x / alpha) - 1), elementwise."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        """Apply `functional.celu`."""
        return self._put(x, celu(x, self.alpha))


class SELU(InPlace):
    """1.0507 * (x if x > 0, else 1.6733 * (exp(x) - 1)), elementwise.

    After weights of mean 0 and variance 1/fan_in, and with `AlphaDropout`, it keeps mean 0 and
    variance 1 from layer to layer.
    """

    def forward(self, x: Any) -> Any:
        """Apply `functional.selu`."""
        return self._put(x, selu(x))


class Hardtanh(InPlace):
    """x, but not less than `min_val` and not more than `max_val`, elementwise.

    Raises
    ------
    ValueError
        `min_val` is more than `max_val`.
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        _check_order("Hardtanh", "min_val", min_val, "max_val", max_val)
        self.min_val, self.max_val = min_val, max_val

    def forward(self, x: Any) -> Any:
        """Apply `functional.hardtanh`."""
        return self._put(x, hardtanh(x, self.min_val, self.max_val))


class ReLU6(InPlace):
    """min(max(x, 0), 6), elementwise."""

    def forward(self, x: Any) -> Any:
        """Apply `functional.relu6`."""
        return self._put(x, relu6(x))


class Hardsigmoid(InPlace):
    """min(max(x + 3, 0), 6) / 6, elementwise."""

    def forward(self, x: Any) -> Any:
        """Apply `functional.hardsigmoid`."""
        return self._put(x, hardsigmoid(x))


class Hardswish(InPlace):
    """x * min(max(x + 3, 0), 6) / 6, elementwise."""

    def forward(self, x: Any) -> Any:
        """Apply `functional.hardswish`."""
        return self._put(x, hardswish(x))


class Threshold(InPlace):
    """x if x > `threshold`, else `value`, elementwise."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold, self.value = threshold, value

    def forward(self, x: Any) -> Any:
        """Apply `functional.threshold`."""
        return self._put(x, threshold(x, self.threshold, self.value))


class Hardshrink(Module):
    """x, but 0 from -`lambd` to `lambd`, elementwise."""

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def forward(self, x: Any) -> Any:
        """Apply `functional.hardshrink`."""
        return hardshrink(x, self.lambd)


class Softshrink(Module):
    """x moved towards 0 by `lambd`, and 0 where it would pass it, elementwise.

    Raises
    ------
    ValueError
        `lambd` is negative.
    """

    def __init__(self, lambd: float = 0.5) -> None:
        _check_lambd("Softshrink", lambd)
        self.lambd = lambd

    def forward(self, x: Any) -> Any:
        """Apply `functional.softshrink`."""
        return softshrink(x, self.lambd)
