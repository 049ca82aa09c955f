"""Distributions against torch.distributions in float64: values, and gradients by parameters."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from autograd import Tensor, gradients  # noqa: E402
from nn import distributions  # noqa: E402

RNG = np.random.default_rng(0)
A = RNG.standard_normal((4, 3))
P = np.abs(A) / (1 + np.abs(A))
COV = np.stack([a @ a.T + np.eye(3) for a in RNG.standard_normal((4, 3, 3))])
LOWER = np.linalg.cholesky(COV)
CLASSES = np.array([0, 2, 1, 1])

# Kind, the parameters of two distributions, a value.
ROWS: list[tuple[str, dict[str, Any], dict[str, Any], Any]] = [
    ("Normal", {"loc": A, "scale": P[0]}, {"loc": A[0], "scale": P + 1}, A * 2),
    ("Bernoulli", {"probs": P}, {"logits": A + 1}, (A > 0) * 1.0),
    ("Bernoulli", {"logits": A}, {"probs": P / 2}, (A > 0) * 1.0),
    ("Categorical", {"probs": P}, {"logits": A}, CLASSES),
    ("Categorical", {"logits": A}, {"probs": P[1]}, CLASSES[:, None]),
    ("MultivariateNormal", {"loc": A, "covariance_matrix": COV},
     {"loc": A[0], "scale_tril": LOWER[1]}, A[1]),
    ("MultivariateNormal", {"loc": A[0], "precision_matrix": COV},
     {"loc": A, "covariance_matrix": COV[::-1].copy()}, A[:, None]),
    ("MultivariateNormal", {"loc": A[0], "scale_tril": LOWER},
     {"loc": A, "precision_matrix": COV[1]}, A),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "given", "other", "value"), ROWS)
def test_values_and_gradients(kind: str, given: Any, other: Any, value: Any) -> None:
    xs = [Tensor(x, requires_grad=True) for x in (*given.values(), *other.values())]
    ts = [torch.tensor(x, requires_grad=True) for x in (*given.values(), *other.values())]
    n = len(given)
    ours, theirs = getattr(distributions, kind), getattr(torch.distributions, kind)
    p, q = ours(**dict(zip(given, xs, strict=False))), ours(**dict(zip(other, xs[n:], strict=True)))
    tp = theirs(**dict(zip(given, ts, strict=False)))
    tq = theirs(**dict(zip(other, ts[n:], strict=True)))
    assert (p.batch_shape, p.event_shape) == (tuple(tp.batch_shape), tuple(tp.event_shape))
    assert p.has_rsample == tp.has_rsample
    results = [
        (p.log_prob(value), tp.log_prob(torch.tensor(value))),
        (p.entropy(), tp.entropy()),
        (distributions.kl_divergence(p, q), torch.distributions.kl_divergence(tp, tq)),
    ]
    names = ["mean", "variance", "mode", "probs", "logits", "stddev", "covariance_matrix",
             "precision_matrix", "scale_tril"]  # fmt: skip
    results += [(getattr(p, n), getattr(tp, n)) for n in names if hasattr(p, n)]
    for mine, their in results:
        a = mine.data if isinstance(mine, Tensor) else mine
        np.testing.assert_allclose(a, their.detach().numpy(), rtol=1e-9, atol=1e-12)
        if not isinstance(mine, Tensor) or not their.requires_grad:
            continue
        v = RNG.standard_normal(mine.shape)
        found = gradients((mine * v).sum(), xs, retain_graph=True)
        expected = torch.autograd.grad(
            (their * torch.tensor(v)).sum(), ts, retain_graph=True, allow_unused=True
        )
        for name, g, e in zip((*given, *other), found, expected, strict=True):
            assert (g is None) == (e is None)
            if g is not None:
                e = e.numpy()
                if name.endswith("_matrix"):  # symmetric: what matters is the sum of two halves
                    g, e = g + g.mT, e + e.mT
                elif name == "scale_tril":  # theirs leads out of the triangle
                    assert (g == np.tril(g)).all()
                    e = np.tril(e)
                np.testing.assert_allclose(g, e, rtol=1e-8, atol=1e-10)


def test_what_is_drawn_has_their_shape_and_dtype() -> None:
    for kind, given, _, _ in ROWS:
        mine = getattr(distributions, kind)(**given)
        ts = {name: torch.tensor(x) for name, x in given.items()}
        theirs = getattr(torch.distributions, kind)(**ts)
        for shape in ((), (5,), (2, 3)):
            drawn, other = mine.sample(shape), theirs.sample(shape).numpy()
            assert (drawn.shape, drawn.dtype) == (other.shape, other.dtype)


@pytest.mark.parametrize("kind", ["Normal", "Bernoulli", "Categorical", "MultivariateNormal"])
def test_arguments_in_their_order(kind: str) -> None:
    mine = list(inspect.signature(getattr(distributions, kind)).parameters)
    theirs = list(inspect.signature(getattr(torch.distributions, kind)).parameters)
    assert [*mine, "validate_args"] == theirs
