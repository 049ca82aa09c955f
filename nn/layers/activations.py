"""Smooth functions of one number, applied elementwise, and their layers.

Those made of pieces, such as relu, are in rectifiers.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import op

from ..inputs import door, floats
from ..module import Module
from .erf import erf
from .inplace import InPlace

__all__ = [
    "GELU",
    "GLU",
    "Identity",
    "LogSigmoid",
    "Mish",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "gelu",
    "glu",
    "log_sigmoid",
    "logsigmoid",
    "mish",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "tanh",
    "tanhshrink",
]


# Functions


def _sigmoid_closure(x: Any) -> Any:
    # The second derivative by way of y: through exp(-x) it would be 0 * inf where that overflows.
    y = sigmoid(x)
    return lambda g: g * (y * (1 - y))


@door
@op(closures=_sigmoid_closure)
def sigmoid(x):
    """1 / (1 + exp(-x)), to full relative precision on both sides.

    Where exp(-x) overflows, its inf gives the right 0. (By way of tanh it would be faster, but
    wrong where the result is small: 0 instead of 9e-14 at -30.)
    """
    with np.errstate(over="ignore"):
        y = 1 / (1 + np.exp(-1.0 * x))  # not -x, which wraps around for unsigned integers
    return y, lambda g: g * (y * (1 - y))


@door
@op
def log_sigmoid(x):
    """log(sigmoid(x)) = min(x, 0) - log(1 + exp(-abs(x))), which neither overflows nor cancels."""
    x = floats(x)
    y = np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))
    return y, lambda g: g * sigmoid(-x)


logsigmoid = log_sigmoid  # PyTorch's spelling


@door
@op
def tanh(x):
    """The hyperbolic tangent, (exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
    y = np.tanh(x)
    return y, lambda g: g * (1 - y * y)


@door
@op
def softplus(x, beta=1.0, threshold=20.0):
    """log(1 + exp(beta * x)) / beta, a smooth relu; x itself where beta * x > `threshold`.

    Nothing overflows here, so that a threshold of 20 or more, beyond which the two are equal to
    ten digits, is not looked at; a smaller one is, for equal results with PyTorch.

    Gradient: `g * sigmoid(beta * x)`, g where beta * x > threshold.
    """
    z = x * beta
    y = (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))) / beta
    if threshold >= 20:
        return y, lambda g: g * sigmoid(z)
    beyond = z > threshold
    return np.where(beyond, x, y), lambda g: g * np.where(beyond, 1, sigmoid(z))


@door
@op
def silu(x):
    """x * sigmoid(x), also known as swish (Elfwing et al., 2017)."""
    s = sigmoid(x)
    return x * s, lambda g: g * (s * (1 + x * (1 - s)))


@door(wide=True)
@op
def mish(x):
    """x * tanh(softplus(x)) (Misra, 2019)."""
    t = np.tanh(softplus(x))
    return x * t, lambda g: g * (t + x * sigmoid(x) * (1 - t * t))


@door(wide=True)
def gelu(x: Any, approximate: str = "none") -> Any:
    """x * Φ(x), Φ the normal distribution function (Hendrycks and Gimpel, 2016).

    Parameters
    ----------
    x
        floats, any shape.
    approximate
        "none" for Φ(x) = (1 + erf(x / sqrt(2))) / 2; or "tanh" for (1 + tanh(sqrt(2/π) * (x +
        0.044715 * x³))) / 2, which is up to 5e-4 off and faster.

    Raises
    ------
    ValueError
        `approximate` is neither.
    """
    _check_approximate("gelu", approximate)
    return _gelu(x) if approximate == "none" else _gelu_tanh(floats(x))


def _check_approximate(who: str, approximate: str) -> None:
    if approximate not in ("none", "tanh"):
        raise ValueError(f"{who}: got approximate={approximate!r}, expected 'none' or 'tanh'")


def _gelu_closure(x: Any) -> Any:
    """Of x * Φ(x): Φ(x) + x * density(x), where density(x) = exp(-x²/2) / sqrt(2 * π)."""
    phi = 0.5 + 0.5 * erf(x * math.sqrt(0.5))
    density = 1 / math.sqrt(2 * math.pi)
    return lambda g: g * (phi + x * (density * np.exp(-0.5 * (x * x))))


@op(closures=_gelu_closure)
def _gelu(x):
    """Gradient: `g * (phi + x * exp(-x**2 / 2) / sqrt(2 * pi))` where
    `phi = (1 + erf(x / sqrt(2))) / 2`.
    """
    phi = erf(x * math.sqrt(0.5))
    phi += 1
    phi *= 0.5

    def closure(g: Any) -> Any:
        """That of `_gelu_closure`, in place: the arrays are the largest of a GPT."""
        slope = np.exp((x * x) * -0.5)
        slope *= 1 / math.sqrt(2 * math.pi)
        slope *= x
        slope += phi
        slope *= g
        return slope

    return x * phi, closure


