"""Losses of numbers: distances from targets, and the likelihood of what was observed.

All losses take `reduction`: "mean" (over all terms), "sum", or "none" (every term on its own).
Targets take the dtype of the input, so that float64 or integer labels do not make a float32 network
float64. Shapes must be equal: a loss that broadcasts trains on garbage without a word.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import op

from ..inputs import door
from .base import (
    Array,
    Loss,
    LossShapeError,
    check_range,
    first_true,
    in_dtype_of,
    matched_pair,
    reduced,
    reduction_factor,
    scaled_sum,
)

__all__ = [
    "GaussianNLLLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "gaussian_nll_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
]


# ------------------------------------------------------------------------- distances


@door(wide=True)
def mse_loss(
    input: Array, target: Array, reduction: str = "mean", weight: Array | None = None
) -> Any:
    """(input - target)², reduced.

    Parameters
    ----------
    input, target
        the same shape, any.
    weight
        of each term, that shape; the mean divides by the sum of them.

    Raises
    ------
    LossShapeError
        the shapes differ.
    """
    x, y = matched_pair("mse_loss", input, target)
    if weight is not None:
        return _reduced_by_weight("mse_loss", _squared_error(x, y), weight, reduction)
    return _squared_error(x, y, scale=reduction_factor("mse_loss", reduction, x.size))


@op
def _squared_error(x, y, scale=None):
    """Gradient by x: `2 * g * s * (x - y)` where `s = 1 if scale is None else scale`.
    Gradient by y: `-2 * g * s * (x - y)` where `s = 1 if scale is None else scale`.
    """
    d = x - y
    two = 2.0 if scale is None else 2 * scale
    return scaled_sum(d * d, scale), lambda g: (g * two) * d, lambda g: (g * -two) * d


@door(wide=True)
def l1_loss(
    input: Array, target: Array, reduction: str = "mean", weight: Array | None = None
) -> Any:
    """abs(input - target), reduced. The derivative where they are equal is 0.

    Parameters
    ----------
    input, target
        the same shape, any.
    weight
        of each term, that shape; the mean divides by the sum of them.

    Raises
    ------
    LossShapeError
        the shapes differ.
    """
    x, y = matched_pair("l1_loss", input, target)
    if weight is not None:
        return _reduced_by_weight("l1_loss", np.abs(x - y), weight, reduction)
    return reduced("l1_loss", reduction, np.abs(x - y))


def _reduced_by_weight(who: str, terms: Any, weight: Any, reduction: str) -> Any:
    terms, w = matched_pair(who, terms, weight, ("input", "weight"))
    scale = reduction_factor(who, reduction, terms.size)
    return (terms * w).sum() / w.sum() if reduction == "mean" else scaled_sum(terms * w, scale)


@door(wide=True)
def huber_loss(
    input: Array,
    target: Array,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Array | None = None,
) -> Any:
    """d²/2 where d = abs(input - target) < delta, else delta * (d - delta/2); reduced.

    It grows like l1_loss far away, which limits the pull of outliers (Huber, Ann. Math. Stat. 35,
    1964).

    Parameters
    ----------
    input, target
        the same shape, any.
    delta
        above 0.
    weight
        of each term, that shape; the mean divides by their number, as in PyTorch.

    Raises
    ------
    LossShapeError
        the shapes differ.
    ValueError
        delta is not above 0.
    """
    if delta <= 0:
        raise ValueError(f"huber_loss: delta must be above 0, got {delta}")
    x, y = matched_pair("huber_loss", input, target)
    terms = _huber(x, y, delta=delta)
    if weight is not None:
        terms = terms * matched_pair("huber_loss", x, weight, ("input", "weight"))[1]
    return reduced("huber_loss", reduction, terms)


@op
def _huber(x, y, delta=1.0):
    """c * (d - c/2), c the clipped d = x - y: d²/2 inside, delta * (abs(d) - delta/2) outside."""
    d = x - y
    c = np.clip(d, -delta, delta)
    return c * (d - c / 2), lambda g: g * c, lambda g: -g * c


@door(wide=True)
def smooth_l1_loss(input: Array, target: Array, reduction: str = "mean", beta: float = 1.0) -> Any:
    """d²/(2 * beta) where d = abs(input - target) < beta, else d - beta/2; reduced.

    That is huber_loss / beta, and at beta = 0 l1_loss (Girshick, Fast R-CNN, 2015).

    Parameters
    ----------
    input, target
        the same shape, any.
    beta
        at least 0.

    Raises
    ------
    LossShapeError
        the shapes differ.
    ValueError
        beta is below 0.
    """
    who = "smooth_l1_loss"
    if beta < 0:
        raise ValueError(f"{who}: beta must be at least 0, got {beta}")
    x, y = matched_pair(who, input, target)
    terms = _huber(x, y, delta=beta) / beta if beta else np.abs(x - y)
    return reduced(who, reduction, terms)


# ------------------------------------------------------------------- of distributions


@door(wide=True)
def poisson_nll_loss(
    input: Array,
    target: Array,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Any:
    """-log of the Poisson probability of the counts y: exp(x) - y * x, reduced.

    Parameters
    ----------
    input
        x, the log of the expected count; any shape.
    target
        y, counts; the same shape.
    log_input
        False if x is the expected count itself: x - y * log(x + eps).
    full
        where y > 1, add log(y!) by Stirling's formula; it does not depend on x.

    Raises
    ------
    LossShapeError
        the shapes differ.
    ValueError
        a count is negative.
    """
    who = "poisson_nll_loss"
    x, y = matched_pair(who, input, target)
    check_range(who, y)
    terms = np.exp(x) - y * x if log_input else x - y * np.log(x + eps)
    if full:
        many = np.where(y > 1, y, 1)
        stirling = many * np.log(many) - many + 0.5 * np.log(2 * math.pi * many)
        terms = terms + np.where(y > 1, stirling, 0)
    return reduced(who, reduction, terms)


@door(wide=True)
def gaussian_nll_loss(
    input: Array,
    target: Array,
    var: Array,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:
    """-log of the normal density: (log(var) + (input - target)²/var) / 2, reduced.

    Parameters
    ----------
    input, target
        the mean and what was observed; the same shape, any.
    var
        the variance: that shape, or with 1 for one axis, or without the last axis, or a number. It
        is taken as at least eps, in the value only: a gradient by var remains.
    full
        add log(2 * pi)/2.

    Raises
    ------
    LossShapeError
        the shapes do not fit.
    ValueError
        a variance is negative.
    """
    who = "gaussian_nll_loss"
    x, y = matched_pair(who, input, target)
    v = in_dtype_of(x, var)
    if v.ndim and v.shape == x.shape[:-1]:
        v = v[..., None]
    others = [m for m, n in zip(v.shape, x.shape, strict=False) if m != n]
    if v.ndim and (v.ndim != x.ndim or others not in ([], [1])):
        raise LossShapeError(
            f"{who}: var has shape {v.shape}, expected that of input, {x.shape}, or that with 1 "
            "for one axis, or without the last axis"
        )
    if (negative := np.asarray(v < 0)).any():
        raise ValueError(f"{who}: var is negative at position {first_true(negative)}")
    v = _at_least(v, eps=eps)
    terms = 0.5 * (np.log(v) + (x - y) ** 2 / v)
    return reduced(who, reduction, terms + 0.5 * math.log(2 * math.pi) if full else terms)


@op(constant_slope=True)
def _at_least(x, eps=0.0):
    return np.maximum(x, eps), lambda g: g


@door(wide=True)
def kl_div(input: Array, target: Array, reduction: str = "mean", log_target: bool = False) -> Any:
    """The Kullback-Leibler divergence of distributions: y * (log(y) - x), reduced.

    Parameters
    ----------
    input
        x, log-probabilities; any shape, often (N, C).
    target
        y, probabilities, of the same shape. Where y = 0 the term is 0.
    reduction
        also "batchmean": the sum divided by N, which is the divergence itself; "mean" divides by
        the number of classes as well.
    log_target
        True if the target is log(y).

    Notes
    -----
    The derivative by y where y = 0 is -inf, the limit of log(y) - x + 1.

    Raises
    ------
    LossShapeError
        the shapes differ.
    ValueError
        a probability is negative.
    """
    who = "kl_div"
    x, y = matched_pair(who, input, target)
    if reduction == "batchmean" and x.ndim == 0:
        raise LossShapeError(f"{who}: input of shape () has no batch for reduction='batchmean'")
    if log_target:
        terms = np.exp(y) * (y - x)
    else:
        check_range(who, y)
        terms = _divergence(x, y)
    n = x.shape[0] if x.ndim else 1
    return scaled_sum(terms, reduction_factor(who, reduction, x.size, batchmean=n))


@op
def _divergence(x, y):
    """The terms y * (log(y) - x). By y the slope is log(y) - x + 1, which tends to -inf at 0.

    Gradient by y: `g * (log(y) - x + 1)`.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        d = np.log(y) - x
        terms = np.where(y == 0, 0, y * d)
    return terms, lambda g: -g * y, lambda g: g * (d + 1)


