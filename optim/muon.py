"""Muon: momentum made orthogonal, so that the steps in all directions have one size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import Tensor

from .optimizer import Optimizer, Params
from .options import choice, number, several, switch, whole
from .rule import Array, Options, State, options_of

__all__ = ["Muon"]


class Muon(Optimizer):
    """SGD with momentum for the weight matrices of hidden layers, each step made orthogonal.

    With g the gradient, a matrix of n rows and m columns:

        buffer = momentum * buffer + (1 - momentum) * g
        u = momentum * buffer + (1 - momentum) * g              (without nesterov: u = buffer)
        p = p * (1 - lr * weight_decay)
        p = p - lr * adjust * orthogonal(u)

    orthogonal(u) is about U @ V.T, where U S V.T is the singular value decomposition of u, by a few
    steps of an iteration of Newton and Schulz, in the dtype of the parameter (PyTorch: bfloat16):

        x = u / max(norm(u), eps),  then x = a * x + b * (x @ x.T) @ x + c * (x @ x.T)**2 @ x

    Parameters
    ----------
    params
        Tensors, (name, Tensor) pairs, or groups, as for `Optimizer`; all with two axes. Leave
        biases, gains, and the first and last layer to `AdamW`.
    lr
        the learning rate.
    weight_decay
        each step shrinks a weight by `lr * weight_decay` of its size.
    momentum
        the share of the buffer that each step keeps.
    nesterov
        look one step ahead along the buffer.
    ns_coefficients
        a, b and c. The defaults are steep at 0: they raise small singular values in a few steps, to
        between about 0.7 and 1.2, not to 1.
    eps
        the smallest norm to divide by.
    ns_steps
        the number of steps of the iteration, less than 100.
    adjust_lr_fn
        "original" or None: adjust = sqrt(max(1, n / m)); "match_rms_adamw": adjust = 0.2 *
        sqrt(max(n, m)), with which AdamW's learning rate and decay can be kept.
    maximize
        follow the gradient up instead of down (PyTorch's Muon has no such option).

    Raises
    ------
    ValueError, TypeError
        as for `Optimizer`; a parameter that does not have two axes; an option out of range.

    References
    ----------
    Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024,
    kellerjordan.github.io/posts/muon; "match_rms_adamw": Liu et al., "Muon is scalable for LLM
    training", 2025.
    """

    counts = False
    expected = Optimizer.expected | {
        "nesterov": switch,
        "ns_coefficients": several(*3 * [number(-math.inf)]),
        "ns_steps": whole(0, 99),
        "adjust_lr_fn": choice("original", "match_rms_adamw", None),
    }

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, options_of(locals()))

    def _check_param(self, param: Any, which: str, seen: set[int]) -> None:
        super()._check_param(param, which, seen)
        if isinstance(param, Tensor) and param.ndim != 2:
            raise ValueError(
                f"{self._name}: {which}, of shape {param.shape}, is not a matrix: give Muon "
                "[p for p in model.parameters() if p.ndim == 2], and the others to AdamW"
            )

    def init(self, param: Array, group: Options) -> State:  # noqa: ARG002
        """The buffer: 0."""
        return {"momentum_buffer": np.zeros_like(param)}

    def update(self, param: Array, grad: Array, state: State, group: Options) -> None:
        """One step of the formula above."""
        lr, momentum, buffer = group["lr"], group["momentum"], state["momentum_buffer"]
        buffer += (1 - momentum) * (grad - buffer)
        step = grad + momentum * (buffer - grad) if group["nesterov"] else buffer
        step = orthogonal(step, group["ns_coefficients"], group["ns_steps"], group["eps"])
        n, m = param.shape
        if group["adjust_lr_fn"] == "match_rms_adamw":
            adjust = 0.2 * math.sqrt(max(n, m))
        else:
            adjust = math.sqrt(max(1, n / max(1, m)))
        param *= 1 - lr * group["weight_decay"]
        param -= lr * adjust * step


def orthogonal(u: Array, coefficients: tuple[float, float, float], steps: int, eps: float) -> Array:
    """About the nearest matrix with orthogonal rows, or columns: the formula of `Muon`."""
    a, b, c = coefficients
    tall = u.shape[0] > u.shape[1]
    x = u.T if tall else u  # so that x @ x.T is the smaller of the two products
    x = x / max(float(np.linalg.norm(x)), eps)
    for _ in range(steps):
        gram = x @ x.T
        # gram.T is gram; but of a product with its transpose NumPy computes only one half.
        x = a * x + (b * gram + c * (gram @ gram.T)) @ x
    return x.T if tall else x
