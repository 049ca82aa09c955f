"""Normalization."""

from typing import Any

from .base import Layer, Shape, uniform

# Four channels
BATCHES: dict[int, list[Shape]] = {
    1: [(5, 4), (3, 4, 2), (1, 4, 3)],
    2: [(2, 4, 3, 2), (1, 4, 1, 3)],
    3: [(2, 4, 1, 3, 2), (1, 4, 2, 1, 2)],
}
INSTANCES: dict[int, list[Shape]] = {
    1: [(2, 4, 5), (1, 4, 3), (4, 4)],
    2: [(2, 4, 3, 2), (1, 4, 2, 2), (4, 3, 2)],
    3: [(1, 4, 2, 3, 1), (4, 2, 2, 2)],
}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"eps": 0.1, "momentum": 0.3},
    {"momentum": None},
    {"affine": False},
    {"affine": True, "bias": False},
    {"track_running_stats": False},
    {"affine": True, "track_running_stats": True},
]

ROWS = [
    Layer(f"{kind}{n}d", (4,), options, inputs=(shape,), train=train)
    for kind, shapes in [("BatchNorm", BATCHES), ("InstanceNorm", INSTANCES)]
    for n in shapes
    for train in (True, False)
    for i, options in enumerate(OPTIONS)
    for shape in (shapes[n] if n == 1 else [shapes[n][i % len(shapes[n])]])
]
# One value per channel, and no value at all, are enough in evaluation.
ROWS += [Layer("BatchNorm1d", (4,), inputs=((n, 4),), train=False) for n in (0, 1)]
ROWS += [
    Layer("GroupNorm", (groups, 6), options, inputs=(shape,))
    for groups, shape in [(1, (2, 6)), (2, (1, 6)), (3, (2, 6, 3)), (6, (1, 6, 3, 2))]
    for options in [{}, {"eps": 0.1}, {"affine": False}, {"bias": False}]
]
ROWS += [
    Layer(name, (last,), options, inputs=(shape,))
    for name in ("LayerNorm", "RMSNorm")
    for last, shape in [(3, (3,)), ((4, 3), (2, 4, 3)), ([3], (1, 2, 3))]
    for options in [{}, {"eps": 0.1}, {"elementwise_affine": False}]
]
ROWS += [Layer("LayerNorm", ((2, 3),), {"bias": False}, inputs=((2, 2, 3),))]
ROWS += [Layer("LayerNorm", (3, 1e-3, True, False), inputs=((2, 3),))]
ROWS += [
    Layer("LocalResponseNorm", (size, *rest), inputs=(shape,))
    for size, shape in [(1, (2, 3, 2)), (2, (1, 5, 3)), (3, (2, 5, 2, 2)), (7, (1, 4, 1, 2, 2))]
    for rest in [(), (0.5, 0.6, 2.0)]
]
# Far from zero mean and unit variance
ROWS += [
    Layer("BatchNorm1d", (2,), inputs=(uniform((6, 2), 90, 110),)),
    Layer("LayerNorm", (6,), inputs=(uniform((2, 6), 90, 110),)),
]
