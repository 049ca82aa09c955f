"""Normalisation: to zero mean and unit variance, over a batch, a layer, a group, an instance.

They differ in the axes the statistics are over, for an input of shape (N, C, ...):

| batch | all but C | Ioffe and Szegedy, arXiv:1502.03167 |
| instance | all but N and C | Ulyanov, Vedaldi and Lempitsky, arXiv:1607.08022 |
| group | as instance, and over C / num_groups channels | Wu and He, arXiv:1803.08494 |
| layer | the last ones | Ba, Kiros and Hinton, arXiv:1607.06450 |
| RMS | the last ones; the mean is not subtracted | Zhang and Sennrich, arXiv:1910.07467 |

`_normalize` is all of them. (The local response norm divides by its neighbours: it stands apart.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from string import ascii_lowercase
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import Tensor, default_dtype, op, shared

from .module import Buffer, Module, Parameter

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LocalResponseNorm",
    "RMSNorm",
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "rms_norm",
]

Shape = int | Sequence[int]
Running = Tensor | NDArray[Any] | None


# ------------------------------------------------------------------------- the mechanism


@lru_cache
def _subscripts(ndim: int, shape: tuple[int, ...], count: int) -> str:
    letters = ascii_lowercase[:ndim]
    padded = (1,) * (ndim - len(shape)) + shape
    kept = "".join(c for c, n in zip(letters, padded, strict=True) if n != 1)
    return f"{','.join([letters] * count)}->{kept}"


def _sum(shape: tuple[int, ...], *arrays: Any) -> Any:
    """The sum of the product of arrays over the axes that stretch `shape` to theirs.

    By einsum, which keeps no product in memory and takes half the time of np.sum.
    """
    return np.einsum(_subscripts(arrays[0].ndim, shape, len(arrays)), *arrays).reshape(shape)


def _moments(x: Any, axes: tuple[int, ...], centre: bool = True) -> tuple[Any, Any, Any]:
    """The centred x, its mean, and the biased variance; or x, None and the mean square."""
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    n = max(1, math.prod(x.shape[i] for i in axes))
    if x.dtype == np.float16:  # its squares would overflow beyond 255
        x = x.astype(np.float32)
    mean = _sum(shape, x) / n if centre else None
    centred = x - mean if centre else x
    return centred, mean, _sum(shape, centred, centred) / n


@op
def _normalize(x, weight, bias, axes=(), eps=1e-5, centre=True, apart=False, moments=None):
    """(x - mean) / sqrt(var + eps) * weight + bias, with mean and var of x over `axes`.

    centre: False for x / sqrt(mean(x²) + eps) * weight + bias.
    apart: weight and bias do not vary along `axes`.
    moments: the mean and var of x, if they are known already.
    """
    if moments is None or isinstance(x, Tensor):  # they depend on x, so its derivatives need them
        centred, _, var = _moments(x, axes, centre)
    else:
        centred, var = x - moments[0], moments[1]
    n = max(1, x.size // max(1, var.size))
    inv = 1 / np.sqrt(var + eps)
    if centre:
        xhat = centred  # ours, so in place
        xhat *= inv
    else:
        xhat = centred * inv
    y = xhat if weight is None else xhat * weight
    if bias is not None and weight is not None:
        y += bias
    elif bias is not None:
        y = y + bias  # closures hold xhat

    total = shared(lambda g: _sum(var.shape, g))
    along = shared(lambda g: _sum(var.shape, g, xhat))

    def for_x(g: Any) -> Any:
        h = g if weight is None or apart else g * weight
        slope = xhat * (along(h) / -n)  # inv * (h - xhat * mean(h * xhat) - mean(h))
        slope += h
        if centre:
            slope -= total(h) / n
        slope *= inv if weight is None or not apart else inv * weight
        return slope

    return (
        y.astype(np.float16) if x.dtype == np.float16 else y,
        for_x,
        lambda g: along(g) if apart else _sum(weight.shape, g, xhat),
        lambda g: total(g) if apart else _sum(bias.shape, g),
    )


def _with(mean: Any, var: Any, x: Any, weight: Any, bias: Any, eps: float) -> Any:
    """The same, with a mean and variance that do not depend on x."""
    scale = 1 / np.sqrt(var + eps)
    y = (x - mean) * (scale if weight is None else weight * scale)
    return y if bias is None else y + bias


# ------------------------------------------------------------------------- per channel


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
    input : x, floats of shape (N, C) or (N, C, ...).
    running_mean, running_var : shape (C,), or both None. In training they take part in nothing,
        but move to (1 - momentum) running + momentum new, in place; there the new variance is the
        unbiased one. In evaluation they are the mean and var.
    weight, bias : shape (C,), or None.
    training : take mean and (biased) var from `input`.
    momentum : the weight of the new statistics.

    Raises
    ------
    ValueError : shapes do not fit; one value per channel in training; no statistics in evaluation.
    TypeError : the input is not of floats.
    """
    axes = (0, *range(2, len(_lengths(input))))
    return _per_channel(
        "batch_norm", input, running_mean, running_var, weight, bias, training, momentum, eps, axes
    )


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
    input : x, floats of shape (N, C, ...).
    running_mean, running_var : as for `batch_norm`; they move to the statistics' mean over N.
    weight, bias : shape (C,), or None.
    use_input_stats : False to take mean and var from `running_mean` and `running_var`.
    momentum : the weight of the new statistics.

    Raises
    ------
    ValueError, TypeError : as for `batch_norm`.
    """
    axes, stats = tuple(range(2, len(_lengths(input)))), use_input_stats
    return _per_channel(
        "instance_norm", input, running_mean, running_var, weight, bias, stats, momentum, eps, axes
    )


def _per_channel(
    name: str,
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
    _expect(name, x, len(_lengths(x)) >= (2 if 0 in axes else 3), "(N, C, ...)")
    side = (1, x.shape[1], *(1,) * (x.ndim - 2))
    weight = _shaped(name, "weight", weight, x.shape[1:2], side)
    bias = _shaped(name, "bias", bias, x.shape[1:2], side)
    means = _shaped(name, "running_mean", _array(running_mean), x.shape[1:2], side)
    variances = _shaped(name, "running_var", _array(running_var), x.shape[1:2], side)
    if (means is None) != (variances is None) or (means is None and not training):
        raise ValueError(
            f"{name}: expected running_mean and running_var, or neither and statistics of the "
            f"input; got {_kind(running_mean)} and {_kind(running_var)}"
        )
    if not training:
        return _with(means, variances, x, weight, bias, eps)
    n = math.prod(x.shape[i] for i in axes)
    if n < 2:
        raise ValueError(
            f"{name}: got input of shape {x.shape}, expected at least 2 values per "
            f"{'channel; in evaluation one is enough' if 0 in axes else 'sample and channel'}"
        )
    # Out here, as the op's body may run again; on the array, which tracks nothing.
    _, mean, var = _moments(_array(x), axes)
    if means is not None and var.size:
        for running, new in (means, mean), (variances, var * (n / (n - 1))):
            running *= 1 - momentum
            running += momentum * new.mean(axis=0)
    return _normalize(x, weight, bias, axes=axes, eps=eps, apart=True, moments=(mean, var))


def _kind(x: Any) -> str:
    return "None" if x is None else f"shape {x.shape}"


def _array(x: Any) -> Any:
    """The array of a Tensor itself, not a copy; anything else as it is."""
    return x.data if isinstance(x, Tensor) else x


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
        self.weight, self.bias = _affine((num_features,), affine, bias)
        zeros = np.zeros(num_features, default_dtype.get())
        self.running_mean = Buffer(zeros) if track_running_stats else None
        self.running_var = Buffer(zeros + 1) if track_running_stats else None
        self.num_batches_tracked = Buffer(np.array(0)) if track_running_stats else None

    def reset_running_stats(self) -> None:
        """Set the running mean to 0, the running variance to 1 and the count of batches to 0."""
        for name, buffer in self.named_buffers():
            buffer.data[...] = name == "running_var"

    def _check(self, x: Any) -> None:
        shape, n = _lengths(x), self.num_features
        forms = [form.split(", ") for form in self._forms]
        fits = any(len(form) == len(shape) and shape[form.index("C")] == n for form in forms)
        expected = " or ".join(f"({form})" for form in self._forms).replace("C", str(n))
        _expect(self, x, fits, expected)

    def extra_repr(self) -> str:
        """The number of features, and the settings that are not the defaults."""
        return f"{self.num_features}" + _settings(
            self,
            eps=1e-5,
            momentum=0.1,
            affine=isinstance(self, _BatchNorm),
            track_running_stats=isinstance(self, _BatchNorm),
        )


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
        self._check(x)
        mean, var, count = self.running_mean, self.running_var, self.num_batches_tracked
        momentum, training = self.momentum, self.training or mean is None
        if momentum is None:  # the mean of all batches so far
            momentum = 0.0 if count is None else 1 / (count.item() + 1)
        y = batch_norm(x, mean, var, self.weight, self.bias, training, momentum, self.eps)
        if self.training and count is not None:
            count.data[...] += 1
        return y


class BatchNorm1d(_BatchNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias, with one mean and var for each channel.

    The input has shape (N, C) or (N, C, length). In training mean and var (biased) are those of
    the batch, and the running ones move towards them; in evaluation they are the running ones.

    Parameters
    ----------
    num_features : C, the number of channels.
    eps : keeps the root from 0.
    momentum : the weight of a batch in the running statistics; None for their plain mean so far.
    affine : whether there are weight and bias.
    track_running_stats : False for none; evaluation then uses those of its batch, too.
    bias : False for none.

    Attributes
    ----------
    weight, bias : Parameters of shape (C,), at first 1 and 0; or None.
    running_mean, running_var : Buffers of shape (C,), at first 0 and 1; or None. The variance is
        the unbiased one.
    num_batches_tracked : Buffer of shape (), how many batches they have seen; or None.

    Raises
    ------
    ValueError : the shape of the input does not fit; one value per channel in training.
    TypeError : the input is not of floats.
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
        self._check(x)
        y = instance_norm(
            x if self._batched(x) else x[None],
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            self.momentum or 0.0,
            self.eps,
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
    num_features : C, the number of channels.
    eps : keeps the root from 0.
    momentum : the weight of a batch in the running statistics.
    affine : whether there are weight and bias.
    track_running_stats : use running statistics in evaluation.
    bias : False for none.

    Attributes
    ----------
    As those of batch normalisation; `num_batches_tracked` stays 0, as in PyTorch.

    Raises
    ------
    ValueError : the shape of the input does not fit; one value per sample and channel.
    TypeError : the input is not of floats.
    """

    _forms = "C, length", "N, C, length"


