"""What is no input is refused alike, by every function and every layer.

Numbers, lists and integers may be taken, as NumPy's functions take them. What is not taken raises
a TypeError, ValueError or IndexError that begins with the name of the function or layer: never a
bare AttributeError, or an error of NumPy's about something inside.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tables.layers import ROWS

import nn
import nn.functional as F
from autograd import Tensor


def x(*shape: int) -> np.ndarray:
    return np.linspace(0.1, 0.9, int(np.prod(shape)), dtype=np.float32).reshape(shape)


LABELS, SIGNS = np.array([0, 1]), np.array([1.0, -1.0], np.float32)
#: Arguments of each function that needs more than one array of shape (2, 4).
CALLS: dict[str, tuple[Any, ...]] = {
    "adaptive_avg_pool1d": (x(2, 3, 4), 2),
    "adaptive_avg_pool2d": (x(2, 3, 4, 4), 2),
    "adaptive_avg_pool3d": (x(2, 3, 4, 4, 4), 2),
    "adaptive_max_pool1d": (x(2, 3, 4), 2),
    "adaptive_max_pool2d": (x(2, 3, 4, 4), 2),
    "adaptive_max_pool3d": (x(2, 3, 4, 4, 4), 2),
    "avg_pool1d": (x(2, 3, 4), 2),
    "avg_pool2d": (x(2, 3, 4, 4), 2),
    "avg_pool3d": (x(2, 3, 4, 4, 4), 2),
    "batch_norm": (x(2, 3, 4), x(3), x(3), x(3), x(3)),
    "bilinear": (x(2, 3), x(2, 4), x(5, 3, 4), x(5)),
    "binary_cross_entropy": (x(2, 4), x(2, 4), x(4)),
    "binary_cross_entropy_with_logits": (x(2, 4), x(2, 4), x(4)),
    "channel_shuffle": (x(2, 4, 3), 2),
    "conv1d": (x(2, 3, 4), x(5, 3, 2), x(5)),
    "conv2d": (x(2, 3, 4, 4), x(5, 3, 2, 2), x(5)),
    "conv3d": (x(2, 3, 4, 4, 4), x(5, 3, 2, 2, 2), x(5)),
    "conv_transpose1d": (x(2, 3, 4), x(3, 5, 2), x(5)),
    "conv_transpose2d": (x(2, 3, 4, 4), x(3, 5, 2, 2), x(5)),
    "conv_transpose3d": (x(2, 3, 4, 4, 4), x(3, 5, 2, 2, 2), x(5)),
    "cosine_embedding_loss": (x(2, 4), x(2, 4), SIGNS),
    "cosine_similarity": (x(2, 4), x(2, 4)),
    "cross_entropy": (x(2, 4), LABELS, x(4)),
    "ctc_loss": (np.log(x(6, 2, 4)), np.array([[1, 2], [2, 3]]), np.array([6, 6]), LABELS + 1),
    "dropout1d": (x(2, 3, 4),),
    "dropout2d": (x(2, 3, 4, 4),),
    "dropout3d": (x(2, 3, 4, 4, 4),),
    "embedding": (LABELS, x(5, 3)),
    "embedding_bag": (LABELS, x(5, 3), np.array([0, 1])),
    "feature_alpha_dropout": (x(2, 3, 4),),
    "fold": (x(2, 4, 4), 3, 2),
    "gaussian_nll_loss": (x(2, 4), x(2, 4), x(2, 4)),
    "group_norm": (x(2, 4, 3), 2, x(4), x(4)),
    "hinge_embedding_loss": (x(2), SIGNS),
    "huber_loss": (x(2, 4), x(2, 4)),
    "instance_norm": (x(2, 3, 4), x(3), x(3), x(3), x(3)),
    "interpolate": (x(2, 3, 4), 2),
    "kl_div": (x(2, 4), x(2, 4)),
    "l1_loss": (x(2, 4), x(2, 4)),
    "layer_norm": (x(2, 4), 4, x(4), x(4)),
    "linear": (x(2, 4), x(3, 4), x(3)),
    "local_response_norm": (x(2, 3, 4), 2),
    "lp_pool1d": (x(2, 3, 4), 2, 2),
    "lp_pool2d": (x(2, 3, 4, 4), 2, 2),
    "lp_pool3d": (x(2, 3, 4, 4, 4), 2, 2),
    "margin_ranking_loss": (x(2), x(2), SIGNS),
    "max_pool1d": (x(2, 3, 4), 2),
    "max_pool2d": (x(2, 3, 4, 4), 2),
    "max_pool3d": (x(2, 3, 4, 4, 4), 2),
    "max_unpool1d": (x(1, 1, 2), np.array([[[1, 3]]]), 2),
    "max_unpool2d": (x(1, 1, 1, 2), np.array([[[[1, 3]]]]), 2),
    "max_unpool3d": (x(1, 1, 1, 1, 2), np.array([[[[[1, 3]]]]]), 2),
    "mse_loss": (x(2, 4), x(2, 4)),
    "multi_margin_loss": (x(2, 4), LABELS),
    "multilabel_margin_loss": (x(2, 4), np.array([[0, 1, -1, -1], [2, -1, -1, -1]])),
    "multilabel_soft_margin_loss": (x(2, 4), x(2, 4), x(4)),
    "nll_loss": (x(2, 4), LABELS, x(4)),
    "one_hot": (LABELS,),
    "pad": (x(2, 4), (1, 1)),
    "pairwise_distance": (x(2, 4), x(2, 4)),
    "pixel_shuffle": (x(1, 4, 2, 2), 2),
    "pixel_unshuffle": (x(1, 1, 4, 4), 2),
    "poisson_nll_loss": (x(2, 4), x(2, 4)),
    "prelu": (x(2, 4), x(4)),
    "rms_norm": (x(2, 4), 4, x(4)),
    "scaled_dot_product_attention": (x(2, 3, 4), x(2, 5, 4), x(2, 5, 4), x(3, 5)),
    "smooth_l1_loss": (x(2, 4), x(2, 4)),
    "soft_margin_loss": (x(2), SIGNS),
    "threshold": (x(2, 4), 0.5, 0.0),
    "triplet_margin_loss": (x(2, 4), x(2, 4), x(2, 4)),
    "triplet_margin_with_distance_loss": (x(2, 4), x(2, 4), x(2, 4)),
    "unflatten": (x(2, 4), 1, (2, 2)),
    "unfold": (x(2, 3, 4, 4), 2),
}

#: Named after what they are made of: an array of the right shape and dtype.
OTHERS: dict[str, Callable[[np.ndarray], Any]] = {
    "None": lambda _: None,
    "a list of floats": lambda _: [1.0, 2.0],
    "a list": lambda a: a.tolist(),
    "a list of lists": lambda _: [[1.0], [1.0, 2.0]],
    "integers": lambda a: a.astype(int),
    "booleans": lambda a: a.astype(bool),
    "a number": lambda _: 0.5,
    "0-d": lambda _: np.float32(0.5),
    "0-d Tensor": lambda _: Tensor(np.float32(0.5)),
    "an axis less": lambda a: a[0] if len(a) else a[..., 0],
    "an axis more": lambda a: a[None],
    "two axes more": lambda a: a[None, None],
    "a Tensor of wrong length": lambda a: Tensor(np.concatenate([a, a], -1)),
    "none": lambda a: a[:0],
    "a string": lambda _: "x",
    "a dict": lambda _: {},
    "strings": lambda a: a.astype(str),
}


def simple(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def check(call: Callable[..., Any], args: list[Any], i: int, other: str, names: set[str]) -> None:
    given = [*args]
    given[i] = OTHERS[other](args[i])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call(*given)
            return  # it is taken
        except (TypeError, ValueError, IndexError) as error:
            text = str(error)
    who = simple(re.split(r"[:(]", text)[0])
    assert who in {simple(name) for name in names}, f"argument {i}: {text}"


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("name", F.__all__)
def test_functions(name: str, other: str) -> None:
    f = getattr(F, name)
    args = [*CALLS.get(name, (x(2, 4),))]
    f(*args)  # is right
    for i, a in enumerate(args):
        if isinstance(a, np.ndarray):
            check(f, args, i, other, {name, f.__name__})


BEHIND = {  # the function that does it, where its name is not that of the class
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "Softmax2d": "softmax",
    "Softmin": "softmax",
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("row", {row.name: row for row in ROWS}.values(), ids=lambda r: r.name)
def test_layers(row: Any, other: str) -> None:
    layer = getattr(nn, row.name)(*row.args, **row.kwargs).train(row.train)
    args = [
        a.astype(np.float32) if hasattr(a, "dtype") and a.dtype.kind == "f" else a
        for a in row.arrays()
    ]
    names = {row.name, row.name.removesuffix("Loss"), BEHIND.get(row.name, row.name)}
    if row.name.startswith("Transformer"):  # the layers inside say it
        names |= {"TransformerEncoderLayer", "TransformerDecoderLayer"}
    for i, a in enumerate(args):
        if row.name.startswith("MaxUnpool") and other == "a list of lists" and i:
            continue
        if isinstance(a, np.ndarray) and a.ndim:
            check(lambda *args: layer(*args, **row.call), args, i, other, names)
