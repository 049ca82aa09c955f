"""Losses: what all of them share, and those that are distances of numbers from numbers.

All take `reduction`: "mean" (over all terms), "sum", or "none" (every term on its own). Targets
take the dtype of the input, so that float64 or integer labels do not make a float32 network
float64. Shapes must be equal: a loss that broadcasts trains on garbage without a word.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autograd import AutogradError, Tensor, op, stop_gradient

from ..inputs import door, given
from ..module import Buffer, Module

__all__ = [
    "GaussianNLLLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "LossShapeError",
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

Array = Tensor | ArrayLike


class LossShapeError(AutogradError, ValueError):
    """The input and the target of a loss have shapes that do not belong together.

    >>> nn.functional.mse_loss(pred, y)             # (32, 1) and (32,): wrong # doctest: +SKIP
    >>> nn.functional.mse_loss(pred.squeeze(1), y)  # right                    # doctest: +SKIP
    >>> nn.functional.mse_loss(pred, y[:, None])    # right                    # doctest: +SKIP
    """


# --------------------------------------------------------------------- what the losses share


def _input(name: str, x: Any, called: str = "input", target: Any = None) -> Any:
    """`x` as an array or Tensor of floats."""
    x = given(name, called, x)
    if x.dtype.kind != "f":
        swapped = getattr(getattr(target, "dtype", None), "kind", "") == "f"
        do = (
            "the target has them: the input goes first" if swapped else "write x.astype(np.float32)"
        )
        raise TypeError(f"{name}: {called} is {x.dtype}, expected floats; {do}")
    return x


def _like(x: Any, y: Any) -> Any:
    """`y` as an array or Tensor with the dtype of `x`."""
    if isinstance(y, Tensor):
        return y if y.dtype == x.dtype else y.astype(x.dtype)
    return np.asarray(y, x.dtype)


def _plain(x: Any) -> NDArray[Any]:
    """`x` as an array; a Tensor that requires gradients, which would be lost, is refused."""
    return x.numpy() if isinstance(x, Tensor) else np.asarray(x)


def _pair(
    name: str, x: Any, y: Any, called: tuple[str, str] = ("input", "target")
) -> tuple[Any, Any]:
    """Input and target of one shape and dtype."""
    x = _input(name, x, called[0])
    y = _like(x, given(name, called[1], y))
    if x.shape != y.shape:
        raise LossShapeError(
            f"{name}: {called[0]} has shape {x.shape}, {called[1]} {y.shape}: {_fix(x, y, called)}"
        )
    return x, y


def _fix(x: Any, y: Any, called: tuple[str, str]) -> str:
    """What would have come of two unequal shapes, and what to write."""
    try:
        shape = np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return "they must be equal"
    size = max(x.size, y.size)
    text = f"they would broadcast to {shape}"
    if math.prod(shape) > size:
        text += f" and average {math.prod(shape)} terms instead of {size}"
    for long, short, names in (x, y, called), (y, x, called[::-1]):
        for axis, n in enumerate(long.shape):
            if n == 1 and long.shape[:axis] + long.shape[axis + 1 :] == short.shape:
                new = ", ".join([":"] * axis + ["None"])
                return f"{text}. Write {names[0]}.squeeze({axis}) or {names[1]}[{new}]"
    return f"{text}. Make them equal"


def _scale(name: str, reduction: str, count: float, **counts: float) -> float | None:
    """What to multiply the sum of the terms by; None to leave the terms as they are.

    `counts`: the names of further means, with what they divide by.
    """
    if reduction == "none":
        return None
    if reduction == "sum":
        return 1.0
    counts = {"mean": count, **counts}
    if reduction not in counts:
        means = ", ".join(map(repr, counts))
        raise ValueError(f"{name}: reduction must be {means}, 'sum' or 'none', got {reduction!r}")
    if counts[reduction] == 0:
        warnings.warn(f"{name}: the mean of no terms is nan", RuntimeWarning, stacklevel=3)
        return math.nan
    return 1 / counts[reduction]


def _reduced(terms: Any, scale: float | None) -> Any:
    return terms if scale is None else terms.sum() * scale


def _weighted(name: str, terms: Any, weight: Any) -> Any:
    """`terms` times a weight that broadcasts to their shape."""
    weight = _like(terms, weight)
    try:
        fits = np.broadcast_shapes(weight.shape, terms.shape) == terms.shape
    except ValueError:
        fits = False
    if not fits:
        raise LossShapeError(
            f"{name}: weight of shape {weight.shape} does not broadcast to {terms.shape}"
        )
    return terms * weight


def _at_least_0(name: str, y: Any, most: float = math.inf) -> None:
    """Refuse a target below 0, above `most`, or NaN; what rounding may have done to it is right."""
    values = stop_gradient(y)
    slack = 8 * float(np.finfo(values.dtype).eps)
    if not values.size or (values.min() >= -slack and values.max() <= most + slack):
        return
    at = _first(~((values >= -slack) & (values <= most + slack)))
    expected = "0 to 1" if most == 1 else "0 or more"
    if most == 1 and (abs(values) == 1).all():
        expected += "; for labels of -1 and 1 write (target + 1) / 2"
    raise ValueError(f"{name}: target {values[at]:g} at position {at}: expected {expected}")


def _first(wrong: NDArray[Any]) -> Any:
    """The position of the first True: a number along one axis, else a tuple."""
    where = tuple(int(i) for i in np.unravel_index(int(wrong.argmax()), wrong.shape))
    return where[0] if len(where) == 1 else where


class _Loss(Module):
    """A layer that has its arguments, under their names, as attributes."""

    def __init__(self, reduction: str, *others: str) -> None:
        # An unknown one is an error here, not later.
        _scale(type(self).__name__, reduction, 1, **dict.fromkeys(others, 1))
        self.reduction = reduction

    def _weight(self, weight: Any, called: str = "weight", of_classes: bool = False) -> Any:
        """A weight as a Buffer, which `state_dict` has, or None."""
        if weight is None:
            return None
        shape, who = np.shape(weight), type(self).__name__
        if of_classes and len(shape) != 1:
            raise LossShapeError(
                f"{who}: got {called} of shape {shape}, expected a number for each class. If these "
                f"are data, write nn.{who}()(input, target)"
            )
        return Buffer(weight)


# ------------------------------------------------------------------------- distances


@door(wide=True)
def mse_loss(
    input: Array, target: Array, reduction: str = "mean", weight: Array | None = None
) -> Any:
    """(input - target)², reduced.

    Parameters
    ----------
    input, target : the same shape, any.
    weight : of each term, that shape; the mean divides by the sum of them.

    Raises
    ------
    LossShapeError : the shapes differ.
    """
    x, y = _pair("mse_loss", input, target)
    if weight is not None:
        return _reduced_by_weight("mse_loss", _squared_error(x, y), weight, reduction)
    return _squared_error(x, y, scale=_scale("mse_loss", reduction, x.size))


@op
def _squared_error(x, y, scale=None):
    d = x - y
    two = 2.0 if scale is None else 2 * scale
    return _reduced(d * d, scale), lambda g: (g * two) * d, lambda g: (g * -two) * d


@door(wide=True)
def l1_loss(
    input: Array, target: Array, reduction: str = "mean", weight: Array | None = None
) -> Any:
    """abs(input - target), reduced. The derivative where they are equal is 0.

    Parameters
    ----------
    input, target : the same shape, any.
    weight : of each term, that shape; the mean divides by the sum of them.

    Raises
    ------
    LossShapeError : the shapes differ.
    """
    x, y = _pair("l1_loss", input, target)
    if weight is not None:
        return _reduced_by_weight("l1_loss", np.abs(x - y), weight, reduction)
    return _reduced(np.abs(x - y), _scale("l1_loss", reduction, x.size))


def _reduced_by_weight(name: str, terms: Any, weight: Any, reduction: str) -> Any:
    terms, w = _pair(name, terms, weight, ("input", "weight"))
    scale = _scale(name, reduction, terms.size)
    return (terms * w).sum() / w.sum() if reduction == "mean" else _reduced(terms * w, scale)


@door(wide=True)
def huber_loss(
    input: Array,
    target: Array,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Array | None = None,
) -> Any:
    """d²/2 where d = abs(input - target) < delta, else delta (d - delta/2); reduced.

    Far away it grows like l1_loss, so that outliers do not rule (Huber, Ann. Math. Stat. 35, 1964).

    Parameters
    ----------
    input, target : the same shape, any.
    delta : above 0.
    weight : of each term, that shape; the mean divides by their number, as in PyTorch.

    Raises
    ------
    LossShapeError : the shapes differ.
    ValueError : delta is not above 0.
    """
    if delta <= 0:
        raise ValueError(f"huber_loss: delta must be above 0, got {delta}")
    x, y = _pair("huber_loss", input, target)
    terms = _huber(x, y, delta=delta)
    if weight is not None:
        terms = terms * _pair("huber_loss", x, weight, ("input", "weight"))[1]
    return _reduced(terms, _scale("huber_loss", reduction, x.size))


@op
def _huber(x, y, delta=1.0):
    d = x - y
    c = np.clip(d, -delta, delta)
    return c * (d - c / 2), lambda g: g * c, lambda g: -g * c


@door(wide=True)
def smooth_l1_loss(input: Array, target: Array, reduction: str = "mean", beta: float = 1.0) -> Any:
    """d²/(2 beta) where d = abs(input - target) < beta, else d - beta/2; reduced.

    That is huber_loss / beta, and at beta = 0 l1_loss (Girshick, Fast R-CNN, 2015).

    Parameters
    ----------
    input, target : the same shape, any.
    beta : at least 0.

    Raises
    ------
    LossShapeError : the shapes differ.
    ValueError : beta is below 0.
    """
    name = "smooth_l1_loss"
    if beta < 0:
        raise ValueError(f"{name}: beta must be at least 0, got {beta}")
    x, y = _pair(name, input, target)
    terms = _huber(x, y, delta=beta) / beta if beta else np.abs(x - y)
    return _reduced(terms, _scale(name, reduction, x.size))


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
    """-log of the Poisson probability of the counts y: exp(x) - y x, reduced.

    Parameters
    ----------
    input : x, the log of the expected count; any shape.
    target : y, counts; the same shape.
    log_input : False if x is the expected count itself: x - y log(x + eps).
    full : add log(y!), which does not depend on x, where y > 1, by Stirling's formula.

    Raises
    ------
    LossShapeError : the shapes differ.
    ValueError : a count is negative.
    """
    name = "poisson_nll_loss"
    x, y = _pair(name, input, target)
    _at_least_0(name, y)
    terms = np.exp(x) - y * x if log_input else x - y * np.log(x + eps)
    if full:
        many = np.where(y > 1, y, 1)
        stirling = many * np.log(many) - many + 0.5 * np.log(2 * math.pi * many)
        terms = terms + np.where(y > 1, stirling, 0)
    return _reduced(terms, _scale(name, reduction, x.size))


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
    input, target : the mean and what was observed; the same shape, any.
    var : the variance: that shape, or with 1 for one axis, or without the last axis, or a number.
        It is taken as at least eps, in the value only: a gradient by var remains.
    full : add log(2 pi)/2.

    Raises
    ------
    LossShapeError : the shapes do not fit.
    ValueError : a variance is negative.
    """
    name = "gaussian_nll_loss"
    x, y = _pair(name, input, target)
    v = _like(x, var)
    if v.ndim and v.shape == x.shape[:-1]:
        v = v[..., None]
    others = [m for m, n in zip(v.shape, x.shape, strict=False) if m != n]
    if v.ndim and (v.ndim != x.ndim or others not in ([], [1])):
        raise LossShapeError(
            f"{name}: var has shape {v.shape}, expected that of input, {x.shape}, or that with 1 "
            "for one axis, or without the last axis"
        )
    if (negative := np.asarray(v < 0)).any():
        raise ValueError(f"{name}: var is negative at position {_first(negative)}")
    v = _at_least(v, eps=eps)
    terms = 0.5 * (np.log(v) + (x - y) ** 2 / v)
    return _reduced(
        terms + 0.5 * math.log(2 * math.pi) if full else terms, _scale(name, reduction, x.size)
    )


