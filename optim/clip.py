"""Clipping gradients, between `backward()` and `step()`: by their norm, or each number."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Iterator

import numpy as np

from autograd import Tensor

from .options import check, number, switch
from .rule import Array, blocks

__all__ = ["clip_grad_norm_", "clip_grad_value_"]

_EXPECTED = {
    "max_norm": number(finite=False),
    "norm_type": number(above=True, finite=False),
    "clip_value": number(finite=False),
    "error_if_nonfinite": switch,
}


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> float:
    """Scale all gradients, in place, by one factor, so that their joint norm is within `max_norm`.

    norm = (sum of abs(g)**norm_type, over all numbers of all gradients)**(1 / norm_type)
    g = g * min(1, max_norm / (norm + 1e-6))

    Parameters
    ----------
    parameters
        Tensors, or one; those without a gradient are passed over.
    max_norm
        at least 0.
    norm_type
        more than 0; `math.inf` for the largest abs(g).
    error_if_nonfinite
        raise if the norm is infinite or NaN. Else such gradients become 0 or NaN.

    Returns
    -------
    float
        The norm before clipping: worth watching.

    Raises
    ------
    TypeError, ValueError
        an argument of the wrong type, or out of range.
    FloatingPointError
        the norm is not finite, if `error_if_nonfinite`; no gradient has changed.

    References
    ----------
    Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", 2013.

    Examples
    --------
    >>> from autograd import Tensor
    >>> from optim import clip_grad_norm_
    >>> w = Tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = [3.0, 4.0]
    >>> clip_grad_norm_(w, max_norm=1.0)
    5.0
    >>> w.grad
    array([0.5999999 , 0.79999983], dtype=float32)
    """
    given = {"max_norm": max_norm, "norm_type": norm_type, "error_if_nonfinite": error_if_nonfinite}
    check("clip_grad_norm_", _EXPECTED, given)
    grads = list(_gradients("clip_grad_norm_", parameters))
    norm = _norm(grads, norm_type)
    if error_if_nonfinite and not math.isfinite(norm):
        wrong = [i for i, g in enumerate(grads) if not np.isfinite(g).all()]
        raise FloatingPointError(
            f"clip_grad_norm_: the norm of the gradients is {norm}; not finite are gradients "
            f"{wrong} of {len(grads)}, counted from 0. autograd.detect_anomaly() finds the op"
        )
    factor = min(1.0, max_norm / (norm + 1e-6)) if norm == norm else norm
    if factor != 1:
        for g in grads:
            g *= factor
    return norm


def _norm(grads: list[Array], p: float) -> float:
    # In float64: the square of an exploding gradient overflows float32.
    pieces = (np.abs(b).astype(np.float64) for g in grads if g.size for (b,) in blocks(g))
    with np.errstate(over="ignore"):
        if p == math.inf:
            return float(np.max([b.max() for b in pieces], initial=0.0))
        return float(np.sum([(b**p).sum() for b in pieces])) ** (1 / p)


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Limit each number of all gradients, in place, to between -clip_value and clip_value.

    Parameters
    ----------
    parameters
        Tensors, or one; those without a gradient are passed over.
    clip_value
        at least 0.

    Raises
    ------
    ValueError
        `clip_value` is negative.
    TypeError
        it is not a number; a gradient is complex, and has no order.

    Examples
    --------
    >>> from autograd import Tensor
    >>> from optim import clip_grad_value_
    >>> w = Tensor([0.0, 0.0], requires_grad=True)
    >>> w.grad = [3.0, -0.5]
    >>> clip_grad_value_(w, 1.0)
    >>> w.grad
    array([ 1. , -0.5], dtype=float32)
    """
    check("clip_grad_value_", _EXPECTED, {"clip_value": clip_value})
    grads = list(_gradients("clip_grad_value_", parameters))
    if any(g.dtype.kind == "c" for g in grads):
        raise TypeError("clip_grad_value_: a gradient is complex; clip_grad_norm_ takes those")
    for g in grads:
        np.clip(g, -clip_value, clip_value, out=g)


def _gradients(name: str, parameters: Tensor | Iterable[Tensor]) -> Iterator[Array]:
    """The gradients that are not None, each once."""
    if callable(getattr(parameters, "parameters", None)):
        model = type(parameters).__name__
        raise TypeError(f"{name}: got {model}, expected its Tensors: model.parameters()")
    params = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not params and iter(parameters) is parameters:
        warnings.warn(
            f"{name}: got an iterator with nothing left in it, so nothing is clipped. Call "
            "model.parameters() anew, or keep a list",
            stacklevel=3,
        )
    for i, p in enumerate(params):
        if not isinstance(p, Tensor):
            raise TypeError(f"{name}: parameter {i} is a {type(p).__name__}, expected a Tensor")
    for p in {id(p): p for p in params}.values():
        if (g := p.grad) is not None:
            yield g
