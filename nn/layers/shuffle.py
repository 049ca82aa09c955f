"""Shuffles: channels into pixels, pixels into channels, channels among themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs import door
from ..module import Module
from .sizes import ints

__all__ = [
    "ChannelShuffle",
    "PixelShuffle",
    "PixelUnshuffle",
    "channel_shuffle",
    "pixel_shuffle",
    "pixel_unshuffle",
]


@door
def pixel_shuffle(x: Any, upscale_factor: int) -> Any:
    """Make r x r pixels of each, from r² channels.

    y[c, r * i + a, r * j + b] = x[(c * r + a) * r + b, i, j]. With a convolution before it that is
    an upsampling that learns (Shi et al., arXiv:1609.05158).

    Parameters
    ----------
    x
        shape (..., channels * r**2, height, width).
    upscale_factor
        r.

    Returns
    -------
    array or Tensor
        shape (..., channels, height * r, width * r); a Tensor if `x` is one.

    Raises
    ------
    ValueError
        fewer than three axes; the number of channels is not a multiple of r².
    """
    (r,) = ints("pixel_shuffle", "upscale_factor", 1, upscale_factor)
    _expect("pixel_shuffle", x, 3, (-3, r * r))
    *lead, c, h, w = x.shape
    x = x.reshape(*lead, c // (r * r), r, r, h, w)
    return np.einsum("...cabij->...ciajb", x).reshape(*lead, c // (r * r), h * r, w * r)


@door
def pixel_unshuffle(x: Any, downscale_factor: int) -> Any:
    """Make r² channels of r x r pixels: the inverse of `pixel_shuffle`.

    Parameters
    ----------
    x
        shape (..., channels, height * r, width * r).
    downscale_factor
        r.

    Returns
    -------
    array or Tensor
        shape (..., channels * r**2, height, width); a Tensor if `x` is one.

    Raises
    ------
    ValueError
        fewer than three axes; height or width is not a multiple of r.
    """
    (r,) = ints("pixel_unshuffle", "downscale_factor", 1, downscale_factor)
    _expect("pixel_unshuffle", x, 3, (-2, r), (-1, r))
    *lead, c, h, w = x.shape
    x = x.reshape(*lead, c, h // r, r, w // r, r)
    return np.einsum("...ciajb->...cabij", x).reshape(*lead, c * r * r, h // r, w // r)


@door
def channel_shuffle(x: Any, groups: int) -> Any:
    """Deal the channels out: y[:, i * groups + g] = x[:, g * (channels / groups) + i].

    After a convolution in groups each group of the next one sees channels of all (Zhang et al.,
    ShuffleNet, arXiv:1707.01083).

    Parameters
    ----------
    x
        shape (batch, channels, ...).
    groups
        how many.

    Returns
    -------
    array or Tensor
        the shape of `x`; a Tensor if it is one.

    Raises
    ------
    ValueError
        fewer than two axes; the number of channels is not a multiple of `groups`.
    """
    (groups,) = ints("channel_shuffle", "groups", 1, groups)
    _expect("channel_shuffle", x, 2, (1, groups))
    n, c, *rest = x.shape
    return x.reshape(n, groups, c // groups, *rest).swapaxes(1, 2).reshape(x.shape)


def _expect(who: str, x: Any, least: int, *multiples: tuple[int, int]) -> None:
    """Refuse what has too few axes, or an axis that is not a multiple of what it is cut into."""
    shape = np.shape(x)
    if len(shape) < least:
        raise ValueError(f"{who}: got input of shape {shape}, expected at least {least} axes")
    for axis, factor in multiples:
        if shape[axis] % factor:
            raise ValueError(
                f"{who}: got input of shape {shape}, expected a multiple of {factor} along axis "
                f"{axis}"
            )


class PixelShuffle(Module):
    """Make r x r pixels of each, from r² channels; see `functional.pixel_shuffle`.

    Parameters
    ----------
    upscale_factor
        r.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.PixelShuffle(2)(np.zeros((8, 12, 5, 5))).shape
    (8, 3, 10, 10)
    """

    def __init__(self, upscale_factor: int) -> None:
        (self.upscale_factor,) = ints("PixelShuffle", "upscale_factor", 1, upscale_factor)

    def forward(self, x: Any) -> Any:
        """Apply `functional.pixel_shuffle`."""
        return pixel_shuffle(x, self.upscale_factor)


class PixelUnshuffle(Module):
    """Make r² channels of r x r pixels; see `functional.pixel_unshuffle`.

    Parameters
    ----------
    downscale_factor
        r.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.PixelUnshuffle(2)(np.zeros((8, 3, 10, 10))).shape
    (8, 12, 5, 5)
    """

    def __init__(self, downscale_factor: int) -> None:
        (self.downscale_factor,) = ints("PixelUnshuffle", "downscale_factor", 1, downscale_factor)

    def forward(self, x: Any) -> Any:
        """Apply `functional.pixel_unshuffle`."""
        return pixel_unshuffle(x, self.downscale_factor)


class ChannelShuffle(Module):
    """Deal the channels of all groups out to all; see `functional.channel_shuffle`.

    Parameters
    ----------
    groups
        how many.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.ChannelShuffle(2)(np.array([[1, 2, 3, 4, 5, 6]]))
    array([[1, 4, 2, 5, 3, 6]])
    """

    def __init__(self, groups: int) -> None:
        (self.groups,) = ints("ChannelShuffle", "groups", 1, groups)

    def forward(self, x: Any) -> Any:
        """Apply `functional.channel_shuffle`."""
        return channel_shuffle(x, self.groups)
