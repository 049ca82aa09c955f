"""The windows of an array, through which a kernel sees it: `unfold`, and its transpose, `fold`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from autograd import op

from ..inputs import door
from ..module import Module

__all__ = [
    "Fold",
    "Ints",
    "Size",
    "Unfold",
    "Windows",
    "around",
    "batch_first",
    "batch_last",
    "fold",
    "ints",
    "is_int",
    "narrow",
    "unfold",
    "windows_of",
]

Ints = tuple[int, ...]
Size = int | tuple[int, ...]

# So many numbers of windows are copied at a time.
SLAB = 2**18
# Products of m n k up to this OpenBLAS does by itself: it neither copies the numbers once more nor
# waits for other threads. With few channels that is up to twice as fast.
SMALL = 1_000_000
# But with fewer columns than this no product is fast.
NARROW = 64


def batch_last(x: Any) -> Any:
    """`x`, with its first axis behind the others; np.moveaxis takes ten times as long."""
    return x.transpose(*range(1, x.ndim), 0)


def batch_first(x: Any) -> Any:
    """The inverse of `batch_last`."""
    return x.transpose(-1, *range(x.ndim - 1))


class Windows(NamedTuple):
    """Where the kernel lies on the input: all of a convolution but the numbers.

    Inside, arrays have the batch as the last axis: a window is then copied in long runs, and all
    windows of all examples make one matrix, for one matrix product.
    """

    size: Ints  # of the input, along each axis
    kernel: Ints
    out: Ints  # how many windows there are
    stride: Ints
    dilation: Ints
    padding: tuple[tuple[int, int], ...]  # before and after
    groups: int = 1

    def empty(self, channels: int, batch: int, dtype: Any) -> Any:
        """Zeros (channels, *padded size, batch)."""
        full = [m + a + b for m, (a, b) in zip(self.size, self.padding, strict=True)]
        return np.zeros((channels, *full, batch), dtype)

    def inner(self, full: Any) -> Any:
        """What is not padding, as (batch, channels, *size)."""
        index = [slice(a, a + m) for m, (a, _) in zip(self.size, self.padding, strict=True)]
        return batch_first(full[(slice(None), *index)])

    def padded(self, x: Any) -> Any:
        """`x` in the midst of zeros, or by itself: not to be written to."""
        if not any(map(sum, self.padding)):
            return np.ascontiguousarray(batch_last(x))
        full = self.empty(x.shape[1], x.shape[0], x.dtype)
        self.inner(full)[...] = x
        return full

    def of(self, full: Any) -> Any:
        """The windows of a padded array, a view (channels, *kernel, *out, batch) of it.

        From one place of the kernel to the next it is `dilation` steps in the array, from one
        window to the next `stride` steps.
        """
        channel, *steps, batch = full.strides
        within = [d * step for d, step in zip(self.dilation, steps, strict=True)]
        between = [s * step for s, step in zip(self.stride, steps, strict=True)]
        shape = len(full), *self.kernel, *self.out, full.shape[-1]
        # Unlike as_strided this checks that no window leaves the array.
        return np.ndarray(shape, full.dtype, full, strides=(channel, *within, *between, batch))

    def slabs(self, windows: Any) -> Iterator[tuple[Any, slice]]:
        """The windows, some rows of `out` at a time, and which columns of the matrix they are."""
        n, rows = len(self.kernel), self.out[0]
        columns = math.prod(windows.shape[n + 2 :])  # in a row
        step = max(1, SLAB // max(1, math.prod(windows.shape[: n + 1]) * columns))
        for a in range(0, max(1, rows), step):  # at least one, if an empty one
            b = min(a + step, rows)
            slab = windows[(*(slice(None),) * (n + 1), slice(a, b))]
            yield slab, slice(a * columns, b * columns)

    def matrices(self, full: Any) -> Iterator[tuple[Any, slice, slice]]:
        """The windows of a padded array as what a weight is multiplied with.

        Some groups and rows of `out` at a time: (groups, rows, kernel * channels of the group,
        columns), which groups they are, and which columns of all.

        Neighbouring rows see the same rows of the array. So the windows are copied along the other
        axes only, row by row, and a row of `out` multiplies as many of these as the kernel is
        high: matrices that overlap in memory.
        """
        n, groups, (high, *wide), stride = len(self.kernel), self.groups, self.kernel, self.stride
        columns = math.prod(self.out[1:]) * full.shape[-1]  # in a row
        lines = len(full) // groups * math.prod(wide)  # for a row of the kernel
        overlap = self.dilation[0] == 1 and high > stride[0] and columns > NARROW
        at = self
        if overlap:
            size = full.shape[1], *self.out[1:]
            at = self._replace(kernel=(1, *wide), out=size, stride=(1, *stride[1:]))
        windows = at.of(full)
        windows = windows.reshape(groups, len(full) // groups, *windows.shape[1:])
        # From (groups, channels, *kernel, *out, batch) to (groups, rows, channels, ...), either the
        # rows of the array or those of the kernel.
        windows = np.moveaxis(windows[:, :, 0], n + 1, 1) if overlap else windows.swapaxes(1, 2)
        row = max(1, lines * columns * (1 if overlap else high))  # of one group
        some = max(1, SLAB // (row * (full.shape[1] if overlap else self.out[0])))  # groups
        row *= min(some, groups)
        step = max(1, (SLAB // row - high) // stride[0] + 1 if overlap else 2 * SLAB // row)
        for g, a in product(range(0, groups, some), range(0, max(1, self.out[0]), step)):
            group, b = windows[g : g + some], min(a + step, self.out[0])
            if overlap:
                slab = group[:, stride[0] * a : stride[0] * (b - 1) + high]
                rows = _apart(slab, (*slab.shape[:2], lines, columns))
                matrix = _overlapping(rows, high, stride[0])
            else:
                slab = group[(*(slice(None),) * (n + 2), slice(a, b))]
                matrix = _apart(slab, (len(slab), 1, high * lines, (b - a) * columns))
            yield matrix, slice(g, g + some), slice(a * columns, b * columns)

    def rows(self, y: Any) -> Any:
        """(batch, channels, *out) as (groups, channels of the group, out * batch)."""
        columns = math.prod(self.out) * y.shape[0]
        return batch_last(y).reshape(self.groups, y.shape[1] // self.groups, columns)

    def weight(self, w: Any) -> Any:
        """(out, in of a group, *kernel) as (groups, out of the group, in of a group * kernel).

        The first axis of the kernel comes before the channels, as in `matrices`.
        """
        shape = self.groups, w.shape[0] // self.groups, math.prod(w.shape[1:])
        return np.ascontiguousarray(w.swapaxes(1, 2)).reshape(shape)

    def turned(self, w: Any) -> tuple[Any, Windows] | None:
        """The kernel and the windows with which the transpose of a convolution is one, too.

        With stride 1 each number of the input is seen through a window of outputs, by the kernel
        turned round. None with another stride, and if it is more than twice the work: where
        windows would mostly see padding, or far more channels.
        """
        outs, ins = len(w), w.shape[1] * self.groups
        axes = zip(self.size, self.kernel, self.out, self.dilation, self.padding, strict=True)
        padding = tuple((d * (k - 1) - a, m - o + a) for m, k, o, d, (a, _) in axes)
        slow = outs * math.prod(self.size) > 2 * min(outs, ins) * math.prod(self.out)
        if slow or max(self.stride) > 1 or min(map(min, padding)) < 0:
            return None
        w = w.reshape(self.groups, outs // self.groups, *w.shape[1:]).swapaxes(1, 2)
        w = np.flip(w, tuple(range(3, w.ndim))).reshape(ins, outs // self.groups, *self.kernel)
        return w, self._replace(size=self.out, out=self.size, padding=padding)

    def spread(self, y: Any) -> tuple[Any, Windows]:
        """(batch, channels, *out) with zeros in between, as if all strides were 1."""
        out = tuple((m - 1) * s + 1 for m, s in zip(self.out, self.stride, strict=True))
        full = batch_first(np.zeros((y.shape[1], *out, len(y)), y.dtype))
        full[(..., *(slice(None, None, s) for s in self.stride))] = y
        return full, self._replace(out=out, stride=(1,) * len(out))

    def add(self, windows: Any, numbers: Any) -> None:
        """Add to windows, which overlap: one place of the kernel at a time."""
        numbers = numbers.reshape(windows.shape)
        for place in product(*map(range, self.kernel)):
            at = (slice(None), *place)
            windows[at] += numbers[at]


def _apart(windows: Any, shape: Ints) -> Any:
    """A copy of windows as matrices.

    With a power of two from line to line all lines would be put into the same few places of the
    cache: a product then takes up to twice the time.
    """
    matrix = np.empty((*shape[:-1], shape[-1] + 16), windows.dtype)[..., : shape[-1]]
    if windows.size:
        # All examples of a place, which lie together, as one item: with a stride along the axis
        # before them it takes a half to a tenth of the time.
        item = np.dtype(f"V{windows.shape[-1] * windows.itemsize}")
        matrix.reshape(windows.shape).view(item)[...] = windows.view(item)
    return matrix


def _overlapping(rows: Any, high: int, stride: int) -> Any:
    """A view of (groups, rows, lines, columns): `high` rows as one matrix, each `stride` steps."""
    groups, count, lines, columns = rows.shape
    shape = groups, (count - high) // stride + 1, high * lines, columns
    group, row, line, item = rows.strides
    return np.ndarray(shape, rows.dtype, rows.base, strides=(group, stride * row, line, item))


def narrow(matrix: Any, outs: int, least: int = 0) -> int:
    """How many columns of a matrix to multiply with `outs` rows, or to add up, at a time.

    So many that the product is SMALL and they divide all columns; all, if `least` are too many.
    """
    least = least or NARROW
    rows, columns = matrix.shape[-2:]
    most = min(columns, SMALL // max(1, rows * outs))
    return next((n for n in range(most, least - 1, -1) if columns % n == 0), max(1, columns))


# Of these one number in a tuple is for all axes, as PyTorch has it.
FOR_ALL_AXES = "stride", "padding", "dilation", "output_padding"


def is_int(x: Any) -> bool:
    """Whether `x` is an int; True and False are none."""
    return isinstance(x, int | np.integer) and not isinstance(x, bool)


def ints(who: str, name: str, n: int, value: Any, least: int = 1, alone: bool = False) -> Ints:
    """`value` for each of `n` axes. `alone`: one number in a tuple is for all of them."""
    given = tuple(value) if isinstance(value, tuple | list) else (value,)
    if len(given) == 1 and (given[0] is value or name in FOR_ALL_AXES or alone):
        given *= n
    if len(given) != n or not all(map(is_int, given)) or min(given) < least:
        raise ValueError(
            f"{who}: got {name}={value!r}, expected an int of at least {least}"
            + (f", or {n} of them" if n > 1 else "")
        )
    return given


def short(value: Any) -> Any:
    """For a layer's text: one number instead of the same for each axis."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def around(
    who: str, padding: Any, kernel: Ints, stride: Ints, dilation: Ints
) -> tuple[tuple[int, int], ...]:
    """How much goes before and after each axis."""
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "same":
        if max(stride) > 1:
            raise ValueError(f"{who}: padding='same' keeps the size, so stride={stride} is no use")
        totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    if isinstance(padding, str):
        raise ValueError(f"{who}: got padding={padding!r}, expected ints, 'same' or 'valid'")
    return tuple((p, p) for p in ints(who, "padding", len(kernel), padding, 0))


