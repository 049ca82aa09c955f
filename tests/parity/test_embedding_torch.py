"""Embeddings against PyTorch in float64: the settings whose gradient is no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from autograd import Tensor, gradients  # noqa: E402
from nn import functional as F  # noqa: E402

TABLE = np.random.default_rng(0).standard_normal((6, 3))
INDEX = np.array([[0, 2, 2, 5], [1, 2, 0, 3]])
OFFSETS = np.array([0, 3, 3, 7])


def compare(name: str, index: Any, options: dict[str, Any], factors: Any = None) -> None:
    weight, theirs = Tensor(TABLE, requires_grad=True), torch.tensor(TABLE, requires_grad=True)
    xs, ts = [weight], [theirs]
    mine, given = dict(options), {}
    if factors is not None:
        xs.append(Tensor(factors, requires_grad=True))
        ts.append(torch.tensor(factors, requires_grad=True))
        mine["per_sample_weights"], given["per_sample_weights"] = xs[1], ts[1]
    given |= {k: torch.tensor(v) if hasattr(v, "shape") else v for k, v in options.items()}
    for _ in range(2):  # a table that max_norm has changed stays so
        y = getattr(F, name)(index, weight, **mine)
        t = getattr(torch.nn.functional, name)(torch.tensor(index), theirs, **given)
        np.testing.assert_allclose(y.data, t.detach().numpy(), rtol=1e-6)
        np.testing.assert_allclose(weight.data, theirs.detach().numpy(), rtol=1e-6)
        v = np.random.default_rng(1).standard_normal(y.shape)
        got = gradients((y * v).sum(), xs)
        want = torch.autograd.grad((t * torch.tensor(v)).sum(), ts)
        for a, b in zip(got, want, strict=True):
            np.testing.assert_allclose(a, b.numpy(), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding_idx": 2},
        {"padding_idx": -1, "scale_grad_by_freq": True},
        {"scale_grad_by_freq": True},
        {"max_norm": 1.0},
        {"max_norm": 0.5, "norm_type": 1.0, "padding_idx": 0},
        {"max_norm": 0.5, "norm_type": float("inf")},
    ],
    ids=str,
)
def test_embedding(options: dict[str, Any]) -> None:
    compare("embedding", INDEX, options)
    compare("embedding", INDEX[0], options)


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"padding_idx": 2},
        {"padding_idx": -6, "max_norm": 0.7},
        {"max_norm": 0.5, "norm_type": 1.0},
    ],
    ids=str,
)
def test_embedding_bag(mode: str, options: dict[str, Any]) -> None:
    options = options | {"mode": mode}
    compare("embedding_bag", INDEX, options)
    flat = INDEX.reshape(-1)
    compare("embedding_bag", flat, options | {"offsets": OFFSETS})
    ends = np.append(OFFSETS, 8)
    compare("embedding_bag", flat, options | {"offsets": ends, "include_last_offset": True})


@pytest.mark.parametrize("options", [{}, {"padding_idx": 2}], ids=str)
def test_factors(options: dict[str, Any]) -> None:
    factors = np.random.default_rng(2).standard_normal(INDEX.shape)
    compare("embedding_bag", INDEX, options | {"mode": "sum"}, factors)
    flat = options | {"mode": "sum", "offsets": OFFSETS}
    compare("embedding_bag", INDEX.reshape(-1), flat, factors.reshape(-1))