@op(constant_slope=True)
def _at_least(x, eps=0.0):
    return np.maximum(x, eps), lambda g: g


@door(wide=True)
def kl_div(input: Array, target: Array, reduction: str = "mean", log_target: bool = False) -> Any:
    """The Kullback-Leibler divergence of distributions: y (log(y) - x), reduced.

    Parameters
    ----------
    input : x, log-probabilities; any shape, often (N, C).
    target : y, probabilities, of the same shape. Where y = 0 the term is 0.
    reduction : also "batchmean": the sum divided by N, which is the divergence itself; "mean"
        divides by the number of classes as well.
    log_target : True if the target is log(y).

    The derivative by y where y = 0 is -inf, the limit of log(y) - x + 1.

    Raises
    ------
    LossShapeError : the shapes differ.
    ValueError : a probability is negative.
    """
    name = "kl_div"
    x, y = _pair(name, input, target)
    if reduction == "batchmean" and x.ndim == 0:
        raise LossShapeError(f"{name}: input of shape () has no batch for reduction='batchmean'")
    if log_target:
        terms = np.exp(y) * (y - x)
    else:
        _at_least_0(name, y)
        terms = _divergence(x, y)
    return _reduced(terms, _scale(name, reduction, x.size, batchmean=x.shape[0] if x.ndim else 1))


