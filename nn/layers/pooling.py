"""Pooling: what one number says of each window of the input; the functions and their layers.

How it is done, along one axis after the other, is in `pool_windows`.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ..inputs import expect, given, like, single
from ..module import Module
from .families import image_shapes, per_axes
from .pool_windows import AxisWindows, adaptive_windows, strided_windows, window_max, window_mean
from .sizes import Ints, Size, ints

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]

OutputSize = int | None | tuple[int | None, ...]


# What the functions share


def _input(who: str, n: int, x: Any, kinds: str = "f") -> Any:
    """`x`, if it has n axes of size and a dtype of these kinds."""
    x = given(who, "x", x)
    if x.ndim not in (n + 1, n + 2) or x.dtype.kind not in kinds:
        expect(who, x, x.ndim in (n + 1, n + 2), image_shapes(n), kinds)
    return x


def _windows(
    who: str,
    n: int,
    x: Any,
    kernel_size: Size,
    stride: Size | None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
) -> list[AxisWindows]:
    kernel = ints(who, "kernel_size", n, kernel_size, alone=True)
    stride = kernel if stride is None else ints(who, "stride", n, stride)
    padding = ints(who, "padding", n, padding, 0)
    dilation = ints(who, "dilation", n, dilation)
    axes = zip(x.shape[-n:], kernel, stride, padding, dilation, strict=True)
    return [strided_windows(who, *axis, bool(ceil_mode)) for axis in axes]


def _adaptive(who: str, n: int, x: Any, output_size: OutputSize) -> list[AxisWindows]:
    sizes = x.shape[-n:]
    outs: Any = output_size if isinstance(output_size, tuple | list) else (output_size,) * n
    if len(outs) == n:
        outs = [m if out is None else out for m, out in zip(sizes, outs, strict=True)]
    outs = ints(who, "output_size", n, outs)
    return [adaptive_windows(who, m, out) for m, out in zip(sizes, outs, strict=True)]


# Functions. `x` has shape (batch, channels, *size), or is without the batch, with n axes of size.


def _max_pool_nd(
    n: int,
    x: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest number of each window.

        y[p] = max over k of x[stride * p + dilation * k - padding]

    Parameters
    ----------
    x
        shape (batch, channels, *size), or without the batch.
    kernel_size
        of the windows; an int, or one for each axis, as are the next three.
    stride
        from one window to the next; kernel_size if None.
    padding
        how many -inf go on both sides; at most half of the kernel.
    dilation
        from one number of a window to the next.
    ceil_mode
        True for windows that hang over the end too, if they start before the padding there.
    return_indices
        whether to return the places of the numbers as well.

    Returns
    -------
    array or Tensor
        shape (batch, channels, *out), a Tensor if `x` is one; with `return_indices` also an array
        of this shape: positions in the input with its axes of size made flat.

    Notes
    -----
    Among equal numbers the first counts and gets all of the gradient. NaN is larger than all.

    Raises
    ------
    ValueError
        the arguments do not fit each other, or `x`.
    """
    who = f"max_pool{n}d"
    x = _input(who, n, x, "fiu")
    windows = _windows(who, n, x, kernel_size, stride, padding, dilation, ceil_mode)
    return window_max(x, windows, return_indices)


max_pool1d, max_pool2d, max_pool3d = per_axes(_max_pool_nd)


