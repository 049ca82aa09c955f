"""Losses against PyTorch, where the table of layers does not reach: weights, CTC by logits, kinks,
and the order of the functions' arguments."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import nn  # noqa: E402
import nn.functional as F  # noqa: E402
from autograd import Tensor, gradients  # noqa: E402

TF = torch.nn.functional
REDUCTIONS = ["mean", "sum", "none"]
RNG = np.random.default_rng(0)


def same(
    ours: Callable[..., Any], theirs: Callable[..., Any], *arrays: np.ndarray, rtol: float = 1e-6
) -> None:
    """Equal values and gradients, by each of the arrays."""
    xs = [Tensor(a, requires_grad=True) for a in arrays]
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        out, expected = ours(*xs), theirs(*ts)
    assert out.shape == tuple(expected.shape)
    np.testing.assert_allclose(out.detach(), expected.detach(), rtol=rtol, atol=1e-12)
    v = RNG.standard_normal(out.shape)
    got = gradients((out * v).sum(), xs)
    want = torch.autograd.grad((expected * torch.tensor(v)).sum(), ts)
    for g, w in zip(got, want, strict=True):
        np.testing.assert_allclose(g, w, rtol=rtol, atol=1e-9)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    ("name", "shape", "labels", "options"),
    [
        ("CrossEntropyLoss", (6, 4), (6,), {}),
        ("CrossEntropyLoss", (6, 4), (6,), {"label_smoothing": 0.2, "ignore_index": 1}),
        ("CrossEntropyLoss", (2, 4, 3), (2, 3), {"label_smoothing": 0.2}),
        ("CrossEntropyLoss", (6, 4), None, {"label_smoothing": 0.2}),
        ("NLLLoss", (6, 4), (6,), {"ignore_index": 2}),
        ("NLLLoss", (2, 4, 3), (2, 3), {}),
        ("MultiMarginLoss", (6, 4), (6,), {}),
        ("MultiMarginLoss", (4,), (), {"p": 2, "margin": 0.5}),
        ("MultiLabelSoftMarginLoss", (6, 4), None, {}),
        ("BCEWithLogitsLoss", (6, 4), None, {"pos_weight": np.array([1.0, 2, 0.5, 3])}),
        ("BCEWithLogitsLoss", (6, 4), None, {}),
        ("BCELoss", (6, 4), None, {}),
    ],
)
def test_weights(
    name: str, shape: tuple[int, ...], labels: Any, options: dict[str, Any], reduction: str
) -> None:
    weight = np.array([0.5, 1.0, 2.0, 3.0])
    options = {"weight": weight, "reduction": reduction, **options}
    y = RNG.random(shape) if labels is None else RNG.integers(0, 4, labels)
    x = RNG.random(shape)
    peer = getattr(torch.nn, name)(
        **{k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    )
    layer = getattr(nn, name)(**options)
    same(lambda x: layer(x, y), lambda t: peer(t, torch.tensor(y)), x)


@pytest.mark.parametrize("log_target", [False, True])
def test_the_mean_of_a_divergence(log_target: bool) -> None:
    x, y = RNG.random((2, 3, 4))
    same(
        nn.KLDivLoss(log_target=log_target),
        lambda t, u: TF.kl_div(t, u, log_target=log_target),
        x, y,
    )  # fmt: skip


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("zero_infinity", [False, True])
@pytest.mark.parametrize("in_line", [False, True])
def test_ctc_by_logits(in_line: bool, zero_infinity: bool, reduction: str) -> None:
    for n, n_frames, n_classes, most, blank in [
        (4, 12, 5, 5, 0),
        (1, 3, 2, 1, 1),
        (3, 30, 4, 9, 2),
    ]:
        counts = RNG.integers(0, most + 1, n)
        frames = RNG.integers(2 * counts.max() + 1, n_frames + 1, n)
        targets = RNG.choice([c for c in range(n_classes) if c != blank], (n, most))
        if zero_infinity and n > 1:  # one that cannot be
            counts[0], frames[0] = 3, 2
        if in_line:
            targets = np.concatenate([row[:k] for row, k in zip(targets, counts, strict=True)])
        rest = targets, frames, counts
        layer = nn.CTCLoss(blank, reduction, zero_infinity)
        peer = torch.nn.CTCLoss(blank, reduction, zero_infinity)
        same(
            lambda x, layer=layer, rest=rest: layer(F.log_softmax(x), *rest),
            lambda t, peer=peer, rest=rest: peer(t.log_softmax(-1), *map(torch.tensor, rest)),
            2 * RNG.standard_normal((n_frames, n, n_classes)),
        )


def test_ctc_of_one_sequence() -> None:
    x, y = RNG.standard_normal((7, 4)), np.array([1, 1, 3])
    for length in (np.array(6), 3), (np.array([6]), np.array([3])):
        for r in REDUCTIONS:
            same(
                lambda x, length=length, r=r: F.ctc_loss(F.log_softmax(x), y, *length, 0, r),
                lambda t, length=length, r=r: TF.ctc_loss(
                    t.log_softmax(-1), torch.tensor(y), *map(torch.as_tensor, length), 0, r
                ),
                x,
            )


def kinks() -> list[tuple[str, tuple[np.ndarray, ...], tuple[Any, ...]]]:
    one, zero = np.array([1.0]), np.array([0.0])
    return [
        ("huber_loss", (one, zero), ()),
        ("smooth_l1_loss", (one, zero), ()),
        ("smooth_l1_loss", (one, one), ()),
        ("l1_loss", (one, one), ()),
        ("hinge_embedding_loss", (one,), (np.array([-1]),)),
        ("margin_ranking_loss", (one, one), (np.array([1]),)),
        ("multi_margin_loss", (np.array([[1.0, 0.0]]),), (np.array([0]),)),
        ("multilabel_margin_loss", (np.array([[1.0, 0.0]]),), (np.array([[0, -1]]),)),
        ("cosine_embedding_loss", (np.array([[1.0, 0]]), np.array([[0.0, 2]])), (np.array([-1]),)),
        ("cosine_embedding_loss", (np.zeros((1, 2)), np.ones((1, 2))), (np.array([1]),)),
        ("triplet_margin_loss", (np.zeros((1, 2)), np.zeros((1, 2)), np.zeros((1, 2))), ()),
        ("gaussian_nll_loss", (one, zero, np.array([1e-9])), ()),
    ]


@pytest.mark.parametrize(
    ("name", "arrays", "rest"), kinks(), ids=lambda v: v if isinstance(v, str) else ""
)
def test_kinks(name: str, arrays: tuple[Any, ...], rest: tuple[Any, ...]) -> None:
    same(
        lambda *xs: getattr(F, name)(*xs, *rest),
        lambda *ts: getattr(TF, name)(*ts, *map(torch.tensor, rest)),
        *arrays,
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "huber_loss"])
def test_weights_of_terms(name: str, reduction: str) -> None:
    same(
        lambda x, y, w: getattr(F, name)(x, y, reduction, weight=w),
        lambda x, y, w: getattr(TF, name)(x, y, reduction=reduction, weight=w),
        *(RNG.random((3, 2, 4)) + 0.1),
    )


def signature(f: Any) -> list[tuple[str, Any]]:
    gone = ("size_average", "reduce")
    parameters = inspect.signature(f).parameters.values()
    return [(p.name, p.default) for p in parameters if p.name not in gone]


@pytest.mark.parametrize("name", [n for n in F.__all__ if n.endswith("loss") or n == "kl_div"])
def test_functions_have_pytorch_s_arguments(name: str) -> None:
    ours, theirs = signature(getattr(F, name)), signature(getattr(TF, name))
    assert ours == theirs


@pytest.mark.parametrize("name", [n for n in nn.__all__ if n.endswith("Loss")])
def test_layers_have_pytorch_s_arguments(name: str) -> None:
    assert signature(getattr(nn, name)) == signature(getattr(torch.nn, name))
