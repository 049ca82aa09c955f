"""Windows along one axis, and the three ops that pooling is made of.

The largest number and the sum of a window can be found one axis after the other. So pooling along
any number of axes is pooling along one, repeated; `AxisWindows` says where on it the windows lie.
The loops are over the places within a window, and each step is for all windows at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from autograd import op, stop_gradient

from .windows import batch_first, batch_last

__all__ = ["AxisWindows", "adaptive_windows", "strided_windows", "window_max", "window_mean"]


@dataclass(frozen=True, eq=False)
class AxisWindows:
    """Where the windows lie along one axis: place k of window j is input starts[j] + dilation * k.

    A place may lie in the padding.
    """

    size: int  # of the input
    starts: np.ndarray[Any, Any]
    dilation: int
    first: np.ndarray[Any, Any]  # the first place of each window that lies in the input
    # For a place: the windows that have it in the input, and those inputs. Or parts of that.
    pieces: list[tuple[Any, slice, slice]]
    lengths: np.ndarray[Any, Any]  # of each window, with the padding
    counts: np.ndarray[Any, Any]  # without
    apart: bool  # no two windows share an input
    full: bool  # every input is in a window


def _axis_windows(
    size: int, starts: np.ndarray[Any, Any], lengths: Any, dilation: int, padding: int = 0
) -> AxisWindows:
    lengths = np.broadcast_to(lengths, starts.shape)
    places = int(max(lengths))
    first = np.full(starts.shape, places, np.min_scalar_type(places))
    counts = np.zeros_like(starts)
    seen, pieces = [], []
    for k in map(first.dtype.type, range(places)):
        at = starts + dilation * int(k)
        inside = (k < lengths) & (at >= 0) & (at < size)
        counts += inside
        first[inside & (first == places)] = k
        outs = np.flatnonzero(inside)
        ins = at[outs]
        seen.append(ins)
        step = ins[1] - ins[0] if len(ins) > 1 else 1
        if len(ins) and step > 0 and (np.diff(ins) == step).all() and (np.diff(outs) == 1).all():
            j, i = slice(outs[0], outs[-1] + 1), slice(ins[0], ins[-1] + 1, step)
            pieces.append((k, j, i))
        else:  # one by one; none at all where the whole place is in the padding
            pairs = zip(outs, ins, strict=True)
            pieces += [(k, slice(j, j + 1), slice(i, i + 1)) for j, i in pairs]
    # A window ends where the padding does at the latest.
    lengths = np.minimum(lengths, size + padding - starts)
    distinct = len(np.unique(np.concatenate(seen)))
    apart, full = bool(distinct == counts.sum()), distinct == size
    return AxisWindows(size, starts, dilation, first, pieces, lengths, counts, apart, full)


@lru_cache(1024)
def strided_windows(
    who: str, size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> AxisWindows:
    """Windows of one length, from one to the next `stride` steps."""
    span = dilation * (kernel - 1) + 1
    if padding > kernel // 2:
        raise ValueError(
            f"{who}: got padding={padding}, expected at most half of kernel_size={kernel}, "
            f"{kernel // 2}; pad with np.pad for more"
        )
    room = size + 2 * padding - span
    out = room // stride + 1
    # One more that hangs over, if it starts before the padding on the right.
    if ceil_mode and room % stride and out * stride < size + padding:
        out += 1
    if out < 1:
        raise ValueError(
            f"{who}: got kernel_size={kernel} with dilation={dilation}, which does not fit into an "
            f"axis of length {size} with padding={padding}"
        )
    windows = _axis_windows(size, np.arange(out) * stride - padding, kernel, dilation, padding)
    if not windows.counts.all():
        raise ValueError(
            f"{who}: a window sees only padding, with kernel_size={kernel}, dilation={dilation}, "
            f"padding={padding} on an axis of length {size}; choose a smaller padding or dilation"
        )
    return windows


@lru_cache(1024)
def adaptive_windows(who: str, size: int, out: int) -> AxisWindows:
    """`out` windows, nearly of one length, that cover the axis."""
    if not size:
        raise ValueError(f"{who}: got an axis of length 0, expected at least 1")
    starts = np.arange(out) * size // out
    return _axis_windows(size, starts, -(-np.arange(1, out + 1) * size // out) - starts, 1)


# The three ops: `_gather` and `_scatter` are each other's transposes, and `_max_along` is `_gather`
# that finds out by itself which place to take. Each is for the windows of one axis, or of several
# at once, the last of which is `axis`, counted from the end.

Several = tuple[AxisWindows, ...]


@lru_cache(1024)
def _indices(axis: int, windows: Several) -> list[tuple[Any, Any, Any]]:
    """The pieces as indices of arrays: for several axes, those of all combinations of theirs."""
    after, indices = (slice(None),) * (-axis - 1), []
    for pieces in product(*(w.pieces for w in windows)):
        places, outs, ins = zip(*pieces, strict=True)
        k = _place_number(windows, map(int, places))
        indices.append((k, (..., *outs, *after), (..., *ins, *after)))
    return indices


def _place_number(windows: Several, places: Iterable[Any]) -> Any:
    """The number of a place that has a number along each axis: they are counted row by row."""
    number = 0
    for w, place in zip(windows, places, strict=True):
        number = number * (int(w.pieces[-1][0]) + 1) + place
    return number


@lru_cache(1024)
def _first_places(axis: int, windows: Several) -> Any:
    """The first place of each window that lies in the input, to be broadcast."""
    grid = np.ix_(*(w.first.astype(np.intp) for w in windows))
    most = math.prod(int(w.pieces[-1][0]) + 1 for w in windows)
    return _for_axis(axis, _place_number(windows, grid)).astype(np.min_scalar_type(most))


def _for_axis(axis: int, numbers: Any) -> Any:
    """Numbers for each index of an axis, or of several, to be broadcast against an array."""
    return numbers.reshape(*numbers.shape, *(1,) * (-axis - 1))


def _empty(x: Any, axis: int, lengths: Iterable[int], dtype: Any = None) -> Any:
    """An array like `x`, in its order in memory, but for the lengths of axes up to `axis`."""
    shape, lengths = list(x.shape), list(lengths)
    end = x.ndim + axis + 1
    shape[end - len(lengths) : end] = lengths
    return np.empty_like(x, dtype, shape=tuple(shape))


def _counts(windows: Several) -> list[int]:
    return [len(w.starts) for w in windows]


def _first_piece_has_all(windows: Several) -> bool:
    return all(w.pieces[0][1] == slice(0, len(w.starts)) for w in windows)


def _chooser(x: Any) -> Any:
    """The function that takes of a part of `x` what a mask says, and puts 0 for the rest."""
    # A product is up to ten times as fast as np.where, but makes NaN of infinity.
    if not np.isfinite(x).all():
        return lambda part, mask, out=None: np.positive(np.where(mask, part, 0), out=out)

    def choose(part: Any, mask: Any, out: Any = None) -> Any:
        number = mask.astype(part.dtype)
        return np.multiply(part, number, out=number if out is None else out)

    return choose


def _compact(x: Any) -> Any:
    """A copy of `x` with its numbers close together, in their order in memory."""
    last = batch_last(x)
    if not x.size or last.strides[-1] != x.itemsize:
        return x.copy("K")
    item = np.dtype(f"V{last.shape[-1] * x.itemsize}")  # as in Windows: all examples at once
    return batch_first(last.view(item).copy().view(x.dtype))


@op(constant_slope=True)
def _gather(x, *, axis, windows, which=None):
    """The sum of each window, or the number in the place `which` of it.

    Gradient: each number of g added to all of its window, or to the place of its number.
    """
    y = _empty(x, axis, _counts(windows))
    if not _first_piece_has_all(windows):
        y.fill(0)
    choose = None if which is None else _chooser(x)
    for n, (k, outs, ins) in enumerate(_indices(axis, windows)):
        part, number = y[outs], x[ins]
        if choose:
            number = choose(number, which[outs] == k)
        if n:
            part += number
        else:
            part[...] = number
    return y, lambda g: _scatter(g, axis=axis, windows=windows, which=which)


@op(constant_slope=True)
def _scatter(y, *, axis, windows, which=None):
    """The transpose: each number goes to all of its window, or to the place `which` of it.

    Gradient: the sum of each window of g, or the number in its place.
    """
    if which is not None and np.argmin(y.strides) != np.argmin(which.strides):
        y = np.positive(y, out=np.empty_like(which, y.dtype))  # two orders in memory are slow
    x = _empty(y, axis, [w.size for w in windows])
    apart = all(w.apart for w in windows)
    if not (apart and all(w.full for w in windows)):
        x.fill(0)
    choose = None if which is None else _chooser(y)
    for k, outs, ins in _indices(axis, windows):
        part, g = x[ins], y[outs]
        if choose:
            g = choose(g, which[outs] == k, part if apart else None)
        if not apart:
            part += g
        elif not choose:
            part[...] = g
    return x, lambda g: _gather(g, axis=axis, windows=windows, which=which)


@op(constant_slope=True)
def _max_along(x, *, axis, windows, tracked):
    """Gradient: each number of g added to the place of its window's largest."""
    y, which = _max_and_place(x, axis, windows, tracked)
    return y, lambda g: _scatter(g, axis=axis, windows=windows, which=which)


