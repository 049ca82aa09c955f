"""Padding layers."""

import itertools

from .base import Layer, Shape

SHAPES: dict[int, list[Shape]] = {
    1: [(2, 3, 4), (1, 5)],
    2: [(2, 3, 4, 3), (1, 4, 3)],
    3: [(1, 2, 3, 2, 4), (1, 3, 2, 3)],
}
PADS: dict[int, list[int | tuple[int, ...]]] = {
    1: [1, (0, 3), (-1, 2)],
    2: [1, (2, 0, 1, 3), (-1, 0, 0, 1)],
    3: [1, (2, 0, 1, 1, 0, 2), (1, -2, -1, 1, 0, -1)],
}

ROWS = [
    Layer(f"{kind}Pad{n}d", (pad, *value), inputs=(shape,))
    for n in SHAPES
    for (kind, value) in [
        ("Zero", ()),
        ("Constant", (2.5,)),
        ("Reflection", ()),
        ("Replication", ()),
        ("Circular", ()),
    ]
    for shape, pad in itertools.product(SHAPES[n], PADS[n])
    if kind != "Reflection" or min(shape[-n:]) > 2 or pad == 1
]
ROWS += [Layer("ConstantPad2d", ((1, 2, 0, 1), -1.0), inputs=((2, 3),))]
