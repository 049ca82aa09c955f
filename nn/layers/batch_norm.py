"""Batch and instance normalization: one mean and variance for each channel, with a memory.

Over a batch (Ioffe and Szegedy, arXiv:1502.03167), or over each sample of it (Ulyanov, Vedaldi and
Lempitsky, arXiv:1607.08022). The memory is the running statistics, for evaluation.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor, default_dtype, op, shared

from ..inputs import door, expect, lengths, like, name_of, single
from ..module import Buffer, Module
from .normalization import normalize, product_sum, shaped, weight_and_bias
from .windows import batch_last

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "batch_norm",
    "instance_norm",
]

Running = Tensor | NDArray[Any] | None


# Functions


@door
def batch_norm(
    input: Any,
    running_mean: Running,
    running_var: Running,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """(x - mean) / sqrt(var + eps) * weight + bias, with one mean and var for each channel.

    Parameters
    ----------
    input
        x, floats of shape (N, C) or (N, C, ...).
    running_mean, running_var
        shape (C,), or both None. In training they are not used, but move to (1 - momentum) *
        running + momentum * new, in place, where the new variance is the unbiased one. In
        evaluation they are the mean and var.
    weight, bias
        shape (C,), or None.
    training
        take mean and (biased) var from `input`.
    momentum
        the weight of the new statistics.

    Raises
    ------
    ValueError
        shapes do not fit; one value per channel in training; no statistics in evaluation.
    TypeError
        the input is not of floats.
    """
    axes = (0, *range(2, len(lengths(input))))
    return _per_channel(
        "batch_norm", input, running_mean, running_var, weight, bias, training, momentum, eps, axes
    )


@door
def instance_norm(
    input: Any,
    running_mean: Running = None,
    running_var: Running = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """(x - mean) / sqrt(var + eps) * weight + bias, with one mean and var per sample and channel.

    Parameters
    ----------
    input
        x, floats of shape (N, C, ...).
    running_mean, running_var
        as for `batch_norm`; they move to the statistics' mean over N.
    weight, bias
        shape (C,), or None.
    use_input_stats
        False to take mean and var from `running_mean` and `running_var`.
    momentum
        the weight of the new statistics.

    Raises
    ------
    ValueError, TypeError
        as for `batch_norm`.
    """
    axes, stats = tuple(range(2, len(lengths(input)))), use_input_stats
    return _per_channel(
        "instance_norm", input, running_mean, running_var, weight, bias, stats, momentum, eps, axes
    )


def _per_channel(
    who: Module | str,
    x: Any,
    running_mean: Running,
    running_var: Running,
    weight: Any,
    bias: Any,
    training: bool,
    momentum: float,
    eps: float,
    axes: tuple[int, ...],
) -> Any:
    expect(who, x, len(lengths(x)) >= (2 if 0 in axes else 3), "(N, C, ...)")
    side = (1, x.shape[1], *(1,) * (x.ndim - 2))
    weight = shaped(who, "weight", weight, x.shape[1:2], side)
    bias = shaped(who, "bias", bias, x.shape[1:2], side)
    for name, running in ("running_mean", running_mean), ("running_var", running_var):
        if running is not None:  # a list would be moved in vain
            expect(who, running, True, "", name=name)
    means = shaped(who, "running_mean", _array(running_mean), x.shape[1:2], side)
    variances = shaped(who, "running_var", _array(running_var), x.shape[1:2], side)
    if (means is None) != (variances is None) or (means is None and not training):
        raise ValueError(
            f"{name_of(who)}: expected running_mean and running_var, or neither and statistics of "
            f"the input; got {_kind(running_mean)} and {_kind(running_var)}"
        )
    if not training:
        return like(
            _normalized_with(single(means), single(variances), single(x), weight, bias, eps), x
        )
    n = math.prod(x.shape[i] for i in axes)
    if n < 2:
        raise ValueError(
            f"{name_of(who)}: got input of shape {x.shape}, expected at least 2 values per "
            + ("channel" if 0 in axes else "sample and channel")
            + ", as one has no variance"
            + ("; train on larger batches, or evaluate, after .eval()" if 0 in axes else "")
        )
    # Out here, as the op's body may run again; on the array, which tracks nothing.
    centred, mean, var = _moments(single(_array(x)), axes)
    if means is not None and var.size:
        for running, new in (means, mean), (variances, var * (n / (n - 1))):
            running *= 1 - momentum
            running += momentum * new.mean(axis=0)
    y = _normalized(single(x), weight, bias, axes=axes, eps=eps, centred=centred, var=var)
    return like(y, x)


def _moments(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """`moments_of`, with the sum of squares by `_dot`, in half the time."""
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    n = math.prod(x.shape[i] for i in axes)
    mean = product_sum(shape, x) / n
    centred = x - mean
    return centred, mean, _dot(shape, centred, centred) / n


def _dot(shape: tuple[int, ...], x: Any, y: Any) -> Any:
    """`product_sum` of two: each channel one vector, if its numbers lie together in memory.

    That is how a convolution leaves them.
    """
    channels = batch_last(x), batch_last(y)
    if shape[0] == 1 and all(a.flags.c_contiguous for a in channels):
        return np.vecdot(*(a.reshape(len(a), -1) for a in channels)).reshape(shape)
    return product_sum(shape, x, y)


def _normalized_closures(x, weight, bias, *, axes, eps, **_):
    return normalize.body(x, weight, bias, axes=axes, eps=eps, apart=True)[1:]


@op(closures=_normalized_closures)
def _normalized(x, weight, bias, *, axes, eps, centred, var):
    """`normalize`: (x - mean) * inv * weight + bias, inv = 1 / sqrt(var + eps), in fewer steps.

    x - mean is known, and the two factors are one, `scale`.

    Gradient by x:
    `scale * (g - mean(g, axis=axes, keepdims=True) - xhat * mean(g * xhat, axis=axes,
    keepdims=True))` where `xhat = centred / sqrt(var + eps)`,
    `scale = (1 if weight is None else weight) / sqrt(var + eps)`.
    Gradient by weight: `sum(g * xhat, axis=axes, keepdims=True)` where
    `xhat = centred / sqrt(var + eps)`.
    Gradient by bias: `sum(g, axis=axes, keepdims=True)`.
    """
    n = math.prod(x.shape[i] for i in axes)
    inv = 1 / np.sqrt(var + eps)
    scale = inv if weight is None else inv * weight
    y = centred * scale
    if bias is not None:
        y += bias

    sum_g = shared(lambda g: product_sum(var.shape, g))
    sum_g_xhat = shared(lambda g: _dot(var.shape, g, centred) * inv)

    def for_x(g: Any) -> Any:
        """scale * (g - mean(g) - xhat * mean(g * xhat)), xhat = centred * inv."""
        slope = centred * (sum_g_xhat(g) * inv / -n)
        slope += g
        slope -= sum_g(g) / n
        slope *= scale
        return slope

    return y, for_x, sum_g_xhat, sum_g


def _normalized_with(mean: Any, var: Any, x: Any, weight: Any, bias: Any, eps: float) -> Any:
    """(x - mean) / sqrt(var + eps) * weight + bias, for a mean and var that do not depend on x."""
    scale = 1 / np.sqrt(var + eps)
    y = (x - mean) * (scale if weight is None else weight * scale)
    return y if bias is None else y + bias


def _kind(x: Any) -> str:
    return "None" if x is None else f"shape {x.shape}"


def _array(x: Any) -> Any:
    """The array of a Tensor itself, not a copy; anything else as it is."""
    return x.data if isinstance(x, Tensor) else x


# Layers


class _ChannelNorm(Module):
    """What the layers of `batch_norm` and `instance_norm` have in common."""

    _forms: tuple[str, ...]  # of the input

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        bias: bool,
    ) -> None:
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight, self.bias = weight_and_bias((num_features,), affine, bias)
        zeros = np.zeros(num_features, default_dtype.get())
        self.running_mean = Buffer(zeros) if track_running_stats else None
        self.running_var = Buffer(zeros + 1) if track_running_stats else None
        self.num_batches_tracked = Buffer(np.array(0)) if track_running_stats else None

    def reset_running_stats(self) -> None:
        """Set the running mean to 0, the running variance to 1 and the count of batches to 0."""
        for name, buffer in self.named_buffers():
            buffer.data[...] = name == "running_var"

    def _check_input(self, x: Any) -> None:
        shape, n = lengths(x), self.num_features
        forms = [form.split(", ") for form in self._forms]
        fits = any(len(form) == len(shape) and shape[form.index("C")] == n for form in forms)
        expected = " or ".join(f"({form})" for form in self._forms).replace("C", str(n))
        expect(self, x, fits, expected)


class _BatchNorm(_ChannelNorm):
    """The layers of `batch_norm`, for any number of axes."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias)

    def forward(self, x: Any) -> Any:
        """Apply `functional.batch_norm`."""
        self._check_input(x)
        mean, var, count = self.running_mean, self.running_var, self.num_batches_tracked
        momentum, training = self.momentum, self.training or mean is None
        if momentum is None:  # the mean of all batches so far
            momentum = 0.0 if count is None else 1 / (count.item() + 1)
        config = training, momentum, self.eps, (0, *range(2, x.ndim))
        y = _per_channel(self, x, mean, var, self.weight, self.bias, *config)
        if self.training and count is not None:
            count.data[...] += 1
        return y