def _gelu_tanh_closure(x: Any) -> Any:
    """Of x * (1 + t) / 2, t = tanh(c * (x + 0.044715 * x³)), c = sqrt(2/π)."""
    c, xx = math.sqrt(2 / math.pi), x * x
    t = np.tanh(x * (c + c * 0.044715 * xx))
    slope = 0.5 + 0.5 * t + 0.5 * x * (1 - t * t) * (c + 3 * c * 0.044715 * xx)
    return lambda g: g * slope


@op(closures=_gelu_tanh_closure)
def _gelu_tanh(x):
    """Gradient: `g * (1 + t + x * (1 - t**2) * c * (1 + 3 * 0.044715 * x**2)) / 2` where
    `c = sqrt(2 / pi)`, `t = tanh(c * (x + 0.044715 * x**3))`.
    """
    x, c = np.asarray(x), math.sqrt(2 / math.pi)
    t = np.asarray(x * x)
    t *= c * 0.044715
    t += c
    t *= x
    t = np.tanh(t, out=t)
    y = np.asarray(t + 1)
    y *= x
    y *= 0.5

    def closure(g: Any) -> Any:
        """1/2 + t/2 + (1 - t²) * x * c * (1/2 + 3/2 * 0.044715 * x²), in place."""
        slope = np.asarray(x * x)
        slope *= 1.5 * c * 0.044715
        slope += 0.5 * c
        slope *= x
        rest = np.asarray(t * t)
        np.subtract(1, rest, out=rest)
        slope *= rest
        np.multiply(t, 0.5, out=rest)
        slope += rest
        slope += 0.5
        slope *= g
        return slope

    return y, closure


@door(wide=True)
@op
def softsign(x):
    """x / (1 + abs(x)): a tanh with long tails."""
    x = floats(x)
    d = 1 + np.abs(x)
    return x / d, lambda g: g / (d * d)


@door
@op
def tanhshrink(x):
    """x - tanh(x), elementwise."""
    t = np.tanh(x)
    return x - t, lambda g: g * (t * t)


@door
def glu(x: Any, axis: int = -1) -> Any:
    """a * sigmoid(b), with a and b the halves of `x` along `axis` (Dauphin et al., 2017).

    Raises
    ------
    ValueError
        there are no halves: the length along `axis` is odd.
    """
    if not -np.ndim(x) <= axis < np.ndim(x) or x.shape[axis] % 2:
        raise ValueError(
            f"glu: got input of shape {np.shape(x)}, which has no two halves along axis {axis}; "
            "expected an even length there"
        )
    a, b = np.split(x, 2, axis)
    return a * sigmoid(b)


# Layers


class Identity(Module):
    """The input, unchanged."""

    def forward(self, x: Any) -> Any:
        """Return `x`."""
        return x


class Sigmoid(Module):
    """1 / (1 + exp(-x)), elementwise."""

    def forward(self, x: Any) -> Any:
        """Apply `functional.sigmoid`."""
        return sigmoid(x)


class LogSigmoid(Module):
    """log(1 / (1 + exp(-x))), elementwise."""

    def forward(self, x: Any) -> Any:
        """Apply `functional.logsigmoid`."""
        return logsigmoid(x)


class Tanh(Module):
    """The hyperbolic tangent, elementwise."""

    def forward(self, x: Any) -> Any:
        """Apply `functional.tanh`."""
        return tanh(x)


class Softplus(Module):
    """log(1 + exp(beta * x)) / beta, elementwise; x itself where beta * x > `threshold`."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta, self.threshold = beta, threshold

    def forward(self, x: Any) -> Any:
        """Apply `functional.softplus`."""
        return softplus(x, self.beta, self.threshold)


class SiLU(InPlace):
    """x * sigmoid(x), elementwise; also known as swish."""

    def forward(self, x: Any) -> Any:
        """Apply `functional.silu`."""
        return self._put(x, silu(x))


class Mish(InPlace):
    """x * tanh(log(1 + exp(x))), elementwise."""

    def forward(self, x: Any) -> Any:
        """Apply `functional.mish`."""
        return self._put(x, mish(x))


class GELU(Module):
    """x * Φ(x), elementwise, where Φ is the normal distribution function.

    `approximate="tanh"` for a faster formula, which is up to 5e-4 off.
    """

    def __init__(self, approximate: str = "none") -> None:
        _check_approximate("GELU", approximate)
        self.approximate = approximate

    def forward(self, x: Any) -> Any:
        """Apply `functional.gelu`."""
        return gelu(x, self.approximate)


class Softsign(Module):
    """x / (1 + abs(x)), elementwise."""

    def forward(self, x: Any) -> Any:
        """Apply `functional.softsign`."""
        return softsign(x)


class Tanhshrink(Module):
    """x - tanh(x), elementwise."""

    def forward(self, x: Any) -> Any:
        """Apply `functional.tanhshrink`."""
        return tanhshrink(x)


class GLU(Module):
    """a * sigmoid(b), where a and b are the halves of the input along `axis`: a gated linear unit.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.GLU()(np.ones((5, 6))).shape
    (5, 3)
    """

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        """Apply `functional.glu`."""
        return glu(x, self.axis)
