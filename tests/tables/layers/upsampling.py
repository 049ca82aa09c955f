"""Upsampling layers."""

from typing import Any

from .base import Layer, Shape

SHAPES: dict[int, Shape] = {1: (2, 3, 4), 2: (1, 2, 3, 4), 3: (1, 2, 2, 3, 1)}
SIZES: list[dict[str, Any]] = [{"size": 5}, {"scale_factor": 2}, {"scale_factor": 1.6}]
MODES = {
    1: ["nearest", "nearest-exact", "linear", "area"],
    2: ["nearest", "nearest-exact", "bilinear", "bicubic", "area"],
    3: ["nearest", "nearest-exact", "trilinear", "area"],
}

ROWS = [
    Layer("Upsample", (), {**size, "mode": mode}, inputs=(SHAPES[n],))
    for n, modes in MODES.items()
    for mode in modes
    for size in SIZES
]
ROWS += [
    Layer("Upsample", (), {**size, "mode": mode, "align_corners": True}, inputs=(SHAPES[n],))
    for n, mode in [(1, "linear"), (2, "bilinear"), (2, "bicubic"), (3, "trilinear")]
    for size in [*SIZES, {"size": 1}]
]
ROWS += [
    Layer(
        "Upsample", ((2, 7),), {"mode": "bicubic", "align_corners": False}, inputs=((1, 2, 3, 4),)
    ),
    Layer("Upsample", (None, (0.5, 2.3)), {"mode": "bilinear"}, inputs=((2, 1, 5, 3),)),
    Layer("Upsample", (None, (0.5, 2.3)), inputs=((2, 1, 5, 3),)),
    Layer(
        "Upsample",
        (None, (1.3, 2.3), "bilinear", False, True),
        inputs=((2, 1, 5, 3),),
    ),
    Layer("Upsample", (None, 1.9, "nearest", None, True), inputs=((1, 2, 5),)),
    Layer("UpsamplingNearest2d", (), {"scale_factor": 2}, inputs=((2, 1, 2, 3),)),
    Layer("UpsamplingNearest2d", ((4, 2),), inputs=((1, 2, 3, 3),)),
    Layer("UpsamplingBilinear2d", (), {"scale_factor": 2}, inputs=((2, 1, 2, 3),)),
    Layer("UpsamplingBilinear2d", ((4, 2),), inputs=((1, 2, 3, 3),)),
]
