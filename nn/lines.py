"""Windows along one axis, and the three ops that pooling is made of.

The largest number and the sum of a window can be found one axis after the other. So pooling along
any number of axes is pooling along one, repeated; `Line` says where on it the windows lie. The
loops are over the places within a window, and each step is for all windows at once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from autograd import op
from autograd.dispatch import unwrap

__all__ = ["Line", "even", "largest", "mean", "regular"]


class Line(NamedTuple):
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
    apart = len(np.unique(np.concatenate(seen))) == counts.sum()
    return Line(size, starts, dilation, first, pieces, lengths, counts, bool(apart))


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
# `_gather` that finds out by itself which place to take.


def _on(axis: int, part: slice) -> Any:
    """The index of a part of an axis, which is counted from the end."""
    return (..., part, *(slice(None),) * (-axis - 1))


def _along(axis: int, numbers: Any) -> Any:
    """One number for each index of an axis, to be broadcast against an array."""
    return numbers.reshape(-1, *(1,) * (-axis - 1))


def _filled(x: Any, axis: int, length: int, value: Any, dtype: Any = None) -> Any:
    """An array like `x`, in its order in memory, but for the length of an axis."""
    shape = list(x.shape)
    shape[axis] = length
    return np.full_like(x, value, dtype, shape=tuple(shape))


def _chooser(x: Any) -> Any:
    """The function that takes of a part of `x` what a mask says, and puts 0 for the rest."""
    # A product is up to ten times as fast as np.where, but makes NaN of infinity.
    return np.multiply if np.isfinite(x).all() else lambda part, mask: np.where(mask, part, 0)


@op(linear=True)
def _gather(x, *, axis, line, which=None):
    """The sum of each window, or the number in the place `which` of it."""
    y = _filled(x, axis, len(line.starts), 0)
    choose = None if which is None else _chooser(x)
    for k, outs, ins in line.pieces:
        outs, ins = _on(axis, outs), _on(axis, ins)
        y[outs] += choose(x[ins], which[outs] == k) if choose else x[ins]
    return y, lambda g: _scatter(g, axis=axis, line=line, which=which)


@op(linear=True)
def _scatter(y, *, axis, line, which=None):
    """The transpose: each number goes to all of its window, or to the place `which` of it."""
    if which is not None and np.argmin(y.strides) != np.argmin(which.strides):
        y = np.positive(y, out=np.empty_like(which, y.dtype))  # two orders in memory are slow
    x = _filled(y, axis, line.size, 0)
    choose = None if which is None else _chooser(y)
    for k, outs, ins in line.pieces:
        outs, part = _on(axis, outs), x[_on(axis, ins)]
        g = choose(y[outs], which[outs] == k) if choose else y[outs]
        if line.apart:
            part[...] = g
        else:
            part += g
    return x, lambda g: _gather(g, axis=axis, line=line, which=which)


@op(linear=True)
def _largest_on(x, *, axis, line, tracked):
    y, which = _search(x, axis, line, tracked)
    return y, lambda g: _scatter(g, axis=axis, line=line, which=which)


def _search(x: Any, axis: int, line: Line, tracked: bool = True) -> tuple[Any, Any]:
    """The largest number of each window, and its place: the first if there are several.

    NaN counts as larger than all.
    """
    out = len(line.starts)
    y = _filled(x, axis, out, -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min)
    which: Any = None
    if tracked:
        which = _filled(x, axis, out, 0, line.first.dtype)
        if line.first.any():
            which += _along(axis, line.first)
    for n, (k, outs, ins) in enumerate(line.pieces):
        outs, new = _on(axis, outs), x[_on(axis, ins)]
        if not n:
            y[outs] = new  # `which` is so already
            continue
        best = y[outs]
        if tracked:
            new = new.copy("K")  # close together: the three steps take half of the time
            larger = (new > best) | (new != new)
            np.maximum(which[outs], larger * k, out=which[outs])  # k grows
        np.maximum(best, new, out=best)
    return y, which


def largest(x: Any, lines: list[Line], return_indices: bool) -> Any:
    """The largest number of each window, and its flat position in the last axes if wanted."""
    tracked = getattr(x, "requires_grad", False)
    indices: Any = None
    step = 1
    # The last axis first, so that of equal numbers the first in the order of memory counts.
    for axis, line in zip(range(-1, -len(lines) - 1, -1), reversed(lines), strict=True):
        if not return_indices:
            x = _largest_on(x, axis=axis, line=line, tracked=tracked)
            continue
        _, which = _search(unwrap(x), axis, line)
        x = _gather(x, axis=axis, line=line, which=which)
        at = _along(axis, line.starts) + line.dilation * which.astype(np.intp)
        before = 0 if indices is None else np.take_along_axis(indices, at, axis)
        indices = step * at + before
        step *= line.size
    return (x, indices) if return_indices else x


def mean(x: Any, lines: list[Line], padded: bool, divisor: float | None = None) -> Any:
    """The sum of each window by `divisor`, or by how many it has, with the padding or without."""
    n = len(lines)
    total: Any = 1
    for axis, line in zip(range(-n, 0), lines, strict=True):
        x = _gather(x, axis=axis, line=line)
        total = total * _along(axis, line.lengths if padded else line.counts)
    if divisor is None:
        same = (total == total.flat[0]).all()
        divisor = float(total.flat[0]) if same else total.astype(x.dtype)
    return x / divisor