def _avg_pool_nd(
    n: int,
    x: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window.

    Parameters
    ----------
    x
        floats of shape (batch, channels, *size), or without the batch.
    kernel_size, stride, ceil_mode
        as for `max_pool2d`.
    padding
        how many zeros go on both sides; at most half of the kernel.
    count_include_pad
        whether the mean is of these zeros too.
    divisor_override
        what the sum is divided by, instead of how many numbers there are.

    Returns
    -------
    array or Tensor
        shape (batch, channels, *out); a Tensor if `x` is one.

    Raises
    ------
    ValueError
        the arguments do not fit each other, or `x`.
    TypeError
        `x` is of integers.
    """
    who = f"avg_pool{n}d"
    x = _input(who, n, x)
    if divisor_override == 0:
        raise ValueError(f"{who}: got divisor_override=0, expected another number or None")
    windows = _windows(who, n, x, kernel_size, stride, padding, 1, ceil_mode)
    return like(window_mean(single(x), windows, count_include_pad, divisor_override), x)


avg_pool1d, avg_pool2d, avg_pool3d = per_axes(_avg_pool_nd)


def _lp_pool_nd(
    n: int,
    x: Any,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> Any:
    """The p-norm of each window without the absolute values: (sum of x**p)**(1/p), p = norm_type.

    So p = 1 is the sum, and with an odd p a negative sum makes NaN, as in PyTorch. p = inf is the
    largest absolute value. Where the sum is 0, so is the gradient.

    Parameters
    ----------
    x
        floats of shape (batch, channels, *size), or without the batch.
    norm_type
        p, larger than 0.
    kernel_size, stride, ceil_mode
        as for `max_pool2d`. The sum of a window that hangs over is scaled up, as if what it lacks
        were like the rest.

    Returns
    -------
    array or Tensor
        shape (batch, channels, *out); a Tensor if `x` is one.

    Raises
    ------
    ValueError
        the arguments do not fit each other, or `x`.
    TypeError
        `x` is of integers.
    """
    who, p = f"lp_pool{n}d", float(norm_type)
    x = _input(who, n, x)
    if not p > 0:
        raise ValueError(f"{who}: got norm_type={norm_type}, expected a number larger than 0")
    windows = _windows(who, n, x, kernel_size, stride, ceil_mode=ceil_mode)
    if p == math.inf:
        return window_max(abs(x), windows, False)
    average = window_mean(single(x) ** p, windows, True)
    places = math.prod(ints(who, "kernel_size", n, kernel_size, alone=True))
    zero = average == 0  # where the slope of the root is infinite
    return like(np.where(zero, 0, (places * np.where(zero, 1, average)) ** (1 / p)), x)


lp_pool1d, lp_pool2d, lp_pool3d = per_axes(_lp_pool_nd)


def _adaptive_avg_pool_nd(n: int, x: Any, output_size: OutputSize) -> Any:
    """The mean of each window, of which there are n along an axis of length m.

    Window j goes from floor(j * m / n) to ceil((j + 1) * m / n).

    Parameters
    ----------
    x
        floats of shape (batch, channels, *size), or without the batch.
    output_size
        n; an int, or one for each axis; None for m, that of the input.

    Returns
    -------
    array or Tensor
        shape (batch, channels, *output_size); a Tensor if `x` is one.

    Raises
    ------
    ValueError
        the arguments do not fit each other; `x` has nothing to take the mean of.
    TypeError
        `x` is of integers.
    """
    who = f"adaptive_avg_pool{n}d"
    x = _input(who, n, x)
    windows = _adaptive(who, n, x, output_size)
    if all(len(w.starts) == 1 for w in windows):
        return like(np.mean(single(x), axis=tuple(range(-n, 0)), keepdims=True), x)
    return like(window_mean(single(x), windows, False), x)


adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = per_axes(_adaptive_avg_pool_nd)


def _adaptive_max_pool_nd(
    n: int, x: Any, output_size: OutputSize, return_indices: bool = False
) -> Any:
    """The largest number of each of the windows that `adaptive_avg_pool2d` describes.

    `return_indices` and the result are as for `max_pool2d`.
    """
    who = f"adaptive_max_pool{n}d"
    x = _input(who, n, x, "fiu")
    return window_max(x, _adaptive(who, n, x, output_size), return_indices)


adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = per_axes(_adaptive_max_pool_nd)


def _max_unpool_nd(
    n: int,
    x: Any,
    indices: Any,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Ints | None = None,
) -> Any:
    """Put numbers back to where max pooling found them, and 0 elsewhere.

    Parameters
    ----------
    x
        shape (batch, channels, *size), or without the batch.
    indices
        of this shape, as from `max_pool2d` with `return_indices`. Where one repeats, the last
        number counts and gets the gradient.
    kernel_size, stride, padding
        those of `max_pool2d`; they give the size of the output.
    output_size
        the size itself, where the stride leaves a choice; may have batch and channels in front.

    Returns
    -------
    array or Tensor
        shape (batch, channels, *output_size), output_size = (size - 1) * stride - 2 * padding +
        kernel_size; a Tensor if `x` is one.

    Raises
    ------
    ValueError
        shapes do not fit; an index is out of range; output_size cannot be.
    """
    who = f"max_unpool{n}d"
    x = _input(who, n, x, "fiu")
    kernel = ints(who, "kernel_size", n, kernel_size, alone=True)
    stride = kernel if stride is None else ints(who, "stride", n, stride)
    padding = ints(who, "padding", n, padding, 0)
    axes = list(zip(x.shape[-n:], kernel, stride, padding, strict=True))
    size = usual = tuple((m - 1) * s - 2 * p + k for m, k, s, p in axes)
    if output_size is not None:
        size = tuple(output_size)[-n:]
        near = all(abs(a - b) < s for a, b, s in zip(size, usual, stride, strict=False))
        if len(output_size) not in (n, n + 2) or not near:
            raise ValueError(
                f"{who}: got output_size={output_size}, expected {usual}, each number give or "
                f"take less than the stride, {stride}"
            )
    if min(size) < 1:
        raise ValueError(
            f"{who}: got padding={padding}, which leaves nothing: the output's size is {size}"
        )
    indices = np.asarray(indices)
    if indices.shape != x.shape or indices.dtype.kind not in "iu":
        raise ValueError(
            f"{who}: got indices of {indices.dtype}, shape {indices.shape}, expected integers of "
            f"the shape of x, {x.shape}: what max_pool{n}d(..., return_indices=True) gives"
        )
    plane, flat = math.prod(size), (*x.shape[:-n], math.prod(x.shape[-n:]))
    if indices.size and not 0 <= indices.min() <= indices.max() < plane:
        raise ValueError(
            f"{who}: got indices from {indices.min()} to {indices.max()}, expected 0 to "
            f"{plane - 1}: the output's size is {size}. Give output_size if it is another"
        )
    # For each number of the output, which one of x comes there: -1 if none.
    source = np.full((*x.shape[:-n], plane), -1)
    np.put_along_axis(source, indices.reshape(flat), np.arange(flat[-1]), -1)
    y = np.where(source >= 0, np.take_along_axis(x.reshape(flat), source, -1), 0)
    return y.reshape(*x.shape[:-n], *size)


max_unpool1d, max_unpool2d, max_unpool3d = per_axes(_max_unpool_nd)


# Layers


class _Pool(Module):
    """What the layers share: the number of axes and the sizes of windows."""

    axes: ClassVar[int]
    _same: ClassVar = {"stride": "kernel_size"}

    def _set(self, kernel_size: Size, stride: Size | None, padding: Size = 0) -> None:
        who, n = type(self).__name__, self.axes
        self.kernel_size = ints(who, "kernel_size", n, kernel_size, alone=True)
        self.stride = self.kernel_size if stride is None else ints(who, "stride", n, stride)
        self.padding = ints(who, "padding", n, padding, 0)


class _MaxPool(_Pool):
    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        self._set(kernel_size, stride, padding)
        self.dilation = ints(type(self).__name__, "dilation", self.axes, dilation)
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, x: Any) -> Any:
        """Pool `x` of shape (batch, channels, *size), or without the batch."""
        window = self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode
        return _max_pool_nd(self.axes, x, *window, self.return_indices)


class _MaxUnpool(_Pool):
    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        self._set(kernel_size, stride, padding)

    def forward(self, x: Any, indices: Any, output_size: Ints | None = None) -> Any:
        """Put `x` of shape (batch, channels, *size), or without the batch, to the `indices`."""
        window = self.kernel_size, self.stride, self.padding
        return _max_unpool_nd(self.axes, x, indices, *window, output_size)


class _AvgPool(_Pool):
    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        self._set(kernel_size, stride, padding)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad
        self.divisor_override = divisor_override

    def forward(self, x: Any) -> Any:
        """Pool `x` of shape (batch, channels, *size), or without the batch."""
        window = self.kernel_size, self.stride, self.padding, self.ceil_mode
        divisor = self.count_include_pad, self.divisor_override
        return _avg_pool_nd(self.axes, x, *window, *divisor)


class _LPPool(_Pool):
    def __init__(
        self,
        norm_type: float,
        kernel_size: Size,
        stride: Size | None = None,
        ceil_mode: bool = False,
    ) -> None:
        if not norm_type > 0:
            who = type(self).__name__
            raise ValueError(f"{who}: got norm_type={norm_type}, expected a number larger than 0")
        self.norm_type = norm_type
        self._set(kernel_size, stride)
        self.ceil_mode = ceil_mode

    def forward(self, x: Any) -> Any:
        """Pool `x` of shape (batch, channels, *size), or without the batch."""
        window = self.kernel_size, self.stride, self.ceil_mode
        return _lp_pool_nd(self.axes, x, self.norm_type, *window)


class _AdaptiveAvgPool(_Pool):
    def __init__(self, output_size: OutputSize) -> None:
        self.output_size = output_size

    def forward(self, x: Any) -> Any:
        """Pool `x` of shape (batch, channels, *size), or without the batch."""
        return _adaptive_avg_pool_nd(self.axes, x, self.output_size)


class _AdaptiveMaxPool(_Pool):
    def __init__(self, output_size: OutputSize, return_indices: bool = False) -> None:
        self.output_size, self.return_indices = output_size, return_indices

    def forward(self, x: Any) -> Any:
        """Pool `x` of shape (batch, channels, *size), or without the batch."""
        return _adaptive_max_pool_nd(self.axes, x, self.output_size, self.return_indices)


class MaxPool1d(_MaxPool):
    """Max pooling of (batch, channels, length); see `MaxPool2d`."""

    axes = 1


class MaxPool2d(_MaxPool):
    """Max pooling of (batch, channels, height, width): `functional.max_pool2d`.

    Parameters
    ----------
    kernel_size, stride, padding, dilation, ceil_mode
        as for the function.
    return_indices
        whether to return the places of the numbers as well, for `MaxUnpool2d`.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.MaxPool2d(2)(np.ones((8, 16, 28, 28), np.float32)).shape
    (8, 16, 14, 14)
    """

    axes = 2


class MaxPool3d(_MaxPool):
    """Max pooling of (batch, channels, depth, height, width); see `MaxPool2d`."""

    axes = 3


class MaxUnpool1d(_MaxUnpool):
    """The inverse of max pooling, of (batch, channels, length); see `MaxUnpool2d`."""

    axes = 1


class MaxUnpool2d(_MaxUnpool):
    """The inverse of max pooling, of (batch, channels, height, width): `functional.max_unpool2d`.

    Parameters
    ----------
    kernel_size, stride, padding
        those of the `MaxPool2d`.
    """

    axes = 2


class MaxUnpool3d(_MaxUnpool):
    """The inverse of max pooling, of (batch, channels, depth, height, width).

    See `MaxUnpool2d`.
    """

    axes = 3


class AvgPool1d(_AvgPool):
    """Average pooling of (batch, channels, length); see `AvgPool2d`."""

    axes = 1


class AvgPool2d(_AvgPool):
    """Average pooling of (batch, channels, height, width): `functional.avg_pool2d`.

    Parameters
    ----------
    kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
        as for the function.
    """

    axes = 2


class AvgPool3d(_AvgPool):
    """Average pooling of (batch, channels, depth, height, width); see `AvgPool2d`."""

    axes = 3


class LPPool1d(_LPPool):
    """Power-average pooling of (batch, channels, length); see `LPPool2d`."""

    axes = 1


class LPPool2d(_LPPool):
    """Power-average pooling of (batch, channels, height, width): `functional.lp_pool2d`.

    Parameters
    ----------
    norm_type, kernel_size, stride, ceil_mode
        as for the function.
    """

    axes = 2


class LPPool3d(_LPPool):
    """Power-average pooling of (batch, channels, depth, height, width); see `LPPool2d`."""

    axes = 3


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Averages of (batch, channels, length); see `AdaptiveAvgPool2d`."""

    axes = 1


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Averages of (batch, channels, height, width): `functional.adaptive_avg_pool2d`.

    Parameters
    ----------
    output_size
        an int, or one for each axis; None for that of the input.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.AdaptiveAvgPool2d((3, None))(np.ones((8, 16, 7, 5), np.float32)).shape
    (8, 16, 3, 5)
    """

    axes = 2


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """Averages of (batch, channels, depth, height, width); see `AdaptiveAvgPool2d`."""

    axes = 3


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """Largest numbers of (batch, channels, length); see `AdaptiveMaxPool2d`."""

    axes = 1


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """Largest numbers of (batch, channels, height, width): `functional.adaptive_max_pool2d`.

    Parameters
    ----------
    output_size
        an int, or one for each axis; None for that of the input.
    return_indices
        whether to return the places of the numbers as well.
    """

    axes = 2


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """Largest numbers of (batch, channels, depth, height, width); see `AdaptiveMaxPool2d`."""

    axes = 3
