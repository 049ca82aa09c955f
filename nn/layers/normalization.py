"""Normalization: to zero mean and unit variance, over a batch, a layer, a group, an instance.

They differ in the axes of the statistics, for an input of shape (N, C, ...):

| batch | all but C | Ioffe and Szegedy, arXiv:1502.03167 |
| instance | all but N and C | Ulyanov, Vedaldi and Lempitsky, arXiv:1607.08022 |
| group | as instance, and over C / num_groups channels | Wu and He, arXiv:1803.08494 |
| layer | the last ones | Ba, Kiros and Hinton, arXiv:1607.06450 |
| RMS | the last ones; the mean is not subtracted | Zhang and Sennrich, arXiv:1910.07467 |

`normalize` is all of them. The first two, which have a memory, are in batch_norm.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from string import ascii_lowercase
from typing import Any

import numpy as np

from autograd import Tensor, default_dtype, op, shared

from ..inputs import door, expect, lengths, like, name_of, single
from ..module import Module, Parameter

__all__ = ["GroupNorm", "LayerNorm", "RMSNorm", "group_norm", "layer_norm", "rms_norm"]

Shape = int | Sequence[int]


# The mechanism


@lru_cache
def _subscripts(ndim: int, shape: tuple[int, ...], count: int) -> str:
    letters = ascii_lowercase[:ndim]
    padded = (1,) * (ndim - len(shape)) + shape
    kept = "".join(c for c, n in zip(letters, padded, strict=True) if n != 1)
    return f"{','.join([letters] * count)}->{kept}"


def product_sum(shape: tuple[int, ...], *arrays: Any) -> Any:
    """The sum of the arrays' product over the axes along which `shape` is 1 and theirs is not.

    By einsum, which keeps no product in memory and takes half the time of np.sum.
    """
    return np.einsum(_subscripts(arrays[0].ndim, shape, len(arrays)), *arrays).reshape(shape)


def moments_of(x: Any, axes: tuple[int, ...], centre: bool = True) -> tuple[Any, Any, Any]:
    """The centred x, its mean, and the biased variance; or x, None and the mean square."""
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    n = max(1, math.prod(x.shape[i] for i in axes))
    mean = product_sum(shape, x) / n if centre else None
    centred = x - mean if centre else x
    return centred, mean, product_sum(shape, centred, centred) / n


@op
def normalize(x, weight, bias, axes=(), eps=1e-5, centre=True, apart=False):
    """(x - mean) / sqrt(var + eps) * weight + bias, with mean and var of x over `axes`.

    centre: False for x / sqrt(mean(x²) + eps) * weight + bias.
    apart: weight and bias do not vary along `axes`.

    Gradient by x:
    `inv * (h - mean(h, axis=axes, keepdims=True) - xhat * mean(h * xhat, axis=axes,
    keepdims=True))` where `h = g if weight is None else g * weight`,
    `inv = 1 / sqrt(var(x, axis=axes, keepdims=True) + eps)`,
    `xhat = inv * (x - mean(x, axis=axes, keepdims=True))`, without mean(h) if not centred.
    Gradient by weight: `g * xhat` where `inv = 1 / sqrt(var(x, axis=axes, keepdims=True) + eps)`,
    `xhat = inv * (x - mean(x, axis=axes, keepdims=True))`, summed to the shape of weight.
    Gradient by bias: `g`, summed to the shape of bias.
    """
    centred, _, var = moments_of(x, axes, centre)
    n = max(1, x.size // max(1, var.size))
    inv = 1 / np.sqrt(var + eps)
    if centre:
        xhat = centred  # ours, so in place
        xhat *= inv
    else:
        xhat = centred * inv
    y = xhat if weight is None else xhat * weight
    if bias is not None and (weight is None or isinstance(bias, Tensor)):
        y = y + bias  # closures hold xhat; only the bias may be a Tensor, and y an array
    elif bias is not None:
        y += bias

    sum_g = shared(lambda g: product_sum(var.shape, g))
    sum_g_xhat = shared(lambda g: product_sum(var.shape, g, xhat))

    def for_x(g: Any) -> Any:
        """inv * (h - mean(h) - xhat * mean(h * xhat)), h = g * weight; mean(h) if centred."""
        h = g if weight is None or apart else g * weight
        slope = xhat * (sum_g_xhat(h) / -n)
        slope += h
        if centre:
            slope -= sum_g(h) / n
        slope *= inv if weight is None or not apart else inv * weight
        return slope

    return (
        y,
        for_x,
        lambda g: sum_g_xhat(g) if apart else product_sum(weight.shape, g, xhat),
        lambda g: sum_g(g) if apart else product_sum(bias.shape, g),
    )


# Per group, per layer


@door
def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """(x - mean) / sqrt(var + eps) * weight + bias, with one mean and var per sample and group.

    Parameters
    ----------
    input
        x, floats of shape (N, C, ...).
    num_groups
        into how many groups of neighbours the C channels are cut.
    weight, bias
        shape (C,), or None.

    Raises
    ------
    ValueError
        shapes do not fit; `num_groups` does not divide C.
    TypeError
        the input is not of floats.
    """
    expect("group_norm", input, len(lengths(input)) >= 2, "(N, C, ...)")
    n, channels, *rest = input.shape
    _divides("group_norm", num_groups, channels)
    shape = (num_groups, channels // num_groups, *rest)
    side = (*shape[:2], *(1,) * len(rest))
    y = normalize(
        single(input).reshape(n, *shape),
        shaped("group_norm", "weight", weight, (channels,), side),
        shaped("group_norm", "bias", bias, (channels,), side),
        axes=tuple(range(2, 3 + len(rest))),
        eps=eps,
    )
    return like(y, input).reshape(input.shape)


@door
def layer_norm(
    input: Any, normalized_shape: Shape, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """(x - mean) / sqrt(var + eps) * weight + bias, with mean and var over the last axes.

    Parameters
    ----------
    input
        x, floats of shape (..., *normalized_shape).
    normalized_shape
        the lengths of the last axes; an int for one.
    weight, bias
        of shape `normalized_shape`, or None.

    Raises
    ------
    ValueError
        shapes do not fit.
    TypeError
        the input is not of floats.
    """
    return _last_axes("layer_norm", input, _shape(normalized_shape), weight, bias, eps, True)


@door
def rms_norm(
    input: Any, normalized_shape: Shape, weight: Any = None, eps: float | None = None
) -> Any:
    """Scale to unit mean square: x / sqrt(mean(x²) + eps) * weight, over the last axes.

    Parameters
    ----------
    input
        x, floats of shape (..., *normalized_shape).
    normalized_shape
        the lengths of the last axes; an int for one.
    weight
        of shape `normalized_shape`, or None.
    eps
        the precision of the input's dtype (1.2e-7 for float32) if None.

    Raises
    ------
    ValueError
        shapes do not fit.
    TypeError
        the input is not of floats.
    """
    return _last_axes("rms_norm", input, _shape(normalized_shape), weight, None, eps, False)


def _last_axes(
    who: Module | str,
    x: Any,
    shape: tuple[int, ...],
    weight: Any,
    bias: Any,
    eps: float | None,
    centre: bool,
) -> Any:
    fits = lengths(x)[-len(shape) :] == shape
    expect(who, x, fits, f"(..., {', '.join(map(str, shape))})")
    y = normalize(
        single(x),
        shaped(who, "weight", weight, shape, shape),
        shaped(who, "bias", bias, shape, shape),
        axes=tuple(range(x.ndim - len(shape), x.ndim)),
        eps=float(np.finfo(x.dtype).eps) if eps is None else eps,
        centre=centre,
    )
    return like(y, x)


class GroupNorm(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias, with one mean and var per sample and group.

    Parameters
    ----------
    num_groups
        into how many groups of neighbours the channels are cut.
    num_channels
        C, the number of channels.
    eps
        keeps the root from 0.
    affine
        whether there are weight and bias.
    bias
        False for none.

    Attributes
    ----------
    weight, bias
        Parameters of shape (C,), at first 1 and 0; or None.

    Raises
    ------
    ValueError
        `num_groups` does not divide C; the input is not of shape (N, C, ...).
    TypeError
        the input is not of floats.
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        *,
        bias: bool = True,
    ) -> None:
        _divides("GroupNorm", num_groups, num_channels)
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps, self.affine = eps, affine
        self.weight, self.bias = weight_and_bias((num_channels,), affine, bias)

    def forward(self, x: Any) -> Any:
        """Apply `functional.group_norm`."""
        fits = lengths(x)[1:2] == (self.num_channels,)
        expect(self, x, fits, f"(N, {self.num_channels}, ...)")
        return group_norm(x, self.num_groups, self.weight, self.bias, self.eps)


class LayerNorm(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias, with mean and var over the last axes.

    Parameters
    ----------
    normalized_shape
        the lengths of the last axes; an int for one.
    eps
        keeps the root from 0.
    elementwise_affine
        whether there are weight and bias.
    bias
        False for none.

    Attributes
    ----------
    weight, bias
        Parameters of shape `normalized_shape`, at first 1 and 0; or None.

    Raises
    ------
    ValueError
        the last axes of the input are not those of `normalized_shape`.
    TypeError
        the input is not of floats.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.LayerNorm(2)(np.array([[1, 3], [5, 5]], np.float32)).round(4).tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """

    def __init__(
        self,
        normalized_shape: Shape,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        self.normalized_shape, self.eps = _shape(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        self.weight, self.bias = weight_and_bias(self.normalized_shape, elementwise_affine, bias)

    def forward(self, x: Any) -> Any:
        """Apply `functional.layer_norm`."""
        shape = self.normalized_shape
        return _last_axes(self, x, shape, self.weight, self.bias, self.eps, True)


class RMSNorm(Module):
    """Scale to unit mean square: x / sqrt(mean(x²) + eps) * weight, over the last axes.

    Parameters
    ----------
    normalized_shape
        the lengths of the last axes; an int for one.
    eps
        keeps the root from 0; the precision of the input's dtype if None.
    elementwise_affine
        whether there is a weight.

    Attributes
    ----------
    weight
        Parameter of shape `normalized_shape`, at first 1; or None.

    Raises
    ------
    ValueError
        the last axes of the input are not those of `normalized_shape`.
    TypeError
        the input is not of floats.
    """

    def __init__(
        self,
        normalized_shape: Shape,
        eps: float | None = None,
        elementwise_affine: bool = True,
    ) -> None:
        self.normalized_shape, self.eps = _shape(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        self.weight, _ = weight_and_bias(self.normalized_shape, elementwise_affine, False)

    def forward(self, x: Any) -> Any:
        """Apply `functional.rms_norm`."""
        return _last_axes(self, x, self.normalized_shape, self.weight, None, self.eps, False)


# Arguments


def weight_and_bias(
    shape: tuple[int, ...], affine: bool, bias: bool
) -> tuple[Parameter | None, Parameter | None]:
    """Ones and zeros, or None for what is not wanted."""
    dtype = default_dtype.get()
    return (
        Parameter(np.ones(shape, dtype)) if affine else None,
        Parameter(np.zeros(shape, dtype)) if affine and bias else None,
    )


def _shape(shape: Shape) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int | np.integer) else tuple(shape)


def shaped(
    who: Module | str, argument: str, value: Any, expected: tuple[int, ...], side: tuple[int, ...]
) -> Any:
    """`value`, of shape `expected`, reshaped to broadcast; None stays."""
    if value is None:
        return None
    value = value if isinstance(value, Tensor) else np.asarray(value)
    if value.shape != expected:
        raise ValueError(
            f"{name_of(who)}: got {argument} of shape {value.shape}, expected {expected}"
        )
    return value if expected == side else value.reshape(side)


def _divides(name: str, num_groups: int, channels: int) -> None:
    if num_groups < 1 or channels % num_groups:
        raise ValueError(
            f"{name}: num_groups is {num_groups}, expected a divisor of the number of channels, "
            f"{channels}"
        )