def windows_of(
    who: str, size: Ints, kernel: Ints, stride: Any, padding: Any, dilation: Any, groups: int = 1
) -> Windows:
    """As many windows as fit in. `who` is the function that complains if there are none."""
    n = len(kernel)
    stride, dilation = ints(who, "stride", n, stride), ints(who, "dilation", n, dilation)
    pairs = around(who, padding, kernel, stride, dilation)
    axes = zip(size, kernel, stride, dilation, pairs, strict=True)
    out = tuple((m + a + b - d * (k - 1) - 1) // s + 1 for m, k, s, d, (a, b) in axes)
    if min(out) < 1:
        raise ValueError(
            f"{who}: the kernel, {kernel} with dilation {dilation}, does not fit into an input of "
            f"size {size} with padding {pairs}"
        )
    return Windows(size, kernel, out, stride, dilation, pairs, groups)


@door
def unfold(
    x: Any, kernel_size: Size, dilation: Size = 1, padding: Size | str = 0, stride: Size = 1
) -> Any:
    """The windows of `x`, each as a column: what a convolution multiplies with its weight.

    Parameters
    ----------
    x : shape (batch, channels, *size), or without the batch.
    kernel_size : an int, for two axes, or a tuple with one for each of any number of axes.
    dilation, padding, stride : as for `conv2d`.

    Returns
    -------
    shape (batch, channels * places of the kernel, windows); a Tensor if `x` is one.
    """
    n = len(kernel_size) if isinstance(kernel_size, tuple) else 2
    kernel = ints("unfold", "kernel_size", n, kernel_size)
    if x.ndim not in (n + 1, n + 2):
        raise ValueError(
            f"unfold: got input of shape {x.shape}, expected (batch, channels, *size) or "
            f"(channels, *size) with {n} axes of size"
        )
    at = windows_of("unfold", x.shape[-n:], kernel, stride, padding, dilation)
    return _unfold(x, at=at) if x.ndim == n + 2 else _unfold(x[None], at=at)[0]


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
    x : shape (batch, channels * places of the kernel, windows), or without the batch.
    output_size : of the result; an int if it is the same along all axes.
    kernel_size, dilation, padding, stride : as for `unfold`.

    Returns
    -------
    shape (batch, channels, *output_size); a Tensor if `x` is one.
    """
    given = [a for a in (kernel_size, output_size) if isinstance(a, tuple)]
    n = len(given[0]) if given else 2
    size = ints("fold", "output_size", n, output_size)
    kernel = ints("fold", "kernel_size", n, kernel_size)
    at = windows_of("fold", size, kernel, stride, padding, dilation)
    places, windows = math.prod(kernel), math.prod(at.out)
    if x.ndim not in (2, 3) or x.shape[-2] % places or x.shape[-1] != windows:
        raise ValueError(
            f"fold: got input of shape {x.shape}, expected (batch, channels * {places}, {windows}):"
            f" {places} places of the kernel, {at.out} windows"
        )
    return _fold(x, at=at) if x.ndim == 3 else _fold(x[None], at=at)[0]


@op(constant_slope=True)
def _unfold(x, *, at):
    windows = batch_first(at.of(at.padded(x)))
    shape = len(x), x.shape[1] * math.prod(at.kernel), math.prod(at.out)
    return windows.reshape(shape), lambda g: _fold(g, at=at)


@op(constant_slope=True)
def _fold(y, *, at):
    channels = y.shape[1] // math.prod(at.kernel)
    x = at.empty(channels, len(y), y.dtype)
    at.add(at.of(x), batch_last(y.reshape(len(y), channels, *at.kernel, *at.out)))
    return at.inner(x), lambda g: _unfold(g, at=at)


class Unfold(Module):
    """The windows of an input, each as a column: `functional.unfold`.

    Parameters
    ----------
    kernel_size, dilation, padding, stride : as for the function.
    """

    def __init__(
        self, kernel_size: Size, dilation: Size = 1, padding: Size | str = 0, stride: Size = 1
    ) -> None:
        self.kernel_size, self.dilation = kernel_size, dilation
        self.padding, self.stride = padding, stride

    def forward(self, x: Any) -> Any:
        """Take the windows of `x` of shape (batch, channels, *size), or without the batch."""
        return unfold(x, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The arguments."""
        return ", ".join(
            f"{k}={v!r}" for k, v in vars(self).items() if k != "training" and k[0] != "_"
        )


class Fold(Module):
    """Columns put back as windows, added where they overlap: `functional.fold`.

    Parameters
    ----------
    output_size, kernel_size, dilation, padding, stride : as for the function.
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

    def extra_repr(self) -> str:
        """The arguments."""
        return ", ".join(
            f"{k}={v!r}" for k, v in vars(self).items() if k != "training" and k[0] != "_"
        )
