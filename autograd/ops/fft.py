"""Fourier transforms: all of numpy.fft.

Each is linear in its input, so its closure is its transpose, which is again a Fourier transform:
the matrix of `fft` is symmetric, that of `rfft` is part of it. The transforms along several axes
and the Hermitian ones are made of those along one, as in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.dispatch import implements
from ..core.op import op

# ruff: noqa: D103 - an op here is documented by NumPy, whose function it stands for

#: The norm with which the transform the other way has the same factor.
_OPPOSITE: dict[Any, Any] = {
    None: "forward",
    "backward": "forward",
    "ortho": "ortho",
    "forward": "backward",
}


@op(np.fft.fft, constant_slope=True)
def fft(a, n=None, axis=-1, norm=None):
    old = a.shape[axis]
    return np.fft.fft(a, n, axis, norm), lambda g: resized(
        np.fft.fft(g, None, axis, norm), old, axis
    )


@op(np.fft.ifft, constant_slope=True)
def ifft(a, n=None, axis=-1, norm=None):
    old = a.shape[axis]
    return np.fft.ifft(a, n, axis, norm), lambda g: resized(
        np.fft.ifft(g, None, axis, norm), old, axis
    )


@op(np.fft.rfft, constant_slope=True)
def rfft(a, n=None, axis=-1, norm=None):
    """Gradient: `resized(real(fft(g, m, axis, norm)), a.shape[axis], axis)` where
    `m = n or a.shape[axis]`.
    """
    old = a.shape[axis]
    length = old if n is None else n

    def closure(g: Any) -> Any:
        g = np.conjugate(g) / _times(length, g, axis)
        return resized(np.fft.irfft(g, length, axis, _OPPOSITE[norm]), old, axis)

    return np.fft.rfft(a, n, axis, norm), closure


@op(np.fft.irfft, constant_slope=True)
def irfft(a, n=None, axis=-1, norm=None):
    """Gradient: the conjugate of rfft(g), what stands for two frequencies doubled, scaled by the
    norm.
    """
    old = a.shape[axis]
    length = 2 * (old - 1) if n is None else n

    def closure(g: Any) -> Any:
        g = np.conjugate(np.fft.rfft(g, length, axis, _OPPOSITE[norm]))
        return resized(g * _times(length, g, axis), old, axis)

    return np.fft.irfft(a, n, axis, norm), closure


@op(constant_slope=True)
def resized(x, n=0, axis=-1):
    """`x` cropped, or continued with zeros, to length n along `axis`."""
    old = x.shape[axis]
    part = (slice(None),) * (axis % x.ndim) + (slice(min(n, old)),)
    out = x[part]
    if n > old:
        out = np.zeros((*x.shape[:axis], n, *x.shape[axis:][1:]), x.dtype)
        out[part] = x
    return out, lambda g: resized(g, old, axis)


def _times(n: int, g: Any, axis: int) -> Any:
    """How often each element of half a spectrum occurs in the whole one: twice, or once at ends."""
    times = np.full(n // 2 + 1, 2, np.finfo(g.dtype).dtype)
    times[0] = 1
    if n % 2 == 0:
        times[-1] = 1
    return times.reshape([-1 if i == axis % g.ndim else 1 for i in range(g.ndim)])


@implements(np.fft.hfft)
def hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    return np.fft.irfft(np.conjugate(a), n, axis, _OPPOSITE[norm])


@implements(np.fft.ihfft)
def ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
    return np.conjugate(np.fft.rfft(a, n, axis, _OPPOSITE[norm]))


def _each_axis(f: Callable[..., Any], a: Any, lengths: Any, norm: Any) -> Any:
    for n, axis in lengths:
        a = f(a, n, axis, norm)
    return a if lengths else np.positive(a)  # never the input itself


def _lengths(a: Any, s: Any, axes: Any, *, half: bool = False) -> list[tuple[Any, int]]:
    """The length to transform and the axis, for each axis from the last to the first. `half`: the
    last holds half a spectrum.
    """
    if axes is None:
        axes = range(-a.ndim if s is None else -len(s), 0)
    given = [a.shape[axis] for axis in axes] if s is None else list(s)
    if s is None and half:
        given[-1] = 2 * (given[-1] - 1)
    if len(given) != len(axes):
        raise ValueError(f"fft: s has {len(given)} lengths for {len(axes)} axes")
    lengths = [(a.shape[k] if n == -1 else n, k) for n, k in zip(given, axes, strict=True)]
    return lengths[::-1]


@implements(np.fft.fftn)
def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    return _each_axis(np.fft.fft, a, _lengths(a, s, axes), norm)


@implements(np.fft.ifftn)
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    return _each_axis(np.fft.ifft, a, _lengths(a, s, axes), norm)


@implements(np.fft.rfftn)
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    (n, last), *rest = _lengths(a, s, axes)
    return _each_axis(np.fft.fft, np.fft.rfft(a, n, last, norm), rest, norm)


@implements(np.fft.irfftn)
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    (n, last), *rest = _lengths(a, s, axes, half=True)
    return np.fft.irfft(_each_axis(np.fft.ifft, a, rest[::-1], norm), n, last, norm)


@implements(np.fft.fft2)
def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    return fftn(a, s, axes, norm)


@implements(np.fft.ifft2)
def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    return ifftn(a, s, axes, norm)


@implements(np.fft.rfft2)
def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    return rfftn(a, s, axes, norm)


@implements(np.fft.irfft2)
def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    return irfftn(a, s, axes, norm)


@op(np.fft.fftshift, constant_slope=True)
def fftshift(x, axes=None):
    return np.fft.fftshift(x, axes), lambda g: np.fft.ifftshift(g, axes)


@op(np.fft.ifftshift, constant_slope=True)
def ifftshift(x, axes=None):
    return np.fft.ifftshift(x, axes), lambda g: np.fft.fftshift(g, axes)
