"""Windows as columns, `unfold`, and its transpose, `fold`, which adds them where they overlap."""

from __future__ import annotations

import math
from typing import Any

from autograd import op

from ..inputs import door
from ..module import Module
from .sizes import Size, ints
from .windows import batch_first, batch_last, windows_of

__all__ = ["Fold", "Unfold", "fold", "unfold"]


@door
def unfold(
    x: Any, kernel_size: Size, dilation: Size = 1, padding: Size | str = 0, stride: Size = 1
) -> Any:
    """The windows of `x`, each as a column: what a convolution multiplies with its weight.

    Parameters
    ----------
    x
        shape (batch, channels, *size), or without the batch.
    kernel_size
        an int, for two axes, or a tuple with one for each of any number of axes.
    dilation, padding, stride
        as for `conv2d`.

    Returns
    -------
    array or Tensor
        shape (batch, channels * places of the kernel, windows); a Tensor if `x` is one.
    """
    n = len(kernel_size) if isinstance(kernel_size, tuple) else 2
    kernel = ints("unfold", "kernel_size", n, kernel_size)
    if x.ndim not in (n + 1, n + 2):
        raise ValueError(
            f"unfold: got input of shape {x.shape}, expected (batch, channels, *size) or "
            f"(channels, *size) with {n} axes of size"
        )
    windows = windows_of("unfold", x.shape[-n:], kernel, stride, padding, dilation)
    return _unfold(x, windows=windows) if x.ndim == n + 2 else _unfold(x[None], windows=windows)[0]


@door
def fold(
    x: Any,
    output_size: Size,
    kernel_size: Size,
    dilation: Size = 1,
    padding: Size | str = 0,
    stride: Size = 1,
) -> Any:
    """The transpose of `unfold`: columns put back as windows, added where they overlap.

    Parameters
    ----------
    x
        shape (batch, channels * places of the kernel, windows), or without the batch.
    output_size
        of the result; an int if it is the same along all axes.
    kernel_size, dilation, padding, stride
        as for `unfold`.

    Returns
    -------
    array or Tensor
        shape (batch, channels, *output_size); a Tensor if `x` is one.
    """
    given = [a for a in (kernel_size, output_size) if isinstance(a, tuple)]
    n = len(given[0]) if given else 2
    size = ints("fold", "output_size", n, output_size)
    kernel = ints("fold", "kernel_size", n, kernel_size)
    windows = windows_of("fold", size, kernel, stride, padding, dilation)
    places, count = math.prod(kernel), math.prod(windows.out)
    if x.ndim not in (2, 3) or x.shape[-2] % places or x.shape[-1] != count:
        raise ValueError(
            f"fold: got input of shape {x.shape}, expected (batch, channels * {places}, {count}) or"
            f" (channels * {places}, {count}): {places} places of the kernel, {windows.out} windows"
        )
    return _fold(x, windows=windows) if x.ndim == 3 else _fold(x[None], windows=windows)[0]


@op(constant_slope=True)
def _unfold(x, *, windows):
    """Gradient: fold(g): each window added where it came from."""
    view = batch_first(windows.view(windows.pad(x)))
    columns = view.reshape(len(x), x.shape[1] * math.prod(windows.kernel), math.prod(windows.out))
    return columns, lambda g: _fold(g, windows=windows)


@op(constant_slope=True)
def _fold(y, *, windows):
    """Gradient: unfold(g): the windows that were added up."""
    channels = y.shape[1] // math.prod(windows.kernel)
    full = windows.zeros(channels, len(y), y.dtype)
    columns = batch_last(y.reshape(len(y), channels, *windows.kernel, *windows.out))
    windows.add(windows.view(full), columns)
    return windows.unpad(full), lambda g: _unfold(g, windows=windows)


class Unfold(Module):
    """The windows of an input, each as a column: `functional.unfold`.

    Parameters
    ----------
    kernel_size, dilation, padding, stride
        as for the function.
    """

    def __init__(
        self, kernel_size: Size, dilation: Size = 1, padding: Size | str = 0, stride: Size = 1
    ) -> None:
        self.kernel_size, self.dilation = kernel_size, dilation
        self.padding, self.stride = padding, stride

    def forward(self, x: Any) -> Any:
        """Take the windows of `x` of shape (batch, channels, *size), or without the batch."""
        return unfold(x, self.kernel_size, self.dilation, self.padding, self.stride)


class Fold(Module):
    """Columns put back as windows, added where they overlap: `functional.fold`.

    Parameters
    ----------
    output_size, kernel_size, dilation, padding, stride
        as for the function.
    """

    def __init__(
        self,
        output_size: Size,
        kernel_size: Size,
        dilation: Size = 1,
        padding: Size | str = 0,
        stride: Size = 1,
    ) -> None:
        self.output_size, self.kernel_size = output_size, kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride

    def forward(self, x: Any) -> Any:
        """Put back `x` of shape (batch, channels * places, windows), or without the batch."""
        window = self.kernel_size, self.dilation, self.padding, self.stride
        return fold(x, self.output_size, *window)
