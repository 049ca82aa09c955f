"""The windows of an array through which a kernel sees it: where they lie, and views of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from .sizes import Ints, ints, padding_pairs

__all__ = ["Windows", "batch_first", "batch_last", "narrow", "windows_of"]

# How many numbers of windows are copied at a time.
SLAB = 2**18
# Products of (m, k) and (k, n) with m * n * k up to this OpenBLAS does by itself: it neither copies
# the numbers once more nor waits for other threads. With few channels that is up to twice as fast.
SMALL = 1_000_000
# With fewer columns than this no product is fast.
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
    windows of all examples make one matrix, for one matrix product. An input goes this way:

        padded = windows.pad(x)         (channels, *padded size, batch)
        view = windows.view(padded)     (channels, *kernel, *out, batch), in the same memory
    """

    size: Ints  # of the input, along each axis
    kernel: Ints
    out: Ints  # how many windows there are
    stride: Ints
    dilation: Ints
    padding: tuple[tuple[int, int], ...]  # before and after
    groups: int = 1

    def zeros(self, channels: int, batch: int, dtype: Any) -> Any:
        """A padded array of zeros: (channels, *padded size, batch)."""
        padded = [m + a + b for m, (a, b) in zip(self.size, self.padding, strict=True)]
        return np.zeros((channels, *padded, batch), dtype)

    def pad(self, x: Any) -> Any:
        """`x` amid zeros; with no padding it may be `x` itself, which is not to be written to."""
        if not any(map(sum, self.padding)):
            return np.ascontiguousarray(batch_last(x))
        padded = self.zeros(x.shape[1], x.shape[0], x.dtype)
        self.unpad(padded)[...] = x
        return padded

    def unpad(self, padded: Any) -> Any:
        """The part of a padded array that is not padding, a view (batch, channels, *size)."""
        index = [slice(a, a + m) for m, (a, _) in zip(self.size, self.padding, strict=True)]
        return batch_first(padded[(slice(None), *index)])

    def view(self, padded: Any) -> Any:
        """The windows of a padded array, a view (channels, *kernel, *out, batch) of it.

        From one place of the kernel to the next it is `dilation` steps in the array, from one
        window to the next `stride` steps.
        """
        channel, *steps, batch = padded.strides
        within = [d * step for d, step in zip(self.dilation, steps, strict=True)]
        between = [s * step for s, step in zip(self.stride, steps, strict=True)]
        shape = len(padded), *self.kernel, *self.out, padded.shape[-1]
        # Unlike as_strided this checks that no window leaves the array.
        return np.ndarray(shape, padded.dtype, padded, strides=(channel, *within, *between, batch))

    def slabs(self, view: Any) -> Iterator[tuple[Any, slice]]:
        """Parts of the view of windows, and which columns of the matrix of all windows they are.

        A part is some rows of `out`.
        """
        n, rows = len(self.kernel), self.out[0]
        columns = math.prod(view.shape[n + 2 :])  # in a row
        step = max(1, SLAB // max(1, math.prod(view.shape[: n + 1]) * columns))
        for a in range(0, max(1, rows), step):  # at least one, if an empty one
            b = min(a + step, rows)
            slab = view[(*(slice(None),) * (n + 1), slice(a, b))]
            yield slab, slice(a * columns, b * columns)

    def matrices(self, padded: Any) -> Iterator[tuple[Any, slice, slice]]:
        """The windows of a padded array as what a weight is multiplied with.

        Some groups and rows of `out` at a time: (groups, rows, kernel * channels of the group,
        columns), which groups they are, and which columns of all.

        Neighbouring rows see the same rows of the array. So the windows are copied along the other
        axes only, row by row, and a row of `out` multiplies as many of these as the kernel is
        high: matrices that overlap in memory.
        """
        n, groups, (high, *wide), stride = len(self.kernel), self.groups, self.kernel, self.stride
        columns = math.prod(self.out[1:]) * padded.shape[-1]  # in a row
        lines = len(padded) // groups * math.prod(wide)  # for a row of the kernel
        overlap = self.dilation[0] == 1 and high > stride[0] and columns > NARROW
        windows = self
        if overlap:
            size = padded.shape[1], *self.out[1:]
            windows = self._replace(kernel=(1, *wide), out=size, stride=(1, *stride[1:]))
        view = windows.view(padded)
        view = view.reshape(groups, len(padded) // groups, *view.shape[1:])
        # From (groups, channels, *kernel, *out, batch) to (groups, rows, channels, ...), either the
        # rows of the array or those of the kernel.
        view = np.moveaxis(view[:, :, 0], n + 1, 1) if overlap else view.swapaxes(1, 2)
        row = max(1, lines * columns * (1 if overlap else high))  # of one group
        some = max(1, SLAB // (row * (padded.shape[1] if overlap else self.out[0])))  # groups
        row *= min(some, groups)
        step = max(1, (SLAB // row - high) // stride[0] + 1 if overlap else 2 * SLAB // row)
        for g, a in product(range(0, groups, some), range(0, max(1, self.out[0]), step)):
            group, b = view[g : g + some], min(a + step, self.out[0])
            if overlap:
                slab = group[:, stride[0] * a : stride[0] * (b - 1) + high]
                rows = _spaced_copy(slab, (*slab.shape[:2], lines, columns))
                matrix = _overlapping(rows, high, stride[0])
            else:
                slab = group[(*(slice(None),) * (n + 2), slice(a, b))]
                matrix = _spaced_copy(slab, (len(slab), 1, high * lines, (b - a) * columns))
            yield matrix, slice(g, g + some), slice(a * columns, b * columns)

    def output_matrix(self, y: Any) -> Any:
        """(batch, channels, *out) as (groups, channels of the group, out * batch)."""
        columns = math.prod(self.out) * y.shape[0]
        return batch_last(y).reshape(self.groups, y.shape[1] // self.groups, columns)

    def weight_matrix(self, w: Any) -> Any:
        """(out, in of a group, *kernel) as (groups, out of the group, in of a group * kernel).

        The first axis of the kernel comes before the channels, as in `matrices`.
        """
        shape = self.groups, w.shape[0] // self.groups, math.prod(w.shape[1:])
        return np.ascontiguousarray(w.swapaxes(1, 2)).reshape(shape)

    def as_convolution(self, w: Any) -> tuple[Any, Windows] | None:
        """The kernel and the windows with which the transposed convolution is a convolution, too.

        With stride 1 each number of the input is seen through a window of outputs, by the kernel
        flipped. None with another stride, or where it is more than twice the work: windows would
        mostly see padding, or far more channels.
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

    def at_stride_one(self, y: Any) -> tuple[Any, Windows]:
        """(batch, channels, *out) with zeros in between, as if all strides were 1."""
        out = tuple((m - 1) * s + 1 for m, s in zip(self.out, self.stride, strict=True))
        full = batch_first(np.zeros((y.shape[1], *out, len(y)), y.dtype))
        full[(..., *(slice(None, None, s) for s in self.stride))] = y
        return full, self._replace(out=out, stride=(1,) * len(out))

    def add(self, view: Any, numbers: Any) -> None:
        """Add to a view of windows, which overlap: one place of the kernel at a time."""
        numbers = numbers.reshape(view.shape)
        for place in product(*map(range, self.kernel)):
            index = (slice(None), *place)
            view[index] += numbers[index]


def _spaced_copy(view: Any, shape: Ints) -> Any:
    """A copy of windows as matrices, whose lines are not a power of two apart.

    All lines would then be put into the same few places of the cache: a product takes up to twice
    the time.
    """
    matrix = np.empty((*shape[:-1], shape[-1] + 16), view.dtype)[..., : shape[-1]]
    if view.size:
        # All examples of a place, which lie together, as one item: with a stride along the axis
        # before them it takes a half to a tenth of the time.
        item = np.dtype(f"V{view.shape[-1] * view.itemsize}")
        matrix.reshape(view.shape).view(item)[...] = view.view(item)
    return matrix


def _overlapping(rows: Any, high: int, stride: int) -> Any:
    """A view of (groups, rows, lines, columns): `high` rows as one matrix, each `stride` steps."""
    groups, count, lines, columns = rows.shape
    shape = groups, (count - high) // stride + 1, high * lines, columns
    group, row, line, item = rows.strides
    return np.ndarray(shape, rows.dtype, rows.base, strides=(group, stride * row, line, item))


def narrow(matrix: Any, outs: int, least: int = 0) -> int:
    """How many columns of a matrix to multiply with `outs` rows, or to add up, at a time.

    As many as keep the product SMALL and divide all columns; all, if `least` are too many.
    """
    least = least or NARROW
    rows, columns = matrix.shape[-2:]
    most = min(columns, SMALL // max(1, rows * outs))
    return next((n for n in range(most, least - 1, -1) if columns % n == 0), max(1, columns))


def windows_of(
    who: str, size: Ints, kernel: Ints, stride: Any, padding: Any, dilation: Any, groups: int = 1
) -> Windows:
    """As many windows as fit in. `who` is the function or layer that complains if none does."""
    n = len(kernel)
    stride, dilation = ints(who, "stride", n, stride), ints(who, "dilation", n, dilation)
    pairs = padding_pairs(who, padding, kernel, stride, dilation)
    axes = zip(size, kernel, stride, dilation, pairs, strict=True)
    out = tuple((m + a + b - d * (k - 1) - 1) // s + 1 for m, k, s, d, (a, b) in axes)
    if min(out) < 1:
        raise ValueError(
            f"{who}: the kernel, {kernel} with dilation {dilation}, does not fit into an input of "
            f"size {size} with padding {pairs}"
        )
    return Windows(size, kernel, out, stride, dilation, pairs, groups)