class InstanceNorm2d(_InstanceNorm):
    """`InstanceNorm1d` for inputs of shape (N, C, height, width), N optional."""

    _forms = "C, height, width", "N, C, height, width"


class InstanceNorm3d(_InstanceNorm):
    """`InstanceNorm1d` for inputs of shape (N, C, depth, height, width), N optional."""

    _forms = "C, depth, height, width", "N, C, depth, height, width"


# ------------------------------------------------------------------------- per group, per layer


def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """(x - mean) / sqrt(var + eps) * weight + bias, with one mean and var per sample and group.

    Parameters
    ----------
    input : x, floats of shape (N, C, ...).
    num_groups : into how many groups of neighbours the C channels are cut.
    weight, bias : shape (C,), or None.

    Raises
    ------
    ValueError : shapes do not fit; `num_groups` does not divide C.
    TypeError : the input is not of floats.
    """
    _expect("group_norm", input, len(_lengths(input)) >= 2, "(N, C, ...)")
    n, channels, *rest = input.shape
    _divides("group_norm", num_groups, channels)
    shape = (num_groups, channels // num_groups, *rest)
    side = (*shape[:2], *(1,) * len(rest))
    return _normalize(
        input.reshape(n, *shape),
        _shaped("group_norm", "weight", weight, (channels,), side),
        _shaped("group_norm", "bias", bias, (channels,), side),
        axes=tuple(range(2, 3 + len(rest))),
        eps=eps,
    ).reshape(input.shape)


def layer_norm(
    input: Any, normalized_shape: Shape, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """(x - mean) / sqrt(var + eps) * weight + bias, with mean and var over the last axes.

    Parameters
    ----------
    input : x, floats of shape (..., *normalized_shape).
    normalized_shape : the lengths of the last axes; an int for one.
    weight, bias : of shape `normalized_shape`, or None.

    Raises
    ------
    ValueError : shapes do not fit.
    TypeError : the input is not of floats.
    """
    return _last_axes("layer_norm", input, normalized_shape, weight, bias, eps, True)


def rms_norm(
    input: Any, normalized_shape: Shape, weight: Any = None, eps: float | None = None
) -> Any:
    """Scale to unit mean square: x / sqrt(mean(x²) + eps) * weight, over the last axes.

    Parameters
    ----------
    input : x, floats of shape (..., *normalized_shape).
    normalized_shape : the lengths of the last axes; an int for one.
    weight : of shape `normalized_shape`, or None.
    eps : the precision of the input's dtype (1.2e-7 for float32) if None.

    Raises
    ------
    ValueError : shapes do not fit.
    TypeError : the input is not of floats.
    """
    return _last_axes("rms_norm", input, normalized_shape, weight, None, eps, False)


def _last_axes(
    name: str, x: Any, shape: Shape, weight: Any, bias: Any, eps: float | None, centre: bool
) -> Any:
    shape = _shape(shape)
    fits = _lengths(x)[-len(shape) :] == shape
    _expect(name, x, fits, f"(..., {', '.join(map(str, shape))})")
    return _normalize(
        x,
        _shaped(name, "weight", weight, shape, shape),
        _shaped(name, "bias", bias, shape, shape),
        axes=tuple(range(x.ndim - len(shape), x.ndim)),
        eps=float(np.finfo(x.dtype).eps) if eps is None else eps,
        centre=centre,
    )


class GroupNorm(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias, with one mean and var per sample and group.

    Parameters
    ----------
    num_groups : into how many groups of neighbours the channels are cut.
    num_channels : C, the number of channels.
    eps : keeps the root from 0.
    affine : whether there are weight and bias.
    bias : False for none.

    Attributes
    ----------
    weight, bias : Parameters of shape (C,), at first 1 and 0; or None.

    Raises
    ------
    ValueError : `num_groups` does not divide C; the input is not of shape (N, C, ...).
    TypeError : the input is not of floats.
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
        self.weight, self.bias = _affine((num_channels,), affine, bias)

    def forward(self, x: Any) -> Any:
        """Apply `functional.group_norm`."""
        fits = _lengths(x)[1:2] == (self.num_channels,)
        _expect(self, x, fits, f"(N, {self.num_channels}, ...)")
        return group_norm(x, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The numbers of groups and channels, and the settings that are not the defaults."""
        return f"{self.num_groups}, {self.num_channels}" + _settings(self, eps=1e-5, affine=True)


class LayerNorm(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias, with mean and var over the last axes.

    Parameters
    ----------
    normalized_shape : the lengths of the last axes; an int for one.
    eps : keeps the root from 0.
    elementwise_affine : whether there are weight and bias.
    bias : False for none.

    Attributes
    ----------
    weight, bias : Parameters of shape `normalized_shape`, at first 1 and 0; or None.

    Raises
    ------
    ValueError : the last axes of the input are not those of `normalized_shape`.
    TypeError : the input is not of floats.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.LayerNorm(2)(np.array([[1.0, 3.0], [5.0, 5.0]])).tolist()
    [[-0.9999950000374997, 0.9999950000374997], [0.0, 0.0]]
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
        self.weight, self.bias = _affine(self.normalized_shape, elementwise_affine, bias)

    def forward(self, x: Any) -> Any:
        """Apply `functional.layer_norm`."""
        _expect_last(self, x, self.normalized_shape)
        return layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The shape, and the settings that are not the defaults."""
        return f"{self.normalized_shape}" + _settings(self, eps=1e-5, elementwise_affine=True)


class RMSNorm(Module):
    """Scale to unit mean square: x / sqrt(mean(x²) + eps) * weight, over the last axes.

    Parameters
    ----------
    normalized_shape : the lengths of the last axes; an int for one.
    eps : keeps the root from 0; the precision of the input's dtype if None.
    elementwise_affine : whether there is a weight.

    Attributes
    ----------
    weight : Parameter of shape `normalized_shape`, at first 1; or None.

    Raises
    ------
    ValueError : the last axes of the input are not those of `normalized_shape`.
    TypeError : the input is not of floats.
    """

    def __init__(
        self,
        normalized_shape: Shape,
        eps: float | None = None,
        elementwise_affine: bool = True,
    ) -> None:
        self.normalized_shape, self.eps = _shape(normalized_shape), eps
        self.elementwise_affine = elementwise_affine
        self.weight, _ = _affine(self.normalized_shape, elementwise_affine, False)

    def forward(self, x: Any) -> Any:
        """Apply `functional.rms_norm`."""
        _expect_last(self, x, self.normalized_shape)
        return rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The shape, and the settings that are not the defaults."""
        return f"{self.normalized_shape}" + _settings(self, eps=None, elementwise_affine=True)


# ------------------------------------------------------------------------- among neighbours


def local_response_norm(
    input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    """Inhibit: x / (k + alpha s)**beta, with s the mean square over `size` channels around x.

    Channels beyond the first and the last count as 0. Of an even number, one more lies before x.
    (Krizhevsky, Sutskever and Hinton, NIPS 2012.)

    Parameters
    ----------
    input : x, floats of shape (N, C, ...), with at least three axes.
    size : the number of channels, at least 1.

    Raises
    ------
    ValueError : too few axes; `size` is less than 1.
    TypeError : the input is not of floats.
    """
    if size < 1:
        raise ValueError(f"local_response_norm: size must be at least 1, got {size}")
    _expect("local_response_norm", input, len(_lengths(input)) >= 3, "(N, C, ...), 3 axes or more")
    return _local_response(input, size=size, alpha=alpha, beta=beta, k=k)


@op
def _local_response(x, size=1, alpha=1e-4, beta=0.75, k=1.0):
    before, after = size // 2, (size - 1) // 2
    d = k + (alpha / size) * _among(x * x, before, after)
    scale = d**-beta

    def for_x(g: Any) -> Any:  # those that x is a neighbour of lie on the other side
        felt = _among(g * x * scale / d, after, before)
        return g * scale - (2 * alpha * beta / size) * x * felt

    return x * scale, for_x


def _among(x: Any, before: int, after: int) -> Any:
    """The sum over neighbours along axis 1, the element itself between them."""
    sides = [(0, 0)] * x.ndim
    sides[1] = before, after
    padded, n = np.pad(x, sides), x.shape[1]
    total = padded[:, :n]
    for i in range(1, before + after + 1):
        total = total + padded[:, i : i + n]
    return total


class LocalResponseNorm(Module):
    """Inhibit: x / (k + alpha s)**beta, with s the mean square over `size` channels around x.

    Parameters
    ----------
    size : the number of channels, x in the middle.
    alpha, beta, k : of the formula.

    Raises
    ------
    ValueError : the input has fewer than three axes; `size` is less than 1.
    TypeError : the input is not of floats.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        if size < 1:
            raise ValueError(f"LocalResponseNorm: size must be at least 1, got {size}")
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, x: Any) -> Any:
        """Apply `functional.local_response_norm`."""
        return local_response_norm(x, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The size, and the settings that are not the defaults."""
        return f"{self.size}" + _settings(self, alpha=1e-4, beta=0.75, k=1.0)


# ------------------------------------------------------------------------- what they share


def _affine(
    shape: tuple[int, ...], affine: bool, bias: bool
) -> tuple[Parameter | None, Parameter | None]:
    dtype = default_dtype.get()
    return (
        Parameter(np.ones(shape, dtype)) if affine else None,
        Parameter(np.zeros(shape, dtype)) if affine and bias else None,
    )


def _lengths(x: Any) -> tuple[int, ...]:
    """The shape of `x`, if it is an array or Tensor: np.shape, which lists have too, is slower."""
    return getattr(x, "shape", ())


def _shape(shape: Shape) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


def _shaped(
    name: str, argument: str, value: Any, expected: tuple[int, ...], side: tuple[int, ...]
) -> Any:
    """`value`, of shape `expected`, reshaped to broadcast; None stays."""
    if value is None:
        return None
    value = value if isinstance(value, Tensor) else np.asarray(value)
    if value.shape != expected:
        raise ValueError(f"{name}: got {argument} of shape {value.shape}, expected {expected}")
    return value if expected == side else value.reshape(side)


def _divides(name: str, num_groups: int, channels: int) -> None:
    if num_groups < 1 or channels % num_groups:
        raise ValueError(
            f"{name}: num_groups is {num_groups}, expected a divisor of the number of channels, "
            f"{channels}"
        )


def _expect_last(who: Module, x: Any, shape: tuple[int, ...]) -> None:
    fits = _lengths(x)[-len(shape) :] == shape
    _expect(who, x, fits, f"(..., {', '.join(map(str, shape))})")


def _expect(who: Module | str, x: Any, fits: bool, expected: str) -> None:
    """Raise unless `x` is an array or Tensor of floats, and `fits`."""
    if fits and getattr(getattr(x, "dtype", None), "kind", None) == "f":
        return
    name = who if isinstance(who, str) else f"{type(who).__name__}({who.extra_repr()})"
    if not hasattr(x, "shape"):
        raise TypeError(f"{name}: got a {type(x).__name__}, expected an array or a Tensor")
    if fits:
        raise TypeError(f"{name}: got {x.dtype}, expected floats; write x.astype(np.float32)")
    raise ValueError(f"{name}: got input of shape {x.shape}, expected {expected}")


def _settings(module: Any, **defaults: Any) -> str:
    """The settings of a module that are not the defaults, as they would be written."""
    settings = {name: getattr(module, name) for name in defaults}
    text = "".join(f", {k}={v!r}" for k, v in settings.items() if v != defaults[k])
    members = vars(module)
    lone = members.get("weight") is not None and "bias" in members and members["bias"] is None
    return text + (", bias=False" if lone else "")
