"""Penalties on the size of parameters, ordinary terms of a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import numpy as np

from autograd import Tensor

from ..inputs import HALF, like, single

__all__ = ["l1_penalty", "l2_penalty"]

#: One Tensor or array, or several, or (name, Tensor) pairs, whose names are ignored.
Penalized: TypeAlias = Tensor | np.ndarray[Any, Any] | Iterable[Any]


def l1_penalty(params: Penalized) -> Any:
    """The sum of abs(p) over all numbers of all parameters.

    Its gradient is sign(p), of the same size however small p is: it drives numbers to 0.

    Parameters
    ----------
    params
        `model.parameters()`, some of them, or `model.named_parameters()`; or a single Tensor.

    Returns
    -------
    Tensor
        A single number, to be weighted and added to the loss.

    Raises
    ------
    ValueError
        there are no parameters.
    TypeError
        one is no Tensor or array.

    References
    ----------
    Tibshirani, "Regression shrinkage and selection via the lasso", JRSS B 58, 1996.

    Examples
    --------
    >>> from autograd import Tensor
    >>> w = Tensor([1.0, -2.0], requires_grad=True)
    >>> (0.1 * l1_penalty([w])).backward()
    >>> w.grad
    array([ 0.1, -0.1], dtype=float32)
    """
    return _sum("l1_penalty", params, lambda p: np.abs(p).sum())


def l2_penalty(params: Penalized) -> Any:
    """Half the sum of p**2 over all numbers of all parameters.

    Its gradient is p: `loss + w * l2_penalty(model.parameters())` takes the same steps as
    `weight_decay=w` of the optimizers that add the decay to the gradient, such as `SGD` and `Adam`;
    and it can be of some parameters only.

    Parameters
    ----------
    params
        `model.parameters()`, some of them, or `model.named_parameters()`; or a single Tensor.

    Returns
    -------
    Tensor
        A single number, to be weighted and added to the loss.

    Raises
    ------
    ValueError
        there are no parameters.
    TypeError
        one is no Tensor or array.

    Examples
    --------
    >>> import nn
    >>> model = nn.Linear(3, 2)
    >>> weights = [p for name, p in model.named_parameters() if "bias" not in name]
    >>> penalty = 0.01 * nn.l2_penalty(weights)
    """
    return _sum("l2_penalty", params, lambda p: 0.5 * (p * p).sum())


def _sum(name: str, params: Penalized, of: Callable[[Any], Any]) -> Any:
    tensors = _listed(name, params)
    total = sum(of(single(p)) for p in tensors)
    return like(total, tensors[0]) if all(p.dtype == HALF for p in tensors) else total


def _listed(name: str, params: Penalized) -> list[Any]:
    params = [params] if isinstance(params, Tensor | np.ndarray) else list(params)
    tensors = [p[1] if isinstance(p, tuple) and len(p) == 2 else p for p in params]
    for i, p in enumerate(tensors):
        if not isinstance(p, Tensor | np.ndarray):
            raise TypeError(
                f"{name}: parameter {i} is a {type(p).__name__}, expected a Tensor or an array"
            )
    if not tensors:
        raise ValueError(
            f"{name}: there are no parameters. Was a generator, such as model.parameters(), used "
            "up before? Then call it anew"
        )
    return tensors