def _max_and_place(x: Any, axis: int, windows: Several, tracked: bool = True) -> tuple[Any, Any]:
    """The largest number of each window, and its place: the first if there are several.

    NaN counts as larger than all.
    """
    y = _empty(x, axis, _counts(windows))
    if not _first_piece_has_all(windows):
        y.fill(-np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min)
    which: Any = None
    if tracked:
        first = _first_places(axis, windows)
        which = np.empty_like(y, first.dtype)
        which[...] = first
    for n, (k, outs, ins) in enumerate(_indices(axis, windows)):
        new = x[ins]
        if not n:
            y[outs] = new  # `which` is so already
            continue
        best = y[outs]
        if tracked:
            new = _compact(new)  # the three steps then take half of the time
            larger = (new > best) | (new != new)
            # k grows
            np.maximum(which[outs], larger * which.dtype.type(k), out=which[outs])
        np.maximum(best, new, out=best)
    return y, which


def _steps(windows: list[AxisWindows]) -> list[tuple[int, Several]]:
    """Which axes to go along at once, and the axis each such group ends on.

    One after the other, the last axis first, so that of equal numbers the first in the order of
    memory counts. All at once if no two windows share an input and there are few places: as much
    work, but nothing in between to be kept.
    """
    if all(w.apart for w in windows) and math.prod(len(w.pieces) for w in windows) < 10:
        return [(-1, tuple(windows))]
    return [(-n, (w,)) for n, w in enumerate(reversed(windows), 1)]