class BatchNorm1d(_BatchNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias, with one mean and var for each channel.

    The input has shape (N, C) or (N, C, length). In training mean and var (biased) are those of
    the batch, and the running ones move towards them; in evaluation they are the running ones.

    Parameters
    ----------
    num_features
        C, the number of channels.
    eps
        keeps the root from 0.
    momentum
        the weight of a batch in the running statistics; None for their plain mean so far.
    affine
        whether there are weight and bias.
    track_running_stats
        False for none; evaluation then uses those of its batch, too.
    bias
        False for none.

    Attributes
    ----------
    weight, bias
        Parameters of shape (C,), at first 1 and 0; or None.
    running_mean, running_var
        Buffers of shape (C,), at first 0 and 1; or None. The variance is the unbiased one.
    num_batches_tracked
        Buffer of shape (), how many batches they have seen; or None.

    Raises
    ------
    ValueError
        the shape of the input does not fit; one value per channel in training.
    TypeError
        the input is not of floats.
    """

    _forms = "N, C", "N, C, length"


class BatchNorm2d(_BatchNorm):
    """`BatchNorm1d` for inputs of shape (N, C, height, width)."""

    _forms = ("N, C, height, width",)


class BatchNorm3d(_BatchNorm):
    """`BatchNorm1d` for inputs of shape (N, C, depth, height, width)."""

    _forms = ("N, C, depth, height, width",)


class _InstanceNorm(_ChannelNorm):
    """The layers of `instance_norm`, for any number of axes."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, bias)

    def forward(self, x: Any) -> Any:
        """Apply `functional.instance_norm`."""
        self._check_input(x)
        y = _per_channel(
            self,
            x if self._batched(x) else x[None],
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum or 0.0,
            self.eps,
            tuple(range(2, len(self._forms[-1].split(", ")))),
        )
        return y if self._batched(x) else y[0]

    def _batched(self, x: Any) -> bool:
        return x.ndim == len(self._forms[-1].split(", "))


class InstanceNorm1d(_InstanceNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias, with one mean and var per sample and channel.

    The input has shape (N, C, length) or (C, length). Mean and var are its own in evaluation too,
    unless `track_running_stats`.

    Parameters
    ----------
    num_features
        C, the number of channels.
    eps
        keeps the root from 0.
    momentum
        the weight of a batch in the running statistics.
    affine
        whether there are weight and bias.
    track_running_stats
        use running statistics in evaluation.
    bias
        False for none.

    Notes
    -----
    The attributes are those of batch normalization; `num_batches_tracked` stays 0, as in PyTorch.

    Raises
    ------
    ValueError
        the shape of the input does not fit; one value per sample and channel.
    TypeError
        the input is not of floats.
    """

    _forms = "C, length", "N, C, length"


class InstanceNorm2d(_InstanceNorm):
    """`InstanceNorm1d` for inputs of shape (N, C, height, width), N optional."""

    _forms = "C, height, width", "N, C, height, width"


class InstanceNorm3d(_InstanceNorm):
    """`InstanceNorm1d` for inputs of shape (N, C, depth, height, width), N optional."""

    _forms = "C, depth, height, width", "N, C, depth, height, width"
