"""Pooling: windows that overlap, leave gaps, hang over, reach into the padding."""

from __future__ import annotations

from typing import Any

import numpy as np

from .base import Layer, Shape


def places(shape: Shape, plane: int) -> Any:
    """Different positions in a plane, for each example and channel."""

    def draw(rng: np.random.Generator) -> Any:
        each = [rng.permutation(plane)[: np.prod(shape[2:])] for _ in range(np.prod(shape[:2]))]
        return np.array(each).reshape(shape)

    return draw


def positive(shape: Shape) -> Any:
    return lambda rng: rng.uniform(0.2, 2, shape)


ROWS = [
    Layer("MaxPool1d", (2,), inputs=((2, 3, 8),)),
    Layer("MaxPool1d", (3, 2, 1), {"return_indices": True}, inputs=((1, 2, 7),)),
    Layer("MaxPool1d", (3, 2, 1, 2), {"ceil_mode": True}, inputs=((2, 9),)),
    Layer("MaxPool2d", (2,), inputs=((2, 3, 4, 6),)),
    Layer("MaxPool2d", (2,), inputs=((1, 2, 5, 5),)),
    Layer("MaxPool2d", (3, 2, 1), inputs=((2, 2, 5, 6),)),
    Layer("MaxPool2d", ((2, 3), (1, 2), (1, 0)), {"dilation": (2, 1)}, inputs=((1, 2, 5, 7),)),
    Layer("MaxPool2d", (3, 2), {"ceil_mode": True, "return_indices": True}, inputs=((2, 6, 5),)),
    Layer("MaxPool2d", (2, 3), {"padding": 1, "ceil_mode": True}, inputs=((1, 2, 4, 5),)),
    Layer("MaxPool3d", (2,), inputs=((1, 2, 4, 2, 4),)),
    Layer("MaxPool3d", (3, 2, 1, 1, True, True), inputs=((2, 4, 3, 5),)),
    Layer("MaxUnpool1d", (2,), inputs=((2, 3, 4), places((2, 3, 4), 8))),
    Layer("MaxUnpool1d", (3, 2, 1), inputs=((1, 1, 3), places((1, 1, 3), 5))),
    Layer("MaxUnpool2d", (2,), inputs=((2, 2, 2, 3), places((2, 2, 2, 3), 24))),
    Layer(
        "MaxUnpool2d",
        (3, 2),
        inputs=((1, 2, 2, 2), places((1, 2, 2, 2), 36)),
        call={"output_size": (6, 6)},
    ),
    Layer(
        "MaxUnpool2d",
        (2,),
        inputs=((1, 2, 2, 2), places((1, 2, 2, 2), 20)),
        call={"output_size": (1, 2, 5, 4)},
    ),
    Layer("MaxUnpool3d", (2,), inputs=((1, 2, 1, 2, 2), places((1, 2, 1, 2, 2), 32))),
    Layer("AvgPool1d", (2,), inputs=((2, 3, 7),)),
    Layer("AvgPool1d", (3, 1, 1, True, False), inputs=((2, 6),)),
    Layer("AvgPool2d", (2,), inputs=((2, 3, 4, 6),)),
    Layer("AvgPool2d", (3, 2, 1), inputs=((1, 2, 5, 6),)),
    Layer("AvgPool2d", ((2, 3), (2, 1), (1, 0)), inputs=((2, 5, 4),)),
    Layer("AvgPool2d", (3, 2, 1, True), inputs=((1, 2, 6, 6),)),
    Layer("AvgPool2d", (3, 2, 1, True, False), inputs=((1, 2, 6, 5),)),
    Layer("AvgPool2d", (3, 2, 1), {"divisor_override": 4}, inputs=((1, 2, 6, 5),)),
    Layer("AvgPool3d", (2,), inputs=((1, 2, 2, 4, 3),)),
    Layer("AvgPool3d", (3, 2, 1, True, False), inputs=((2, 4, 3, 4),)),
    Layer("AvgPool3d", (2, 1), {"divisor_override": -3}, inputs=((1, 1, 2, 3, 3),)),
    Layer("LPPool1d", (2, 3), inputs=((2, 3, 7),)),
    Layer("LPPool1d", (1.5, 3, 2, True), inputs=(positive((2, 6)),)),
    Layer("LPPool1d", (1, 2), inputs=((1, 2, 4),)),
    Layer("LPPool2d", (2, 2), inputs=((2, 2, 4, 5),)),
    Layer("LPPool2d", (3, (2, 3), (1, 2), True), inputs=(positive((1, 2, 4, 4)),)),
    Layer("LPPool2d", (float("inf"), 2), inputs=((2, 4, 4),)),
    Layer("LPPool3d", (2, 2), inputs=((1, 2, 2, 4, 3),)),
    Layer("LPPool3d", (4, 2, 1), inputs=((2, 3, 2, 2),)),
    Layer("AdaptiveAvgPool1d", (3,), inputs=((2, 2, 7),)),
    Layer("AdaptiveAvgPool1d", (1,), inputs=((3, 5),)),
    Layer("AdaptiveAvgPool2d", (1,), inputs=((2, 3, 4, 5),)),
    Layer("AdaptiveAvgPool2d", ((2, None),), inputs=((1, 2, 4, 3),)),
    Layer("AdaptiveAvgPool2d", ((3, 5),), inputs=((2, 5, 3),)),
    Layer("AdaptiveAvgPool2d", ((None, 6),), inputs=((1, 2, 2, 3),)),
    Layer("AdaptiveAvgPool3d", ((2, 1, None),), inputs=((1, 2, 3, 4, 2),)),
    Layer("AdaptiveAvgPool3d", (2,), inputs=((1, 4, 2, 3),)),
    Layer("AdaptiveMaxPool1d", (3, True), inputs=((2, 2, 7),)),
    Layer("AdaptiveMaxPool1d", (1,), inputs=((3, 5),)),
    Layer("AdaptiveMaxPool2d", (2,), inputs=((1, 2, 4, 6),)),
    Layer("AdaptiveMaxPool2d", ((3, None), True), inputs=((2, 5, 3),)),
    Layer("AdaptiveMaxPool2d", ((4, 2), True), inputs=((1, 2, 3, 5),)),
    Layer("AdaptiveMaxPool3d", ((2, 1, None), True), inputs=((1, 2, 3, 4, 2),)),
    Layer("AdaptiveMaxPool3d", (2,), inputs=((1, 4, 2, 3),)),
]
