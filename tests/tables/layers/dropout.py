"""Dropout, where nothing is drawn: in evaluation, and with probability 0 or 1."""

from .base import Layer

ROWS = [
    Layer(name, (p,), inputs=(shape,), train=train)
    for name, shape in [
        ("Dropout", (2, 3)),
        ("Dropout1d", (2, 3, 2)),
        ("Dropout1d", (3, 2)),
        ("Dropout2d", (1, 3, 2, 2)),
        ("Dropout3d", (2, 2, 1, 2, 2)),
        ("Dropout3d", (2, 1, 2, 2)),
        ("AlphaDropout", (3, 2)),
        ("FeatureAlphaDropout", (2, 3, 2)),
    ]
    for p, train in [(0.5, False), (0.0, True), (1.0, True)]
]