# ------------------------------------------------------------------------- as layers


class MSELoss(Loss):
    """(input - target)², reduced: see `functional.mse_loss`."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction)

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of `input` and `target`, of one shape."""
        return mse_loss(input, target, self.reduction)


class L1Loss(Loss):
    """abs(input - target), reduced: see `functional.l1_loss`."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction)

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of `input` and `target`, of one shape."""
        return l1_loss(input, target, self.reduction)


class HuberLoss(Loss):
    """Squares near, distances far away: see `functional.huber_loss`."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = delta

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of `input` and `target`, of one shape."""
        return huber_loss(input, target, self.reduction, self.delta)


class SmoothL1Loss(Loss):
    """Distances, rounded near 0: see `functional.smooth_l1_loss`."""

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = beta

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of `input` and `target`, of one shape."""
        return smooth_l1_loss(input, target, self.reduction, self.beta)


class PoissonNLLLoss(Loss):
    """The loss of counts: see `functional.poisson_nll_loss`."""

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        eps: float = 1e-8,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction)
        self.log_input, self.full, self.eps = log_input, full, eps

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of expected (logs of) counts and counts, of one shape."""
        return poisson_nll_loss(input, target, self.log_input, self.full, self.eps, self.reduction)


class GaussianNLLLoss(Loss):
    """The loss of means and variances: see `functional.gaussian_nll_loss`."""

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Array, target: Array, var: Array) -> Any:
        """The loss of means and observations, of one shape, and variances."""
        return gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


class KLDivLoss(Loss):
    """The divergence of a distribution from the target's: see `functional.kl_div`."""

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction, "batchmean")
        self.log_target = log_target

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of log-probabilities and (logs of) probabilities, of one shape."""
        return kl_div(input, target, self.reduction, self.log_target)
