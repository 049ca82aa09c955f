"""Windows along one axis, and the three ops that pooling is made of.

The largest number and the sum of a window can be found one axis after the other. So pooling along
any number of axes is pooling along one, repeated; `Line` says where on it the windows lie. The
loops are over the places within a window, and each step is for all windows at once.
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

__all__ = ["Line", "even", "largest", "mean", "regular"]


@dataclass(frozen=True, eq=False)
class Line:
    """Where the windows lie along one axis: place k of window j is input starts[j] + dilation k."""

    size: int  # of the input
    starts: np.ndarray[Any, Any]  # may lie in the padding, as may other places
    dilation: int
    first: np.ndarray[Any, Any]  # the first place of each window that lies in the input
    # For a place: the windows that have it in the input, and those inputs. Or parts of that.
    pieces: list[tuple[Any, slice, slice]]
    lengths: np.ndarray[Any, Any]  # of each window, with the padding
    counts: np.ndarray[Any, Any]  # without
    apart: bool  # no two windows share an input
    full: bool  # every input is in a window


def _line(
    size: int, starts: np.ndarray[Any, Any], lengths: Any, dilation: int, padding: int = 0
) -> Line:
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
    return Line(size, starts, dilation, first, pieces, lengths, counts, apart, full)


@lru_cache(1024)
def regular(
    who: str, size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool
) -> Line:
    """Windows at even steps."""
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
            f"{who}: kernel_size={kernel} with dilation={dilation} does not fit into an axis of "
            f"length {size} with padding={padding}"
        )
    line = _line(size, np.arange(out) * stride - padding, kernel, dilation, padding)
    if not line.counts.all():
        raise ValueError(
            f"{who}: a window sees only padding, with kernel_size={kernel}, dilation={dilation}, "
            f"padding={padding} on an axis of length {size}; choose a smaller padding or dilation"
        )
    return line


@lru_cache(1024)
def even(who: str, size: int, out: int) -> Line:
    """So many windows, nearly of one length, that cover the axis."""
    if not size:
        raise ValueError(f"{who}: got an axis of length 0, expected at least 1")
    starts = np.arange(out) * size // out
    return _line(size, starts, -(-np.arange(1, out + 1) * size // out) - starts, 1)


# The three ops: `_gather` and `_scatter` are each other's transposes, and `_largest_on` is
# `_gather` that finds out by itself which place to take. Each is for the windows of one axis, or
# of several at once, the last of which is `axis`, counted from the end.

Lines = tuple[Line, ...]


@lru_cache(1024)
def _pieces(axis: int, lines: Lines) -> list[tuple[Any, Any, Any]]:
    """The pieces of lines as indices of arrays: for several lines, those of all their pairs."""
    after, pieces = (slice(None),) * (-axis - 1), []
    for several in product(*(line.pieces for line in lines)):
        places, outs, ins = zip(*several, strict=True)
        k = _number(lines, map(int, places))
        pieces.append((k, (..., *outs, *after), (..., *ins, *after)))
    return pieces


def _number(lines: Lines, places: Iterable[Any]) -> Any:
    """The number of a place that has a number along each line: they are counted row by row."""
    number = 0
    for line, place in zip(lines, places, strict=True):
        number = number * (int(line.pieces[-1][0]) + 1) + place
    return number


@lru_cache(1024)
def _first(axis: int, lines: Lines) -> Any:
    """The first place of each window that lies in the input, to be broadcast."""
    grid = np.ix_(*(line.first.astype(np.intp) for line in lines))
    most = math.prod(int(line.pieces[-1][0]) + 1 for line in lines)
    return _along(axis, _number(lines, grid)).astype(np.min_scalar_type(most))


def _along(axis: int, numbers: Any) -> Any:
    """Numbers for each index of an axis, or of several, to be broadcast against an array."""
    return numbers.reshape(*numbers.shape, *(1,) * (-axis - 1))


def _empty(x: Any, axis: int, lengths: Iterable[int], dtype: Any = None) -> Any:
    """An array like `x`, in its order in memory, but for the lengths of axes up to `axis`."""
    shape, lengths = list(x.shape), list(lengths)
    end = x.ndim + axis + 1
    shape[end - len(lengths) : end] = lengths
    return np.empty_like(x, dtype, shape=tuple(shape))


def _outs(lines: Lines) -> list[int]:
    return [len(line.starts) for line in lines]


def _covers(lines: Lines) -> bool:
    """Whether the first piece has all windows in it."""
    return all(line.pieces[0][1] == slice(0, len(line.starts)) for line in lines)


def _chooser(x: Any) -> Any:
    """The function that takes of a part of `x` what a mask says, and puts 0 for the rest."""
    # A product is up to ten times as fast as np.where, but makes NaN of infinity.
    if not np.isfinite(x).all():
        return lambda part, mask, out=None: np.positive(np.where(mask, part, 0), out=out)

    def choose(part: Any, mask: Any, out: Any = None) -> Any:
        number = mask.astype(part.dtype)
        return np.multiply(part, number, out=number if out is None else out)

    return choose


def _close(x: Any) -> Any:
    """A copy of `x` with its numbers close together, in their order in memory."""
    last = batch_last(x)
    if not x.size or last.strides[-1] != x.itemsize:
        return x.copy("K")
    item = np.dtype(f"V{last.shape[-1] * x.itemsize}")  # as in Windows: all examples at once
    return batch_first(last.view(item).copy().view(x.dtype))


@op(constant_slope=True)
def _gather(x, *, axis, lines, which=None):
    """The sum of each window, or the number in the place `which` of it."""
    y = _empty(x, axis, _outs(lines))
    if not _covers(lines):
        y.fill(0)
    choose = None if which is None else _chooser(x)
    for n, (k, outs, ins) in enumerate(_pieces(axis, lines)):
        part, number = y[outs], x[ins]
        if choose:
            number = choose(number, which[outs] == k)
        if n:
            part += number
        else:
            part[...] = number
    return y, lambda g: _scatter(g, axis=axis, lines=lines, which=which)


@op(constant_slope=True)
def _scatter(y, *, axis, lines, which=None):
    """The transpose: each number goes to all of its window, or to the place `which` of it."""
    if which is not None and np.argmin(y.strides) != np.argmin(which.strides):
        y = np.positive(y, out=np.empty_like(which, y.dtype))  # two orders in memory are slow
    x = _empty(y, axis, [line.size for line in lines])
    apart = all(line.apart for line in lines)
    if not (apart and all(line.full for line in lines)):
        x.fill(0)
    choose = None if which is None else _chooser(y)
    for k, outs, ins in _pieces(axis, lines):
        part, g = x[ins], y[outs]
        if choose:
            g = choose(g, which[outs] == k, part if apart else None)
        if not apart:
            part += g
        elif not choose:
            part[...] = g
    return x, lambda g: _gather(g, axis=axis, lines=lines, which=which)


@op(constant_slope=True)
def _largest_on(x, *, axis, lines, tracked):
    y, which = _search(x, axis, lines, tracked)
    return y, lambda g: _scatter(g, axis=axis, lines=lines, which=which)


def _search(x: Any, axis: int, lines: Lines, tracked: bool = True) -> tuple[Any, Any]:
    """The largest number of each window, and its place: the first if there are several.

    NaN counts as larger than all.
    """
    y = _empty(x, axis, _outs(lines))
    if not _covers(lines):
        y.fill(-np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min)
    which: Any = None
    if tracked:
        first = _first(axis, lines)
        which = np.empty_like(y, first.dtype)
        which[...] = first
    for n, (k, outs, ins) in enumerate(_pieces(axis, lines)):
        new = x[ins]
        if not n:
            y[outs] = new  # `which` is so already
            continue
        best = y[outs]
        if tracked:
            new = _close(new)  # the three steps then take half of the time
            larger = (new > best) | (new != new)
            # k grows
            np.maximum(which[outs], larger * which.dtype.type(k), out=which[outs])
        np.maximum(best, new, out=best)
    return y, which


def _steps(lines: list[Line]) -> list[tuple[int, Lines]]:
    """Which lines to go along at once, and the axis each such group ends on.

    One after the other, the last axis first, so that of equal numbers the first in the order of
    memory counts. All at once if no two windows share an input and there are few places: as much
    work, but nothing in between to be kept.
    """
    if all(line.apart for line in lines) and math.prod(len(line.pieces) for line in lines) < 10:
        return [(-1, tuple(lines))]
    return [(-n, (line,)) for n, line in enumerate(reversed(lines), 1)]


def largest(x: Any, lines: list[Line], return_indices: bool) -> Any:
    """The largest number of each window, and its flat position in the last axes if wanted."""
    tracked = getattr(x, "requires_grad", False)
    if not return_indices:
        for axis, group in _steps(lines):
            x = _largest_on(x, axis=axis, lines=group, tracked=tracked)
        return x
    indices: Any = None
    step = 1
    for axis, line in zip(range(-1, -len(lines) - 1, -1), reversed(lines), strict=True):
        _, which = _search(stop_gradient(x), axis, (line,))
        x = _gather(x, axis=axis, lines=(line,), which=which)
        at = _along(axis, line.starts) + line.dilation * which.astype(np.intp)
        before = 0 if indices is None else np.take_along_axis(indices, at, axis)
        indices = step * at + before
        step *= line.size
    return x, indices


def mean(x: Any, lines: list[Line], padded: bool, divisor: float | None = None) -> Any:
    """The sum of each window by `divisor`, or by how many it has, with the padding or without."""
    for axis, group in reversed(_steps(lines)):  # along rows: the rest is then less
        x = _gather(x, axis=axis, lines=group)
    if divisor is None:
        total: Any = 1
        for axis, line in zip(range(-len(lines), 0), lines, strict=True):
            total = total * _along(axis, line.lengths if padded else line.counts)
        same = (total == total.flat[0]).all()
        divisor = float(total.flat[0]) if same else total.astype(x.dtype)
    return x / divisor
