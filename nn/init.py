"""Initial values for parameters, as `torch.nn.init` has them.

Each function writes into a tensor (or array) in place and returns it. `generator` is where the
random numbers come from: a `numpy.random.Generator`, a seed for one, or None for the library's own.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor

from .random import generator as _generator

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

T = TypeVar("T", bound=Tensor | NDArray[Any])
Rng: TypeAlias = "np.random.Generator | int | None"


def _write(tensor: T, values: Any) -> T:
    array = tensor.data if isinstance(tensor, Tensor) else tensor
    array[...] = values
    return tensor


def uniform_(tensor: T, a: float = 0.0, b: float = 1.0, generator: Rng = None) -> T:
    """Uniform between `a` and `b`."""
    return _write(tensor, _generator(generator).uniform(a, b, tensor.shape))


def normal_(tensor: T, mean: float = 0.0, std: float = 1.0, generator: Rng = None) -> T:
    """Normal with `mean` and standard deviation `std`."""
    return _write(tensor, _generator(generator).normal(mean, std, tensor.shape))


def trunc_normal_(
    tensor: T,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Rng = None,
) -> T:
    """Normal, drawn again until between `a` and `b`: values, not multiples of `std`.

    Raises
    ------
    ValueError
        less than one draw in a thousand would fall between `a` and `b`.
    """
    inside = [0.5 * (1 + math.erf((x - mean) / (std * math.sqrt(2)))) for x in (a, b)]
    if inside[1] - inside[0] < 1e-3:
        raise ValueError(f"trunc_normal_: hardly any of N({mean}, {std}²) lies in [{a}, {b}]")
    rng = _generator(generator)
    values = rng.normal(mean, std, tensor.shape)
    while (outside := (values < a) | (values > b)).any():
        values[outside] = rng.normal(mean, std, np.count_nonzero(outside))
    return _write(tensor, values)


def constant_(tensor: T, val: float) -> T:
    """`val` everywhere."""
    return _write(tensor, val)


def zeros_(tensor: T) -> T:
    """Zeros."""
    return _write(tensor, 0)


def ones_(tensor: T) -> T:
    """Ones."""
    return _write(tensor, 1)


def eye_(tensor: T) -> T:
    """The identity matrix: ones on the diagonal of a tensor of two axes, zeros elsewhere."""
    if tensor.ndim != 2:
        raise ValueError(f"eye_: expected two axes, got shape {tensor.shape}")
    return _write(tensor, np.eye(*tensor.shape))


def dirac_(tensor: T, groups: int = 1) -> T:
    """The identity as a convolution, (out, in, *kernel): a 1 in the middle of the kernel.

    As many channels as there can be go through unchanged, in each of the groups.

    Raises
    ------
    ValueError
        there is no kernel; the groups do not divide the first axis.
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(f"dirac_: expected (out, in, *kernel), 3 to 5 axes, got {tensor.shape}")
    n_out, n_in, *kernel = tensor.shape
    if n_out % groups:
        raise ValueError(f"dirac_: groups={groups} does not divide the {n_out} outputs")
    values = np.zeros(tensor.shape)
    channels = np.arange(min(n_out // groups, n_in))
    for first in range(0, n_out, n_out // groups):
        values[(first + channels, channels, *(k // 2 for k in kernel))] = 1
    return _write(tensor, values)


def sparse_(tensor: T, sparsity: float, std: float = 0.01, generator: Rng = None) -> T:
    """Normal with mean 0, but for a share `sparsity` of zeros in each column (Martens, ICML 2010).

    Of n rows, ceil(sparsity n) are zero in a column.
    """
    if tensor.ndim != 2:
        raise ValueError(f"sparse_: expected two axes, got shape {tensor.shape}")
    if not 0 <= sparsity <= 1:
        raise ValueError(f"sparse_: sparsity is a share, from 0 to 1; got {sparsity}")
    rng = _generator(generator)
    values = rng.normal(0.0, std, tensor.shape)
    values[
        rng.permuted(np.indices(tensor.shape)[0], axis=0) < math.ceil(sparsity * len(values))
    ] = 0
    return _write(tensor, values)


def _fans(tensor: Any) -> tuple[int, int]:
    """How many inputs an output depends on, and the reverse, for a weight (out, in, *kernel)."""
    if tensor.ndim < 2:
        raise ValueError(
            f"fan in and fan out: a weight has shape (out, in, *kernel), got {tensor.shape}"
        )
    n_out, n_in, *kernel = tensor.shape
    return n_in * math.prod(kernel), n_out * math.prod(kernel)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor on the standard deviation that keeps the scale of the signal after an activation.

    Parameters
    ----------
    nonlinearity
        "linear", "conv1d", "sigmoid" and the like: 1; "tanh": 5/3; "relu": sqrt(2); "leaky_relu":
        sqrt(2 / (1 + param²)); "selu": 3/4.
    param
        the negative slope of "leaky_relu"; 0.01 if None.

    Raises
    ------
    ValueError
        another name.
    """
    slope = 0.01 if param is None else param
    gains = {
        "sigmoid": 1.0,
        "tanh": 5 / 3,
        "relu": math.sqrt(2),
        "leaky_relu": math.sqrt(2 / (1 + slope**2)),
        "selu": 3 / 4,
    }
    for layer in ("linear", "conv"):
        if nonlinearity.startswith(layer):
            return 1.0
    if nonlinearity not in gains:
        raise ValueError(
            f"calculate_gain: unknown nonlinearity {nonlinearity!r}; one of linear, conv, "
            + ", ".join(gains)
        )
    return gains[nonlinearity]


def xavier_uniform_(tensor: T, gain: float = 1.0, generator: Rng = None) -> T:
    """Uniform with standard deviation gain sqrt(2 / (fan_in + fan_out)).

    Keeps the scale of both signal and gradient (Glorot and Bengio, AISTATS 2010).
    """
    bound = gain * math.sqrt(6 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: T, gain: float = 1.0, generator: Rng = None) -> T:
    """Normal with standard deviation gain sqrt(2 / (fan_in + fan_out)); see `xavier_uniform_`."""
    return normal_(tensor, 0.0, gain * math.sqrt(2 / sum(_fans(tensor))), generator)


def _kaiming_std(tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode: expected 'fan_in' or 'fan_out', got {mode!r}")
    fan = _fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: T,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Rng = None,
) -> T:
    """Uniform with standard deviation gain / sqrt(fan), gain as `calculate_gain` has it.

    Keeps the scale of the signal through layers with relu (He et al., ICCV 2015).

    Parameters
    ----------
    a
        the negative slope of "leaky_relu".
    mode
        "fan_in" keeps the scale of the signal forward, "fan_out" that of the gradient back.
    """
    bound = math.sqrt(3) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: T,
    a: float = 0.0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Rng = None,
) -> T:
    """Normal with standard deviation gain / sqrt(fan); see `kaiming_uniform_`."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: T, gain: float = 1.0, generator: Rng = None) -> T:
    """Orthonormal rows (or columns, if there are fewer), times `gain`; axes after the first as one.

    A product with it keeps lengths (Saxe et al., ICLR 2014).
    """
    rows, columns = tensor.shape[0], math.prod(_at_least_2d(tensor)[1:])
    normal = _generator(generator).standard_normal((max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(normal)
    q = q * np.sign(np.diag(r))  # makes every orthogonal matrix equally likely
    return _write(tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape))


def _at_least_2d(tensor: Any) -> tuple[int, ...]:
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_: expected two axes or more, got shape {tensor.shape}")
    return tuple(tensor.shape)
