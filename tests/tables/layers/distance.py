"""Similarity and distance of pairs of vectors."""

from .base import Layer

# For vectors shorter than eps, whose gradient is not PyTorch's, see
# tests/nn/layers/test_distance.py.

ROWS = [
    Layer("CosineSimilarity", inputs=((2, 3), (2, 3))),
    Layer("CosineSimilarity", (-1,), inputs=((2, 1, 3), (4, 3))),
    Layer("CosineSimilarity", (0,), inputs=((3,), (3,))),
    Layer("CosineSimilarity", (), inputs=((2, 3, 2), (1, 3, 2))),
    Layer("CosineSimilarity", (1, 0.01), inputs=((1, 5), (3, 5))),
    Layer("CosineSimilarity", (), {"eps": 0.01}, inputs=((1, 5), (1, 5))),
    Layer("PairwiseDistance", inputs=((2, 3), (2, 3))),
    Layer("PairwiseDistance", inputs=((3,), (3,))),
    Layer("PairwiseDistance", (1.0,), inputs=((2, 3), (2, 3)), smooth=False),
    Layer("PairwiseDistance", (3.0, 0.1), inputs=((2, 3), (1, 3))),
    Layer("PairwiseDistance", (1.5,), inputs=((1, 4), (1, 4))),
    Layer("PairwiseDistance", (float("inf"),), inputs=((2, 3), (2, 3)), smooth=False),
    Layer(
        "PairwiseDistance",
        (2.0, 1e-3),
        {"keepdims": True},
        inputs=((2, 2, 3), (3,)),
        torch={"p": 2.0, "eps": 1e-3, "keepdim": True},
    ),
]
