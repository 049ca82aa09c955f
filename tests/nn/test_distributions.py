"""Distributions against closed forms, sums over all outcomes, integrals and finite differences."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, gradcheck, gradgradcheck
from nn.distributions import (
    Bernoulli,
    Categorical,
    Distribution,
    MultivariateNormal,
    Normal,
    kl_divergence,
)

RNG = np.random.default_rng(0)
LOGITS = RNG.standard_normal((2, 3))
COV = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.3], [0.0, 0.3, 0.7]])
GRID = np.linspace(-12, 12, 4001)


def test_density_integrates_to_one_and_entropy_is_its_mean() -> None:
    normal = Normal(0.3, np.array(1.7))
    density = np.exp(normal.log_prob(GRID))
    step = GRID[1] - GRID[0]
    assert density.sum() * step == pytest.approx(1)
    assert -(density * normal.log_prob(GRID)).sum() * step == pytest.approx(normal.entropy())
    other = Normal(-1.0, np.array(2.0))
    kl = (density * (normal.log_prob(GRID) - other.log_prob(GRID))).sum() * step
    assert kl == pytest.approx(kl_divergence(normal, other))


def outcomes(d: Distribution, classes: int) -> np.ndarray:
    return np.stack([d.log_prob(np.full(d.batch_shape, k)) for k in range(classes)], -1)


@pytest.mark.parametrize(
    ("p", "q", "classes"),
    [
        (Categorical(logits=LOGITS), Categorical(probs=np.array([0.2, 0.3, 0.6])), 3),
        (Categorical(probs=np.array([0.2, 0.0, 0.6])), Categorical(logits=LOGITS), 3),
        (Bernoulli(probs=np.array([0.2, 1.0])), Bernoulli(logits=LOGITS[:, :2]), 2),
        (Bernoulli(logits=np.array([-900.0, 3.0])), Bernoulli(probs=np.array(0.4)), 2),
    ],
)
def test_of_classes_everything_is_a_sum(p: Any, q: Any, classes: int) -> None:
    lp, lq = outcomes(p, classes), outcomes(q, classes)
    w = np.exp(lp)
    np.testing.assert_allclose(w.sum(-1), 1)

    def mean(x: Any) -> Any:
        with np.errstate(invalid="ignore"):
            return np.where(w > 0, w * x, 0).sum(-1)

    np.testing.assert_allclose(p.entropy(), -mean(lp), atol=1e-12)
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(kl_divergence(p, q), mean(lp - lq), atol=1e-12)
    np.testing.assert_allclose(kl_divergence(p, p), 0, atol=1e-12)


def test_what_is_impossible() -> None:
    c = Categorical(probs=Tensor([0.5, 0.0, 0.5], requires_grad=True))
    assert c.log_prob(1).item() == -math.inf
    assert kl_divergence(Categorical(probs=[0.5, 0.1, 0.4]), c).item() == math.inf
    p = Tensor([0.5, 0.0, 0.5], requires_grad=True)
    c = Categorical(probs=p)
    (c.entropy() + kl_divergence(c, Categorical(probs=[0.2, 0.4, 0.4])) + c.log_prob(0)).backward()
    assert np.isfinite(p.grad).all()
    masked = Categorical(logits=Tensor([0.0, -np.inf, 0.0], requires_grad=True))
    assert masked.entropy().item() == pytest.approx(math.log(2))
    assert set(masked.sample(100, generator=0)) == {0, 2}


def test_the_density_of_vectors() -> None:
    loc, x = RNG.standard_normal((2, 4, 3))
    expected = -0.5 * (
        np.einsum("bi,ij,bj->b", x - loc, np.linalg.inv(COV), x - loc)
        + np.log(np.linalg.det(2 * np.pi * COV))
    )
    lower = np.linalg.cholesky(COV)
    for d in (
        MultivariateNormal(loc, COV),
        MultivariateNormal(loc, precision_matrix=np.linalg.inv(COV)),
        MultivariateNormal(loc, scale_tril=lower),
    ):
        np.testing.assert_allclose(d.log_prob(x), expected)
        np.testing.assert_allclose(d.covariance_matrix[0], COV, atol=1e-12)
        np.testing.assert_allclose(d.scale_tril, lower, atol=1e-12)
        assert repr(d) == "MultivariateNormal(batch_shape=(4,), event_shape=(3,))"
    diagonal = MultivariateNormal(loc, np.diag([1.0, 4.0, 9.0]))
    apart = Normal(loc, np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(diagonal.log_prob(x), apart.log_prob(x).sum(-1))
    np.testing.assert_allclose(diagonal.entropy(), apart.entropy().sum(-1))
    np.testing.assert_allclose(
        kl_divergence(MultivariateNormal(x, np.eye(3)), diagonal),
        kl_divergence(Normal(x, 1.0), apart).sum(-1),
    )


DIFFERENTIABLE: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "normal": (
        lambda m, s, x: Normal(m, s).log_prob(x),
        (LOGITS, np.abs(LOGITS[0]) + 1, LOGITS + 1),
    ),
    "normal entropy": (lambda s: Normal(0.0, s).entropy(), (np.array([0.5, 2.0]),)),
    "normal kl": (
        lambda m, s, n, t: kl_divergence(Normal(m, s), Normal(n, t)),
        (LOGITS, np.abs(LOGITS) + 1, LOGITS[0] * 2, np.abs(LOGITS[0]) + 0.5),
    ),
    "normal rsample": (
        lambda m, s: Normal(m, s).rsample(3, generator=0),
        (LOGITS[0], LOGITS[0] ** 2),
    ),
    "logits": (lambda x: Categorical(logits=x).log_prob([0, 2]), (LOGITS,)),
    "probs": (lambda x: Categorical(probs=x).log_prob([[0], [2]]), (np.abs(LOGITS),)),
    "class entropy": (lambda x: Categorical(logits=x).entropy(), (LOGITS,)),
    "class kl": (
        lambda x, y: kl_divergence(Categorical(logits=x), Categorical(probs=y)),
        (LOGITS, np.abs(LOGITS[0])),
    ),
    "coin": (lambda x: Bernoulli(logits=x).log_prob([1, 0, 1]), (LOGITS,)),
    "coin kl": (
        lambda x, y: kl_divergence(Bernoulli(probs=x), Bernoulli(logits=y)),
        (np.array([0.2, 0.5, 0.9]), LOGITS),
    ),
    "coin entropy": (lambda x: Bernoulli(probs=x).entropy(), (np.array([0.2, 0.5, 0.9]),)),
    "vectors": (
        lambda m, a, x: MultivariateNormal(m, a @ a.mT + np.eye(3)).log_prob(x),
        (LOGITS[0], COV, LOGITS),
    ),
    "precision": (
        lambda a, x: MultivariateNormal(np.zeros(3), precision_matrix=a @ a.mT).log_prob(x),
        (COV, LOGITS),
    ),
    "vectors kl": (
        lambda m, a, b: kl_divergence(
            MultivariateNormal(m, scale_tril=np.tril(a)), MultivariateNormal(np.ones(3), b @ b.mT)
        ),
        (LOGITS[0], COV, COV + np.eye(3)),
    ),
    "vectors rsample": (
        lambda m, a: MultivariateNormal(m, scale_tril=np.tril(a)).rsample((2,), generator=0),
        (LOGITS, COV),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients(name: str) -> None:
    f, inputs = DIFFERENTIABLE[name]
    assert gradcheck(f, *inputs)
    assert gradgradcheck(f, *inputs)


@pytest.mark.parametrize(
    ("d", "mean", "cov"),
    [
        (Normal([1.0, -2.0], [0.5, 2.0]), [1, -2], np.diag([0.25, 4])),
        (Bernoulli(probs=[0.2, 0.7]), [0.2, 0.7], np.diag([0.16, 0.21])),
        (MultivariateNormal(np.ones(3), COV), np.ones(3), COV),
    ],
)
def test_samples_have_the_moments(d: Any, mean: Any, cov: Any) -> None:
    x = d.sample((100, 200), generator=0)
    assert type(x) is np.ndarray
    rows = x.reshape(20_000, -1)
    np.testing.assert_allclose(rows.mean(0), mean, atol=0.05)
    np.testing.assert_allclose(np.cov(rows.T), cov, atol=0.08)
    np.testing.assert_allclose(d.mean, mean, atol=1e-6)
    np.testing.assert_allclose(d.variance, np.diag(cov), atol=1e-6)


def test_classes_come_as_often_as_they_should() -> None:
    p = np.array([[0.1, 0.2, 0.7], [0.0, 1.0, 0.0]])
    drawn = Categorical(probs=3 * p).sample(20_000, generator=0)
    assert drawn.shape == (20_000, 2)
    counts = np.stack([np.bincount(column, minlength=3) for column in drawn.T])
    np.testing.assert_allclose(counts / 20_000, p, atol=0.01)


def test_draws_follow_the_generator() -> None:
    for d in (Normal(0.0, 1.0), Bernoulli(0.5), Categorical(np.ones(50)),
              MultivariateNormal(np.zeros(2), np.eye(2))):  # fmt: skip
        nn.manual_seed(3)
        first = d.sample(20)
        assert (d.sample(20) != first).any()
        nn.manual_seed(3)
        np.testing.assert_array_equal(d.sample(20), first)
        np.testing.assert_array_equal(d.sample(9, generator=1), d.sample(9, generator=1))


def test_gradients_go_through_rsample_and_not_through_sample() -> None:
    w = Tensor(0.0, requires_grad=True)
    assert isinstance(Normal(w, 1.0).rsample(), Tensor)
    assert type(Normal(w, 1.0).sample()) is np.ndarray
    for d in (Bernoulli(0.5), Categorical([1.0, 2.0])):
        assert not d.has_rsample
        with pytest.raises(NotImplementedError, match="log_prob"):
            d.rsample()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtypes(dtype: str) -> None:
    a = np.array([0.25, 0.75], dtype)
    t = Tensor(a, requires_grad=True)
    m = MultivariateNormal(t, np.eye(2, dtype=dtype))
    ds: list[tuple[Distribution, Any]] = [
        (Normal(t, 1.0), [1, 2]), (Bernoulli(t), [1, 0]), (Bernoulli(logits=t), [1, 0]),
        (Categorical(t), 1), (Categorical(logits=t), 1), (m, [1, 2]),
    ]  # fmt: skip
    for d, value in ds:
        assert d.log_prob(value).dtype == d.entropy().dtype == kl_divergence(d, d).dtype == dtype
        if not isinstance(d, Categorical):
            assert d.sample().dtype == dtype
    assert Normal(0, 1).log_prob(0).dtype == np.float32  # of numbers: the default


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Normal(0.0, [1.0, -2.0]), r"got -2 at \[1\] for scale.*np\.exp"),
        (lambda: Normal(np.nan, 1.0), "got nan for loc"),
        (lambda: Normal(np.zeros(2), np.ones(3)), "do not broadcast"),
        (lambda: Bernoulli(2.0), "got 2 for probs.*logits="),
        (lambda: Bernoulli(), "got none, expected one of probs and logits"),
        (lambda: Bernoulli(0.5, 0.5), "got probs and logits"),
        (lambda: Categorical([0.5, -0.5]), "got -0.5"),
        (lambda: Categorical([[0.0, 0.0]]), "a sum above 0"),
        (lambda: Categorical(0.5), "classes"),
        (lambda: Normal(0.0, np.ones(3)).log_prob(np.ones(2)), r"shape \(2,\)"),
        (lambda: Normal(0.0, 1.0).log_prob(np.nan), "got nan for value"),
        (lambda: Categorical([0.5, 0.5]).log_prob(2), "got 2 for value.*0 to 1"),
        (lambda: Categorical([0.5, 0.5]).log_prob(0.5), "got 0.5 for value"),
        (lambda: Bernoulli(0.5).log_prob(0.3), "F.binary_cross_entropy"),
        (lambda: MultivariateNormal(np.zeros(3)), "got none, expected one of"),
        (lambda: MultivariateNormal(np.zeros(3), -COV), "not positive definite.*smallest"),
        (lambda: MultivariateNormal(np.zeros(3), COV + np.eye(3, k=1)), "not symmetric"),
        (lambda: MultivariateNormal(np.zeros(3), scale_tril=COV), "lower triangle"),
        (lambda: MultivariateNormal(np.zeros(3), scale_tril=-np.eye(3)), "above 0"),
        (lambda: MultivariateNormal(np.zeros(2), COV), r"expected \(\.\.\., n\)"),
        (lambda: MultivariateNormal(np.zeros(3), COV).log_prob(np.zeros(1)), r"\(\.\.\., 3\)"),
        (
            lambda: kl_divergence(Categorical([0.5, 0.5]), Categorical([1.0, 1.0, 1.0])),
            "shapes do not fit",
        ),
    ],
)  # fmt: skip
def test_refusals_teach(make: Callable[[], Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make()


def test_kinds_that_do_not_match() -> None:
    with pytest.raises(TypeError, match=r"got Normal and Bernoulli.*An estimate"):
        kl_divergence(Normal(0.0, 1.0), Bernoulli(0.5))
    with pytest.raises(TypeError, match="complex128 for loc"):
        Normal(np.ones(2) * 1j, 1.0)


def test_they_are_pickled_by_their_public_name() -> None:
    d = pickle.loads(pickle.dumps(Normal(1.0, 2.0)))
    assert (type(d), type(d).__module__) == (Normal, "nn.distributions")


def test_the_vae_of_the_models_has_this_divergence() -> None:
    mean, log_var = RNG.standard_normal((2, 5, 3))
    theirs = kl_divergence(Normal(mean, np.exp(log_var / 2)), Normal(0.0, 1.0)).sum(-1)
    np.testing.assert_allclose(nn.models.kl_to_normal(mean, log_var), theirs)
