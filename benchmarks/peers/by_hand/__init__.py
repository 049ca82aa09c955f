"""The rows in NumPy by hand: forward, backward and optimizer in a straight line, buffers reused.

No library for gradients has a part in it, ours neither: this is how fast NumPy is, and the losses
are an independent check of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...rows import Problem
from . import dense, gpt, graphs, images, lstm, twice

ROWS: dict[str, Callable[[Problem, str], Callable[[], Any]]] = {
    "scalars": graphs.scalars,
    "chain-small": graphs.chain,
    "chain-large": graphs.chain,
    "toy": dense.toy,
    "seed": dense.seed,
    "mlp": dense.mlp,
    "wide": dense.mlp,
    "vae": dense.vae,
    "squared-norm": twice.squared_norm,
    "cnn": images.cnn,
    "resnet": images.resnet,
    "lstm": lstm.lstm,
    "gpt": gpt.gpt,
}
