"""Layers that move channels and pixels."""

from .base import Layer

ROWS = [
    Layer("PixelShuffle", (2,), inputs=((2, 8, 1, 3),)),
    Layer("PixelShuffle", (3,), inputs=((9, 2, 2),)),
    Layer("PixelShuffle", (1,), inputs=((1, 2, 3, 2),)),
    Layer("PixelShuffle", (2,), inputs=((2, 1, 4, 3, 1),)),
    Layer("PixelUnshuffle", (2,), inputs=((2, 3, 2, 4),)),
    Layer("PixelUnshuffle", (3,), inputs=((2, 3, 6),)),
    Layer("PixelUnshuffle", (2,), inputs=((2, 1, 1, 4, 2),)),
    Layer("ChannelShuffle", (2,), inputs=((2, 6, 3),)),
    Layer("ChannelShuffle", (3,), inputs=((1, 6, 1, 2),)),
    Layer("ChannelShuffle", (1,), inputs=((2, 3, 2),)),
]
