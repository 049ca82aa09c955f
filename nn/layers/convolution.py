"""Convolution along any number of axes, its transpose, and their layers.

As everywhere in deep learning this is a correlation: the kernel is not flipped. All of it is one
form of three arrays, the input x, the kernel w and something y of the output's shape,

    sum over n, o, c, p, k of y[n, o, p] * w[o, c, k] * x[n, c, stride * p + dilation * k - padding]

(x is 0 where the index leaves it). Convolution is its derivative by y, transposed convolution the
one by x, and the third, by w, gives the gradient of a kernel. So each of the three ops has the two
others as its closures, to any order.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from autograd import op

from ..inputs import HALF, expect, lengths, like, name_of, single, total
from ..module import Module
from .families import image_shapes, per_axes
from .linear import drawn
from .padding import padded
from .sizes import Ints, Size, ints, padding_pairs
from .windows import Windows, batch_first, batch_last, narrow, windows_of

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]


# The three ops. Their bodies are for arrays; a second derivative needs only the closures, which
# are made of the ops.


def _dtype(x: Any, w: Any, bias: Any) -> Any:
    dtype = np.result_type(x, w)
    return dtype if bias is None or dtype == HALF else np.result_type(dtype, bias)


def _sum_over_places(g: Any) -> Any:
    """The gradient of a bias: the sum over all axes but that of the channels."""
    g = batch_last(g)
    return total(g.reshape(len(g), math.prod(g.shape[1:])), 1)


def _conv_closures(x: Any, w: Any, _: Any, *, windows: Windows) -> Any:
    return (
        lambda g: _conv_transpose(g, w, None, windows=windows),
        lambda g: _conv_weight(x, g, windows=windows),
        _sum_over_places,
    )


@op(closures=_conv_closures)
def _conv(x, w, bias, *, windows):
    """(batch, in, *size), (out, in / groups, *kernel) -> (batch, out, *out), plus the bias.

    Gradient by x: conv_transpose(g, w).
    Gradient by w: for each place of the kernel, the sum of g times what of x it lay on.
    Gradient by bias: `sum(g, axis=(0, *range(2, g.ndim)))`.
    """
    weight = windows.weight_matrix(w)
    groups, outs, _ = weight.shape
    places = math.prod(windows.out) * len(x)
    # As in `matrices`, the rows are no power of two apart.
    y = np.empty((groups, outs, places + 16), _dtype(x, w, bias))[..., :places]
    for matrix, group, columns in windows.matrices(windows.pad(x)):
        some, rows, inner, count = matrix.shape
        n = narrow(matrix, outs)
        several = matrix.reshape(some, rows, inner, count // n, n).swapaxes(2, 3)
        part = y[group, :, columns].reshape(some, outs, rows, count // n, n)
        part = part.transpose(0, 2, 3, 1, 4)
        np.matmul(weight[group, None, None], several, out=part)
        if bias is not None:
            part += bias.reshape(groups, 1, 1, outs, 1)[group]
    y = batch_first(y.reshape(len(w), *windows.out, len(x)))
    return y, *_conv_closures(x, w, bias, windows=windows)


def _conv_transpose_closures(y: Any, w: Any, _: Any, *, windows: Windows) -> Any:
    return (
        lambda g: _conv(g, w, None, windows=windows),
        lambda g: _conv_weight(g, y, windows=windows),
        _sum_over_places,
    )


@op(closures=_conv_transpose_closures)
def _conv_transpose(y, w, bias, *, windows):
    """(batch, out, *out), (out, in / groups, *kernel) -> (batch, in, *size), plus the bias.

    Gradient by y: conv(g, w).
    Gradient by w: for each place of the kernel, the sum of y times what of g it lies on.
    Gradient by bias: `sum(g, axis=(0, *range(2, g.ndim)))`.
    """
    closures = _conv_transpose_closures(y, w, bias, windows=windows)
    if max(windows.stride) > 1 and len(w) == windows.groups and w.shape[1] == 1:
        # Channels on their own: products take no time, adding windows does.
        y, windows = windows.at_stride_one(y)
    if found := windows.as_convolution(w):  # copying windows takes half of the time of adding them
        kernel, outputs = found
        return _conv(y, kernel, bias, windows=outputs), *closures
    rows = windows.output_matrix(y)
    matrix = w.reshape(windows.groups, len(w) // windows.groups, math.prod(w.shape[1:])).swapaxes(
        1, 2
    )
    full = windows.zeros(w.shape[1] * windows.groups, len(y), _dtype(y, w, bias))
    for slab, columns in windows.slabs(windows.view(full)):
        windows.add(slab, matrix @ rows[..., columns])
    x = windows.unpad(full)
    if bias is not None:
        x += bias.reshape(-1, *(1,) * len(windows.size))
    return x, *closures


def _conv_weight_closures(x: Any, y: Any, *, windows: Windows) -> Any:
    return lambda g: _conv_transpose(y, g, None, windows=windows), lambda g: _conv(
        x, g, None, windows=windows
    )


@op(closures=_conv_weight_closures)
def _conv_weight(x, y, *, windows):
    """(batch, in, *size), (batch, out, *out) -> (out, in / groups, *kernel).

    Gradient by x: conv_transpose(y, g).
    Gradient by y: conv(x, g).
    """
    # Transposed: a product with as few columns as there are channels is faster than one with as
    # few rows.
    rows = windows.output_matrix(y).swapaxes(1, 2)
    groups, _, outs = rows.shape
    ins, (high, *wide) = x.shape[1] // groups, windows.kernel
    dtype = np.result_type(x, y)
    shape = groups, ins * math.prod(windows.kernel), outs
    w = np.zeros(shape, np.float32 if dtype == HALF else dtype)
    for matrix, group, columns in windows.matrices(windows.pad(x)):
        some, count, inner, length = matrix.shape
        n = narrow(matrix, outs, 512)
        several = matrix.reshape(some, count, inner, length // n, n).swapaxes(2, 3)
        part = rows[group, columns].reshape(some, count, length // n, n, outs)
        w[group] += single(several @ part).sum(axis=(1, 2))
    w = like(w, x).swapaxes(1, 2).reshape(y.shape[1], high, ins, *wide).swapaxes(1, 2)
    return w, *_conv_weight_closures(x, y, windows=windows)


# Functions


def _conv_nd(
    n: int,
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Any:
    """Each number of the output is a weighted sum of one window of the input.

        y[i, o, p] = bias[o] + sum over c, k of weight[o, c, k] * x[i, c, at]
        at = stride * p + dilation * k - padding

    Parameters
    ----------
    x
        shape (batch, in, *size), or without the batch; along one, two or three axes of size.
    weight
        shape (out, in / groups, *kernel).
    bias
        shape (out,), or None.
    stride
        from one window to the next; as the next two, an int or one for each axis.
    padding
        how many zeros go on both sides; "valid" for none; "same" for as many as keep the size,
        dilation * (kernel - 1) in all, the odd one on the right.
    dilation
        from one place of the kernel to the next.
    groups
        into how many groups the channels fall; each output sees those of its own group.

    Returns
    -------
    array or Tensor
        shape (batch, out, *size), size = (size + 2 * padding - dilation * (kernel - 1) - 1) //
        stride + 1; a Tensor if any argument is one.

    Raises
    ------
    ValueError
        shapes and arguments do not fit; padding is "same" and a stride is not 1.
    """
    return _convolve(f"conv{n}d", n, x, weight, bias, stride, padding, dilation, groups)


conv1d, conv2d, conv3d = per_axes(_conv_nd)


def _convolve(who: str, n: int, x: Any, weight: Any, bias: Any, *config: Any) -> Any:
    """`who` is the function or layer that complains."""
    stride, padding, dilation, groups = config
    _expect_shapes(who, n, x, weight, bias, groups, ins=1)
    windows = windows_of(who, x.shape[-n:], weight.shape[2:], stride, padding, dilation, groups)
    return _apply(_conv, n, x, weight, bias, windows)


def _conv_transpose_nd(
    n: int,
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Size = 1,
    padding: Size = 0,
    output_padding: Size = 0,
    groups: int = 1,
    dilation: Size = 1,
) -> Any:
    """The transpose of a convolution: each number adds a kernel, times itself, to the output.

    Parameters
    ----------
    x
        shape (batch, in, *size), or without the batch.
    weight
        shape (in, out / groups, *kernel).
    bias
        shape (out,), or None.
    stride, padding, groups, dilation
        those of the convolution of which this is the transpose; `padding` is cut off on both sides.
    output_padding
        how much longer the output is. With a stride, inputs of several sizes give a convolution the
        same output; this says which of them comes back.

    Returns
    -------
    array or Tensor
        shape (batch, out, *size), size = (size - 1) * stride - 2 * padding + dilation * (kernel -
        1) + 1 + output_padding; a Tensor if any argument is one.

    Raises
    ------
    ValueError
        shapes and arguments do not fit; output_padding reaches both stride and dilation.
    """
    config = stride, padding, output_padding, groups, dilation
    return _transpose(f"conv_transpose{n}d", n, x, weight, bias, *config)


conv_transpose1d, conv_transpose2d, conv_transpose3d = per_axes(_conv_transpose_nd)


def _transpose(who: str, n: int, x: Any, weight: Any, bias: Any, *config: Any) -> Any:
    """`who` is the function or layer that complains."""
    stride, padding, output_padding, groups, dilation = config
    _expect_shapes(who, n, x, weight, bias, groups, ins=0)
    stride, dilation = ints(who, "stride", n, stride), ints(who, "dilation", n, dilation)
    padding = ints(who, "padding", n, padding, 0)
    more = ints(who, "output_padding", n, output_padding, 0)
    if any(m >= max(s, d) for m, s, d in zip(more, stride, dilation, strict=True)):
        raise ValueError(
            f"{who}: got output_padding={output_padding}, expected less than the stride, {stride}, "
            f"or the dilation, {dilation}"
        )
    out, kernel = x.shape[-n:], weight.shape[2:]
    size = _transposed_size(out, kernel, stride, padding, dilation)
    size = tuple(m + extra for m, extra in zip(size, more, strict=True))
    if min(size) < 1:
        raise ValueError(
            f"{who}: got padding={padding}, which cuts off all of the output: its size is {size}"
        )
    pairs = tuple((p, p) for p in padding)
    windows = Windows(size, kernel, out, stride, dilation, pairs, groups)
    return _apply(_conv_transpose, n, x, weight, bias, windows)


def _transposed_size(out: Ints, kernel: Ints, stride: Ints, padding: Ints, dilation: Ints) -> Ints:
    axes = zip(out, kernel, stride, padding, dilation, strict=True)
    return tuple((m - 1) * s - 2 * p + d * (k - 1) + 1 for m, k, s, p, d in axes)


def _expect_shapes(who: str, n: int, x: Any, weight: Any, bias: Any, groups: int, ins: int) -> None:
    """Refuse what does not fit. `ins` is the axis of the weight that goes with the input."""
    if weight.ndim != n + 2:
        shape = "(out, in / groups, *kernel)" if ins else "(in, out / groups, *kernel)"
        raise ValueError(
            f"{who}: got a weight of shape {weight.shape}, expected {n + 2} axes, {shape}"
        )
    if groups < 1 or len(weight) % groups:
        raise ValueError(
            f"{who}: got groups={groups}, expected a divisor of {len(weight)}, the first axis of "
            f"the weight, {weight.shape}"
        )
    first, second = len(weight), weight.shape[1] * groups
    count, outs = (second, first) if ins else (first, second)
    if x.ndim not in (n + 1, n + 2) or x.shape[-n - 1] != count:
        raise ValueError(
            f"{who}: got input of shape {x.shape}, expected {image_shapes(n, count)}: the weight "
            f"is {weight.shape}, groups={groups}"
        )
    if bias is not None and bias.shape != (outs,):
        raise ValueError(f"{who}: got a bias of shape {bias.shape}, expected ({outs},)")


def _apply(f: Any, n: int, x: Any, weight: Any, bias: Any, windows: Windows) -> Any:
    """An op on `x`, with a batch or without."""
    if x.ndim == n + 1:
        return f(x[None], weight, bias, windows=windows)[0]
    return f(x, weight, bias, windows=windows)


# Layers


class _Layer(Module):
    """What the layers share: arguments as one number for each axis, weight and bias, checks."""

    axes: ClassVar[int]
    transposed: ClassVar[bool] = False

    def _make(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size,
        dilation: Size,
        groups: int,
        bias: bool,
        generator: np.random.Generator | int | None,
    ) -> None:
        who, n = type(self).__name__, self.axes
        if groups < 1 or in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{who}: got groups={groups}, expected a divisor of in_channels={in_channels} and "
                f"out_channels={out_channels}"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = ints(who, "kernel_size", n, kernel_size)
        self.stride = ints(who, "stride", n, stride)
        self.dilation = ints(who, "dilation", n, dilation)
        channels = (out_channels, in_channels)[:: -1 if self.transposed else 1]
        shape = channels[0], channels[1] // groups, *self.kernel_size
        self.weight, self.bias = drawn(shape, out_channels, bias, math.prod(shape[1:]), generator)

    def _expect(self, x: Any) -> None:
        shape, n, c = lengths(x), self.axes, self.in_channels
        fits = len(shape) in (n + 1, n + 2) and shape[-n - 1] == c
        expect(self, x, fits, image_shapes(n, c), "fc")


class _Conv(_Layer):
    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        *,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        shape = in_channels, out_channels, kernel_size
        self._make(*shape, stride, dilation, groups, bias, generator)
        who = type(self).__name__
        if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise ValueError(
                f"{who}: got padding_mode={padding_mode!r}, expected 'zeros', 'reflect', "
                "'replicate' or 'circular'"
            )
        self._pairs = padding_pairs(who, padding, self.kernel_size, self.stride, self.dilation)
        self.padding = padding if isinstance(padding, str) else tuple(a for a, _ in self._pairs)
        self.padding_mode = padding_mode

    def forward(self, x: Any) -> Any:
        """Convolve `x` of shape (batch, in_channels, *size), or without the batch."""
        self._expect(x)
        who, padding = type(self).__name__, self.padding
        if self.padding_mode != "zeros":
            sides = tuple(side for pair in self._pairs[::-1] for side in pair)
            x, padding = padded(who, x, sides, self.padding_mode), "valid"
        config = self.stride, padding, self.dilation, self.groups
        return _convolve(who, self.axes, x, self.weight, self.bias, *config)


class _ConvTranspose(_Layer):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        *,
        generator: np.random.Generator | int | None = None,
    ) -> None:
        shape = in_channels, out_channels, kernel_size
        self._make(*shape, stride, dilation, groups, bias, generator)
        who = type(self).__name__
        if padding_mode != "zeros":
            raise ValueError(f"{who}: got padding_mode={padding_mode!r}, expected 'zeros'")
        self.padding = ints(who, "padding", self.axes, padding, 0)
        self.output_padding = ints(who, "output_padding", self.axes, output_padding, 0)
        self.padding_mode = padding_mode

    def forward(self, x: Any, output_size: Ints | None = None) -> Any:
        """Spread `x` of shape (batch, in_channels, *size), or without the batch.

        `output_size`, or a whole shape that ends in it, decides in place of `output_padding`.
        """
        self._expect(x)
        n, more = self.axes, self.output_padding
        if output_size is not None:
            config = self.kernel_size, self.stride, self.padding, self.dilation
            least = _transposed_size(x.shape[-n:], *config)
            most = tuple(a + s - 1 for a, s in zip(least, self.stride, strict=True))
            size = tuple(output_size)
            size = size[-n:] if len(size) == x.ndim else size
            if len(size) != n or not all(map(lambda a, m, b: a <= m <= b, least, size, most)):
                raise ValueError(
                    f"{name_of(self)}: got output_size={output_size}, expected {least} to {most}"
                )
            more = tuple(m - a for m, a in zip(size, least, strict=True))
        spread = self.stride, self.padding, more, self.groups, self.dilation
        return _transpose(type(self).__name__, n, x, self.weight, self.bias, *spread)


class Conv1d(_Conv):
    """Convolution of (batch, in_channels, length); see `Conv2d`."""

    axes = 1


class Conv2d(_Conv):
    """Convolution of (batch, in_channels, height, width): `functional.conv2d` with a weight.

    Parameters
    ----------
    in_channels, out_channels
        the channels of input and output.
    kernel_size, stride, dilation
        an int, or one for each axis.
    padding
        the same, or "valid" for none, or "same" for as much as keeps the size.
    groups
        into how many groups the channels fall; they do not see each other.
    bias
        False for none.
    padding_mode
        what goes around the input: "zeros"; "reflect", the inside, without the edge itself;
        "replicate", the edge; "circular", the other side.
    generator
        where the initial values come from; the library's own if None.

    Attributes
    ----------
    weight
        Parameter of shape (out_channels, in_channels / groups, *kernel_size).
    bias
        Parameter of shape (out_channels,), or None.

    Notes
    -----
    Both start uniform within ±1/sqrt(in_channels / groups * places of the kernel), in the default
    dtype, as in PyTorch.

    Raises
    ------
    ValueError
        arguments do not fit each other, or the input.
    TypeError
        the input is of integers, which would make the result float64.

    Examples
    --------
    >>> import numpy as np, nn
    >>> x = np.ones((8, 1, 28, 28), np.float32)
    >>> nn.Conv2d(1, 16, 3, padding="same")(x).shape
    (8, 16, 28, 28)
    >>> nn.Conv2d(1, 16, 3, stride=2)(x).shape
    (8, 16, 13, 13)
    """

    axes = 2


class Conv3d(_Conv):
    """Convolution of (batch, in_channels, depth, height, width); see `Conv2d`."""

    axes = 3


class ConvTranspose1d(_ConvTranspose):
    """Transposed convolution of (batch, in_channels, length); see `ConvTranspose2d`."""

    axes = 1


class ConvTranspose2d(_ConvTranspose):
    """Transposed convolution of (batch, in_channels, height, width): larger images from smaller.

    A `Conv2d` of the same arguments, with in and out exchanged, brings its output back to the
    input's shape. With an even kernel_size of 2 stride and padding stride / 2 the size is that of
    the input times the stride.

    Parameters
    ----------
    in_channels, out_channels
        the channels of input and output.
    kernel_size, stride, padding, output_padding, dilation
        an int, or one for each axis; see `functional.conv_transpose2d`.
    groups
        into how many groups the channels fall; they do not see each other.
    bias
        False for none.
    padding_mode
        "zeros"; there is no other.
    generator
        where the initial values come from; the library's own if None.

    Attributes
    ----------
    weight
        Parameter of shape (in_channels, out_channels / groups, *kernel_size).
    bias
        Parameter of shape (out_channels,), or None.

    Notes
    -----
    Both start uniform within ±1/sqrt(out_channels / groups * places of the kernel), in the default
    dtype, as in PyTorch.

    Raises
    ------
    ValueError
        arguments do not fit each other, or the input.
    TypeError
        the input is of integers, which would make the result float64.

    Examples
    --------
    >>> import numpy as np, nn
    >>> x = np.ones((8, 16, 7, 7), np.float32)
    >>> nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1)(x).shape
    (8, 1, 14, 14)
    """

    axes = 2


class ConvTranspose3d(_ConvTranspose):
    """Transposed convolution of (batch, in_channels, depth, height, width).

    See `ConvTranspose2d`.
    """

    axes = 3
