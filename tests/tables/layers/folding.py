"""Windows as columns, and back."""

from .base import Layer

ROWS = [
    Layer("Unfold", (2,), inputs=((2, 2, 3, 4),)),
    Layer("Unfold", ((2, 3), (2, 1), (1, 0), (1, 2)), inputs=((1, 2, 4, 5),)),
    Layer("Unfold", (3,), {"stride": 2, "padding": 1}, inputs=((2, 5, 4),)),
    Layer("Fold", ((3, 4), 2), inputs=((2, 8, 6),)),
    Layer("Fold", ((4, 5), (2, 3), (2, 1), (1, 0), (1, 2)), inputs=((1, 12, 8),)),
    Layer("Fold", (4, 2), {"stride": 2}, inputs=((4, 4),)),
]