@op
def _divergence(x, y):
    """The terms y (log(y) - x). By y the slope is log(y) - x + 1, which tends to -inf at 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        d = np.log(y) - x
        terms = np.where(y == 0, 0, y * d)
    return terms, lambda g: -g * y, lambda g: g * (d + 1)


# ------------------------------------------------------------------------- as layers


class MSELoss(_Loss):
    """(input - target)², reduced: see `functional.mse_loss`."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction)

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of `input` and `target`, of one shape."""
        return mse_loss(input, target, self.reduction)


class L1Loss(_Loss):
    """abs(input - target), reduced: see `functional.l1_loss`."""

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__(reduction)

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of `input` and `target`, of one shape."""
        return l1_loss(input, target, self.reduction)


class HuberLoss(_Loss):
    """Squares near, distances far away: see `functional.huber_loss`."""

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction)
        self.delta = delta

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of `input` and `target`, of one shape."""
        return huber_loss(input, target, self.reduction, self.delta)


class SmoothL1Loss(_Loss):
    """Distances, rounded near 0: see `functional.smooth_l1_loss`."""

    def __init__(self, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction)
        self.beta = beta

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of `input` and `target`, of one shape."""
        return smooth_l1_loss(input, target, self.reduction, self.beta)


class PoissonNLLLoss(_Loss):
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


class GaussianNLLLoss(_Loss):
    """The loss of means and variances: see `functional.gaussian_nll_loss`."""

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction)
        self.full, self.eps = full, eps

    def forward(self, input: Array, target: Array, var: Array) -> Any:
        """The loss of means and observations, of one shape, and variances."""
        return gaussian_nll_loss(input, target, var, self.full, self.eps, self.reduction)


class KLDivLoss(_Loss):
    """The divergence of a distribution from the target's: see `functional.kl_div`."""

    def __init__(self, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction, "batchmean")
        self.log_target = log_target

    def forward(self, input: Array, target: Array) -> Any:
        """The loss of log-probabilities and (logs of) probabilities, of one shape."""
        return kl_div(input, target, self.reduction, self.log_target)
