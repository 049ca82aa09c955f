"""The Kullback-Leibler divergence between two distributions of one kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .bernoulli import Bernoulli
from .categorical import Categorical
from .distribution import Distribution
from .multivariate_normal import MultivariateNormal, _whitened
from .normal import Normal

__all__ = ["kl_divergence"]


def kl_divergence(p: Distribution, q: Distribution) -> Any:
    """The mean of p.log_prob(x) - q.log_prob(x) over draws x from p, in nats.

    Exact, of shape batch_shape; it is 0 for two that are the same, and infinite if p can draw what
    q cannot.

    Parameters
    ----------
    p, q
        two of Normal, two of Categorical, ..., whose batch shapes broadcast.

    Raises
    ------
    TypeError
        they are not of one kind.
    ValueError
        their shapes do not fit.

    Examples
    --------
    >>> from nn.distributions import Normal, kl_divergence
    >>> kl_divergence(Normal(1.0, 1.0), Normal(0.0, 1.0)).item()
    0.5
    """
    kinds = [kind for kind in _FORMULAS if isinstance(p, kind) and isinstance(q, kind)]
    if not kinds:
        names = type(p).__name__, type(q).__name__
        raise TypeError(
            f"kl_divergence: got {names[0]} and {names[1]}, expected two of one kind. An estimate "
            "for others: x = p.sample(1000), then (p.log_prob(x) - q.log_prob(x)).mean(axis=0)"
        )
    try:
        np.broadcast_shapes(p.batch_shape, q.batch_shape)
        fits = p.event_shape == q.event_shape and _classes(p) == _classes(q)
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"kl_divergence: the shapes do not fit: {p} and {q}")
    return _FORMULAS[kinds[0]](p, q)


def _classes(d: Any) -> Any:
    return d._x.shape[-1] if isinstance(d, Categorical) else None


def _normal(p: Any, q: Any) -> Any:
    """(v - 1 - log v + d²) / 2, where v = (s_p / s_q)² and d = (m_p - m_q) / s_q."""
    v = (p.stddev / q.stddev) ** 2
    return 0.5 * (v - 1 - np.log(v) + ((p.mean - q.mean) / q.stddev) ** 2)


def _categorical(p: Any, q: Any) -> Any:
    """sum(p log p - p log q)."""
    return (p._expected(p) - p._expected(q)).sum(axis=-1)


def _bernoulli(p: Any, q: Any) -> Any:
    return _categorical(p._pair(), q._pair())


def _multivariate_normal(p: Any, q: Any) -> Any:
    """(|L_q⁻¹ L_p|² + |L_q⁻¹ (m_p - m_q)|² - n) / 2 + log(det(L_q) / det(L_p))."""
    ratio = np.linalg.solve(q.scale_tril, p.scale_tril)
    far = _whitened(q.scale_tril, p.mean - q.mean)
    total = (ratio**2).sum(axis=(-2, -1)) + (far**2).sum(axis=-1) - p.event_shape[0]
    return 0.5 * total + q._half_log_det() - p._half_log_det()


_FORMULAS: dict[type[Distribution], Callable[[Any, Any], Any]] = {
    Normal: _normal,
    Bernoulli: _bernoulli,
    Categorical: _categorical,
    MultivariateNormal: _multivariate_normal,
}
