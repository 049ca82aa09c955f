"""Half precision: what adds up or counts does so in float32, and its result is float16.

Each row, on numbers that make sums and counts overflow (beyond 65504) or stand still (beyond 2048),
agrees with the same function of the same numbers in float64.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
import nn.functional as F
from autograd import Tensor
from nn.inputs import door

N = 70_000


def normal(*shape: int, scale: float = 1.0) -> np.ndarray:
    return (np.random.default_rng(0).standard_normal(shape) * scale).astype(np.float16)


def uniform(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0.1, 0.9, shape).astype(np.float16)


def labels(high: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, high, shape)


def signs(*shape: int) -> np.ndarray:
    return 2 * labels(2, *shape) - 1


ONES = np.ones(N, np.float16)
GREAT = normal(N, scale=100)
LOGITS = normal(3, N, scale=0.1)
WEIGHT = normal(4, 6)

# By name: the function, and its inputs; those of float16 have a gradient.
ROWS: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    # losses: more terms than 65504, or terms whose squares are larger
    "mse_loss": (F.mse_loss, [GREAT, ONES]),
    "mse_loss weight": (lambda x, y, w: F.mse_loss(x, y, weight=w), [GREAT, ONES, uniform(N)]),
    "mse_loss sum": (lambda x, y: F.mse_loss(x, y, "sum"), [normal(9000), normal(9000) + 1]),
    "l1_loss": (F.l1_loss, [GREAT, ONES]),
    "huber_loss": (F.huber_loss, [GREAT, ONES]),
    "smooth_l1_loss": (F.smooth_l1_loss, [GREAT, ONES]),
    "poisson_nll_loss": (F.poisson_nll_loss, [normal(N), labels(5, N)]),
    "gaussian_nll_loss": (F.gaussian_nll_loss, [GREAT, ONES, uniform(N) * 30]),
    "kl_div": (F.kl_div, [normal(N), uniform(N)]),
    "kl_div batchmean": (lambda x, y: F.kl_div(x, y, "batchmean"), [normal(N, 2), uniform(N, 2)]),
    "bce": (F.binary_cross_entropy, [uniform(N), uniform(N)]),
    "bce_with_logits": (F.binary_cross_entropy_with_logits, [GREAT, uniform(N)]),
    "bce_with_logits weight": (
        F.binary_cross_entropy_with_logits,
        [normal(N), uniform(N), uniform(N)],
    ),
    "cross_entropy of many rows": (F.cross_entropy, [normal(N, 3), labels(3, N)]),
    "cross_entropy of many classes": (F.cross_entropy, [LOGITS, labels(N, 3)]),
    "cross_entropy weight": (
        lambda x, y: F.cross_entropy(x, y, weight=np.array([1, 2, 3], np.float16)),
        [normal(N, 3), labels(3, N)],
    ),
    "cross_entropy smooth": (
        lambda x, y: F.cross_entropy(x, y, label_smoothing=0.1),
        [normal(N, 3), labels(3, N)],
    ),
    "cross_entropy probabilities": (F.cross_entropy, [normal(N, 3), uniform(N, 3)]),
    "nll_loss": (F.nll_loss, [normal(N, 3), labels(3, N)]),
    "hinge_embedding_loss": (F.hinge_embedding_loss, [GREAT, signs(N)]),
    "soft_margin_loss": (F.soft_margin_loss, [GREAT, signs(N)]),
    "multi_margin_loss": (F.multi_margin_loss, [normal(N, 3, scale=10), labels(3, N)]),
    "multi_margin_loss of many classes": (F.multi_margin_loss, [LOGITS, labels(N, 3)]),
    "multilabel_margin_loss": (
        F.multilabel_margin_loss,
        [LOGITS, np.where(np.arange(N) < 2, np.arange(N), -1) + np.zeros((3, 1), int)],
    ),
    "multilabel_soft_margin_loss": (
        F.multilabel_soft_margin_loss,
        [normal(3, N, scale=100), uniform(3, N)],
    ),
    "margin_ranking_loss": (F.margin_ranking_loss, [GREAT, ONES, signs(N)]),
    "cosine_embedding_loss": (
        F.cosine_embedding_loss,
        [normal(3, 999, scale=99), normal(3, 999, scale=99) + 50, signs(3)],
    ),
    "triplet_margin_loss": (
        F.triplet_margin_loss,
        [normal(3, 999, scale=99), normal(3, 999) + 1, normal(3, 999) - 40],
    ),
    "ctc_loss": (
        lambda x: F.ctc_loss(F.log_softmax(x, -1), labels(9, 2, 5) + 1, [700] * 2, [5] * 2),
        [normal(700, 2, 10)],
    ),
    # over many classes
    "softmax": (lambda x: F.softmax(x) * 10_000, [LOGITS]),
    "softmin": (lambda x: F.softmin(x) * 10_000, [LOGITS]),
    "log_softmax": (F.log_softmax, [LOGITS]),
    "logsumexp": (F.logsumexp, [LOGITS]),
    # norms and distances
    "normalize": (F.normalize, [normal(3, 999, scale=99)]),
    "cosine_similarity": (
        F.cosine_similarity,
        [normal(3, 999, scale=99), normal(3, 999, scale=99) + 50],
    ),
    "pairwise_distance": (F.pairwise_distance, [normal(3, 999, scale=99), normal(3, 999)]),
    # pooling
    "avg_pool1d": (lambda x: F.avg_pool1d(x, 1000), [normal(1, 1, 3000) + 100]),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 270), [normal(1, 1, 270, 270) + 9]),
    "adaptive_avg_pool1d": (lambda x: F.adaptive_avg_pool1d(x, 1), [normal(1, 1, 2000) + 100]),
    "adaptive_avg_pool2d": (lambda x: F.adaptive_avg_pool2d(x, 3), [normal(1, 1, 99, 99) + 99]),
    "lp_pool1d": (lambda x: F.lp_pool1d(x, 2, 300), [normal(1, 1, 600, scale=99)]),
    "AvgPool1d": (lambda x: nn.AvgPool1d(1000)(x), [normal(1, 1, 3000) + 100]),
    "AdaptiveAvgPool1d": (lambda x: nn.AdaptiveAvgPool1d(1)(x), [normal(1, 1, 2000) + 100]),
    "interpolate area": (
        lambda x: F.interpolate(x, 2, mode="area"),
        [normal(1, 1, 2000) + 100],
    ),
    # normalization
    "layer_norm": (
        lambda x, w, b: F.layer_norm(x, 5000, w, b),
        [normal(2, 5000, scale=300) + 99, uniform(5000), uniform(5000)],
    ),
    "rms_norm": (lambda x: F.rms_norm(x, 5000, eps=1e-3), [normal(2, 5000, scale=300)]),
    "group_norm": (lambda x: F.group_norm(x, 2), [normal(2, 4, 3000, scale=300) + 99]),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True),
        [normal(9000, 2, 8, scale=30) + 99, uniform(2), uniform(2)],
    ),
    "batch_norm with statistics": (
        lambda x, w: F.batch_norm(x, np.array([99.0, 50.0], "e"), np.array([900.0, 9], "e"), w),
        [normal(9000, 2, scale=30) + 99, uniform(2)],
    ),
    "instance_norm": (F.instance_norm, [normal(2, 2, 9000, scale=30) + 99]),
    "local_response_norm": (
        lambda x: F.local_response_norm(x, 5, 1e-2),
        [normal(2, 9, 4, scale=300)],
    ),
    # attention
    "attention": (
        F.scaled_dot_product_attention,
        [normal(2, 4), normal(N, 4), normal(N, 4) + 3],
    ),
    "MultiheadAttention": (
        lambda q, k: HEADS[q.dtype == np.float64](q, k, k, need_weights=True)[0],
        [normal(2, 4), normal(N, 4) + 3],
    ),
    # sums over a batch
    "linear": (F.linear, [normal(9000, 6) + 1, WEIGHT, normal(4)]),
    "conv1d": (F.conv1d, [normal(40, 2, 1000) + 1, normal(3, 2, 3), normal(3)]),
    "conv1d bias": (F.conv1d, [normal(9000, 2, 1), normal(3, 2, 1), normal(3)]),
    "conv_transpose1d bias": (F.conv_transpose1d, [normal(9000, 2, 1), normal(2, 3, 1), normal(3)]),
    "bilinear": (F.bilinear, [uniform(9000, 3), uniform(9000, 3), normal(2, 3, 3), normal(2)]),
    "prelu": (F.prelu, [-uniform(9000, 2), uniform(2)]),
    "embedding": (lambda w: F.embedding(labels(2, 9000), w), [normal(2, 3)]),
    "embedding by frequency": (
        lambda w: F.embedding(labels(2, 9000), w, scale_grad_by_freq=True),
        [normal(2, 3)],
    ),
    "embedding_bag": (lambda w: F.embedding_bag(labels(50, 2, N), w), [normal(50, 3) + 1]),
    "RNN": (lambda x: RNNS[x.dtype == np.float64](x)[0], [normal(2, 5000, 3)]),
    # smooth functions of great numbers, whose squares overflow
    "gelu": (lambda x: F.gelu(x, "tanh"), [normal(99, scale=300)]),
    "softsign": (F.softsign, [np.array([300, -400], np.float16)]),
    # penalties
    "l1_penalty": (lambda x: nn.l1_penalty([x, x]), [normal(9000)]),
    "l2_penalty": (lambda x: nn.l2_penalty([x]), [np.array([300], np.float16)]),
}


def both(make: Callable[[], nn.Module]) -> tuple[nn.Module, nn.Module]:
    """A layer in float16, and the same in float64."""
    half = make().astype(np.float16)
    double = make().double()
    double.load_state_dict(half.state_dict())
    return half, double


HEADS = both(lambda: nn.MultiheadAttention(4, 2))
RNNS = both(lambda: nn.RNN(3, 2))


def run(f: Callable[..., Any], inputs: list[Any], dtype: Any) -> tuple[Any, list[Any]]:
    """The result, and the gradients of a weighted sum of it."""
    tensors = [
        Tensor(x, requires_grad=True, dtype=dtype)
        if isinstance(x, np.ndarray) and x.dtype == np.float16
        else x
        for x in inputs
    ]
    y = f(*tensors)
    g = np.random.default_rng(3).uniform(0.5, 1.5, y.shape).astype(np.float16)
    y.backward(g.astype(dtype))
    return y.detach().numpy(), [x.grad for x in tensors if isinstance(x, Tensor)]


@pytest.mark.filterwarnings(
    "ignore:overflow"
)  # beyond 65504 on the way is inf, where that is right
@pytest.mark.parametrize("row", ROWS)
def test_sums_and_counts_of_half_precision(row: str) -> None:
    f, inputs = ROWS[row]
    y, slopes = run(f, inputs, np.float16)
    expected, wanted = run(f, inputs, np.float64)
    assert y.dtype == np.float16
    near = {"rtol": 1e-2, "atol": 2e-3 * abs(expected).max()}
    np.testing.assert_allclose(y, expected, **near)
    for got, want in zip(slopes, wanted, strict=True):
        assert got.dtype == np.float16
        want = want.astype(np.float16).astype(np.float64)
        # 6e-8 is the step of the smallest numbers that there are
        np.testing.assert_allclose(
            got, want, rtol=2e-2, atol=1.2e-7 + 5e-3 * abs(want[np.isfinite(want)]).max(initial=0)
        )


def test_plain_arrays_of_half_precision_stay_plain() -> None:
    for f in (F.softmax, F.logsumexp, lambda x: F.mse_loss(x, x), F.normalize):
        y = f(LOGITS)
        assert isinstance(y, np.ndarray | np.float16)
        assert y.dtype == np.float16


def test_running_statistics_of_half_precision() -> None:
    layer = nn.BatchNorm1d(2).astype(np.float16)
    x = normal(9000, 2, scale=30) + np.float16(99)
    layer(x)
    np.testing.assert_allclose(layer.running_mean, 0.1 * x.mean(0, np.float64), rtol=1e-2)
    np.testing.assert_allclose(
        layer.running_var, 0.9 + 0.1 * x.var(0, np.float64, ddof=1), rtol=1e-2
    )


def test_every_loss_has_a_row() -> None:
    losses = {name for name in F.__all__ if name.endswith("_loss")}
    used = {name.split()[0] for name in ROWS}
    assert losses - used <= {"triplet_margin_with_distance_loss"}
    assert inspect.getdoc(F.mse_loss)  # the door keeps what it stands before


def test_only_what_adds_up_or_counts_is_computed_in_single_precision() -> None:
    seen = []

    def body(x: Any, y: Any, weight: Any = None) -> Any:
        seen.extend(a.dtype for a in (x, y, weight) if a is not None)
        return x + y

    x = np.ones(2, np.float16)
    assert door(body)(x, x, x).dtype == np.float16
    assert seen == [np.float16] * 3
    assert door(wide=True)(body)(x, x, weight=x).dtype == np.float16
    assert seen[3:] == [np.float32] * 3
    assert door(wide=True)(body)(x.astype(np.float64), x).dtype == np.float64
    assert seen[6:] == [np.float64, np.float16]
