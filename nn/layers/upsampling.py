"""Upsampling: images, or anything on a grid, made larger or smaller.

One axis at a time, each number of the result is a weighted sum of a few of the input's along it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import op

from ..inputs import door, expect, given, like, single
from ..module import Module
from .sizes import ints

__all__ = ["Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d", "interpolate"]

Size = int | Sequence[int] | None
Scale = float | Sequence[float] | None

# For how many axes
MODES: dict[str, tuple[int, ...]] = {
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "trilinear": (3,),
    "bicubic": (2,),
    "area": (1, 2, 3),
}


@door
def interpolate(
    x: Any,
    size: Size = None,
    scale_factor: Scale = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
) -> Any:
    """`x` at another size: number i of m lies among the n there are at (i + 1/2) * n/m - 1/2.

    Modes:

    | nearest | number floor(i * n/m), that is a little to the left of the nearest |
    | nearest-exact | the nearest one |
    | linear, bilinear, trilinear | on the line between both neighbours; for 1, 2, 3 axes |
    | bicubic | on a cubic through four neighbours (Keys, 1981, with a = -3/4); for 2 axes |
    | area | the mean of those that number i covers, as `adaptive_avg_pool` |

    Beyond the edge its number is repeated. All but "nearest" and "nearest-exact" are products with
    a matrix for each axis: a nan or an infinity makes all numbers in line with it nan.

    Parameters
    ----------
    x
        shape (batch, channels, *size) with 1, 2 or 3 axes of size. Floats, but for the two modes
        that choose.
    size
        of the result; an int, or one for each axis.
    scale_factor
        how many times as large, rounded down; a number, or one for each axis. Either this or
        `size`.
    mode
        see above.
    align_corners
        True to put the first and last number of both on each other, so that i lies at i * (n -
        1)/(m - 1). For linear and cubic modes only.
    recompute_scale_factor
        where a size is rounded down, 1/scale_factor stands in place of n/m all the same, unless
        this is True.

    Returns
    -------
    array or Tensor
        shape (batch, channels, *size); a Tensor if `x` is one.

    Raises
    ------
    ValueError
        not just one of `size` and `scale_factor`; an unknown mode, or one for another number of
        axes; a size of 0.
    TypeError
        `x` is of integers, and the mode computes.
    """
    config = size, scale_factor, mode, align_corners, recompute_scale_factor
    return _interpolate("interpolate", x, *config)


def _interpolate(
    who: str,
    x: Any,
    size: Size,
    scale_factor: Scale,
    mode: str,
    align_corners: bool | None,
    recompute_scale_factor: bool | None,
) -> Any:
    _check_options(who, size, scale_factor, mode, align_corners, recompute_scale_factor)
    x = given(who, "x", x)
    shape, choosing = x.shape, mode.startswith("nearest")
    n = len(shape) - 2
    if n not in MODES[mode]:
        expected = " or ".join(str(i + 2) for i in MODES[mode])
        fit = ", ".join(repr(name) for name, axes in MODES.items() if n in axes)
        raise ValueError(
            f"{who}: got input of shape {shape}, expected (batch, channels, *size), {expected} axes"
            f" for mode={mode!r}" + (f"; for {n + 2} axes there are {fit}" if fit else "")
        )
    if not choosing:
        expect(who, x, True, "floats", "fc")
    old, scales = shape[2:], _each(who, n, scale_factor)
    if size is not None:
        new = ints(who, "size", n, size)
    else:
        new = tuple(math.floor(m * s) for m, s in zip(old, scales, strict=True))
    if min(old + new) < 1:
        raise ValueError(f"{who}: got {old} to make {new} of, expected no size of 0")
    if recompute_scale_factor or mode == "area":
        scales = (None,) * n
    original, x = x, x if choosing else single(x)
    for axis, (n, m, scale) in enumerate(zip(old, new, scales, strict=True), 2):
        image = mode == "nearest" and len(old) == 2
        if (image and m in (n, 2 * n)) or ("linear" in mode and m == n):
            scale = None  # PyTorch has these special cases
        if scale is None and n == m:
            continue
        if choosing:
            times = np.bincount(_nearest(n, m, scale, mode), minlength=n)
            x = np.repeat(x, times[0] if (times == times[0]).all() else times, axis)
        else:
            weights = _weights(n, m, scale, mode, bool(align_corners))
            x = _multiply_along(x, weights=weights.astype(x.dtype), axis=axis)
    if old == new:  # a value of its own, as where there is something to do
        x = x[...]
    return x if choosing else like(x, original)


@op(constant_slope=True)
def _multiply_along(x, weights=None, axis=0):
    """A product of the matrix `weights` with all that lies along one axis.

    Gradient: `moveaxis(tensordot(weights.T, g, (1, axis)), 0, axis)`.
    """
    before, n, after = x.shape[:axis], x.shape[axis], x.shape[axis + 1 :]
    if after:
        y = weights @ x.reshape(math.prod(before), n, math.prod(after))
    else:  # one product instead of many of a matrix and a vector
        y = x.reshape(math.prod(before), n) @ weights.T
    return (
        y.reshape(*before, len(weights), *after),
        lambda g: _multiply_along(g, weights=weights.T, axis=axis),
    )


# Which of n numbers make each of m, along one axis


def _nearest(n: int, m: int, scale: float | None, mode: str) -> NDArray[Any]:
    """The one that each is."""
    twice = 2 * np.arange(m) + (mode == "nearest-exact")
    if scale is None:
        return twice * n // (2 * m)
    return np.minimum((twice * (0.5 / scale)).astype(int), n - 1)


def _weights(n: int, m: int, scale: float | None, mode: str, align_corners: bool) -> NDArray[Any]:
    """How much of each is in each: a matrix of shape (m, n), whose rows sum to 1."""
    i = np.arange(m)
    if mode == "area":
        start, end = i[:, None] * n // m, -((i[:, None] + 1) * -n // m)
        inside = (start <= np.arange(n)) & (np.arange(n) < end)
        return inside / (end - start)
    if align_corners:
        place = i * ((n - 1) / max(m - 1, 1))
    else:
        place = (i + 0.5) * (1 / scale if scale else n / m) - 0.5
    weight, reach = (_cubic, 2) if mode == "bicubic" else (_line, 1)
    left = np.floor(place).astype(int)
    weights = np.zeros((m, n))
    for neighbour in range(1 - reach, 1 + reach):
        at = left + neighbour
        weights[i, np.clip(at, 0, n - 1)] += weight(np.abs(place - at))  # beyond the edge: the edge
    return weights


def _line(distance: NDArray[Any]) -> NDArray[Any]:
    return 1 - distance


def _cubic(distance: NDArray[Any], a: float = -0.75) -> NDArray[Any]:
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = a * (((distance - 5) * distance + 8) * distance - 4)
    return np.where(distance <= 1, near, far)


# Arguments


def _check_options(
    who: str, size: Size, scale_factor: Scale, mode: str, align_corners: Any, recompute: Any
) -> None:
    if mode not in MODES:
        raise ValueError(f"{who}: got mode={mode!r}, expected one of {', '.join(map(repr, MODES))}")
    if (size is None) == (scale_factor is None):
        raise ValueError(
            f"{who}: got size={size} and scale_factor={scale_factor}, expected one of them"
        )
    if align_corners is not None and mode in ("nearest", "nearest-exact", "area"):
        raise ValueError(
            f"{who}: got align_corners={align_corners}, expected none with mode={mode!r}"
        )
    if recompute and size is not None:
        raise ValueError(f"{who}: got recompute_scale_factor with a size, expected a scale_factor")


def _is_scale(s: Any) -> bool:
    return s is None or (not isinstance(s, bool) and 0 < s < math.inf)


def _each(who: str, n: int, scale_factor: Any) -> tuple[Any, ...]:
    """`scale_factor` for each of n axes."""
    given = tuple(scale_factor) if isinstance(scale_factor, Sequence) else (scale_factor,) * n
    if len(given) != n or not all(map(_is_scale, given)):
        raise ValueError(
            f"{who}: got scale_factor={scale_factor!r}, expected a positive number"
            + (f", or {n} of them" if n > 1 else "")
        )
    return given


# Layers


class Upsample(Module):
    """Make larger, or smaller: `functional.interpolate`, where the arguments are explained.

    Parameters
    ----------
    size
        of the result; an int, or one for each axis.
    scale_factor
        how many times as large; a number, or one for each axis. Either this or `size`.
    mode
        "nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic" or "area".
    align_corners
        the first and last number stay where they are.
    recompute_scale_factor
        take the scale from the sizes, when these are rounded.

    Notes
    -----
    The input has shape (batch, channels, *size) with 1, 2 or 3 axes of size, as the mode has.

    Raises
    ------
    ValueError
        arguments do not fit each other, or the input.
    TypeError
        the input is of integers, and the mode computes.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Upsample(scale_factor=2, mode="linear")(np.array([[[0.0, 4.0]]]))
    array([[[0., 1., 3., 4.]]])
    """

    def __init__(
        self,
        size: Size = None,
        scale_factor: Scale = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        config = size, scale_factor, mode, align_corners, recompute_scale_factor
        _check_options(type(self).__name__, *config)
        self.size, self.scale_factor, self.mode = size, scale_factor, mode
        self.align_corners, self.recompute_scale_factor = align_corners, recompute_scale_factor

    def forward(self, x: Any) -> Any:
        """Apply `functional.interpolate`."""
        return _interpolate(
            type(self).__name__,
            x,
            self.size,
            self.scale_factor,
            self.mode,
            self.align_corners,
            self.recompute_scale_factor,
        )


class UpsamplingNearest2d(Upsample):
    """`Upsample` of images in the mode "nearest"."""

    def __init__(self, size: Size = None, scale_factor: Scale = None) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """`Upsample` of images in the mode "bilinear", with `align_corners`."""

    def __init__(self, size: Size = None, scale_factor: Scale = None) -> None:
        super().__init__(size, scale_factor, "bilinear", True)
