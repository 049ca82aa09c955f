"""Convolutions and transposed convolutions."""

from typing import Any

from .base import Layer, Shape

# Two channels in, four out; the size is small, odd, and differs from axis to axis.
SHAPES: dict[int, list[Shape]] = {
    1: [(2, 2, 6), (1, 2, 5), (2, 7)],
    2: [(2, 2, 5, 4), (1, 2, 4, 5), (2, 4, 6)],
    3: [(2, 2, 3, 4, 3), (1, 2, 4, 3, 3), (2, 3, 3, 4)],
}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"stride": 2},
    {"padding": 1, "bias": False},
    {"padding": "valid", "dilation": 2, "kernel_size": 2},
    {"padding": "same"},
    {"padding": "same", "kernel_size": 4, "dilation": 2},
    {"groups": 2, "padding": 2, "stride": 3},
    {"groups": 2, "out_channels": 2, "kernel_size": 1},
    *({"padding": 1, "padding_mode": mode} for mode in ("reflect", "replicate", "circular")),
    {"padding": "same", "kernel_size": 2, "padding_mode": "reflect", "bias": False},
    {"padding": 2, "padding_mode": "circular", "stride": 2, "groups": 2},
]
TRANSPOSED: list[dict[str, Any]] = [
    {},
    {"stride": 2},
    {"stride": 2, "output_padding": 1, "padding": 1},
    {"padding": 1, "bias": False},
    {"dilation": 2, "output_padding": 1, "kernel_size": 2},
    {"groups": 2, "stride": 3},
    {"groups": 2, "out_channels": 2, "kernel_size": 1},
]


def row(name: str, options: dict[str, Any], shape: Shape, **more: Any) -> Layer:
    given = {"in_channels": 2, "out_channels": 4, "kernel_size": 3} | options
    return Layer(name, (), given, inputs=(shape,), **more)


ROWS = [
    row(f"{kind}{n}d", options, shapes[i % 3])
    for n, shapes in SHAPES.items()
    for kind, every in [("Conv", OPTIONS), ("ConvTranspose", TRANSPOSED)]
    for i, options in enumerate(every)
]
# Something else for each axis, by position
ROWS += [
    Layer("Conv1d", (2, 4, 2, 2, 1, 2, 2, False, "circular"), inputs=((2, 2, 6),)),
    Layer("Conv2d", (2, 4, (3, 1), (1, 2), (1, 0), (2, 1), 2), inputs=((1, 2, 5, 4),)),
    Layer("Conv2d", (2, 2, (1, 3), 1, (0, 2), 1, 1, True, "reflect"), inputs=((1, 2, 3, 4),)),
    Layer("Conv3d", (1, 2, (1, 2, 3), (2, 1, 1), (0, 1, 0)), inputs=((1, 1, 3, 2, 4),)),
    Layer("ConvTranspose1d", (2, 4, 2, 2, 1, 1, 2, False, 2), inputs=((2, 2, 3),)),
    Layer("ConvTranspose2d", (2, 4, (3, 1), (1, 2), (1, 0), (0, 1)), inputs=((1, 2, 3, 2),)),
    Layer("ConvTranspose3d", (1, 2, (1, 2, 3), (2, 1, 1), (0, 1, 0)), inputs=((1, 1, 3, 2, 2),)),
]
# Which of several sizes comes back
ROWS += [
    row("ConvTranspose1d", {"stride": 3}, (1, 2, 2), call={"output_size": (8,)}),
    row("ConvTranspose2d", {"stride": 2}, (2, 3, 2), call={"output_size": (7, 6)}),
]
# An empty batch
ROWS += [row("Conv1d", {}, (0, 2, 4)), row("ConvTranspose2d", {}, (0, 2, 3, 3))]
