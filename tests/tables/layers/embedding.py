"""Embeddings. What is no function of the table alone, such as max_norm, or has a gradient that is
not its derivative, such as padding_idx, is in tests/parity/test_embedding_torch.py."""

import numpy as np

from .base import Layer, integers

BAGS = np.array([0, 2, 2, 5])  # the second is empty, the last is what is left


def bags(mode: str) -> list[Layer]:
    with_end = {"mode": mode, "include_last_offset": True, "padding_idx": 2}
    return [
        Layer("EmbeddingBag", (5, 3), {"mode": mode}, (integers(5, (3, 4)),)),
        Layer("EmbeddingBag", (5, 3), {"mode": mode}, (integers(5, (1, 1)),)),
        Layer("EmbeddingBag", (5, 3), {"mode": mode}, (integers(5, (7,)),), {"offsets": BAGS}),
        Layer("EmbeddingBag", (5, 3), with_end, (integers(5, (5,)),), {"offsets": BAGS}),
    ]


ROWS = [
    Layer("Embedding", (5, 3), inputs=(integers(5, (2, 4)),)),
    Layer("Embedding", (5, 3), inputs=(integers(5, ()),)),
    Layer("Embedding", (1, 1), inputs=(integers(1, (3,)),)),
    Layer("Embedding", (4, 2), inputs=(integers(4, (2, 1, 3)),)),
    Layer("Embedding", (5, 3), {"padding_idx": -5}, inputs=(integers(5, (2, 4), low=1),)),
    Layer("Embedding", (5, 3), {"max_norm": 100.0, "norm_type": 1.0}, inputs=(integers(5, (6,)),)),
    *(bag for mode in ("mean", "sum", "max") for bag in bags(mode)),
    Layer("EmbeddingBag", (5, 3), {"mode": "sum"}, (integers(5, (3, 4)), None, (3, 4))),
]  # fmt: skip
