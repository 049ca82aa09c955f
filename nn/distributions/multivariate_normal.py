"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import stop_gradient

from ..random import generator as _generator
from .categorical import one_of
from .distribution import Distribution, Rng, Shape, fitting, parameters, refuse_unless

__all__ = ["MultivariateNormal"]


class MultivariateNormal(Distribution):
    """N(loc, covariance), of vectors of length n.

    log density = -(x - loc)ᵀ covariance⁻¹ (x - loc) / 2 - log(det(covariance)) / 2
    - n log(2 pi) / 2

    Parameters
    ----------
    loc
        the mean, (..., n).
    covariance_matrix
        (..., n, n), symmetric and positive definite.
    precision_matrix
        in place of it, its inverse.
    scale_tril
        in place of both, the lower triangle L with L @ Lᵀ the covariance, above 0 on its diagonal:
        the cheapest, and what to train.

    Raises
    ------
    ValueError
        not one of the three matrices is given; it is not symmetric, or not positive definite, or
        not a lower triangle; the shapes do not fit.

    Examples
    --------
    >>> import numpy as np, nn
    >>> cov = np.array([[2.0, 1.0], [1.0, 2.0]])
    >>> d = nn.distributions.MultivariateNormal(np.zeros(2), cov)
    >>> d.sample(3, generator=0).shape
    (3, 2)
    >>> d.log_prob(np.zeros(2)).round(4)        # -log(2 pi) - log(3) / 2
    np.float64(-2.3872)
    """

    has_rsample = True

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
    ) -> None:
        who = "MultivariateNormal"
        name, m = one_of(
            who,
            {
                "covariance_matrix": covariance_matrix,
                "precision_matrix": precision_matrix,
                "scale_tril": scale_tril,
            },
        )
        loc, m = parameters(who, **{"loc": loc, name: m})
        if loc.ndim < 1 or m.ndim < 2 or m.shape[-2:] != (loc.shape[-1],) * 2:
            raise ValueError(
                f"{who}: got loc of shape {loc.shape} and {name} of shape {m.shape}, expected "
                "(..., n) and (..., n, n)"
            )
        array = np.asarray(stop_gradient(m))
        if name == "scale_tril":
            refuse_unless(
                np.equal, who, name, array, np.tril(array), "a lower triangle, as np.tril(x)"
            )
            diagonal = np.diagonal(array, axis1=-2, axis2=-1)
            refuse_unless(np.greater, who, f"the diagonal of {name}", diagonal, 0, "above 0")
            self.scale_tril = np.tril(m)  # so that no gradient leads out of the triangle
        else:
            scale = np.abs(array).max(initial=0.0)
            if np.abs(array - array.mT).max(initial=0.0) > 1e-5 * scale:
                raise ValueError(f"{who}: {name} is not symmetric; write (a + a.mT) / 2")
            try:
                self.scale_tril = _lower(m, inverse=name == "precision_matrix")
            except np.linalg.LinAlgError:
                low = np.linalg.eigvalsh(array.astype(np.float64)).min()
                raise ValueError(
                    f"{who}: {name} is not positive definite, its smallest eigenvalue is "
                    f"{low:.3g}; add a small multiple of np.eye(n), or give scale_tril="
                ) from None
        self.loc = loc
        try:
            super().__init__(np.broadcast_shapes(loc.shape[:-1], m.shape[:-2]), loc.shape[-1:])
        except ValueError:
            raise ValueError(
                f"{who}: got loc of shape {loc.shape} and {name} of shape {m.shape}, whose leading "
                "axes do not broadcast"
            ) from None

    @property
    def mean(self) -> Any:
        """The mean, (*batch_shape, n)."""
        return np.broadcast_to(self.loc, (*self.batch_shape, *self.event_shape))

    @property
    def mode(self) -> Any:
        """The same: where the density is largest."""
        return self.mean

    @property
    def covariance_matrix(self) -> Any:
        """L @ Lᵀ, (*batch_shape, n, n)."""
        c = self.scale_tril @ np.swapaxes(self.scale_tril, -1, -2)
        return np.broadcast_to(c, (*self.batch_shape, *c.shape[-2:]))

    @property
    def precision_matrix(self) -> Any:
        """The inverse of the covariance."""
        return np.linalg.inv(self.covariance_matrix)

    @property
    def variance(self) -> Any:
        """The variance of each number of the vectors, (*batch_shape, n)."""
        return np.broadcast_to((self.scale_tril**2).sum(axis=-1), self.mean.shape)

    def rsample(self, sample_shape: Shape = (), *, generator: Rng = None) -> Any:
        """loc + L @ noise, of shape (*sample_shape, *batch_shape, n)."""
        noise = _generator(generator).standard_normal((*self._shape(sample_shape), 1))
        return self.loc + (self.scale_tril @ noise.astype(self.loc.dtype))[..., 0]

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density at `value`, (..., n)."""
        far = _whitened(self.scale_tril, fitting(self, value, self.loc.dtype) - self.loc)
        return -0.5 * (far**2).sum(axis=-1) - self._half_log_det() - 0.5 * self._log_2pi()

    def entropy(self) -> Any:
        """log(det(covariance)) / 2 + n (1 + log(2 pi)) / 2."""
        h = self._half_log_det() + 0.5 * (self.event_shape[0] + self._log_2pi())
        return np.broadcast_to(h, self.batch_shape)

    def _log_2pi(self) -> float:
        return self.event_shape[0] * math.log(2 * math.pi)

    def _half_log_det(self) -> Any:
        """log(det(covariance)) / 2."""
        return np.log(np.diagonal(self.scale_tril, axis1=-2, axis2=-1)).sum(axis=-1)


def _whitened(lower: Any, x: Any) -> Any:
    """L⁻¹ x, of vectors along the last axis."""
    return np.linalg.solve(lower, x[..., None])[..., 0]


def _lower(m: Any, inverse: bool) -> Any:
    """The lower triangle L with L @ Lᵀ = m, or its inverse."""
    if not inverse:
        return np.linalg.cholesky(m)
    # Read backwards, m = U @ Uᵀ with U an upper triangle, and the inverse is U⁻ᵀ @ U⁻¹.
    upper = np.flip(np.linalg.cholesky(np.flip(m, (-2, -1))), (-2, -1))
    return np.tril(np.linalg.inv(np.swapaxes(upper, -1, -2)))
