"""Linear layers and those that only move numbers about."""

from .base import Layer

ROWS = [
    Layer("Identity"),
    Layer("Linear", (3, 4)),
    Layer("Linear", (3, 4), {"bias": False}, inputs=((2, 5, 3),)),
    Layer("Linear", (3, 1), inputs=((3,),)),
    Layer("Linear", (1, 1, False), inputs=((1, 1),)),
    Layer("Linear", (), {"in_features": 2, "out_features": 5}, inputs=((1, 3, 1, 2),)),
    Layer("Linear", (2, 3), inputs=((0, 2),)),
    Layer("Bilinear", (3, 2, 4), inputs=((5, 3), (5, 2))),
    Layer("Bilinear", (2, 3, 2), {"bias": False}, inputs=((2, 3, 2), (2, 3, 3))),
    Layer("Bilinear", (1, 2, 1), inputs=((1, 1), (1, 2))),
    Layer("Bilinear", (3, 2, 2), inputs=((3,), (2,))),
    Layer("Flatten", inputs=((2, 3, 4),)),
    Layer("Flatten", (0, 1), inputs=((2, 3, 4),)),
    Layer("Flatten", (-2,), inputs=((2, 3, 2, 2),)),
    Layer("Flatten", inputs=((1, 3),)),
    Layer("Unflatten", (1, (2, 3)), inputs=((4, 6),)),
    Layer("Unflatten", (-1, (2, -1)), inputs=((2, 1, 6),)),
    Layer("Unflatten", (0, (3, 1, 2)), inputs=((6,),)),
    Layer("Unflatten", (-2, (-1,)), inputs=((1, 4, 2),)),
]