def window_max(x: Any, windows: list[AxisWindows], return_indices: bool) -> Any:
    """The largest number of each window, and its flat position in the last axes if wanted."""
    tracked = getattr(x, "requires_grad", False)
    if not return_indices:
        for axis, group in _steps(windows):
            x = _max_along(x, axis=axis, windows=group, tracked=tracked)
        return x
    indices: Any = None
    step = 1
    for axis, w in zip(range(-1, -len(windows) - 1, -1), reversed(windows), strict=True):
        _, which = _max_and_place(stop_gradient(x), axis, (w,))
        x = _gather(x, axis=axis, windows=(w,), which=which)
        at = _for_axis(axis, w.starts) + w.dilation * which.astype(np.intp)
        before = 0 if indices is None else np.take_along_axis(indices, at, axis)
        indices = step * at + before
        step *= w.size
    return x, indices


def window_mean(
    x: Any, windows: list[AxisWindows], padded: bool, divisor: float | None = None
) -> Any:
    """The sum of each window by `divisor`, or by its count of numbers, with padding or without."""
    for axis, group in reversed(_steps(windows)):  # along rows: the rest is then less
        x = _gather(x, axis=axis, windows=group)
    if divisor is None:
        total: Any = 1
        for axis, w in zip(range(-len(windows), 0), windows, strict=True):
            total = total * _for_axis(axis, w.lengths if padded else w.counts)
        same = (total == total.flat[0]).all()
        divisor = float(total.flat[0]) if same else total.astype(x.dtype)
    return x / divisor
